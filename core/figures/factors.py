"""The code of one latent against one factor."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import theme


def code_against_factor(
    code: NDArray[np.floating],
    factor: NDArray[np.integer],
    *,
    code_name: str,
    factor_name: str,
    value_names: Sequence[str] = (),
    color: str = theme.POSTERIOR,
    height: int = 420,
) -> go.Figure:
    """Return the code of each image over the value of its factor, and the mean for each value.

    Args:
        code: (N,) codes in one latent.
        factor: (N,) indices of the value of one factor.
        code_name: name of the latent.
        factor_name: name of the factor.
        value_names: names of the factor's values; their indices when left out.
        color: colour of the means.
        height: height in pixels.
    """
    values = np.unique(factor)
    means = np.array([code[factor == value].mean() for value in values])
    # Points are set a little apart, or thousands would make one line for each value.
    aside = np.random.default_rng(0).uniform(-0.3, 0.3, len(factor))
    points = go.Scattergl(
        x=np.float32(factor + aside),
        y=np.float32(code),
        mode="markers",
        name="test images",
        marker={"size": 3, "color": theme.MUTED, "opacity": 0.5},
        hovertemplate=f"{code_name} = %{{y:.2f}}<extra></extra>",
    )
    mean = go.Scatter(
        x=np.float32(values),
        y=np.float32(means),
        mode="lines+markers",
        name="mean of each value",
        line={"color": color, "width": 3},
        marker={"color": color, "size": 7},
        hovertemplate=f"{factor_name} %{{x}}: mean {code_name} = %{{y:.2f}}<extra></extra>",
    )
    figure = theme.layout(go.Figure([points, mean]), height)
    figure.update_xaxes(title_text=factor_name, zeroline=False)
    if value_names:
        places = list(range(len(value_names)))
        figure.update_xaxes(tickvals=places, ticktext=list(value_names))
    return figure.update_yaxes(title_text=code_name)

"""Studies: each asks one thing of every run in the same way, and says what its numbers mean.

`core.experiments.measuring` measures them.
"""

from core.experiments.costs import COSTS
from core.experiments.disentanglement import DISENTANGLEMENT, MAP
from core.experiments.evidence import EVIDENCE
from core.experiments.factors import FACTORS
from core.experiments.gaps import GAPS
from core.experiments.interpolation import INTERPOLATIONS
from core.experiments.kept import Study
from core.experiments.noise import NOISE
from core.experiments.priors import GRADIENTS
from core.experiments.rate import AGGREGATE, RATE
from core.experiments.samples import SAMPLES
from core.experiments.scale import SCALE
from core.experiments.traits import TRAITS
from core.experiments.traversals import SWEPT_TRAVERSALS
from core.experiments.twins import TWINS

STUDIES: tuple[Study, ...] = (
    TRAITS,
    COSTS,
    FACTORS,
    SAMPLES,
    NOISE,
    INTERPOLATIONS,
    DISENTANGLEMENT,
    SWEPT_TRAVERSALS,
    MAP,
    GRADIENTS,
    GAPS,
    EVIDENCE,
    RATE,
    AGGREGATE,
    SCALE,
    TWINS,
)
"""All that `python -m core measure` measures."""

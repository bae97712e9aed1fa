import numpy as np
import pytest
import torch

from core.metrics.gaussian_kl import divergence, gaussian_kl


@pytest.mark.parametrize("means", [(0.0, 0.0), (1.5, -2.0)])
@pytest.mark.parametrize("stds", [(1.0, 1.0), (0.2, 3.0), (3.0, 0.5)])
def test_the_divergence_is_that_of_torch_and_that_of_the_integral(
    means: tuple[float, float], stds: tuple[float, float]
):
    q, p = (
        torch.distributions.Normal(torch.tensor(m, dtype=torch.float64), s)
        for m, s in zip(means, stds, strict=True)
    )
    kl = divergence(means[0], stds[0], means[1], stds[1])
    assert kl.exact == pytest.approx(float(torch.distributions.kl_divergence(q, p)), abs=1e-12)
    assert kl.integrated == pytest.approx(kl.exact, abs=1e-9)
    assert kl.reverse == pytest.approx(float(torch.distributions.kl_divergence(p, q)), abs=1e-12)
    assert np.trapezoid(kl.integrand, kl.x) == pytest.approx(kl.exact, abs=0.01 * (1 + kl.exact))


def test_the_divergence_is_never_negative_and_0_for_equals_only():
    values = np.random.default_rng(0).uniform(0.1, 3, (200, 4))
    assert all(gaussian_kl(*row) > 0 for row in values)
    assert all(gaussian_kl(a, b, a, b) == 0 for a, b, *_ in values)
    assert all(gaussian_kl(a, b, a, b * (1 + 1e-12)) >= 0 for a, b, *_ in values)
    assert (divergence(0, 1, 1, 1).integrand < 0).any()

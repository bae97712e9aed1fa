import pytest
import torch

from core.devices import generator
from core.metrics.likelihood import joint
from core.models import build
from core.models.priors import Mixture, Vamp
from core.recipes import with_prior


@pytest.mark.parametrize("prior", ["normal", "mixture", "vamp"])
@pytest.mark.parametrize("rows", [7, joint._TABLE])
def test_the_log_prior_of_a_table_of_codes_is_that_of_the_model(
    prior: str, rows: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(joint, "_TABLE", rows)
    model = build(with_prior("digits", 10, prior)).requires_grad_(False)
    assert (prior == "normal") != isinstance(model.prior, Mixture | Vamp)
    codes = 2 * torch.randn((3, 5, 10), generator=generator(0))
    found = joint.log_prior(model, codes)
    assert found.dtype == codes.dtype
    torch.testing.assert_close(
        found, model.prior.log_prob(codes.flatten(0, 1)).view(3, 5), atol=1e-4, rtol=1e-5
    )


def test_narrow_parts_far_from_the_origin_lose_nothing_to_rounding():
    model = build(with_prior("digits", 2, "mixture")).double().requires_grad_(False)
    assert isinstance(model.prior, Mixture)
    model.prior.mean.add_(30)
    model.prior.log_var.sub_(9)
    codes = model.prior.mean + 0.01
    torch.testing.assert_close(
        joint.log_prior(model, codes), model.prior.log_prob(codes), atol=1e-8, rtol=0
    )

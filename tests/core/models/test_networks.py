import pytest
import torch
from torch import nn

from core.models.networks import Doubling


@pytest.fixture
def layers():
    torch.manual_seed(0)
    ours, standard = (
        Doubling(3, 5).double(),
        nn.ConvTranspose2d(3, 5, 4, stride=2, padding=1).double(),
    )
    standard.load_state_dict(ours.state_dict())
    return ours, standard


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_doubling_is_the_standard_transposed_convolution(layers, memory_format):
    found = []
    for layer in layers:
        x = torch.randn(
            4, 3, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
        )
        x = x.contiguous(memory_format=memory_format).requires_grad_()
        y = layer(x)
        y.sin().sum().backward()
        found.append((y, x.grad, layer.weight.grad, layer.bias.grad))
    for ours, standard in zip(*found, strict=True):
        torch.testing.assert_close(ours, standard)


def test_doubling_passes_the_numerical_gradient_check(layers):
    x = torch.randn(2, 3, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layers[0], (x,))


def test_doubling_in_reduced_precision_gives_gradients_in_the_weights_own():
    torch.manual_seed(0)
    layer, x = Doubling(3, 5), torch.randn(4, 3, 6, 6)
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(x)
    y.float().sum().backward()
    assert y.dtype == torch.bfloat16
    assert layer.weight.grad is not None
    assert layer.bias.grad is not None
    assert layer.weight.grad.dtype == layer.bias.grad.dtype == torch.float32
    torch.testing.assert_close(layer.bias.grad, torch.full((5,), 4.0 * 12 * 12))

"""What makes a network faster must not change what it computes."""

import pytest
import torch

from nightjar.training import hardware


@pytest.fixture(autouse=True)
def _restore():
    before = torch.get_float32_matmul_precision()
    yield
    torch.set_float32_matmul_precision(before)


def test_float32_products_stay_exact():
    """Wherever "medium" is chosen, the products are as good as a float32 sum can be.

    A sum of n = 512 products of unit normals, of size sqrt(n), has a rounding error of at most
    about n eps sqrt(n), here below 1e-4 of its size; bfloat16 inputs would give about 3e-3.
    """
    hardware.quicken("cpu")
    torch.manual_seed(0)
    x, weight = torch.randn(300, 512), torch.randn(256, 512)
    exact = (x.double() @ weight.double().mT).float()
    for found in (torch.nn.functional.linear(x, weight), x @ weight.mT):
        assert (found - exact).abs().max() / exact.std() < 1e-4


@pytest.mark.parametrize(
    ("device", "capability", "tiles", "expected"),
    [
        ("cpu", "AVX512", False, "medium"),
        ("cpu", "AVX512", True, "highest"),  # AMX multiplies in bfloat16
        ("cpu", "AVX2", False, "highest"),
        ("cuda", "AVX512", False, "highest"),  # there it would be TF32
    ],
)
def test_products_go_to_onednn_only_where_that_is_exact(
    device, capability, tiles, expected, monkeypatch
):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: tiles)
    hardware.quicken(device)
    assert torch.get_float32_matmul_precision() == expected

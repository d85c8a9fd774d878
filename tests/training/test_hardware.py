"""What makes a network faster must not change what it computes."""

import importlib
import os

import pytest
import torch
from torch import nn

import nightjar
from nightjar.params import Training
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
    ("device", "maker", "capability", "tiles", "expected"),
    [
        ("cpu", "AuthenticAMD", "AVX512", False, "medium"),
        ("cpu", "AuthenticAMD", "AVX512", True, "highest"),  # AMX multiplies in bfloat16
        ("cpu", "AuthenticAMD", "AVX2", False, "highest"),
        ("cpu", "GenuineIntel", "AVX512", False, "highest"),  # MKL is as fast
        ("cuda", "AuthenticAMD", "AVX512", False, "highest"),  # there it would be TF32
    ],
)
def test_products_go_to_onednn_only_where_that_is_exact_and_pays(
    device, maker, capability, tiles, expected, monkeypatch
):
    monkeypatch.setattr(hardware, "_cpuinfo", lambda: f"vendor_id\t: {maker}\n")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: tiles)
    hardware.quicken(device)
    assert torch.get_float32_matmul_precision() == expected


class Scale(nn.Linear):
    """Keeps what came in, and what autocast made of the product."""

    def forward(self, input):
        self.given = input
        self.product = super().forward(input)
        return self.product


@pytest.mark.parametrize(
    ("precision", "product"), [("bf16-mixed", torch.bfloat16), ("32-true", torch.float32)]
)
def test_inputs_reach_the_network_as_they_are(precision, product):
    # in bfloat16, 1234.567 days would be 1232, and no phase of a star would be left
    settings = Training(
        seed=0, threads=1, device="cpu", precision=precision, compile=False,
        lr=0.1, epochs=1, batch_size=4,
        patience=1, warmup_steps=0, decay="none", weight_decay=0.0, gradient_clip=1.0,
        dropout=0.0, devices=1, num_nodes=1, strategy="auto",
    )  # fmt: skip
    network = Scale(1, 1)
    module = hardware.fabric(settings).setup(network)
    days = torch.tensor([[1234.567]])
    module(days)
    assert torch.equal(network.given, days)
    assert network.product.dtype == product


@pytest.mark.parametrize(
    ("cores", "given", "expected"), [(2, None, "PASSIVE"), (4, None, None), (1, "ACTIVE", "ACTIVE")]
)
def test_waiting_threads_sleep_where_cores_are_few(cores, given, expected, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    monkeypatch.setenv("OMP_WAIT_POLICY", given or "")
    if given is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    importlib.reload(nightjar)
    assert os.environ.get("OMP_WAIT_POLICY") == expected

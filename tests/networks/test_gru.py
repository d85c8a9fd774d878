"""Recurrent baselines: padding has no part, time is what it says, and they learn."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from nightjar.networks.gru import EmbeddedGRU, LastState, RawGRU
from tests.networks.windows import PAPER, RELEASED, Window, pad, window

STAR = {**PAPER, "scaled": True, "harmonics": 2, "star_token": True, "decoder": True}
SMALL = {"units": 6, "hidden": [8], "classes": 3}
NETWORKS = {
    "raw": lambda: RawGRU(**SMALL),
    "paper": lambda: EmbeddedGRU(PAPER, **SMALL),
    "released": lambda: EmbeddedGRU(RELEASED, **SMALL),
    "star": lambda: EmbeddedGRU(STAR, **SMALL),
}


@pytest.fixture(params=NETWORKS)
def network(request) -> nn.Module:
    return NETWORKS[request.param]().eval()


def spoilt(batch: Window) -> Window:
    """The same with NaN where nothing was observed."""
    return batch._replace(
        value=batch.value.masked_fill(~batch.valid, torch.nan),
        time=batch.time.masked_fill(~batch.valid, torch.nan),
    )


def test_a_window_is_classified_as_if_alone(network):
    batch = window(12, 5, 1)
    together = network(*batch[:4])
    for row, points in enumerate((12, 5, 1)):
        alone = Window(*(x[row : row + 1, :points] for x in batch))
        assert_close(network(*alone[:4])[0], together[row])


def test_padding_changes_nothing(network):
    batch = window(12, 5)
    assert_close(network(*pad(batch, 7)[:4]), network(*batch[:4]))
    assert_close(network(*spoilt(batch)[:4]), network(*batch[:4]))


def test_what_stands_in_padding_reaches_no_gradient(network):
    network(*spoilt(window(12, 5))[:4]).sum().backward()
    gradients = [p.grad for p in network.parameters() if p.requires_grad]
    assert all(g is not None and g.isfinite().all() for g in gradients)


def test_all_that_trains_has_a_gradient(network):
    """Else data-parallel training refuses; the input embedding trains along."""
    network(*window(12, 5)[:4])[:, 0].sum().backward()
    moved = [name for name, p in network.named_parameters() if p.grad is not None]
    assert moved == [name for name, p in network.named_parameters() if p.requires_grad]
    if isinstance(network, EmbeddedGRU):
        assert "embedding.value_embedding.weight" in moved


def test_raw_points_are_magnitudes_and_thousands_of_days():
    network, batch = RawGRU(**SMALL).eval(), window(12, 5)
    points = torch.stack([batch.value, batch.time / 1000], dim=-1)
    assert_close(network(*batch[:4]), network.head(network.state(points, batch.valid)))


def test_the_published_gru_has_the_size_of_its_gates():
    # 3 gates, each 2 -> 256 and 256 -> 256 with a bias
    state = LastState(2, 256)
    expected = 3 * (2 * 256 + 256 + 256 * 256 + 256)
    assert sum(p.numel() for p in state.parameters()) == expected == 199_680


def test_states_are_float32_under_autocast():
    state, batch = LastState(2, 6), window(12, 5)
    points = torch.stack([batch.value, batch.time], dim=-1)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = state(points, batch.valid)
    assert torch.equal(mixed, state(points, batch.valid))


@pytest.mark.parametrize("which", ["raw", "paper"])
def test_it_learns_to_tell_brightening_from_fading(which):
    """Slopes of either sign, through 12 or 7 points, with noise of a tenth."""
    network = NETWORKS[which]()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    batch = window(*[12, 7] * 16)
    label = torch.arange(32) // 2 % 2
    time = torch.arange(12.0).expand(32, 12)
    value = (2.0 * label[:, None] - 1) * (time - 4) / 4 + 0.1 * batch.value
    for _ in range(60):
        loss = nn.functional.cross_entropy(network(value, time, batch.band, batch.valid), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (network(value, time, batch.band, batch.valid).argmax(1) == label).all()

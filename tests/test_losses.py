import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import normalize
from torch.testing import assert_close

from nightjar.losses import error_weights, info_nce, masked_rmse, sigmoid

ONE = torch.tensor(0.0)  # log of a scale of 1


def embeddings() -> Tensor:
    """Two sets of six embeddings of width 4."""
    normal = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(0))
    return normalize(normal, dim=-1)


# --- InfoNCE -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 7.0, 100.0])
def test_info_nce_of_the_identity(scale):
    # every row and column holds exp(s) on the diagonal beside 1: -ln(e^s / (e^s + 1))
    loss = info_nce(torch.eye(2), torch.eye(2), torch.tensor(math.log(scale)))
    assert loss.item() == pytest.approx(math.log1p(math.exp(-scale)), abs=1e-6)


def test_info_nce_by_hand():
    # a b^T = [[1, 1], [0, 0]]: both rows give ln 2; column 0 gives ln(1 + 1/e), column 1 ln(1 + e);
    # (ln 2 + (0.313262 + 1.313262) / 2) / 2 = 0.753204
    b = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert info_nce(torch.eye(2), b, ONE).item() == pytest.approx(0.753204, abs=1e-6)


def test_info_nce_of_embeddings_that_tell_nothing_is_ln_of_the_batch():
    same = torch.ones(5, 4) / 2
    assert info_nce(same, same, torch.tensor(2.0)).item() == pytest.approx(math.log(5))


def test_info_nce_is_symmetric_and_blind_to_the_order_of_objects():
    a, b = embeddings()
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    assert_close(info_nce(a, b, ONE), info_nce(b, a, ONE))
    assert_close(info_nce(a[order], b[order], ONE), info_nce(a, b, ONE))


def test_scale_is_capped_at_100_and_can_come_back():
    wrong = torch.tensor([[0.0, 1.0], [1.0, 0.0]])  # partners swapped: a lower scale would help
    log_scale = torch.tensor(math.log(1000), requires_grad=True)
    loss = info_nce(torch.eye(2), wrong, log_scale)
    loss.backward()
    assert loss.item() == pytest.approx(100, abs=1e-4)
    assert log_scale.grad.item() == pytest.approx(100, abs=1e-3)


def test_info_nce_is_float32_under_autocast():
    a, b = embeddings()
    with torch.autocast("cpu", torch.bfloat16):
        loss = info_nce(a, b, torch.tensor(4.0))
    assert_close(loss, info_nce(a, b, torch.tensor(4.0)), rtol=0, atol=0)


# --- pairwise sigmoid ----------------------------------------------------------------------------


def test_sigmoid_by_hand():
    # a b^T = [[1, 0], [1, 0]]; scale 2, bias -1: logits [[1, -1], [1, -1]]; partners on the
    # diagonal: -ln s(1) and -ln s(-1); others: -ln s(-(-1)) and -ln s(-1); with -ln s(1) =
    # ln(1 + 1/e) = 0.313262 and -ln s(-1) = 1.313262: (2 x 0.313262 + 2 x 1.313262) / 2
    b = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    a = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    loss = sigmoid(a, b, torch.tensor(math.log(2)), torch.tensor(-1.0))
    assert loss.item() == pytest.approx(0.313262 + 1.313262, abs=1e-5)


def test_sigmoid_starts_with_its_negatives_right():
    # no similarity, bias -10: each object pays -ln s(-10) = 10.0000454 for its partner, and only
    # -ln s(10) = 4.54e-5 for each of the 7 others; with the sign the wrong way round it paid 70
    zero = torch.zeros(8, 4)
    loss = sigmoid(zero, zero, ONE, torch.tensor(-10.0))
    assert loss.item() == pytest.approx(10.0000454 + 7 * 4.54e-5, abs=1e-5)


def test_sigmoid_is_symmetric_and_blind_to_the_order_of_objects():
    a, b = embeddings()
    order, bias = torch.tensor([3, 0, 5, 1, 4, 2]), torch.tensor(-2.0)
    assert_close(sigmoid(a, b, ONE, bias), sigmoid(b, a, ONE, bias))
    assert_close(sigmoid(a[order], b[order], ONE, bias), sigmoid(a, b, ONE, bias))


def test_sigmoid_caps_the_scale_and_is_float32_under_autocast():
    a, b = embeddings()
    log_scale, bias = torch.tensor(math.log(1000)), torch.tensor(-10.0)
    capped = sigmoid(a, b, torch.tensor(math.log(100)), bias)
    assert_close(sigmoid(a, b, log_scale, bias), capped)
    with torch.autocast("cpu", torch.bfloat16):
        assert_close(sigmoid(a, b, log_scale, bias), capped)


# --- rows that are no pairs ----------------------------------------------------------------------


def _sigmoid(a, b, log_scale, pairs=None):
    return sigmoid(a, b, log_scale, torch.tensor(-2.0), pairs)


@pytest.mark.parametrize("loss", [info_nce, _sigmoid])
@pytest.mark.parametrize("rows", [[1], [0, 4], [1, 2, 5], range(6)])
def test_rows_that_are_no_pairs_might_as_well_not_be_there(loss, rows):
    inputs = [each.double().requires_grad_() for each in (*embeddings(), ONE)]
    a, b, scale = inputs
    rows = list(rows)
    pairs = torch.zeros(6, dtype=torch.bool)
    pairs[rows] = True
    values = loss(a, b, scale, pairs), loss(a[rows], b[rows], scale)
    masked, alone = ((value, torch.autograd.grad(value, inputs)) for value in values)
    assert_close(masked, alone)


@pytest.mark.parametrize("loss", [info_nce, _sigmoid])
def test_no_pair_is_no_loss(loss):
    a, b = (each.requires_grad_() for each in embeddings())
    value = loss(a, b, ONE, torch.zeros(6, dtype=torch.bool))
    value.backward()
    assert value == 0
    assert not a.grad.any()
    assert not b.grad.any()


# --- masked RMSE ---------------------------------------------------------------------------------

PREDICTION = torch.tensor([[3.0, 4.0, 9.0], [1.0, 9.0, 9.0]])
PROBED = torch.tensor([[True, True, False], [True, False, False]])


def test_masked_rmse_by_hand():
    # window 1: (9 + 16) / 2 = 12.5; window 2: 1 / 1; root of their mean 6.75
    loss = masked_rmse(PREDICTION, torch.zeros(2, 3), PROBED)
    assert loss.item() == pytest.approx(math.sqrt(6.75))


def test_weighted_masked_rmse_by_hand():
    # window 1: (9 / 2 + 2 * 16) / 2 = 18.25, not divided by the weights; window 2: 3; mean 10.625
    weight = torch.tensor([[0.5, 2.0, 7.0], [3.0, 7.0, 7.0]])
    loss = masked_rmse(PREDICTION, torch.zeros(2, 3), PROBED, weight)
    assert loss.item() == pytest.approx(math.sqrt(10.625))


def test_masked_rmse_does_not_look_where_nothing_is_probed():
    blank = torch.tensor(torch.nan)
    prediction = torch.where(PROBED, PREDICTION, blank).requires_grad_()
    target = torch.where(PROBED, 0.0, blank)
    loss = masked_rmse(prediction, target, PROBED, torch.where(PROBED, 1.0, blank))
    loss.backward()
    assert loss.item() == pytest.approx(math.sqrt(6.75))
    assert prediction.grad.isfinite().all()


def test_windows_without_a_probed_point_do_not_count():
    probed = PROBED & torch.tensor([[True], [False]])
    loss = masked_rmse(PREDICTION, torch.zeros(2, 3), probed)
    assert loss.item() == pytest.approx(math.sqrt(12.5))


@pytest.mark.parametrize("probed", [PROBED, torch.zeros_like(PROBED)])
def test_masked_rmse_of_nothing_wrong_is_zero_with_zero_gradient(probed):
    prediction = PREDICTION.clone().requires_grad_()
    loss = masked_rmse(prediction, PREDICTION, probed)
    loss.backward()
    assert loss.item() == 0
    assert not prediction.grad.any()


# --- error weights -------------------------------------------------------------------------------


def test_error_weights_by_hand():
    # 1/e = 10, 5, 2.5, scaled to 1, 1/3, 0, plus 0.001; the padding's 1e6 stays out of it
    error = torch.tensor([[0.1, 0.2, 0.4, 1e-6]])
    valid = torch.tensor([[True, True, True, False]])
    assert_close(error_weights(error, valid), torch.tensor([[1.001, 1 / 3 + 0.001, 0.001, 0.0]]))


def test_equal_errors_weigh_equally():
    error, valid = (
        torch.full((2, 3), 0.05),
        torch.tensor([[True, True, True], [True, False, False]]),
    )
    assert_close(error_weights(error, valid), 1.001 * valid)


def test_an_error_of_zero_counts_as_infinitely_uncertain():
    # 1/e = 0 (by definition), 10, 5
    weights = error_weights(torch.tensor([[0.0, 0.1, 0.2]]), torch.ones(1, 3, dtype=torch.bool))
    assert_close(weights, torch.tensor([[0.001, 1.001, 0.501]]))


def test_a_window_without_points_has_zero_weights():
    assert not error_weights(torch.zeros(1, 3), torch.zeros(1, 3, dtype=torch.bool)).any()


@given(st.lists(st.floats(2**-13, 8, width=32), min_size=1, max_size=20), st.integers(0, 5))
def test_error_weights_lie_in_their_range_and_ignore_padding(errors, padding):
    row = torch.tensor([errors])
    padded = torch.nn.functional.pad(row, (0, padding))
    weights = error_weights(padded, torch.arange(padded.shape[1])[None] < len(errors))
    assert_close(weights[:, : len(errors)], error_weights(row, torch.ones_like(row).bool()))
    assert weights[:, : len(errors)].min() >= 0.001
    assert weights.max() <= 1.001 + 1e-6

import pytest
import torch
from torch.testing import assert_close

from nightjar.networks.pooling import AttentionPooling, MaxPooling, MeanPooling, make

NAMES = ["mean", "max", "attention"]
SEQUENCE = torch.tensor([[[1.0, -10.0], [3.0, -2.0], [99.0, 99.0]]])
VALID = torch.tensor([[True, True, False]])


def test_mean_by_hand():
    assert MeanPooling()(SEQUENCE, VALID).tolist() == [[2, -6]]


def test_max_by_hand_does_not_see_zeroed_padding():
    assert MaxPooling()(SEQUENCE, VALID).tolist() == [[3, -2]]


def test_attention_to_a_single_point_is_its_value():
    # one key has weight 1 whatever the query
    pooling = AttentionPooling(2, 2)
    expected = pooling.output(pooling.value(SEQUENCE[:, 0]))
    assert_close(pooling(SEQUENCE, torch.tensor([[True, False, False]])), expected)


def test_attention_is_torchs_multihead_attention_with_a_key_mask():
    ours, theirs = AttentionPooling(8, 2), torch.nn.MultiheadAttention(8, 2, batch_first=True)
    parts = (ours.query, ours.key, ours.value)
    theirs.in_proj_weight.data = torch.cat([part.weight for part in parts])
    theirs.in_proj_bias.data = torch.cat([part.bias for part in parts])
    theirs.out_proj.load_state_dict(ours.output.state_dict())
    sequence, valid = torch.randn(3, 5, 8), torch.arange(5) < torch.tensor([[5], [2], [1]])
    learned = ours.learned.expand(3, 1, -1)
    expected, _ = theirs(learned, sequence, sequence, key_padding_mask=~valid)
    assert_close(ours(sequence, valid), expected.squeeze(1))


@pytest.mark.parametrize("name", NAMES)
def test_padding_does_not_enter(name):
    pool, sequence = make(name, 4), torch.randn(2, 6, 4)
    valid = torch.arange(6) < torch.tensor([[3], [6]])
    poisoned = sequence.masked_fill(~valid.unsqueeze(-1), torch.nan)
    longer = torch.cat([poisoned, torch.full((2, 5, 4), torch.inf)], dim=1)
    padded = torch.cat([valid, torch.zeros(2, 5, dtype=torch.bool)], dim=1)
    assert_close(pool(poisoned, valid), pool(sequence, valid), rtol=0, atol=0)
    assert_close(pool(longer, padded), pool(sequence, valid), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_sequence_gives_zeros_and_finite_gradients(name):
    pool, sequence = make(name, 4), torch.randn(1, 3, 4, requires_grad=True)
    pooled = pool(sequence, torch.zeros(1, 3, dtype=torch.bool))
    pooled.sum().backward()
    assert pooled.tolist() == [[0, 0, 0, 0]]
    assert sequence.grad.tolist() == torch.zeros(1, 3, 4).tolist()


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="'last' is not one of mean, max, attention"):
        make("last", 4)

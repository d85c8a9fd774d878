import math

import pytest
import torch
from torch.testing import assert_close

from nightjar.networks.encodings import AstromerEncoding, SinusoidalEncoding, ValueEmbedding


@pytest.mark.parametrize("encoding", [SinusoidalEncoding(6, 1000.0), AstromerEncoding(6, 1000.0)])
def test_time_zero_is_sine_zero_and_cosine_one(encoding):
    assert encoding(torch.zeros(1, 1)).flatten().tolist() == [0, 1, 0, 1, 0, 1]


def test_maven_pairs_share_a_frequency():
    # D = 4, N = 10,000: pair i has N^(-2i/4), that is 1 and 0.01; phases 2 and 0.02 at t = 2
    encoded = SinusoidalEncoding(4, 10_000.0)(torch.tensor([[2.0]]))
    expected = [math.sin(2), math.cos(2), math.sin(0.02), math.cos(0.02)]
    assert_close(encoded.flatten(), torch.tensor(expected))


def test_astromer_positions_have_their_own_frequency():
    # d = 4, base 10,000: position j has base^(-2j/4), that is 1, 1e-2, 1e-4, 1e-6
    encoded = AstromerEncoding(4, 10_000.0)(torch.tensor([[2.0]]))
    expected = [math.sin(2), math.cos(0.02), math.sin(2e-4), math.cos(2e-6)]
    assert_close(encoded.flatten(), torch.tensor(expected))


@pytest.mark.parametrize("kind", [SinusoidalEncoding, AstromerEncoding])
def test_phase_is_good_to_2e_3_rad_at_10000(kind):
    # rounding of the product, half an ulp of 1e4 = 4.9e-4, plus that of the frequency, 6e-8 * 1e4
    encoding = kind(64, 20_000.0)
    time = torch.linspace(9000, 10_000, 500).unsqueeze(0)
    exact = encoding.frequencies.double() * time.double().unsqueeze(-1)
    exact = torch.where(torch.arange(64) % 2 == 0, exact.sin(), exact.cos())
    assert (encoding(time) - exact).abs().max() < 2e-3


@pytest.mark.parametrize("kind", [SinusoidalEncoding, AstromerEncoding])
def test_autocast_leaves_the_phase_in_float32(kind):
    encoding, time = kind(8, 1000.0), torch.linspace(0, 8000, 50).unsqueeze(0)
    with torch.autocast("cpu", torch.bfloat16):
        encoded = encoding(time)
    assert encoded.dtype == torch.float32
    assert_close(encoded, encoding(time), rtol=0, atol=0)


@pytest.mark.parametrize("kind", [SinusoidalEncoding, AstromerEncoding])
def test_odd_width_is_refused(kind):
    with pytest.raises(ValueError, match="even width, not 5"):
        kind(5, 1000.0)


def test_frequencies_are_not_part_of_the_weights():
    assert not SinusoidalEncoding(4, 1000.0).state_dict()


def test_value_embedding_is_a_linear_that_autocast_does_not_round():
    embedding, magnitude = ValueEmbedding(4), torch.tensor([[19.37, 14.21]])
    expected = torch.nn.functional.linear(magnitude.unsqueeze(-1), embedding.weight, embedding.bias)
    with torch.autocast("cpu", torch.bfloat16):
        embedded = embedding(magnitude)
    assert embedded.dtype == torch.float32
    assert_close(embedded, expected)

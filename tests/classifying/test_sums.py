"""Objects from windows, however the windows come in chunks."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nightjar.classifying.sums import Sums, whole


def test_windows_of_an_object_are_averaged():
    """Object b has windows 2 and 4 in the first sample, 0 and 2 in the second: 3 and 1."""
    values = np.array([[[1.0], [2.0], [4.0]], [[5.0], [0.0], [2.0]]])
    found = Sums.of(np.array(["b1", "b", "b"]), values)
    assert found.object_id.tolist() == ["b1", "b"]
    assert found.windows.tolist() == [1, 2]
    assert found.probabilities[:, :, 0].tolist() == [[1, 3], [5, 1]]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.data())
def test_chunks_change_nothing(counts, data):
    """Objects of ``counts`` windows, cut anywhere."""
    ids = np.repeat([f"o{n}" for n in range(len(counts))], counts)
    values = np.random.default_rng(0).random((2, len(ids), 3))
    cuts = data.draw(st.sets(st.integers(0, len(ids)))) - {0, len(ids)}
    edges = [0, *sorted(cuts), len(ids)]
    parts = [Sums.of(ids[a:b], values[:, a:b]) for a, b in pairwise(edges)]
    found = list(whole(parts))
    expected = Sums.of(ids, values)
    assert np.concatenate([p.object_id for p in found]).tolist() == expected.object_id.tolist()
    joined = np.concatenate([p.probabilities for p in found], axis=1)
    np.testing.assert_allclose(joined, expected.probabilities)

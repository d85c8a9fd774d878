"""Data sets: what a batch holds, and what is drawn."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nightjar import batching
from nightjar.batching import drawing
from nightjar.batching.datasets import PairData, SpectrumData, SupernovaData, WindowData
from nightjar.batching.masking import extent, probed_counts, shuffled, subsets
from nightjar.params import ProbedSettings
from nightjar.ragged import LightCurves

PUBLISHED = ProbedSettings(probed=0.5, same=0.2, random=0.2)


def curves(*objects, bands=("g", "r")):
    """A store of objects, each a list of (time, value, error, band)."""
    lengths = [len(points) for points in objects]
    columns = np.array([point for points in objects for point in points], float).reshape(-1, 4).T
    return LightCurves(
        object_id=np.array([f"o{i}" for i in range(len(objects))]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        time=columns[0],
        value=columns[1].astype(np.float32),
        error=columns[2].astype(np.float32),
        band=columns[3].astype(np.int16),
        bands=bands,
    )


TWO = curves(
    [(0, 15, 0.1, 0), (1, 16, 0.2, 1), (2, 17, 0.3, 0)],
    [(0, 18, 0.5, 1)],
)


def stars(*lengths, seed=0):
    """Single-band light curves whose magnitude is their running number, at MJD of about 60000."""
    rng = np.random.default_rng(seed)
    return curves(
        *([(60000 + t, t, 0.1 + 0.01 * t, 0) for t in range(n)] for n in lengths),
        bands=("V",),
    ), rng


# --- supernovae -----------------------------------------------------------------------------------


def test_sequences_are_padded_with_zeros_and_marked():
    data = SupernovaData(TWO, 10, label=np.array([2, 1]), redshift=np.array([0.1, np.nan]))
    batch = data.batch(np.array([1, 0]))
    assert batch.value.tolist() == [[18, 0, 0], [15, 16, 17]]
    assert batch.time.tolist() == [[0, 0, 0], [0, 1, 2]]
    assert batch.band.tolist() == [[1, 0, 0], [0, 1, 0]]
    assert batch.valid.tolist() == [[True, False, False], [True, True, True]]
    assert batch.label.tolist() == [1, 2]
    assert batch.index.tolist() == [1, 0]
    assert batch.redshift[0].isnan()


def test_an_object_without_points_is_a_row_without_valid_points():
    batch = SupernovaData(curves([], [(0, 1, 1, 0)]), 5).batch(np.array([0, 1]))
    assert batch.valid.tolist() == [[False], [True]]
    assert SupernovaData(curves([]), 5).batch(np.array([0])).valid.tolist() == [[False]]


def test_evaluation_takes_points_evenly_from_the_first_on():
    # ceil((r + 1) 3 / 7) - ceil(3 r / 7) for r = 0 .. 6: 1 0 1 0 1 0 0
    store = curves([(t, t, 1, 0) for t in range(7)] + [(9, 9, 1, 1)])
    batch = SupernovaData(store, 3).batch(np.array([0]))
    assert batch.value.tolist() == [[0, 2, 4, 9]]


def test_training_draws_at_most_so_many_points_of_each_band_anew():
    points = [(t, t, 0, t % 2) for t in range(30)]
    data = SupernovaData(curves(points, points), 10)
    rng = np.random.default_rng(0)
    draws = [data.batch(np.array([0, 1]), rng) for _ in range(20)]
    for batch in draws:
        assert batch.valid.sum(1).tolist() == [20, 20]
        assert (batch.band == 0).sum(1).tolist() == [10, 10]
        assert (batch.time.diff(dim=1) > 0).all()  # still in time order
    assert len({tuple(batch.value[0].tolist()) for batch in draws}) == 20
    assert draws[0].value[0].tolist() != draws[0].value[1].tolist()
    assert set(torch.cat([batch.value.flatten() for batch in draws]).tolist()) == set(range(30))


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.booleans())
def test_points_per_band_holds_for_every_size(points, count, drawn):
    data = SupernovaData(curves([(t, t, 0, 0) for t in range(points)]), count)
    batch = data.batch(np.array([0]), np.random.default_rng(0) if drawn else None)
    assert batch.valid.sum() == min(points, count)


def test_noise_is_drawn_in_training_in_units_of_the_error():
    store = curves([(t, 20, 0.5, 0) for t in range(4000)], [(0, 20, np.nan, 0)])
    data = SupernovaData(store, 4000, noise_level=2.0)
    rng = np.random.default_rng(0)
    one, other = data.batch(np.array([0]), rng), data.batch(np.array([0]), rng)
    # standard error of a standard deviation of 1 from 4000 points: 1 / sqrt(8000) = 0.011
    assert one.value.std().item() == pytest.approx(1.0, abs=0.05)
    assert one.value.mean().item() == pytest.approx(20, abs=0.07)
    assert not torch.equal(one.value, other.value)
    assert data.batch(np.array([0])).value.unique().tolist() == [20]
    assert data.batch(np.array([1]), rng).value.tolist() == [[20]]  # no error, no noise


def test_a_step_sees_a_random_share_of_the_points():
    store = curves([(t, t, 0, t % 2) for t in range(40)], [(t, t, 0, 0) for t in range(6)], [])
    data, rng = SupernovaData(store, 40, subset=0.25), np.random.default_rng(0)
    draws = [data.batch(np.array([0, 1, 2]), rng) for _ in range(200)]
    kept = np.array([batch.valid.sum(1).tolist() for batch in draws])
    # 0.25 to 1 of 40 points, on average 0.625 (and half a point, as shares are rounded up): 25.5;
    # a standard deviation of 40 x 0.75 / sqrt(12) = 8.7 is 0.6 of a mean of 200
    assert kept[:, 0].min() >= 10
    assert kept[:, 0].max() == 40
    assert kept[:, 0].mean() == pytest.approx(25.5, abs=2.5)
    assert set(kept[:, 1]) == {4, 5, 6}  # a quarter would be 2
    assert not kept[:, 2].any()
    for batch in draws[:20]:
        assert batch.time[0, 0] == 0  # as at the first point of any light curve
        points = batch.value[0][batch.valid[0]]
        assert torch.equal(batch.time[0][batch.valid[0]], points - points[0])
        assert (batch.time[~batch.valid] == 0).all()
    assert data.batch(np.array([0])).valid.sum() == 40


def test_a_share_of_all_draws_nothing():
    """Else switching it off would not give the old batches."""
    data, all_of_it = SupernovaData(TWO, 1), SupernovaData(TWO, 1, subset=1.0)
    rngs = np.random.default_rng(0), np.random.default_rng(0)
    rows = np.array([0, 1])
    assert torch.equal(data.batch(rows, rngs[0]).value, all_of_it.batch(rows, rngs[1]).value)
    assert rngs[0].random() == rngs[1].random()


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=6), st.floats(0.01, 1), st.integers(0, 99))
def test_a_share_keeps_at_least_what_it_promises(sizes, least, seed):
    owner = np.repeat(np.arange(len(sizes)), sizes)
    keep = drawing.share(least, owner, len(sizes), np.random.default_rng(seed))
    kept = np.bincount(owner[keep], minlength=len(sizes))
    size = np.array(sizes)
    assert (kept >= np.minimum(np.maximum(np.ceil(least * size - 1e-9), 4), size)).all()
    assert (kept <= size).all()


def test_padding_gets_no_noise():
    batch = SupernovaData(TWO, 5, noise_level=1.0).batch(np.array([0, 1]), np.random.default_rng(1))
    assert (batch.value[~batch.valid] == 0).all()


def spectra(**changes):
    columns = {
        "flux": np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]], np.float32),
        "flux_err": np.array([[1, 1, 1, 1], [1, np.nan, 1, 1], [np.nan] * 4], np.float32),
        "valid": np.array([[0, 1, 1, 0], [0, 1, 0, 0], [0, 1, 1, 1]], bool),
        "wavelength": np.array([4000.0, 5000.0, 6000.0, 7000.0]),
        "object_row": np.array([1, 0, 1]),
    }
    return SpectrumData(**(columns | changes))


def test_spectra_lose_the_bins_that_none_covers():
    batch = spectra().batch(np.array([0, 1]))  # spectra 1 and 0
    assert batch.value.tolist() == [[6, 0], [2, 3]]
    assert batch.time.tolist() == [[5000, 0], [5000, 6000]]
    assert batch.error.tolist() == [[0, 0], [1, 1]]
    assert batch.valid.tolist() == [[True, False], [True, True]]


def test_one_of_several_spectra():
    default = spectra(default=np.array([1, 2]))
    assert default.batch(np.array([1])).value.tolist() == [[10, 11, 12]]
    assert spectra().batch(np.array([1])).value.tolist() == [[2, 3]]  # the first
    rng = np.random.default_rng(0)
    seen = {default.batch(np.array([1]), rng).value.shape[1] for _ in range(20)}
    assert seen == {2, 3}


def test_an_object_without_a_spectrum_is_a_row_without_valid_bins():
    for data in (spectra(), spectra(default=np.array([1, 2, -1]))):
        batch = data.batch(np.array([0, 2]))
        assert batch.valid.tolist() == [[True], [False]]
        assert batch.value.tolist() == [[6], [0]]
    drawn = spectra().batch(np.array([7, 1]), np.random.default_rng(0))
    assert drawn.valid.any(1).tolist() == [False, True]


def test_spectra_near_peak_are_drawn_more_often():
    # object 1 has spectra 0, at peak, and 2, ln 3 scales from it: 3 to 1; object 0 has one only
    data = spectra(phase=np.array([0.0, np.nan, -10 * np.log(3)]), phase_scale=10.0)
    rng = np.random.default_rng(0)
    drawn = data._choose(np.ones(8000, int), rng)
    assert set(drawn) == {0, 2}
    # standard deviation of the share: sqrt(3/16 / 8000) = 0.005
    assert (drawn == 0).mean() == pytest.approx(0.75, abs=0.02)
    assert data._choose(np.array([0, 5, 1]), rng)[:2].tolist() == [1, -1]


def test_spectra_without_a_phase_count_as_at_one_scale():
    data = spectra(phase=np.array([10.0, 0.0, np.nan]), phase_scale=10.0)
    drawn = data._choose(np.ones(8000, int), np.random.default_rng(0))
    assert (drawn == 0).mean() == pytest.approx(0.5, abs=0.02)


def test_spectra_far_from_peak_are_drawn_although_their_weights_underflow():
    # exp(-5000) is 0: it is the difference of 1 scale that counts, e to 1
    data = spectra(phase=np.array([5000.0, 0.0, 5001.0]), phase_scale=1.0)
    drawn = data._choose(np.ones(8000, int), np.random.default_rng(0))
    assert (drawn == 0).mean() == pytest.approx(np.e / (1 + np.e), abs=0.02)


def test_spectra_one_by_one():
    every = spectra(default=np.array([1, 2])).one_by_one()
    assert every.batch(np.array([2, 0])).value.tolist() == [[10, 11, 12], [2, 3, 0]]


def test_spectrum_noise_follows_the_errors_where_there_are_any():
    data = spectra(noise_level=1.0, object_row=np.arange(3))
    batch = data.batch(np.array([0, 2]), np.random.default_rng(0))
    assert (batch.value[0, :2] != torch.tensor([2.0, 3.0])).all()
    assert batch.value[1].tolist() == [10, 11, 12]


def test_pairs_are_row_by_row():
    pair = PairData(SupernovaData(TWO, 5), spectra()).batch(np.array([1, 0]))
    assert pair.light_curve.index.tolist() == pair.spectrum.index.tolist() == [1, 0]
    assert pair.light_curve.value[0, 0] == 18
    assert pair.spectrum.value[0].tolist() == [2, 3]


# --- windows --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "probed", "same", "random", "hidden"),
    [(200, 100, 20, 16, 64), (60, 30, 6, 5, 19), (20, 10, 2, 2, 6), (5, 2, 1, 1, 0)],
)
def test_counts_are_those_of_the_published_code(length, probed, same, random, hidden):
    """The table of Donoso-Oliva+2025."""
    assert [int(n) for n in probed_counts(length, PUBLISHED)] == [probed, same, random]
    valid = np.arange(200) < np.array([[length]])
    subset = subsets(valid, PUBLISHED, np.random.default_rng(0).random(valid.shape))
    assert subset.probed.sum() == probed
    assert subset.random.sum() == random
    assert subset.masked.sum() == hidden
    assert not (subset.masked & subset.random).any()
    assert not (subset.probed & ~valid).any()
    assert not ((subset.masked | subset.random) & ~subset.probed).any()


@pytest.mark.parametrize(("length", "hidden"), [(200, 60), (100, 30), (60, 18), (20, 6)])
def test_a_random_share_of_a_quarter_gives_the_papers_shares(length, hidden):
    # of 200: 100 probed, of these 20 same; ceil(80 / 4) = 20 random, 60 hidden: 10, 10 and 30 %
    settings = ProbedSettings(probed=0.5, same=0.2, random=0.25)
    probed, same, random = (int(n) for n in probed_counts(length, settings))
    assert (probed, same, random) == (length // 2, length // 10, length // 10)
    assert probed - same - random == hidden


def test_counts_do_not_depend_on_rounding():
    # 0.07 x 100 is 7.000000000000001 and 0.29 x 100 is 28.999999999999996 in float64
    settings = ProbedSettings(probed=0.29, same=0.07, random=1.0)
    assert int(probed_counts(100, settings)[0]) == 29
    assert int(probed_counts(100, ProbedSettings(probed=1, same=0.07, random=0))[1]) == 7


def test_everything_may_be_visible_and_scored():
    valid = np.ones((2, 9), bool)
    subset = subsets(
        valid, ProbedSettings(probed=1, same=1, random=0), np.random.default_rng(0).random((2, 9))
    )
    assert subset.probed.all()
    assert not subset.masked.any()
    assert not subset.random.any()


def test_the_extent_of_a_batch_by_hand():
    # 5 and 3 points are observed, 4 and 2 of them visible; of these 2 and 1 are not probed
    valid = np.arange(5) < np.array([[5], [3]])
    probed = np.array([[1, 0, 1, 0, 1], [1, 0, 1, 0, 0]], bool)
    masked = np.array([[1, 0, 0, 0, 0], [1, 0, 0, 0, 0]], bool)
    subset = subsets(valid, PUBLISHED, np.zeros((2, 5)))._replace(probed=probed, masked=masked)
    assert extent(valid, subset) == (4, 1)
    assert extent(valid, subset._replace(masked=valid)) is None


def test_a_batch_keeps_its_extent_wherever_it_goes():
    store, rng = stars(30, 14)
    batch = WindowData.drawn(store, 20, probed=PUBLISHED).batch(np.arange(2), rng)
    # of 20: 10 probed, 6 of them hidden; of 14: 7 probed, 4 of them hidden
    assert batch.extent == batch.to("meta").extent == (14, 7)
    assert batch.map(lambda tensor: tensor[:1]).extent == (14, 7)
    assert WindowData.sequential(store, 20, [0]).batch(np.arange(2)).extent is None


def test_shuffled_is_a_permutation_of_the_window():
    valid = np.arange(8) < np.array([[5], [8]])
    value = np.where(valid, np.arange(8) + 1.0, 0)
    out = shuffled(value, valid, np.random.default_rng(3).random(valid.shape))
    assert sorted(out[0]) == sorted(value[0])
    assert (out[0, 5:] == 0).all()
    assert out[1].tolist() != value[1].tolist()


def test_training_windows_are_drawn_uniformly_and_centred_in_float64():
    store, rng = stars(13)
    data = WindowData.drawn(store, 10)
    starts = set()
    for _ in range(60):
        batch = data.batch(np.array([0]), rng)
        assert batch.value[0].tolist() == [n - 4.5 for n in range(10)]
        assert batch.time[0].tolist() == [n - 4.5 for n in range(10)]
        starts.add(round((batch.error[0, 0].item() - 0.1) / 0.01))
    assert starts == {0, 1, 2, 3}  # 0 .. L - 10


def test_time_keeps_seconds_at_mjd_60000():
    second = 1 / 86400
    store = curves([(60000 + n * second, 0, 1, 0) for n in range(3)], bands=("V",))
    batch = WindowData.sequential(store, 10, [0]).batch(np.array([0]))
    assert batch.time[0].numpy() == pytest.approx(np.array([-1, 0, 1]) * second, abs=1e-10)


def test_sequential_windows_cover_the_curve_and_know_their_object():
    store, _ = stars(3, 25, 10)
    data = WindowData.sequential(store, 10, [1, 2])
    assert data.row.tolist() == [1, 1, 1, 2]
    assert data.start.tolist() == [0, 10, 15, 0]
    batch = data.batch(np.array([2, 3]))
    assert batch.index.tolist() == [1, 2]
    assert batch.error[0].numpy() == pytest.approx(0.1 + 0.01 * np.arange(15, 25))
    assert batch.masked is None
    assert batch.probed is None


def test_short_windows_are_padded_after_centring():
    store, _ = stars(3, 5)
    for full, width in ((False, 5), (True, 10)):
        batch = WindowData.sequential(store, 10, [0, 1], full=full).batch(np.array([0, 1]))
        assert batch.value.shape == (2, width)
        assert batch.value[0, :4].tolist() == [-1, 0, 1, 0]
        assert batch.valid.sum(1).tolist() == [3, 5]
        assert (batch.error[~batch.valid] == 0).all()


def test_hidden_points_keep_their_value_and_random_ones_lose_it():
    store, rng = stars(*[20] * 50)
    batch = WindowData.drawn(store, 20, probed=PUBLISHED).batch(np.arange(50), rng)
    changed = batch.value != batch.target
    assert not (changed & ~batch.probed).any()
    assert not (changed & batch.masked).any()
    # two random points a window; a permutation leaves one in place with probability 1/20
    assert 80 <= changed.sum() <= 100
    assert batch.probed.sum(1).unique().tolist() == [10]
    assert not torch.equal(batch.masked[0], batch.masked[1])


def test_validation_draws_do_not_depend_on_the_batch_size():
    store, _ = stars(20, 35, 12, 50)
    data = WindowData.sequential(store, 20, np.arange(4), probed=PUBLISHED)
    passes = [
        [
            row[row_valid].tolist()
            for batch in batching.evaluation(data, np.arange(len(data)), size, seed=5)()
            for row, row_valid in zip(batch.masked, batch.valid, strict=True)
        ]
        for size in (1, 3, 100)
    ]
    assert passes[0] == passes[1] == passes[2]


def test_lengths_are_those_of_the_windows_that_are_probed():
    light_curves, _ = stars(7, 30, 12)
    data = WindowData.drawn(light_curves, 12, probed=PUBLISHED)
    assert data.lengths(np.array([2, 0, 1])).tolist() == [12, 7, 12]
    assert (
        data.lengths(np.array([0]))
        == data.batch(np.array([0]), np.random.default_rng(0)).valid.sum()
    )
    # a class may go with a length, and a legacy network wants full windows
    assert WindowData.drawn(light_curves, 12).lengths(np.array([0])) is None
    assert WindowData.drawn(light_curves, 12, probed=PUBLISHED, full=True).lengths([0]) is None


def test_what_is_drawn_needs_a_generator():
    store, _ = stars(20)
    with pytest.raises(ValueError, match="windows are drawn"):
        WindowData.drawn(store, 10).batch(np.array([0]))
    with pytest.raises(ValueError, match="probed points are drawn"):
        WindowData.sequential(store, 10, [0], probed=PUBLISHED).batch(np.array([0]))

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from nightjar import calibration, figures, metrics
from nightjar.figures.retrieved import Retrieved
from nightjar.figures.style import MARKERS, PALETTE, colour, marker, robust_limits
from nightjar.ragged import LightCurve

RNG = np.random.default_rng(0)
CLASSES = ["SN Ia", "SN II", "SN Ibc"]
LABELS = np.array(CLASSES)[RNG.integers(0, 3, 40)]


def curve():
    time = np.array([59000.0, 59002.0, 59005.0])
    return LightCurve(time, np.array([18.0, 17.0, 19.0]), np.full(3, 0.1), np.array([0, 1, 0]))


def loss(best):
    """Training loss that falls, validation loss with its minimum at epoch ``best``."""
    return np.linspace(3, 1, 8), np.abs(np.arange(1, 9) - best) + 1.0


def found(partner):
    """A spectrum of 30 bins without the bluest."""
    flux, valid = np.sin(np.arange(30.0)), np.arange(30) > 0
    return Retrieved(flux, valid, "SN Ia, z = 0.1", partner)


def draw_all():
    wavelength = np.geomspace(3500, 9000, 30)
    raw = [(np.linspace(3600, 8000, 50), np.linspace(2, 1, 50))] * 2
    valid = np.ones((2, 30), bool)
    probabilities = RNG.dirichlet(np.ones(3), 40)
    right = probabilities.argmax(axis=1)
    bins = calibration.reliability(probabilities, right, 5)
    wrong = RNG.random(40) < 0.3
    window = RNG.normal(size=(2, 20))
    rank = metrics.ranks(*RNG.normal(size=(2, 10, 3)))
    return {
        "light_curves": figures.light_curves({"SN Ia": curve()}, ["g", "r"]),
        "spectra": figures.spectra(raw, wavelength, np.zeros((2, 30)), valid, ["a", "b"]),
        "confusion": figures.confusion(np.array([[3, 1], [0, 0]]), ["a", "b"]),
        "redshift": figures.redshift(RNG.random(40), RNG.random(40), LABELS, CLASSES, 0.15),
        "pit": figures.pit({"maven": (RNG.random(40), RNG.random(40)), "b": (RNG.random(9), [])}),
        "redshift_intervals": figures.redshift_intervals(
            np.array([0.1, 0.2, 0.4]),
            np.array([0.1, 0.3, 0.3]),
            {s: (np.full(3, 0.1 - s / 1e3), np.full(3, 0.4 + s / 1e3)) for s in (68, 90)},
            "maven",
        ),
        "learning_curves": figures.learning_curves({"maven": [loss(3), loss(5)]}, "loss"),
        "bars": figures.bars({"20": {"a": (0.5, 0.1), "b": (0.6, np.nan)}}, "macro F1"),
        "reconstruction": figures.reconstruction(
            window, window, np.abs(window), window, window > 0, ["a", "b"]
        ),
        "attention": figures.attention(
            window[0], window[1], np.abs(RNG.normal(size=(2, 2, 20))), "a"
        ),
        "gammas": figures.gammas({"nightjar": {"20 per class": RNG.dirichlet(np.ones(3), 2)}}),
        "layer_maps": figures.layer_maps([RNG.normal(size=(40, 2))] * 3, LABELS, CLASSES),
        "side_by_side": figures.side_by_side({"a": (np.array([0.3, 0.2]), 1)}, "rmse / mag"),
        "reliability": figures.reliability({"deterministic": bins}, {"deterministic": bins}),
        "conformal": figures.conformal(
            {"deterministic": {"coverage_90": {"a": 0.9, "a_std": 0.1}, "set_size_90": {"b": 2}}},
            0.9,
        ),
        "rejection": figures.rejection({"SMP": calibration.rejection(wrong, RNG.random(40))}),
        "embedding_map": figures.embedding_map(
            RNG.normal(size=(40, 2)), LABELS, CLASSES[:2], RNG.random(40), np.arange(40) < 25
        ),
        "nearest_spectra": figures.nearest_spectra(
            {"SN Ia": (curve(), [found(partner=False), found(partner=True)])},
            wavelength,
            ["g", "r"],
        ),
        "models": figures.models({"a": (0.5, 0.1), "b": (0.6, np.nan)}, "macro F1"),
        "retrieval": figures.retrieval({"maven": metrics.retrieval_curve([rank])}),
    }


FIGURES = draw_all()


@pytest.mark.parametrize("name", FIGURES)
def test_every_axis_has_labels(name):
    assert isinstance(FIGURES[name], Figure)
    axes = FIGURES[name].axes
    assert any(axis.get_xlabel() for axis in axes) or name == "bars"  # whose groups have names
    assert any(axis.get_ylabel() for axis in axes) or name == "models"  # whose rows have names


def test_every_figure_is_covered():
    assert {*FIGURES, "save"} == set(figures.__all__)


@pytest.mark.parametrize("name", ["confusion", "reliability"])
def test_the_same_figure_has_the_same_bytes(tmp_path, name):
    one, two = tmp_path / "one.png", tmp_path / "deeper" / "two.png"
    figures.save(FIGURES[name], one)
    with mpl.rc_context({"font.size": 30, "savefig.dpi": 20, "axes.grid": False}):
        figures.save(draw_again(name), two)  # a user's matplotlibrc changes nothing
    assert one.read_bytes() == two.read_bytes()
    assert b"matplotlib" not in one.read_bytes()
    assert [path.name for path in two.parent.iterdir()] == ["two.png"]


def draw_again(name):
    if name == "confusion":
        return figures.confusion(np.array([[3, 1], [0, 0]]), ["a", "b"])
    state = np.random.default_rng(0)
    state.integers(0, 3, 40)
    probabilities = state.dirichlet(np.ones(3), 40)
    bins = calibration.reliability(probabilities, probabilities.argmax(axis=1), 5)
    return figures.reliability({"deterministic": bins}, {"deterministic": bins})


def test_magnitudes_grow_downwards_and_fluxes_upwards():
    magnitude = figures.light_curves({"SN Ia": curve()}, ["g", "r"]).axes[0]
    flux = figures.light_curves({"SN Ia": curve()}, ["g", "r"], "flux").axes[0]
    assert magnitude.yaxis_inverted()
    assert not flux.yaxis_inverted()
    assert "nJy" in flux.get_ylabel()


def test_confusion_is_normalised_both_ways():
    # true a: 3 of 4 right, 1 called b; no true b
    left, right = FIGURES["confusion"].axes
    assert [text.get_text().split("\n")[0] for text in left.texts] == ["75 %", "25 %", "0 %", "0 %"]
    assert [text.get_text().split("\n")[0] for text in right.texts] == [
        "100 %", "100 %", "0 %", "0 %",
    ]  # fmt: skip


def test_the_best_epoch_is_marked():
    marked = [
        line.get_xdata()[0]
        for line in FIGURES["learning_curves"].axes[0].lines
        if line.get_marker() == "o"
    ]
    assert marked == [3, 5]


def test_redshift_leaves_out_classes_without_objects():
    figure = figures.redshift(np.array([0.1]), np.array([0.2]), np.array(["a"]), ["a", "b"])
    assert len(figure.axes) == 1


@pytest.mark.parametrize(("highest", "scale"), [(0.3, "linear"), (0.32, "log")])
def test_redshift_axes_over_more_than_a_decade_and_a_half_are_logarithmic(highest, scale):
    """0.32 / 0.01 is 1.505 decades.  A prediction below 0 stands at the edge, not outside."""
    true, names = np.array([0.01, highest]), np.array(["a", "a"])
    (axis,) = figures.redshift(true, np.array([-0.1, 0.2]), names, ["a"], 0.15).axes
    assert (axis.get_xscale(), axis.get_yscale()) == (scale, scale)
    assert axis.get_xlim() == axis.get_ylim()
    if scale == "log":
        assert axis.lines[-1].get_ydata()[0] == pytest.approx(axis.get_ylim()[0])


def test_the_map_tells_simulated_from_observed_and_draws_redshifts_on_a_log_scale():
    figure = FIGURES["embedding_map"]
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["SN Ia", "SN II", "other", "simulated", "observed"]
    by_redshift = figure.axes[1].collections
    assert sum(len(drawn.get_offsets()) for drawn in by_redshift) == 40
    assert all(isinstance(drawn.norm, LogNorm) for drawn in by_redshift)


def test_a_map_of_one_sample_of_unknown_redshifts():
    redshift = np.full(40, np.nan)
    figure = figures.embedding_map(RNG.normal(size=(40, 2)), LABELS, CLASSES, redshift)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == CLASSES


def test_a_light_curves_own_spectrum_is_marked():
    other, own = FIGURES["nearest_spectra"].axes[1].lines
    assert (other.get_label(), own.get_label()) == ("another's", "its own spectrum")
    assert other.get_color() != own.get_color()
    assert np.isnan(own.get_ydata()).tolist() == [True] + [False] * 29


def test_models_stand_best_first():
    (axis,) = FIGURES["models"].axes
    assert [text.get_text() for text in axis.get_yticklabels()] == ["b", "a"]


def test_robust_limits_ignore_an_outlier():
    low, high = robust_limits(np.append(np.linspace(0, 1, 1000), [1e6, np.nan]))
    assert -0.1 < low < 0.01
    assert 0.99 < high < 1.1
    assert robust_limits(np.array([2.0, 2.0])) == (1.5, 2.5)
    assert robust_limits(np.array([np.nan])) == (0, 1)


def test_sixteen_classes_are_told_apart():
    looks = {(colour(place), marker(place)) for place in range(16)}
    assert len(looks) == 16
    assert len(PALETTE) == len(MARKERS) == 8


def titles_of(figure):
    return [axis.get_title(loc="left") for axis in figure.axes]


def test_attention_has_a_panel_per_block_and_head():
    """Folded at 4 d, points at 0, 1, 2 and 5 d lie at phases 0, 0.25, 0.5, 0.25; one is padding."""
    time = np.array([0.0, 1.0, 2.0, 5.0, np.nan])
    weights = np.array([[[1.0, 2.0, 0.5, 4.0, 9.0]] * 2] * 3)  # 3 blocks, 2 heads
    figure = figures.attention(time, np.arange(5.0), weights, "RR", 4.0)
    panels = [axis for axis in figure.axes if axis.get_label() != "<colorbar>"]
    assert len(panels) == 6
    assert titles_of(figure)[:2] == ["head 1", "head 2"]
    assert [axis.get_ylabel() for axis in panels[::2]] == ["block 1", "block 2", "block 3"]
    (points,) = panels[0].collections
    order = [2, 0, 1, 3]  # what gets most is drawn last
    assert points.get_offsets()[:, 0].tolist() == [[0, 0.25, 0.5, 0.25][k] for k in order]
    assert points.get_array().tolist() == [0.5, 1.0, 2.0, pytest.approx(4.0, rel=0.1)]
    assert panels[0].yaxis_inverted()
    assert figure.get_suptitle() == "RR, P = 4 d"


@pytest.mark.parametrize(("most", "ticks"), [(1.5, [0.667, 1, 1.5]), (3.0, [0.5, 1, 2])])
def test_the_scale_of_attention_is_as_wide_as_the_weights(most, ticks):
    """Weights between 1 / most and most, evenly in the logarithm but for the outermost."""
    weights = np.repeat([1 / most, 1.0, most], 40).reshape(1, 1, -1)
    figure = figures.attention(np.arange(120.0), np.arange(120.0), weights, "RR")
    bar = figure.axes[-1]
    assert bar.get_ylim() == pytest.approx((1 / most, most))
    assert [float(text.get_text()) for text in bar.get_yticklabels()] == ticks


def test_gammas_have_mean_and_deviation_of_the_folds():
    """Folds (0.2, 0.8) and (0.4, 0.6): means 0.3 and 0.7, deviations 0.1."""
    figure = figures.gammas({"nightjar": {"20": np.array([[0.2, 0.8], [0.4, 0.6]])}})
    (drawn,) = figure.axes[0].containers
    line, _, (bars,) = drawn
    np.testing.assert_allclose(line.get_ydata(), [0.3, 0.7])
    np.testing.assert_allclose([np.ptp(bar[:, 1]) for bar in bars.get_segments()], 0.2)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["input", "1"]


def test_every_layer_has_a_map():
    assert titles_of(FIGURES["layer_maps"]) == ["input", "block 1", "block 2"]


def test_a_folded_window_keeps_its_magnitudes():
    """Times 0, 1 and 2.5 d at a period of 2 d: phases 0, 0.5 and 0.25; one window has no period."""
    time = np.array([[0.0, 1.0, 2.5]] * 2)
    magnitude = np.array([[0.1, 0.2, 0.3]] * 2)
    probed = np.array([[False, True, True]] * 2)
    figure = figures.reconstruction(
        time, magnitude, np.full((2, 3), 0.01), magnitude + 0.1, probed, ["a", "b"],
        np.array([2.0, np.nan]),
    )  # fmt: skip
    assert titles_of(figure) == [
        "a: rms 0.100 mag, 2 probed points", "folded, P = 2 d",
        "b: rms 0.100 mag, 2 probed points", "",
    ]  # fmt: skip
    crosses = next(line for line in figure.axes[1].lines if line.get_marker() == "x")
    assert crosses.get_xdata().tolist() == [0.5, 0.25]
    np.testing.assert_allclose(crosses.get_ydata(), [0.3, 0.4])
    assert all(axis.yaxis_inverted() for axis in figure.axes[:3])

"""Figures drawn from the numbers that training leaves."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from nightjar import params
from nightjar.report import drawn
from nightjar.training import Fitted, trained


def curves(plots, stage, runs):
    """Write the losses of model -> folds -> [(training, validation), ...]."""
    fits = {
        model: [
            Fitted({}, {}, [{"training_loss": t, "validation_loss": v} for t, v in fold])
            for fold in folds
        ]
        for model, folds in runs.items()
    }
    trained.write_curves(plots / stage / "learning_curves.csv", fits)


def reconstruction(plots, stage, windows=2):
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=(windows, 6)) for name in ("time", "magnitude", "predicted")}
    (plots / stage).mkdir(parents=True, exist_ok=True)
    np.savez(
        plots / stage / "reconstruction.npz",
        error=np.full((windows, 6), 0.1),
        probed=np.arange(6) % 2 * np.ones((windows, 1)) > 0,
        **arrays,
    )


def test_nothing_to_draw(tmp_path):
    assert list(drawn.draw(tmp_path)) == []
    assert list(drawn.draw(tmp_path / "nowhere")) == []


def test_every_figure_has_the_name_of_its_stage(tmp_path):
    curves(tmp_path, "pretrain_astromer/nightjar", {"nightjar": [[(2.0, 1.0)]]})
    curves(tmp_path, "train_baselines", {"class": [[(2.0, 1.0)]]})
    reconstruction(tmp_path, "pretrain_astromer/nightjar")
    figures = dict(drawn.draw(tmp_path))
    assert list(figures) == [
        "pretrain_astromer_nightjar_learning_curves",
        "train_baselines_learning_curves",
        "pretrain_astromer_nightjar_reconstruction",
    ]
    assert all(isinstance(figure, Figure) for figure in figures.values())


def test_the_curves_are_those_written(tmp_path):
    """Two models, in the order written, not of the alphabet; the second has two folds."""
    folds = [[(3.0, 2.5), (2.0, 2.75)], [(1.0, 4.0)]]
    curves(tmp_path, "finetune_clip", {"Maven": [folds[1]], "A model": folds})
    ((_, figure),) = drawn.draw(tmp_path)
    axes = [axis for axis in figure.axes if axis.lines]
    assert [axis.get_title(loc="left") for axis in axes] == ["Maven", "A model"]
    drawn_lines = [line.get_ydata().tolist() for line in axes[1].lines]
    assert drawn_lines[:3] == [[3.0, 2.0], [2.5, 2.75], [2.5]]  # training, validation, the best
    assert [1.0] in drawn_lines
    assert [4.0] in drawn_lines
    assert axes[0].get_ylabel() == "contrastive loss"


@pytest.mark.parametrize(
    ("stage", "loss"),
    [
        ("pretrain_clip", "contrastive loss"),
        ("finetune_astromer", "reconstruction loss / mag"),
        ("train_uncertainty_mc_dropout", "cross-entropy / nat"),  # one of a matrix of stages
        ("train_baselines", "loss"),  # of two kinds
        ("train_something_new", "loss"),  # a stage that this module has never heard of
    ],
)
def test_the_axis_names_the_loss(tmp_path, stage, loss):
    curves(tmp_path, stage, {"model": [[(2.0, 1.0)]]})
    ((_, figure),) = drawn.draw(tmp_path)
    assert figure.axes[0].get_ylabel() == loss


def test_the_losses_are_of_stages_that_exist():
    assert set(drawn.LOSSES) <= set(params.STAGES)


def test_one_panel_per_window(tmp_path):
    reconstruction(tmp_path, "pretrain_astromer", windows=3)
    ((_, figure),) = drawn.draw(tmp_path)
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert [title.split(":")[0] for title in titles] == ["window 1", "window 2", "window 3"]
    assert all("3 probed points" in title for title in titles)

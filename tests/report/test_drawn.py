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


def seen(plots, stage, stars=2):
    """What `examples.see` gives of so many stars; every second of six points is probed."""
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=(stars, 6)) for name in ("time", "magnitude", "predicted")}
    (plots / stage).mkdir(parents=True, exist_ok=True)
    np.savez(
        plots / stage / "examples.npz",
        error=np.full((stars, 6), 0.1),
        probed=np.arange(6) % 2 * np.ones((stars, 1)) > 0,
        attention=np.ones((stars, 1, 2, 6)),
        object_id=[f"star {number}" for number in range(stars)],
        name=[f"R{number} (a/b)" for number in range(stars)],
        period=np.where(np.arange(stars) == 0, 0.5, np.nan),
        **arrays,
    )


def test_nothing_to_draw(tmp_path):
    assert list(drawn.draw(tmp_path)) == []
    assert list(drawn.draw(tmp_path / "nowhere")) == []


def test_every_figure_has_the_name_of_its_stage(tmp_path):
    for model in ("a", "b"):
        curves(
            tmp_path, f"finetune_astromer/{model}", {"20": [[(2.0, 1.0)]], "100": [[(2.0, 1.0)]]}
        )
    curves(tmp_path, "train_baselines", {"class": [[(2.0, 1.0)]]})
    seen(tmp_path, "pretrain_astromer/nightjar")
    figures = dict(drawn.draw(tmp_path))
    assert list(figures) == [
        "finetune_astromer_a_learning_curves",
        "finetune_astromer_b_learning_curves",
        "train_baselines_learning_curves",
        "pretrain_astromer_nightjar_reconstruction",
        "pretrain_astromer_nightjar_attention_1",
        "pretrain_astromer_nightjar_attention_2",
    ]
    assert all(isinstance(figure, Figure) for figure in figures.values())


def test_no_epochs_no_curve(tmp_path):
    curves(tmp_path, "finetune_astromer/a", {"20": [[]]})
    curves(tmp_path, "finetune_astromer/b", {"20": [[(2.0, 1.0)]]})
    assert [name for name, _ in drawn.draw(tmp_path)] == ["finetune_astromer_learning_curves"]


def test_models_of_a_matrix_stand_side_by_side(tmp_path):
    """Epoch 2 of ``b`` is kept, though the score they share is best at epoch 1."""
    for model, losses in (("a", [3.0]), ("b", [3.0, 2.0])):
        folder = tmp_path / f"pretrain_astromer/{model}"
        epochs = [
            {"training_loss": 1.0, "validation_loss": loss, "validation_rmse": 0.1 / loss}
            for loss in losses
        ]
        scores = ["validation_rmse"]
        trained.write_curves(
            folder / "learning_curves.csv", {model: [Fitted({}, {}, epochs)]}, scores
        )
    figures = dict(drawn.draw(tmp_path))
    assert list(figures) == ["pretrain_astromer_learning_curves", "pretrain_astromer_rmse"]
    losses, together = figures.values()
    assert [axis.get_title(loc="left") for axis in losses.axes] == ["a", "b"]
    texts = [text.get_text() for text in together.axes[0].get_legend().get_texts()]
    assert texts == ["a, 0.033", "b, 0.050"]


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
        ("finetune_astromer", "reconstruction loss"),
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


def test_a_window_without_a_period_has_no_folded_panel(tmp_path):
    """Six points are too few to look for one; the first star's is in the table."""
    seen(tmp_path, "pretrain_astromer/astromer1", stars=3)
    figures = dict(drawn.draw(tmp_path))
    axes = figures["pretrain_astromer_astromer1_reconstruction"].axes
    titles = [axis.get_title(loc="left") for axis in axes]
    assert [title.split(":")[0] for title in titles[::2]] == ["R0 (a/b)", "R1 (a/b)", "R2 (a/b)"]
    assert all("3 probed points" in title for title in titles[::2])
    assert titles[1::2] == ["folded, P = 0.5 d", "", ""]
    assert [axis.axison for axis in axes[1::2]] == [True, False, False]
    assert axes[1].get_xlabel() == "phase"


def test_attention_of_some_stars_alone(tmp_path):
    """Of seven, the first, the middle one and the last."""
    seen(tmp_path, "pretrain_astromer/astromer1", stars=7)
    shown = [figure for name, figure in drawn.draw(tmp_path) if "attention" in name]
    titles = [figure.get_suptitle() for figure in shown]
    assert titles == ["R0 (a/b), star 0, P = 0.5 d", "R3 (a/b), star 3", "R6 (a/b), star 6"]

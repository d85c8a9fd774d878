"""The stage on a small survey: the same bytes again, and what is left out without the package."""

import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from nightjar.errors import InputError
from nightjar.judging import clip
from nightjar.params import ProbeClip
from stages import train_classical
from tests.test_bad_input import run, valid_params, valid_tables

BEFORE = ("gather_supernovae", "preprocess_spectra", "window_light_curves")
SETTINGS = ProbeClip(
    neighbours=[1], class_groups=["SN II", "SN Ia", "SN Ib/c"], outlier=0.15, redshift_low=0.15
)


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """A directory in which the stages before have run; two folds of twelve objects."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("classical"))
        Path("survey").mkdir()
        for name, frame in valid_tables().items():
            frame.to_parquet(f"survey/{name}.parquet", index=False)
        Path("params.yaml").write_text(yaml.safe_dump(valid_params()))
        run(BEFORE[0])
        for name in ("simulated_supernovae", "variables"):
            Path(f"data/raw/{name}").symlink_to("supernovae")
        for stage in BEFORE[1:]:
            run(stage)
        return Path.cwd()


def predictions():
    counts = run("train_classical")
    path = train_classical.PREDICTIONS / "predictions.parquet"
    return counts, path.read_bytes(), pd.read_parquet(path)


def test_the_same_bytes_again(survey, monkeypatch):
    pytest.importorskip("light_curve")
    monkeypatch.chdir(survey)
    (counts, first, table), (_, second, _) = predictions(), predictions()
    assert first == second
    assert counts["supernovae.objects"] == 12
    assert counts["supernovae.templates"] == 12
    assert set(table["fold"]) == {0, 1}
    # every object is scored in one fold, by seven methods
    assert table.groupby("object_id").size().tolist() == [7] * 12


def test_without_the_package_its_rows_are_left_out_and_it_is_said(survey, monkeypatch, capsys):
    monkeypatch.chdir(survey)
    monkeypatch.setitem(sys.modules, "light_curve", None)  # importing it fails
    counts, _, table = predictions()
    assert "left out: features of light curves need the package 'light-curve'" in (
        capsys.readouterr().out
    )
    assert counts["supernovae.light_curve_features"] == 0
    spectral = {"spectrum_pca", "spectrum_pca_mean", "spectrum_pca_one"}
    assert set(table["method"]) == {*spectral, "template_matching"}
    assert table.loc[table["method"] == "template_matching", "redshift"].notna().all()


# --- judged -------------------------------------------------------------------------------------


@pytest.fixture
def judged():
    """Five scored objects; the 3-way classes are right for two of three, the redshifts exact."""
    names = ["SN Ia", "SN II", "SN Ib/c", "SLSN-I", "SN IIn"]
    objects = pd.DataFrame(
        {"object_id": list("abcde"), "class": names, "redshift": [0.1, 0.2, 0.3, 0.4, 0.5]}
    )
    few = ["SN Ia", "SN II", "SN II", None, None]
    predicted = objects.assign(few_class=few)
    return predicted, objects, {"train": [], "validation": [], "test": [0, 1, 2, 3, 4]}


def test_a_table_of_predictions_is_scored_in_whatever_order(judged):
    predicted, objects, rows = judged
    found = clip.judge_table(predicted[::-1], objects, rows, SETTINGS)
    assert found.scores["class5_macro_f1"] == 1.0
    assert found.scores["class3_accuracy"] == pytest.approx(2 / 3)
    assert found.scores["redshift_l1"] == 0.0
    assert found.predictions["predicted_class"].tolist() == objects["class"].tolist()


def test_redshifts_that_a_method_does_not_give_are_no_score(judged):
    predicted, objects, rows = judged
    found = clip.judge_table(predicted.assign(redshift=float("nan")), objects, rows, SETTINGS)
    assert not [k for k, v in found.scores.items() if k.startswith("redshift") and v is not None]


def test_predictions_of_other_splits_are_refused(judged):
    predicted, objects, rows = judged
    for wrong in (predicted[:4], predicted.assign(object_id=list("abcdx"))):
        with pytest.raises(InputError, match="run train_classical again"):
            clip.judge_table(wrong, objects, rows, SETTINGS)

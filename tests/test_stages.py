"""Stages on samples that lack something: what is missing is left out, the rest is scored."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from nightjar.errors import InputError
from stages import (
    evaluate_uncertainty,
    finetune_astromer,
    pretrain_astromer,
    probe_clip,
    train_uncertainty,
)
from tests.test_bad_input import run, valid_params, valid_tables

SUPERNOVAE = (
    "gather_supernovae",
    "preprocess_spectra",
    "window_light_curves",
    "train_baselines",
    "train_classical",
)


@pytest.fixture
def without_redshift(tmp_path, monkeypatch):
    """Baselines of a survey that knows no redshift, and embeddings of its pairs for Maven."""
    monkeypatch.chdir(tmp_path)
    Path("survey").mkdir()
    for name, frame in valid_tables().items():
        frame = frame.drop(columns="redshift", errors="ignore")
        frame.to_parquet(f"survey/{name}.parquet", index=False)
    values = valid_params()
    values["gather_supernovae"] |= {"folds": 3}  # leaves every fold someone to validate on
    Path("params.yaml").write_text(yaml.safe_dump(values))
    run("gather_supernovae")
    for name in ("simulated_supernovae", "variables"):
        Path(f"data/raw/{name}").symlink_to("supernovae")
    for stage in SUPERNOVAE[1:]:
        run(stage)
    for path in Path("data/embeddings/baseline").glob("*.npz"):
        ids = np.load(path)["object_id"]
        arrays = np.random.default_rng(0).normal(size=(2, len(ids), 4))
        for model in probe_clip.MODELS:
            folder = Path("data/embeddings") / model
            folder.mkdir(exist_ok=True)
            both = {"light_curve": arrays[0], "spectrum": arrays[1]}
            every = {"every_spectrum": arrays[1], "owner": np.arange(len(ids))}
            np.savez(folder / path.name, object_id=ids, **both, **every)
    simulated = {"light_curve": np.eye(5, 4), "redshift": np.full(5, np.nan)}
    np.savez("data/embeddings/maven/simulated.npz", **simulated, **{"class": ["SN Ia"] * 5})


def test_a_survey_without_redshifts_is_judged_by_class(without_redshift):
    """Classes are SN Ia, SN II and SLSN-I."""
    trained = json.loads(Path("metrics/train_baselines.json").read_text())
    assert list(trained) == ["class"]
    run("probe_clip")
    judged = json.loads(Path("metrics/probe_clip.json").read_text())
    assert "template_matching" not in judged  # a template needs a redshift
    for scores in (judged["baseline"], judged["maven"], judged["spectrum_pca"]):
        assert "class3_macro_f1" in scores
        assert not [key for key in scores if key.startswith("redshift")]
    drawn = {path.name for path in Path("plots/probe_clip").glob("*.png")}
    assert "class3_macro_f1.png" in drawn
    assert "redshift_r2.png" not in drawn
    assert {"nearest_spectra.png", "tsne.png"} <= drawn
    assert judged["chance"]["retrieval_auc"] == 0.5
    assert "retrieval_auc" in judged["magnitude_shortcut"]
    assert "maven_every_spectrum" not in judged  # every object has just one


def predictions(path, ids):
    """Probabilities of one sample for the stars ``ids``, all called class A."""
    path.mkdir(parents=True)
    probabilities = np.tile([0.9, 0.1], (1, len(ids), 1))
    np.savez(path / "0.npz", object_id=ids, probabilities=probabilities, classes=["A", "B"])


def test_uncertainty_of_one_task(tmp_path, monkeypatch):
    """Methods that are no longer listed are not judged, nor stars of other samples per class."""
    monkeypatch.chdir(tmp_path)
    values = valid_params()
    values["train_uncertainty"] |= {"methods": ["deterministic"], "samples_per_class": 10}
    Path("params.yaml").write_text(yaml.safe_dump(values))
    sample = Path("data/raw/variables")
    sample.mkdir(parents=True)
    objects = pd.DataFrame({"object_id": list("uvwxyz"), "class": list("AABABA")})
    objects.to_parquet(sample / "objects.parquet")
    task = {"survey": "one", "samples_per_class": 10, "fold": 0, "part": "test"}
    table = pd.DataFrame({"object_id": list("vwxyz")}).assign(**task)
    table.loc[:1, "part"] = "validation"
    other = pd.DataFrame({"object_id": ["u"]}).assign(**task | {"samples_per_class": 20})
    pd.concat([table, other]).to_parquet(sample / "splits.parquet")
    for name in ("deterministic", "mc_dropout"):
        predictions(Path("data/predictions") / name, list("vwxyz"))
    evaluate_uncertainty.main()
    judged = json.loads(Path("metrics/evaluate_uncertainty.json").read_text())
    sections = ["deterministic", "deterministic_coverage_90", "deterministic_set_size_90"]
    assert list(judged) == sections
    assert judged["deterministic"]["accuracy"] == pytest.approx(2 / 3, abs=1e-5)
    assert judged["deterministic"]["stars"] == 3
    assert [path.name for path in Path("models/calibration").iterdir()] == ["deterministic.json"]
    drawn = {path.name for path in Path("plots/evaluate_uncertainty").iterdir()}
    assert drawn == {"conformal_sets.png", "rejection.png", "reliability.png"}


@pytest.mark.parametrize("method", ["mc-dropout", ""])
def test_an_unknown_method_of_uncertainty_is_refused(tmp_path, monkeypatch, method):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(valid_params()))
    with pytest.raises(InputError, match=f"'{method}' is none of .*: deterministic, ensemble"):
        train_uncertainty.main(method)


@pytest.mark.parametrize("stage", [pretrain_astromer, finetune_astromer])
@pytest.mark.parametrize("model", ["astromer-2", ""])
def test_an_unknown_network_is_refused(tmp_path, monkeypatch, stage, model):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(valid_params()))
    with pytest.raises(InputError, match=f"'{model}' is none of .*: astromer1, astromer2, nightj"):
        stage.main(model)


def test_stars_without_a_class_train_a_network_and_are_not_judged(tmp_path, monkeypatch):
    """A survey that knows no class: its light curves pre-train, and say why nothing else does."""
    monkeypatch.chdir(tmp_path)
    Path("survey").mkdir()
    for name, frame in valid_tables().items():
        frame.drop(columns="class", errors="ignore").to_parquet(f"survey/{name}.parquet")
    Path("params.yaml").write_text(yaml.safe_dump(valid_params()))
    run("gather_variables")
    for name in ("simulated_supernovae", "supernovae"):
        Path(f"data/raw/{name}").symlink_to("variables")
    run("window_light_curves")
    pretrain_astromer.main("nightjar")
    trained = json.loads(Path("metrics/pretrain_astromer_nightjar.json").read_text())["training"]
    assert trained["light_curves"] > 0
    with np.load("plots/pretrain_astromer/nightjar/examples.npz") as shown:
        assert shown["name"].tolist() == ["no class"]
    with pytest.raises(InputError, match="no star has a class, so nothing can be fine-tuned"):
        finetune_astromer.main("nightjar")

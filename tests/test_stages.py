"""Stages on samples that lack something: what is missing is left out, the rest is scored."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from nightjar import params, weights
from nightjar.errors import InputError
from nightjar.networks import Maven
from stages import evaluate_uncertainty, finetune_clip, probe_clip, train_uncertainty
from tests.test_bad_input import ROOT, run, valid_params, valid_tables

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


def test_maven_lite_knows_nothing_of_the_pretraining_but_the_sizes(tmp_path, monkeypatch):
    """Scales are 20 and 0 in the pre-training, 18 and 1 in the training rows."""
    encoder = {"dim": 4, "depth": 1, "heads": 2, "base": 100.0, "pooling": "mean", "scale": 1.0}
    pretrained = Maven(
        {**encoder, "centre": 20.0}, {**encoder, "centre": 0.0},
        output=3, embedding=5, bands=2, logit_scale=10.0,
    )  # fmt: skip
    monkeypatch.setattr(finetune_clip, "PRETRAINED", tmp_path / "weights.safetensors")
    described = {"preprocessing": {}, "bands": ["g", "r"], "sample": ""}
    weights.save(finetune_clip.PRETRAINED, pretrained, **described)
    settings = params.load(params.FinetuneClip, ROOT / "params.yaml")
    pairs = SimpleNamespace(
        bands=("g", "r"),
        light_curve_scale=lambda rows: {"centre": 18.0, "scale": 2.0},
        spectrum_scale=lambda rows: {"centre": 1.0, "scale": 3.0},
    )
    maven, lite = (
        finetune_clip.start(name, settings, pairs, np.arange(3), 0) for name in finetune_clip.MODELS
    )
    assert (maven.light_curve.centre, maven.spectrum.centre) == (20.0, 0.0)
    assert (lite.light_curve.centre, lite.spectrum.centre) == (18.0, 1.0)
    assert (lite.light_curve.scale, lite.spectrum.scale) == (2.0, 3.0)
    assert maven.settings["dropout"] == lite.settings["dropout"] == settings.dropout
    for name, value in pretrained.state_dict().items():
        assert torch.equal(maven.state_dict()[name], value)
    same = [torch.equal(lite.state_dict()[n], v) for n, v in pretrained.named_parameters()]
    assert not all(same)

"""Stages on samples that lack something: what is missing is left out, the rest is scored."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from stages import probe_clip
from tests.test_bad_input import run, valid_params, valid_tables

SUPERNOVAE = ("gather_supernovae", "preprocess_spectra", "window_light_curves", "train_baselines")


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
            np.savez(folder / path.name, object_id=ids, **both)


def test_a_survey_without_redshifts_is_judged_by_class(without_redshift):
    """Classes are SN Ia, SN II and SLSN-I: scored all together, and SN Ia against SN II."""
    trained = json.loads(Path("metrics/train_baselines.json").read_text())
    assert list(trained) == ["class"]
    run("probe_clip")
    judged = json.loads(Path("metrics/probe_clip.json").read_text())
    for scores in (judged["baseline"], judged["maven"]):
        assert "class3_macro_f1" in scores
        assert not [key for key in scores if key.startswith("redshift")]
    drawn = {path.name for path in Path("plots/probe_clip").glob("*.png")}
    assert "class3_macro_f1.png" in drawn
    assert "redshift_r2.png" not in drawn

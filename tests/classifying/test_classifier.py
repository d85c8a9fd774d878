"""Classes of a table are the pipeline's own, with what validation taught."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch

from nightjar import batching, calibration, stars, tasks, uncertainty, weights, windows
from nightjar.__main__ import main
from nightjar.calibration.record import Calibration, read_calibration, write_calibrations
from nightjar.classifying import Classifier, classifier
from nightjar.errors import InputError
from nightjar.networks import AstromerClassifier, Maven
from nightjar.networks.astromer import NAMED
from nightjar.uncertainty import predict
from tests.embedding.test_encoder import MAVEN, SETTINGS, SIZES, gathered, on_disk, rows

CLASSES = ["EC", "RRab", "RRc"]
LENGTHS = {"zeta": 45, "beta": 7, "alpha": 20, "mu": 61, "omega": 12}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def network(seed=0) -> AstromerClassifier:
    torch.manual_seed(seed)
    return AstromerClassifier({**NAMED["astromer2"], **SIZES}, [6], len(CLASSES), 0.3)


def learned() -> Calibration:
    """Of twenty validation stars; half of the uncertain ones are wrong."""
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet(np.ones(3), 20)
    labels = probabilities.argmax(axis=1)
    labels[::3] = (labels[::3] + 1) % 3
    return Calibration.fit(probabilities, 1 - probabilities.max(axis=1), labels, CLASSES)


def saved(root: Path, method="mc_dropout", members=(), **changes) -> Path:
    """A method's folder as the stages write it, with its calibration beside it."""
    folder = root / "models" / "uncertainty" / method
    samples = 4 if method == "mc_dropout" else 1
    about = {
        "preprocessing": SETTINGS, "classes": CLASSES, "bands": ["g", "r"], "sample": "",
        "notes": {"method": method, "samples": str(samples), "blocks": "2"},
    } | changes  # fmt: skip
    for place in [str(member) for member in members] or [""]:
        path = folder / "folds" / "0" / place / "weights.safetensors"
        weights.save(path, network(int(place or 0)), **about)
    write_calibrations(root / "models" / "calibration" / f"{method}.json", {0: learned()})
    return folder


def classified(tmp_path, model, frame, name="out.parquet", **asked) -> pd.DataFrame:
    source = on_disk(frame, tmp_path / "photometry.parquet")
    loaded = Classifier.load(model, device="cpu")
    loaded.classify_file(source, tmp_path / name, progress=False, **asked)
    return pd.read_parquet(tmp_path / name)


def probabilities(table: pd.DataFrame) -> np.ndarray:
    return table[[f"probability_{name}" for name in CLASSES]].to_numpy()


def of_the_pipeline(tmp_path, frame, networks) -> tuple[np.ndarray, np.ndarray]:
    """Ids, and (samples, n, classes) as ``stages.train_uncertainty`` makes them: one pass each."""
    catalogue = stars.open_stars(*gathered(tmp_path, frame, windows.write_curves))
    cut = catalogue.sequential(np.arange(len(catalogue.ids)))
    sampled = [
        predict(
            each,
            lambda batch, samples, each=each: each(*tasks.sequence(batch), samples=samples),
            batching.evaluation(cut, np.arange(len(cut)), 64)(),
            seed=0,
        )
        for each in networks
    ]
    return stars.per_object(catalogue.ids[cut.row], np.concatenate(sampled))


@pytest.mark.parametrize(("method", "members"), [("deterministic", ()), ("ensemble", (0, 1, 2))])
def test_a_table_is_classified_as_in_the_pipeline(method, members, tmp_path):
    frame = rows(LENGTHS)
    networks = [network(member).eval() for member in members or [0]]
    ids, sampled = of_the_pipeline(tmp_path, frame, networks)
    found = classified(tmp_path, saved(tmp_path, method, members), frame)
    assert found["object_id"].tolist() == list(LENGTHS)  # in the order of the table
    found = found.set_index("object_id").loc[ids].reset_index()
    scaled = calibration.tempered(sampled.mean(axis=0), learned().temperature)
    np.testing.assert_allclose(probabilities(found), scaled, atol=2e-6)
    for name, expected in uncertainty.scores(sampled).items():
        np.testing.assert_allclose(found[name], expected, atol=2e-6)
    best = np.array(CLASSES)[sampled.mean(axis=0).argmax(axis=1)]
    assert found["class"].tolist() == best.tolist()
    # 45 points in windows of 20 are 3, in each of two bands
    assert found.set_index("object_id")["windows"].to_dict() == {
        "zeta": 6, "beta": 2, "alpha": 2, "mu": 8, "omega": 2,
    }  # fmt: skip


def test_what_is_promised_follows_from_the_calibration(tmp_path):
    asked = {"error_rate": 0.2, "coverage": 0.7}
    found = classified(tmp_path, saved(tmp_path, "deterministic"), rows(LENGTHS), **asked)
    known = learned()
    assert found["abstain"].tolist() == (found["smp"] > known.kept_up_to(0.2)).tolist()
    # the calibrated probabilities to the power of the temperature are the network's again
    raw = calibration.tempered(probabilities(found), 1 / known.temperature)
    sets = raw >= 1 - known.set_threshold(0.7) - 1e-9
    for held, line, p in zip(sets, found["set"], raw, strict=True):
        names = line.split("|") if line else []
        assert sorted(names) == sorted(np.array(CLASSES)[held])
        assert [p[CLASSES.index(n)] for n in names] == sorted(p[held], reverse=True)


def test_all_and_nothing(tmp_path):
    """Errors allowed throughout: nothing is abstained from.  Coverage beyond 20 / 21: all classes
    are in every set, which the file cannot say by a number."""
    model = saved(tmp_path, "deterministic")
    found = classified(tmp_path, model, rows(LENGTHS), error_rate=0.99, coverage=0.99)
    assert set(found["set"].str.count(r"\|")) == {2}
    about = json.loads(pq.read_schema(tmp_path / "out.parquet").metadata[b"nightjar"])
    assert about["set_threshold"] is None
    assert about["kept_up_to"] == learned().smp[-1]
    assert about["notes"]["method"] == "deterministic"


def test_samples_differ_and_the_seed_repeats_them(tmp_path):
    model = saved(tmp_path)
    one, same = (classified(tmp_path, model, rows(LENGTHS)) for _ in range(2))
    pd.testing.assert_frame_equal(one, same)
    assert (one["pv"] > 0).all()
    assert (one["bald"] > 0).all()
    other = Classifier.load(model, device="cpu", seed=1)
    other.classify_file(tmp_path / "photometry.parquet", tmp_path / "b", progress=False)
    assert not np.allclose(pd.read_parquet(tmp_path / "b")["pv"], one["pv"])


def test_chunks_change_nothing(tmp_path, monkeypatch):
    """Some objects' bands come in different chunks."""
    model, frame = saved(tmp_path, "deterministic"), rows(LENGTHS)
    whole = classified(tmp_path, model, frame)
    monkeypatch.setattr(classifier, "POINTS", 50)
    cut = classified(tmp_path, model, frame, "cut.parquet")
    assert pq.ParquetFile(tmp_path / "cut.parquet").num_row_groups > 2
    pd.testing.assert_frame_equal(whole, cut, atol=2e-6)


# --- what does not fit ----------------------------------------------------------------------------


def test_bands_that_are_not_the_models(tmp_path, capsys):
    model = saved(tmp_path, "deterministic")
    frame = rows(LENGTHS, bands=("V", "r"))
    source, out = on_disk(frame, tmp_path / "photometry.parquet"), tmp_path / "out.parquet"
    words = ["classify", str(source), "--model", str(model), "--out", str(out), "--device", "cpu"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "5 objects, " in said
    assert "bands that were not read: V" in said
    assert main([*words, "--band", "g=V", "--band", "r=r"]) == 0
    assert "not read" not in capsys.readouterr().out
    assert pd.read_parquet(out)["windows"].tolist() == [6, 2, 2, 8, 2]
    assert main([*words, "--band", "u=V"]) == 2
    assert "trained on g, r, not on u" in capsys.readouterr().err
    on_disk(rows(LENGTHS, bands=("V",)), source)
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "no point in the bands of the model (g, r), only in V" in said
    assert "--band g=" in said


def test_classes_that_are_not_the_calibrations(tmp_path):
    model = saved(tmp_path, "deterministic")
    other = learned().model_copy(update={"classes": ["EC", "LPV", "RRab"]})
    write_calibrations(tmp_path / "other.json", {0: other})
    with pytest.raises(InputError, match="classes are EC, RRab, RRc, the calibration's EC, LPV"):
        Classifier.load(model, tmp_path / "other.json", device="cpu")


def test_models_that_classify_nothing(tmp_path):
    model = saved(tmp_path, "deterministic")
    with pytest.raises(InputError, match="no classifiers of train_uncertainty in it"):
        Classifier.load(tmp_path / "models")
    (model / "folds" / "0").rename(model / "folds" / "7")
    (model / "folds" / "0").mkdir()
    with pytest.raises(InputError, match=r"no fold 7, only 0"):
        Classifier.load(model / "folds" / "7")
    with pytest.raises(InputError, match="run train_uncertainty"):
        Classifier.load(model)
    weights.save(
        model / "folds" / "0" / "weights.safetensors", Maven(**MAVEN), preprocessing={}, sample=""
    )
    with pytest.raises(InputError, match="holds the network Maven, not AstromerClassifier"):
        Classifier.load(model)
    (tmp_path / "models" / "calibration" / "deterministic.json").unlink()
    saved(tmp_path / "elsewhere", "deterministic")
    (tmp_path / "elsewhere/models/calibration/deterministic.json").unlink()
    with pytest.raises(InputError, match=r"calibration/deterministic\.json: no such file"):
        Classifier.load(tmp_path / "elsewhere/models/uncertainty/deterministic")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"error_rate": 1.0}, "error_rate: 1.0"),
        ({"error_rate": -0.1}, "error_rate"),
        ({"coverage": 0.0}, "coverage: 0.0"),
        ({"coverage": math.nan}, "coverage: nan"),
    ],
)
def test_rates_that_are_none(asked, message, tmp_path):
    with pytest.raises(InputError, match=message):
        classified(tmp_path, saved(tmp_path, "deterministic"), rows(LENGTHS), **asked)
    assert not (tmp_path / "out.parquet").exists()


def test_a_fold_is_chosen_by_its_folder(tmp_path):
    model = saved(tmp_path, "deterministic")
    (model / "folds" / "0").rename(model / "folds" / "1")
    path = tmp_path / "models" / "calibration" / "deterministic.json"
    write_calibrations(path, {1: learned()})
    loaded = Classifier.load(model / "folds" / "1", device="cpu")
    assert loaded.calibration == read_calibration(path, 1)

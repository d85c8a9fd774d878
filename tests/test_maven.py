"""Maven on a sample: what it is built from, who trains it, what it says of whom."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from nightjar import maven, params, training, weights
from nightjar.batching.datasets import PairData, SpectrumData, SupernovaData
from nightjar.errors import InputError
from nightjar.pairs import Pairs, nearest_to_peak
from nightjar.ragged import LightCurves
from nightjar.tasks import MavenTask
from nightjar.weights import Metadata, Model

ROOT = Path(__file__).resolve().parents[1]
CLASSES = ["II", "Ia", "Ib/c"]
PLAIN = {"light_curve_spectrum": 1.0, "light_curve_metadata": 0.0, "spectrum_metadata": 0.0}
METADATA = {"light_curve_spectrum": 1.0, "light_curve_metadata": 0.5, "spectrum_metadata": 0.5}
TRAIN, VALIDATION, SCORED, OUTSIDE = (np.arange(i, i + 6) for i in (0, 6, 12, 18))


def settings(kind, **changes):
    read = params.load(kind, ROOT / "params.yaml", "smoke")
    changes = {"epochs": 1, "precision": "32-true", "device": "cpu", "threads": 1, **changes}
    return kind.model_validate({**read.model_dump(), **changes})


def sample(objects=24, points=6, bins=8):
    """Objects with a light curve and two spectra each; of those outside, 18 to 20 lack spectra,
    21 to 23 points; the group of 18 is that of a scored object, 19 has no class."""
    rng = np.random.default_rng(0)
    row, count = np.arange(objects), np.full(objects, points)
    count[21:] = 0
    curves = LightCurves(
        object_id=np.array([f"o{i:02}" for i in row]),
        offsets=np.concatenate([[0], np.cumsum(count)]),
        time=np.concatenate([np.arange(n) for n in count]).astype(float),
        value=rng.normal(18, 1, count.sum()).astype(np.float32),
        error=np.full(count.sum(), 0.1, np.float32),
        band=rng.integers(0, 2, count.sum()),
        bands=("g", "r"),
    )
    owner = np.repeat(np.delete(row, [18, 19, 20]), 2)
    flux = rng.normal(size=(len(owner), bins)).astype(np.float32)
    names = np.array(CLASSES, dtype=object)[row % 3]
    names[19] = None
    frame = pd.DataFrame(
        {
            "object_id": curves.object_id,
            "class": names,
            "redshift": rng.uniform(0.01, 0.2, objects),
            "group": np.where(row == 18, 12, row),
        }
    )
    spectra = SpectrumData(
        flux, np.full_like(flux, 0.1), flux > -3, np.linspace(4000, 9000, bins), owner,
        default=nearest_to_peak(owner, np.arange(len(owner)) * 1.0, np.zeros(objects)),
    )  # fmt: skip
    light_curves = SupernovaData(curves, points, redshift=frame["redshift"].to_numpy(np.float32))
    data = PairData(light_curves, spectra)
    return Pairs(data, frame, row[:18], row[18:], ("g", "r"), {})


def relabelled(pairs, rows, name, redshift):
    """The same sample with another class and redshift of some objects."""
    frame = pairs.objects.copy()
    frame.loc[rows, "class"], frame.loc[rows, "redshift"] = name, redshift
    light_curves = replace(pairs.data.light_curves, redshift=frame["redshift"].to_numpy(np.float32))
    return replace(pairs, objects=frame, data=replace(pairs.data, light_curves=light_curves))


def pretrained(pairs, **changes):
    about = settings(params.PretrainClip, **{"pair_weights": PLAIN, **changes})
    classes = maven.known_classes(about, pairs, TRAIN)
    network = maven.fresh(about, pairs, TRAIN, classes)
    metadata = Metadata(
        format=1, network="Maven", settings=network.settings, preprocessing={}, classes=classes,
        bands=["g", "r"], parameters=1, sample="", metrics={}, notes={},
    )  # fmt: skip
    return Model(network.eval(), metadata)


def trained(name, pairs, model, tmp_path, **changes):
    """A fold fine-tuned as the stage does it; its weights as bytes."""
    about = settings(params.FinetuneClip, **{"unpaired": False, **changes})
    classes = maven.known_classes(about, pairs, TRAIN, model)
    network = maven.start(name, about, model, pairs, TRAIN, classes, 0)
    rows = TRAIN
    if about.unpaired:
        rows = np.concatenate([rows, pairs.outside(pairs.ids[:18], classes)])
    data = pairs.with_metadata(classes)
    resume = tmp_path / f"{len(list(tmp_path.iterdir()))}.safetensors"
    fitted = training.fit_rows(
        MavenTask(network), (data, rows), (data, VALIDATION), about, seed=0, resume=resume, label=""
    )
    return {key: value.numpy().tobytes() for key, value in fitted.best.items()}


@pytest.mark.parametrize("name", ["maven", "maven_lite"])
@pytest.mark.parametrize("inherited", [True, False])
def test_no_class_or_redshift_of_a_scored_object_enters_a_weight(tmp_path, name, inherited):
    pairs = sample()
    model = pretrained(pairs, pair_weights=METADATA) if inherited else pretrained(pairs)
    changes = {"pair_weights": METADATA, "unpaired": True}
    first = trained(name, pairs, model, tmp_path, **changes)
    for scored in (("II", 0.5), ("TDE", np.nan), (None, -1.0)):
        other = relabelled(pairs, SCORED, *scored)
        assert trained(name, other, model, tmp_path, **changes) == first
    # 18 shares the group of a scored object: it is the same star under another name
    assert trained(name, relabelled(pairs, [18], "II", 0.5), model, tmp_path, **changes) == first
    for used in (TRAIN[:1], OUTSIDE[2:3]):
        changed = relabelled(pairs, used, "II", 0.5)
        assert trained(name, changed, model, tmp_path, **changes) != first


def test_without_metadata_no_class_and_no_redshift_enters(tmp_path):
    pairs = sample()
    model = pretrained(pairs)
    first = trained("maven", pairs, model, tmp_path)
    other = relabelled(pairs, np.arange(24), None, np.nan)
    assert trained("maven", other, model, tmp_path) == first
    assert not any(key.startswith("metadata") for key in first)


def test_maven_begins_with_the_pretrained_weights_and_lite_with_new_ones():
    pairs, about = sample(), settings(params.FinetuneClip, dropout=0.25)
    model = pretrained(pairs, pair_weights=METADATA, objective="sigmoid")
    classes = maven.known_classes(about, pairs, TRAIN, model)
    assert classes == CLASSES
    start = maven.start("maven", about, model, pairs, TRAIN, classes, 0)
    given = model.network.state_dict()
    assert all(torch.equal(value, given[key]) for key, value in start.state_dict().items())
    assert start.pair_weights == METADATA
    assert start.settings["dropout"] == 0.25
    lite = maven.start("maven_lite", about, model, pairs, VALIDATION, classes, 1)
    assert lite.state_dict().keys() == given.keys()
    scale = pairs.redshift_scale(VALIDATION)
    assert lite.settings["metadata"] == {"classes": 3, "dim": 64, **scale}
    assert lite.settings["objective"] == "sigmoid"
    assert not torch.equal(lite.spectrum.output.weight, given["spectrum.output.weight"])
    for rows, network in ((TRAIN, start), (VALIDATION, lite)):  # scales of what each was built for
        assert network.light_curve.centre == pairs.light_curve_scale(rows)["centre"]
        assert network.spectrum.scale == pairs.spectrum_scale(rows)["scale"]


def test_fine_tuning_may_add_and_leave_out_the_metadata():
    pairs = sample()
    added = settings(params.FinetuneClip, pair_weights=METADATA)
    plain = pretrained(pairs)
    classes = maven.known_classes(added, pairs, TRAIN, plain)
    network = maven.start("maven", added, plain, pairs, TRAIN, classes, 0)
    assert network.metadata.settings["classes"] == 3
    assert torch.equal(network.light_curve.output.weight, plain.network.light_curve.output.weight)
    without = {**METADATA, "light_curve_metadata": 0.0, "spectrum_metadata": 0.0}
    left_out = settings(params.FinetuneClip, pair_weights=without, unpaired=False)
    full = pretrained(pairs, pair_weights=METADATA)
    assert maven.known_classes(left_out, pairs, TRAIN, full) == []
    network = maven.start("maven", left_out, full, pairs, TRAIN, [], 0)
    assert network.metadata is None
    assert network.pair_weights == {"light_curve_spectrum": 1.0}


def test_weights_that_are_all_zero_are_refused():
    nothing = {"light_curve_spectrum": 0.0, "light_curve_metadata": None, "spectrum_metadata": None}
    about = settings(params.FinetuneClip, pair_weights=nothing)
    with pytest.raises(InputError, match=r"finetune_clip\.pair_weights"):
        maven.known_classes(about, sample(), TRAIN, pretrained(sample()))


def test_unpaired_objects_without_metadata_are_a_bad_setting():
    none = {"light_curve_spectrum": 1.0, "light_curve_metadata": 0.0, "spectrum_metadata": 0.0}
    with pytest.raises(ValueError, match="unpaired objects need a weight above 0"):
        settings(params.FinetuneClip, pair_weights=none, unpaired=True)


def test_weights_of_an_older_file_are_those_of_light_curve_and_spectrum():
    model = pretrained(sample())
    old = {
        k: v for k, v in model.metadata.settings.items() if k not in ("pair_weights", "metadata")
    }
    model = replace(model, metadata=model.metadata.model_copy(update={"settings": old}))
    about = settings(params.FinetuneClip)
    network = maven.start("maven", about, model, sample(), TRAIN, [], 0)
    assert network.pair_weights == {"light_curve_spectrum": 1.0}


# --- embeddings -----------------------------------------------------------------------------------


def test_every_spectrum_has_its_owner():
    pairs = sample()
    task = MavenTask(pretrained(pairs).network)
    found = maven.embeddings(task, pairs, 5)
    assert found["object_id"].tolist() == pairs.ids[:18].tolist()
    assert found["owner"].tolist() == np.repeat(np.arange(18), 2).tolist()
    assert found["owner"].dtype == np.int64
    default = pairs.data.spectra.default[pairs.rows]
    np.testing.assert_allclose(found["every_spectrum"][default], found["spectrum"], atol=1e-6)


def test_the_simulated_pairs_shown_are_those_held_out(monkeypatch):
    pairs = sample()
    pairs.objects["group"] = np.arange(24)
    task, about = MavenTask(pretrained(pairs).network), settings(params.FinetuneClip)
    found = maven.shown(task, pairs, 0.5, about)
    held_out = maven.parts.held_out(pairs.objects.iloc[:18], 0.5, about.seed)
    assert found["object_id"].tolist() == pairs.ids[:18][held_out].tolist()
    rows = np.flatnonzero(held_out)
    assert found["class"].tolist() == [CLASSES[row % 3] for row in rows]
    assert found["redshift"].tolist() == pairs.redshift[rows].tolist()
    monkeypatch.setattr(maven, "SHOWN", 3)
    few = maven.shown(task, pairs, 0.5, about)
    assert len(few["light_curve"]) == len(few["spectrum"]) == 3
    assert set(few["object_id"]) < set(found["object_id"])


def test_the_weights_file_knows_its_classes(tmp_path):
    model = pretrained(sample(), pair_weights=METADATA)
    weights.save(
        tmp_path / "w.safetensors", model.network, preprocessing={}, classes=CLASSES, sample="x"
    )
    again = weights.load(tmp_path / "w.safetensors")
    assert again.metadata.classes == CLASSES
    assert again.network.settings == model.network.settings


@pytest.mark.parametrize("name", ["maven", "maven_lite"])
@pytest.mark.parametrize(("column", "value"), [("redshift", np.nan), ("class", None)])
def test_a_survey_without_metadata_is_aligned_without(tmp_path, capsys, name, column, value):
    pairs = sample()
    model = pretrained(pairs, pair_weights=METADATA)
    unknown = pairs.objects.assign(**{column: value})
    redshift = unknown["redshift"].to_numpy(np.float32)
    curves = replace(pairs.data.light_curves, redshift=redshift)
    bare = replace(pairs, objects=unknown, data=replace(pairs.data, light_curves=curves))
    found = trained(name, bare, model, tmp_path, pair_weights=METADATA, unpaired=True)
    assert "left out: metadata" in capsys.readouterr().out
    assert not any(key.startswith("metadata") for key in found)


def test_without_metadata_and_without_pairs_there_is_nothing_to_align():
    pairs = sample()
    model = pretrained(pairs, pair_weights=METADATA)
    alone = {**METADATA, "light_curve_spectrum": 0.0}
    about = settings(params.FinetuneClip, pair_weights=alone)
    with pytest.raises(InputError, match="light_curve_spectrum must be above 0"):
        maven.start("maven", about, model, pairs, TRAIN, [], 0)

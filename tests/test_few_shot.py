"""Classifiers of few stars: what two methods share, and the stage on stars made by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from nightjar import few_shot, params, weights
from nightjar.classical.few_shot import COLUMNS
from nightjar.networks import Astromer
from nightjar.training import checkpoints
from stages import train_star_classifiers
from tests import stores
from tests.networks.windows import PAPER, window
from tests.test_bad_input import run, valid_params

METHODS = ("raw_gru", "base_gru", "attention", "scratch", "tuned")
SURVEYS = {"one": 3, "two": 2}  # classes of each
STARS, POINTS, WINDOW = 8, 14, 10  # of a class; two windows each
SIZES = {"epochs": 3, "batch_size": 6, "units": 6, "hidden": [8], "dropout": 0.0, "lr": 0.01}


@pytest.fixture(autouse=True)
def _restore():
    """Leave torch as the other tests expect it."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def pretrained(tmp_path):
    torch.manual_seed(1)
    path = tmp_path / "models/astromer/nightjar/weights.safetensors"
    weights.save(path, Astromer(**PAPER, dropout=0.3), preprocessing={}, sample="")
    return weights.load(path)


@pytest.fixture
def build(pretrained):
    settings = params.load(
        params.TrainStarClassifiers, Path(__file__).parents[1] / "params.yaml", "smoke"
    )

    def of(method, seed=3):
        return few_shot.classifier(method, settings, pretrained, 4, seed).eval()

    return of


@pytest.mark.parametrize("method", METHODS)
def test_a_method_begins_with_its_seed(method, build):
    batch = window(12, 5)
    logits = build(method)(*batch[:4])
    assert logits.shape == (2, 4)
    assert torch.equal(build(method)(*batch[:4]), logits)
    assert not torch.equal(build(method, seed=4)(*batch[:4]), logits)


def test_scratch_and_tuned_differ_in_the_encoder_alone(build, pretrained):
    scratch, tuned = build("scratch").state_dict(), build("tuned").state_dict()
    assert scratch.keys() == tuned.keys()
    for name, value in tuned.items():
        part, _, rest = name.partition(".")
        if part == "head":
            assert torch.equal(value, scratch[name])
        else:
            assert torch.equal(value, pretrained.network.state_dict()[rest])
    assert not torch.equal(
        tuned["encoder.blocks.0.attention.query.weight"],
        scratch["encoder.blocks.0.attention.query.weight"],
    )


def test_attention_keeps_the_pretrained_encoder(build, pretrained):
    network = build("attention")
    for name, value in pretrained.network.state_dict().items():
        assert torch.equal(network.encoder.state_dict()[name], value)
    assert not any(p.requires_grad for p in network.encoder.parameters())


def test_an_unknown_method_is_refused(build):
    with pytest.raises(ValueError, match="'svm' is no method"):
        build("svm")


# --- the stage ------------------------------------------------------------------------------------


@pytest.fixture
def sample(tmp_path, monkeypatch, pretrained):
    """Stars that fall, stay or rise; the last scored star of survey one has no light curve."""
    monkeypatch.chdir(tmp_path)
    values = valid_params()
    values["train_star_classifiers"] |= SIZES
    Path("params.yaml").write_text(yaml.safe_dump(values))
    rng = np.random.default_rng(0)
    curves, objects = [], []
    for survey, classes in SURVEYS.items():
        for k in range(STARS * classes):
            mag = 15 + (k % classes - 1) * np.arange(POINTS) + 0.1 * rng.normal(size=POINTS)
            star = f"{survey}{k:02d}"
            objects.append((star, survey, ("fades", "stays", "rises")[k % classes]))
            if star != "one23":
                curves.append((star, [(50000.0 + t, m, 0) for t, m in enumerate(mag)]))
    table = pd.DataFrame(objects, columns=["object_id", "survey", "class"])
    stages = train_star_classifiers
    stores.objects(stages.SAMPLE, table.assign(group=range(len(table))).to_dict("list"))
    stores.light_curves(stages.WINDOWS, curves)
    stores.window_settings(stages.WINDOWS, window=WINDOW)
    number = table.groupby(["survey", "class"]).cumcount()
    part = np.select([number < 4, number < 6], ["train", "validation"], "test")
    split = table[["object_id", "survey"]].assign(samples_per_class=4, part=part)
    folds = [split.assign(fold=0), split[split["survey"] == "one"].assign(fold=1)]
    pd.concat(folds).to_parquet(stages.SAMPLE / "splits.parquet")
    return table


def outputs():
    counts = run("train_star_classifiers")
    path = train_star_classifiers.PREDICTIONS / "predictions.parquet"
    files = [Path("metrics/train_star_classifiers.json"), path]
    files.append(Path("plots/train_star_classifiers/learning_curves.csv"))
    return counts, [file.read_bytes() for file in files], pd.read_parquet(path)


def test_splits_of_too_many_samples_are_left_out(sample):
    path = train_star_classifiers.SAMPLE / "splits.parquet"
    split = pd.read_parquet(path)
    rest = split[split["survey"] == "two"].assign(samples_per_class=11)  # smoke trains on up to 10
    pd.concat([split[(split["survey"] == "one") & (split["fold"] == 0)], rest]).to_parquet(path)
    assert set(outputs()[2]["survey"]) == {"one"}
    rest.to_parquet(path)
    with pytest.raises(SystemExit) as caught:
        outputs()
    assert "most_samples_per_class: all splits have more than 10" in str(caught.value.code)


def stop_after(monkeypatch, epochs):
    """Raise as Ctrl-C does once so many epochs, of any training, are on disk."""
    save, calls = checkpoints.save, []

    def stopping(*arguments):
        save(*arguments)
        calls.append(1)
        if len(calls) == epochs:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "save", stopping)


def test_every_scored_star_is_predicted_and_a_killed_stage_ends_alike(sample, monkeypatch):
    counts, whole, table = outputs()
    assert table.columns.tolist() == COLUMNS
    # survey one: 2 of 8 stars in each of 3 classes, of which one has no light curve; two folds
    of_task = table.groupby(["survey", "fold", "method"]).size()
    assert of_task.loc["one"].tolist() == [5] * 2 * len(METHODS)
    assert of_task.loc["two"].tolist() == [4] * len(METHODS)
    assert not table.duplicated(COLUMNS[:-1]).any()
    assert set(table.loc[table["survey"] == "two", "class"]) <= {"fades", "stays"}
    assert {counts[f"one_4_{method}.stars"] for method in METHODS} == {10}
    assert not Path(".resume/train_star_classifiers").exists()
    with monkeypatch.context() as patch:
        stop_after(patch, 8)
        with pytest.raises(KeyboardInterrupt):
            outputs()
    assert len(list(Path(".resume/train_star_classifiers").rglob("*.safetensors"))) >= 2
    assert outputs()[1] == whole

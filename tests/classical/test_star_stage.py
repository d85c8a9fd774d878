"""The stage on a few stars of two surveys: the same bytes again, stars that lack something."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages import train_star_features
from tests import stores
from tests.test_bad_input import run, valid_params

STARS = 12  # of each survey: half pulsate, half do not
SHORT = 7  # points of every star of the second survey: too few for a period


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """Splits with one task per survey, one fold; the last scored star has no light curve."""
    monkeypatch.chdir(tmp_path)
    values = valid_params()
    values["train_star_features"] |= {"period_min": 0.5}
    Path("params.yaml").write_text(yaml.safe_dump(values))
    rng = np.random.default_rng(0)
    curves, objects = [], []
    for survey, points in (("long", 60), ("short", SHORT)):
        for k in range(STARS):
            time = np.sort(rng.uniform(0, 100, points))
            mag = 15 + 0.02 * rng.normal(size=points) + 0.5 * (k % 2) * np.cos(2 * np.pi * time / 3)
            star = f"{survey}{k:02d}"
            objects.append((star, survey, ("quiet", "pulsating")[k % 2]))
            if k < STARS - 1:
                curves.append((star, [(t, m, 0) for t, m in zip(time, mag, strict=True)]))
    table = pd.DataFrame(objects, columns=["object_id", "survey", "class"])
    stores.objects(train_star_features.SAMPLE, table.to_dict("list"))
    stores.light_curves(train_star_features.WINDOWS, curves)
    number = table.groupby("survey").cumcount()
    part = np.select([number < 6, number < 8], ["train", "validation"], "test")
    splits = table[["object_id", "survey"]].assign(samples_per_class=3, fold=0, part=part)
    splits.to_parquet(train_star_features.SAMPLE / "splits.parquet")
    return table.set_index("object_id")["class"]


def outputs():
    counts = run("train_star_features")
    path = train_star_features.PREDICTIONS / "predictions.parquet"
    return counts, path.read_bytes(), pd.read_parquet(path)


def test_every_scored_star_is_predicted_and_the_same_bytes_come_again(sample):
    pytest.importorskip("light_curve")
    (counts, first, table), (_, second, _) = outputs(), outputs()
    assert first == second
    assert counts["stars.stars"] == 2 * STARS
    assert counts["stars.without_light_curve"] == 2
    assert counts["stars.without_period"] == STARS + 1  # the short survey's, and one more
    assert table.groupby(["survey", "method"]).size().tolist() == [4] * 6
    seen = table[~table["object_id"].str.endswith(str(STARS - 1))]
    right = seen["class"].to_numpy() == sample.loc[seen["object_id"]].to_numpy()
    assert right.all()


def test_without_the_package_it_says_so_and_predicts_nothing(sample, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "light_curve", None)  # importing it fails
    counts, _, table = outputs()
    assert "left out: features of light curves need the package" in capsys.readouterr().out
    assert table.empty
    assert counts["stars.features_columns"] == 0

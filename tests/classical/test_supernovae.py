"""Predictions of a fold: nothing but training is fitted, and what is missing is left out."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nightjar.classical import supernovae
from nightjar.classical.matched import Held, Matched
from nightjar.classical.sample import Sample

GROUPS = ["SN II", "SN Ia", "SN Ib/c"]
NAMES = np.array([*GROUPS, "SLSN-I"])
OPTIONS = {"class_groups": GROUPS, "candidates": [1, 3], "seed": 0}
N = 96


@pytest.fixture
def rows():
    """One fold; every class is in every part."""
    block = np.arange(N) // 4
    parts = {"train": block < 14, "validation": (block >= 14) & (block < 18), "test": block >= 18}
    return {name: np.flatnonzero(mask) for name, mask in parts.items()}


@pytest.fixture
def sample():
    """Features and spectra hold class (one-hot) and redshift; one spectrum of each object."""
    rng = np.random.default_rng(0)
    code = np.arange(N) % 4
    redshift = 10 ** rng.uniform(-2, -1, N)
    values = np.column_stack([np.eye(4)[code], np.log10(redshift)])
    objects = pd.DataFrame(
        {"object_id": [f"o{i:02d}" for i in range(N)], "class": NAMES[code],
         "redshift": redshift, "group": np.arange(N)}
    )  # fmt: skip
    values += 0.01 * rng.normal(size=values.shape)
    every = np.arange(N)
    return Sample(objects, values, values.astype(np.float32), every, every)


@pytest.fixture
def matches(sample):
    """Scores are 0.9 within a class and 0.1 without; each match has its template's redshift."""
    same = sample.labels[:, None] == sample.labels
    score = np.where(same, 0.9, 0.1).astype(np.float32)
    np.fill_diagonal(score, -np.inf)
    held = Held(np.ones((1, N, 3)), np.repeat(sample.redshift[None, :, None], 3, axis=2))
    return Matched(score, np.arange(N), held)


def predict(sample, matches, rows):
    redshifts = supernovae.photometric_redshifts(sample, [rows], 0)
    return supernovae.predictions(sample, matches, redshifts[0], 0, rows, **OPTIONS)


def test_every_method_predicts_every_scored_object(sample, matches, rows):
    table = predict(sample, matches, rows)
    assert set(table["method"]) == {
        "features", "features_forest", "features_matching", "spectrum_pca", "spectrum_pca_mean",
        "spectrum_pca_one", "template_matching",
    }  # fmt: skip
    truth = sample.objects.set_index("object_id")
    for method, part in table.groupby("method"):
        assert part["object_id"].tolist() == truth.index[rows["test"]].tolist()
        assert (part["class"].to_numpy() == truth["class"].loc[part["object_id"]]).all(), method
        of_groups = truth["class"].loc[part["object_id"]].isin(GROUPS).to_numpy()
        assert (part["few_class"].notna() == of_groups).all()
        few = part[part["few_class"].notna()]
        assert (few["few_class"].to_numpy() == truth["class"].loc[few["object_id"]]).all()
    redshift = table.set_index(["method", "object_id"])["redshift"]
    exact = truth["redshift"].iloc[rows["test"]]
    np.testing.assert_allclose(redshift["template_matching"], exact)
    assert np.corrcoef(np.log(redshift["features"]), np.log(exact))[0, 1] > 0.8
    assert redshift["spectrum_pca"].isna().all()


def test_what_is_scored_is_not_fitted(sample, matches, rows):
    """Other classes, redshifts and features of *other* scored objects change no prediction."""
    first, others = rows["test"][0], rows["test"][1:]
    objects = sample.objects.copy()
    objects.loc[others, "class"] = "SN Ia"
    objects.loc[others, "redshift"] = 0.9
    features, flux = sample.features.copy(), sample.flux.copy()
    features[others], flux[others] = 99.0, 99.0
    score = matches.score.copy()
    score[:, others] = 1.0  # the best of templates, were they any
    spoilt = replace(sample, objects=objects, features=features, flux=flux)
    before, after = (
        predict(*data, rows)
        for data in ((sample, matches), (spoilt, matches._replace(score=score)))
    )
    name = sample.objects["object_id"].iloc[first]
    before, after = (table[table["object_id"] == name] for table in (before, after))
    pd.testing.assert_frame_equal(before, after)


def test_without_features_and_without_templates(sample, matches, rows):
    none = np.full(N, np.nan)
    assert np.isnan(
        supernovae.photometric_redshifts(replace(sample, features=None), [rows], 0)
    ).all()
    bare = replace(sample, features=None)
    methods = supernovae.predictions(bare, matches, none, 0, rows, **OPTIONS)["method"]
    spectral = {"spectrum_pca", "spectrum_pca_mean", "spectrum_pca_one"}
    assert set(methods) == {*spectral, "template_matching"}
    methods = supernovae.predictions(bare, None, none, 0, rows, **OPTIONS)["method"]
    assert set(methods) == spectral


def test_unknown_and_negative_redshifts_are_not_learned_from(sample, rows):
    objects = sample.objects.copy()
    objects.loc[rows["train"][:3], "redshift"] = [np.nan, -0.01, 0.0]
    found = supernovae.photometric_redshifts(replace(sample, objects=objects), [rows], 0)
    assert np.isfinite(found).all()
    objects["redshift"] = np.nan
    nothing = supernovae.photometric_redshifts(replace(sample, objects=objects), [rows], 0)
    assert np.isnan(nothing).all()


def test_limits_are_a_factor_of_four_either_way():
    """10^0.6 = 3.981; without a light curve's redshift all are allowed."""
    found = supernovae.limits(np.array([0.02, 0.5, np.nan]), 1.0)
    np.testing.assert_allclose(found[0], [0.02 / 3.98107, 0.02 * 3.98107], rtol=1e-5)
    assert found[1, 1] == 1.0
    assert found[2].tolist() == [0.0, 1.0]


def test_the_number_of_neighbours_is_chosen_on_validation(sample, rows):
    """Of three matches the first is always wrong, so the median of three is better than one."""
    redshift = np.repeat(sample.redshift[None, :, None], 3, axis=2)
    redshift[..., 0] = 0.9
    held = Held(np.ones((1, N, 3)), redshift)
    none = np.full(N, np.nan)
    found = supernovae.matched_redshifts(held, 0, sample.redshift, none, rows, [1, 3])
    np.testing.assert_allclose(found, sample.redshift[rows["test"]])


def test_an_object_without_a_match_has_a_redshift_too(sample, rows):
    """Two scored objects match nothing; of one the light curve gives a redshift."""
    first, second = rows["test"][:2]
    held = Held(np.ones((1, N, 1)), sample.redshift[None, :, None].copy())
    held.score[0, [first, second]] = -np.inf
    photometric = np.full(N, np.nan)
    photometric[first] = 0.03
    found = supernovae.matched_redshifts(held, 0, sample.redshift, photometric, rows, [1])
    assert found[0] == 0.03
    assert found[1] == np.median(sample.redshift[rows["train"]])
    np.testing.assert_allclose(found[2:], sample.redshift[rows["test"][2:]])

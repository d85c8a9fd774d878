"""Which templates an object meets: none of its own, none that the fold keeps out."""

import numpy as np
import pandas as pd
import pytest

from nightjar.classical import matched
from nightjar.params import PreprocessSpectra
from nightjar.ragged import Spectra

SETTINGS = PreprocessSpectra(
    threads=1, wavelength_min=3000.0, wavelength_max=10000.0, bins=256, median_width=1,
    continuum="spline", knots=13, degree=5, apodise=0.05, min_pixels=10, min_coverage=0.3,
)  # fmt: skip


def lines(kind, redshift, wavelength):
    rng = np.random.default_rng(kind)
    centre, width = rng.uniform(3600, 7500, 15), rng.uniform(40, 120, 15)
    depth = rng.normal(0, 0.3, 15)
    rest = wavelength[:, None] / (1 + redshift)
    return 3 + (depth * np.exp(-0.5 * ((rest - centre) / width) ** 2)).sum(axis=1)


@pytest.fixture
def sample():
    """Six objects: 0 and 1 are one supernova under two names (a group), like 2 of kind A; 3 and 4
    are of kind B, and of 5, of kind A, no redshift is known.  Objects 0 and 3 have two spectra."""
    kind, redshift = [7, 7, 7, 8, 8, 7], [0.02, 0.02, 0.10, 0.05, 0.20, np.nan]
    objects = pd.DataFrame(
        {"object_id": list("abcdef"), "redshift": redshift, "group": [0, 0, 1, 2, 3, 4]}
    )
    owner = np.array([0, 0, 1, 2, 3, 3, 4, 5])
    wavelength = np.linspace(3300, 9800, 700)
    z = np.nan_to_num(np.array(redshift), nan=0.07)
    rng = np.random.default_rng(0)
    flux = [lines(kind[i], z[i], wavelength) + rng.normal(0, 0.03, 700) for i in owner]
    spectra = Spectra(
        object_id=np.array([*np.array(list("abcdef"))[owner], "stranger"]),
        time=np.full(9, 58000.0),
        rest=np.zeros(9, bool),
        offsets=np.arange(10) * 700,
        wavelength=np.tile(wavelength, 9).astype(np.float32),
        flux=np.concatenate([*flux, flux[0]]).astype(np.float32),
        flux_err=np.full(9 * 700, np.nan, np.float32),
    )
    return spectra, objects, owner, np.array([0, 2, 3, 4, 6, 7])


def run(sample, allowed, limits, threads=1):
    spectra, objects, _, default = sample
    grid = matched.on_grid(spectra, objects, default, SETTINGS)
    return matched.match(
        grid, objects, allowed, limits, redshift_max=0.5, neighbours=3, threads=threads
    )


EVERY = np.ones((1, 6), bool)
FREE = np.tile([0.0, 0.5], (1, 6, 1))


def test_a_spectrum_meets_no_spectrum_of_its_own_group(sample):
    found = run(sample, EVERY, FREE)
    assert found.owner.tolist() == sample[2].tolist()  # the stranger's spectrum is left out
    group = sample[1]["group"].to_numpy()
    own = group[:, None] == group[found.owner]
    assert (found.score[own] == -np.inf).all()
    assert np.isfinite(found.score[~own & (found.owner != 5)]).all()


def test_a_template_needs_a_redshift_and_a_match_does_not(sample):
    found = run(sample, EVERY, FREE)
    assert (found.score[:, found.owner == 5] == -np.inf).all()
    assert found.held.redshift[0, 5, 0] == pytest.approx(0.07, abs=0.003)


def test_the_nearest_is_of_the_same_kind_at_the_right_redshift(sample):
    """Objects 0 and 2 of one kind find each other, 3 and 4 of the other."""
    found = run(sample, EVERY, FREE)
    nearest = found.owner[found.score.argmax(axis=1)]
    assert nearest[0] == 2
    assert nearest[2] in (0, 1)
    assert nearest[[3, 4]].tolist() == [4, 3]
    np.testing.assert_allclose(
        found.held.redshift[0, [0, 2, 3, 4], 0], [0.02, 0.1, 0.05, 0.2], atol=0.003
    )


def test_held_matches_are_of_the_allowed_objects_within_the_limits(sample):
    """Fold 0 allows objects 3 and 4 only, fold 1 all, but redshifts from 0.3 to 0.4."""
    allowed = np.array([[False] * 3 + [True] * 2 + [False], [True] * 6])
    limits = np.concatenate([FREE, np.tile([0.3, 0.4], (1, 6, 1))])
    held = run(sample, allowed, limits).held
    only = run(sample, allowed[:1], FREE)
    template = np.isin(only.owner, [3, 4])
    best = np.sort(only.score[:, template], axis=1)[:, ::-1]
    np.testing.assert_array_equal(held.score[0], best)
    known = np.isfinite(held.score[1])
    assert known.any()
    assert (np.abs(held.redshift[1][known] - 0.35) < 0.06).all()


def test_threads_change_nothing(sample):
    one, two = (run(sample, EVERY, FREE, threads) for threads in (1, 2))
    np.testing.assert_array_equal(one.score, two.score)
    np.testing.assert_array_equal(one.held.redshift, two.held.redshift)


def test_an_object_without_a_usable_spectrum_matches_nothing(sample):
    spectra, objects, owner, default = sample
    default = default.copy()
    default[2] = 8  # of another object, so that it is not on the grid
    found = run((spectra, objects, owner, default), EVERY, FREE)
    assert (found.score[2] == -np.inf).all()
    assert (found.held.score[0, 2] == -np.inf).all()

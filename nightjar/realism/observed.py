"""Objects of a sample as the two-sample tests take them: nightly points around peak, a spectrum."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar.ragged import LightCurve, Spectrum
from nightjar.samples import Sample

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BANDS = ("g", "r")  # band groups that are compared
BEFORE, AFTER = 40.0, 150.0  # rest-frame days around the brightest night that are kept
SPECTRUM_WITHIN = 20.0  # rest-frame days around the brightest night
REDSHIFTS = (0.0, 1.0)  # beyond, g sees wavelengths that no engine models
_ERROR_MAX = 0.5  # mag
_FLOOR = 0.01  # mag, smallest error of a night's mean
_NEIGHBOUR, _CLOSE = 10.0, 0.5  # days, mag: what confirms that the brightest night is no outlier


class Observed(NamedTuple):
    """One object, real or simulated."""

    object_id: str
    label: str  # class
    group: str  # objects of one group stay on one side of a split
    redshift: float
    mwebv: float  # mag, NaN where unknown
    passbands: tuple[str, str]  # raw bands behind the groups g and r
    curve: LightCurve  # nightly means, mag; band 0 is g, 1 is r
    brightest: float  # MJD
    spectrum: Spectrum | None  # wavelengths in the observer's frame

    def phase(self, time: Any) -> Any:
        """Rest-frame days since the brightest night."""
        return (time - self.brightest) / (1 + self.redshift)


def gather(sample: Sample, label: str, min_points: int, most: int) -> list[Observed]:
    """Objects of one class that can be compared, in the order of a hash of their names.

    Parameters
    ----------
    sample : with the band groups `BANDS`, in magnitudes
    label : the class
    min_points : nights in both bands together, within `BEFORE` and `AFTER` of the brightest
    most : at most so many objects, those with a spectrum near peak first
    """
    objects = sample.objects
    redshift = objects["redshift"].to_numpy(float)
    wanted = np.diff(sample.light_curves.offsets) >= min_points
    wanted &= (redshift > REDSHIFTS[0]) & (redshift < REDSHIFTS[1])
    wanted &= np.asarray(objects["class"] == label, bool)
    spectra = _rows_of_spectra(sample)
    found = [_observed(sample, int(row), spectra) for row in np.flatnonzero(wanted)]
    kept = [each for each in found if each is not None and len(each.curve.time) >= min_points]
    kept.sort(key=lambda each: (each.spectrum is None, number(each.object_id)))
    return kept[:most]


def number(object_id: str) -> int:
    """A number that belongs to the name alone, so that a twin does not depend on the sample."""
    return int(pd.util.hash_array(np.array([object_id], dtype=object))[0] >> 16)


def _rows_of_spectra(sample: Sample) -> dict[str, Ints]:
    if sample.spectra is None:
        return {}
    names = pd.Series(np.asarray(sample.spectra.object_id))
    return {str(name): np.asarray(rows) for name, rows in names.groupby(names).indices.items()}


def _observed(sample: Sample, row: int, spectra: dict[str, Ints]) -> Observed | None:
    """The object with its points about peak; None where no point is of use."""
    about = sample.objects.iloc[row]
    redshift = float(about["redshift"])
    names = sample.light_curves.bands
    code = np.array([BANDS.index(name) if name in BANDS else -1 for name in names])
    curve = nightly(sample.light_curves[row], code)
    if not len(curve.time):
        return None
    at = brightest(curve, redshift)
    phase = (curve.time - at) / (1 + redshift)
    near = (phase > -BEFORE) & (phase < AFTER)
    name = str(about["object_id"])
    return Observed(
        name,
        str(about["class"]),
        str(about.get("group", name)),
        redshift,
        float(about["mwebv"]),
        tuple(_passband(about, group) for group in BANDS),  # type: ignore[arg-type]
        LightCurve(*(column[near] for column in curve)),
        at,
        _nearest(sample, spectra.get(name, np.empty(0, np.int64)), at, redshift),
    )


def _passband(about: pd.Series, group: str) -> str:
    """The raw band that serves the group for this object (`samples.write` notes it)."""
    raw = about.get(f"band_{group}")
    return raw if isinstance(raw, str) else group


def nightly(curve: LightCurve, code: Ints) -> LightCurve:
    """Mean magnitude of each band and night, weighted with the errors.

    Parameters
    ----------
    curve : points in mag; those with errors above 0.5 mag are left out
    code : new code of each band, -1 for one that is not compared
    """
    band = code[curve.band]
    good = (band >= 0) & np.isfinite(curve.value) & (curve.error > 0) & (curve.error < _ERROR_MAX)
    time, mag = np.asarray(curve.time)[good], np.asarray(curve.value, float)[good]
    weight = 1 / np.maximum(np.asarray(curve.error, float)[good], 1e-3) ** 2
    night = np.column_stack([np.floor(time + 0.3), band[good]])
    _, which = np.unique(night, axis=0, return_inverse=True)
    which = which.ravel()
    total = np.bincount(which, weight)
    mean = [np.bincount(which, weight * column) / total for column in (time, mag, band[good])]
    error = np.maximum(1 / np.sqrt(total), _FLOOR)
    return LightCurve(mean[0], mean[1], error, np.rint(mean[2]).astype(np.int64))


def brightest(curve: LightCurve, redshift: float) -> float:
    """MJD of the brightest night that another night of its band confirms, else the brightest."""
    days = np.abs(curve.time[:, None] - curve.time) / (1 + redshift)
    same = (curve.band[:, None] == curve.band) & (days < _NEIGHBOUR)
    close = same & (np.abs(curve.value[:, None] - curve.value) < _CLOSE)
    confirmed = close.sum(axis=1) > 1
    mag = np.where(confirmed, curve.value, np.inf) if confirmed.any() else curve.value
    return float(curve.time[np.argmin(mag)])


def _nearest(sample: Sample, rows: Ints, at: float, redshift: float) -> Spectrum | None:
    """The spectrum nearest to the brightest night, in the observer's frame; None if none is near.

    Spectra without a time are left out.
    """
    if sample.spectra is None or not len(rows):
        return None
    phase = np.abs(np.asarray(sample.spectra.time)[rows] - at) / (1 + redshift)
    phase = np.nan_to_num(phase, nan=np.inf)
    if phase.min() > SPECTRUM_WITHIN:
        return None
    spectrum = sample.spectra[int(rows[phase.argmin()])]
    stretch = 1 + redshift if spectrum.rest else 1.0
    wavelength = np.asarray(spectrum.wavelength, float) * stretch
    return spectrum._replace(wavelength=wavelength, rest=False)

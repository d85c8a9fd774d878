"""Template matching: cross-correlation of spectra in log wavelength, over redshift.

On a grid of equal steps in ln(wavelength) a redshift is a shift, so one Fourier transform gives a
spectrum's correlation with a template at all redshifts (Tonry & Davis 1979; for supernovae SNID,
Blondin & Tonry 2007).  As there, spectra are divided by their continuum and tapered, and a match
is good that is high *and* rests on a long overlap.  All templates are correlated at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from nightjar.spectra.continuum import first_and_last

Singles = NDArray[np.float32]
Bools = NDArray[np.bool_]

MIN_OVERLAP = 0.4  # in ln(wavelength), as SNID's default
FULL_OVERLAP = 1.0  # more than this, a factor of e, makes no match better
SMALLEST = 1e-9  # of a sum of squares: a template without any line has no correlation


class Matches(NamedTuple):
    """One spectrum against m templates."""

    score: Singles  # (m,) -inf where the overlap is too short at every redshift allowed
    redshift: Singles  # (m,) of the spectrum, had it been this template


class Correlations(NamedTuple):
    """Scores of one spectrum against m templates at k redshifts.

    Column j of row i is the redshift exp((j + ``fraction[i]``) * step) - 1.
    """

    score: Singles  # (m, k) -inf where the overlap is too short
    fraction: Singles  # (m,) -0.5 to 0.5
    step: float

    def best(self, lowest: float, highest: float) -> Matches:
        """The best redshift per template between two limits; its fraction of a step by a parabola.

        Limits count in whole steps; where they are narrower than one, one is looked at.
        """
        first, last = (np.log1p(limit) / self.step for limit in (lowest, highest))
        first = min(max(int(np.ceil(first)), 0), self.score.shape[1] - 1)
        last = min(max(int(last), first), self.score.shape[1] - 1)
        place = first + self.score[:, first : last + 1].argmax(axis=1)
        row = np.arange(len(self.score))
        shift = (place + _vertex(self.score, row, place) + self.fraction) * self.step
        redshift = np.maximum(np.expm1(shift), 0.0)
        return Matches(self.score[row, place], redshift.astype(np.float32))


class Templates:
    """Spectra of known redshift, ready to be correlated with others on the same grid.

    Parameters
    ----------
    flux : (m, n) flux / continuum - 1 in the observer's frame, 0 where not valid
    valid : (m, n)
    redshift : (m,) of the templates' objects, all known
    step : ln of the ratio of neighbouring wavelengths
    redshift_max : highest redshift to look at

    Notes
    -----
    The score is r sqrt(overlap): r is the correlation coefficient of what both cover, without
    subtracting means (the continuum took them), and the overlap is the length of that in
    ln(wavelength).  By chance |r| goes as one over the root of the number of independent pixels,
    so equal scores are equally unlikely.  (SNID takes r times overlap, with another r.)
    """

    def __init__(
        self, flux: Singles, valid: Bools, redshift: NDArray, step: float, redshift_max: float
    ) -> None:
        bins = np.log1p(np.asarray(redshift, np.float64)) / step
        self.step = step
        self._shift = np.rint(bins).astype(np.int32)[:, None]
        self._fraction = (bins - self._shift[:, 0]).astype(np.float32)
        self._shifts = np.arange(int(np.log1p(redshift_max) / step) + 2, dtype=np.int32)
        longest = flux.shape[1] + max(len(self._shifts), int(self._shift.max(initial=0)))
        self._size = fft.next_fast_len(longest + 1, real=True)
        turn = np.exp(2j * np.pi * np.fft.rfftfreq(self._size) * -self._shift)
        self._transform = np.conj(self._transformed(flux)) * turn.astype(np.complex64)
        self._start, self._stop = _coverage(valid)
        self._power = _cumulative(flux)

    def correlate(self, flux: Singles, valid: Bools) -> Correlations:
        """Scores of one spectrum, (n,) each, against all templates at all redshifts."""
        product = self._transform * self._transformed(flux[None])
        product = fft.irfft(product, self._size, axis=1, overwrite_x=True)
        product = product[:, : len(self._shifts)]  # (m, k): sum of template x spectrum shifted
        start, stop = (end[0, 0] for end in _coverage(valid[None]))
        lag = self._shifts - self._shift  # (m, k) bins from the template to the spectrum
        first = np.maximum(self._start, start - lag)  # (m, k) overlap, in bins of the template
        end = np.maximum(np.minimum(self._stop, stop - lag), first)
        first, end = np.minimum(first, len(flux)), np.minimum(end, len(flux))
        row = np.arange(len(lag), dtype=np.int32)[:, None] * np.int32(len(flux) + 1)
        power = np.take(self._power, row + end) - np.take(self._power, row + first)
        own = _cumulative(flux[None])[0]
        lag = np.where(end > first, lag, -first)  # no overlap: no flux, wherever that is
        power *= np.take(own, end + lag) - np.take(own, first + lag)
        overlap = (end - first).astype(np.float32) * np.float32(self.step)
        score = product * np.sqrt(np.minimum(overlap, FULL_OVERLAP) / np.maximum(power, SMALLEST))
        score[overlap < MIN_OVERLAP] = -np.inf
        return Correlations(score, self._fraction, self.step)

    def _transformed(self, flux: Singles) -> NDArray[np.complex64]:
        return fft.rfft(np.asarray(flux, np.float32), self._size, axis=1)


def _coverage(valid: Bools) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """First bin covered and the one after the last, (m, 1) each."""
    first, last = first_and_last(valid)
    return first[:, None].astype(np.int32), (last + 1)[:, None].astype(np.int32)


def _cumulative(flux: Singles) -> Singles:
    """Sum of the squares of all bins before each edge, (m, n + 1)."""
    power = np.zeros((flux.shape[0], flux.shape[1] + 1), np.float32)
    power[:, 1:] = np.cumsum(np.square(flux, dtype=np.float64), axis=1)
    return power


def _vertex(
    score: Singles, row: NDArray[np.integer], place: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Bins from a maximum to the vertex of the parabola through it and its neighbours.

    0 at an edge, beside a gap, and where ``place`` is no maximum.
    """
    inner = np.clip(place, 1, score.shape[1] - 2)
    before, top, after = (score[row, inner + d].astype(np.float64) for d in (-1, 0, 1))
    good = (inner == place) & np.isfinite(before) & np.isfinite(after)
    good &= (top >= before) & (top >= after) & (2 * top > before + after)
    before, top, after = (
        np.where(good, y, fill) for y, fill in ((before, 0), (top, 1), (after, 0))
    )
    return (before - after) / (2 * (before - 2 * top + after))

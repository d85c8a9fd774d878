"""The chain from raw spectra to what a network reads, and the count of those it cannot use."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nightjar.errors import InputError
from nightjar.params import PreprocessSpectra
from nightjar.spectra.continuum import divisor, first_and_last, fit
from nightjar.spectra.pixels import Bools, Floats, Ints, Pixels, blocks, clean
from nightjar.spectra.rebin import Rebinned, rebin

if TYPE_CHECKING:
    from nightjar.ragged import Spectra

REASONS = (
    "",  # kept
    "spectra_rest_without_redshift",
    "spectra_too_few_pixels",
    "spectra_no_overlap",
    "spectra_too_little_coverage",
    "spectra_flux_zero",
    "spectra_continuum_not_positive",
)
KEPT, NO_REDSHIFT, FEW_PIXELS, NO_OVERLAP, LITTLE_COVERAGE, FLUX_ZERO, NOT_POSITIVE = range(7)


class Processed(NamedTuple):
    """Preprocessed spectra; row i came from row ``row[i]`` of the input."""

    flux: NDArray[np.float32]  # (m, bins) flux / continuum - 1, tapered; 0 where not valid
    flux_err: NDArray[
        np.float32
    ]  # (m, bins) of ``flux``; 0 where not valid, NaN where valid but unknown
    valid: Bools  # (m, bins) True = observed
    row: Ints  # (m,) ascending


def preprocess(
    spectra: Spectra, redshift: ArrayLike, settings: PreprocessSpectra
) -> tuple[Processed, Counter[str]]:
    """Median filter, log-wavelength rebinning, continuum division and apodisation.

    Parameters
    ----------
    spectra : ragged spectra of any number, wavelengths in Angstrom, flux per Angstrom in any unit
    redshift : (n,) of each spectrum's object, NaN if unknown; read only where ``spectra.rest``
    settings : the grid and the widths

    Returns
    -------
    processed : the spectra kept, in the order of the input
    drops : spectra by reason: ``spectra_rest_without_redshift``, ``spectra_too_few_pixels``,
        ``spectra_no_overlap``, ``spectra_too_little_coverage``, ``spectra_flux_zero``,
        ``spectra_continuum_not_positive`` (on half of the coverage or more); and pixels, as
        ``pixels_not_finite``

    Raises
    ------
    InputError
        ``redshift`` has not one entry per spectrum.

    Notes
    -----
    Everything is done in the observer's frame.  The result does not depend, to the last bit, on
    the other spectra of the chunk; it depends on the unit of the flux only through rounding.

    Errors go through every step as the linear operation that it is, those of the median filter as
    in ``median.variance_factor``.  Three things are left out: the uncertainty of the continuum
    (``knots`` + 2 coefficients from about 1000 bins: 1 to 2 per cent of the variance), the
    covariance of neighbouring bins, and noise that was correlated from the start.
    """
    redshift = np.asarray(redshift, np.float64)
    count = len(spectra.offsets) - 1
    if redshift.shape != (count,):
        raise InputError(f"redshift: shape {redshift.shape}; give one for each of {count} spectra")
    pixels, drops = clean(spectra, redshift)
    reason = _unusable(pixels, settings)
    flux = np.zeros((count, settings.bins), np.float32)
    flux_err = np.zeros((count, settings.bins), np.float32)
    valid = np.zeros((count, settings.bins), bool)
    for block in blocks(pixels, np.flatnonzero(reason == KEPT), settings.median_width // 2):
        rebinned = rebin(block, settings)
        reason[block.row] = _unusable_on_grid(rebinned, settings)
        good = reason[block.row] == KEPT
        if not good.any():
            continue
        rows, rebinned = block.row[good], rebinned.select(good)
        valid[rows] = rebinned.valid
        flux[rows], flux_err[rows], positive = _divide(rebinned, settings)
        reason[rows[~positive]] = NOT_POSITIVE
    row = np.flatnonzero(reason == KEPT)
    drops.update({REASONS[code]: int((reason == code).sum()) for code in np.unique(reason) if code})
    if row.size == count:  # nothing dropped: no copies
        return Processed(flux, flux_err, valid, row), drops
    return Processed(flux[row], flux_err[row], valid[row], row), drops


def _unusable(pixels: Pixels, settings: PreprocessSpectra) -> NDArray[np.int8]:
    """Reasons that show before rebinning, (n,) codes; two pixels are the least that have edges."""
    few = pixels.length < max(settings.min_pixels, 2)
    unknown = ~((pixels.stretch > 0) & np.isfinite(pixels.stretch))
    return np.select([unknown, few], [NO_REDSHIFT, FEW_PIXELS], KEPT).astype(np.int8)


def _unusable_on_grid(rebinned: Rebinned, settings: PreprocessSpectra) -> NDArray[np.int8]:
    """Reasons that show on the grid, (rows,) codes."""
    covered = rebinned.valid.sum(axis=1)
    conditions = [
        covered == 0,
        covered < settings.min_coverage * settings.bins,
        ~rebinned.flux.any(axis=1),
    ]
    return np.select(conditions, [NO_OVERLAP, LITTLE_COVERAGE, FLUX_ZERO], KEPT).astype(np.int8)


def _divide(rebinned: Rebinned, settings: PreprocessSpectra) -> tuple[Floats, Floats, Bools]:
    """Flux and error over the continuum, and whether that is positive over most of the coverage.

    The division by the continuum and the subtraction of 1 take out distance, dust and flux
    calibration, and leave lines about zero, so that outside the coverage 0 means "no line".
    """
    flux, valid, variance = rebinned.flux, rebinned.valid, rebinned.variance
    continuum = fit(flux, valid, settings)
    positive = 2 * ((continuum > 0) & valid).sum(axis=1) > valid.sum(axis=1)
    scale = 1 / divisor(continuum, flux, valid, settings)
    weight = _taper(valid, settings.apodise)
    flux *= scale
    flux -= 1
    flux *= weight
    if variance is None:
        return flux, np.where(valid, np.nan, 0.0), positive
    error = np.sqrt(variance)
    error *= scale
    error *= weight
    error[~valid] = 0.0
    return flux, np.minimum(error, np.finfo(np.float32).max), positive


def _taper(valid: Bools, fraction: float) -> Floats:
    """Cosine bell over ``fraction`` of the covered range at either end; 0 where not valid.

    It takes away the step at the end of the coverage.  A bin's own centre is half a bin inside, so
    no valid bin is multiplied by zero and its error stays positive.
    """
    first, last = (end[:, None] for end in first_and_last(valid))
    bins = np.arange(valid.shape[1])
    phase = np.minimum(bins - first, last - bins) + 0.5
    phase /= np.maximum(fraction * (last - first + 1), 0.5)
    weight = valid.astype(np.float64)
    end = valid & (phase < 1)
    weight[end] = 0.5 - 0.5 * np.cos(np.pi * phase[end])
    return weight

"""Continuum of blocks of spectra on the grid: least-squares spline or polynomial."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nightjar.params import PreprocessSpectra
from nightjar.spectra.pixels import Bools, Floats, Ints

# Weight of the third differences of the spline's coefficients (Eilers & Marx 1996), in bins.  It
# decides what the data leave open (knots beyond the coverage, inside a hole, or with a few bins at
# the red end: the spline goes on as a parabola) and calms the ends.  Measured with
# benchmarks/preprocessing.py: 0.1 takes a quarter off the continuum's error on spectra with lines,
# and bends a power law of slope 4 by 0.2 per cent at its ends, far less elsewhere.
STIFFNESS = 0.1
RIDGE = 1e-9  # keeps the equations solvable where a spectrum has fewer bins than coefficients
# Where the continuum vanishes, the quotient means nothing and would grow without limit.  So the
# divisor is never below this part of the spectrum's mean absolute flux: a hot spectrum (the fourth
# power of frequency) from 3500 to 10000 Angstrom stays above it everywhere ...
FLOOR = 0.05
# ... nor below this part of the local mean absolute flux, which differs from the continuum only
# where a good part of the flux is negative: noise, or an oversubtracted host.  Noise without any
# continuum then comes out with a standard deviation of 2.5.
NOISE = 0.5


def first_and_last(valid: Bools) -> tuple[Ints, Ints]:
    """First and last valid bin of every row, (rows,) each."""
    first = np.argmax(valid, axis=1)
    last = valid.shape[1] - 1 - np.argmax(valid[:, ::-1], axis=1)
    return first, last


def fit(flux: Floats, valid: Bools, settings: PreprocessSpectra) -> Floats:
    """Least-squares continuum of every row, every valid bin with the same weight.

    Parameters
    ----------
    flux : (rows, bins), 0 where not valid
    valid : (rows, bins), at least one per row

    Returns
    -------
    (rows, bins) : meaningless outside the coverage
    """
    if settings.continuum == "spline":
        return _spline(flux, valid, settings.knots)
    return _polynomial(flux, valid, settings.degree)


def divisor(continuum: Floats, flux: Floats, valid: Bools, settings: PreprocessSpectra) -> Floats:
    """The continuum, but not less than what noise allows, (rows, bins), > 0 where flux is not 0."""
    size = np.abs(flux)
    floor = FLOOR * size.sum(axis=1) / valid.sum(axis=1)
    safe: Floats = np.maximum(continuum, floor[:, None])
    negative = (flux < 0).any(axis=1)  # elsewhere the absolute flux has the same continuum
    if negative.any():
        local = fit(size[negative], valid[negative], settings)
        safe[negative] = np.maximum(safe[negative], NOISE * local)
    return safe


def _spline(flux: Floats, valid: Bools, knots: int) -> Floats:
    """Uniform cubic B-spline whose ``knots`` would span the whole grid.

    The knots start at the first valid bin and keep their distance whatever the coverage: a line
    of given velocity is treated alike in every spectrum, and a spectrum shifted by whole bins has
    its continuum shifted by whole bins.
    """
    rows, bins = flux.shape
    intervals = knots - 1
    size = -(-bins // intervals)  # bins per interval; the last interval may end beyond the grid
    basis = _cubic_basis(size)  # (size, 4): the same in every interval
    first = first_and_last(valid)[0][:, None]
    places = first + np.arange(intervals * size)  # bins, counted from the first valid one
    taken = np.minimum(places, bins - 1) + np.arange(rows)[:, None] * bins
    weights = np.where(places < bins, np.take(valid, taken), 0.0)
    values = weights * np.take(flux, taken)
    pairs = (basis[:, :, None] * basis[:, None, :]).reshape(size, 16)
    squares = weights.reshape(rows, intervals, size) @ pairs
    moments = values.reshape(rows, intervals, size) @ basis
    windows = sliding_window_view(_solve_spline(squares, moments), 4, axis=1)
    curve = np.ascontiguousarray(windows) @ basis.T  # (rows, intervals, size)
    back = np.maximum(np.arange(bins) - first, 0) + np.arange(rows)[:, None] * (intervals * size)
    continuum: Floats = np.take(curve, back)
    return continuum


def _cubic_basis(size: int) -> Floats:
    """The four uniform cubic B-splines that overlap an interval, at the centres of its bins."""
    t = (np.arange(size) + 0.5) / size
    pieces = [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]
    return np.stack(pieces, axis=1) / 6


def _solve_spline(squares: Floats, moments: Floats) -> Floats:
    """Coefficients, (rows, intervals + 3), from the sums over each interval.

    ``squares`` (rows, intervals, 16) and ``moments`` (rows, intervals, 4) add up to the normal
    equations; to them comes the penalty on third differences.
    """
    rows, intervals, _ = moments.shape
    count = intervals + 3
    bend = np.diff(np.eye(count), n=3, axis=0)
    normal = np.empty((rows, count, count))
    normal[:] = STIFFNESS * bend.T @ bend + RIDGE * np.eye(count)
    right = np.zeros((rows, count, 1))
    for i in range(intervals):
        normal[:, i : i + 4, i : i + 4] += squares[:, i].reshape(rows, 4, 4)
        right[:, i : i + 4, 0] += moments[:, i]
    solution: Floats = np.linalg.solve(normal, right)[:, :, 0]
    return solution


def _polynomial(flux: Floats, valid: Bools, degree: int) -> Floats:
    """Polynomial in the logarithm of the wavelength, over each spectrum's own coverage."""
    basis = _legendre(valid, degree)  # (rows, degree + 1, bins)
    seen = basis * valid[:, None, :]
    normal = seen @ seen.transpose(0, 2, 1) + RIDGE * np.eye(degree + 1)
    right = seen @ flux[:, :, None]
    solution = np.linalg.solve(normal, right)
    continuum: Floats = (solution.transpose(0, 2, 1) @ basis)[:, 0]
    return continuum


def _legendre(valid: Bools, degree: int) -> Floats:
    """Legendre polynomials up to ``degree``, from -1 at the first valid bin to 1 at the last."""
    first, last = (end[:, None] for end in first_and_last(valid))
    x = (2 * np.arange(valid.shape[1]) - first - last) / np.maximum(last - first, 1)
    x = np.clip(x, -1, 1)  # outside the coverage nothing is fitted and nothing read
    basis = np.ones((valid.shape[0], degree + 1, valid.shape[1]))
    for n in range(1, degree + 1):
        before = basis[:, n - 2] if n > 1 else 0.0
        basis[:, n] = ((2 * n - 1) * x * basis[:, n - 1] - (n - 1) * before) / n
    return basis

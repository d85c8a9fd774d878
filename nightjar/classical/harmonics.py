"""Least squares of a Fourier series to a light curve, at many frequencies at once.

The series is y = sum_k c_k exp(2 pi i k f t), k = -H ... H.  Its normal equations need only the
sums S_k = sum w exp(2 pi i k f t) and Y_k, the same with w y: the matrix is Toeplitz,
G_jk = S_(k-j), and the right-hand side is Y_(-j).  To G_kk comes RIDGE k^2, weights adding up to
1: a weak preference for smooth curves, which keeps the series finite where a gap in phase (a
season's, for a period of a year) leaves it free, and where points are few.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

RIDGE = 1e-3


class Series(NamedTuple):
    """Fourier series of F frequencies with H harmonics.

    Attributes
    ----------
    frequency : (F,) cycles per day
    coefficients : (F, H + 1) complex mag, c_0 ... c_H; c_(-k) is the conjugate of c_k
    explained : (F,) share of the weighted variance that the series explains
    """

    frequency: Floats
    coefficients: Complexes
    explained: Floats

    def best(self) -> Series:
        """The one frequency, (1,), that explains most; the first among equals."""
        top = np.argmax(self.explained, keepdims=True)
        return Series(self.frequency[top], self.coefficients[top], self.explained[top])

    def amplitudes(self) -> Floats:
        """Semi-amplitudes of the harmonics 1 ... H, (F, H) mag: 2 |c_k|."""
        return 2 * np.abs(self.coefficients[:, 1:])

    def relative_phases(self) -> Floats:
        """phi_k1 = phi_k - k phi_1 for k = 2 ... H, (F, H - 1) radians, not wrapped.

        As Simon and Lee (1981, ApJ 248, 291) take them, for magnitudes as sums of cosines
        A_k cos(2 pi k f t + phi_k); they do not depend on where time begins.
        """
        phase = np.angle(self.coefficients[:, 1:])
        order = np.arange(2, phase.shape[1] + 1)
        return phase[:, 1:] - order * phase[:, :1]

    def curve(self, phases: int) -> Floats:
        """Magnitudes, relative to the mean, at phases 0, 1 / phases, ...; (F, phases)."""
        order = np.arange(1, self.coefficients.shape[1])
        waves = np.exp(2j * np.pi * np.outer(order, np.arange(phases) / phases))
        return 2 * (self.coefficients[:, 1:] @ waves).real


def fit(time: Floats, mag: Floats, weight: Floats, frequency: ArrayLike, harmonics: int) -> Series:
    """Fit a series with so many harmonics at each frequency.

    Parameters
    ----------
    time : (n,) days, from about 0 (phases lose digits otherwise)
    mag : (n,) mag, not all the same
    weight : (n,) above 0, any scale
    frequency : (F,) cycles per day
    """
    frequency = np.atleast_1d(np.asarray(frequency, np.float64))
    weight = weight / weight.sum()
    centred = mag - weight @ mag
    of_weight, of_mag = _sums(time, centred, weight, frequency, harmonics)
    order = np.arange(-harmonics, harmonics + 1)
    every = np.concatenate([of_weight[:, :0:-1].conj(), of_weight], axis=1)  # lags -2H ... 2H
    matrix = every[:, order[None, :] - order[:, None] + 2 * harmonics]  # (F, 2H + 1, 2H + 1)
    matrix = matrix + np.diag(RIDGE * order.astype(float) ** 2)
    right = np.concatenate([of_mag[:, ::-1], of_mag[:, 1:].conj()], axis=1)
    solved = np.linalg.solve(matrix, right[..., None])[..., 0]
    explained = np.sum(right.conj() * solved, axis=1).real / (weight @ centred**2)
    return Series(frequency, solved[:, harmonics:], explained)


def _sums(
    time: Floats, mag: Floats, weight: Floats, frequency: Floats, harmonics: int
) -> tuple[Complexes, Complexes]:
    """S_k for k = 0 ... 2H, (F, 2H + 1), and Y_k for k = 0 ... H, (F, H + 1)."""
    wave = np.exp(2j * np.pi * np.outer(frequency, time))
    power = np.ones_like(wave)
    of_weight = np.empty((len(frequency), 2 * harmonics + 1), np.complex128)
    of_mag = np.empty((len(frequency), harmonics + 1), np.complex128)
    for k in range(2 * harmonics + 1):
        of_weight[:, k] = power @ weight
        if k <= harmonics:
            of_mag[:, k] = power @ (weight * mag)
        power *= wave
    return of_weight, of_mag

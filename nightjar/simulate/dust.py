"""Extinction by dust (Cardelli, Clayton & Mathis 1989, ApJ 345, 245: CCM89)."""

from __future__ import annotations

import numpy as np

from nightjar.simulate.randomness import Floats

_OPTICAL_A = (1.0, 0.17699, -0.50447, -0.02427, 0.72085, 0.01979, -0.77530, 0.32999)
_OPTICAL_B = (0.0, 1.41338, 2.28305, 1.07233, -5.38434, -0.62251, 5.30260, -2.09002)


def ccm89(wavelength: Floats | float, r_v: Floats | float = 3.1) -> Floats:
    """A(wavelength) / A(V).

    Parameters
    ----------
    wavelength : Angstrom, 1250 to 33000 (equations 2a to 4b; x = 1 / wavelength in 1/micron)
    r_v : A(V) / E(B-V), broadcast against ``wavelength``

    Returns
    -------
    array of the broadcast shape
    """
    x = 1e4 / np.asarray(wavelength, dtype=np.float64)
    y = x - 1.82
    optical_a = _polynomial(_OPTICAL_A, y)
    optical_b = _polynomial(_OPTICAL_B, y)
    far = np.maximum(x - 5.9, 0.0)
    bend_a = far**2 * (-0.04473 - 0.009779 * far)
    bend_b = far**2 * (0.2130 + 0.1207 * far)
    ultraviolet_a = 1.752 - 0.316 * x - 0.104 / ((x - 4.67) ** 2 + 0.341) + bend_a
    ultraviolet_b = -3.090 + 1.825 * x + 1.206 / ((x - 4.62) ** 2 + 0.263) + bend_b
    a = np.where(x < 1.1, 0.574 * x**1.61, np.where(x < 3.3, optical_a, ultraviolet_a))
    b = np.where(x < 1.1, -0.527 * x**1.61, np.where(x < 3.3, optical_b, ultraviolet_b))
    return a + b / r_v


def transmission(wavelength: Floats | float, ebv: Floats, r_v: Floats | float = 3.1) -> Floats:
    """Fraction of light that passes dust of colour excess ``ebv`` (mag); shapes broadcast."""
    return 10 ** (-0.4 * ebv * r_v * ccm89(wavelength, r_v))


def _polynomial(coefficients: tuple[float, ...], y: Floats) -> Floats:
    total = np.full_like(y, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * y + coefficient
    return total

"""Spectrographs: wavelengths, resolution, noise, and the light of the host in the slit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nightjar.simulate.randomness import Floats

_SIGMA = 2 * np.sqrt(2 * np.log(2))  # full width at half maximum over standard deviation


@dataclass(frozen=True)
class Spectrograph:
    """An instrument with evenly spaced pixels.

    Attributes
    ----------
    wavelength_min, wavelength_max : Angstrom, middle of the first and the last pixel
    resolution : R, wavelength over the full width at half maximum of a narrow line
    pixels : their number
    """

    wavelength_min: float
    wavelength_max: float
    resolution: float
    pixels: int

    @property
    def wavelength(self) -> Floats:
        """Middles of the pixels in Angstrom, (pixels,)."""
        return np.linspace(self.wavelength_min, self.wavelength_max, self.pixels)

    @property
    def line_spread(self) -> float:
        """Standard deviation of a narrow line in Angstrom, at the middle of the range.

        One value for the range: supernova lines are broader than this but for the narrow ones of a
        SN IIn, and the spread differs from it by less than half at the ends of an optical range.
        """
        return (self.wavelength_min + self.wavelength_max) / 2 / self.resolution / _SIGMA

    def noise(self, perfect: Floats, snr: Floats) -> Floats:
        """Flux errors, (spectra, pixels), whose median signal-to-noise ratio is ``snr``.

        Sky and source share the variance evenly at the median flux; the ends of the range, where
        the throughput falls, are up to three times noisier.

        Parameters
        ----------
        perfect : (spectra, pixels); snr : (spectra,) per pixel
        """
        wave = self.wavelength
        middle = np.median(perfect, axis=1, keepdims=True)
        edge = 1 + 2 * np.exp(-(wave - wave[0]) / 350) + 1.5 * np.exp(-(wave[-1] - wave) / 300)
        shape = edge * np.sqrt(0.5 + 0.5 * perfect / middle)
        ratio = np.median(perfect / (middle * shape), axis=1, keepdims=True)
        return middle * shape * ratio / snr[:, None]


# Blagorodnova+2018, PASP 130, 035003: an integral-field unit of R about 100.
SEDM = Spectrograph(3700.0, 9200.0, 100.0, 220)


def host_spectrum(wavelength: Floats) -> Floats:
    """A galaxy's light relative to 6000 Angstrom, rest frame: 4000 Angstrom break, H II lines."""
    step = 1 / (1 + np.exp(-(wavelength - 4000) / 60))
    light = (0.35 + 0.65 * step) * (wavelength / 6000) ** 0.3
    for line, height in ((6563, 0.35), (5007, 0.15), (4861, 0.10), (3727, 0.30), (5175, -0.06)):
        light = light + height * np.exp(-0.5 * ((wavelength - line) / 28) ** 2)
    return light

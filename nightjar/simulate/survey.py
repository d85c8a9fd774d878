"""The two surveys: a ZTF-like camera with a spectrograph, before and after selection for follow-up.

The numbers are tuned to public ZTF photometry of SNe Ia (1329 objects with 4 points in g and in r,
brighter than 18.5 mag; `tests/simulate/test_cadence.py` holds it).  Medians, real and simulated:
points per object 19 and 21; nights between points of a band 3.1 and 3.1; error 0.092 and 0.099 mag;
share of gaps beyond 6.5 nights 0.22 and 0.19.  Nothing here is about the explosions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nightjar.simulate.randomness import Floats

_GIVEN = (4780.0, 6430.0)  # Angstrom, mean wavelengths of ZTF g and r


@dataclass(frozen=True)
class Survey:
    """How events are observed.

    Attributes
    ----------
    selected : mag of the brightest detection below which an event is taken, or None
    depth : median 5 sigma limits of a visit in g and r without moon or clouds, mag (Bellm+2019,
        PASP 131, 018002: 20.8 and 20.6 in the science image)
    electron : mag in g and r whose flux has the photon noise of one electron in a visit of median
        depth, with what imperfect subtraction adds: 6.2 electrons per count and a zero point of
        26.3 (Masci+2019, PASP 131, 018003; Dekany+2020) alone would give 28.3
    floor : mag, scatter of the calibration, which the errors include
    claimed : errors that the survey claims over the true scatter.  Neighbouring points of the real
        light curves scatter half as much as their errors say
    intervals : shares of fields that are visited every 1, 2, 3, ... nights in each band
    missed : mean share of planned visits that are not made though the night is clear
    together : share of visits in one band with the other in the same night
    contamination : mean host light over supernova light in the spectrum at 6000 Angstrom
    snr_scatter : scatter (log) of the signal-to-noise ratio between spectra
    spectrum : "rise", any time from explosion to peak, or "peak", around it
    """

    name: str
    selected: float | None
    depth: tuple[float, float]
    electron: tuple[float, float]
    floor: float
    claimed: float
    intervals: tuple[float, ...]
    missed: float
    together: float
    contamination: float
    snr_scatter: float
    spectrum: Literal["rise", "peak"]

    @staticmethod
    def in_band(pair: tuple[float, float], wavelength: Floats | float) -> Floats:
        """What is given for g and r, at the mean wavelength of some band in Angstrom."""
        return np.asarray(np.interp(wavelength, _GIVEN, pair))


SURVEYS = {
    "pretraining": Survey(
        "pretraining",
        selected=None,
        depth=(20.75, 20.3),
        electron=(26.3, 26.6),
        floor=0.011,
        claimed=1.0,
        intervals=(0.03, 0.3, 0.67),
        missed=0.38,
        together=0.65,
        contamination=0.0,
        snr_scatter=0.0,
        spectrum="rise",
    ),
    "observed": Survey(
        "observed",
        selected=18.5,
        depth=(20.75, 20.3),
        electron=(24.8, 25.1),
        floor=0.022,
        claimed=2.0,
        intervals=(0.03, 0.3, 0.67),
        missed=0.38,
        together=0.65,
        contamination=0.12,
        snr_scatter=0.3,
        spectrum="peak",
    ),
}

"""Volumetric rates of each kind, and the class fractions that a magnitude-limited survey sees."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from nightjar.simulate import cosmology
from nightjar.simulate import populations as pop
from nightjar.simulate.randomness import draws

# Events per Gpc^3 and year nearby (h = 0.7).  SN Ia and all core collapse: Perley+2020 (ApJ 904,
# 35).  The share of each core-collapse type is that of the volume-limited Lick sample (Shivvers+
# 2017, PASP 129, 054201, table 3): 69.6 % have hydrogen lines, of which 6.7 % are IIn; 30.4 % are
# stripped, of which 35.6 % Ib and 24.7 % Ic.  IIb come on top of Ib, and Ic-BL on top of Ic, with
# the shares that `populations` draws.  SLSN-I: Frohmaier+2021 (MNRAS 500, 5142), 35 (+25, -13).
_COLLAPSE = 1.01e5
LOCAL = {
    "SN Ia": 2.35e4,
    "SN II": _COLLAPSE * 0.696 * (1 - 0.067),
    "SN IIn": _COLLAPSE * 0.696 * 0.067,
    "SN Ib": _COLLAPSE * 0.304 * 0.356 / (1 - pop.FRACTION_IIB),
    "SN Ic": _COLLAPSE * 0.304 * 0.247 / (1 - pop.FRACTION_BL),
    "SLSN-I": 35.0,
}
# What the ZTF Bright Transient Survey classified down to 18.5 mag (Fremling+2020, ApJ 895, 32;
# Perley+2020), among the classes simulated here: the mock observed sample has these fractions.
BTS = {"SN Ia": 0.72, "SN II": 0.17, "SN Ib/c": 0.05, "SN IIn": 0.04, "SLSN-I": 0.02}
_ROWS = 2048  # times `populations.CANDIDATES` draws of the luminosity function


@lru_cache(maxsize=64)
def yearly(kind: str, population: pop.Population, limit: float) -> float:
    """Events a year on the whole sky that peak brighter than ``limit`` mag in blue light.

    The integral over the luminosity function and the host's dust of the comoving volume within
    which an event is that bright, times the rate R(z) / (1 + z): R0 (1 + z)^1.5 for SN Ia, the
    star-formation history for massive stars (`cosmology.cumulative_rate`).

    Parameters
    ----------
    kind : a name of `populations.KINDS`
    population : its luminosity function and dust
    limit : mag
    """
    random = draws(0, "rates", np.arange(_ROWS), pop.LATENT_UNIFORMS, pop.LATENT_NORMALS)
    candidates = random.normal[:, : 3 * pop.CANDIDATES].reshape(_ROWS, 3, pop.CANDIDATES)
    bright, ebv, _, _ = pop.intrinsic(kind, population, candidates, random.uniform)
    r_v = pop.mean_host_rv(kind)
    most = cosmology.reach(bright + (r_v + 1) * ebv, limit, cosmology.NEAREST)
    history = pop.KINDS[kind].history
    volume = cosmology.events(most, history) / cosmology.evolution(history, np.zeros(1))
    return LOCAL[kind] * 1e-9 * 4 * np.pi * float(volume.mean())


def fractions(
    population: pop.Population, limits: tuple[float, float] | None = None
) -> dict[str, float]:
    """Fraction of each class among the events to the population's magnitude limit.

    Parameters
    ----------
    limits : bright and faint end; the mean over surveys to these and to their mean, which differ
        by a few percent: the fraction of SNe Ia is 0.73 to 13 mag and 0.70 to 20.5 mag
    """
    if limits is None:
        return _fractions(population, population.limit)
    each = [_fractions(population, float(limit)) for limit in np.linspace(*limits, 3)]
    return {name: float(np.mean([one[name] for one in each])) for name in pop.CLASSES}


def _fractions(population: pop.Population, limit: float) -> dict[str, float]:
    number = {kind: yearly(kind, population, limit) for kind in pop.KINDS}
    number["SN Ib/c"] = number.pop("SN Ib") + number.pop("SN Ic")
    total = sum(number.values())
    return {name: number[name] / total for name in pop.CLASSES}

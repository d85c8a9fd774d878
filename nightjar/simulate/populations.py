"""Populations of supernovae: what is drawn for each class, and how the observed sample differs.

References of the numbers, per class:

- absolute magnitudes M_B without dust: Richardson+2014 (AJ 147, 118) for SN II, Ib, Ic, IIn, with
  two thirds of the scatter found there (normal events); SN Ia from the Tripp relation with alpha
  0.14, x1 ~ N(0, 1), intrinsic colour N(-0.084, 0.042), beta 2.0 and exponential dust of mean 0.10
  (Brout & Scolnic 2021, ApJ 909, 26); SLSN-I from De Cia+2018 (ApJ 860, 100), Chen+2023;
- time scales: diffusion times from Scalzo+2014 (Ia), Lyman+2016 and Taddia+2018 (Ib/c),
  Nicholl+2017 (SLSN-I); plateaus from Anderson+2014 (ApJ 786, 67); IIn from Nyholm+2020;
- velocities: Wang+2009 (Ia: normal and high-velocity), Liu+2016 (Ib/c), Gutierrez+2017 (II),
  Quimby+2018 (SLSN-I); host dust of core collapse: Prentice+2016, Taddia+2018.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from nightjar.simulate import cosmology
from nightjar.simulate.randomness import Floats

Latents = dict[str, Floats]

CANDIDATES = 32  # draws among which a flux-limited sample picks one
LATENT_UNIFORMS = CANDIDATES + 8
LATENT_NORMALS = 3 * CANDIDATES + 32
LINES_MAX = 20


@dataclass(frozen=True)
class Kind:
    """What a class (or sub-type) draws; pairs are mean and standard deviation.

    Attributes
    ----------
    magnitude : M_B at peak, AB mag, without dust
    correction : bolometric magnitude at peak minus M_B of this SED (`tests/simulate` holds it)
    velocity : km/s of the photosphere at ``reference`` days; falls as time^-``slope``
    floor : K, lowest temperature of the photosphere
    blanket : strength of the line blanketing at 9000 K
    dust : mean E(B-V) of the host, mag; exponential
    history : rate per volume, see `cosmology.cumulative_rate`
    span : days (rest frame) over which it is followed
    timing : mean and relative scatter (log) of the main time scale in days
    """

    magnitude: tuple[float, float]
    correction: float
    velocity: tuple[float, float]
    reference: float
    slope: float
    floor: tuple[float, float]
    blanket: float
    dust: float
    history: str
    span: float
    timing: tuple[float, float]


KINDS = {
    "SN Ia": Kind(
        magnitude=(-19.25, 0.08), correction=-0.39, dust=0.10, history="delayed",
        velocity=(9400, 700), reference=18, slope=0.18,
        floor=(5100, 150), blanket=0.22, timing=(12.7, 0.03), span=100,
    ),
    "SN II": Kind(
        magnitude=(-17.0, 0.75), correction=0.82, dust=0.12, history="star_formation",
        velocity=(3900, 600), reference=50, slope=0.42,
        floor=(5200, 250), blanket=0.6, timing=(92, 0.16), span=160,
    ),
    "SN Ib": Kind(
        magnitude=(-17.45, 0.65), correction=-0.3, dust=0.16, history="star_formation",
        velocity=(9000, 1200), reference=18, slope=0.3,
        floor=(5000, 300), blanket=0.55, timing=(14, 0.2), span=110,
    ),
    "SN Ic": Kind(
        magnitude=(-17.66, 0.65), correction=-0.31, dust=0.18, history="star_formation",
        velocity=(9600, 1500), reference=18, slope=0.3,
        floor=(5000, 300), blanket=0.6, timing=(13.5, 0.23), span=110,
    ),
    "SN IIn": Kind(
        magnitude=(-18.6, 0.75), correction=-0.85, dust=0.10, history="star_formation",
        velocity=(5200, 900), reference=30, slope=0.15,
        floor=(6300, 500), blanket=0.3, timing=(9, 0.4), span=220,
    ),
    "SLSN-I": Kind(
        magnitude=(-21.4, 0.65), correction=-0.87, dust=0.05, history="star_formation",
        velocity=(9800, 1600), reference=40, slope=0.15,
        floor=(6800, 500), blanket=0.6, timing=(32, 0.28), span=200,
    ),
}  # fmt: skip
CLASSES = ("SN Ia", "SN II", "SN Ib/c", "SN IIn", "SLSN-I")
_FRACTION_IB = 0.45  # of SN Ib/c; Shivvers+2017


@dataclass(frozen=True)
class Population:
    """How a sample is drawn; the two differ so that fine-tuning has work to do.

    How it is observed is `survey.Survey`.

    Attributes
    ----------
    limit : magnitude to which events are proposed
    broader, fainter, faster, dustier : factor on the scatter of M_B, shift of M_B (mag), factors on
        velocities and on dust of the observed sample
    hotter : shift of the temperature floor, K
    lines : scatter (log) of line strengths between events
    """

    name: str
    limit: float
    broader: float
    fainter: float
    faster: float
    dustier: float
    hotter: float
    lines: float


POPULATIONS = {
    "pretraining": Population("pretraining", 19.3, 1.0, 0.0, 1.0, 1.0, 0.0, 0.15),
    "observed": Population("observed", 18.6, 1.15, 0.1, 1.06, 1.3, -150.0, 0.30),
}
PREFIX = {"pretraining": "SIM-PRE", "observed": "SIM-OBS"}


def draw(kind_name: str, population: Population, uniform: Floats, normal: Floats) -> Latents:
    """Latent parameters of events of one kind, (events,) each.

    A flux-limited survey holds events in proportion to the volume in which they would be seen.  So
    `CANDIDATES` intrinsic brightnesses are drawn from the class, one is picked with probability
    proportional to that volume's events, then the redshift from the events inside it.

    Parameters
    ----------
    uniform, normal : (events, LATENT_UNIFORMS), (events, LATENT_NORMALS)

    Returns
    -------
    dict with redshift; peak_abs_mag (M_B, mag, without dust); host_ebv (mag), host_rv; stretch_x1,
    colour_c (SALT2-like; SN Ia); velocity (km/s) and its slope; floor_temperature (K); blanketing;
    timescale (days: diffusion, plateau or rise); other_1, other_2 (standard normal deviates that
    the engine turns into its second and third parameter); mwebv (mag)
    """
    kind, n = KINDS[kind_name], len(uniform)
    candidates = normal[:, : 3 * CANDIDATES].reshape(n, 3, CANDIDATES)
    bright, ebv, x1, colour = intrinsic(kind_name, population, candidates, uniform)
    host_rv = np.clip(mean_host_rv(kind_name) + 0.4 * normal[:, -1], 1.6, 4.5)
    # Blue light is dimmed by (R_V + 1) E(B-V).
    seen = bright + (host_rv[:, None] + 1) * ebv
    most = cosmology.reach(seen, population.limit)
    weight = np.cumsum(cosmology.events(most, kind.history), axis=1)
    pick = (weight < uniform[:, -1:] * weight[:, -1:]).sum(axis=1)
    pick = np.minimum(pick, CANDIDATES - 1)
    at = np.arange(n), pick
    x1, colour = x1[at], colour[at]
    z = normal[:, 3 * CANDIDATES :]
    velocity = _velocity(kind_name, kind, z, uniform) * population.faster
    if kind_name == "SN II":  # L ~ v^3 (Hamuy & Pinto 2002, ApJ 566, L63)
        velocity = velocity * 10 ** (-0.4 / 3 * (bright[at] - kind.magnitude[0]))
    # Brighter SN Ia burn longer (x1); other classes have their own scatter.
    stretch = 0.07 * x1 if kind_name == "SN Ia" else 0.0
    return {
        "redshift": cosmology.redshift_of(uniform[:, -2], most[at], kind.history),
        "peak_abs_mag": bright[at],
        "host_ebv": ebv[at],
        "host_rv": host_rv,
        "stretch_x1": x1,
        "colour_c": colour,
        "velocity": velocity,
        "velocity_slope": np.maximum(kind.slope * np.exp(0.15 * z[:, 2]), 0.02),
        "floor_temperature": kind.floor[0] + population.hotter + kind.floor[1] * z[:, 3],
        "blanketing": kind.blanket * np.exp(0.2 * z[:, 4]),
        "timescale": kind.timing[0] * np.exp(kind.timing[1] * z[:, 5] + stretch),
        "other_1": z[:, 6],
        "other_2": z[:, 7],
        "mwebv": 0.04 * np.exp(0.7 * z[:, 8]),
    }


def mean_host_rv(kind_name: str) -> float:
    """Mean R_V of the host's dust."""
    return 2.6 if kind_name == "SN Ia" else 3.1


def intrinsic(
    kind_name: str, population: Population, normal: Floats, uniform: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Candidates' M_B, host E(B-V), x1 and c (NaN but for SN Ia), (events, CANDIDATES) each."""
    kind = KINDS[kind_name]
    mean, scatter = kind.magnitude[0] + population.fainter, kind.magnitude[1] * population.broader
    ebv = -kind.dust * population.dustier * np.log1p(-uniform[:, :CANDIDATES])
    bright = mean + scatter * np.clip(normal[:, 0], -2.2, 2.2)
    nothing = np.full_like(bright, np.nan)
    if kind_name != "SN Ia":
        return bright, ebv, nothing, nothing
    x1 = np.clip(normal[:, 1] * population.broader, -3, 3)
    colour = -0.084 + 0.042 * population.broader * normal[:, 2]
    return bright - 0.14 * x1 + 2.0 * (colour + 0.084), ebv, x1, colour


def _velocity(kind_name: str, kind: Kind, normal: Floats, uniform: Floats) -> Floats:
    """Photospheric velocity in km/s; 30 % of SN Ia are of the fast kind of Wang+2009."""
    velocity = kind.velocity[0] + kind.velocity[1] * np.clip(normal[:, 1], -2.2, 2.2)
    if kind_name == "SN Ia":
        fast = uniform[:, -3] > 0.7
        velocity = np.where(fast, 10200 + 1600 * ndtr(normal[:, 1]), velocity)
    return velocity


def subtype(classes: np.ndarray, uniform: Floats) -> np.ndarray:
    """Kind of each event: a name of ``KINDS``; SN Ib/c is either Ib or Ic."""
    stripped = np.where(uniform[:, -4] < _FRACTION_IB, "SN Ib", "SN Ic")
    return np.where(classes == "SN Ib/c", stripped, classes)

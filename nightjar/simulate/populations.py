"""Populations of supernovae: what is drawn for each event, and how the observed sample differs.

`nightjar.simulate.kinds` has the numbers of each class and their references.  SN Ia follow the
Tripp relation with alpha 0.14 and beta 2.0, x1 ~ N(0, 1) and intrinsic colour N(-0.084, 0.042),
dimmed by exponential dust of mean 0.10 mag (Brout & Scolnic 2021, ApJ 909, 26).  The lowest part of
x1 is stretched into 91bg-like events, which are fainter than the relation has it and cool, so that
they show what ions of that temperature show; the highest are 91T-like: slow, bright and hot.

The mock observed survey draws from the same classes with other parameters (`POPULATIONS`), as a
simulation never quite meets the sky: absolute magnitudes scatter by 15 % more and are 0.1 mag
fainter, ejecta are 6 % faster, hosts 30 % dustier, continua end 150 K cooler, and line strengths
differ by 30 % (log) from event to event, twice as much as in the pre-training sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from nightjar.simulate import cosmology
from nightjar.simulate.bands import VEGA
from nightjar.simulate.kinds import CLASSES, KINDS, Kind
from nightjar.simulate.randomness import Floats

__all__ = ["CLASSES", "KINDS", "POPULATIONS", "PREFIX", "Kind", "Latents", "Population", "draw"]

Latents = dict[str, Floats]

CANDIDATES = 32  # draws among which a flux-limited sample picks one
LATENT_UNIFORMS = CANDIDATES + 10
LATENT_NORMALS = 3 * CANDIDATES + 32
LINES_MAX = 22


_FRACTION_IB = 0.62  # of SN Ib/c, with IIb; rarer in a flux-limited sample than in volume
FRACTION_IIB = 0.45  # of those; Shivvers+2017 (PASP 129, 054201): IIb about as many as Ib
FRACTION_BL = 0.13  # broad-lined among SN Ic; about Shivvers+2017
_BLUE = VEGA["B"]  # AB minus Vega


@dataclass(frozen=True)
class Population:
    """How a sample is drawn; the two differ so that fine-tuning has work to do.

    How it is observed is `survey.Survey`.

    Attributes
    ----------
    limit : magnitude to which events are proposed, unless `draw` is given another
    broader, fainter, faster, dustier : factor on the scatter of M_B, shift of M_B (mag), factors on
        velocities and on dust
    hotter : shift of the lowest temperature, K
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


def draw(
    kind_name: str,
    population: Population,
    uniform: Floats,
    normal: Floats,
    limit: Floats | None = None,
) -> Latents:
    """Latent parameters of events of one kind, (events,) each.

    A flux-limited survey holds events in proportion to the volume in which they would be seen.  So
    `CANDIDATES` intrinsic brightnesses are drawn from the class, one is picked with probability
    proportional to that volume's events, then the redshift from the events inside it.

    Parameters
    ----------
    uniform, normal : (events, LATENT_UNIFORMS), (events, LATENT_NORMALS)
    limit : (events,) magnitude to which each event is proposed; None: the population's, and no
        event nearer than redshift 0.002

    Returns
    -------
    dict with redshift; peak_abs_mag (M_B, AB mag, without dust); host_ebv (mag), host_rv;
    stretch_x1, colour_c (SALT2-like; SN Ia); velocity (km/s) and its slope; floor_temperature (K);
    blanketing (relative depth of the iron-group forest); hydrogen (0 none to 1; SN Ib and IIb);
    timescale (days: diffusion, plateau or rise); other_1, other_2 (standard normal deviates that
    the engine turns into its second and third parameter); mwebv (mag)
    """
    kind, n = KINDS[kind_name], len(uniform)
    candidates = normal[:, : 3 * CANDIDATES].reshape(n, 3, CANDIDATES)
    bright, ebv, x1, colour = intrinsic(kind_name, population, candidates, uniform)
    host_rv = np.clip(mean_host_rv(kind_name) + 0.4 * normal[:, -1], 1.6, 4.5)
    # Blue light is dimmed by (R_V + 1) E(B-V).
    seen = bright + (host_rv[:, None] + 1) * ebv
    proposed = (population.limit,) if limit is None else (limit[:, None], cosmology.NEAREST)
    most = cosmology.reach(seen, *proposed)
    weight = np.cumsum(cosmology.events(most, kind.history), axis=1)
    pick = (weight < uniform[:, -1:] * weight[:, -1:]).sum(axis=1)
    pick = np.minimum(pick, CANDIDATES - 1)
    at = np.arange(n), pick
    x1, colour = x1[at], colour[at]
    z = normal[:, 3 * CANDIDATES :]
    velocity = _velocity(kind_name, kind, z, uniform) * population.faster
    excess = bright[at] - kind.magnitude[0] - _BLUE
    velocity = velocity * 10 ** (-0.4 * kind.swell * excess)
    # Brighter SN Ia burn longer (x1); other classes have their own scatter.
    stretch = 0.07 * x1 - 0.08 * _feeble(x1) if kind_name == "SN Ia" else 0.0
    hydrogen = np.clip((FRACTION_IIB - uniform[:, -9]) / FRACTION_IIB, 0, 1) ** 0.5
    return {
        "redshift": cosmology.redshift_of(uniform[:, -2], most[at], kind.history, *proposed[1:]),
        "peak_abs_mag": bright[at],
        "host_ebv": ebv[at],
        "host_rv": host_rv,
        "stretch_x1": x1,
        "colour_c": colour,
        "velocity": velocity,
        "velocity_slope": np.maximum(kind.slope * np.exp(0.15 * z[:, 2]), 0.02),
        "floor_temperature": kind.floor[0] + population.hotter + kind.floor[1] * z[:, 3],
        "blanketing": np.exp(0.2 * z[:, 4]),
        "hydrogen": hydrogen if kind_name == "SN Ib" else np.full(n, np.nan),
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
    bright = mean + _BLUE + scatter * np.clip(normal[:, 0], -2.2, 2.2)
    nothing = np.full_like(bright, np.nan)
    if kind_name == "SN Ic":
        bright = bright - 0.6 * _broad_lined(uniform)[:, None]
    if kind_name == "SN Ib":
        bright = bright + 0.4 * (uniform[:, -9] < FRACTION_IIB)[:, None]
    if kind_name != "SN Ia":
        return bright, ebv, nothing, nothing
    deviate = normal[:, 1] * population.broader
    # In a volume 7 % have x1 < -2; Li+2011 (MNRAS 412, 1441) find about 15 % of the 91bg kind.
    x1 = np.clip(deviate - 1.1 * np.maximum(-1.04 - deviate, 0), -3.4, 3)
    colour = -0.084 + 0.042 * population.broader * normal[:, 2]
    return bright - 0.14 * x1 + 2.0 * (colour + 0.084) + 1.1 * _feeble(x1), ebv, x1, colour


def _feeble(x1: Floats) -> Floats:
    """How far an event lies in the faint, fast tail of SN Ia."""
    return np.maximum(-1.7 - x1, 0.0)


def _broad_lined(uniform: Floats) -> NDArray[np.bool_]:
    """Which SN Ic are broad-lined, (events,)."""
    broad: NDArray[np.bool_] = uniform[:, -10] < FRACTION_BL
    return broad


def _velocity(kind_name: str, kind: Kind, normal: Floats, uniform: Floats) -> Floats:
    """Photospheric velocity in km/s: 30 % of SN Ia are fast (Wang+2009), Ic-BL twice as fast."""
    velocity = kind.velocity[0] + kind.velocity[1] * np.clip(normal[:, 1], -2.2, 2.2)
    if kind_name == "SN Ia":
        fast = uniform[:, -3] > 0.7
        velocity = np.where(fast, 9400 + 1400 * ndtr(normal[:, 1]), velocity)
    if kind_name == "SN Ic":
        velocity = velocity * (1 + 0.9 * _broad_lined(uniform))
    return velocity


def subtype(classes: np.ndarray, uniform: Floats) -> np.ndarray:
    """Kind of each event: a name of ``KINDS``; SN Ib/c is either Ib (with IIb) or Ic."""
    stripped = np.where(uniform[:, -4] < _FRACTION_IB, "SN Ib", "SN Ic")
    return np.where(classes == "SN Ib/c", stripped, classes)


def label(kind: NDArray[np.str_], latents: Latents) -> NDArray[np.object_]:
    """The finer type that an observer would give, from the latent parameters, (events,).

    91bg-like below x1 = -2 and 91T-like above 1.4; IIL where the plateau declines by more than 2.0
    mag in 100 days; IIb with hydrogen; Ic-BL above 14000 km/s.  Where an engine has none of these
    parameters (NaN, or not there), an event keeps its kind.
    """
    unknown = np.full(len(kind), np.nan)
    x1, slope, hydrogen, velocity = (
        latents.get(column, unknown)
        for column in ("stretch_x1", "plateau_slope", "hydrogen", "velocity")
    )
    name = kind.astype(object)
    for which, of, finer in (
        (x1 < -2.0, "SN Ia", "SN Ia-91bg"),
        (x1 > 1.4, "SN Ia", "SN Ia-91T"),
        (slope <= 2.0, "SN II", "SN IIP"),
        (slope > 2.0, "SN II", "SN IIL"),
        (hydrogen > 0, "SN Ib", "SN IIb"),
        (velocity > 14000, "SN Ic", "SN Ic-BL"),
    ):
        name[which & (kind == of)] = finer
    return name

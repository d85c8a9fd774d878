"""From latent parameters to the photosphere at any time: one power source per class."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nightjar.simulate import engines, sed
from nightjar.simulate.lines import LINES
from nightjar.simulate.populations import KINDS, Latents
from nightjar.simulate.randomness import Floats
from nightjar.simulate.sed import State, continuum, photosphere

_SUN = 3.0128e35  # erg/s of bolometric magnitude 0 (IAU 2015 resolution B2)
# What `luminosity_density` reads, for one kind or another.
LATENTS = (
    *("blanketing", "velocity", "velocity_slope", "floor_temperature", "timescale", "gamma_leak"),
    *("cooling", "nickel_mass", "plateau_slope", "level", "decline_index", "energy", "spin_down"),
)
_ENGINE = (
    *("nickel_mass", "gamma_leak", "plateau_slope", "cooling", "spin_period"),
    *("magnetic_field", "spin_down", "energy", "decline_index", "level"),
)
_TIMES = np.geomspace(1.0, 150.0, 64)  # days, to find maxima on


def power(kind: str, latents: Latents, time: Floats) -> Floats:
    """Bolometric luminosity in erg/s at rest-frame days ``time``, which broadcasts with latents."""
    luminosity = _SOURCES[kind](latents, np.maximum(time, 0.0))
    return np.where(time > 0, np.maximum(luminosity, 1e36), 1e36)


def complete(kind: str, latents: Latents) -> Latents:
    """Add the engine's parameters, scaled so that the bolometric peak is that of peak_abs_mag.

    Adds, as far as the class has them and NaN else: nickel_mass (solar masses), gamma_leak (days),
    plateau_slope (mag / 100 days), cooling (ratio), spin_period (ms), magnetic_field (1e14 G),
    spin_down (days), energy (erg), decline_index, level (erg/s), peak_luminosity (erg/s; of a
    SN II: of its plateau at day 15, shock cooling left out), peak_time
    (rest-frame days from explosion to the maximum of the light at 5500 Angstrom).
    """
    full = {**latents, **{name: np.full_like(latents["redshift"], np.nan) for name in _ENGINE}}
    magnitude = full["peak_abs_mag"] + KINDS[kind].correction
    full["peak_luminosity"] = _SUN * 10 ** (-0.4 * magnitude)
    _SCALES[kind](full)
    full["peak_time"] = _optical_peak(kind, full)
    return full


def photospheres(kind: str, latents: Latents, time: Floats) -> State:
    """Photosphere of each event at its rest-frame day ``time``, (events,)."""
    return photosphere(
        time,
        power(kind, latents, time),
        latents["velocity"],
        latents["velocity_slope"],
        KINDS[kind].reference,
        latents["floor_temperature"],
    )


def luminosity_density(
    kind: str,
    latents: Latents,
    age: Floats,
    wavelength: Floats,
    scales: Floats,
    resolution: Floats,
) -> Floats:
    """Luminosity per wavelength in erg/s/Angstrom, (rows, pixels).

    Parameters
    ----------
    latents : (rows,) each, at least `LATENTS`, of one event per row
    age : (rows,) rest-frame days since explosion
    wavelength : (rows, pixels) Angstrom, rest frame
    scales : (rows, at least the kind's lines) factors on the line strengths
    resolution : (rows,) Angstrom (standard deviation) of the instrument, rest frame
    """
    lines = LINES[kind]
    return sed.luminosity_density(
        wavelength,
        photospheres(kind, latents, age),
        lines,
        latents["blanketing"],
        scales[:, : len(lines)],
        resolution,
    )


def _optical_peak(kind: str, latents: Latents) -> Floats:
    """Days from explosion to maximum at 5500 Angstrom, by a parabola through three grid points."""
    n = len(latents["redshift"])
    flat = {name: np.repeat(latents[name], len(_TIMES)) for name in LATENTS}
    state = photospheres(kind, flat, np.tile(_TIMES, n))
    yellow = np.full((len(state.luminosity), 1), 5500.0)
    light = continuum(yellow, state.temperature, flat["blanketing"])[:, 0]
    light = np.log((state.luminosity * light).reshape(n, -1))
    top = np.clip(light.argmax(axis=1), 1, len(_TIMES) - 2)
    left, middle, right = (light[np.arange(n), top + shift] for shift in (-1, 0, 1))
    bend = np.minimum(left - 2 * middle + right, -1e-9)
    shift = np.clip(0.5 * (left - right) / bend, -1, 1)
    step = np.log(_TIMES[1] / _TIMES[0])
    return np.exp(np.log(_TIMES[top]) + shift * step)


# --- radioactive: SN Ia, Ib, Ic ------------------------------------------------------------------


def _radioactive(latents: Latents, time: Floats) -> Floats:
    return engines.arnett(time, latents["nickel_mass"], latents["timescale"], latents["gamma_leak"])


def _scale_radioactive(latents: Latents) -> None:
    """Gamma rays leak after 35 days (Childress+2015, Wheeler+2015); nickel from the peak."""
    latents["gamma_leak"] = 2.7 * latents["timescale"] * np.exp(0.12 * latents["other_1"])
    latents["nickel_mass"] = np.ones_like(latents["redshift"])
    latents["nickel_mass"] = latents["peak_luminosity"] / _maximum(_radioactive, latents)


def _maximum(source: Callable[[Latents, Floats], Floats], latents: Latents) -> Floats:
    columns = {name: values[:, None] for name, values in latents.items()}
    return source(columns, _TIMES[None, :]).max(axis=1)


# --- plateau: SN II ------------------------------------------------------------------------------


def _recombining(latents: Latents, time: Floats) -> Floats:
    return engines.plateau(
        time,
        latents["level"],
        latents["plateau_slope"],
        latents["timescale"],
        latents["cooling"],
        latents["nickel_mass"],
    )


def _scale_recombining(latents: Latents) -> None:
    """Brighter events decline faster and have shorter plateaus (Anderson+2014)."""
    excess = np.clip(-17.0 - latents["peak_abs_mag"], -2.0, 2.0)
    latents["plateau_slope"] = np.maximum(1.1 + 0.45 * excess + 0.55 * latents["other_1"], -0.2)
    latents["timescale"] = latents["timescale"] * np.exp(-0.06 * excess)
    latents["cooling"] = 4.0 * np.exp(0.4 * latents["other_2"])
    latents["level"] = latents["peak_luminosity"] * 10 ** (-0.4 * latents["plateau_slope"] * 0.35)
    # Ni masses of SN II: median 0.032, brighter events more (Anderson 2019, A&A 628, A7).
    latents["nickel_mass"] = 0.032 * np.exp(0.5 * latents["other_1"] + 0.5 * excess)


# --- interaction: SN IIn -------------------------------------------------------------------------


def _interacting(latents: Latents, time: Floats) -> Floats:
    return engines.interaction(
        time, latents["level"], latents["timescale"], latents["decline_index"]
    )


def _scale_interacting(latents: Latents) -> None:
    latents["decline_index"] = 1.1 * np.exp(0.35 * latents["other_1"])
    latents["level"] = np.ones_like(latents["redshift"])
    latents["level"] = latents["peak_luminosity"] / _maximum(_interacting, latents)


# --- magnetar: SLSN-I ----------------------------------------------------------------------------


def _spinning(latents: Latents, time: Floats) -> Floats:
    return engines.magnetar(time, latents["energy"], latents["spin_down"], latents["timescale"])


def _scale_spinning(latents: Latents) -> None:
    """Period and field from the peak: E = 2.6e52 P^-2 erg, spin-down 1.3e5 P^2 B^-2 s.

    Nicholl+2017 (ApJ 850, 55), equations 2 and 3, for a neutron star of 1.4 solar masses; P in ms,
    B in 1e14 G.
    """
    latents["spin_down"] = 0.45 * latents["timescale"] * np.exp(0.5 * latents["other_1"])
    latents["energy"] = np.ones_like(latents["redshift"])
    latents["energy"] = latents["peak_luminosity"] / _maximum(_spinning, latents)
    period = np.sqrt(2.6e52 / latents["energy"])
    latents["spin_period"] = period
    latents["magnetic_field"] = period * np.sqrt(1.3e5 / (latents["spin_down"] * engines.DAY))


_SOURCES = {
    "SN Ia": _radioactive,
    "SN Ib": _radioactive,
    "SN Ic": _radioactive,
    "SN II": _recombining,
    "SN IIn": _interacting,
    "SLSN-I": _spinning,
}
_SCALES = {
    "SN Ia": _scale_radioactive,
    "SN Ib": _scale_radioactive,
    "SN Ic": _scale_radioactive,
    "SN II": _scale_recombining,
    "SN IIn": _scale_interacting,
    "SLSN-I": _scale_spinning,
}

"""From latent parameters to light: one power source per class, one photosphere for all."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from nightjar.simulate import bands, engines, sed
from nightjar.simulate.kinds import KINDS
from nightjar.simulate.lines import LINES, NODES, SHAPES
from nightjar.simulate.populations import Latents
from nightjar.simulate.randomness import Floats
from nightjar.simulate.sed import State, photosphere

_ENGINE = (
    *("nickel_mass", "gamma_leak", "plateau_slope", "cooling", "spin_period"),
    *("magnetic_field", "spin_down", "energy", "decline_index", "level"),
)
_TIMES = np.geomspace(1.0, 150.0, 64)  # days, to find maxima on
_HEAT = np.geomspace(NODES[0], 60000.0, 128)  # K, ionisation temperatures of the tables of colours
_WHOLE = np.geomspace(500.0, 60000.0, 1200)  # Angstrom: all wavelengths
_SPHERE = 4 * np.pi * (10 * 3.0856775814913673e18) ** 2  # cm^2 at 10 pc


def power(kind: str, latents: Latents, time: Floats) -> Floats:
    """Bolometric luminosity in erg/s at rest-frame days ``time``, which broadcasts with latents."""
    luminosity = _SOURCES[kind](latents, np.maximum(time, 0.0))
    return np.where(time > 0, np.maximum(luminosity, 1e36), 1e36)


def complete(kind: str, latents: Latents) -> Latents:
    """Add the engine's parameters, scaled so that the peak in B is that of peak_abs_mag.

    Adds, as far as the class has them and NaN else: nickel_mass (solar masses), gamma_leak (days),
    plateau_slope (bolometric mag / 100 days), cooling (ratio), spin_period (ms), magnetic_field
    (1e14 G), spin_down (days), energy (erg), decline_index, level (erg/s), peak_luminosity (erg/s,
    bolometric; of a SN II its shock cooling, which peaks within days), peak_time (rest-frame days
    from explosion to maximum in V).
    """
    full = {**latents, **{name: np.full_like(latents["redshift"], np.nan) for name in _ENGINE}}
    _SETTLE[kind](full)
    columns = {name: values[:, None] for name, values in full.items()}
    light = power(kind, columns, _TIMES[None, :])
    factor, heat = _to_magnitude(kind, full, light)
    full[_AMPLITUDE[kind]] = full[_AMPLITUDE[kind]] * factor
    light = light * factor[:, None]
    full["peak_luminosity"] = light.max(axis=1)
    full["peak_time"] = _summit(light * np.interp(heat, _HEAT, _shares(kind).visual))
    if kind == "SLSN-I":
        _magnetise(full)
    return full


class _Shares(NamedTuple):
    """What share of a kind's light comes out where, at the ionisation temperatures ``_HEAT``."""

    whole: Floats  # over all wavelengths, before the lines are made to keep the energy
    blue: Floats  # flux in B at 10 pc, nJy per erg/s
    visual: Floats  # likewise in V


@lru_cache(maxsize=16)
def _shares(kind: str) -> _Shares:
    """For typical latent parameters, which is enough for the magnitude to a few hundredths."""
    whole = sed.energy(_WHOLE, _typical(kind, _WHOLE))
    blue, visual = (
        (_typical(kind, band.wavelength) * band.weight).sum(axis=1) * 1e15 / _SPHERE / whole
        for band in (bands.named("B"), bands.named("V"))
    )
    return _Shares(whole, blue, visual)


def _typical(kind: str, wavelength: Floats) -> Floats:
    """Light of a typical event of unit power at the temperatures ``_HEAT``, (rows, pixels)."""
    one = np.ones(len(_HEAT))
    floor = KINDS[kind].floor[0] * one
    state = State(one, sed.above(_HEAT, floor), _HEAT, one * KINDS[kind].velocity[0])
    scales = np.ones((len(_HEAT), len(LINES[kind])))
    if kind == "SN Ib":
        scales *= _hydrogen(0.0 * one)
    pixels = np.tile(wavelength, (len(_HEAT), 1))
    return sed.luminosity_density(pixels, state, LINES[kind], one, SHAPES[kind], scales, 25.0 * one)


def _to_magnitude(kind: str, latents: Latents, light: Floats) -> tuple[Floats, Floats]:
    """Factor on the power that gives peak_abs_mag, and the ionisation temperatures of `_TIMES`.

    A brighter explosion is hotter, so that the share in B changes: three rounds settle it.
    """
    columns = {name: values[:, None] for name, values in latents.items()}
    heat = _state(kind, columns, _TIMES[None, :], light).ionisation
    wanted = bands.flux(latents["peak_abs_mag"])
    factor = np.ones(len(light))
    for _ in range(4):
        now = heat * factor[:, None] ** 0.25
        blue = light * np.interp(now, _HEAT, _shares(kind).blue)
        factor = wanted / blue.max(axis=1)
    return factor, heat * factor[:, None] ** 0.25


def photospheres(kind: str, latents: Latents, time: Floats) -> State:
    """Photosphere of each event at its rest-frame day ``time``, (events,)."""
    return _state(kind, latents, time, power(kind, latents, time))


def _state(kind: str, latents: Latents, time: Floats, luminosity: Floats) -> State:
    mean = KINDS[kind].velocity[0]
    return photosphere(
        time,
        luminosity,
        latents["velocity"],
        mean * (latents["velocity"] / mean) ** KINDS[kind].grip,
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
    latents : (rows,) each, as `complete` gives them, of one event per row
    age : (rows,) rest-frame days since explosion
    wavelength : (rows, pixels) Angstrom, rest frame
    scales : (rows, at least the kind's lines) factors on the line strengths
    resolution : (rows,) Angstrom (standard deviation) of the instrument, rest frame
    """
    lines = LINES[kind]
    scales = scales[:, : len(lines)]
    if kind == "SN Ib":
        scales = scales * _hydrogen(latents["hydrogen"])
    state = photospheres(kind, latents, age)
    # What the lines emit is power of the same source: peaks are paid for by all wavelengths.
    whole = np.interp(state.ionisation, _HEAT, _shares(kind).whole)
    return sed.luminosity_density(
        wavelength,
        state._replace(luminosity=state.luminosity / whole),
        lines,
        latents["blanketing"],
        SHAPES[kind],
        scales,
        resolution,
    )


def _hydrogen(amount: Floats) -> Floats:
    """Factors (events, lines) on the lines of SN Ib: IIb have hydrogen and weaker helium."""
    names = [line.name for line in LINES["SN Ib"]]
    is_hydrogen = np.array([name.startswith("H ") for name in names])
    is_helium = np.array([name.startswith("He ") for name in names])
    column = np.nan_to_num(amount)[:, None]
    return np.where(is_hydrogen, column, np.where(is_helium, 1 - 0.3 * column, 1.0))


def _summit(light: Floats) -> Floats:
    """Days from explosion to maximum of ``light`` on `_TIMES`, by a parabola through three points.

    Parameters
    ----------
    light : (events, times)
    """
    light = np.log(light)
    events = np.arange(len(light))
    top = np.clip(light.argmax(axis=1), 1, len(_TIMES) - 2)
    left, middle, right = (light[events, top + shift] for shift in (-1, 0, 1))
    bend = np.minimum(left - 2 * middle + right, -1e-9)
    shift = np.clip(0.5 * (left - right) / bend, -1, 1)
    step = np.log(_TIMES[1] / _TIMES[0])
    return np.exp(np.log(_TIMES[top]) + shift * step)


# --- radioactive: SN Ia, Ib, Ic ------------------------------------------------------------------


def _radioactive(latents: Latents, time: Floats) -> Floats:
    return engines.arnett(time, latents["nickel_mass"], latents["timescale"], latents["gamma_leak"])


def _settle_radioactive(latents: Latents, leak: float) -> None:
    """Gamma rays leak after ``leak`` diffusion times (see `kinds`)."""
    latents["gamma_leak"] = leak * latents["timescale"] * np.exp(0.12 * latents["other_1"])
    latents["nickel_mass"] = np.ones_like(latents["redshift"])


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


def _settle_recombining(latents: Latents) -> None:
    """Brighter events decline faster and have shorter plateaus (Anderson+2014, de Jaeger+2019)."""
    excess = np.clip(-17.0 - latents["peak_abs_mag"], -2.0, 2.0)
    latents["plateau_slope"] = np.maximum(1.25 + 0.3 * excess + 0.55 * latents["other_1"], 0.0)
    latents["timescale"] = latents["timescale"] * np.exp(-0.06 * excess)
    latents["cooling"] = 4.2 * np.exp(0.4 * latents["other_2"])
    latents["level"] = np.full_like(latents["redshift"], 1e42)
    # Ni masses of SN II: median 0.032, brighter events more (Anderson 2019, A&A 628, A7).
    latents["nickel_mass"] = 0.032 * np.exp(0.5 * latents["other_1"] + 0.5 * excess)


# --- interaction: SN IIn -------------------------------------------------------------------------


def _interacting(latents: Latents, time: Floats) -> Floats:
    return engines.interaction(
        time, latents["level"], latents["timescale"], latents["decline_index"]
    )


def _settle_interacting(latents: Latents) -> None:
    latents["decline_index"] = 1.12 * np.exp(0.25 * latents["other_1"])
    latents["level"] = np.full_like(latents["redshift"], 1e43)


# --- magnetar: SLSN-I ----------------------------------------------------------------------------


def _spinning(latents: Latents, time: Floats) -> Floats:
    return engines.magnetar(time, latents["energy"], latents["spin_down"], latents["timescale"])


def _settle_spinning(latents: Latents) -> None:
    latents["spin_down"] = 0.37 * latents["timescale"] * np.exp(0.5 * latents["other_1"])
    latents["energy"] = np.full_like(latents["redshift"], 1e51)


def _magnetise(latents: Latents) -> None:
    """Period and field from the energy: E = 2.6e52 P^-2 erg, spin-down 1.3e5 P^2 B^-2 s.

    Nicholl+2017 (ApJ 850, 55), equations 2 and 3, for a neutron star of 1.4 solar masses; P in ms,
    B in 1e14 G.
    """
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
_SETTLE: dict[str, Callable[[Latents], None]] = {
    **{
        kind: partial(_settle_radioactive, leak=KINDS[kind].leak)
        for kind in ("SN Ia", "SN Ib", "SN Ic")
    },
    "SN II": _settle_recombining,
    "SN IIn": _settle_interacting,
    "SLSN-I": _settle_spinning,
}
# What the luminosity is in proportion to (but for the cobalt tail of SN II, months after the peak).
_AMPLITUDE = {
    **dict.fromkeys(("SN Ia", "SN Ib", "SN Ic"), "nickel_mass"),
    **dict.fromkeys(("SN II", "SN IIn"), "level"),
    "SLSN-I": "energy",
}

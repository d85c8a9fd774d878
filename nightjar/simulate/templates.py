"""The template engine: light from real SED time series, tabulated once and interpolated.

Each event is given one of the series of its kind (`nightjar.simulate.series`) that cover what is
observed at its redshift, with equal chances; where there is none (SLSN-I, mostly SN IIn, very high
redshifts) the built-in engine, `explosions`, makes its light.  Nothing is extrapolated in
wavelength.

SN Ia are SALT: M0 + x1 M1 with the colour law of the model (Guy+2007, A&A 466, 11, equation 1).
x1 and the intrinsic colour c are those of `populations`; the host's dust, with its own R_V, comes
on top.  That is the scatter model of Brout & Scolnic 2021 (ApJ 909, 26): intrinsic colours plus
dust of varying R_V, and no further dispersion of colours (no G10 or C11).  Where SALT falls below
zero (ultraviolet, first and late weeks) there is no light.

Series that are not corrected for the dust of their hosts keep it and get no other: `host_ebv` is 0
and `peak_abs_mag` then includes the drawn extinction in B.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from nightjar.simulate import bands, explosions, series
from nightjar.simulate.populations import Latents
from nightjar.simulate.randomness import Floats
from nightjar.simulate.series import Series

OBSERVED = (3700.0, 9200.0)  # Angstrom: what the survey and its SEDM-like spectrograph see

_STEP = 10.0  # Angstrom between columns of the table
# Rows lie evenly in the root of the age: close together when the light rises.
_AGES = np.linspace(0.0, np.sqrt(230.0), 500) ** 2  # days since explosion
_PER_ROOT = (len(_AGES) - 1) / np.sqrt(_AGES[-1])
_COLOURS = np.linspace(-1.0, 2.0, 151)
_SPHERE = 4 * np.pi * (10 * 3.0856775814913673e18) ** 2  # cm^2 at 10 pc
_COARSE = 9.0  # Angstrom (standard deviation): coarser instruments see a smoothed series
_BLOCK = 1024  # rows at a time: temporaries stay in the cache
_B = bands.tabulated(bands.named("B").wavelength, bands.named("B").transmission, spacing=5.0)
# Latent parameters that are meaningful whatever makes the light.
_KEPT = (
    *("redshift", "peak_abs_mag", "host_ebv", "host_rv", "mwebv", "stretch_x1", "colour_c"),
    *("other_1", "other_2"),
)


@dataclass(frozen=True)
class Templates:
    """Tabulated series.

    Attributes
    ----------
    names : of the series
    kind : (series,) names of `populations.KINDS`
    low, high : (series,) Angstrom, rest frame
    dusty : (series,) whether the host's dust is in it
    peak : (series,) days from explosion to maximum at 5500 Angstrom
    layer : (series,) row of ``light``; the first component of SALT comes after its mean
    light : (2, layers, ages, wavelengths) luminosity per Angstrom, a flux at 10 pc that is 1 nJy in
        B at maximum: as the series has it, and without its finest structure for coarse
        instruments and for passbands, whose nodes are 30 Angstrom apart and would hit or miss it
    law : (series, wavelengths) mag per unit of SALT's c; zero for others
    blue : (series, 2, colours) flux in B at maximum of both SALT components
    start : Angstrom of the first column
    observed : Angstrom, shortest and longest wavelength that are observed
    """

    names: tuple[str, ...]
    kind: NDArray[np.str_]
    low: Floats
    high: Floats
    salt: NDArray[np.bool_]
    dusty: NDArray[np.bool_]
    peak: Floats
    layer: NDArray[np.int64]
    light: NDArray[np.float32]
    law: NDArray[np.float32]
    blue: Floats
    start: float
    observed: tuple[float, float]

    def complete(self, kind: str, latents: Latents) -> Latents:
        """Give each event a series and its time of maximum.

        Adds ``template`` (number of the series, -1 for the built-in engine) to what
        `explosions.complete` adds; parameters of the built-in engine that a series does not have
        are NaN.  ``other_1`` picks the series.
        """
        full = explosions.complete(kind, latents)
        code = self.choose(kind, latents["redshift"], ndtr(latents["other_1"]))
        made = code >= 0
        for name in full.keys() - set(_KEPT):
            full[name] = np.where(made, np.nan, full[name])
        full["template"] = code.astype(np.float64)
        full["peak_time"] = np.where(made, self.peak[code], full["peak_time"])
        dusty = made & self.dusty[code]
        dimming = (full["host_rv"] + 1) * full["host_ebv"]
        full["peak_abs_mag"] = full["peak_abs_mag"] + np.where(dusty, dimming, 0.0)
        full["host_ebv"] = np.where(dusty, 0.0, full["host_ebv"])
        return full

    def choose(self, kind: str, redshift: Floats, uniform: Floats) -> NDArray[np.int64]:
        """Number of a series of this kind that covers what is observed, -1 without one, (events,).

        Parameters
        ----------
        uniform : (events,) in [0, 1)
        """
        one = 1 + redshift[:, None]
        good = (self.low * one <= self.observed[0]) & (self.high * one >= self.observed[1])
        good &= self.kind == kind
        rank = np.cumsum(good, axis=1)
        pick = np.floor(uniform * rank[:, -1]) + 1
        return np.where(rank[:, -1] > 0, (rank >= pick[:, None]).argmax(axis=1), -1)

    def luminosity_density(
        self,
        kind: str,
        latents: Latents,
        age: Floats,
        wavelength: Floats,
        scales: Floats,
        resolution: Floats,
    ) -> Floats:
        """Luminosity per wavelength in erg/s/Angstrom, (rows, pixels).

        Parameters as of `explosions.luminosity_density`.  ``scales`` matter to events of the
        built-in engine only; where ``resolution`` is coarser than 9 Angstrom, a series is smoothed.
        """
        out = np.empty_like(wavelength)
        made = latents["template"] >= 0
        if not made.all():
            rest = {name: values[~made] for name, values in latents.items()}
            out[~made] = explosions.luminosity_density(
                kind, rest, age[~made], wavelength[~made], scales[~made], resolution[~made]
            )
        rows = np.flatnonzero(made)
        for first in range(0, len(rows), _BLOCK):
            block = rows[first : first + _BLOCK]
            part = {name: latents[name][block] for name in _READ}
            coarse = resolution[block] > _COARSE
            out[block] = self._evaluate(part, age[block], wavelength[block], coarse)
        return out

    def _evaluate(
        self, latents: Latents, age: Floats, wavelength: Floats, coarse: NDArray[np.bool_]
    ) -> Floats:
        code = latents["template"].astype(np.int64)
        layer = self.layer[code] + self.light.shape[1] * coarse
        at, shares = self._place(layer, age, wavelength)
        light = _interpolate(self.light, at, shares)
        norm = np.ones(len(code))
        if self.salt[code].all():
            x1, c = latents["stretch_x1"], latents["colour_c"]
            next_layer = self.light.shape[2] * self.light.shape[3]
            light += x1.astype(np.float32)[:, None] * _interpolate(
                self.light, at + next_layer, shares
            )
            light *= self._reddening(code, c, at, shares[1])
            norm = self._blue_flux(code, x1, c)
        np.maximum(light, 0.0, out=light)
        flux = 10 ** (0.4 * (bands.ZERO_POINT - latents["peak_abs_mag"])) / norm
        return light * (1e-15 * _SPHERE * flux)[:, None]

    def _place(
        self, layer: NDArray[np.int64], age: Floats, wavelength: Floats
    ) -> tuple[NDArray[np.int64], tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Flat index into the table and how far beyond it, in age (rows, 1) and in wavelength."""
        ages, columns = self.light.shape[2:]
        row = np.clip(np.sqrt(np.maximum(age, 0.0)) * _PER_ROOT, 0, ages - 1.001)
        column = np.clip((wavelength - self.start) / _STEP, 0, columns - 1.001)
        i, j = row.astype(np.int64), column.astype(np.int64)
        at = ((layer * ages + i) * columns)[:, None] + j
        return at, ((row - i).astype(np.float32)[:, None], (column - j).astype(np.float32))

    def _reddening(
        self, code: NDArray[np.int64], c: Floats, at: NDArray[np.int64], share: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Factor of SALT's colour law, (rows, pixels)."""
        columns = self.light.shape[3]
        place = at % columns + (code * columns)[:, None]
        low, high = self.law.ravel()[place], self.law.ravel()[place + 1]
        law = low + share * (high - low)
        return np.exp((-0.4 * np.log(10) * c).astype(np.float32)[:, None] * law)

    def _blue_flux(self, code: NDArray[np.int64], x1: Floats, c: Floats) -> Floats:
        """Flux in B at maximum in nJy of SALT, whose table has 1 nJy at x1 = c = 0, (rows,)."""
        norm = np.empty(len(code))
        for one in np.unique(code):
            of = code == one
            mean, component = (np.interp(c[of], _COLOURS, curve) for curve in self.blue[one])
            norm[of] = mean + x1[of] * component
        return norm


_READ = ("template", "peak_abs_mag", "stretch_x1", "colour_c")


def _interpolate(
    table: NDArray[np.float32],
    at: NDArray[np.int64],
    shares: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Bilinear interpolation in the last two axes."""
    flat, later = table.ravel(), at + table.shape[-1]
    in_age, in_wavelength = shares
    low = flat[at]
    low += in_wavelength * (flat[at + 1] - low)
    high = flat[later]
    high += in_wavelength * (flat[later + 1] - high)
    low += in_age * (high - low)
    return low


# --- making the table ----------------------------------------------------------------------------


def tabulate(found: Sequence[Series]) -> Templates:
    """Evaluate every series at the ages and wavelengths of the table."""
    start = min(one.low for one in found)
    wavelength = np.arange(start, max(one.high for one in found) + 2 * _STEP, _STEP)
    layers = [_layers(one, wavelength).astype(np.float32) for one in found]
    light = np.concatenate(layers)
    return Templates(
        names=tuple(one.name for one in found),
        kind=np.array([one.kind for one in found]),
        low=np.array([one.low for one in found]),
        high=np.array([one.high for one in found]),
        salt=np.array([one.salt for one in found]),
        dusty=np.array([one.dusty for one in found]),
        peak=np.array([_peak(part[0], wavelength) for part in layers]),
        layer=np.cumsum([0, *(len(part) for part in layers[:-1])]),
        light=np.stack([light, _smooth(light)]),
        law=np.array([_law(one, wavelength) for one in found], dtype=np.float32),
        blue=np.array([_blue(*pair, wavelength) for pair in zip(found, layers, strict=True)]),
        start=start,
        observed=OBSERVED,
    )


def _layers(one: Series, wavelength: Floats) -> Floats:
    """The table of a series, (1 or, for SALT, 2, ages, wavelengths)."""
    light = series.ages(one, _AGES, wavelength)[None]
    if one.salt:
        light = np.concatenate([light, series.ages(one, _AGES, wavelength, x1=1.0)[None] - light])
    # SALT counts its phases from the maximum in B.
    phase = np.zeros(1) if one.salt else np.arange(one.first, one.last, 0.1)
    return light / _through_b(one.flux(phase, wavelength), wavelength).max()


def _smooth(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Least-squares parabola over five wavelengths (Savitzky & Golay 1964): edges stay in place."""
    out = light.copy()
    columns = light.shape[-1] - 4
    parts = (light[..., i : i + columns] * w for i, w in enumerate((-3, 12, 17, 12, -3)))
    out[..., 2:-2] = sum(parts) / 35
    return out


def _through_b(light: Floats, wavelength: Floats) -> Floats:
    """Flux in B, (rows,), of light (rows, wavelengths)."""
    nodes = np.array([np.interp(_B.wavelength, wavelength, row) for row in light])
    return nodes @ _B.weight


def _blue(one: Series, layers: NDArray[np.float32], wavelength: Floats) -> Floats:
    """Flux in B at maximum of mean and first component against SALT's c, (2, colours)."""
    if not one.salt:
        return np.ones((2, len(_COLOURS)))
    passed = 10 ** (-0.4 * _COLOURS[:, None] * _law(one, wavelength))
    curves = []
    for layer in layers:
        top = np.array([np.interp(-series.explosion(one), _AGES, row) for row in layer.T])
        curves.append(_through_b(top * passed, wavelength))
    return np.array(curves)


def _law(one: Series, wavelength: Floats) -> Floats:
    """Colour law in mag per unit of c, (wavelengths,)."""
    return one.source.colorlaw(wavelength) if one.salt else np.zeros(len(wavelength))


def _peak(light: NDArray[np.float32], wavelength: Floats) -> float:
    """Days from explosion to the maximum of light (ages, wavelengths) at 5500 Angstrom."""
    yellow = light[:, np.abs(wavelength - 5500) < 100].mean(axis=1)
    return float(_AGES[yellow.argmax()])

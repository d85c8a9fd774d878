"""Real SED time series of supernovae, from a folder or from sncosmo's registry.

Folder: ``sed/*.npz`` (arrays ``phase`` [rest-frame days], ``wave`` [Angstrom], ``flux`` [phase,
wave] per Angstrom on any scale, and ``meta``, a text ``{'type': 'Ic', ...}``), and model folders
``salt2*`` and ``salt3*`` (the files of sncosmo's SALT2Source and SALT3Source, plain or ``.gz``).

Registry: ``salt3`` (Kenworthy+2021) and the templates of Vincenzi+2019 (MNRAS 489, 5802; ``v19-``)
that are corrected for the dust of their hosts, SN II, Ib, Ic and IIn.

Beside the phases that a series covers, `ages` says what is assumed.
"""

from __future__ import annotations

import ast
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from nightjar.errors import InputError
from nightjar.simulate.randomness import Floats

BEYOND = 40.0  # days that a light curve is continued after its series ends
_COBALT = 1 / 111.3  # e-folds a day: no light curve is continued with a slower decline
_DARK = 0.003  # of the maximum: a series that is fainter has not exploded
_RISE = 7.5  # days, of series that start at their maximum (SN II; Gonzalez-Gaitan+2015)
_BLUE = (3600.0, 5600.0)  # Angstrom: the band B, in which absolute magnitudes are given
_OPTICAL = (3900.0, 8900.0)  # Angstrom: light whose rise and decline are looked at

_UNREADABLE = (OSError, EOFError, BadZipFile, ValueError, KeyError, SyntaxError, TypeError)
_TYPES = {
    **dict.fromkeys(("II", "IIP", "IIL"), "SN II"),
    **{"IIn": "SN IIn", "Ib": "SN Ib", "Ic": "SN Ic", "SLSN-I": "SLSN-I", "Ia": "SN Ia"},
}
# The part of a series that can be trusted, Angstrom: what lies outside was looked at and is odd.
_CLEAN = {
    "cc_S11_": (3300.0, 11000.0),  # a notch near 3000 Angstrom that grows with phase
    "cc_SDSS-015031": (3300.0, 11000.0),  # a spike below 3000 Angstrom; some phases are missing
    "cc_SDSS-018700": (3300.0, 9300.0),  # falls by a factor of 1000 towards 10500 Angstrom
    "cc_SDSS-014475": (3400.0, 10000.0),  # no light below
    "cc_SDSS-015475": (2500.0, 11000.0),  # upturn beyond, late
}
# Development versions that are wrong in the optical: a hole at 5400 Angstrom in the first weeks; an
# ultraviolet excess that never fades.
_REFUSED = ("cc_SDSS-018834", "cc_SDSS-019323")
_PECULIAR = ("v19-1987a-corr",)  # a blue supergiant's three months of rise is no plateau


@dataclass(frozen=True)
class Series:
    """A SED time series, or the mean and first component of SALT.

    Attributes
    ----------
    name : e.g. ``cc_CSP-2004fe``
    kind : a name of `populations.KINDS`
    low, high : Angstrom, rest frame: the range in which it is used
    first, last : days: phases that it covers
    source : sncosmo.TimeSeriesSource, SALT2Source or SALT3Source
    dusty : reddened by its own host's dust, so that no more is added
    """

    name: str
    kind: str
    low: float
    high: float
    first: float
    last: float
    source: Any
    dusty: bool

    @property
    def salt(self) -> bool:
        """Whether it has the parameters x1 and c."""
        return "x1" in self.source.param_names

    def flux(self, phase: Floats, wavelength: Floats, x1: float = 0.0) -> Floats:
        """Light per Angstrom, on any scale, (phases, wavelengths); zero outside its range.

        Within 30 Angstrom of the range it is that of the border, for a table's sake.
        """
        if self.salt:
            self.source.set(x0=1.0, x1=x1, c=0.0)
        inside = (wavelength > self.low - 30) & (wavelength < self.high + 30)
        out = np.zeros((len(phase), len(wavelength)))
        inner = np.clip(phase, self.first, self.last)
        out[:, inside] = self.source._flux(inner, np.clip(wavelength[inside], self.low, self.high))
        return out


def read(folder: str | Path | None) -> list[Series]:
    """All usable series of a folder, or of sncosmo's registry (downloaded on first use).

    Raises
    ------
    InputError
        sncosmo is not installed; there is no such folder, or nothing in it; a file is not what it
        should be; the registry cannot be reached
    """
    try:
        import sncosmo
    except ImportError:
        raise InputError(
            "engine: templates needs sncosmo; pip install 'nightjar[templates]', or engine: builtin"
        ) from None
    if folder is None:
        return list(_registered(sncosmo))
    if not Path(folder).is_dir():
        raise InputError(f"templates: there is no folder {folder}")
    found = [*_salt_folders(sncosmo, Path(folder)), *_arrays(sncosmo, Path(folder))]
    if not found:
        raise InputError(f"templates: {folder} has no sed/*.npz and no salt2* or salt3* folder")
    return found


# --- a folder ------------------------------------------------------------------------------------


def _salt_folders(sncosmo: Any, folder: Path) -> Iterator[Series]:
    for prefix, make in (("salt2", sncosmo.SALT2Source), ("salt3", sncosmo.SALT3Source)):
        for model in sorted(folder.glob(f"{prefix}*/")):
            names = {f"{k}file": f"{prefix}_{v}.dat" for k, v in _SALT_FILES[prefix].items()}
            files = {key: _text(model, name) for key, name in names.items()}
            try:
                source = make(modeldir=None, name=model.name, **files)
            except (ValueError, IndexError) as error:
                raise InputError(f"{model}: not a {prefix.upper()} model ({error})") from None
            yield _whole(model.name, "SN Ia", source, dusty=False)


_COMMON = {"m0": "template_0", "m1": "template_1", "cl": "color_correction"}
_SALT_FILES = {
    "salt2": {
        **_COMMON,
        "cd": "color_dispersion",
        "errscale": "lc_dispersion_scaling",
        "lcrv00": "lc_relative_variance_0",
        "lcrv11": "lc_relative_variance_1",
        "lcrv01": "lc_relative_covariance_01",
    },
    "salt3": {
        **_COMMON,
        "cd": "color_dispersion",
        "lcrv00": "lc_variance_0",
        "lcrv11": "lc_variance_1",
        "lcrv01": "lc_covariance_01",
    },
}


def _text(model: Path, name: str) -> StringIO:
    """A model file, plain or compressed."""
    for path, opened in ((model / name, open), (model / f"{name}.gz", gzip.open)):
        if path.is_file():
            try:
                with opened(path, "rt") as file:
                    return StringIO(file.read())
            except (OSError, EOFError, ValueError) as error:
                raise InputError(f"{path}: not readable ({error}); fetch it again") from None
    raise InputError(f"{model}: lacks {name} (or {name}.gz) of the SALT model")


def _arrays(sncosmo: Any, folder: Path) -> Iterator[Series]:
    """Series of ``sed/*.npz``; those of SN Ia are left out, SALT has stretch and colour."""
    for path in sorted((folder / "sed").glob("*.npz")):
        if path.stem.startswith(_REFUSED):
            continue
        kind, phase, wave, flux = _load(path)
        if kind == "SN Ia":
            continue
        source = sncosmo.TimeSeriesSource(phase, wave, flux, name=path.stem)
        low, high = next((c for key, c in _CLEAN.items() if path.stem.startswith(key)), (0, np.inf))
        whole = _whole(path.stem, kind, source, dusty=True)
        yield Series(**{**vars(whole), "low": max(low, whole.low), "high": min(high, whole.high)})


def _load(path: Path) -> tuple[str, Floats, Floats, Floats]:
    try:
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            phase, wave, flux = (file[k].astype(np.float64) for k in ("phase", "wave", "flux"))
            label = str(ast.literal_eval(str(file["meta"]))["type"])
    except _UNREADABLE as error:
        raise InputError(
            f"{path}: not a SED series ({error}); it has phase, wave, flux and meta with a 'type'"
        ) from None
    if flux.shape != (len(phase), len(wave)) or not np.isfinite(flux).all():
        raise InputError(f"{path}: flux is not finite numbers of shape (phases, wavelengths)")
    if (np.diff(phase) <= 0).any() or (np.diff(wave) <= 0).any():
        raise InputError(f"{path}: phase and wave must increase")
    if len(phase) < 4 or len(wave) < 4 or flux.max() <= 0:
        raise InputError(f"{path}: a series has 4 or more phases and wavelengths, and light")
    if wave[0] > _BLUE[0] or wave[-1] < _BLUE[1]:
        raise InputError(
            f"{path}: covers {wave[0]:g} to {wave[-1]:g} Angstrom; its brightness is set in B, "
            f"so that it must cover {_BLUE[0]:g} to {_BLUE[1]:g}"
        )
    return _kind(label, str(path)), phase, wave, flux


def _kind(label: str, where: str) -> str:
    """Our class of a series' type; what follows in brackets is a remark."""
    name = label.removeprefix("SN ").split(" ")[0]
    if name not in _TYPES:
        raise InputError(f"{where}: unknown series of type {label!r}; known: {', '.join(_TYPES)}")
    return _TYPES[name]


def _whole(name: str, kind: str, source: Any, dusty: bool) -> Series:
    covered = source.minwave(), source.maxwave(), source.minphase(), source.maxphase()
    return Series(name, kind, *covered, source, dusty)


# --- sncosmo's registry --------------------------------------------------------------------------


def registered() -> list[tuple[str, str]]:
    """Name and type of the sources of sncosmo's registry that are used."""
    from sncosmo.models import _SOURCES

    rows = {row["name"]: row["type"] for row in _SOURCES.get_loaders_metadata()}
    types = {f"SN {name}" for name in _TYPES}
    corrected = [
        (name, kind)
        for name, kind in rows.items()
        if name.startswith("v19-") and name.endswith("-corr") and kind in types
    ]
    return [("salt3", "SN Ia"), *(pair for pair in corrected if pair[0] not in _PECULIAR)]


def _registered(sncosmo: Any) -> Iterator[Series]:
    for name, label in registered():
        try:
            source = sncosmo.get_source(name)
        except (OSError, RuntimeError, ValueError) as error:
            raise InputError(
                f"templates: sncosmo cannot download its series {name} ({error}); "
                "give a folder of series as templates, or engine: builtin"
            ) from None
        yield _whole(name, _kind(label, name), source, dusty=False)


# --- phases --------------------------------------------------------------------------------------


def explosion(series: Series) -> float:
    """Phase at which the light curve begins, days.

    A series that starts in the dark begins where its optical light passes 0.3 % of the maximum.
    Otherwise its first SED is led back to zero as (t - t0)^2, an expanding fireball: t0 follows
    from the slope at the first phase, f / f' = (t - t0) / 2, within 1 to 10 days; where the light
    does not rise there, the rise is 7.5 days, the median of SN II (Gonzalez-Gaitan+2015, MNRAS
    451, 2212).
    """
    phase, light = _optical(series)
    before = np.flatnonzero(light[: light.argmax()] < _DARK * light.max())
    if len(before):
        return float(phase[before[-1]])
    slope = (light[1] - light[0]) / (phase[1] - phase[0])
    rise = float(np.clip(2 * light[0] / slope, 1.0, 10.0)) if slope > 0.02 * light[0] else _RISE
    return series.first - rise


def decline(series: Series) -> float:
    """e-folds a day at which light falls after the last phase.

    That of its last 15 days, but no slower than the decay of Co-56 and no faster than 0.1 mag/d.
    """
    phase, light = _optical(series)
    early = np.interp(series.last - 15, phase, light)
    return float(np.clip(np.log(early / light[-1]) / 15, _COBALT, 0.092))


def _optical(series: Series) -> tuple[Floats, Floats]:
    """Mean light between 3900 and 8900 Angstrom, four times a day."""
    phase = np.linspace(series.first, series.last, int(4 * (series.last - series.first)) + 1)
    light = series.flux(phase, np.arange(*_OPTICAL, 20.0)).mean(axis=1)
    return phase, np.maximum(light, 1e-9 * light.max())


def ages(series: Series, age: Floats, wavelength: Floats, x1: float = 0.0) -> Floats:
    """Light at rest-frame days since explosion, (ages, wavelengths).

    Before the first phase see `explosion`; after the last one the SED keeps its shape, falls as
    `decline` says for `BEYOND` days, and then there is none.
    """
    start = explosion(series)
    phase = start + age
    light = series.flux(phase, wavelength, x1)
    early = phase < series.first
    light[early] *= ((age[early] / (series.first - start)) ** 2)[:, None]
    late = np.maximum(phase - series.last, 0.0)
    light *= np.where(late < BEYOND, np.exp(-decline(series) * late), 0.0)[:, None]
    light[age <= 0] = 0.0
    return light

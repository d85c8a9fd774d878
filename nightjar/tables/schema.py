"""The columns of the three tables, their accepted names, and the tables together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from nightjar.errors import InputError

_IDS = ("ztfid", "oid", "id", "newid", "snid", "name")
_TIMES = ("mjd", "observation_date")
ALIASES: dict[str, dict[str, tuple[str, ...]]] = {
    "objects": {
        "object_id": _IDS,
        "class": ("type", "label"),
        "redshift": ("z", "redshift_helio"),
        "mwebv": ("ebv",),
        "ra": (),
        "dec": (),
    },
    "photometry": {
        "object_id": _IDS,
        "time": _TIMES,
        "band": ("filter", "fid", "passband"),
        "mag": (),
        "mag_perfect": (),
        "mag_err": ("magerr", "e_mag", "errmag", "err", "mag_error", "sigma"),
        "flux": (),
        "flux_perfect": (),
        "flux_err": ("fluxerr", "flux_error"),
    },
    "spectra": {
        "object_id": _IDS,
        "time": _TIMES,
        "wavelength": (),
        "flux": (),
        "flux_perfect": (),
        "flux_err": ("fluxerr", "flux_error"),
        "frame": (),
    },
}
QUANTITIES = {"mag": ("mag", "mag_err"), "flux": ("flux", "flux_err")}
PERFECT = {"mag": "mag_perfect", "flux": "flux_perfect"}
_CANONICAL = {
    table: {name: target for target, names in columns.items() for name in (target, *names)}
    for table, columns in ALIASES.items()
}


@dataclass
class Tables:
    """What every survey reader and every simulator returns.

    Parameters
    ----------
    objects : canonical columns, one row per object, whole
    photometry : chunks in any order and of any size, canonical columns
    spectra : chunks; wavelength, flux and flux_err are object columns of float arrays
    drops : reasons counted by the reader itself while it streams; complete when it is exhausted
    quantity : ``mag`` (mag, mag_err) or ``flux`` (flux, flux_err in nJy)
    noise : which values are used, where there are two: the observed ones, or else the perfect ones,
        which every row must then have.  A sample keeps both
    rows : photometry rows to come, for the progress bar, where the reader knows
    """

    objects: pd.DataFrame
    photometry: Iterable[pd.DataFrame]
    spectra: Iterable[pd.DataFrame] = ()
    drops: Counter[str] = field(default_factory=Counter)
    quantity: str = "mag"
    noise: bool = True
    rows: int | None = None


def canonical_names(columns: Iterable[Any], table: str, where: str) -> dict[Any, str]:
    """Map the raw names in ``columns`` to canonical ones; names that mean nothing are left out.

    Parameters
    ----------
    columns : the table's column names
    table : ``objects``, ``photometry`` or ``spectra``
    where : the file, for the message

    Raises
    ------
    InputError
        Two columns map to one canonical name.
    """
    columns = list(columns)
    names: dict[Any, str] = {}
    for raw in columns:
        spelling = str(raw).strip().casefold()
        target = _CANONICAL[table].get(spelling)
        if target is None or (table == "objects" and spelling != target and target in columns):
            continue
        if target in names.values():
            first = next(other for other, name in names.items() if name == target)
            raise InputError(
                f"{where}: columns {first!r} and {raw!r} both mean {target!r}; remove one of them"
            )
        names[raw] = target
    return names


def quantity_of(columns: Iterable[str], where: str) -> str:
    """``mag`` or ``flux``, whichever the canonical ``columns`` of a photometry table hold."""
    present = [name for name in QUANTITIES if name in columns]
    if len(present) == 2:
        raise InputError(f"{where}: both 'mag' and 'flux'; keep the one to be used")
    return present[0] if present else "mag"


def require_perfect(columns: Iterable[str], name: str, where: str) -> None:
    """Raise `InputError` where ``columns`` lack the perfect values that are asked for."""
    if name not in columns:
        raise InputError(
            f"{where}: no column {name!r}, which only simulations have; set noise to true"
        )

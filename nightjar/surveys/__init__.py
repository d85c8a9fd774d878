"""One reader per public format; each returns `nightjar.tables.Tables`, or raises `InputError`."""

from collections.abc import Callable

from nightjar.surveys import astromer, canonical, snana_hdf5, ztf_bts
from nightjar.tables import Tables

READERS: dict[str, Callable[..., Tables]] = {
    "tables": canonical.read,
    "ztf_bts": ztf_bts.read,
    "snana_hdf5": snana_hdf5.read,
    "astromer": astromer.read,
}

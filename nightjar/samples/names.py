"""One object under two spellings of its name, where catalogues were put together."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")
_OF_THE_IAU = re.compile(r"(?:sn|at) ?(?=\d{4}[a-z]+$)")  # a transient is AT until it is classified


def designations(object_ids: Iterable[str]) -> list[str]:
    """What names have in common whose difference means nothing; signs and digits stay.

    Upper and lower case count alike, as do all kinds of dashes; SN 2016bln is AT2016bln.

    Parameters
    ----------
    object_ids : (n,)

    Returns
    -------
    (n,) equal for names of one object
    """
    plain = (str(name).translate(_DASHES).strip().casefold() for name in object_ids)
    return [_OF_THE_IAU.sub("", name) for name in plain]

"""Results of many chunks on their way through a file, so that memory holds one of them."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator, Sequence

import numpy as np


class Chunks:
    """Groups of arrays, appended to a temporary file and given back in order.

    The file lies where `tempfile` puts it (``TMPDIR`` chooses) and vanishes with this object.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by the next line
        weakref.finalize(self, self._file.close)
        self._columns: list[int] = []

    def append(self, arrays: Sequence[np.ndarray]) -> None:
        """Add a group of arrays (of numbers)."""
        self._file.seek(0, 2)
        for array in arrays:
            np.save(self._file, array, allow_pickle=False)
        self._columns.append(len(arrays))

    def __iter__(self) -> Iterator[list[np.ndarray]]:
        place = 0
        for columns in self._columns:
            self._file.seek(place)
            group = [np.load(self._file, allow_pickle=False) for _ in range(columns)]
            place = self._file.tell()
            yield group

"""Preprocessed spectra on disk: dense arrays on one grid, made chunk by chunk."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from tqdm import tqdm

from nightjar.errors import InputError
from nightjar.params import PreprocessSpectra
from nightjar.ragged import ArrayWriter, Spectra
from nightjar.spectra.chain import Processed, preprocess
from nightjar.spectra.rebin import grid

SPECTRA_PER_CHUNK = 2048
_FLAT = {"flux": np.float32, "flux_err": np.float32, "valid": np.bool_}
_PER_SPECTRUM = ("object_id", "time", "row")


@dataclass(frozen=True, eq=False)
class ProcessedSpectra:
    """m spectra on a common grid, memory-mapped; an object may have several.

    Attributes
    ----------
    flux, flux_err : (m, bins) float32, flux / continuum - 1; flux_err NaN where none is given
    valid : (m, bins) bool
    object_id : (m,) text
    time : (m,) float64 MJD or NaN
    row : (m,) int64, row of the spectrum in the sample's own store
    wavelength : (bins,) float64 Angstrom, observer frame, centres of the bins
    settings : what they were made with
    """

    flux: NDArray[np.float32]
    flux_err: NDArray[np.float32]
    valid: NDArray[np.bool_]
    object_id: NDArray[np.str_]
    time: NDArray[np.float64]
    row: NDArray[np.int64]
    wavelength: NDArray[np.float64]
    settings: dict[str, Any]

    def __len__(self) -> int:
        return len(self.object_id)

    @classmethod
    def open(cls, directory: str | Path) -> ProcessedSpectra:
        """Memory-map a store.

        Raises
        ------
        InputError
            A file is missing or truncated, or lengths disagree.
        """
        folder = Path(directory)
        arrays = {name: _array(folder, name) for name in (*_FLAT, *_PER_SPECTRUM, "wavelength")}
        rows, bins = len(arrays["object_id"]), len(arrays["wavelength"])
        lengths = dict.fromkeys(_PER_SPECTRUM, rows) | dict.fromkeys(_FLAT, rows * bins)
        for name, length in lengths.items():
            if arrays[name].shape != (length,):
                raise _again(folder / f"{name}.npy", f"{arrays[name].shape}, expected ({length},)")
        arrays |= {name: arrays[name].reshape(rows, bins) for name in _FLAT}
        try:
            settings = json.loads((folder / "settings.json").read_text())
        except (OSError, ValueError) as error:
            raise _again(folder / "settings.json", error) from None
        return cls(**arrays, settings=settings)


def _array(folder: Path, name: str) -> NDArray:
    path = folder / f"{name}.npy"
    try:
        array: NDArray = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise _again(path, error) from None
    return array


def _again(path: Path, problem: object) -> InputError:
    return InputError(f"{path}: {problem}; run the stage preprocess_spectra again")


def write(
    spectra: Spectra, objects: pd.DataFrame, directory: str | Path, settings: PreprocessSpectra
) -> Counter[str]:
    """Preprocess every spectrum of a sample, in constant memory; return the drops by reason.

    Parameters
    ----------
    spectra : of the sample
    objects : its table; ``redshift`` is read for spectra in the rest frame
    directory : where the arrays go
    settings : grid, widths, and the number of processes
    """
    folder = Path(directory)
    folder.mkdir(parents=True)
    known = objects.set_index("object_id")["redshift"]
    redshift = known.reindex(spectra.object_id).to_numpy(np.float64)
    writers = {name: ArrayWriter(folder / f"{name}.npy", kind) for name, kind in _FLAT.items()}
    drops, rows = Counter[str](), [np.empty(0, np.int64)]
    for start, (processed, dropped) in _processed(spectra, redshift, settings):
        for name, writer in writers.items():
            writer.append(getattr(processed, name).ravel())
        rows.append(start + processed.row)
        drops.update(dropped)
    for writer in writers.values():
        writer.close()
    row = np.concatenate(rows)
    per_spectrum = {"object_id": spectra.object_id[row], "time": spectra.time[row], "row": row}
    for name, values in (per_spectrum | {"wavelength": grid(settings)}).items():
        np.save(folder / f"{name}.npy", values)
    stored = settings.model_dump(exclude={"threads"})
    (folder / "settings.json").write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
    return drops


def _processed(
    spectra: Spectra, redshift: NDArray[np.float64], settings: PreprocessSpectra
) -> Iterator[tuple[int, tuple[Processed, Counter[str]]]]:
    """First row of every chunk, and what became of it; in order, whatever the processes."""
    starts = range(0, len(spectra), SPECTRA_PER_CHUNK)
    chunks = (slice(start, start + SPECTRA_PER_CHUNK) for start in starts)
    jobs = (
        delayed(preprocess)(spectra.slice(c.start, c.stop), redshift[c], settings) for c in chunks
    )
    processes = max(1, min(settings.threads, len(starts)))  # a pool of them takes a second to start
    done = Parallel(n_jobs=processes, return_as="generator")(jobs)
    yield from zip(starts, tqdm(done, total=len(starts), desc="spectra"), strict=True)


def before_and_after(
    raw: Spectra, processed: ProcessedSpectra, count: int
) -> tuple[
    list[tuple[NDArray[np.floating], NDArray[np.floating]]],
    NDArray[np.float64],
    NDArray[np.float32],
    NDArray[np.bool_],
    list[str],
]:
    """A few spectra, evenly spread over the store, as `figures.spectra` takes them."""
    n = len(processed)
    rows = np.linspace(0, n - 1, min(count, n)).astype(int)
    before = [(raw[i].wavelength, raw[i].flux) for i in processed.row[rows]]
    titles = [str(name) for name in processed.object_id[rows]]
    return before, processed.wavelength, processed.flux[rows], processed.valid[rows], titles

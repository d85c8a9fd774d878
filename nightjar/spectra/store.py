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
_ARRAYS = ("flux", "flux_err", "valid", "object_id", "time", "wavelength")


@dataclass(frozen=True, eq=False)
class ProcessedSpectra:
    """m spectra on a common grid, memory-mapped; an object may have several.

    Attributes
    ----------
    flux, flux_err : (m, bins) float32, flux / continuum - 1; flux_err NaN where none is given
    valid : (m, bins) bool
    object_id : (m,) text
    time : (m,) float64 MJD or NaN
    wavelength : (bins,) float64 Angstrom, observer frame, centres of the bins
    settings : what they were made with
    """

    flux: NDArray[np.float32]
    flux_err: NDArray[np.float32]
    valid: NDArray[np.bool_]
    object_id: NDArray[np.str_]
    time: NDArray[np.float64]
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
        try:
            arrays = {n: np.load(folder / f"{n}.npy", mmap_mode="r") for n in _ARRAYS}
            settings = json.loads((folder / "settings.json").read_text())
        except (OSError, ValueError, EOFError) as error:
            raise InputError(f"{folder}: {error}; run the stage preprocess_spectra") from None
        rows, bins = len(arrays["object_id"]), len(arrays["wavelength"])
        for name in ("flux", "flux_err", "valid"):
            arrays[name] = arrays[name].reshape(rows, bins)
        return cls(**arrays, settings=settings)


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
    row = pd.Index(objects["object_id"]).get_indexer(pd.Index(spectra.object_id))
    redshift = objects["redshift"].to_numpy(np.float64)[row]
    writers = {name: ArrayWriter(folder / f"{name}.npy", kind) for name, kind in _FLAT.items()}
    drops, ids, times = Counter[str](), [], []
    for start, (processed, dropped) in _processed(spectra, redshift, settings):
        for name, writer in writers.items():
            writer.append(getattr(processed, name).ravel())
        ids.append(spectra.object_id[start + processed.row])
        times.append(spectra.time[start + processed.row])
        drops.update(dropped)
    for writer in writers.values():
        writer.close()
    np.save(folder / "object_id.npy", np.concatenate(ids))
    np.save(folder / "time.npy", np.concatenate(times))
    np.save(folder / "wavelength.npy", grid(settings))
    stored = settings.model_dump(exclude={"threads"})
    (folder / "settings.json").write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
    return drops


_FLAT = {"flux": np.float32, "flux_err": np.float32, "valid": np.bool_}


def _processed(
    spectra: Spectra, redshift: NDArray[np.float64], settings: PreprocessSpectra
) -> Iterator[tuple[int, tuple[Processed, Counter[str]]]]:
    """First row of every chunk, and what became of it; in order, whatever the processes."""
    starts = range(0, len(spectra), SPECTRA_PER_CHUNK)
    chunks = (slice(start, start + SPECTRA_PER_CHUNK) for start in starts)
    jobs = (
        delayed(preprocess)(spectra.slice(c.start, c.stop), redshift[c], settings) for c in chunks
    )
    done = Parallel(n_jobs=settings.threads, return_as="generator")(jobs)
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
    rows = np.unique(np.linspace(0, len(processed) - 1, count).astype(int))
    first = [_first(raw, processed.object_id[row], processed.time[row]) for row in rows]
    before = [(raw[i].wavelength, raw[i].flux) for i in first]
    titles = [str(name) for name in processed.object_id[rows]]
    return before, processed.wavelength, processed.flux[rows], processed.valid[rows], titles


def _first(raw: Spectra, object_id: str, time: float) -> int:
    """Row of the raw spectrum of this object and time."""
    same_time = (raw.time == time) | (np.isnan(raw.time) & np.isnan(time))
    return int(np.flatnonzero((raw.object_id == object_id) & same_time)[0])

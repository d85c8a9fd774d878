"""The encoder: from light curves in memory or in a file to embeddings.

Both ways go through the checks, bands and windows of the pipeline (`samples`, `windows`), hence
give what its stages give.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError
from torch import Tensor

from nightjar import batching, weights
from nightjar.batching import Batch
from nightjar.batching.datasets import SupernovaData, WindowData
from nightjar.embedding.arrays import in_memory
from nightjar.embedding.output import Embeddings, Pool, pooled, to_write, write
from nightjar.embedding.prepared import Source, band_groups, chosen_bands, chunks
from nightjar.errors import InputError
from nightjar.networks import Astromer, AstromerClassifier, EndToEnd, Maven
from nightjar.params import Precision, WindowLightCurves
from nightjar.ragged import LightCurves
from nightjar.surveys import canonical
from nightjar.tasks import Task, sequence
from nightjar.training import hardware

POINTS = 500_000  # of light curves in memory at once, and in a row group of the output


@dataclass(frozen=True)
class Summary:
    """What was made of a file: ``rows`` written, and what was dropped, by reason."""

    rows: int
    drops: Counter[str]
    unseen_bands: list[str]


class Encoder:
    """A network that embeds light curves, and what its input goes through; see `load`.

    Parameters
    ----------
    model : of `weights.load`
    device : auto, cpu or gpu
    batch_size : windows (Astromer) or objects (Maven) in a batch
    pool : of the windows of a light curve: mean, max, or none, which keeps every window (Astromer)
    layer : 0 is the input embedding, 1 the first block, -1 the last (Astromer)
    precision : 32-true, or bf16-mixed: products in bfloat16, faster where the hardware has it, and
        embeddings that differ by a few percent of their standard deviation

    Raises
    ------
    InputError
        The network embeds no light curves, its file does not say how to prepare them, or pool or
        layer mean nothing for it, or there is no such precision.
    """

    def __init__(
        self,
        model: weights.Model,
        *,
        device: Literal["auto", "cpu", "gpu"] = "auto",
        batch_size: int = 64,
        pool: Pool = "mean",
        layer: int = -1,
        precision: Precision = "32-true",
    ) -> None:
        self.metadata = model.metadata
        network = model.network
        self._network = network.encoder if isinstance(network, AstromerClassifier) else network
        self.single_band = isinstance(self._network, Astromer)
        if not isinstance(self._network, Astromer | Maven | EndToEnd):
            raise InputError(f"{self.metadata.network}: this network embeds no light curves")
        self._check(pool, layer)
        if precision not in get_args(Precision):
            raise InputError(
                f"precision: {precision!r} is none of {', '.join(get_args(Precision))}"
            )
        if batch_size < 1:
            raise InputError(f"batch_size: {batch_size}: give 1 or more")
        self._settings = self._window_settings()
        chosen = hardware.accelerator(device)
        hardware.quicken(chosen)
        self._task = Task(self._network.to(chosen))
        self.batch_size, self.pool, self.layer = batch_size, pool, layer
        self.precision = precision

    @classmethod
    def load(cls, path: str | Path, **settings: object) -> Encoder:
        """The encoder of a weights file, or of a folder with ``weights.safetensors``.

        ``settings`` as above.
        """
        path = Path(path)
        if path.is_dir() and not (path / "weights.safetensors").exists():
            found = [each.parent.as_posix() for each in sorted(path.rglob("weights.safetensors"))]
            raise InputError(
                f"{path}: no weights.safetensors in it; "
                + (f"there are: {', '.join(found)}" if found else "train or import a model first")
            )
        path = path / "weights.safetensors" if path.is_dir() else path
        return cls(weights.load(path), **settings)  # type: ignore[arg-type]

    def embed(self, light_curves: Sequence[ArrayLike]) -> NDArray[np.float32]:
        """Embed light curves from memory.

        Parameters
        ----------
        light_curves : (points, 3) array each, or three columns: time in MJD, magnitude and its
            error; for a network of several bands a fourth column, the name of each point's band.
            Rows may be in any order.

        Returns
        -------
        (n, dim) float32, in the order of ``light_curves``.  Unusable points (NaN, errors that are
        not positive) are dropped; a light curve of which too little is left is a row of NaN.

        Raises
        ------
        InputError
            A light curve has other columns, no light curve is usable, or windows are not pooled.
        """
        if self.pool == "none":
            raise InputError("pool: none gives no row per light curve; use embed_file")
        tables, bands = in_memory(light_curves, banded=not self.single_band)
        groups = self._groups(bands, None, "light curves")
        source = Source(tables, groups, 1, "light curves", Path(tempfile.gettempdir()))
        parts = list(self._stream(source))
        out = np.full((len(light_curves), parts[0].values.shape[1]), np.nan, np.float32)
        for part in parts:
            out[part.object_id.astype(np.int64)] = part.values
        return out

    def embed_file(
        self,
        photometry: str | Path,
        out: str | Path,
        *,
        bands: Mapping[str, Sequence[str]] | None = None,
        min_points: int = 1,
        progress: bool = True,
    ) -> Summary:
        """Embed a photometry table of any size; memory grows with its objects, not its points.

        Parameters
        ----------
        photometry : Parquet; object_id, time, band, and mag, mag_err or flux, flux_err; rows in any
            order
        out : Parquet file to write: object_id, band (Astromer), window (pool none), embedding, in
            the order in which the objects first appear
        bands : group -> raw bands in order of preference, as in `samples.write`.  None: all bands
            (Astromer), or the model's own names (Maven).
        min_points : an object with fewer is dropped; a raw band with as many is preferred
        progress : show bars

        Returns
        -------
        Summary

        Raises
        ------
        InputError
            The file is not what it says, its bands are not the model's, or nothing is left of it;
            ``out`` is a folder, or the photometry itself.
        """
        target = to_write(out, photometry)
        tables, found = canonical.read_photometry(photometry)
        groups = self._groups(found, bands, str(photometry))
        target.parent.mkdir(parents=True, exist_ok=True)
        source = Source(tables, groups, min_points, str(photometry), target.parent, progress)
        about = {
            "network": self.metadata.network,
            "pool": self.pool,
            "layer": self.layer,
            "precision": self.precision,
        }
        rows = write(target, self._stream(source), about)
        known = self.metadata.bands
        unseen = [band for band in groups or found if known and band not in known]
        return Summary(rows, +source.drops, unseen)

    # --- the stream -------------------------------------------------------------------------------

    def _stream(self, source: Source) -> Iterator[Embeddings]:
        """Embeddings of all objects, in their order; at least one."""
        for chunk in chunks(source, self._settings, self.single_band, POINTS, "embedding"):
            yield from self._embedded(chunk)

    def _embedded(self, chunk: LightCurves) -> Iterator[Embeddings]:
        some = np.flatnonzero(np.diff(chunk.offsets))
        if not len(some):
            return
        if not isinstance(self._network, Astromer):
            data = SupernovaData(chunk, self._settings.points_per_band)
            yield Embeddings(chunk.object_id[some], None, None, self._collect(data, some))
            return
        full = self._network.mask == "legacy"  # there padding takes part
        cut = WindowData.sequential(chunk, self._settings.window, some, full=full)
        values = self._collect(cut, np.arange(len(cut)))
        band = np.asarray(chunk.bands)[chunk.band[chunk.offsets[:-1][some]]]
        if self.pool == "none":
            number = np.arange(len(cut)) - np.searchsorted(cut.row, cut.row)
            of_window = np.searchsorted(some, cut.row)
            yield Embeddings(chunk.object_id[cut.row], band[of_window], number, values)
            return
        yield Embeddings(chunk.object_id[some], band, None, pooled(values, cut.row, self.pool))

    def _collect(
        self, data: WindowData | SupernovaData, rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        owner = data.row[rows] if isinstance(data, WindowData) else rows
        points = np.diff(data.light_curves.offsets)[owner]
        order = np.argsort(points, kind="stable")  # similar lengths together: little is padded
        batches = batching.evaluation(data, rows[order], self.batch_size)
        mixed = self.precision == "bf16-mixed"
        with torch.autocast(self._task.device.type, torch.bfloat16, enabled=mixed):
            found = self._task.collect(self._function(), batches())
        return found[np.argsort(order)]

    def _function(self) -> Callable[[Batch], Tensor]:
        network = self._network
        if isinstance(network, Astromer):
            return lambda batch: network.embed_layer(*sequence(batch), self.layer).float()
        maven = cast(Maven | EndToEnd, network)
        return lambda batch: maven.embed_light_curve(*sequence(batch)).float()

    def _groups(
        self, found: Sequence[str], bands: Mapping[str, Sequence[str]] | None, where: str
    ) -> Mapping[str, Sequence[str]] | None:
        if self.single_band:
            return chosen_bands(found, bands, where)
        return band_groups(self.metadata.bands, found, bands, where)

    # --- checks -----------------------------------------------------------------------------------

    def _check(self, pool: Pool, layer: int) -> None:
        if pool not in ("mean", "max", "none"):
            raise InputError(f"pool: {pool!r} is none of mean, max, none")
        if not self.single_band and (pool != "mean" or layer != -1):
            raise InputError(
                f"{self.metadata.network}: gives one embedding per object; pool and layer are "
                "choices for Astromer"
            )
        if isinstance(self._network, Astromer):
            depth = len(self._network.blocks)
            if not -depth - 1 <= layer <= depth:
                raise InputError(f"layer: {layer}: the model has layers 0 (its input) to {depth}")

    def _window_settings(self) -> WindowLightCurves:
        said = self.metadata.preprocessing
        try:
            return WindowLightCurves.model_validate(
                said if self.single_band else said["light_curves"]
            )
        except (ValidationError, KeyError) as error:
            first = " ".join(str(error).split())[:200]
            raise InputError(
                f"{self.metadata.network}: its file does not say how light curves are prepared "
                f"({first}); train or import it again"
            ) from None

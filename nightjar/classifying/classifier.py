"""The classifier: from a photometry table of any size to classes that say how sure they are.

Light curves go through the checks, bands and windows of the pipeline (`samples`, `windows`), and an
object's probabilities are the mean over its windows and bands, hence are what its stages give.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from torch import Tensor

from nightjar import batching, weights
from nightjar.batching import Batch
from nightjar.batching.datasets import WindowData
from nightjar.calibration.record import Calibration, read_calibration
from nightjar.classifying.answers import Promises, answers
from nightjar.classifying.found import calibration_of, fold_of, networks_of
from nightjar.classifying.sums import Sums, whole
from nightjar.embedding.output import to_write, write_tables
from nightjar.embedding.prepared import Groups, Source, chunks
from nightjar.errors import InputError
from nightjar.networks import AstromerClassifier
from nightjar.params import WindowLightCurves
from nightjar.ragged import LightCurves
from nightjar.surveys import canonical
from nightjar.tasks import sequence
from nightjar.training import hardware
from nightjar.uncertainty import predict
from nightjar.uncertainty.methods import DROPOUT

POINTS = 500_000  # of light curves in memory at once
AT_ONCE = 8  # samples of a batch in one pass: a matter of memory


@dataclass(frozen=True)
class Summary:
    """What was made of a file: rows written and abstained from, what was dropped, by reason."""

    rows: int
    abstained: int
    drops: Counter[str]
    unread_bands: list[str]


class Classifier:
    """The networks of one fold of a method, and what its validation stars taught; see `load`.

    Parameters
    ----------
    networks : of `weights.load`; several are the members of an ensemble
    calibration : of this fold
    where : the models, for messages
    device : auto, cpu or gpu
    batch_size : windows in a batch
    seed : of dropout and stochastic attention; the same seed and table, the same rows

    Raises
    ------
    InputError
        Networks and calibration know different classes.
    """

    def __init__(
        self,
        networks: Sequence[weights.Model],
        calibration: Calibration,
        where: str,
        *,
        device: Literal["auto", "cpu", "gpu"] = "auto",
        batch_size: int = 64,
        seed: int = 0,
    ) -> None:
        self.metadata = networks[0].metadata
        self.calibration, self.where = calibration, where
        if calibration.classes != self.metadata.classes:
            raise InputError(
                f"{where}: the classifier's classes are {', '.join(self.metadata.classes)}, the "
                f"calibration's {', '.join(calibration.classes)}; give the calibration of this "
                "model, or run evaluate_uncertainty again"
            )
        if batch_size < 1:
            raise InputError(f"batch_size: {batch_size}: give 1 or more")
        self._device = hardware.accelerator(device)
        hardware.quicken(self._device)
        loaded = (cast(AstromerClassifier, model.network) for model in networks)
        self._networks = [network.to(self._device) for network in loaded]
        self._windows = WindowLightCurves.model_validate(self.metadata.preprocessing)
        self.batch_size, self.seed = batch_size, seed

    @classmethod
    def load(
        cls, model: str | Path, calibration: str | Path | None = None, **settings: object
    ) -> Classifier:
        """The classifier of a method's folder (its fold 0), or of the folder of one of its folds.

        Parameters
        ----------
        model : ``models/uncertainty/<method>``, or ``.../folds/<fold>`` in it
        calibration : file of evaluate_uncertainty; None: ``models/calibration/<method>.json``
        settings : as above

        Raises
        ------
        InputError
            Networks or calibration are missing, damaged, or do not belong together.
        """
        fold = fold_of(model)
        networks = networks_of(fold)
        learned = read_calibration(calibration or calibration_of(fold), int(fold.name))
        return cls(networks, learned, str(model), **settings)  # type: ignore[arg-type]

    def classify_file(
        self,
        photometry: str | Path,
        out: str | Path,
        *,
        error_rate: float = 0.05,
        coverage: float = 0.9,
        bands: Groups | None = None,
        min_points: int = 1,
        progress: bool = True,
    ) -> Summary:
        """Classify a photometry table of any size; memory grows with its objects, not its points.

        Parameters
        ----------
        photometry : Parquet; object_id, time, band, and mag, mag_err or flux, flux_err; rows in any
            order
        out : Parquet file to write: a row per object, as `answers` says, in the order in which
            objects first appear
        error_rate : abstain from what is above the score up to which at most so many of the
            validation stars are wrong
        coverage : chance that a conformal set shall hold the true class
        bands : band of the model -> raw bands in order of preference, as in `samples.write`.  None:
            the model's own names; other bands are not read.
        min_points : an object with fewer is dropped; a raw band with as many is preferred
        progress : show bars

        Returns
        -------
        Summary

        Raises
        ------
        InputError
            The file is not what it says, has none of the model's bands, or nothing is left of it;
            a rate is none; ``out`` is a folder, or the photometry itself.
        """
        target = to_write(out, photometry)
        promises = self._promises(error_rate, coverage)
        tables, found = canonical.read_photometry(photometry)
        groups = self._groups(found, bands, str(photometry))
        target.parent.mkdir(parents=True, exist_ok=True)
        source = Source(tables, groups, min_points, str(photometry), target.parent, progress)
        found_out = (
            answers(sums, self.calibration, promises) for sums in whole(self._sums(source))
        )
        rows = write_tables(target, found_out, self._about(promises))
        abstained = int(np.sum(pq.read_table(target, columns=["abstain"])["abstain"].to_numpy()))
        read = {raw for group in groups.values() for raw in group}
        unread = [band for band in found if band not in read]
        return Summary(rows, abstained, +source.drops, unread)

    # --- the stream -------------------------------------------------------------------------------

    def _sums(self, source: Source) -> Iterator[Sums]:
        for chunk in chunks(source, self._windows, True, POINTS, "classifying"):
            some = np.flatnonzero(np.diff(chunk.offsets))
            if len(some):
                yield self._of_chunk(chunk, some)

    def _of_chunk(self, chunk: LightCurves, some: NDArray[np.int64]) -> Sums:
        full = self.metadata.settings["astromer"]["mask"] == "legacy"  # there padding takes part
        cut = WindowData.sequential(chunk, self._windows.window, some, full=full)
        sampled = [self._sampled(network, cut) for network in self._networks]
        return Sums.of(chunk.object_id[cut.row], np.concatenate(sampled))

    def _sampled(self, network: AstromerClassifier, cut: WindowData) -> NDArray[np.float64]:
        """(samples, windows, classes), as the stage sampled it."""
        notes = self.metadata.notes
        batches = batching.evaluation(cut, np.arange(len(cut)), self.batch_size)
        random = notes["method"] in DROPOUT
        return predict(
            network,
            _forward(network),
            (batch.to(self._device) for batch in batches()),
            samples=int(notes["samples"]),
            dropouts=network.dropouts(int(notes["blocks"])) if random else (),
            at_once=AT_ONCE,
            seed=self.seed,
        )

    # --- what is asked ----------------------------------------------------------------------------

    def _promises(self, error_rate: float, coverage: float) -> Promises:
        if not 0 <= error_rate < 1:
            raise InputError(f"error_rate: {error_rate}: give a share from 0 to below 1")
        if not 0 < coverage < 1:
            raise InputError(f"coverage: {coverage}: give a share between 0 and 1")
        return Promises.of(self.calibration, error_rate, coverage)

    def _groups(self, found: Sequence[str], bands: Groups | None, where: str) -> Groups:
        own = self.metadata.bands
        groups = {band: [band] for band in own} if bands is None else dict(bands)
        unknown = [band for band in groups if band not in own]
        if unknown:
            raise InputError(
                f"bands: the model was trained on {', '.join(own)}, not on {', '.join(unknown)}"
            )
        known = {name: raw for name, raw in groups.items() if set(raw) & set(found)}
        if not known:
            raise InputError(
                f"{where}: no point in the bands of the model ({', '.join(own)}), only in "
                f"{', '.join(found) or 'none'}; say which of these stands for one: "
                f"--band {own[0]}=..."
            )
        return known

    def _about(self, promises: Promises) -> Mapping[str, object]:
        numbers = {"temperature": self.calibration.temperature, **promises._asdict()}
        return {
            "model": self.where,
            "notes": self.metadata.notes,
            **{key: value if np.isfinite(value) else None for key, value in numbers.items()},
        }


def _forward(network: AstromerClassifier) -> Callable[[Batch, int], Tensor]:
    return lambda batch, samples: network(*sequence(batch), samples=samples)

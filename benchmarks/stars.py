"""What a star costs: features for a forest beside embeddings of pre-trained networks.

The same stars of a finished run, all their points, in turn in one process on one thread, milli-
seconds of the processor per star:

features          `nightjar.classical.stars.of_stars`: magnitudes, period, Fourier series
within a window   the same of each star's first 200 points
<network>         every window of the star through the network, in float32, mean over windows

Neither counts the classifier on top, which costs microseconds.  Run as ``python -m benchmarks.stars
[--stars 256] [models/astromer/nightjar ...] [--out stars.json]`` after ``dvc repro
finetune_astromer``, without models for all of ``models/astromer``.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import torch

from benchmarks import timing
from benchmarks.timing import Way
from nightjar import batching, weights
from nightjar.classical import stars as features
from nightjar.networks import Astromer
from nightjar.stars import Stars, open_stars
from nightjar.tasks import AstromerTask
from nightjar.training import hardware

SAMPLE = Path("data/raw/variables")
WINDOWS = Path("data/processed/windows/variables")
MODELS = Path("models/astromer")
BATCH = 64
WINDOW = 200


def ways(stars: Stars, ids: np.ndarray, models: list[Path]) -> dict[str, Way]:
    """Features twice, then every network."""
    settings = timing.settings(1, "cpu")

    def prepare() -> None:
        hardware.prepare(settings)

    def of_features(points: int | None) -> Callable[[], object]:
        return lambda: features.of_stars(
            stars.light_curves, ids, period_min=0.05, points=points, threads=1
        )

    found = {
        "features": Way(prepare, of_features(None)),
        "within a window": Way(prepare, of_features(WINDOW)),
    }
    for path in models:
        loaded = weights.load(path / "weights.safetensors", network=Astromer).network
        found[path.name] = Way(prepare, _embedding(cast(Astromer, loaded.eval()), stars, ids))
    return found


def _embedding(network: Astromer, stars: Stars, ids: np.ndarray) -> Callable[[], object]:
    windows = stars.sequential(stars.rows_of(ids), full=network.mask == "legacy")
    task = AstromerTask(network)
    return lambda: task.collect(
        task.embed, batching.evaluation(windows, np.arange(len(windows)), BATCH)()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", type=Path, help="folders of weights.safetensors")
    parser.add_argument("--stars", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the numbers as JSON")
    given = parser.parse_args()
    models = given.models or sorted(path.parent for path in MODELS.glob("*/weights.safetensors"))
    stars = open_stars(SAMPLE, WINDOWS)
    labelled = stars.objects.loc[stars.objects["class"].notna(), "object_id"].unique().astype(str)
    ids = np.sort(np.random.default_rng(0).permutation(labelled)[: given.stars])
    turns = ways(stars, ids, models)
    seconds = timing.alternate(turns, given.repeats, 1, torch.device("cpu"))
    print(f"{len(ids)} stars, {given.repeats} turns each\n{'':20}{'ms/star':>10}{'cheaper':>10}")
    rows = {
        name: {
            "ms_per_star": 1000 * statistics.median(found) / len(ids),
            "times_features": timing.ratio(seconds["features"], found),
        }
        for name, found in seconds.items()
    }
    for name, row in rows.items():
        print(f"{name:20}{row['ms_per_star']:10.2f}{row['times_features']:9.1f}x")
    if given.out:
        given.out.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""Bring the spectra of both supernova samples to one grid, continuum divided out."""

import shutil
from collections.abc import Mapping

import numpy as np

from nightjar import figures, params, samples
from nightjar.columns import in_words
from nightjar.errors import InputError
from nightjar.metrics import write_json
from nightjar.pipeline import run
from nightjar.spectra import store

SAMPLES = ("simulated_supernovae", "supernovae")
PROCESSED = "data/processed/spectra"
SHOWN = 4  # spectra in the figure


def main() -> None:
    """Preprocess, count, show some spectra before and after."""
    settings = params.load(params.PreprocessSpectra)
    metrics: dict[str, Mapping[str, float]] = {}
    shutil.rmtree(PROCESSED, ignore_errors=True)  # of an earlier run, whole or not
    for name in SAMPLES:
        sample = samples.open(f"data/raw/{name}")
        if sample.spectra is None:
            raise InputError(f"data/raw/{name}: no spectra; gather a survey that has some")
        dropped = store.write(sample.spectra, sample.objects, f"{PROCESSED}/{name}", settings)
        processed = store.ProcessedSpectra.open(f"{PROCESSED}/{name}")
        if not len(processed):
            raise InputError(
                f"data/raw/{name}: no spectrum is usable: {in_words(dropped)}; check "
                "preprocess_spectra in params.yaml"
            )
        metrics[name] = {
            "spectra": len(processed),
            "objects": len(np.unique(processed.object_id)),
            "mean_coverage": float(np.mean(processed.valid)),
        }
        metrics[f"{name}_dropped"] = dropped
        figure = figures.spectra(*store.before_and_after(sample.spectra, processed, SHOWN))
        figures.save(figure, f"plots/preprocess_spectra/{name}.png")
    write_json("metrics/preprocess_spectra.json", metrics)


if __name__ == "__main__":
    run(main, "preprocess_spectra")

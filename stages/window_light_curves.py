"""Turn light curves into Maven's sequences and Astromer's single-band curves."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nightjar import figures, params, samples, windows
from nightjar.columns import in_words
from nightjar.errors import InputError
from nightjar.metrics import write_json
from nightjar.pipeline import run
from nightjar.ragged import LightCurves
from nightjar.samples import census

WINDOWS = Path("data/processed/windows")
CONVERSIONS = {
    "simulated_supernovae": windows.write_sequences,
    "supernovae": windows.write_sequences,
    "variables": windows.write_curves,
}


def main() -> None:
    """Convert every sample, count, show one light curve per class."""
    settings = params.load(params.WindowLightCurves)
    metrics: dict[str, Mapping[str, float]] = {}
    shutil.rmtree(WINDOWS, ignore_errors=True)  # of an earlier run, whole or not
    WINDOWS.mkdir(parents=True)
    for name, convert in CONVERSIONS.items():
        sample = samples.open(f"data/raw/{name}")
        dropped = convert(sample.light_curves, WINDOWS / name, settings)
        curves = LightCurves.open(WINDOWS / name)
        if not len(curves.time):
            raise InputError(
                f"data/raw/{name}: no light curve is usable: {in_words(dropped)}; check "
                "window_light_curves in params.yaml"
            )
        metrics[name] = {
            "light_curves": len(curves),
            "points": len(curves.time),
            "median_points": float(np.median(np.diff(curves.offsets))),
        }
        metrics[f"{name}_dropped"] = dropped
        figure = figures.light_curves(
            census.examples(sample), sample.light_curves.bands, sample.light_curves.quantity
        )
        figures.save(figure, f"plots/window_light_curves/{name}.png")
    (WINDOWS / "settings.json").write_text(settings.model_dump_json() + "\n")
    write_json("metrics/window_light_curves.json", metrics)


if __name__ == "__main__":
    run(main, "window_light_curves")

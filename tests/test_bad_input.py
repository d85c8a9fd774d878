"""What becomes of bad data: each row of ``CASES`` is something a user may have, and what comes out.

A valid survey of three small tables has gone through the stages.  Every case spoils one thing in
that directory and runs stages again, as a user would.  Either the last of them *refuses*: exit
status 1 and a message that names file, column, row and what to do, no traceback.  Or the run goes
on, and its metrics differ from those of the valid survey by exactly the numbers given: what is lost
is *counted* under its reason, the rest is intact, and rows read = rows kept + rows dropped.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import save_file

from nightjar import pipeline, samples, weights
from nightjar.networks import Maven, MavenEncoder
from tests.surveys import formats

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = Path("models/maven_pretrained/weights.safetensors")
GATHER, STARS = "gather_supernovae", "gather_variables"
SPECTRA, WINDOWS, FINETUNE = "preprocess_spectra", "window_light_curves", "finetune_clip"
NAN, INF = np.nan, np.inf
OBJECTS, POINTS, PIXELS = 12, 12, 100
WAVELENGTH = np.linspace(3600, 9800, PIXELS)

Spoil = Callable[[], None]


# --- the valid survey ---------------------------------------------------------------------------


def valid_tables() -> dict[str, pd.DataFrame]:
    """Twelve objects sn00 ... sn11: 5 SN Ia, 4 SN II, 3 SLSN-I.

    Object i has six points in g and six in r, in order of time, in the rows 12 i ... 12 i + 11 of
    the photometry, and one spectrum in row i.
    """
    ids = [f"sn{i:02d}" for i in range(OBJECTS)]
    step = np.tile(np.arange(POINTS), OBJECTS)
    photometry = {
        "object_id": np.repeat(ids, POINTS),
        "time": 58000.0 + 3 * step,
        "band": np.where(step % 2, "r", "g"),
        "mag": 18 + 0.01 * (step - 4.0) ** 2,
        "mag_err": 0.1,
    }
    spectra = {
        "object_id": ids,
        "time": 58012.0,
        "wavelength": [WAVELENGTH] * OBJECTS,
        "flux": [2 + np.sin(WAVELENGTH / (300 + 10 * i)) for i in range(OBJECTS)],
        "flux_err": [np.full(PIXELS, 0.05)] * OBJECTS,
        "frame": "observed",
    }
    objects = {
        "object_id": ids,
        "class": ["SN Ia"] * 5 + ["SN II"] * 4 + ["SLSN-I"] * 3,
        "redshift": np.linspace(0.02, 0.1, OBJECTS),
    }
    tables = {"objects": objects, "photometry": photometry, "spectra": spectra}
    return {name: pd.DataFrame(columns) for name, columns in tables.items()}


def valid_params() -> dict[str, Any]:
    """The repository's own parameters in small, with the survey for supernovae and for stars."""
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    values |= {"preset": "smoke", "threads": 1, "device": "cpu"}
    values[GATHER] |= {"source": "tables", "path": "survey"}
    values[STARS] |= {"source": "tables", "path": "survey", "min_points": 1}
    values[STARS] |= {"samples_per_class": [1]}
    return values


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    """A directory in which the data stages ran on the valid survey, and all their metrics."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("valid"))
        Path("survey").mkdir()
        for name, frame in valid_tables().items():
            frame.to_parquet(f"survey/{name}.parquet", index=False)
        Path("params.yaml").write_text(yaml.safe_dump(valid_params()))
        metrics = {stage: run(stage) for stage in (GATHER, STARS)}
        shutil.copytree("data/raw/supernovae", "data/raw/simulated_supernovae")
        metrics |= {stage: run(stage) for stage in (SPECTRA, WINDOWS)}
        return Path.cwd(), metrics


def run(stage: str) -> dict[str, int]:
    """Run a stage as ``python -m stages.<stage>`` does; its counts as ``dropped.<reason>``."""
    pipeline.run(import_module(f"stages.{stage}").main, stage)
    metrics = json.loads(Path(f"metrics/{stage}.json").read_text())
    flat = {f"{top}.{key}": value for top, of in metrics.items() for key, value in of.items()}
    return {key: value for key, value in flat.items() if isinstance(value, int)}


# --- ways to spoil it ---------------------------------------------------------------------------


def edit(table: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Spoil:
    def spoil() -> None:
        path = f"survey/{table}.parquet"
        change(pd.read_parquet(path)).to_parquet(path, index=False)

    return spoil


def put(table: str, column: str, cells: dict[int, Any], dtype: type | None = None) -> Spoil:
    """Write ``cells`` (row -> value) into a column, made ``dtype`` first."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        values = list(frame[column] if dtype is None else frame[column].astype(dtype))
        for row, value in cells.items():
            values[row] = value
        return frame.assign(**{column: values})

    return edit(table, change)


def flux_in_njy(frame: pd.DataFrame) -> pd.DataFrame:
    """Difference fluxes of 100 +- 10 nJy, the first two below zero."""
    frame = frame.assign(flux=100.0, flux_err=10.0).drop(columns=["mag", "mag_err"])
    frame.loc[[0, 1], "flux"] = -50.0
    return frame


def setting(key: str, value: Any) -> Spoil:
    """``stage.key: value`` in params.yaml."""

    def spoil() -> None:
        values = yaml.safe_load(Path("params.yaml").read_text())
        *blocks, last = key.split(".")
        block = values
        for name in blocks:
            block = block[name]
        block[last] = value
        Path("params.yaml").write_text(yaml.safe_dump(values))

    return spoil


def both(*spoils: Spoil) -> Spoil:
    def spoil() -> None:
        for each in spoils:
            each()

    return spoil


def cut(path: str, share: float = 0.5) -> Spoil:
    """Keep the first part of a file, as a download that was interrupted."""

    def spoil() -> None:
        whole = Path(path).read_bytes()
        Path(path).write_bytes(whole[: int(share * len(whole))])

    return spoil


def hdf5_cut() -> None:
    formats.snana(Path("sim.hdf5"))
    cut("sim.hdf5")()
    setting("gather_supernovae.source", "snana_hdf5")()
    setting("gather_supernovae.path", "sim.hdf5")()


def trained(network: torch.nn.Module, bands: tuple[str, ...] = ("g", "r")) -> Spoil:
    return lambda: weights.save(WEIGHTS, network, preprocessing={}, bands=bands, sample="")


ENCODER: dict[str, Any] = {"dim": 4, "depth": 1, "heads": 1, "base": 1e4, "pooling": "mean"}
MAVEN = Maven(ENCODER, ENCODER, output=4, embedding=4, bands=2, logit_scale=10.0)
OTHER_NETWORK = MavenEncoder(**ENCODER, output=4, bands=2)


def weights_from_elsewhere() -> None:
    WEIGHTS.parent.mkdir(parents=True)
    save_file({"weight": torch.zeros(2)}, WEIGHTS, {"format": "pt"})


def killed_run() -> None:
    """What a stage that was killed may leave: half an output, and names that are to vanish."""
    for folder in ("data/raw/.supernovae.1", "data/raw/.supernovae.old"):
        shutil.copytree("data/raw/supernovae", folder)
    Path("data/raw/supernovae/objects.parquet").unlink()
    Path("data/processed/windows/settings.json").unlink()
    cut("data/processed/spectra/supernovae/flux.npy")()


# --- the table ----------------------------------------------------------------------------------
# what is wrong | how it comes about | the stages that are run | what comes out: either words of the
# message with which the last stage refuses, or what changes in the metrics of all of them

OBJECTS_FILE, POINTS_FILE = "survey/objects.parquet", "survey/photometry.parquet"
SPECTRA_FILE = "survey/spectra.parquet"
UNSORTED = edit("photometry", lambda frame: frame.sample(frac=1, random_state=0))
NOTHING: dict[str, int] = {}


def columns(table: str, **names: str) -> Spoil:
    """Rename columns."""
    return edit(table, lambda frame: frame.rename(columns=names))


def without(table: str, column: str) -> Spoil:
    return edit(table, lambda frame: frame.drop(columns=column))


def rows(table: str, keep: Callable[[int], bool]) -> Spoil:
    return edit(table, lambda frame: frame[[keep(row) for row in frame.index]])


def twice(table: str, *also: int) -> Spoil:
    """Append a copy of the rows ``also``."""
    return edit(table, lambda frame: pd.concat([frame, frame.loc[list(also)]]))


REFUSED: list[tuple[str, Spoil, list[str], list[str]]] = [
    # --- files
    ("a path that does not exist", setting(f"{GATHER}.path", "nowhere"), [GATHER],
     ["nowhere", "no such folder", "objects.parquet"]),
    ("a folder without objects.parquet", Path(OBJECTS_FILE).unlink, [GATHER],
     [OBJECTS_FILE, "no such file"]),
    ("an empty file of objects", cut(OBJECTS_FILE, 0), [GATHER], [OBJECTS_FILE, "truncated"]),
    ("an empty file of photometry", cut(POINTS_FILE, 0), [GATHER], [POINTS_FILE, "truncated"]),
    ("an empty file of spectra", cut(SPECTRA_FILE, 0), [GATHER], [SPECTRA_FILE, "truncated"]),
    ("half a file of objects", cut(OBJECTS_FILE), [STARS], [OBJECTS_FILE, "truncated"]),
    ("half a file of photometry", cut(POINTS_FILE), [STARS], [POINTS_FILE, "truncated"]),
    ("half a file of spectra", cut(SPECTRA_FILE), [GATHER], [SPECTRA_FILE, "truncated"]),
    ("half an HDF5 file", hdf5_cut, [GATHER], ["sim.hdf5", "truncated"]),
    ("half a file between stages", cut("data/raw/supernovae/objects.parquet"), [WINDOWS],
     ["data/raw/supernovae/objects.parquet", "gather the survey again"]),
    ("half an array between stages", cut("data/raw/supernovae/light_curves/time.npy"), [WINDOWS],
     ["data/raw/supernovae/light_curves/time.npy", "truncated", "gather again"]),
    # --- tables
    ("a table of no objects", rows("objects", lambda row: False), [GATHER],
     [OBJECTS_FILE, "no objects", "at least one row"]),
    ("a table of no photometry", rows("photometry", lambda row: False), [GATHER],
     ["0 have the points", "12 a spectrum", "gather_supernovae.bands"]),
    ("a table of no photometry, stars", both(rows("photometry", lambda row: False),
     Path(SPECTRA_FILE).unlink), [STARS], ["no objects left", "12 objects_too_few_points"]),
    ("a table of no spectra", rows("spectra", lambda row: False), [GATHER],
     ["12 have the points", "0 a spectrum"]),
    ("a missing column", without("photometry", "time"), [GATHER],
     [POINTS_FILE, "no column 'time'", "found object_id, band, mag, mag_err"]),
    ("no column of errors", without("photometry", "mag_err"), [GATHER],
     [POINTS_FILE, "no column 'mag_err'"]),
    ("times called jd", columns("photometry", time="jd"), [GATHER],
     [POINTS_FILE, "no column 'time'", "jd - 2400000.5"]),
    ("two columns for one name", edit("photometry", lambda f: f.assign(mjd=f["time"])), [GATHER],
     [POINTS_FILE, "'time' and 'mjd' both mean 'time'", "remove one"]),
    ("magnitudes and fluxes", edit("photometry", lambda f: f.assign(flux=1.0)), [GATHER],
     [POINTS_FILE, "both 'mag' and 'flux'", "keep the one"]),
    # --- values
    ("text for a number", put("photometry", "mag", {7: "bright"}, str), [GATHER],
     [POINTS_FILE, "column 'mag', row 7: 'bright'", "store numbers"]),
    ("text for a position", edit("objects", lambda f: f.assign(ra="1:02:03")), [GATHER],
     [OBJECTS_FILE, "column 'ra', row 0: '1:02:03'", "store numbers"]),
    ("text for a list", put("spectra", "flux", {3: "1 2 3"}, str), [GATHER],
     [SPECTRA_FILE, "column 'flux', row 0", "no list of numbers"]),
    ("a duplicate object", twice("objects", 4), [GATHER],
     [OBJECTS_FILE, "column 'object_id', row 12: 'sn04' is there twice", "keep one row"]),
    ("an object without a name", put("objects", "object_id", {4: None}), [GATHER],
     [OBJECTS_FILE, "column 'object_id', row 4", "every object needs an id"]),
    ("Julian dates", put("photometry", "time", {5: 2458000.5}), [GATHER],
     [POINTS_FILE, "column 'time', row 5: 2458000.5", "Julian date", "subtract 2400000.5"]),
    ("a Julian date of a spectrum", put("spectra", "time", {2: 2458000.5}), [GATHER],
     [SPECTRA_FILE, "column 'time', row 2: 2458000.5", "subtract 2400000.5"]),
    ("an unknown frame", put("spectra", "frame", {1: "lab"}), [GATHER],
     [SPECTRA_FILE, "column 'frame', row 1: 'lab'", "'observed' nor 'rest'"]),
    # --- what is left is not enough
    ("no object with both bands", setting(f"{GATHER}.bands", {"g": ["g"], "r": ["R"]}), [GATHER],
     ["each of the bands g, r", "gather_supernovae.bands"]),
    ("no class large enough", setting(f"{GATHER}.folds", 6), [GATHER],
     ["no class has 6", "ask for fewer folds"]),
    ("no class large enough, stars", rows("objects", lambda row: row in (0, 5, 9)), [STARS],
     ["survey 'stars'", "no class has 3", "gather_variables.surveys"]),
    ("stars without a class", put("objects", "class", dict.fromkeys(range(12))), [STARS],
     ["stars", "has a class", "gather_variables.classes"]),
    ("a survey that is not there", setting(f"{STARS}.surveys", ["MACHO"]), [STARS],
     ["gather_variables.surveys: no survey 'MACHO'", "there are: stars"]),
    ("no spectra on the grid", both(setting(f"{SPECTRA}.wavelength_min", 12000.0),
     setting(f"{SPECTRA}.wavelength_max", 20000.0)), [SPECTRA],
     ["data/raw/simulated_supernovae", "12 spectra_no_overlap", "preprocess_spectra"]),
    ("spectra gone", lambda: shutil.rmtree("data/raw/supernovae/spectra"), [SPECTRA],
     ["data/raw/supernovae: no spectra"]),
    ("no point with a usable error", setting(f"{WINDOWS}.error_max", 0.01), [WINDOWS],
     ["144 sequence_error_too_large", "window_light_curves"]),
    # --- weights
    ("no weights", Path, [FINETUNE], [str(WEIGHTS), "no such file"]),
    ("half a file of weights", both(trained(MAVEN), cut(str(WEIGHTS))), [FINETUNE],
     [str(WEIGHTS), "truncated"]),
    ("weights from elsewhere", weights_from_elsewhere, [FINETUNE],
     [str(WEIGHTS), "nightjar did not write this file", "imported"]),
    ("weights of another network", trained(OTHER_NETWORK), [FINETUNE],
     [str(WEIGHTS), "MavenEncoder, not Maven"]),
    ("weights for other bands", trained(MAVEN, ("u", "g")), [FINETUNE],
     [str(WEIGHTS), "bands u, g, the data have g, r", "gather_supernovae.bands"]),
    # --- parameters
    ("an unknown key", setting(f"{GATHER}.min_point", 3), [GATHER],
     ["params.yaml: gather_supernovae.min_point: unknown key", "'min_points'"]),
    ("a string for a number", setting(f"{GATHER}.folds", "many"), [GATHER],
     ["params.yaml: gather_supernovae.folds", "integer", "'many'"]),
    ("a source without a path", setting(f"{GATHER}.path", None), [GATHER],
     ["params.yaml: gather_supernovae", "'tables' needs a path"]),
]  # fmt: skip

COUNTED: list[tuple[str, Spoil, list[str], dict[str, int]]] = [
    # --- photometry
    ("a time that is no number", put("photometry", "time", {5: NAN}), [GATHER],
     {"sample.points": -1, "dropped.photometry_time_not_finite": 1}),
    ("infinite times", put("photometry", "time", {5: INF, 6: -INF}), [GATHER],
     {"sample.points": -2, "dropped.photometry_time_not_finite": 2}),
    ("magnitudes not finite", put("photometry", "mag", {5: NAN, 30: INF}), [GATHER],
     {"sample.points": -2, "dropped.photometry_value_not_finite": 2}),
    ("missing errors", put("photometry", "mag_err", {5: NAN, 30: None}), [GATHER],
     {"sample.points": -2, "dropped.photometry_error_missing": 2}),
    ("an infinite error", put("photometry", "mag_err", {5: INF}), [GATHER],
     {"sample.points": -1, "dropped.photometry_error_not_finite": 1}),
    ("errors not above zero", put("photometry", "mag_err", {5: 0.0, 6: -0.1}), [GATHER],
     {"sample.points": -2, "dropped.photometry_error_not_positive": 2}),
    ("points without a band", put("photometry", "band", {5: None, 30: " "}), [GATHER],
     {"sample.points": -2, "dropped.photometry_band_missing": 2}),
    ("a band in no group", put("photometry", "band", {5: "i"}), [GATHER],
     {"sample.points": -1, "dropped.photometry_band_not_listed": 1}),
    ("a second g band", put("photometry", "band", {0: "V"}), [GATHER],
     {"sample.points": -1, "dropped.photometry_band_not_used": 1}),
    ("points of no object", put("photometry", "object_id", {5: "sn99", 6: None}), [GATHER],
     {"sample.points": -2, "dropped.photometry_object_id_unknown": 1,
      "dropped.photometry_object_id_missing": 1}),
    ("times not in order", UNSORTED, [GATHER, SPECTRA, WINDOWS], NOTHING),
    ("repeated times", twice("photometry", 5, 6, 30), [GATHER],
     {"dropped.photometry_repeated": 3}),
    ("a light curve of one point", rows("photometry", lambda row: not 1 <= row < 12), [GATHER],
     {"sample.points": -11, "sample.pairs_in_folds": -1, "not_in_folds.not_a_pair": 1}),
    ("one point and no spectrum", both(rows("photometry", lambda row: not 1 <= row < 12),
     rows("spectra", lambda row: row > 0)), [GATHER],
     {"sample.points": -12, "sample.spectra": -1, "sample.objects": -1, "classes.SN Ia": -1,
      "sample.objects_with_spectra": -1, "sample.pairs_in_folds": -1,
      "dropped.objects_too_few_points": 1, "dropped.photometry_object_too_few_points": 1}),
    ("one point of a star", rows("photometry", lambda row: not 1 <= row < 12), [STARS, WINDOWS],
     {"sample.points": -11, "variables.points": -12, "variables.light_curves": -2,
      "variables_dropped.curve_too_few_points": 1, "variables_dropped.curve_empty": 1}),
    ("negative fluxes", edit("photometry", flux_in_njy), [GATHER, WINDOWS],
     {"supernovae.points": -2, "supernovae_dropped.sequence_snr_too_low": 2}),
    # --- objects
    ("a redshift in words", put("objects", "redshift", {2: "high"}, str), [GATHER],
     {"dropped.objects_redshift_not_numeric": 1}),
    ("redshifts out of range", put("objects", "redshift", {2: -1.0, 3: INF}), [GATHER],
     {"dropped.objects_redshift_negative": 1, "dropped.objects_redshift_not_finite": 1}),
    ("a position out of range", edit("objects", lambda f: f.assign(ra=400.0)), [GATHER],
     {"dropped.objects_ra_not_valid": 12}),
    ("an object without a class", put("objects", "class", {0: None}), [GATHER],
     {"classes.SN Ia": -1, "classes.unlabelled": 1, "sample.pairs_in_folds": -1,
      "dropped.objects_class_missing": 1, "not_in_folds.class_missing": 1}),
    ("a class that is not listed", put("objects", "class", {0: "TDE"}), [GATHER],
     {"classes.SN Ia": -1, "classes.unlabelled": 1, "sample.pairs_in_folds": -1,
      "dropped.objects_class_not_listed": 1, "not_in_folds.class_missing": 1}),
    ("fewer of a class than folds", put("objects", "class", {0: "SN IIn"}), [GATHER],
     {"classes.SN Ia": -1, "classes.SN IIn": 1, "sample.pairs_in_folds": -1,
      "not_in_folds.class_too_small": 1}),
    ("too few stars of a class", put("objects", "class", {0: "Mira", 1: "Mira"}), [STARS],
     {"classes.SN Ia": -2, "classes.Mira": 2, "not_in_splits.class_too_small": 2}),
    # --- spectra
    ("a spectrum of three pixels", put("spectra", "flux", {0: np.ones(3)})
     and both(*(put("spectra", c, {0: np.linspace(4000, 5000, 3)})
                for c in ("wavelength", "flux", "flux_err"))), [GATHER, SPECTRA],
     {"supernovae.spectra": -1, "supernovae.objects": -1,
      "supernovae_dropped.spectra_too_few_pixels": 1}),
    ("a spectrum off the grid", put("spectra", "wavelength", {0: WAVELENGTH + 9000}),
     [GATHER, SPECTRA], {"supernovae.spectra": -1, "supernovae.objects": -1,
                         "supernovae_dropped.spectra_no_overlap": 1}),
    ("a spectrum of little of the grid", put("spectra", "wavelength", {0: WAVELENGTH / 9 + 4000}),
     [GATHER, SPECTRA], {"supernovae.spectra": -1, "supernovae.objects": -1,
                         "supernovae_dropped.spectra_too_little_coverage": 1}),
    ("a spectrum of zeros", put("spectra", "flux", {0: np.zeros(PIXELS)}), [GATHER, SPECTRA],
     {"supernovae.spectra": -1, "supernovae.objects": -1,
      "supernovae_dropped.spectra_flux_zero": 1}),
    ("a spectrum without a flux", put("spectra", "flux", {0: np.full(PIXELS, NAN)}), [GATHER],
     {"sample.spectra": -1, "sample.objects_with_spectra": -1, "sample.pairs_in_folds": -1,
      "not_in_folds.not_a_pair": 1, "dropped.spectra_no_pixels": 1,
      "dropped.pixels_flux_not_finite": PIXELS}),
    ("arrays of two lengths", put("spectra", "flux", {0: np.ones(99)}), [GATHER],
     {"sample.spectra": -1, "sample.objects_with_spectra": -1, "sample.pairs_in_folds": -1,
      "not_in_folds.not_a_pair": 1, "dropped.spectra_lengths_disagree": 1}),
    ("errors of a spectrum not above zero", put("spectra", "flux_err", {0: np.zeros(PIXELS)}),
     [GATHER, SPECTRA], {"dropped.pixels_error_not_positive": PIXELS}),
    ("wavelengths not increasing", both(put("spectra", "wavelength", {0: WAVELENGTH[::-1]}),
     ), [GATHER, SPECTRA], {"dropped.spectra_repaired_order": 1}),
    ("a repeated wavelength",
     put("spectra", "wavelength", {0: np.append(WAVELENGTH[:-1], WAVELENGTH[-2])}), [GATHER],
     {"dropped.pixels_wavelength_repeated": 1}),
    ("a spectrum of infinite time", put("spectra", "time", {0: INF}), [GATHER],
     {"dropped.spectra_repaired_time_infinite": 1}),
    ("rest frame without a redshift", both(put("spectra", "frame", {0: "rest"}),
     put("objects", "redshift", {0: NAN})), [GATHER],
     {"sample.spectra": -1, "sample.objects_with_spectra": -1, "sample.pairs_in_folds": -1,
      "not_in_folds.not_a_pair": 1, "dropped.spectra_rest_without_redshift": 1}),
    ("a spectrum of no object", put("spectra", "object_id", {0: "sn99"}), [GATHER],
     {"sample.spectra": -1, "sample.objects_with_spectra": -1, "sample.pairs_in_folds": -1,
      "not_in_folds.not_a_pair": 1, "dropped.spectra_object_id_unknown": 1}),
    # --- runs
    ("outputs of a killed run", killed_run, [GATHER, STARS, SPECTRA, WINDOWS], NOTHING),
]  # fmt: skip


# --- the test -----------------------------------------------------------------------------------


@pytest.fixture
def workplace(valid, tmp_path, monkeypatch) -> dict[str, dict[str, int]]:
    """Work in a copy of the valid directory; its metrics."""
    folder, metrics = valid
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return metrics


def by_name(table: list[tuple]) -> list[Any]:
    return [pytest.param(*row[1:], id=row[0]) for row in table]


@pytest.mark.parametrize(("spoil", "stages", "words"), by_name(REFUSED))
def test_refused(workplace, spoil, stages, words):
    spoil()
    for stage in stages[:-1]:
        run(stage)
    with pytest.raises(SystemExit) as ended:
        run(stages[-1])
    message = ended.value.code
    assert isinstance(message, str)  # printed, and exit status 1
    assert all(line.startswith(f"{stages[-1]}: error: ") for line in message.splitlines())
    missing = [word for word in words if word not in message]
    assert not missing, message


@pytest.mark.parametrize(("spoil", "stages", "changes"), by_name(COUNTED))
def test_counted(workplace, spoil, stages, changes):
    spoil()
    now = {key: value for stage in stages for key, value in run(stage).items()}
    before = {key: value for stage in stages for key, value in workplace[stage].items()}
    differences = {key: now.get(key, 0) - before.get(key, 0) for key in {**before, **now}}
    assert {key: value for key, value in differences.items() if value} == changes

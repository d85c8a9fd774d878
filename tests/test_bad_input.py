"""What becomes of bad data: each row of ``CASES`` is something a user may have, and what comes out.

A valid survey of three small tables has gone through the stages.  Every case spoils one thing in
that directory and runs stages again, as a user would.  Either the last of them *refuses*: exit
status 1 and a message that names file, column, row and what to do, no traceback.  Or the run goes
on, and its metrics differ from those of the valid survey by exactly the numbers given: what is lost
is *counted* under its reason, the rest is intact, and rows read = rows kept + rows dropped.
"""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
import yaml
from safetensors.torch import save_file

from nightjar import pipeline, samples, weights
from nightjar.networks import Maven, MavenEncoder
from nightjar.ragged import LightCurves
from tests.surveys import formats

ROOT = Path(__file__).resolve().parents[1]
GATHER, STARS = "gather_supernovae", "gather_variables"
SPECTRA, WINDOWS, FINETUNE = "preprocess_spectra", "window_light_curves", "finetune_clip"
OBJECTS_FILE, POINTS_FILE = "survey/objects.parquet", "survey/photometry.parquet"
SPECTRA_FILE, SAMPLE = "survey/spectra.parquet", "data/raw/supernovae"
WEIGHTS = Path("models/maven_pretrained/weights.safetensors")
NAN, INF = np.nan, np.inf
OBJECTS, POINTS, PIXELS = 12, 12, 100
WAVELENGTH = np.linspace(3600, 9800, PIXELS)

Spoil = Callable[[], None]
Counts = Counter[str]


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
def valid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Counts]]:
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


def run(stage: str) -> Counts:
    """Run a stage as ``python -m stages.<stage>`` does; its counts as ``dropped.<reason>``."""
    pipeline.run(import_module(f"stages.{stage}").main, stage)
    metrics = json.loads(Path(f"metrics/{stage}.json").read_text())
    flat = {f"{top}.{key}": value for top, of in metrics.items() for key, value in of.items()}
    return Counter({key: value for key, value in flat.items() if isinstance(value, int)})


# --- ways to spoil it ---------------------------------------------------------------------------


def edit(table: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Spoil:
    """Read a table of the survey, change it, write it back."""

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


def rename(table: str, **names: str) -> Spoil:
    """Rename columns."""
    return edit(table, lambda frame: frame.rename(columns=names))


def without(table: str, column: str) -> Spoil:
    """Leave a column out."""
    return edit(table, lambda frame: frame.drop(columns=column))


def rows(table: str, keep: Callable[[int], bool]) -> Spoil:
    """Leave out the rows that are not to be kept."""
    return edit(table, lambda frame: frame[[keep(row) for row in frame.index]])


def twice(table: str, *also: int) -> Spoil:
    """Append a copy of the rows ``also``."""
    return edit(table, lambda frame: pd.concat([frame, frame.loc[list(also)]]))


def spectrum(row: int, wavelength: Any, flux: Any = None) -> Spoil:
    """Another spectrum in a row; its flux stays as it is if none is given."""
    arrays = {"wavelength": np.array(wavelength, float)}
    if flux is not None:
        arrays |= {"flux": np.array(flux, float), "flux_err": np.full(len(flux), 0.05)}
    return both(*(put("spectra", name, {row: array}) for name, array in arrays.items()))


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
    """One after the other."""

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


def half_an_hdf5() -> None:
    """Half a file of Maven's simulation, given as the source."""
    formats.snana(Path("sim.hdf5"))
    cut("sim.hdf5")()
    setting("gather_supernovae.source", "snana_hdf5")()
    setting("gather_supernovae.path", "sim.hdf5")()


ENCODER: dict[str, Any] = {"dim": 4, "depth": 1, "heads": 1, "base": 1e4, "pooling": "mean"}


def maven() -> torch.nn.Module:
    return Maven(ENCODER, ENCODER, output=4, embedding=4, bands=2, logit_scale=10.0)


def another_network() -> torch.nn.Module:
    return MavenEncoder(**ENCODER, output=4, bands=2)


def pretrained(build: Callable[[], torch.nn.Module], bands: Sequence[str] = ("g", "r")) -> Spoil:
    """The weights of a network, as if it had been pre-trained on these bands."""
    return lambda: weights.save(WEIGHTS, build(), preprocessing={}, bands=bands, sample="")


def weights_from_elsewhere() -> None:
    """A file in the same format that another program wrote."""
    WEIGHTS.parent.mkdir(parents=True)
    save_file({"weight": torch.zeros(2)}, WEIGHTS, {"format": "pt"})


def killed_run() -> None:
    """What killed stages may leave: half an output, and names that should have vanished."""
    for left in ("data/raw/.supernovae.1", "data/raw/.supernovae.old"):
        shutil.copytree(SAMPLE, left)
    Path(f"{SAMPLE}/objects.parquet").unlink()
    Path("data/processed/windows/settings.json").unlink()
    cut("data/processed/spectra/supernovae/flux.npy")()


# --- the table ----------------------------------------------------------------------------------
# What is wrong, how it comes about, the stages that are run, and what comes out: either words of
# the message with which the last stage refuses, or what changes in the metrics of all of them.

Outcome = list[str] | dict[str, int]
NO_PAIR = {"sample.pairs_in_folds": -1, "not_in_folds.not_a_pair": 1}
NO_SPECTRUM = NO_PAIR | {"sample.spectra": -1, "sample.objects_with_spectra": -1}
UNUSABLE = {"supernovae.spectra": -1, "supernovae.objects": -1}

CASES: list[tuple[str, Spoil, list[str], Outcome]] = [
    # files
    ("a path that does not exist", setting(f"{GATHER}.path", "nowhere"), [GATHER],
     ["nowhere", "no such folder", "objects.parquet"]),
    ("a folder without objects.parquet", lambda: Path(OBJECTS_FILE).unlink(), [GATHER],
     [OBJECTS_FILE, "no such file"]),
    ("a file of objects of 0 bytes", cut(OBJECTS_FILE, 0), [GATHER],
     [OBJECTS_FILE, "truncated", "0 bytes"]),
    ("a file of photometry of 0 bytes", cut(POINTS_FILE, 0), [GATHER],
     [POINTS_FILE, "truncated", "0 bytes"]),
    ("a file of spectra of 0 bytes", cut(SPECTRA_FILE, 0), [GATHER],
     [SPECTRA_FILE, "truncated", "0 bytes"]),
    ("half a file of objects", cut(OBJECTS_FILE), [STARS],
     [OBJECTS_FILE, "truncated", "fetch or write it again"]),
    ("half a file of photometry", cut(POINTS_FILE), [STARS],
     [POINTS_FILE, "truncated", "fetch or write it again"]),
    ("half a file of spectra", cut(SPECTRA_FILE), [GATHER],
     [SPECTRA_FILE, "truncated", "fetch or write it again"]),
    ("half an HDF5 file", half_an_hdf5, [GATHER],
     ["sim.hdf5", "truncated", "fetch it again"]),
    ("half a table between stages", cut(f"{SAMPLE}/objects.parquet"), [WINDOWS],
     [f"{SAMPLE}/objects.parquet", "gather the survey again"]),
    ("half an array between stages", cut(f"{SAMPLE}/light_curves/time.npy"), [WINDOWS],
     [f"{SAMPLE}/light_curves/time.npy", "truncated", "gather again"]),
    ("a spectra folder that is gone", lambda: shutil.rmtree(f"{SAMPLE}/spectra"), [SPECTRA],
     [f"{SAMPLE}: no spectra", "gather"]),

    # tables
    ("objects without rows", rows("objects", lambda row: False), [GATHER],
     [OBJECTS_FILE, "no objects", "at least one row"]),
    ("photometry without rows", rows("photometry", lambda row: False), [GATHER],
     ["0 have the points, 12 a spectrum", "gather_supernovae.bands"]),
    ("spectra without rows", rows("spectra", lambda row: False), [GATHER],
     ["12 have the points, 0 a spectrum"]),
    ("stars without photometry",
     both(rows("photometry", lambda row: False), rows("spectra", lambda row: False)), [STARS],
     ["no objects left", "12 objects_too_few_points", "min_points"]),
    ("a missing column", without("photometry", "time"), [GATHER],
     [POINTS_FILE, "no column 'time'; found object_id, band, mag, mag_err"]),
    ("no column of errors", without("photometry", "mag_err"), [GATHER],
     [POINTS_FILE, "no column 'mag_err'; found"]),
    ("times called jd", rename("photometry", time="jd"), [GATHER],
     [POINTS_FILE, "no column 'time'", "store jd - 2400000.5"]),
    ("two columns for one name", edit("photometry", lambda f: f.assign(mjd=f["time"])), [GATHER],
     [POINTS_FILE, "'time' and 'mjd' both mean 'time'", "remove one"]),
    ("magnitudes and fluxes", edit("photometry", lambda f: f.assign(flux=1.0)), [GATHER],
     [POINTS_FILE, "both 'mag' and 'flux'", "keep the one"]),

    # values that make a table useless
    ("text for a number", put("photometry", "mag", {7: "bright"}, str), [GATHER],
     [POINTS_FILE, "column 'mag', row 7: 'bright'", "store numbers"]),
    ("text for a position", edit("objects", lambda f: f.assign(ra="1:02:03")), [GATHER],
     [OBJECTS_FILE, "column 'ra', row 0: '1:02:03'", "store numbers"]),
    ("text for lists", edit("spectra", lambda f: f.assign(flux="1 2 3")), [GATHER],
     [SPECTRA_FILE, "column 'flux', row 0: '1 2 3' is no list of numbers"]),
    ("a duplicate object", twice("objects", 4), [GATHER],
     [OBJECTS_FILE, "column 'object_id', row 12: 'sn04' is there twice", "keep one row"]),
    ("an object without a name", put("objects", "object_id", {4: None}), [GATHER],
     [OBJECTS_FILE, "column 'object_id', row 4", "every object needs an id"]),
    ("a Julian date", put("photometry", "time", {5: 2458000.5}), [GATHER],
     [POINTS_FILE, "column 'time', row 5: 2458000.5", "Julian date", "subtract 2400000.5"]),
    ("a Julian date of a spectrum", put("spectra", "time", {2: 2458000.5}), [GATHER],
     [SPECTRA_FILE, "column 'time', row 2: 2458000.5", "subtract 2400000.5"]),
    ("an unknown frame", put("spectra", "frame", {1: "lab"}), [GATHER],
     [SPECTRA_FILE, "column 'frame', row 1: 'lab'", "neither 'observed' nor 'rest'"]),

    # too little is left
    ("no object with both bands", setting(f"{GATHER}.bands", {"g": ["g"], "r": ["R"]}), [GATHER],
     ["no object has 4 points in each of the bands g, r", "check gather_supernovae.bands"]),
    ("no class with as many objects as folds", setting(f"{GATHER}.folds", 6), [GATHER],
     ["no class has 6", "add objects, merge classes, or ask for fewer folds"]),
    ("no class of stars large enough", rows("objects", lambda row: row in (0, 5, 9)), [STARS],
     ["survey 'stars'", "gather_variables.surveys", "no class has 3", "add objects"]),
    ("no star of the classes asked for", setting(f"{STARS}.classes", ["RRab"]), [STARS],
     ["stars has a class", "check gather_variables.classes"]),
    ("a survey of stars that is not there", setting(f"{STARS}.surveys", ["MACHO"]), [STARS],
     ["gather_variables.surveys: no survey 'MACHO'", "there are: stars"]),
    ("no spectrum on the grid", both(setting(f"{SPECTRA}.wavelength_min", 12000.0),
                                     setting(f"{SPECTRA}.wavelength_max", 20000.0)), [SPECTRA],
     ["no spectrum is usable: 12 spectra_no_overlap", "check preprocess_spectra"]),
    ("no usable point", setting(f"{WINDOWS}.error_max", 0.01), [WINDOWS],
     ["no light curve is usable", "144 sequence_error_too_large", "check window_light_curves"]),

    # weights
    ("no weights", lambda: None, [FINETUNE],
     [str(WEIGHTS), "no such file"]),
    ("half a file of weights", both(pretrained(maven), cut(str(WEIGHTS))), [FINETUNE],
     [str(WEIGHTS), "truncated"]),
    ("weights from elsewhere", weights_from_elsewhere, [FINETUNE],
     [str(WEIGHTS), "nightjar did not write this file", "must be imported first"]),
    ("weights of another network", pretrained(another_network), [FINETUNE],
     [str(WEIGHTS), "holds the network MavenEncoder, not Maven", "run the stage"]),
    ("weights for other bands", pretrained(maven, ("u", "g")), [FINETUNE],
     [str(WEIGHTS), "bands u, g, the data have g, r", "gather_supernovae.bands"]),

    # parameters
    ("an unknown key", setting(f"{GATHER}.min_point", 3), [GATHER],
     ["params.yaml: gather_supernovae.min_point: unknown key; did you mean 'min_points'?"]),
    ("a string for a number", setting(f"{GATHER}.folds", "many"), [GATHER],
     ["params.yaml: gather_supernovae.folds", "integer", "'many'"]),
    ("a source without a path", setting(f"{GATHER}.path", None), [GATHER],
     ["params.yaml: gather_supernovae", "source 'tables' needs a path"]),

    # points that are dropped
    ("a time that is not a number", put("photometry", "time", {5: NAN}), [GATHER],
     {"sample.points": -1, "dropped.photometry_time_not_finite": 1}),
    ("infinite times", put("photometry", "time", {5: INF, 6: -INF}), [GATHER],
     {"sample.points": -2, "dropped.photometry_time_not_finite": 2}),
    ("magnitudes not finite", put("photometry", "mag", {5: NAN, 30: INF}), [GATHER],
     {"sample.points": -2, "dropped.photometry_value_not_finite": 2}),
    ("magnitudes that mean none", put("photometry", "mag", {5: 99.0, 30: -999.0}), [GATHER],
     {"sample.points": -2, "dropped.photometry_magnitude_out_of_range": 2}),
    ("missing errors", put("photometry", "mag_err", {5: NAN, 30: None}), [GATHER],
     {"sample.points": -2, "dropped.photometry_error_missing": 2}),
    ("an infinite error", put("photometry", "mag_err", {5: INF}), [GATHER],
     {"sample.points": -1, "dropped.photometry_error_not_finite": 1}),
    ("a zero and a negative error", put("photometry", "mag_err", {5: 0.0, 6: -0.1}), [GATHER],
     {"sample.points": -2, "dropped.photometry_error_not_positive": 2}),
    ("points without a band", put("photometry", "band", {5: None, 30: " "}), [GATHER],
     {"sample.points": -2, "dropped.photometry_band_missing": 2}),
    ("a band in no group", put("photometry", "band", {5: "i"}), [GATHER],
     {"sample.points": -1, "dropped.photometry_band_not_listed": 1}),
    ("a second band of a group", put("photometry", "band", {0: "V"}), [GATHER],
     {"sample.points": -1, "dropped.photometry_band_not_used": 1}),
    ("points of no object", put("photometry", "object_id", {5: "sn99", 6: None}), [GATHER],
     {"sample.points": -2, "dropped.photometry_object_id_unknown": 1,
      "dropped.photometry_object_id_missing": 1}),
    ("repeated times", twice("photometry", 5, 6, 30), [GATHER],
     {"dropped.photometry_repeated": 3}),
    ("times not in order", edit("photometry", lambda f: f.sample(frac=1, random_state=0)),
     [GATHER, STARS, SPECTRA, WINDOWS], {}),
    ("negative fluxes", edit("photometry", flux_in_njy), [GATHER, WINDOWS],
     {"supernovae.points": -2, "supernovae_dropped.sequence_snr_too_low": 2}),

    # objects that are dropped, or in no fold
    ("a light curve of one point", rows("photometry", lambda row: not 1 <= row < 12), [GATHER],
     {"sample.points": -11, **NO_PAIR}),
    ("one point and no spectrum", both(rows("photometry", lambda row: not 1 <= row < 12),
                                       rows("spectra", lambda row: row > 0)), [GATHER],
     {"sample.points": -12, "sample.spectra": -1, "sample.objects": -1, "classes.SN Ia": -1,
      "sample.objects_with_spectra": -1, "sample.pairs_in_folds": -1,
      "dropped.objects_too_few_points": 1, "dropped.photometry_object_too_few_points": 1}),
    ("a star of one point", rows("photometry", lambda row: not 1 <= row < 12), [STARS, WINDOWS],
     {"sample.points": -11, "variables.light_curves": -2, "variables.points": -12,
      "variables_dropped.curve_too_few_points": 1, "variables_dropped.curve_empty": 1}),
    ("an object without a class", put("objects", "class", {0: None}), [GATHER],
     {"classes.SN Ia": -1, "classes.unlabelled": 1, "dropped.objects_class_missing": 1,
      "sample.pairs_in_folds": -1, "not_in_folds.class_missing": 1}),
    ("a class that is not listed", put("objects", "class", {0: "TDE"}), [GATHER],
     {"classes.SN Ia": -1, "classes.unlabelled": 1, "dropped.objects_class_not_listed": 1,
      "sample.pairs_in_folds": -1, "not_in_folds.class_missing": 1}),
    ("fewer objects of a class than folds", put("objects", "class", {0: "SN IIn"}), [GATHER],
     {"classes.SN Ia": -1, "classes.SN IIn": 1,
      "sample.pairs_in_folds": -1, "not_in_folds.class_too_small": 1}),
    ("fewer stars of a class than parts", put("objects", "class", {0: "Mira", 1: "Mira"}), [STARS],
     {"classes.SN Ia": -2, "classes.Mira": 2, "not_in_splits.class_too_small": 2}),
    ("a redshift in words", put("objects", "redshift", {2: "high"}, str), [GATHER],
     {"dropped.objects_redshift_not_numeric": 1}),
    ("redshifts out of range", put("objects", "redshift", {2: -1.0, 3: INF}), [GATHER],
     {"dropped.objects_redshift_negative": 1, "dropped.objects_redshift_not_finite": 1}),
    ("positions out of range", edit("objects", lambda f: f.assign(ra=400.0)), [GATHER],
     {"dropped.objects_ra_not_valid": OBJECTS}),

    # spectra that are dropped, and what is repaired
    ("a spectrum of three pixels", spectrum(0, [4000, 4001, 4002], [1, 2, 1]), [GATHER, SPECTRA],
     {**UNUSABLE, "supernovae_dropped.spectra_too_few_pixels": 1}),
    ("a spectrum beside the grid", spectrum(0, WAVELENGTH + 9000), [GATHER, SPECTRA],
     {**UNUSABLE, "supernovae_dropped.spectra_no_overlap": 1}),
    ("a spectrum of little of the grid", spectrum(0, WAVELENGTH / 9 + 4000), [GATHER, SPECTRA],
     {**UNUSABLE, "supernovae_dropped.spectra_too_little_coverage": 1}),
    ("a spectrum of zeros", spectrum(0, WAVELENGTH, np.zeros(PIXELS)), [GATHER, SPECTRA],
     {**UNUSABLE, "supernovae_dropped.spectra_flux_zero": 1}),
    ("a spectrum of no flux at all", spectrum(0, WAVELENGTH, np.full(PIXELS, NAN)), [GATHER],
     {**NO_SPECTRUM, "dropped.spectra_no_pixels": 1, "dropped.pixels_flux_not_finite": PIXELS}),
    ("arrays of two lengths", put("spectra", "flux", {0: np.ones(99)}), [GATHER],
     {**NO_SPECTRUM, "dropped.spectra_lengths_disagree": 1}),
    ("a rest-frame spectrum without redshift", both(put("spectra", "frame", {0: "rest"}),
                                                    put("objects", "redshift", {0: NAN})), [GATHER],
     {**NO_SPECTRUM, "dropped.spectra_rest_without_redshift": 1}),
    ("a spectrum of no object", put("spectra", "object_id", {0: "sn99"}), [GATHER],
     {**NO_SPECTRUM, "dropped.spectra_object_id_unknown": 1}),
    ("wavelengths not increasing", spectrum(0, WAVELENGTH[::-1]), [GATHER],
     {"dropped.spectra_repaired_order": 1}),
    ("a repeated wavelength", spectrum(0, [*WAVELENGTH[:-1], WAVELENGTH[-2]]), [GATHER],
     {"dropped.pixels_wavelength_repeated": 1}),
    ("pixel errors of zero", put("spectra", "flux_err", {0: np.zeros(PIXELS)}), [GATHER],
     {"dropped.pixels_error_not_positive": PIXELS}),
    ("an infinite time of a spectrum", put("spectra", "time", {0: INF}), [GATHER],
     {"dropped.spectra_repaired_time_infinite": 1}),

    # runs
    ("what killed stages left", killed_run, [GATHER, STARS, SPECTRA, WINDOWS], {}),
]  # fmt: skip


# --- the test -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "stages", "outcome"), [pytest.param(*case[1:], id=case[0]) for case in CASES]
)
def test_bad_input(valid, tmp_path, monkeypatch, spoil, stages, outcome):
    folder, metrics = valid
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    spoil()
    if isinstance(outcome, list):
        refused(stages, outcome)
    else:
        counted(stages, metrics, outcome)
        intact(folder, same=not outcome)


def refused(stages: list[str], words: list[str]) -> None:
    for stage in stages[:-1]:
        run(stage)
    with pytest.raises(SystemExit) as ended:
        run(stages[-1])
    message = ended.value.code
    assert isinstance(message, str)  # Python prints it and exits with status 1
    assert all(line.startswith(f"{stages[-1]}: error: ") for line in message.splitlines())
    assert not [word for word in words if word not in message], message


def counted(stages: list[str], valid: dict[str, Counts], changes: Counts) -> None:
    before: Counts = Counter()
    after: Counts = Counter()
    for stage in stages:
        before.update(valid[stage])
        after.update(now := run(stage))
        balanced(stage, now)
    after.subtract(before)
    assert {key: change for key, change in after.items() if change} == changes


def balanced(stage: str, metrics: Counts) -> None:
    """Rows read = rows kept + rows dropped, wherever a stage counts."""

    def lost(*prefixes: str) -> int:
        return sum(n for key, n in metrics.items() if key.startswith(prefixes))

    def written(what: str) -> int:
        return pq.read_metadata(f"survey/{what}.parquet").num_rows

    if stage in (GATHER, STARS):
        repaired = lost("dropped.spectra_repaired")
        dropped = metrics["dropped.objects_too_few_points"]
        assert metrics["sample.points"] + lost("dropped.photometry_") == written("photometry")
        assert metrics["sample.spectra"] + lost("dropped.spectra_") - repaired == written("spectra")
        assert metrics["sample.objects"] + dropped == written("objects")
    if stage == GATHER:
        assert metrics["sample.pairs_in_folds"] + lost("not_in_folds.") == metrics["sample.objects"]
    if stage == SPECTRA:
        read = len(samples.open(SAMPLE).spectra)
        assert metrics["supernovae.spectra"] + lost("supernovae_dropped.spectra_") == read
    if stage == WINDOWS:
        for name, prefix in (("supernovae", "sequence_"), ("variables", "curve_")):
            dropped = lost(f"{name}_dropped.{prefix}") - metrics[f"{name}_dropped.{prefix}empty"]
            read = len(samples.open(f"data/raw/{name}").light_curves.time)
            assert metrics[f"{name}.points"] + dropped == read


def intact(valid: Path, same: bool) -> None:
    """Every point that was kept is one of the valid survey's; ``same``: so is every byte."""
    before, after = (samples.open(folder / SAMPLE).light_curves for folder in (valid, Path()))
    if before.quantity == after.quantity:
        assert points(after) <= points(before)
    if same:
        for path in valid.glob("data/**/*.*"):
            assert Path(path.relative_to(valid)).read_bytes() == path.read_bytes(), path


def points(curves: LightCurves) -> set[tuple]:
    names = np.repeat(curves.object_id, np.diff(curves.offsets)).tolist()
    columns = (curves.band, curves.time, curves.value, curves.error)
    return set(zip(names, *(column.tolist() for column in columns), strict=True))


def test_a_refusal_as_the_user_sees_it(valid, tmp_path, monkeypatch):
    shutil.copytree(valid[0], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    put("photometry", "mag", {7: "bright"}, str)()
    command = [sys.executable, "-m", f"stages.{GATHER}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"{GATHER}: error: {POINTS_FILE}: column 'mag', row 7: 'bright' is not a number; "
        "store numbers, and null where there is none\n"
    )

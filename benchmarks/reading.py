"""Rows per second of each reader, and the peak memory of a conversion against its size.

Run as ``python -m benchmarks.reading [--sizes 5000 50000] [--out reading.json]``.  Every format is
made up in a temporary directory, in its own layout.  Each file is made, and each measurement runs,
in a process of its own, so that the peak resident memory (``getrusage``; a child starts from its
parent's) is that of the reader alone; the import of the libraries is given as the baseline.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nightjar import samples
from nightjar.surveys import READERS

POINTS = 1000  # per light curve, as in MACHO
GROUP = 500  # light curves per row group or shard written at once
PIXELS = 250


def main() -> None:
    arguments = _arguments()
    if arguments.child:
        print(json.dumps(_in_child(*arguments.child)))
        return
    with tempfile.TemporaryDirectory(prefix="nightjar-reading-") as folder:
        results = {
            "baseline_mb": _peak_mb(_child("read", "none", folder, "-")["peak_kb"]),
            "readers": {name: _reader(name, Path(folder)) for name in MAKERS},
            "conversion": [_conversion(n, Path(folder)) for n in arguments.sizes],
        }
    _print(results)
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=1) + "\n")


def make_tables(folder: Path, curves: int = 5000) -> int:
    """A canonical folder, row group by row group; returns the number of photometry rows."""
    folder.mkdir(parents=True)
    ids = np.array([f"star{i:07d}" for i in range(curves)])
    pd.DataFrame({"object_id": ids}).to_parquet(folder / "objects.parquet")
    rng = np.random.default_rng(0)
    writer = None
    for start in range(0, curves, GROUP):
        table = _points(rng, ids[start : start + GROUP])
        writer = writer or pq.ParquetWriter(folder / "photometry.parquet", table.schema)
        writer.write_table(table)
    if writer:
        writer.close()
    return curves * POINTS


def make_astromer(folder: Path, curves: int = 5000) -> int:
    (folder / "light_curves").mkdir(parents=True)
    ids = np.arange(curves)
    meta = {"newID": ids, "ID": ids.astype(str), "Class": "RRab", "Label": 0, "Band": "V"}
    pd.DataFrame(meta).to_parquet(folder / "metadata.parquet")
    rng = np.random.default_rng(1)
    for shard, start in enumerate(range(0, curves, GROUP)):
        table = _points(rng, ids[start : start + GROUP]).drop_columns(["band"])
        table = table.rename_columns(["newID", "mjd", "mag", "errmag"])
        pq.write_table(table, folder / "light_curves" / f"shard_{shard:03d}.parquet")
    return curves * POINTS


def make_ztf_bts(folder: Path, objects: int = 1000, points: int = 100) -> int:
    curves, spectra = folder / "ZTFBTS" / "light-curves", folder / "ZTFBTS_spectra"
    curves.mkdir(parents=True)
    spectra.mkdir()
    rng = np.random.default_rng(2)
    names = [f"ZTF18aa{i:05d}" for i in range(objects)]
    table = {"ZTFID": names, "type": "SN Ia", "redshift": 0.05, "A_V": 0.1}
    pd.DataFrame(table).to_csv(folder / "ZTFBTS" / "ZTFBTS_TransientTable.csv", index=False)
    wavelength = np.linspace(3800, 9200, PIXELS)
    for name in names:
        days = np.sort(58000 + 100 * rng.random(points))
        mag, band = 18 + rng.normal(size=points), np.where(np.arange(points) % 2, "R", "g")
        frame = pd.DataFrame({"time": days, "mag": mag, "magerr": 0.1, "band": band})
        frame.to_csv(curves / f"{name}.csv", index=False)
        np.savetxt(spectra / f"{name}.csv", np.c_[wavelength, rng.random(PIXELS)], delimiter=",")
    return objects * points


def make_snana_hdf5(folder: Path, events: int = 5000, width: int = 200) -> int:
    folder.mkdir()
    rng = np.random.default_rng(3)
    shape = (events, width)
    common = {name: np.full(events, 0.1) for name in ("z", "mwebv", "mjd_trigger")}
    common["TID"] = np.arange(events)
    photometry = {
        "mjd": np.sort(58000 + 100 * rng.random(shape), axis=1),
        "filter": rng.integers(1, 3, shape),
        "mag_obs": 18 + rng.normal(size=shape),
        "mag_obs_err": np.full(shape, 0.1),
        "mag_perfect": np.full(shape, 18.0),
    }
    flux = rng.random((events, PIXELS))
    wavelength = np.tile(np.linspace(3800, 9200, PIXELS), (events, 1))
    spectra = {
        "mjd": np.full(events, 58050.0),
        "wavelength": wavelength,
        "flux_obs": flux,
        "flux_perfect": flux,
    }
    with h5py.File(folder / "sim.hdf5", "w") as file:
        for top, columns in (("Photometry", photometry), ("Spectroscopy", spectra)):
            for name, values in (common | columns).items():
                file[f"{top}/SN Ia/SNIa-SALT2/{name}"] = values
    return events * width


MAKERS: dict[str, Callable[..., int]] = {
    "tables": make_tables,
    "astromer": make_astromer,
    "ztf_bts": make_ztf_bts,
    "snana_hdf5": make_snana_hdf5,
}


def _points(rng: np.random.Generator, ids: np.ndarray) -> pa.Table:
    """Light curves of the objects ``ids``, one after another, in time order."""
    shape = (len(ids), POINTS)
    return pa.table(
        {
            "object_id": np.repeat(ids, POINTS),
            "time": np.sort(50000 + 2000 * rng.random(shape), axis=1).ravel(),
            "band": pa.DictionaryArray.from_arrays(np.zeros(shape, np.int8).ravel(), ["V"]),
            "mag": rng.normal(18, 0.2, shape).astype(np.float32).ravel(),
            "mag_err": np.full(shape, 0.02, np.float32).ravel(),
        }
    )


def _reader(name: str, folder: Path) -> dict[str, float]:
    rows = _child("make", name, str(folder / name), "0")["rows"]
    measured = _child("read", name, str(folder / name), "-")
    return {
        "rows": rows,
        "rows_per_s": rows / measured["seconds"],
        "spectra": measured["spectra"],
        "peak_mb": _peak_mb(measured["peak_kb"]),
    }


def _conversion(curves: int, folder: Path) -> dict[str, float]:
    source, target = str(folder / f"curves_{curves}"), str(folder / f"sample_{curves}")
    rows = _child("make", "tables", source, str(curves))["rows"]
    measured = _child("read", "tables", source, target)
    return {
        "light_curves": curves,
        "rows": rows,
        "rows_per_s": rows / measured["seconds"],
        "peak_mb": _peak_mb(measured["peak_kb"]),
    }


def _child(*arguments: str) -> dict:
    command = [sys.executable, "-m", "benchmarks.reading", "--child", *arguments]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _in_child(task: str, name: str, folder: str, more: str) -> dict:
    """``make name folder size`` (0: the default size) or ``read name folder target``."""
    if task == "read":
        return _measure(name, Path(folder), Path(more))
    maker, sizes = MAKERS[name], [int(more)] if int(more) else []
    return {"rows": maker(Path(folder), *sizes)}


def _measure(reader: str, source: Path, target: Path) -> dict[str, float]:
    """Read ``source`` (and write it to ``target`` unless that is ``-``) in this process."""
    start, spectra = time.perf_counter(), 0
    if reader != "none":
        tables = READERS[reader](source)
        if str(target) == "-":
            for _ in tables.photometry:
                pass
            spectra = sum(len(chunk) for chunk in tables.spectra)
        else:
            options = {"bands": None, "classes": None, "min_points": 5, "group_radius": 1.0}
            samples.write(tables, target, **options)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "spectra": spectra, "peak_kb": peak}


def _peak_mb(ru_maxrss: float) -> float:
    return ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)  # bytes there, KiB here


def _print(results: dict) -> None:
    print(f"{'reader':<12}{'rows':>12}{'rows/s':>14}{'spectra':>10}{'peak MiB':>10}")
    for name, one in results["readers"].items():
        print(
            f"{name:<12}{one['rows']:>12,}{one['rows_per_s']:>14,.0f}"
            f"{one['spectra']:>10,}{one['peak_mb']:>10.0f}"
        )
    print(f"\nconversion to a sample, {POINTS} points each (imports alone: "
          f"{results['baseline_mb']:.0f} MiB)")  # fmt: skip
    print(f"{'light curves':<14}{'rows':>14}{'rows/s':>14}{'peak MiB':>10}")
    for one in results["conversion"]:
        print(
            f"{one['light_curves']:<14,}{one['rows']:>14,}"
            f"{one['rows_per_s']:>14,.0f}{one['peak_mb']:>10.0f}"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[5000, 50_000])
    parser.add_argument("--out", type=Path, help="write the numbers here, as JSON")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()

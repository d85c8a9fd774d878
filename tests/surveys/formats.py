"""Small files in the exact public formats, for the readers' tests.

Two objects each: the first with two g and two r points and a spectrum, the second with one g point.
"""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd

FILL = -999.0

BTS_HEADER = (
    "ZTFID,IAUID,RA,Dec,peakt,peakfilt,peakmag,peakabs,duration,rise,fade,type,redshift,b,A_V"
)


def canonical(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    objects = pd.DataFrame({"object_id": ["a", "b"], "class": ["Ia", None], "redshift": [0.1, 0.2]})
    photometry = pd.DataFrame(
        {
            "object_id": ["a", "a", "a", "a", "b"],
            "time": [58000.0, 58001.0, 58000.5, 58001.5, 58000.0],
            "band": ["g", "g", "r", "r", "g"],
            "mag": [18.0, 18.1, 17.9, 18.0, 19.0],
            "mag_err": [0.1, 0.1, 0.1, 0.1, 0.2],
        }
    )
    spectra = pd.DataFrame(
        {
            "object_id": ["a"],
            "time": [58001.0],
            "wavelength": [np.linspace(4000, 7000, 20)],
            "flux": [np.linspace(1, 2, 20)],
        }
    )
    for name, frame in (("objects", objects), ("photometry", photometry), ("spectra", spectra)):
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    return folder


def ztf_bts(folder: Path) -> Path:
    curves, spectra = folder / "ZTFBTS" / "light-curves", folder / "ZTFBTS_spectra"
    curves.mkdir(parents=True)
    spectra.mkdir()
    (folder / "ZTFBTS" / "ZTFBTS_TransientTable.csv").write_text(
        f"{BTS_HEADER}\n"
        "ZTF18b,SN2018b,01:00:00.0,-10:30:00.0,500.1,r,18.1,-19.1,>20,5,8,SN Ia,0.05,40.1,0.31\n"
        "ZTF18a,SN2018a,02:00:00.0,+10:00:00.0,501.1,g,18.5,-,20,>5,8,SN II,-,35.0,0.62\n"
    )
    (curves / "ZTF18a.csv").write_text("time,mag,magerr,band\n58000.5,19.0,0.2,g\n")
    (curves / "ZTF18b.csv").write_text(
        "time,mag,magerr,band\n"
        "58000.0,18.0,0.1,g\n58001.0,18.1,0.1,g\n58000.5,17.9,0.1,R\n58001.5,18.0,0.1,R\n"
    )
    (spectra / "ZTF18b.csv").write_text("4000.0,1.0,0.1\n5000.0,2.0,nan\n6000.0,3.0,\n")
    return folder


def snana(path: Path, tids: tuple[int, ...] = (11, 12)) -> Path:
    """Two groups (SN Ia, SN Ib) with the same TIDs, four points and three pixels wide."""
    path.parent.mkdir(parents=True, exist_ok=True)
    n = len(tids)
    with h5py.File(path, "w") as file:
        for k, group in enumerate(("SN Ia/SNIa-SALT2", "SN Ib/SNIb-Templates")):
            common = {
                "TID": np.array(tids),
                "mjd_trigger": np.full(n, 57999.0),
                "mwebv": np.full(n, 0.05),
                "mwebv_err": np.full(n, 0.01),
                "z": np.full(n, 0.1 + k / 10),
            }
            mjd = np.tile([58000.0, 58001.0, 58002.0, FILL], (n, 1))
            mag = np.tile([18.0, 17.5, FILL, FILL], (n, 1))
            photometry = common | {
                "filter": np.tile([1, 2, 1, -999], (n, 1)),
                "mjd": mjd,
                "mag_obs": mag,
                "mag_obs_err": np.where(mag == FILL, FILL, 0.1),
                "mag_perfect": np.where(mag == FILL, FILL, mag + 1),
            }
            spectroscopy = common | {
                "mjd": np.full(n, 58001.0),
                "wavelength": np.tile([4000.0, 5000.0, FILL], (n, 1)),
                "flux_obs": np.tile([1.0, 2.0, FILL], (n, 1)),
                "flux_perfect": np.tile([10.0, FILL, FILL], (n, 1)),
            }
            for top, data in (("Photometry", photometry), ("Spectroscopy", spectroscopy)):
                for name, values in data.items():
                    file[f"{top}/{group}/{name}"] = values
    return path


def astromer(folder: Path) -> Path:
    (folder / "light_curves").mkdir(parents=True)
    pd.DataFrame(
        {
            "ID": ["1.3441.15", "1.3441.16"],
            "newID": [0, 1],
            "Class": ["RRab", "UNK"],
            "Label": [0, 1],
            "Band": [1, 1],
            "N": [3, 2],
            "Path": ["x", "y"],
            "shard": [0, 1],
        }
    ).to_parquet(folder / "metadata.parquet")
    for shard, (ids, mjd) in enumerate(
        [([0, 0, 0], [51000.0, 51002.0, 51001.0]), ([1, 1], [51000.0, 51003.0])]
    ):
        pd.DataFrame(
            {"newID": ids, "mjd": mjd, "mag": np.arange(len(ids)) - 5.0, "errmag": 0.02}
        ).to_parquet(folder / "light_curves" / f"shard_00{shard}.parquet")
    return folder


def drain(tables):
    """All of a reader's stream: (photometry, spectra, counts)."""
    photometry = list(tables.photometry)
    spectra = list(tables.spectra)
    return photometry, spectra, +tables.drops

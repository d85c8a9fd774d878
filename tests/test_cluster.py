"""Data stages on Dask: another machine makes the chunks, the bytes are the same."""

import os
import warnings

import numpy as np
import pandas as pd
import pytest
from joblib import Parallel, delayed

from nightjar import pipeline
from nightjar.simulate import supernovae, variables
from nightjar.spectra import store
from tests.spectra import helpers

distributed = pytest.importorskip("distributed", reason="pip install 'nightjar[cluster]'")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scheduler():
    """Address of a scheduler with two workers, each a process of its own."""
    with (
        warnings.catch_warnings(),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
    ):
        yield cluster.scheduler_address


def tables(made):
    """The bytes of simulated tables, whatever their chunks."""
    parts = [made.objects, pd.concat(made.photometry, ignore_index=True)]
    spectra = list(made.spectra)
    parts += [pd.concat(spectra, ignore_index=True)] if spectra else []
    return [part.to_json(orient="split", double_precision=15) for part in parts]


def stages(folder):
    """What the chunked data stages make of little: two surveys, and spectra on one grid."""
    survey = supernovae.simulate(
        6, 7, population="pretraining", classes=None, noise=True, spectrum_snr=5.0, min_points=4,
        chunk=2, threads=2, progress=False,
    )  # fmt: skip
    stars = variables.simulate(6, 6, 3, least_share=0.1, chunk=4, threads=2)
    raw = helpers.mixed(np.random.default_rng(1), 20)
    raw.object_id[:] = "o"
    objects = pd.DataFrame({"object_id": ["o"], "redshift": [0.05]})
    store.write(raw, objects, folder, helpers.settings(bins=32, knots=4, threads=2))
    files = [path.read_bytes() for path in sorted(folder.iterdir())]
    return tables(survey), tables(stars), files


def test_a_cluster_gives_the_same_bytes(scheduler, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(store, "SPECTRA_PER_CHUNK", 7)
    found = {}

    def main():
        found["processes"] = set(Parallel(1)(delayed(os.getpid)() for _ in range(4)))
        found["cluster"] = stages(tmp_path / "cluster")

    monkeypatch.setenv(pipeline.SCHEDULER, scheduler)
    pipeline.run(main, "simulate")
    assert os.getpid() not in found["processes"]
    assert found["cluster"] == stages(tmp_path / "here")

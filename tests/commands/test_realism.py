"""``python -m nightjar realism``, from samples to numbers and figures."""

import json
from pathlib import Path

import pytest

from nightjar import samples
from nightjar.__main__ import main
from nightjar.realism import forest
from nightjar.simulate import supernovae, variables

GROUPS = {"light_curve", "shape", "colour", "brightness", "scatter"}


def sample(folder: Path, seed: int, population: str) -> Path:
    tables = supernovae.simulate(
        36,
        seed,
        population=population,
        classes={"SN Ia": 0.8, "SN II": 0.2},
        noise=True,
        spectrum_snr=10.0,
        min_points=4,
        progress=False,
    )
    samples.write(
        tables, folder, bands=None, classes=None, min_points=4, group_radius=0.0, progress=False
    )
    return folder


@pytest.fixture(autouse=True)
def small_forests(monkeypatch):
    monkeypatch.setattr(forest, "_TREES", 20)
    monkeypatch.setattr(forest, "REPEATS", 1)


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Path:
    return sample(tmp_path_factory.mktemp("real") / "sample", 1, "observed")


def groups(values: dict) -> set[str]:
    return {key.removesuffix("_auroc") for key in values if key.endswith("_auroc")}


def test_twins(real, tmp_path, capsys):
    words = ["realism", str(real), "--classes", "SN Ia", "SN II", "--objects", "25", "--out"]
    assert main([*words, str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "SN Ia: 25 real, 25 simulated" in printed
    assert "not scored: fewer than 15 objects" in printed  # SN II
    values = json.loads((tmp_path / "realism.json").read_text())
    assert groups(values["SN Ia"]) == {*GROUPS, "spectrum"}
    assert groups(values["SN II"]) == set()
    # The "real" sample is of the same physics: nothing tells but chance.
    assert abs(values["SN Ia"]["shape_auroc"] - 0.5) < 4 * values["SN Ia"]["shape_auroc_std"]
    drawn = {path.name for path in tmp_path.glob("*.png")}
    assert {"auroc.png", "light_curves.png", "spectra.png", "distributions.png"} <= drawn
    again = tmp_path / "again"
    assert main([*words, str(again), "--before", str(tmp_path / "realism.json")]) == 0
    assert (again / "realism.json").read_bytes() == (tmp_path / "realism.json").read_bytes()


def test_two_samples(real, tmp_path):
    other = sample(tmp_path / "simulated", 2, "pretraining")
    words = ["realism", str(real), "--against", str(other), "--classes", "SN Ia"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    values = json.loads((tmp_path / "out" / "realism.json").read_text())["SN Ia"]
    assert groups(values) == {*GROUPS, "sampling", "spectrum"}
    assert values["sampling_auroc"] > 0.7  # the pre-training survey visits half as often


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--classes", "kilonova"], "none that can be simulated"),
        (["--population", "nearby"], "'nearby' is none of pretraining, observed"),
        (["--before", "nowhere.json"], "nowhere.json: no realism.json"),
        (["--against", "nowhere"], "nowhere"),
    ],
)
def test_bad_input(real, tmp_path, capsys, words, message):
    assert main(["realism", str(real), "--out", str(tmp_path / "out"), *words]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_stars(tmp_path, capsys):
    tables = variables.simulate(0, 80, 3, least_share=0.3)
    folder = tmp_path / "stars"
    samples.write(
        tables, folder, bands=None, classes=None, min_points=20, group_radius=0.0, progress=False
    )
    words = ["realism-stars", str(folder), "--out", str(tmp_path / "out"), "--objects", "15"]
    assert main([*words, "--match", "Mira=Mira", "nothing=RRab"]) == 0
    printed = capsys.readouterr().out
    assert "nothing as RRab: 0 real, 0 simulated" in printed
    values = json.loads((tmp_path / "out" / "realism.json").read_text())
    assert groups(values["Mira as Mira"]) == {"light_curve", "shape", "amplitude", "scatter"}
    assert main([*words, "--match", "Mira"]) == 2
    assert "give REAL=SIMULATED" in capsys.readouterr().err
    assert main([*words, "--match", "Mira=comet"]) == 2
    assert "comet: none that is simulated: CB, Cep_0" in capsys.readouterr().err

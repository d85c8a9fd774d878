"""What is around every stage: errors as messages, runtimes on record."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nightjar import pipeline
from nightjar.errors import InputError


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refuse():
    raise InputError("photometry.csv: column 'mag', row 3: 'x'\nstore numbers")


def recorded():
    return json.loads(pipeline.RUNTIME.read_text())


def test_bad_input_is_a_message_and_status_1():
    """As at the end of a process: the message is what Python prints of a SystemExit of text."""
    with pytest.raises(SystemExit) as caught:
        pipeline.run(refuse, "gather")
    assert caught.value.code == (
        "gather: error: photometry.csv: column 'mag', row 3: 'x'\ngather: error: store numbers"
    )
    assert not pipeline.RUNTIME.exists()


def test_a_process_prints_no_traceback():
    script = (
        "from nightjar import pipeline\nfrom nightjar.errors import InputError\n"
        "def main(): raise InputError('no such file')\npipeline.run(main, 'gather')"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == "gather: error: no such file\n"


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt()])
def test_other_errors_keep_their_traceback(error):
    def fail():
        raise error

    with pytest.raises(type(error)):
        pipeline.run(fail, "gather")
    assert not pipeline.RUNTIME.exists()


def test_runtimes_are_merged():
    for stage in ("gather", "window", "gather"):
        pipeline.run(lambda: None, stage)
    assert sorted(recorded()) == ["gather", "window"]
    assert [path.name for path in pipeline.RUNTIME.parent.iterdir()] == ["runtime.json"]


def test_what_is_recorded():
    pipeline.run(lambda: None, "gather")
    (found,) = recorded().values()
    assert sorted(found) == ["cpus", "machine", "peak_memory_mib", "seconds"]
    assert 0 <= found["seconds"] < 1
    assert 30 < found["peak_memory_mib"] < 100_000  # this process holds numpy: MiB, not KiB
    assert found["cpus"] >= 1


@pytest.mark.parametrize("broken", [b"", b"{", b"[1]", b"\xff\xfe\x00", b"null"])
def test_a_broken_record_does_not_fail_a_finished_stage(broken):
    pipeline.RUNTIME.parent.mkdir()
    pipeline.RUNTIME.write_bytes(broken)
    pipeline.run(lambda: None, "gather")
    assert list(recorded()) == ["gather"]


def test_the_stage_runs_once():
    calls = []
    pipeline.run(lambda: calls.append(1), "gather")
    assert calls == [1]


# --- several processes ----------------------------------------------------------------------------

DVC = """
stages:
  train:
    outs:
      - models/${item.model}
      - plots/train/${item.model}:
          cache: false
    metrics:
      - metrics/train_${item.model}.json:
          cache: false
"""


@pytest.fixture
def checkout():
    Path("dvc.yaml").write_text(DVC)
    for name in ("data/in", "models/other/in", "plots/train/other/in", ".resume/train/in"):
        Path(name).parent.mkdir(parents=True)
        Path(name).write_text(name)
    for old in ("models/a/out", "metrics/train_a.json"):
        Path(old).parent.mkdir(parents=True)
        Path(old).write_text("of the first process")


@pytest.mark.parametrize("name", pipeline.RANKS)
def test_of_several_processes_the_first_writes_and_all_read(name, checkout, monkeypatch):
    def train():
        for read in ("data/in", "models/other/in", "plots/train/other/in", ".resume/train/in"):
            assert Path(read).read_text() == read
        for written in ("models/a/out", "models/a/b/new", "plots/train/a/new"):
            Path(written).parent.mkdir(parents=True, exist_ok=True)
            Path(written).write_text("of another")
        Path("metrics/train_a.json").write_text("of another")

    here = os.getcwd()
    monkeypatch.setenv(name, "1")
    pipeline.run(train, "train@a")
    assert os.getcwd() == here
    assert Path("models/a/out").read_text() == "of the first process"
    assert Path("metrics/train_a.json").read_text() == "of the first process"
    assert not any(Path().rglob("new"))
    assert not pipeline.RUNTIME.exists()
    monkeypatch.setenv(name, "0")
    pipeline.run(train, "train@a")
    assert Path("models/a/out").read_text() == "of another"
    assert pipeline.RUNTIME.exists()


def test_a_scheduler_without_dask_says_what_to_install(monkeypatch):
    monkeypatch.setenv(pipeline.SCHEDULER, "tcp://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SystemExit, match=r"gather: error: .*nightjar\[cluster\]"):
        pipeline.run(lambda: None, "gather")

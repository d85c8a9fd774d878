"""The pipeline itself, in a clone: what a user types, and what must come of it."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.pipeline
METHODS = ("deterministic", "ensemble", "mc_dropout", "hsa", "ha_mc_dropout")
MODELS = ("astromer1", "astromer2", "nightjar")


class Clone:
    """A Git clone of the working tree's files, set to the smoke preset."""

    def __init__(self, path: Path) -> None:
        self.path = path
        tools = Path(sys.executable).parent
        self.environment = {
            **os.environ,
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "tester",
            "GIT_AUTHOR_EMAIL": "tester@example.org",
            "GIT_COMMITTER_NAME": "tester",
            "GIT_COMMITTER_EMAIL": "tester@example.org",
        }

    def run(self, *command: str, ok: bool = True) -> str:
        done = subprocess.run(
            command, cwd=self.path, env=self.environment, capture_output=True, text=True
        )
        output = done.stdout + done.stderr
        assert (done.returncode == 0) == ok, f"{' '.join(command)}\n{output[-4000:]}"
        return output

    def metrics(self) -> dict[str, bytes]:
        return {f.name: f.read_bytes() for f in sorted((self.path / "metrics").glob("*.json"))}

    def outputs(self) -> dict[str, str]:
        """Digest of everything that the pipeline writes, the runtimes apart."""
        tops = ("data", "models", "metrics", "plots")
        files = (f for top in tops for f in sorted((self.path / top).rglob("*")) if f.is_file())
        return {
            str(f.relative_to(self.path)): hashlib.blake2b(f.read_bytes()).hexdigest()
            for f in files
            if f.name != "runtime.json"
        }


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    """A clone in which `dvc repro` ran once with ``preset=smoke``."""
    path = tmp_path_factory.mktemp("pipeline") / "nightjar"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for file in files.splitlines():
        if (ROOT / file).is_file():
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, path / file)
    params = path / "params.yaml"
    chosen = params.read_text().replace("preset: laptop", "preset: smoke", 1)
    # one thread: trainings that run side by side would each import PyTorch anew for two epochs
    params.write_text(chosen.replace("threads: 2", "threads: 1", 1))
    made = Clone(path)
    made.run("git", "init", "-q")
    made.run("git", "add", "-A")
    made.run("git", "commit", "-qm", "clone")
    made.run("dvc", "repro")
    made.run("git", "add", "-A")
    made.run("git", "commit", "-qm", "smoke")
    return made


def test_every_stage_wrote_its_metrics_and_the_report_stands_alone(clone):
    stages = yaml.safe_load((clone.path / "dvc.yaml").read_text())["stages"]
    written = {name.removesuffix(".json") for name in clone.metrics()}
    items = {"train_uncertainty": METHODS, "pretrain_astromer": MODELS, "finetune_astromer": MODELS}
    of_items = {f"{stage}_{item}" for stage, listed in items.items() for item in listed}
    assert written == (set(stages) - {"report", *items}) | of_items
    for name, content in clone.metrics().items():
        assert json.loads(content, parse_constant=pytest.fail), name  # no NaN, no infinity
    html = (clone.path / "plots" / "report.html").read_text()
    assert "data:image/png;base64," in html
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "https://" not in html


def test_a_second_repro_runs_nothing(clone):
    output = clone.run("dvc", "repro")
    assert "Running stage" not in output
    assert "up to date" in output
    assert not clone.run("git", "status", "--porcelain").strip()


def test_editing_another_preset_runs_nothing(clone):
    params = clone.path / "params.yaml"
    before = params.read_text()
    params.write_text(
        before.replace(
            "paper:\n    simulate_supernovae: {objects: 500000}",
            "paper:\n    simulate_supernovae: {objects: 400000}",
        )
    )
    assert params.read_text() != before
    assert "Running stage" not in clone.run("dvc", "repro")
    params.write_text(before)


@pytest.mark.parametrize(
    "stages",
    [
        ("simulate_supernovae", "pretrain_clip", "pretrain_astromer@nightjar",
         "train_uncertainty@ha_mc_dropout", "probe_clip"),
        pytest.param((), marks=pytest.mark.slow, id="all of them"),
    ],
)  # fmt: skip
def test_a_forced_rerun_is_byte_identical(clone, stages):
    """Data, contrastive and masked pre-training, sampled predictions, probes; or every stage."""
    before = clone.outputs()
    alone = ["--single-item"] if stages else []
    clone.run("dvc", "repro", "--force", "--no-run-cache", *alone, *stages)
    assert clone.outputs() == before


def test_another_learning_rate_is_another_experiment(clone):
    """It changes the metrics of what trains at it and of what follows, and no others.

    DVC writes 1e-5 as 1e-05: YAML 1.2, a string to PyYAML.
    """
    before = clone.metrics()
    trained = ("pretrain_clip", "train_baselines", *(f"pretrain_astromer@{m}" for m in MODELS))
    follow = ("finetune_clip", "finetune_astromer@nightjar", "probe_clip")
    clone.run("dvc", "exp", "run", "-S", "lr=1e-5", *trained, *follow)
    assert "lr: 1e-05" in (clone.path / "params.yaml").read_text()
    changed = {name for name, after in clone.metrics().items() if after != before[name]}
    assert changed == {f"{stage.replace('@', '_')}.json" for stage in (*trained, *follow)}
    difference = json.loads(clone.run("dvc", "metrics", "diff", "--json", "HEAD"))
    assert "metrics/pretrain_clip.json" in str(difference)


def test_bad_input_is_a_message_and_not_a_traceback(clone):
    given = ("-S", "gather_supernovae.source=tables", "-S", "gather_supernovae.path=nowhere")
    output = clone.run("dvc", "exp", "run", *given, "gather_supernovae", ok=False)
    assert "nowhere" in output
    assert "Traceback" not in output

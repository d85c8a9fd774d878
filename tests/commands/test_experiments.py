"""``python -m nightjar experiments``, and the commands that docs/search.md tells people to give."""

import contextlib
import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from nightjar.__main__ import main
from nightjar.errors import InputError
from nightjar.experiments import picture, reading, summary

ROOT = Path(__file__).resolve().parents[2]
LOSS = "pretrain.training.validation_loss"
SCORE = "probe.maven.class3_macro_f1"


def data(params, loss=None, score=None, std=0.01):
    """What DVC keeps of a commit: the fields of ``data`` that are read, in the shape of 3.67."""
    metrics = {}
    if loss is not None:
        found = {"validation_loss": loss, "epochs": 3, "note": "text"}
        metrics["metrics/pretrain.json"] = {"data": {"training": found}}
    if score is not None:
        found = {"class3_macro_f1": score, "class3_macro_f1_std": std}
        metrics["metrics/probe.json"] = {"data": {"maven": found}}
    values = {"preset": "smoke", "lr": 0.001, "pretrain": {"lr": None, "depth": None, "norm": "a"}}
    values["presets"] = {"smoke": {"pretrain": {"depth": 2}}}
    values["pretrain"] |= params
    return {"params": {"params.yaml": {"data": values}}, "metrics": metrics, "timestamp": None}


def experiment(name, content, state="success", error=None):
    executor = {"state": state, "name": "dvc-task", "local": None} if state else None
    revs = [{"rev": "b" * 40, "name": name, "data": content, "error": error, "experiments": None}]
    return {"revs": revs, "executor": executor, "name": name}


def shown(*experiments, start=None):
    """``dvc exp show --json``: workspace, then the commit with its experiments."""
    start = start or data({}, loss=3.0, score=0.5)
    commits = (("workspace", None, []), ("a" * 40, "main", list(experiments)))
    return json.dumps(
        [
            {"rev": rev, "name": name, "data": start, "error": None, "experiments": entries}
            for rev, name, entries in commits
        ]
    )


FAILED = {"msg": "Experiment run failed", "type": ""}
SEARCH = shown(
    experiment("one", data({"lr": 0.01}, loss=2.0, score=0.6)),
    experiment("here", data({"lr": 0.1, "depth": 4}, loss=1.0, score=0.7), state=None),
    experiment("lacks", data({"lr": 0.2})),
    experiment("waits", data({"lr": 0.3}), state="queued"),
    experiment("runs", data({"lr": 0.4}), state="running"),
    experiment("fails", data({"lr": 0.5}, loss=0.1), state="failed", error=FAILED),
    experiment("broken", None, state=None, error=FAILED),
)


def test_what_is_finished_and_what_is_not():
    found = reading.read(SEARCH)
    assert [each.name for each in found.finished] == ["main (its commit)", "one", "here", "lacks"]
    assert (found.failed, found.unfinished) == (2, 2)
    assert found.finished[1].metrics == {
        LOSS: 2.0, "pretrain.training.epochs": 3.0, SCORE: 0.6, f"{SCORE}_std": 0.01,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "best"),
    [(LOSS, ["here", "one", "main (its commit)"]), (SCORE, ["here", "one", "main (its commit)"])],
)
def test_less_of_a_loss_is_better_and_more_of_a_score(metric, best):
    found = summary.summarise(reading.read(SEARCH), [metric])
    assert [each.name for each in found.rows] == best
    assert found.direction == (-1 if metric == LOSS else 1)


def test_the_table():
    """Null is what it stands for: depth 2 of the preset, lr 0.001 of the root."""
    found = summary.summarise(reading.read(SEARCH), [SCORE, LOSS])
    text = summary.as_markdown(found)
    assert text.splitlines() == [
        f"Best first by `{SCORE}` (higher is better).",
        f"Finished: 3; failed: 2; waiting or running: 2; without `{SCORE}`: 1.",
        "",
        f"| experiment | pretrain.lr | pretrain.depth | {SCORE} | {LOSS} |",
        "| --- | --- | --- | --- | --- |",
        "| here | 0.1 | 4 | 0.7 ± 0.01 | 1 |",
        "| one | 0.01 | 2 | 0.6 ± 0.01 | 2 |",
        "| main (its commit) | 0.001 | 2 | 0.5 ± 0.01 | 3 |",
    ]
    rows = list(csv.DictReader(io.StringIO(summary.as_csv(found))))
    assert list(rows[0])[1:] == ["pretrain.lr", "pretrain.depth", SCORE, f"{SCORE}_std", LOSS]
    assert rows[1]["experiment"] == "one"
    assert float(rows[1][f"{SCORE}_std"]) == 0.01


def test_a_size_set_to_that_of_the_preset_does_not_differ():
    text = shown(experiment("same", data({"depth": 2}, loss=2.0)))
    assert summary.summarise(reading.read(text), [LOSS]).varied == []


def test_another_preset_is_one_column_and_not_one_for_each_size():
    content = data({}, loss=2.0)
    values = content["params"]["params.yaml"]["data"]
    values |= {"preset": "paper", "presets": values["presets"] | {"paper": {"pretrain": {}}}}
    values["presets"]["paper"]["pretrain"]["depth"] = 13
    start = data({}, loss=3.0)
    start["params"]["params.yaml"]["data"]["presets"] = values["presets"]
    found = summary.summarise(reading.read(shown(experiment("big", content), start=start)), [LOSS])
    assert found.varied == ["preset"]
    assert found.rows[0].param("pretrain.depth") == 13


def test_a_metric_that_is_that_of_the_commit_is_named():
    """Of "one" the score did not move though its parameters did: its run ended before."""
    text = shown(
        experiment("one", data({"lr": 0.01}, loss=2.0, score=0.5)),
        experiment("two", data({"lr": 0.02}, loss=2.5, score=0.6)),
        experiment("again", data({}, loss=3.0, score=0.5)),  # what the commit is: no wonder
    )
    found = reading.read(text)
    (counts, stale) = summary.summarise(found, [SCORE]).notes
    assert counts == "Finished: 3; failed: 0; waiting or running: 0."
    assert stale.startswith(f"Of 1 the value of `{SCORE}` is exactly that of the commit")
    assert len(summary.summarise(found, [LOSS]).notes) == 1


def test_nothing_has_finished():
    waiting = shown(experiment("waits", data({}), state="queued"))
    for text in (shown(), waiting, "[]"):
        with pytest.raises(InputError, match="no experiment has finished"):
            summary.summarise(reading.read(text), [LOSS])


def test_an_unknown_metric_names_near_ones():
    with pytest.raises(InputError, match=f"no finished experiment has it.*near: {LOSS}"):
        summary.summarise(reading.read(SEARCH), ["pretrain.validation_loss"])


@pytest.mark.parametrize("text", ["", "{}x", "[1]", '[{"experiments": [1]}]', "7"])
def test_another_form_is_refused(text):
    with pytest.raises(InputError, match="unknown form"):
        reading.read(text)


def test_the_figure_has_a_panel_for_each_parameter():
    """Rates over a factor of 100 stand on a logarithmic axis, words side by side."""
    text = shown(
        experiment("one", data({"lr": 0.01, "norm": "b"}, loss=2.0)),
        experiment("two", data({"lr": 0.1}, loss=1.0)),
    )
    figure = picture.draw(summary.summarise(reading.read(text), [LOSS]))
    rate, norm = figure.axes
    assert (rate.get_xlabel(), rate.get_xscale()) == ("pretrain.lr", "log")
    assert [label.get_text() for label in norm.get_xticklabels()] == ["a", "b"]
    best = rate.lines[-1]
    assert (list(best.get_xdata()), list(best.get_ydata())) == ([0.1], [1.0])
    same = shown(experiment("one", data({}, loss=2.0)))
    alike = summary.summarise(reading.read(same), [LOSS])
    with pytest.raises(InputError, match="no parameter differs"):
        picture.draw(alike)


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def dvc_shows(monkeypatch):
    asked = []
    monkeypatch.setattr(reading, "show", lambda all_commits: asked.append(all_commits) or SEARCH)
    return asked


def test_it_prints_writes_and_draws(dvc_shows, tmp_path, capsys):
    words = ["experiments", "--metric", LOSS]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[5].startswith("| here | 0.1 | 4 |")
    out, figure = tmp_path / "new" / "summary.md", tmp_path / "new" / "search.png"
    assert main([*words, "--out", str(out), "--figure", str(figure), "--all-commits"]) == 0
    assert out.read_text() == printed
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert f"{out}: 3 rows" in capsys.readouterr().out
    assert main([*words, "--out", str(out.with_suffix(".csv"))]) == 0
    assert len(out.with_suffix(".csv").read_text().splitlines()) == 4
    assert dvc_shows == [False, True, False]


def test_bad_words(dvc_shows, capsys):
    assert main(["experiments", "--metric", LOSS, "--out", "summary.xlsx"]) == 2
    assert "--out summary.xlsx: give a name that ends in .md or .csv" in capsys.readouterr().err
    assert main(["experiments"]) == 2
    assert "--metric pretrain_clip.training.validation_loss" in capsys.readouterr().err


# --- the guide ------------------------------------------------------------------------------------

GUIDE = (ROOT / "docs" / "search.md").read_text()


def leaves(tree, prefix=""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        yield f"{prefix}{key}"


def test_every_key_of_the_guide_exists():
    params = set(leaves(yaml.safe_load((ROOT / "params.yaml").read_text())))
    named = set(re.findall(r"-S '?([a-z_.]+)=", GUIDE))
    named |= set(re.findall(r"`((?:pretrain|finetune)_clip\.[a-z_.]+)`", GUIDE))
    named |= set(re.findall(r'^ +"([a-z_.]+)": ', GUIDE, flags=re.MULTILINE))
    metrics = {
        f"{stage}.{key}"
        for stage in ("pretrain_clip", "finetune_clip")
        for key in leaves(json.loads((ROOT / "metrics" / f"{stage}.json").read_text()))
    }
    assert len(named) > 20
    assert named - metrics - {"key"} <= params


def test_the_random_search_of_the_guide_is_seeded_and_within_its_settings():
    script = re.search(r"python - <<'EOF' \| sh\n(.*?)EOF", GUIDE, flags=re.DOTALL)[1]
    printed = []
    for _ in range(2):
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            exec(script, {})
        printed.append(text.getvalue())
    assert printed[0] == printed[1]
    lines = printed[0].splitlines()
    assert len(set(lines)) == 20
    rates = [float(re.search(r"pretrain_clip\.lr=(\S+)", line)[1]) for line in lines]
    assert 10**-4.5 <= min(rates) < 2e-4 < 4e-4 < max(rates) <= 10**-2.5


# --- DVC itself -----------------------------------------------------------------------------------

PIPELINE = """
stages:
  pretrain:
    cmd: python pretrain.py
    params: [seed, pretrain]
    metrics: [metrics/pretrain.json: {cache: false}]
"""
STAGE = """
import json, pathlib, yaml
pretrain = yaml.safe_load(open("params.yaml"))["pretrain"]
if pretrain["depth"] == 3:
    raise SystemExit("three does not fit")
pathlib.Path("metrics").mkdir(exist_ok=True)
loss = float(pretrain["lr"]) / pretrain["depth"]
json.dump({"training": {"validation_loss": loss}}, open("metrics/pretrain.json", "w"))
"""


@pytest.mark.slow
def test_a_queue_of_dvc(tmp_path, monkeypatch, capsys):
    """lr / depth for lr 1e-5 and depth 2 and 3 (which fails); one more waits."""
    monkeypatch.chdir(tmp_path)
    folder = str(Path(sys.executable).parent)
    for key, value in {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path),
        **{f"GIT_{who}_{what}": "t@t.org" for who in ("AUTHOR", "COMMITTER")
           for what in ("NAME", "EMAIL")},
    }.items():  # fmt: skip
        monkeypatch.setenv(key, value)

    def call(*words):
        subprocess.run(words, check=True, capture_output=True, timeout=600)

    Path("dvc.yaml").write_text(PIPELINE)
    Path("params.yaml").write_text("seed: 0\npretrain: {lr: 1, depth: 1}\n")
    Path("pretrain.py").write_text(STAGE)
    call("git", "init", "-qb", "main")
    dvc = (sys.executable, "-m", "dvc")
    call(*dvc, "init", "-q")
    call(sys.executable, "pretrain.py")
    call("git", "add", ".")
    call("git", "commit", "-qm", "start")
    run = (*dvc, "exp", "run")
    call(*run, "--queue", "-n", "q", "-S", "pretrain.lr=1e-5", "-S", "pretrain.depth=range(2,4)")
    subprocess.run([*run, "--run-all"], capture_output=True, timeout=600)
    call(*run, "--queue", "-S", "seed=1")
    assert main(["experiments", "--metric", LOSS]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "Finished: 1; failed: 1; waiting or running: 1."
    assert lines[3] == f"| experiment | pretrain.lr | pretrain.depth | {LOSS} |"
    assert lines[5:] == ["| q-1 | 1e-05 | 2 | 5e-06 |", "| main (its commit) | 1 | 1 | 1 |"]
    monkeypatch.chdir(tmp_path.parent)
    assert main(["experiments"]) == 2
    assert "dvc exp show: ERROR: you are not inside of a DVC repository" in capsys.readouterr().err

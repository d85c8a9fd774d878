"""The experiments of a DVC repository, read from ``dvc exp show --json``."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from nightjar.errors import InputError

UNFINISHED = ("queued", "running")


@dataclass(frozen=True)
class Experiment:
    """One that has finished, or the commit that experiments began from.

    Attributes
    ----------
    name : of the experiment; of the commit, its branch
    params : dotted key of params.yaml -> value
    metrics : ``<file>.<section>.<key>`` -> number
    begun : the commit that it began from; None for the commit itself
    """

    name: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    begun: Experiment | None = None

    def param(self, key: str) -> Any:
        """The value that counts: what is null in a stage's block comes from the preset or root."""
        value = self.params.get(key)
        if value is None:
            value = self.params.get(f"presets.{self.params.get('preset')}.{key}")
        if value is None and key.endswith(".lr"):
            value = self.params.get("lr")
        return value


@dataclass
class Found:
    """What there is.

    Attributes
    ----------
    finished : in DVC's order, each commit before the experiments that began from it
    failed : number of those that ended with an error
    unfinished : number of those that run or wait
    """

    finished: list[Experiment] = field(default_factory=list)
    failed: int = 0
    unfinished: int = 0


def show(all_commits: bool) -> str:
    """What ``dvc exp show --json`` prints here.

    Parameters
    ----------
    all_commits : experiments of every commit, not only of the current one

    Raises
    ------
    InputError
        DVC refuses: this is no DVC repository, say.
    """
    command = [sys.executable, "-m", "dvc", "exp", "show", "--json", *["-A"] * all_commits]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise InputError(f"dvc exp show: {said[0] if said else done.stderr.strip()}")
    return done.stdout


def read(text: str) -> Found:
    """Read what `show` returned.

    DVC gives an experiment that failed the metrics of the commit that it began from: those count as
    failed, whatever metrics they have.

    Raises
    ------
    InputError
        It is no such text.
    """
    found = Found()
    try:
        for commit in json.loads(text):
            if commit["experiments"]:
                _add(commit, found)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(
            f"dvc exp show --json has an unknown form ({error!r}); nightjar reads that of DVC 3"
        ) from error
    return found


def _add(commit: Mapping[str, Any], found: Found) -> None:
    begun = _experiment(f"{commit['name'] or commit['rev'][:7]} (its commit)", commit["data"])
    found.finished.append(begun)
    for entry in commit["experiments"]:
        last = entry["revs"][0]
        state = (entry["executor"] or {}).get("state")
        if state in UNFINISHED:
            found.unfinished += 1
        elif state == "failed" or last["error"] or not last["data"]:
            found.failed += 1
        else:
            name = entry["name"] or last["rev"][:7]
            found.finished.append(_experiment(name, last["data"], begun))


def _experiment(name: str, data: Mapping[str, Any], begun: Experiment | None = None) -> Experiment:
    params: dict[str, Any] = {}
    for file in data["params"].values():
        params |= _leaves(file.get("data") or {})
    metrics = {
        f"{PurePosixPath(path).stem}.{key}": float(value)
        for path, file in data["metrics"].items()
        for key, value in _leaves(file.get("data") or {}).items()
        if isinstance(value, int | float) and math.isfinite(value)
    }
    return Experiment(name, params, metrics, begun)


def _leaves(tree: Mapping[str, Any]) -> dict[str, Any]:
    return dict(_walk(tree, ""))


def _walk(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _walk(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value

"""The laptop preset by stage: seconds, and peak memory.

Every stage leaves its wall-clock in ``plots/runtime.json`` (`nightjar.pipeline`); this adds them
up.  A stage of many runs (one per method, say) has one row, with the sum of their seconds.  Read is
the last run of each stage in a checkout, or with ``--run`` a new one: a clone of the last commit
into a temporary folder, and ``dvc repro --force`` there.  Run as ``python -m benchmarks.laptop
[--run] [--checkout folder] [--out file.json]``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
TARGET = 720.0  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkout", type=Path, default=ROOT, help="where it was run")
    parser.add_argument("--run", action="store_true", help="run it first, in a clone of its HEAD")
    parser.add_argument("--out", type=Path, help="write the numbers as JSON")
    given = parser.parse_args()
    if given.run:
        with tempfile.TemporaryDirectory(prefix="nightjar-laptop-") as folder:
            rows = by_stage(repro(given.checkout, Path(folder) / "clone"))
    else:
        rows = by_stage(given.checkout)
    show(rows)
    if given.out:
        given.out.write_text(json.dumps({"stages": rows, "seconds": total(rows)}, indent=2) + "\n")


def repro(checkout: Path, clone: Path) -> Path:
    """Run the whole pipeline in a clone, with this Python's DVC."""
    subprocess.run(["git", "clone", "--quiet", str(checkout), str(clone)], check=True)
    dvc = [sys.executable, "-m", "dvc", "repro", "--force", "--quiet"]
    subprocess.run(dvc, cwd=clone, check=True)
    return clone


def by_stage(checkout: Path) -> dict[str, dict[str, float]]:
    """Seconds, runs and peak memory (MiB) of every stage of dvc.yaml that has run, in its order."""
    file = checkout / "plots" / "runtime.json"
    if not file.is_file():
        sys.exit(f"{file}: there is none; run `dvc repro` there first, or give --run")
    recorded: dict[str, Any] = json.loads(file.read_text())
    rows = {}
    for stage in yaml.safe_load((checkout / "dvc.yaml").read_text())["stages"]:
        # a stage of many runs is recorded as train_uncertainty@hsa, ...
        runs = [run for name, run in recorded.items() if name.split("@")[0] == stage]
        if runs:
            rows[stage] = {
                "seconds": sum(run["seconds"] for run in runs),
                "runs": len(runs),
                "peak_memory_mib": max(run["peak_memory_mib"] for run in runs),
            }
    return rows


def total(rows: dict[str, dict[str, float]]) -> float:
    """Seconds of all stages, one after the other."""
    return sum(row["seconds"] for row in rows.values())


def show(rows: dict[str, dict[str, float]]) -> None:
    whole = total(rows)
    print(f"{'stage':28}{'runs':>6}{'seconds':>10}{'share':>8}{'peak MiB':>10}")
    for stage, row in rows.items():
        print(
            f"{stage:28}{row['runs']:6.0f}{row['seconds']:10.1f}{row['seconds'] / whole:8.0%}"
            f"{row['peak_memory_mib']:10.0f}"
        )
    print(f"{'all':28}{'':6}{whole:10.1f}   ({whole / 60:.1f} minutes; target {TARGET / 60:.0f})")


if __name__ == "__main__":
    main()

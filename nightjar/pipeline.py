"""What is around a stage's own work: errors as messages, its runtime on record, many machines."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import platform
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import joblib
import yaml

from nightjar.errors import InputError

RUNTIME = Path("plots/runtime.json")
RANKS = ("RANK", "NODE_RANK", "LOCAL_RANK", "SLURM_PROCID")  # of torchrun, Fabric and srun
SCHEDULER = "DASK_SCHEDULER_ADDRESS"  # Dask's own name for it


def run(main: Callable[[], None], stage: str) -> None:
    """Run the stage ``main``; bad input ends it with a message and exit status 1, no traceback.

    Seconds, peak memory and machine go to ``plots/runtime.json``, which neither Git nor DVC
    follows: metrics hold no wall-clock, so that the same seed gives the same bytes.

    A stage that trains on several devices runs once on each, whole.  Only the first process writes:
    the others run `aside`.  Where ``DASK_SCHEDULER_ADDRESS`` names a scheduler, the chunks of the
    data stages go to its workers.
    """
    logging.basicConfig(level=logging.INFO, format=f"{stage}: %(message)s")
    start = time.perf_counter()
    try:
        with aside(stage) if follows() else contextlib.nullcontext(), _cluster():
            main()
    except InputError as error:
        sys.exit("\n".join(f"{stage}: error: {line}" for line in str(error).splitlines()))
    if not follows():
        _record(stage, time.perf_counter() - start)


def follows() -> bool:
    """Whether this process is one of several that run the stage, and not the first."""
    return any(os.environ.get(name, "0") != "0" for name in RANKS)


@contextlib.contextmanager
def aside(stage: str) -> Iterator[None]:
    """Work in a folder of links to all that lies here but the stage's outputs.

    What is written vanishes with the folder, so that no two processes write one file.

    Parameters
    ----------
    stage : as in dvc.yaml; of a matrix ``name@item``
    """
    name, _, item = stage.partition("@")
    block = yaml.safe_load(Path("dvc.yaml").read_text())["stages"][name]
    given = [out for kind in ("outs", "metrics", "plots") for out in block.get(kind, [])]
    names = [name for out in given for name in ([out] if isinstance(out, str) else out)]
    outs = {Path(re.sub(r"\$\{.*?\}", item, name)) for name in names}
    Path(".resume").mkdir(exist_ok=True)  # its link leads to the checkpoints of the first process
    with tempfile.TemporaryDirectory() as folder:
        _link(Path(), Path(folder), outs)
        with contextlib.chdir(folder):
            yield


def _link(here: Path, there: Path, outs: set[Path]) -> None:
    for entry in here.iterdir():
        if any(entry in out.parents for out in outs):
            (there / entry).mkdir()
            _link(entry, there, outs)
        elif entry not in outs:
            (there / entry).symlink_to(entry.absolute())


@contextlib.contextmanager
def _cluster() -> Iterator[None]:
    if SCHEDULER not in os.environ:
        yield
        return
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            f"{SCHEDULER} is set: install Dask with pip install 'nightjar[cluster]', or unset it"
        ) from None
    with Client(os.environ[SCHEDULER]), joblib.parallel_config(backend="dask"):
        yield


def _record(stage: str, seconds: float) -> None:
    # ru_maxrss is in kibibytes on Linux, in bytes on macOS
    unit = 1024**2 if sys.platform == "darwin" else 1024
    runtime = _runtimes()
    runtime[stage] = {
        "seconds": round(seconds, 1),
        "peak_memory_mib": round(_peak() / unit),
        "cpus": os.cpu_count() or 0,
        "machine": platform.machine(),
    }
    RUNTIME.parent.mkdir(exist_ok=True)
    temporary = RUNTIME.with_name(f".{RUNTIME.name}.{os.getpid()}")
    temporary.write_text(json.dumps(runtime, indent=2, sort_keys=True) + "\n")
    temporary.replace(RUNTIME)


def _peak() -> int:
    """Largest memory of this process or of one of its children."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(each).ru_maxrss for each in who)


def _runtimes() -> dict[str, dict[str, float | str]]:
    try:
        runtimes = json.loads(RUNTIME.read_text())
    except (OSError, ValueError):  # none yet, or broken: not worth failing a finished stage
        return {}
    return runtimes if isinstance(runtimes, dict) else {}

"""What every stage does around its own work: errors as messages, and its runtime on record."""

from __future__ import annotations

import json
import logging
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from nightjar.errors import InputError

RUNTIME = Path("plots/runtime.json")


def run(main: Callable[[], None], stage: str) -> None:
    """Run the stage ``main``; bad input ends it with a message and exit status 1, no traceback.

    Seconds, peak memory and machine go to ``plots/runtime.json``, which neither Git nor DVC
    follows: metrics hold no wall-clock, so that the same seed gives the same bytes.
    """
    logging.basicConfig(level=logging.INFO, format=f"{stage}: %(message)s")
    start = time.perf_counter()
    try:
        main()
    except InputError as error:
        sys.exit("\n".join(f"{stage}: error: {line}" for line in str(error).splitlines()))
    _record(stage, time.perf_counter() - start)


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

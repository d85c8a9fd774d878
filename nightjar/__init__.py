"""Foundation models of the time-domain sky: trained, fine-tuned and judged as one pipeline."""

import os
import sys

__version__ = "0.9.0"

# With two cores, of which others need one now and then, a thread that spins while it waits keeps
# the thread it waits for from running: small networks then train 2.3 times as slowly as with one
# that sleeps. With cores to spare it had better spin: 1.7 times as fast. OpenMP reads this when
# torch is first imported.
_cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
if _cores <= 2:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

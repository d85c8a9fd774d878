"""Foundation models of the time-domain sky: trained, fine-tuned and judged as one pipeline."""

import os

__version__ = "0.8.0"

# A thread that waits sleeps, and does not spin: on two cores that also do other work, spinning made
# training four times slower. OpenMP reads this when torch is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

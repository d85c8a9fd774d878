"""The one training loop, and what is around it: hardware, resuming, what it leaves behind."""

from nightjar.training.loop import Fitted, fit, fit_rows

__all__ = ["Fitted", "fit", "fit_rows"]

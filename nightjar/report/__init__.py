"""What people read: the report, the model cards, and the words for the numbers."""

from nightjar.report.page import build

__all__ = ["build"]

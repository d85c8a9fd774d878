"""Put every number and figure on one page that needs no network."""

from pathlib import Path

from nightjar import report
from nightjar.pipeline import run

STAGE = "report"


def main() -> None:
    """Read metrics and figures, write the page."""
    page = report.build("metrics", "plots", {})
    Path("plots/report.html").write_text(page)


if __name__ == "__main__":
    run(main, STAGE)

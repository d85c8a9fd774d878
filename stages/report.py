"""Put every number and figure on one page that needs no network, and write the model cards."""

from pathlib import Path

from nightjar import figures, report
from nightjar.pipeline import run
from nightjar.report import cards, drawn

STAGE = "report"
PLOTS = Path("plots")
MODELS = {  # model -> the weights that its card describes
    "maven_pretrained": "weights.safetensors",
    "maven": "folds/0/weights.safetensors",
    "maven_lite": "folds/0/weights.safetensors",
    "baseline": "folds/class_0/weights.safetensors",
    "astromer": "weights.safetensors",
}


def main() -> None:
    """Draw the learning curves, write the page and the cards."""
    for name, figure in drawn.draw(PLOTS):
        figures.save(figure, PLOTS / STAGE / f"{name}.png")
    page = report.build("metrics", PLOTS, {})
    (PLOTS / "report.html").write_text(page)
    for model, weights in MODELS.items():
        folder = Path("models") / model
        cards.write(folder / weights, folder / "MODEL_CARD.md")


if __name__ == "__main__":
    run(main, STAGE)

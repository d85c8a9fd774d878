"""Put every number and figure on one page that needs no network, and write the model cards."""

from pathlib import Path

from nightjar import figures, report
from nightjar.pipeline import run
from nightjar.report import cards, drawn

STAGE = "report"
PLOTS = Path("plots")
MODELS = {  # model -> the weights that its card describes: the first that fit
    "maven_pretrained": "weights.safetensors",
    "maven": "folds/*/weights.safetensors",
    "maven_lite": "folds/*/weights.safetensors",
    "baseline": "folds/class_*/weights.safetensors",
    "astromer/astromer1": "weights.safetensors",
    "astromer/astromer2": "weights.safetensors",
    "astromer/nightjar": "weights.safetensors",
    "astromer_finetuned/astromer1": "folds/*/weights.safetensors",
    "astromer_finetuned/astromer2": "folds/*/weights.safetensors",
    "astromer_finetuned/nightjar": "folds/*/weights.safetensors",
}


def main() -> None:
    """Draw the learning curves, write the page and the cards."""
    for name, figure in drawn.draw(PLOTS):
        figures.save(figure, PLOTS / STAGE / f"{name}.png")
    page = report.build("metrics", PLOTS)
    (PLOTS / "report.html").write_text(page)
    for model, pattern in MODELS.items():
        folder = Path("models") / model
        for weights in sorted(folder.glob(pattern))[:1]:
            cards.write(weights, folder / "MODEL_CARD.md")


if __name__ == "__main__":
    run(main, STAGE)

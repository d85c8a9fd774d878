"""MODEL_CARD.md of a weights file, made of its metadata alone.

Follows the sections of Mitchell et al. (2019): what it is, what it was trained on, how good it is,
what it is for, and where not to trust it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from nightjar import weights
from nightjar.definitions import define, label
from nightjar.report_tables import number


class Words(NamedTuple):
    """What a network is and does, for people."""

    what: str
    use: str
    limits: tuple[str, ...] = ()


COMMON_LIMITS = (
    "Trained on the sample named below and on nothing else: other surveys differ in depth, cadence "
    "and bands, and a probe on the new survey's own labelled objects must show what transfers.",
    "The metrics hold for that sample. Its class fractions and its selection are not those of the "
    "sky.",
)
NETWORKS = {
    "Maven": Words(
        "Two transformer encoders, of light curves and of spectra, aligned by a contrastive loss "
        "(Zhang et al. 2024, arXiv:2408.16829).",
        "Embeddings of supernova light curves and spectra, for probes of class and redshift and "
        "for finding the spectra that resemble a light curve.",
        (
            "Magnitudes are apparent: brightness alone tells much about redshift, and the "
            "embeddings carry it.",
            "Photometry outside the listed bands is not read.",
        ),
    ),
    "EndToEnd": Words(
        "A transformer encoder of light curves trained directly for its task: the baseline that "
        "contrastive embeddings are held against.",
        "Class or redshift of supernovae from their light curve.",
        ("Photometry outside the listed bands is not read.",),
    ),
    "Astromer": Words(
        "A transformer encoder of single-band light curves, trained to fill in probed magnitudes "
        "(Donoso-Oliva et al. 2023, arXiv:2205.01677; Astromer 2: arXiv:2502.02717).",
        "Embeddings of variable stars' light curves, for probes and for classifiers with few "
        "labelled stars.",
        (
            "Each window's mean magnitude is subtracted: neither brightness nor colour is known.",
            "Windows longer or much sparser than those of the training sample are untested.",
        ),
    ),
    "AstromerClassifier": Words(
        "A classifier of variable stars on Astromer's encoder.",
        "Probabilities of the listed classes for single-band light curves of variable stars, and "
        "how uncertain they are.",
        (
            "A star of no listed class still gets one: the probabilities say which listed class "
            "fits best, not whether any does.",
            "Probabilities follow the training sample's class fractions.",
        ),
    ),
}  # fmt: skip
UNKNOWN = Words("A network of nightjar.", "Research on light curves and spectra.")


def write(weights_path: str | Path, card_path: str | Path) -> None:
    """Write the card of a weights file; its title is the name of the card's folder.

    Raises
    ------
    InputError
        The weights file is none of nightjar's.
    """
    metadata = weights.read(Path(weights_path))[1]
    card = Path(card_path)
    card.parent.mkdir(parents=True, exist_ok=True)
    card.write_text(model_card(metadata, card.parent.name, Path(weights_path).as_posix()))


def model_card(metadata: Mapping[str, Any], name: str, path: str) -> str:
    """Markdown of a model card; the same metadata gives the same bytes.

    Parameters
    ----------
    metadata : of a weights file (`weights.Metadata` as a dict): ``network``, ``settings``,
        ``preprocessing``, ``classes``, ``bands``, ``parameters``, ``sample``, ``metrics``,
        ``notes``
    name : of the model, as its folder under ``models/``
    path : of its weights, for the example
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=False,  # Markdown, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    words = NETWORKS.get(metadata["network"], UNKNOWN)
    return environment.get_template("model_card.md.jinja").render(
        name=name,
        path=path,
        model=metadata,
        words=words,
        limits=(*words.limits, *COMMON_LIMITS),
        settings=_rows(metadata["settings"]),
        preprocessing=_rows(metadata["preprocessing"]),
        metrics=_metrics(metadata["metrics"]),
    )


def _rows(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as dotted keys and JSON values, sorted."""
    rows: list[tuple[str, str]] = []
    for key, value in sorted(values.items()):
        if isinstance(value, Mapping) and value:
            rows += _rows(value, f"{prefix}{key}.")
        else:
            text = json.dumps(value, sort_keys=True, ensure_ascii=False)
            rows.append((f"{prefix}{key}", text.replace("|", r"\|")))
    return rows


def _metrics(values: Mapping[str, float]) -> list[tuple[str, str, str]]:
    """Name, value with its deviation, definition."""
    rows = []
    for key, value in sorted(values.items()):
        if key.endswith("_std") and key.removesuffix("_std") in values:
            continue
        found = define(key)
        text = found.text.replace("|", r"\|") if found else ""
        rows.append((label(key), number(value, values.get(f"{key}_std")), text))
    return rows

import pytest

from nightjar import networks, weights
from nightjar.errors import InputError
from nightjar.report import cards

METADATA = {
    "format": 1,
    "network": "Maven",
    "settings": {"output": 32, "light_curve": {"dim": 64}},
    "preprocessing": {"bands": {"r": ["r", "R"]}},
    "classes": ["SN Ia", "SN II"],
    "bands": ["g", "r"],
    "parameters": 424770,
    "sample": "ab" * 32,
    "metrics": {"class3_macro_f1": 0.72, "class3_macro_f1_std": 0.02, "ece": 0.1},
    "notes": {"start": "models/maven_pretrained"},
}


def test_the_card_holds_what_the_file_says():
    card = cards.model_card(METADATA, "maven", "models/maven/weights.safetensors")
    for expected in (
        "# maven\n",
        "| parameters | 424,770 |",
        "| classes | SN Ia, SN II |",
        "| bands | g, r |",
        METADATA["sample"],
        "| 3-way macro F1 | 0.720 ± 0.020 | Mean over classes of F1",
        r"mean \|accuracy",  # a bar in a cell would end it
        '| `bands.r` | `["r", "R"]` |',
        "| `light_curve.dim` | `64` |",
        "- start: models/maven_pretrained",
        'weights.load("models/maven/weights.safetensors")',
        "Magnitudes are apparent",
    ):
        assert expected in card


def test_the_same_metadata_give_the_same_bytes():
    turned = dict(reversed(METADATA.items()))
    turned["settings"] = dict(reversed(METADATA["settings"].items()))
    assert cards.model_card(METADATA, "maven", "x") == cards.model_card(turned, "maven", "x")


def test_a_card_without_classes_metrics_or_notes():
    bare = {**METADATA, "network": "New", "classes": [], "metrics": {}, "notes": {}, "bands": []}
    card = cards.model_card({**bare, "preprocessing": {}}, "new", "x")
    assert "none: it gives embeddings" in card
    assert "## Notes" not in card
    assert "metrics/" in card
    assert "\n\n\n" not in card


def test_the_words_are_of_networks_that_exist():
    assert set(cards.NETWORKS) <= set(networks.NETWORKS)


def test_write_reads_the_weights_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    encoder = networks.Astromer(
        dim=8, depth=1, heads=2, feedforward=8, base=100.0, dropout=0.0,
        skip="none", mask="strict", mask_token=False,
    )  # fmt: skip
    path = tmp_path / "weights.safetensors"
    weights.save(path, encoder, preprocessing={"window": 200}, sample="cd" * 32)
    cards.write(path.name, "models/astromer/nightjar/MODEL_CARD.md")
    card = (tmp_path / "models/astromer/nightjar/MODEL_CARD.md").read_text()
    assert card.startswith("# nightjar\n")
    assert "cd" * 32 in card
    assert f"{sum(p.numel() for p in encoder.parameters()):,}" in card


def test_write_of_no_weights_file(tmp_path):
    (tmp_path / "weights.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match=r"weights\.safetensors"):
        cards.write(tmp_path / "weights.safetensors", tmp_path / "MODEL_CARD.md")
    assert not (tmp_path / "MODEL_CARD.md").exists()

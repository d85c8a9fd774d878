"""Weights: a round trip for every network, and every way a file can be wrong."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from nightjar import weights
from nightjar.errors import InputError
from nightjar.networks import NETWORKS

ENCODER = {"dim": 8, "depth": 1, "heads": 2, "base": 1000.0, "pooling": "attention"}
ASTROMER = {
    "dim": 8, "depth": 1, "heads": 2, "feedforward": 8, "base": 1000.0, "skip": "learned",
    "mask": "strict", "mask_token": True,
}  # fmt: skip
SIZES = {
    "MavenEncoder": {**ENCODER, "output": 3, "bands": 2},
    "Maven": {
        "light_curve": ENCODER, "spectrum": ENCODER, "output": 3, "embedding": 4, "bands": 2,
        "logit_scale": 10.0, "dropout": 0.1,
    },
    "EndToEnd": {"light_curve": ENCODER, "output": 3, "embedding": 4, "bands": 2, "outputs": 5},
    "Astromer": {**ASTROMER, "dropout": 0.1},
    "GammaHead": {"layers": 2, "dim": 8, "hidden": [6, 5], "classes": 3},
    "AstromerClassifier": {"astromer": ASTROMER, "hidden": [6], "classes": 3, "dropout": 0.2},
}  # fmt: skip
ABOUT = {
    "preprocessing": {"window": 200, "wavelength": [3500.0, 10000.0]},
    "classes": ["SN Ia", "SN II"],
    "bands": ["g", "r"],
    "sample": "0" * 64,
    "metrics": {"validation_loss": 0.125},
    "notes": {"source": "test"},
}


def network(name):
    torch.manual_seed(1)
    return NETWORKS[name](**SIZES[name])


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "weights.safetensors"
    weights.save(path, network("Astromer"), **ABOUT)
    return path


def test_every_network_has_a_case():
    assert set(SIZES) == set(NETWORKS)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_round_trip(name, tmp_path):
    original, path = network(name), tmp_path / "deep" / "weights.safetensors"
    weights.save(path, original, **ABOUT)
    model = weights.load(path)
    assert type(model.network) is type(original)
    assert not model.network.training
    assert model.network.settings == original.settings
    restored = model.network.state_dict()
    assert all(torch.equal(restored[k], v) for k, v in original.state_dict().items())
    about = model.metadata
    assert about.parameters == sum(p.numel() for p in original.parameters())
    assert {key: getattr(about, key) for key in ABOUT} == ABOUT
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_the_same_weights_give_the_same_bytes(saved, tmp_path):
    other = tmp_path / "other.safetensors"
    about = ABOUT | {"preprocessing": dict(reversed(ABOUT["preprocessing"].items()))}
    weights.save(other, network("Astromer"), **about)
    assert other.read_bytes() == saved.read_bytes()


def test_another_state_than_the_present_one(tmp_path):
    path, net = tmp_path / "w.safetensors", network("GammaHead")
    best = {name: value.clone() for name, value in net.state_dict().items()}
    with torch.no_grad():
        net.gamma += 1
    weights.save(path, net, state=best, **ABOUT)
    assert torch.equal(weights.load(path).network.gamma, best["gamma"])


def test_a_network_that_could_not_be_loaded_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="Linear is not in"):
        weights.save(tmp_path / "w", torch.nn.Linear(1, 1), **ABOUT)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("bands", [["g", "r"], ("g", "r"), None])
def test_the_bands_it_was_trained_on(saved, bands):
    assert weights.load(saved, bands=bands).metadata.bands == ["g", "r"]


@pytest.mark.parametrize("bands", [["r", "g"], ["g"], ["g", "r", "i"], []])
def test_other_bands_are_refused(saved, bands):
    """Another order too: a band's code is its place, and the network knows codes alone."""
    named = f"trained on the bands g, r, the data have {', '.join(bands) or 'none'};"
    with pytest.raises(InputError, match=named) as caught:
        weights.load(saved, bands=bands)
    assert str(saved) in str(caught.value)


def test_a_model_of_no_bands(tmp_path):
    path = tmp_path / "head.safetensors"
    weights.save(path, network("GammaHead"), **(ABOUT | {"bands": []}))
    assert weights.load(path, bands=[]).metadata.bands == []
    with pytest.raises(InputError, match="trained on the bands none, the data have V;"):
        weights.load(path, bands=["V"])


def rewritten(path, **changes):
    """The file with other metadata, or other tensors."""
    tensors, content = weights.read(path)
    tensors |= changes.pop("tensors", {})
    content |= changes
    content = {key: value for key, value in content.items() if value is not None}
    save_file(tensors, path, {"nightjar": json.dumps(content)})
    return path


def missing(path):
    path.unlink()


def truncated(path):
    path.write_bytes(path.read_bytes()[:-100])


def cut_header(path):
    path.write_bytes(path.read_bytes()[:30])


def empty(path):
    path.write_bytes(b"")


def web_page(path):
    path.write_text("<!DOCTYPE html>\n<title>404</title>" * 20)


def pickled(path):
    torch.save({"weight": torch.ones(2)}, path)


def foreign(path):
    save_file(load_file(path), path)


def foreign_metadata(path):
    save_file(load_file(path), path, {"format": "pt"})


def not_json(path):
    save_file(load_file(path), path, {"nightjar": "{"})


def not_a_mapping(path):
    save_file(load_file(path), path, {"nightjar": "[1]"})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (missing, "no such file"),
        (truncated, "truncated or not a safetensors file"),
        (cut_header, "truncated or not a safetensors file"),
        (empty, "truncated or not a safetensors file"),
        (web_page, "truncated or not a safetensors file"),
        (pickled, "truncated or not a safetensors file"),
        (foreign, "nightjar did not write"),
        (foreign_metadata, "nightjar did not write"),
        (not_json, "truncated or not a safetensors file"),
        (not_a_mapping, "nightjar did not write"),
        (lambda path: rewritten(path, format=2), "format: this nightjar reads version 1, not 2"),
        (lambda path: rewritten(path, network="Astromer9"), "'Astromer9' is none of"),
        (lambda path: rewritten(path, classes="SN Ia"), "metadata is damaged at: classes"),
        (lambda path: rewritten(path, sample=None), "metadata is damaged at: sample"),
        (lambda path: rewritten(path, settings={}), "do not fit"),
        (lambda path: rewritten(path, settings={**ASTROMER, "skip": "sideways"}), "do not fit"),
        (lambda path: rewritten(path, settings={**ASTROMER, "depth": 2}), "do not fit.*Missing"),
        (lambda path: rewritten(path, tensors={"mask_token": torch.ones(3)}), "do not fit.*size"),
        (lambda path: rewritten(path, tensors={"more": torch.ones(3)}), "do not fit.*Unexpected"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_an_input_error(saved, damage, message):
    damage(saved)
    with pytest.raises(InputError, match=message) as caught:
        weights.load(saved)
    assert str(saved) in str(caught.value)


def test_a_failed_write_leaves_the_old_file(saved):
    before = saved.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        weights.save(saved, network("Astromer"), **(ABOUT | {"metrics": {"loss": float("nan")}}))
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]

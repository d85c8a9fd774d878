"""Pre-training that begins with given weights."""

from pathlib import Path

import pytest
import torch

from nightjar import params, weights
from nightjar.errors import InputError
from nightjar.networks import Astromer, GammaHead
from nightjar.networks.astromer import NAMED
from stages import pretrain_astromer

ROOT = Path(__file__).resolve().parents[1]


MODEL = "nightjar"


def settings(init: str | None, **changes) -> params.PretrainAstromer:
    found = params.load(params.PretrainAstromer, ROOT / "params.yaml")
    network = found.network(MODEL).model_copy(update={"init": init})
    return found.model_copy(update={"networks": {MODEL: network}, **changes})


def test_it_begins_with_the_weights_and_network_of_the_file(tmp_path):
    small = {"dim": 8, "depth": 1, "heads": 2, "feedforward": 6}
    network = Astromer(**{**NAMED["astromer1"], **small})
    path = tmp_path / "weights.safetensors"
    weights.save(path, network, preprocessing={}, sample="")
    begun = pretrain_astromer.start(settings(str(path), dropout=0.25), MODEL)
    assert begun.settings == {**network.settings, "dropout": 0.25}
    assert all(torch.equal(begun.state_dict()[k], v) for k, v in network.state_dict().items())


def test_without_a_file_it_is_new():
    first, second = (pretrain_astromer.start(settings(None), MODEL) for _ in range(2))
    described = settings(None).network(MODEL).architecture()
    assert {key: first.settings[key] for key in described} == described
    assert not {"init", "loss"} & set(described)
    assert torch.equal(first.head[1].weight, second.head[1].weight)


def test_a_file_of_another_network_is_refused(tmp_path):
    head = GammaHead(layers=2, dim=8, hidden=[6], classes=3)
    path = tmp_path / "weights.safetensors"
    weights.save(path, head, preprocessing={}, sample="")
    with pytest.raises(InputError, match="holds the network GammaHead, not Astromer"):
        pretrain_astromer.start(settings(str(path)), MODEL)


def test_a_folder_or_nothing_for_a_file_names_the_key(tmp_path):
    for wrong in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(InputError, match=r"networks\.nightjar\.init: .*no such file"):
            pretrain_astromer.given(settings(str(wrong)), MODEL)
    assert pretrain_astromer.given(settings(None), MODEL) == []

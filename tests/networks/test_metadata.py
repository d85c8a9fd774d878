"""Class and redshift as a modality."""

import math

import pytest
import torch
from torch.testing import assert_close

from nightjar.networks import Maven
from nightjar.networks.maven import NAMED
from nightjar.networks.metadata import MetadataEncoder

LABEL, REDSHIFT = torch.tensor([0, 2, 2]), torch.tensor([0.01, 0.1, 0.2])


def test_the_published_size_by_hand():
    # 5 x 64 classes; three layers of 128 x 128 + 128
    encoder = MetadataEncoder(5, 128)
    assert sum(p.numel() for p in encoder.parameters()) == 5 * 64 + 3 * (128 * 128 + 128)


def test_the_mlp_sees_the_class_and_the_redshift_as_often():
    encoder = MetadataEncoder(3, 4, dim=2, centre=math.log(0.1), scale=2.0)
    seen = []
    encoder.layers.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    encoder(torch.tensor([1]), torch.tensor([0.1 * math.e]))
    # ln z - ln 0.1 = 1, over 2
    expected = torch.cat([encoder.class_embedding.weight[1], torch.full((2,), 0.5)])
    assert_close(seen[0][0], expected)


def test_unknown_metadata_give_something_finite():
    found = MetadataEncoder(3, 4)(
        torch.tensor([-1, 0, 1, 2]), torch.tensor([0.1, torch.nan, -0.1, torch.inf])
    )
    assert found.isfinite().all()


def test_embeddings_have_unit_length_and_tell_class_and_redshift():
    network = Maven(**NAMED["maven"], metadata={"classes": 3}).eval()
    found = network.embed_metadata(LABEL, REDSHIFT)
    assert found.shape == (3, 128)
    assert_close(found.norm(dim=-1), torch.ones(3))
    other = network.embed_metadata(LABEL, REDSHIFT * 2)
    assert not torch.isclose(found, other).all(dim=-1).any()
    renamed = network.embed_metadata(torch.tensor([1, 2, 2]), REDSHIFT)
    assert not torch.allclose(renamed[0], found[0])
    assert_close(renamed[1:], found[1:])


def test_it_is_learned_from():
    network = Maven(**NAMED["maven"], metadata={"classes": 3, "dim": 4})
    network.embed_metadata(LABEL, REDSHIFT)[:, 0].sum().backward()
    assert all(p.grad is not None for p in network.metadata.parameters())


def test_settings_rebuild_it():
    network = Maven(**NAMED["maven"], metadata={"classes": 3, "centre": -3.0}, dropout=0.1)
    again = Maven(**network.settings)
    again.load_state_dict(network.state_dict())
    assert again.settings == network.settings
    assert again.metadata.settings["centre"] == -3.0
    assert pytest.approx(0.1) == again.metadata.settings["dropout"]

"""What of a pre-trained Maven moves in fine-tuning, and how fast."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from nightjar import batching, tasks, training
from nightjar.batching.datasets import PairData, SpectrumData, SupernovaData
from nightjar.networks import Maven
from nightjar.training import transfer
from stages import finetune_clip
from tests import test_bad_input as survey
from tests.training.test_loop import SETTINGS, curves

ENCODER = {"dim": 8, "depth": 2, "heads": 2, "base": 100.0, "pooling": "attention"}
TOP = ("pool", "output")
SMALL = SETTINGS.model_copy(update={"epochs": 3})


@pytest.fixture(autouse=True)
def _restore():
    """Leave torch as the other tests expect it."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def maven(depth=2, **more):
    torch.manual_seed(0)
    spectrum = {**ENCODER, "depth": depth, "pooling": "mean"}
    return Maven(
        ENCODER, spectrum, output=4, embedding=6, bands=2, logit_scale=10.0, dropout=0.1, **more
    )


def pairs():
    flux = np.random.default_rng(0).normal(size=(24, 30)).astype(np.float32)
    spectra = SpectrumData(
        flux, np.full_like(flux, 0.1), flux > -2, np.linspace(4e3, 9e3, 30), np.arange(24),
        noise_level=1.0,
    )  # fmt: skip
    return PairData(SupernovaData(curves(), 15, noise_level=1.0), spectra)


def fitted(path, network, rates, settings=SMALL, stop_at=None):
    """Train on 18 random pairs; ``stop_at`` raises in that epoch, as a kill would."""
    data, size = pairs(), settings.batch_size
    batches = batching.training(data, np.arange(18), size, 0)

    def interrupted(epoch, *share):
        if epoch == stop_at:
            raise KeyboardInterrupt
        return batches(epoch, *share)

    return training.fit(
        tasks.MavenTask(network), interrupted, batching.evaluation(data, np.arange(18, 24), 6),
        settings, steps_per_epoch=18 // size, resume=path, label="transfer", rates=rates,
    )  # fmt: skip


def parts(names):
    """First two words of the names; of blocks three: ``light_curve.blocks.0``."""
    return {".".join(n.split(".")[: 3 if ".blocks." in n else 2]) for n in names if "." in n}


MOVES = {
    "first_block": {"light_curve.blocks.0", "spectrum.blocks.0"},
    "projection": {
        "light_curve.output", "light_curve_projection.weight", "light_curve_projection.bias",
        "spectrum.output", "spectrum_projection.weight", "spectrum_projection.bias",
    },
}  # fmt: skip


@pytest.mark.parametrize("mode", ["all", "first_block", "projection"])
def test_what_moves(tmp_path, mode):
    """All of what trains, and not a bit of the rest, whatever the weight decay."""
    network = maven()
    before = {name: value.clone() for name, value in network.named_parameters()}
    rates = transfer.rates(network, mode, 1.0)
    last = fitted(tmp_path / "fit", network, rates).last
    moved = {name for name, value in before.items() if not torch.equal(last[name], value)}
    # a bias of the keys adds the same to every logit of a query: no gradient but rounding
    assert rates.keys() - moved <= {"light_curve.pool.key.bias"}
    assert moved <= rates.keys()
    if mode == "all":
        assert rates.keys() == before.keys()
    else:
        assert parts(moved) == MOVES[mode]
    assert "log_scale" in moved  # the temperature belongs to the loss


def test_the_layers_of_each_encoder_are_counted_from_its_own_top():
    """Depths are 2 and 3: the embedding is 3 and 4 below the top, the first block 2 and 3."""
    below = transfer.layers_below_top(maven(depth=3))
    found = {}
    for name, layer in below.items():
        found.setdefault(name.split(".")[0], {})[".".join(name.split(".")[1:3])] = layer
    assert found["log_scale"] == {"": 0}
    for encoder, depth in (("light_curve", 2), ("spectrum", 3)):
        layers = found[encoder]
        blocks = {f"blocks.{block}": depth - block for block in range(depth)}
        assert {name: layers[name] for name in blocks} == blocks
        embeddings = {layer for name, layer in layers.items() if "embedding" in name}
        assert embeddings == {depth + 1}
        assert {layer for name, layer in layers.items() if name.startswith(TOP)} == {0}
        assert set(found[f"{encoder}_projection"].values()) == {0}
    assert {"band_embedding.weight"} <= found["light_curve"].keys()


def test_the_norm_behind_the_last_pre_norm_block_is_at_the_top():
    network = Maven(
        {**ENCODER, "norm": "pre"}, ENCODER, output=4, embedding=6, bands=2, logit_scale=10.0
    )
    below = transfer.layers_below_top(network)
    assert below["light_curve.final_norm.weight"] == 0
    assert below["light_curve.blocks.1.feedforward_norm.weight"] == 1


@pytest.mark.parametrize("mode", ["first_block", "projection"])
def test_metadata_are_frozen_and_what_belongs_to_the_loss_is_free(mode):
    network = maven(metadata={"classes": 3, "dim": 2}, objective="sigmoid")
    rates = transfer.rates(network, mode, 0.5)
    assert not [name for name in rates if name.startswith("metadata.")]
    assert rates["log_scale"] == rates["bias"] == 1.0
    whole = transfer.rates(network, "all", 0.5)
    assert {whole[name] for name in whole if name.startswith("metadata.")} == {1.0}


def test_the_rates_of_the_layers():
    """Decay 0.5, depth 2: top 1, second block 1/2, first 1/4, embedding 1/8."""
    rates = transfer.rates(maven(), "all", 0.5)
    assert rates["spectrum.output.weight"] == rates["log_scale"] == 1.0
    assert rates["spectrum_projection.bias"] == rates["light_curve.pool.learned"] == 1.0
    assert rates["spectrum.blocks.1.feedforward_norm.weight"] == 0.5
    assert rates["spectrum.blocks.0.attention_norm.bias"] == 0.25
    assert rates["light_curve.band_embedding.weight"] == 0.125
    assert transfer.rates(maven(), "first_block", 0.5) == {
        name: rate for name, rate in rates.items() if ".blocks.0." in name or name == "log_scale"
    }


def test_the_first_step_of_a_layer_is_as_long_as_its_rate(tmp_path):
    """Adam's first step is its rate, whatever the gradient: 0.01 at the top, a block lower half."""
    settings = SMALL.model_copy(
        update={"epochs": 1, "warmup_steps": 0, "batch_size": 18, "weight_decay": 0.0}
    )
    network = maven()
    before = {name: value.clone() for name, value in network.named_parameters()}
    rates = transfer.rates(network, "all", 0.5)
    last = fitted(tmp_path / "fit", network, rates, settings).last
    for name, step in (
        ("spectrum.output.bias", 0.01),
        ("spectrum.blocks.1.feedforward.2.bias", 0.005),
        ("spectrum.blocks.0.feedforward.2.bias", 0.0025),
        ("spectrum.value_embedding.bias", 0.00125),
    ):
        moved = (last[name] - before[name]).abs().max().item()
        assert moved == pytest.approx(step, rel=0.02), name


@pytest.mark.parametrize(("mode", "decay"), [("all", 0.5), ("first_block", 1.0)])
def test_a_killed_transfer_resumes_to_the_same_bytes(tmp_path, mode, decay):
    rates = transfer.rates(maven(), mode, decay)
    whole = fitted(tmp_path / "whole", maven(), rates)
    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path / "killed", maven(), rates, stop_at=1)
    again = fitted(tmp_path / "killed", maven(), rates)
    assert (save(again.last), again.history) == (save(whole.last), whole.history)
    assert [epoch["lr"] for epoch in whole.history] == [0.01] * 3  # the highest rate


def test_training_all_at_one_rate_is_training(tmp_path):
    rates = transfer.rates(maven(), "all", 1.0)
    one, other = (fitted(tmp_path / str(r is None), maven(), r) for r in (None, rates))
    assert save(one.last) == save(other.last)


# --- the stage ------------------------------------------------------------------------------------


@pytest.fixture
def stage(tmp_path, monkeypatch):
    """A small survey and pre-trained weights whose dropout is 0.5; runs the stage.

    Returns, of each training, the names and rates that it was given, its dropouts, its history.
    """
    monkeypatch.chdir(tmp_path)
    Path("survey").mkdir()
    for name, frame in survey.valid_tables().items():
        frame.to_parquet(f"survey/{name}.parquet", index=False)
    values = survey.valid_params()
    values["gather_supernovae"] |= {"folds": 3}
    values["pretrain_clip"] |= {"lr": 0.5, "dropout": 0.5}
    values["finetune_clip"] |= {"lr": 3e-4, "dropout": 0.125, "warmup_steps": 0, "epochs": 1}

    def trained(**changes):
        values["finetune_clip"] |= changes
        Path("params.yaml").write_text(json.dumps(values))
        survey.run("gather_supernovae")
        for name in ("simulated_supernovae", "variables"):
            Path(f"data/raw/{name}").symlink_to("supernovae")
        for name in ("preprocess_spectra", "window_light_curves"):
            survey.run(name)
        survey.pretrained(lambda: Maven(**maven().settings | {"dropout": 0.5}))()
        runs = []

        def watched(task, *args, rates=None, **kwargs):
            drops = {m.p for m in task.modules() if isinstance(m, torch.nn.Dropout)}
            fitted = fit_rows(task, *args, rates=rates, **kwargs)
            runs.append((rates, drops, fitted.history))
            return fitted

        fit_rows = training.fit_rows
        monkeypatch.setattr(training, "fit_rows", watched)
        finetune_clip.main()
        return runs

    return trained


def test_the_settings_of_fine_tuning_apply_and_not_those_of_pretraining(stage):
    """The public code trains with the learning rate and dropout of the pre-training (bug 3)."""
    runs = stage()
    assert len(runs) == 6  # Maven and Maven-lite, 3 folds
    for _, drops, history in runs:
        assert drops == {0.125}
        assert [epoch["lr"] for epoch in history] == [3e-4]


def test_only_maven_is_transferred(stage):
    """Maven-lite has nothing that could be kept: all of it trains, at one rate."""
    runs = stage(transfer="first_block", layer_decay=0.5)
    for rates, _, _ in runs[:3]:
        assert set(rates.values()) == {1.0, 0.25}  # the temperature; the first of two blocks
    for rates, _, _ in runs[3:]:
        assert rates == dict.fromkeys(dict(maven().named_parameters()), 1.0)

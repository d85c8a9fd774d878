"""The loop: it learns, stops, resumes to the same bytes."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save

from nightjar import batching, tasks, training
from nightjar.batching.datasets import (
    PairData,
    SpectrumData,
    SupernovaData,
    TabularData,
    WindowData,
)
from nightjar.errors import InputError
from nightjar.networks import Astromer, Maven
from nightjar.params import ProbedSettings, Training
from nightjar.ragged import LightCurves
from nightjar.training import checkpoints, hardware, loop
from nightjar.weights import fingerprint, read, write

SETTINGS = Training(
    seed=3, threads=1, device="cpu", precision="32-true", compile=False,
    lr=0.01, epochs=4, batch_size=6,
    patience=10, warmup_steps=3, decay="none", weight_decay=0.01, gradient_clip=1.0,
    dropout=0.1, devices=1,
    num_nodes=1, strategy="auto",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _restore():
    """Leave torch as the other tests expect it."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def curves(count=24, points=20):
    rng = np.random.default_rng(0)
    time = np.sort(rng.uniform(0, 30, (count, points)), axis=1)
    value = np.sin(time + rng.uniform(0, 6, (count, 1)))
    return LightCurves(
        object_id=np.arange(count).astype(str),
        offsets=np.arange(count + 1) * points,
        time=time.ravel() + 60000,
        value=value.ravel().astype(np.float32),
        error=np.full(value.size, 0.1, np.float32),
        band=np.zeros(value.size, np.int16),
        bands=("V",),
    )


def astromer(settings=SETTINGS):
    torch.manual_seed(settings.seed)
    network = Astromer(
        dim=8, depth=1, heads=2, feedforward=8, base=100.0, skip="residual", mask="strict",
        mask_token=True, dropout=settings.dropout,
    )  # fmt: skip
    return tasks.AstromerTask(network)


def train(resume, settings=SETTINGS, task=None, stop_at=None):
    """Train on windows; ``stop_at`` = (epoch, step) raises there, as a kill would."""
    probed = ProbedSettings(probed=0.5, same=0.2, random=0.2)
    data = WindowData.drawn(curves(), 12, probed=probed)
    held = WindowData.sequential(curves(), 12, np.arange(18, 24), probed=probed)
    batches = batching.training(data, np.arange(18), settings.batch_size, settings.seed)

    def interrupted(epoch, *share):
        for step, batch in enumerate(batches(epoch, *share)):
            if (epoch, step) == stop_at:
                raise KeyboardInterrupt
            yield batch

    return training.fit(
        task or astromer(settings),
        interrupted,
        batching.evaluation(held, np.arange(len(held)), 5, seed=0),
        settings,
        steps_per_epoch=3,
        resume=resume,
        label="test",
    )


def as_bytes(fitted):
    return save(fitted.best), save(fitted.last), fitted.history


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return train(tmp_path_factory.mktemp("whole") / "fit.safetensors")


def test_it_learns(whole):
    losses = [epoch["validation_loss"] for epoch in whole.history]
    assert len(losses) == 4
    assert losses[-1] < losses[0]
    assert whole.history[0]["lr"] == pytest.approx(0.01)  # 3 warm-up steps, 3 steps an epoch
    assert {"validation_rmse", "validation_r2", "training_loss"} <= set(whole.history[0])


def test_the_same_settings_give_the_same_bytes(whole, tmp_path):
    torch.manual_seed(99)  # what was drawn before does not matter
    assert as_bytes(train(tmp_path / "fit.safetensors")) == as_bytes(whole)


@pytest.mark.parametrize("change", [{"lr": 0.02}, {"seed": 4}, {"warmup_steps": 0}])
def test_other_settings_give_other_bytes(whole, tmp_path, change):
    changed = train(tmp_path / "fit.safetensors", SETTINGS.model_copy(update=change))
    assert as_bytes(changed)[1] != as_bytes(whole)[1]
    assert changed.history != whole.history


@pytest.mark.parametrize("stop_at", [(0, 1), (1, 0), (2, 2)])
def test_a_killed_training_resumes_to_the_same_bytes(whole, tmp_path, stop_at):
    resume = tmp_path / "fit.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(resume, stop_at=stop_at)
    assert resume.exists() == (stop_at[0] > 0)
    assert as_bytes(train(resume)) == as_bytes(whole)


def test_killed_more_than_once(whole, tmp_path):
    resume = tmp_path / "fit.safetensors"
    for stop_at in [(1, 2), (1, 1), (3, 0)]:
        with pytest.raises(KeyboardInterrupt):
            train(resume, stop_at=stop_at)
    assert as_bytes(train(resume)) == as_bytes(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["fit.safetensors"]  # no temporary files


def test_a_finished_training_is_not_repeated(whole, tmp_path):
    resume = tmp_path / "fit.safetensors"
    train(resume)
    assert as_bytes(train(resume, stop_at=(0, 0))) == as_bytes(whole)


@pytest.mark.parametrize("damage", ["truncated", "empty", "foreign"])
def test_a_damaged_checkpoint_is_ignored_with_a_warning(whole, tmp_path, damage):
    resume = tmp_path / "fit.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(resume, stop_at=(2, 0))
    content = resume.read_bytes()
    broken = {"truncated": content[:-9], "empty": b"", "foreign": save({"x": torch.ones(1)})}
    resume.write_bytes(broken[damage])
    with pytest.warns(UserWarning, match="training starts again"):
        fitted = train(resume)
    assert as_bytes(fitted) == as_bytes(whole)


class Columns(torch.nn.Module):
    """One weight times one column."""

    def __init__(self, weight):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([[weight]]))

    def forward(self, columns):
        return columns @ self.weight


def line(resume, weight, validation, settings, batches=None):
    """Fit ln z = w x to ln z = 0, whatever the validation sample wants."""
    data = TabularData(np.ones((4, 1)), redshift=np.ones(4))
    held = TabularData(np.ones((2, 1)), redshift=np.full(2, np.exp(validation)))
    task = tasks.RegressTask(Columns(weight), 0.0, 1.0, lambda batch: (batch.tabular,))
    fitted = training.fit(
        task, batches or batching.training(data, np.arange(4), 4, 0),
        batching.evaluation(held, np.arange(2), 2), settings, steps_per_epoch=1, resume=resume,
        label="line",
    )  # fmt: skip
    return fitted, task


def test_early_stopping_restores_the_best_weights(tmp_path):
    # AdamW's first steps are lr each, so w falls from 1 by 0.1 an epoch; the best is at 0.7
    settings = SETTINGS.model_copy(
        update={"lr": 0.1, "warmup_steps": 0, "weight_decay": 0.0, "epochs": 50, "patience": 2}
    )
    fitted, task = line(tmp_path / "fit.safetensors", 1.0, 0.7, settings)
    assert len(fitted.history) == 5  # three better epochs, then two without
    assert fitted.best["weight"].item() == pytest.approx(0.7, abs=0.02)
    assert fitted.last["weight"].item() == pytest.approx(0.5, abs=0.04)
    assert torch.equal(task.network.weight.detach(), fitted.best["weight"])
    assert not task.training
    losses = [epoch["validation_loss"] for epoch in fitted.history]
    assert min(losses) == losses[2] == pytest.approx(0, abs=1e-3)


def test_warm_up_is_linear_then_constant(tmp_path):
    settings = SETTINGS.model_copy(update={"lr": 0.1, "warmup_steps": 3, "epochs": 5})
    fitted, _ = line(tmp_path / "fit.safetensors", 1.0, 0.0, settings)
    assert [epoch["lr"] for epoch in fitted.history] == pytest.approx(
        [0.1 / 3, 0.2 / 3, 0.1, 0.1, 0.1]
    )


def test_gradients_are_clipped(tmp_path):
    # a decoupled optimiser hides the scale of a gradient, its moments do not: 1e6 clipped to 1
    settings = SETTINGS.model_copy(update={"epochs": 1})
    resume = tmp_path / "fit.safetensors"
    _, task = line(resume, 5e5, 0.0, settings)
    optimizer = torch.optim.AdamW(task.parameters())
    checkpoints.load(resume, task.network, optimizer)
    (state,) = optimizer.state_dict()["state"].values()
    assert state["exp_avg"].item() == pytest.approx(0.1, rel=1e-3)  # (1 - beta1) * 1


def test_an_unusable_checkpoint_leaves_the_network_as_it_was(tmp_path):
    settings = SETTINGS.model_copy(update={"epochs": 1})
    resume = tmp_path / "fit.safetensors"
    line(resume, 1.0, 0.0, settings)
    tensors, content = read(resume)
    # one name more than the network has: torch takes over those that it knows, and then complains
    write(resume, tensors | {"network.unknown": torch.zeros(1)}, content)
    _, task = line(tmp_path / "other.safetensors", 2.0, 0.0, settings)
    optimizer = torch.optim.AdamW(task.parameters())
    before = [parameter.clone() for parameter in task.network.parameters()]
    with pytest.warns(UserWarning, match="training starts again"):
        progress = checkpoints.load(resume, task.network, optimizer)
    assert progress == checkpoints.Progress()
    assert all(map(torch.equal, task.network.parameters(), before))
    assert not optimizer.state_dict()["state"]


def test_a_frozen_parameter_stays(tmp_path):
    task = astromer()
    task.network.head.requires_grad_(False)
    before = {name: value.clone() for name, value in task.network.head.state_dict().items()}
    fitted = train(tmp_path / "fit.safetensors", SETTINGS.model_copy(update={"epochs": 1}), task)
    for name, value in before.items():
        assert torch.equal(fitted.last[f"head.{name}"], value)


def test_a_loss_that_is_not_finite_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match=r"not finite in epoch 0.*lower lr"):
        line(tmp_path / "fit.safetensors", float("nan"), 0.0, SETTINGS)
    assert not (tmp_path / "fit.safetensors").exists()


def test_bf16_trains_close_to_float32(whole, tmp_path):
    if hardware.precision(SETTINGS.model_copy(update={"precision": "auto"})) != "bf16-mixed":
        pytest.skip("no bfloat16 in this hardware")
    mixed = train(tmp_path / "a.safetensors", SETTINGS.model_copy(update={"precision": "auto"}))
    assert {tensor.dtype for tensor in mixed.last.values()} == {torch.float32}
    assert as_bytes(mixed)[1] != as_bytes(whole)[1]
    one, other = (f.history[-1]["validation_loss"] for f in (mixed, whole))
    assert one == pytest.approx(other, rel=0.05)


@pytest.mark.parametrize("wanted", [True, False])
def test_blocks_are_compiled_where_that_is_asked_for(wanted, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(loop, "compile_blocks", seen.append)
    task = astromer()
    train(tmp_path / "a.safetensors", SETTINGS.model_copy(update={"compile": wanted}), task)
    assert seen == ([task] if wanted else [])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of PyTorch, to itself
def test_compiled_blocks_train_as_the_others_do(tmp_path):
    plain = SETTINGS.model_copy(update={"dropout": 0.0, "epochs": 2})
    compiled = plain.model_copy(update={"compile": True})
    one, other = (
        train(tmp_path / name, settings).history
        for name, settings in (("a", plain), ("b", compiled))
    )
    for before, after in zip(one, other, strict=True):
        assert after == pytest.approx(before, rel=1e-3)


@pytest.mark.gpu
def test_a_gpu_gives_the_same_bytes_and_resumes_to_them(whole, tmp_path):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    settings = SETTINGS.model_copy(update={"device": "gpu", "precision": "auto"})
    first = train(tmp_path / "first.safetensors", settings)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "killed.safetensors", settings, stop_at=(2, 1))
    assert as_bytes(train(tmp_path / "killed.safetensors", settings)) == as_bytes(first)
    losses = [fitted.history[-1]["validation_loss"] for fitted in (first, whole)]
    assert losses[0] == pytest.approx(losses[1], rel=0.2)


@pytest.mark.parametrize("device", ["cpu", pytest.param("gpu", marks=pytest.mark.gpu)])
def test_pairs_train_deterministically(tmp_path, device):
    if device == "gpu" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    settings = SETTINGS.model_copy(update={"device": device, "precision": "auto", "epochs": 2})
    encoder = {"dim": 8, "depth": 1, "heads": 2, "base": 100.0, "pooling": "attention"}
    flux = np.random.default_rng(0).normal(size=(24, 30)).astype(np.float32)
    spectra = SpectrumData(
        flux, np.full_like(flux, 0.1), flux > -2, np.linspace(4e3, 9e3, 30), np.arange(24),
        noise_level=1.0,
    )  # fmt: skip
    pairs = PairData(SupernovaData(curves(), 15, noise_level=1.0), spectra)

    def fitted(name):
        torch.manual_seed(0)
        network = Maven(
            encoder, encoder, output=4, embedding=6, bands=2, logit_scale=10.0, dropout=0.1
        )
        return training.fit(
            tasks.MavenTask(network),
            batching.training(pairs, np.arange(18), 6, 0),
            batching.evaluation(pairs, np.arange(18, 24), 6),
            settings,
            steps_per_epoch=3,
            resume=tmp_path / name,
            label="pairs",
        )

    first = fitted("a")
    assert as_bytes(fitted("b")) == as_bytes(first)
    assert first.history[0]["validation_loss"] == pytest.approx(np.log(6), abs=1.0)


def test_precision_follows_the_hardware(monkeypatch):
    auto = SETTINGS.model_copy(update={"precision": "auto"})
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    for has, expected in ((True, "bf16-mixed"), (False, "32-true")):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda has=has: has)
        assert hardware.precision(auto) == expected
    assert hardware.precision(SETTINGS) == "32-true"


def test_a_missing_gpu_is_an_input_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert hardware.accelerator("auto") == "cpu"
    with pytest.raises(InputError, match="no GPU"):
        hardware.accelerator("gpu")


# --- the folder of the checkpoints ----------------------------------------------------------------


def test_checkpoints_belong_to_settings_inputs_and_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data, code = tmp_path / "data", tmp_path / "stage.py"
    data.mkdir()
    (data / "a.npy").write_bytes(b"1")
    code.write_text("pass")

    def folder(settings=SETTINGS):
        return checkpoints.directory("pretrain", settings, [data], [code])

    first = folder()
    assert first == folder()
    assert first.parent == checkpoints.ROOT / "pretrain"
    assert folder(SETTINGS.model_copy(update={"lr": 0.5})) != first
    code.write_text("pass  # changed")
    second = folder()
    assert second != first
    (data / "a.npy").write_bytes(b"2")
    assert folder() not in (first, second)


def test_clear_deletes_all_of_a_stage_and_no_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a/1/x", "a/2/x", "b/1/x"):
        (checkpoints.ROOT / name).mkdir(parents=True)
    checkpoints.clear("a")
    checkpoints.clear("never_ran")
    assert [path.name for path in checkpoints.ROOT.iterdir()] == ["b"]


def test_a_fingerprint_does_not_depend_on_where_things_lie(tmp_path):
    prints = []
    for parent in ("one", "two"):
        folder = tmp_path / parent / "sample"
        folder.mkdir(parents=True)
        (folder / "x.npy").write_bytes(b"abc")
        prints.append(fingerprint([folder]))
    assert prints[0] == prints[1]
    (tmp_path / "two" / "sample" / "x.npy").rename(tmp_path / "two" / "sample" / "y.npy")
    assert fingerprint([tmp_path / "two" / "sample"]) != prints[0]
    with pytest.raises(InputError, match="nothing_here"):
        fingerprint([tmp_path / "nothing_here"])


def test_no_warning_is_raised_by_fabric(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(tmp_path / "fit.safetensors", SETTINGS.model_copy(update={"epochs": 1}))


# --- several processes ----------------------------------------------------------------------------

SCRIPT = """
import sys
from pathlib import Path
import numpy as np
import torch
from safetensors.torch import save_file
from nightjar import batching, tasks, training
from nightjar.batching.datasets import TabularData
from nightjar.params import Training
from nightjar.pipeline import follows

out, devices = Path(sys.argv[1]), int(sys.argv[2])
settings = Training(
    seed=0, threads=1, device="cpu", precision="32-true", compile=False,
    lr=1e-2, epochs=3, batch_size=8,
    patience=9, warmup_steps=3, decay="none", weight_decay=0.01, gradient_clip=1.0, dropout=0.0,
    devices=devices, num_nodes=1, strategy="ddp" if devices > 1 else "auto",
)
columns = np.random.default_rng(0).normal(size=(40, 3))
data = TabularData(columns, redshift=np.exp(columns @ [1.0, 2.0, 3.0]))
for fold in range(2):  # a stage trains several times in one process
    torch.manual_seed(0)
    task = tasks.RegressTask(torch.nn.Linear(3, 1), 0.0, 1.0, lambda batch: (batch.tabular,))
    fitted = training.fit(
        task, batching.training(data, np.arange(32), 8, 0),
        batching.evaluation(data, np.arange(32, 40), 8), settings, steps_per_epoch=4,
        resume=out / f"{fold}.resume", label="test",
    )
    losses = torch.tensor([epoch["training_loss"] for epoch in fitted.history])
    if not follows():  # else the test might read what another process is writing
        save_file(fitted.last | {"losses": losses}, out / f"{fold}.last")
"""


@pytest.mark.slow
def test_fabric_starts_processes_that_train_as_one(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    results = []
    for devices in (1, 2):
        out = tmp_path / str(devices)
        out.mkdir()
        subprocess.run(
            [sys.executable, script, out, str(devices)],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            check=True,
            timeout=1200,  # importing torch alone may take minutes where others compute
        )
        results.append([load_file(out / f"{fold}.last") for fold in range(2)])
    for one, two in zip(*results, strict=True):
        for name, value in one.items():
            assert two[name].numpy() == pytest.approx(value.numpy(), rel=1e-5)

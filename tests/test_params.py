"""Settings: overlay, types, root keys, and errors that say what to do."""

from pathlib import Path

import pytest
import yaml

from nightjar import params
from nightjar.errors import InputError

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def edited(tmp_path):
    """params.yaml with some values replaced: dotted key -> value."""

    def write(changes: dict[str, object]) -> Path:
        values = yaml.safe_load((ROOT / "params.yaml").read_text())
        for dotted, value in changes.items():
            *parents, last = dotted.split(".")
            block = values
            for key in parents:
                block = block[key]
            block[last] = value
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(values, sort_keys=False))
        return path

    return write


@pytest.mark.parametrize("preset", ["smoke", "laptop", "paper"])
@pytest.mark.parametrize("stage", params.STAGES)
def test_every_preset_validates(stage, preset):
    settings = params.load(params.STAGES[stage], ROOT / "params.yaml", preset)
    assert isinstance(settings, params.STAGES[stage])


def test_a_preset_gives_the_sizes_that_the_block_leaves_open(edited):
    path = edited({"preset": "smoke"})
    settings = params.load(params.PretrainClip, path)
    assert settings.light_curve.dim == 16  # from presets.smoke
    assert settings.light_curve.base == 20583.369  # from the stage's block: joined key by key
    assert settings.logit_scale == 19.546


def test_a_value_in_the_block_wins_over_the_preset(edited):
    path = edited({"pretrain_clip.epochs": 3, "pretrain_clip.light_curve.depth": 7})
    settings = params.load(params.PretrainClip, path)
    assert (settings.epochs, settings.light_curve.depth) == (3, 7)


def leaves(block: dict, prefix: str = "") -> dict[str, object]:
    """Dotted keys of what is not a mapping."""
    found: dict[str, object] = {}
    for key, value in block.items():
        inner = value if isinstance(value, dict) else None
        found |= {prefix + key: value} if inner is None else leaves(inner, f"{prefix}{key}.")
    return found


def test_presets_hold_the_same_sizes_and_none_that_a_block_would_hide():
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    sizes = {name: set(leaves(preset)) for name, preset in values["presets"].items()}
    assert sizes["smoke"] == sizes["laptop"] == sizes["paper"]
    blocks = leaves({stage: values[stage] for stage in params.STAGES})
    assert {key: blocks.get(key) for key in sizes["smoke"]} == dict.fromkeys(sizes["smoke"])


def test_a_stage_takes_the_root_learning_rate_unless_it_has_its_own(edited):
    assert params.load(params.FinetuneClip, edited({"lr": 2e-4})).lr == 2e-4
    path = edited({"lr": 2e-4, "finetune_clip.lr": 5e-5})
    assert params.load(params.FinetuneClip, path).lr == 5e-5
    assert params.load(params.PretrainClip, path).lr == 2e-4


def test_a_number_that_yaml_11_reads_as_text_is_a_number(tmp_path):
    # DVC writes 1e-05 (YAML 1.2); PyYAML returns the string '1e-05'
    text = (ROOT / "params.yaml").read_text().replace("lr: 1.0e-3 ", "lr: 1e-05 ", 1)
    path = tmp_path / "params.yaml"
    path.write_text(text)
    assert yaml.safe_load(text)["lr"] == "1e-05"
    assert params.load(params.PretrainClip, path).lr == 1e-5


@pytest.mark.parametrize(
    ("changes", "stage", "says"),
    [
        ({"pretrain_clip.epoch": 3}, "pretrain_clip", ["pretrain_clip.epoch", "'epochs'"]),
        ({"sede": 3}, "report", ["sede", "'seed'"]),
        ({"presets.smoke.pretrain_cilp": {}}, "report", ["pretrain_cilp", "'pretrain_clip'"]),
        ({"pretrain_clip.light_curve.dims": 8}, "pretrain_clip", ["light_curve.dims", "'dim'"]),
        ({"pretrain_clip.epochs": "many"}, "pretrain_clip", ["pretrain_clip.epochs", "'many'"]),
        ({"lr": "fast"}, "pretrain_clip", ["lr", "'fast'"]),
        ({"lr": -1}, "pretrain_clip", ["lr", "greater than 0"]),
        ({"lr": float("nan")}, "pretrain_clip", ["lr", "finite"]),
        ({"preset": "laptob"}, "report", ["laptob", "'laptop'"]),
        ({"gather_supernovae.source": "tables"}, "gather_supernovae", ["needs a path"]),
        ({"gather_supernovae.source": "sky"}, "gather_supernovae", ["source", "'tables'"]),
        (
            {"gather_supernovae.bands": {"g": ["g"], "r": ["g"]}},
            "gather_supernovae",
            ["band 'g'", "both"],
        ),
        ({"preprocess_spectra.median_width": 4}, "preprocess_spectra", ["odd"]),
        (
            {"pretrain_clip.light_curve.heads": 7},
            "pretrain_clip",
            ["multiple of heads"],
        ),
        (
            {"pretrain_clip.light_curve.dim": 15, "pretrain_clip.light_curve.heads": 3},
            "pretrain_clip",
            ["dim 15 is odd"],
        ),
        (
            {"pretrain_astromer.networks.nightjar.dims": 8},
            "pretrain_astromer",
            ["networks.nightjar.dims: unknown key", "'dim'"],
        ),
        (
            {"pretrain_astromer.models": ["astromer3"]},
            "pretrain_astromer",
            ["'astromer3', of which networks says nothing"],
        ),
        (
            {"pretrain_astromer.models": ["nightjar", "nightjar"]},
            "pretrain_astromer",
            ["'nightjar' twice"],
        ),
        ({"pretrain_astromer.models": ["../x"]}, "pretrain_astromer", ["models.0", "pattern"]),
        ({"probe_clip.neighbours": []}, "probe_clip", ["neighbours", "at least 1"]),
        ({"train_classical.wavelength_max": 2500.0}, "train_classical", ["wavelength_max must"]),
        (
            {
                f"train_uncertainty.mc_dropout.{s}": 0.0
                for s in ("attention", "feedforward", "head")
            },
            "train_uncertainty",
            ["mc_dropout needs a rate above 0"],
        ),
    ],
)
def test_bad_settings_are_errors_that_name_the_key(edited, changes, stage, says):
    with pytest.raises(InputError) as caught:
        params.load(params.STAGES[stage], edited(changes))
    for piece in says:
        assert piece in str(caught.value)


@pytest.mark.parametrize("text", ["", "just text", "a: [1", "\x00", "preset: smoke\npresets: 3\n"])
def test_a_file_that_is_not_settings_is_an_input_error(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"params\.yaml"):
        params.load(params.Report, path)


def test_a_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        params.load(params.Report, tmp_path / "params.yaml")


def test_settings_are_frozen():
    settings = params.load(params.PreprocessSpectra, ROOT / "params.yaml")
    with pytest.raises(ValueError, match="frozen"):
        settings.bins = 3  # type: ignore[misc]

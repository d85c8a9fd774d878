"""params.yaml as frozen, closed settings: one class per stage, an unknown key is an error.

A stage's settings are its block, what is null there from ``presets.<preset>.<stage>``, plus the
root keys that its class declares as fields (``seed``, ``device``, ...).  A value in the block wins
over the preset, so that ``dvc exp run -S pretrain_clip.epochs=3`` does what it says.  ``lr`` at the
root is the learning rate of every training stage whose own ``lr`` is null.  Values are validated by
type, because DVC writes YAML 1.2 (``1e-05``), which PyYAML, a YAML 1.1 reader, returns as a string.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nightjar.errors import InputError

Fraction = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Classes = dict[str, list[str]]


class Settings(BaseModel):
    """Frozen and closed: what is not declared is refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=()
    )


# --- root keys, inherited by the stages that read them ---------------------------------------


class Seeded(Settings):
    """A stage that draws random numbers."""

    seed: Annotated[int, Field(ge=0)]


class Parallel(Settings):
    """A data stage that works on chunks of objects."""

    threads: Count


class Compute(Parallel, Seeded):
    """A stage that runs a network."""

    device: Literal["auto", "cpu", "gpu"]
    precision: Literal["auto", "32-true", "bf16-mixed"]


class Training(Compute):
    """A stage that trains: optimiser, schedule, stopping."""

    lr: Positive
    epochs: Count
    batch_size: Count
    patience: Count
    warmup_steps: Annotated[int, Field(ge=0)]
    weight_decay: Annotated[float, Field(ge=0)]
    gradient_clip: Positive
    dropout: Fraction
    devices: Count
    num_nodes: Count
    strategy: Literal["auto", "ddp", "fsdp"]


# --- pieces shared by several stages ----------------------------------------------------------


class EncoderSettings(Settings):
    """A Maven transformer (maven.md 3.1): width, blocks, heads, base N of the encoding, pooling."""

    dim: Count
    depth: Count
    heads: Count
    base: Positive
    pooling: Literal["mean", "max", "attention"]

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} is not a multiple of heads {self.heads}")
        return self


class AstromerSettings(Settings):
    """An Astromer network (astromer.md 3): sizes, skip connections, key mask, mask token."""

    dim: Count
    depth: Count
    heads: Count
    feedforward: Count
    base: Positive
    skip: Literal["none", "learned", "residual"]
    mask: Literal["legacy", "strict"]
    mask_token: bool

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} is not a multiple of heads {self.heads}")
        return self


class ProbedSettings(Settings):
    """Which points are scored, and what the network sees of them (astromer.md 2.4)."""

    probed: Annotated[float, Field(gt=0, le=1)]
    same: Annotated[float, Field(ge=0, le=1)]
    random: Annotated[float, Field(ge=0, le=1)]


def _distinct(groups: Classes, what: str) -> Classes:
    """Every raw name belongs to one group, else the meaning of a row would depend on order."""
    seen: dict[str, str] = {}
    for group, members in groups.items():
        for member in members:
            if member in seen:
                raise ValueError(f"{what} {member!r} is in both {seen[member]!r} and {group!r}")
            seen[member] = group
    return groups


# --- one class per stage ------------------------------------------------------------------------


class SimulateSupernovae(Seeded, Parallel):
    """The pre-training sample of supernova pairs."""

    objects: Count
    classes: dict[str, Positive]
    noise: bool
    spectrum_snr: Positive
    min_points: Count


class GatherSupernovae(Seeded, Parallel):
    """The observed supernovae: source, bands, classes, and the frozen folds."""

    source: Literal["mock", "tables", "ztf_bts", "snana_hdf5"]
    path: str | None
    objects: Count
    noise: bool
    bands: Classes
    classes: Classes
    min_points: Count
    group_radius: Annotated[float, Field(ge=0)]
    folds: Annotated[int, Field(ge=2)]
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        _distinct(self.bands, "band")
        _distinct(self.classes, "class")
        return _needs_path(self, self.source, self.path)


class GatherVariables(Seeded, Parallel):
    """The variable stars: source, classes, and the frozen few-shot splits."""

    source: Literal["mock", "tables", "astromer"]
    path: str | None
    unlabelled: Count
    labelled: Count
    bands: list[str]
    classes: list[str]
    surveys: list[str]
    min_points: Count
    group_radius: Annotated[float, Field(ge=0)]
    folds: Count
    samples_per_class: list[Count]
    test_per_class: Count
    test_fraction: Annotated[float, Field(gt=0, lt=1)]
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        return _needs_path(self, self.source, self.path)


class PreprocessSpectra(Parallel):
    """Median filter, log-wavelength grid, continuum, apodisation (maven.md 2.2)."""

    wavelength_min: Positive
    wavelength_max: Positive
    bins: Annotated[int, Field(ge=8)]
    median_width: Annotated[int, Field(ge=1)]
    continuum: Literal["spline", "polynomial"]
    knots: Annotated[int, Field(ge=4)]
    degree: Annotated[int, Field(ge=0)]
    apodise: Annotated[float, Field(ge=0, lt=0.5)]
    min_pixels: Count
    min_coverage: Annotated[float, Field(gt=0, le=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.wavelength_max <= self.wavelength_min:
            raise ValueError("wavelength_max must exceed wavelength_min")
        if self.median_width % 2 == 0:
            raise ValueError(f"median_width must be odd, not {self.median_width}")
        return self


class WindowLightCurves(Parallel):
    """Light curves as sequences for Maven and as windows for Astromer."""

    points_per_band: Count
    window: Annotated[int, Field(ge=5)]
    error_max: Positive
    min_snr: Positive


class PretrainClip(Training):
    """CLIP on simulated pairs."""

    light_curve: EncoderSettings
    spectrum: EncoderSettings
    output: Count
    embedding: Count
    logit_scale: Positive
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]


class FinetuneClip(Training):
    """CLIP on observed pairs, per fold, with and without pre-training."""

    noise_level: Annotated[float, Field(ge=0)]


class TrainBaselines(Training):
    """Light-curve encoders trained end to end for class and for redshift."""

    light_curve: EncoderSettings
    output: Count
    embedding: Count
    noise_level: Annotated[float, Field(ge=0)]


class ProbeClip(Seeded, Parallel):
    """Probes of the CLIP embeddings."""

    neighbours: list[Count]
    class_groups: list[str]
    outlier: Positive
    redshift_low: Positive


class PretrainAstromer(Training):
    """Masked reconstruction of unlabelled windows."""

    network: AstromerSettings
    probed: ProbedSettings
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]


class FinetuneAstromer(Training):
    """The same task on the labelled windows."""

    probed: ProbedSettings


class ProbeAstromer(Training):
    """Few-shot classifiers on frozen embeddings."""

    hidden: list[Count]


class TrainUncertainty(Training):
    """Classifiers with an uncertainty, one run per method."""

    methods: list[Literal["deterministic", "mc_dropout"]]
    survey: str | None
    samples_per_class: Count
    samples: Annotated[int, Field(ge=2)]
    hidden: list[Count]


class EvaluateUncertainty(Settings):
    """Scores of the uncertainties."""

    bins: Annotated[int, Field(ge=2)]


class Report(Settings):
    """One HTML page; reads no parameter."""


STAGES: dict[str, type[Settings]] = {
    "simulate_supernovae": SimulateSupernovae,
    "gather_supernovae": GatherSupernovae,
    "gather_variables": GatherVariables,
    "preprocess_spectra": PreprocessSpectra,
    "window_light_curves": WindowLightCurves,
    "pretrain_clip": PretrainClip,
    "finetune_clip": FinetuneClip,
    "train_baselines": TrainBaselines,
    "probe_clip": ProbeClip,
    "pretrain_astromer": PretrainAstromer,
    "finetune_astromer": FinetuneAstromer,
    "probe_astromer": ProbeAstromer,
    "train_uncertainty": TrainUncertainty,
    "evaluate_uncertainty": EvaluateUncertainty,
    "report": Report,
}
ROOT_KEYS = ("seed", "lr", "device", "precision", "threads")
_ALL_KEYS = ("preset", *ROOT_KEYS, "presets", *STAGES)

S = TypeVar("S", bound=Settings)
M = TypeVar("M")


def _needs_path(settings: M, source: str, path: str | None) -> M:
    if source != "mock" and path is None:
        raise ValueError(f"source {source!r} needs a path")
    return settings


def root_keys(stage: str) -> list[str]:
    """The root keys that a stage reads, hence that dvc.yaml must declare."""
    return [key for key in ROOT_KEYS if key in STAGES[stage].model_fields]


def load(kind: type[S], path: str | Path = "params.yaml", preset: str | None = None) -> S:
    """Settings of the stage whose class is ``kind``.

    Parameters
    ----------
    kind : one of the classes in ``STAGES``
    path : the YAML file
    preset : name of a preset in place of the file's own

    Raises
    ------
    InputError
        The file is missing or not YAML, a key is unknown (the message names the nearest one), a
        value has the wrong type, or the preset does not exist.
    """
    stage = next(name for name, known in STAGES.items() if known is kind)
    values = _read(Path(path))
    preset = preset or values.get("preset")
    presets = values.get("presets") or {}
    if not isinstance(presets, Mapping) or preset not in presets:
        raise InputError(f"{path}: preset: no preset {preset!r}{_nearest(str(preset), presets)}")
    block = _overlay((presets[preset] or {}).get(stage) or {}, values.get(stage) or {}, stage)
    root = {key: values[key] for key in root_keys(stage) if key in values}
    if root.get("lr") is not None and block.get("lr") is not None:
        root.pop("lr")  # the stage's own learning rate wins
    block = {**block, **root}
    try:
        return kind.model_validate(block)
    except ValidationError as error:
        raise InputError(_explain(error, str(path), stage, kind)) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run from the root of the repository") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: must be a mapping of keys to values")
    for where, block in _blocks(values, str(path)):
        allowed = _ALL_KEYS if where == "" else tuple(STAGES)
        for key in block:
            if key not in allowed:
                raise InputError(f"{path}: {where}{key}: unknown key{_nearest(str(key), allowed)}")
    return values


def _blocks(values: dict[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "", values
    presets = values.get("presets") or {}
    if not isinstance(presets, Mapping):
        raise InputError(f"{path}: presets: must be a mapping of names to blocks")
    for name, block in presets.items():
        if not isinstance(block, Mapping):
            raise InputError(f"{path}: presets.{name}: must be a mapping of stages to settings")
        yield f"presets.{name}.", block


def _overlay(base: Mapping[str, Any], top: Mapping[str, Any], where: str) -> dict[str, Any]:
    """``base`` with what is not null in ``top`` laid over it, block by block."""
    for block in (base, top):
        if not isinstance(block, Mapping):
            raise InputError(f"params: {where}: must be a mapping, not {block!r}")
    merged = dict(base)
    for key, value in top.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = _overlay(merged[key], value, f"{where}.{key}")
        elif value is not None or key not in merged:
            merged[key] = value
    return merged


def _nearest(key: str, known: Any) -> str:
    close = difflib.get_close_matches(key, [str(k) for k in known], n=1, cutoff=0.0)
    return f"; did you mean {close[0]!r}?" if close else ""


def _explain(error: ValidationError, path: str, stage: str, kind: type[Settings]) -> str:
    lines = []
    for problem in error.errors():
        where = ".".join(str(part) for part in (stage, *problem["loc"]))
        if problem["type"] == "extra_forbidden":
            fields: Any = kind.model_fields
            for part in problem["loc"][:-1]:
                fields = fields[part].annotation.model_fields
            hint = _nearest(str(problem["loc"][-1]), [k for k in fields if k not in ROOT_KEYS])
            lines.append(f"{path}: {where}: unknown key{hint}")
        elif problem["type"] == "missing":
            lines.append(f"{path}: {where}: missing; add it")
        else:
            text = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{path}: {where}: {text} (got {problem['input']!r})")
    return "\n".join(lines)

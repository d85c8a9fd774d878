"""Settings of the stages that train and judge."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from nightjar.errors import InputError
from nightjar.params.common import (
    AstromerSettings,
    Count,
    Counts,
    EncoderSettings,
    Fraction,
    InheritedPairWeights,
    NotNegative,
    PairWeights,
    Parallel,
    Positive,
    ProbedSettings,
    Seeded,
    Settings,
    Training,
    increasing,
)

Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]  # of folders and of metrics
Transfer = Literal["all", "first_block", "projection"]  # what of a pre-trained network trains


class Contrastive(Training):
    """Alignment of modalities: chunks of a batch, and what is drawn anew each step."""

    chunk: Count | None
    noise_level: NotNegative
    subset: Annotated[float, Field(gt=0, le=1)]
    phase_scale: Positive | None


class PretrainClip(Contrastive):
    """CLIP on simulated pairs."""

    light_curve: EncoderSettings
    spectrum: EncoderSettings
    output: Count
    embedding: Count
    objective: Literal["softmax", "sigmoid"]
    logit_scale: Positive
    pair_weights: PairWeights
    class_dim: Count
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]


class FinetuneClip(Contrastive):
    """CLIP on observed pairs, per fold, with and without pre-training."""

    transfer: Transfer
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    pair_weights: InheritedPairWeights
    unpaired: bool

    @model_validator(mode="after")
    def _useful(self) -> Self:
        weights = self.pair_weights
        if self.unpaired and weights.light_curve_metadata == weights.spectrum_metadata == 0:
            raise ValueError("unpaired objects need a weight above 0 of a pair with metadata")
        return self


class TrainBaselines(Training):
    """Light-curve encoders trained end to end for class and for redshift."""

    light_curve: EncoderSettings
    output: Count
    embedding: Count
    noise_level: NotNegative


class TrainClassical(Parallel, Seeded):
    """Features, PCA and template matching: what a practitioner would use instead."""

    wavelength_min: Positive
    wavelength_max: Positive
    bins: Annotated[int, Field(ge=8)]
    redshift_max: Positive

    @model_validator(mode="after")
    def _check(self) -> Self:
        return increasing(self, self.wavelength_min, self.wavelength_max)


class ProbeClip(Settings):
    """Probes of the CLIP embeddings."""

    neighbours: Counts
    class_groups: list[str]
    outlier: Positive
    redshift_low: Positive


class PretrainedNetwork(AstromerSettings):
    """An Astromer network, the weights it begins with, what its training minimises."""

    init: str | None
    loss: Literal["rmse", "weighted_rmse", "scaled_rmse"]

    def architecture(self) -> dict[str, Any]:
        """What `nightjar.networks.Astromer` takes."""
        return self.model_dump(include=set(AstromerSettings.model_fields))


class KeepCurves(Settings):
    """Which light curves to train on: those above every limit that is given, in modulus."""

    std_above: NotNegative | None
    skewness_above: NotNegative | None
    kurtosis_above: NotNegative | None


class PretrainAstromer(Training):
    """Masked reconstruction of unlabelled windows, one run per network."""

    models: Annotated[list[Name], Field(min_length=1)]
    networks: dict[str, PretrainedNetwork]
    surveys: list[str]
    keep_curves: KeepCurves
    probed: ProbedSettings
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]

    @model_validator(mode="after")
    def _known(self) -> Self:
        for place, model in enumerate(self.models):
            if model in self.models[:place]:
                raise ValueError(f"models names {model!r} twice")
            if model not in self.networks:
                raise ValueError(f"models names {model!r}, of which networks says nothing")
        return self

    def network(self, model: str) -> PretrainedNetwork:
        """Settings of one of the ``models``.

        Raises
        ------
        InputError
            It is none of them.
        """
        if model not in self.models:
            raise InputError(
                f"model {model!r} is none of pretrain_astromer.models in params.yaml: "
                f"{', '.join(self.models)}"
            )
        return self.networks[model]


class FinetuneAstromer(Training):
    """The same task on the labelled windows; without an epoch, the pre-trained weights stay."""

    epochs: Annotated[int, Field(ge=0)]
    probed: ProbedSettings


class TrainStarFeatures(Parallel, Seeded):
    """Features of variable stars and random forests on them."""

    period_min: Positive
    points: Count | None
    trees: Count


class TrainStarClassifiers(Training):
    """Few-shot classifiers that read the windows themselves."""

    methods: Annotated[
        list[Literal["raw_gru", "base_gru", "attention", "scratch", "tuned"]], Field(min_length=1)
    ]
    network: Name
    most_samples_per_class: Count
    units: Count
    hidden: list[Count]


class ProbeAstromer(Training):
    """Few-shot classifiers on frozen embeddings."""

    hidden: list[Count]


class DropoutSites(Settings):
    """Dropout rates of Monte Carlo dropout, in training and when sampled; 0 = not a site."""

    embedding: Fraction
    attention: Fraction
    feedforward: Fraction
    head: Fraction


class StochasticAttentionSettings(Settings):
    """Hierarchical stochastic attention (Pei+2022): centroids of keys, and two draws."""

    centroids: Annotated[int, Field(ge=2)]
    tau1: Positive
    tau2: Positive
    hard: bool


class TrainUncertainty(Training):
    """Classifiers with an uncertainty, one run per method."""

    methods: list[Literal["deterministic", "ensemble", "mc_dropout", "hsa", "ha_mc_dropout"]]
    network: Name
    survey: str | None
    left_out: str | None
    samples_per_class: Count
    hidden: list[Count]
    members: Annotated[int, Field(ge=2)]
    samples: Annotated[int, Field(ge=2)]
    at_once: Count
    blocks: Count
    mc_dropout: DropoutSites
    hsa: StochasticAttentionSettings
    second_step: bool

    @model_validator(mode="after")
    def _can_sample(self) -> Self:
        if {"mc_dropout", "ha_mc_dropout"} & set(self.methods) and not self._drops:
            raise ValueError(
                "mc_dropout needs a rate above 0 at attention, feedforward or head (embedding "
                "alone is sampled where blocks is the network's depth)"
            )
        return self

    @property
    def _drops(self) -> bool:
        sites = self.mc_dropout
        return sites.attention + sites.feedforward + sites.head > 0


class EvaluateUncertainty(Settings):
    """Scores of the uncertainties."""

    bins: Annotated[int, Field(ge=2)]
    coverage: Annotated[float, Field(gt=0, lt=1)]
    error_rate: Annotated[float, Field(ge=0, lt=1)]


class Report(Settings):
    """One HTML page; reads no parameter."""

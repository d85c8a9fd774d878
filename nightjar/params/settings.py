"""Which class of settings each stage has."""

from __future__ import annotations

from nightjar.params.common import Settings
from nightjar.params.data import (
    GatherSupernovae,
    GatherVariables,
    PreprocessSpectra,
    SimulateSupernovae,
    WindowLightCurves,
)
from nightjar.params.models import (
    EvaluateUncertainty,
    FinetuneAstromer,
    FinetuneClip,
    PretrainAstromer,
    PretrainClip,
    ProbeAstromer,
    ProbeClip,
    Report,
    TrainBaselines,
    TrainClassical,
    TrainStarClassifiers,
    TrainStarFeatures,
    TrainUncertainty,
)

STAGES: dict[str, type[Settings]] = {
    "simulate_supernovae": SimulateSupernovae,
    "gather_supernovae": GatherSupernovae,
    "gather_variables": GatherVariables,
    "preprocess_spectra": PreprocessSpectra,
    "window_light_curves": WindowLightCurves,
    "pretrain_clip": PretrainClip,
    "finetune_clip": FinetuneClip,
    "train_baselines": TrainBaselines,
    "train_classical": TrainClassical,
    "probe_clip": ProbeClip,
    "pretrain_astromer": PretrainAstromer,
    "finetune_astromer": FinetuneAstromer,
    "train_star_features": TrainStarFeatures,
    "train_star_classifiers": TrainStarClassifiers,
    "probe_astromer": ProbeAstromer,
    "train_uncertainty": TrainUncertainty,
    "evaluate_uncertainty": EvaluateUncertainty,
    "report": Report,
}

"""Settings of every stage, and how params.yaml gives them."""

from nightjar.params.common import (
    AstromerSettings,
    Compute,
    EncoderSettings,
    Parallel,
    ProbedSettings,
    Seeded,
    Settings,
    Training,
    TransformerSettings,
)
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
    TrainStarFeatures,
    TrainUncertainty,
)
from nightjar.params.reading import load, root_keys
from nightjar.params.settings import STAGES

__all__ = [
    "STAGES",
    "AstromerSettings",
    "Compute",
    "EncoderSettings",
    "EvaluateUncertainty",
    "FinetuneAstromer",
    "FinetuneClip",
    "GatherSupernovae",
    "GatherVariables",
    "Parallel",
    "PreprocessSpectra",
    "PretrainAstromer",
    "PretrainClip",
    "ProbeAstromer",
    "ProbeClip",
    "ProbedSettings",
    "Report",
    "Seeded",
    "Settings",
    "SimulateSupernovae",
    "TrainBaselines",
    "TrainClassical",
    "TrainStarFeatures",
    "TrainUncertainty",
    "Training",
    "TransformerSettings",
    "WindowLightCurves",
    "load",
    "root_keys",
]

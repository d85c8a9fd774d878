"""How far to trust a classifier: sampled probabilities, and the scores made of them."""

from nightjar.uncertainty.samplers import predict
from nightjar.uncertainty.scores import (
    bald,
    expected_entropy,
    predictive_entropy,
    pv,
    scores,
    smp,
)

__all__ = ["bald", "expected_entropy", "predict", "predictive_entropy", "pv", "scores", "smp"]

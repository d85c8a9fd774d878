"""Batches: the container of every model, the data sets that fill it, the batches of an epoch."""

from nightjar.batching.ahead import ahead
from nightjar.batching.batch import (
    Batch,
    DataSet,
    Epochs,
    Pair,
    collate,
    evaluation,
    steps,
    training,
)

__all__ = [
    "Batch",
    "DataSet",
    "Epochs",
    "Pair",
    "ahead",
    "collate",
    "evaluation",
    "steps",
    "training",
]

"""Figures from arrays: each function returns a matplotlib Figure, `save` writes it as PNG.

Object-oriented matplotlib without pyplot: no global figure list, no display.
"""

from nightjar.figures.data import light_curves, spectra
from nightjar.figures.embeddings import embedding_map, retrieval
from nightjar.figures.folded import attention, reconstruction
from nightjar.figures.intervals import pit, redshift_intervals
from nightjar.figures.layers import gammas, layer_maps
from nightjar.figures.retrieved import nearest_spectra
from nightjar.figures.scores import bars, confusion, models, redshift
from nightjar.figures.style import save
from nightjar.figures.training import learning_curves, side_by_side
from nightjar.figures.trust import conformal, rejection, reliability

__all__ = [
    "attention",
    "bars",
    "conformal",
    "confusion",
    "embedding_map",
    "gammas",
    "layer_maps",
    "learning_curves",
    "light_curves",
    "models",
    "nearest_spectra",
    "pit",
    "reconstruction",
    "redshift",
    "redshift_intervals",
    "rejection",
    "reliability",
    "retrieval",
    "save",
    "side_by_side",
    "spectra",
]

"""Samples: the objects, light curves and spectra of one survey on disk, made from any tables."""

from nightjar.samples.sample import Sample, open, write

__all__ = ["Sample", "open", "write"]

"""Spectra as a network reads them: smoothed, on one log-wavelength grid, without continuum.

The chain of Maven (Zhang et al. 2024, arXiv:2408.16829, section 2), which follows Blondin & Tonry
(2007, ApJ 666, 1024) and DASH (Muthukrishna et al. 2019, ApJ 885, 85), for a whole chunk of
spectra at once: ``pixels`` -> ``median`` -> ``rebin`` -> ``continuum`` -> ``chain``.
"""

from nightjar.spectra.chain import Processed, preprocess
from nightjar.spectra.rebin import grid, grid_edges

__all__ = ["Processed", "grid", "grid_edges", "preprocess"]

"""What makes the light of supernovae: the built-in engine or SED templates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from nightjar.errors import InputError
from nightjar.simulate import explosions, series, templates
from nightjar.simulate.populations import Latents
from nightjar.simulate.randomness import Floats


class Engine(Protocol):
    """What makes the light: `explosions` (built in) or `templates.Templates`."""

    def complete(self, kind: str, latents: Latents) -> Latents:
        """Add the engine's own latent parameters to those of `populations.draw`."""

    def luminosity_density(
        self,
        kind: str,
        latents: Latents,
        age: Floats,
        wavelength: Floats,
        scales: Floats,
        resolution: Floats,
    ) -> Floats:
        """erg/s/Angstrom, (rows, pixels); see `explosions.luminosity_density`."""


def engine(name: Literal["builtin", "templates"], folder: str | Path | None) -> Engine:
    """The engine of that name, for `supernovae.simulate`.

    Parameters
    ----------
    folder : templates only: see `nightjar.simulate.series`; None is sncosmo's registry

    Raises
    ------
    InputError
        as `series.read`
    """
    return explosions if name == "builtin" else templates.tabulate(series.read(folder))


def observing(engine: Engine, low: float, high: float) -> Engine:
    """The engine for instruments that see from ``low`` to ``high`` Angstrom, observer frame.

    Raises
    ------
    InputError
        no series covers that at any redshift
    """
    if not isinstance(engine, templates.Templates):
        return engine
    nearest = np.maximum(high / engine.high, 1.0)  # 1 + z from which a series reaches ``high``
    if not (engine.low * nearest <= low).any():
        raise InputError(
            f"templates: bands and spectra see {low:.0f} to {high:.0f} Angstrom, more than any of "
            f"the {len(engine.names)} series at any redshift; observe less, or engine: builtin"
        )
    return replace(engine, observed=(low, high))

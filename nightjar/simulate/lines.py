"""Spectral lines: which ions a class shows, when, how deep and how fast."""

from __future__ import annotations

from dataclasses import dataclass, replace

COLD, HOT = 1.0, 1e6


@dataclass(frozen=True)
class Line:
    """A line or blend with a P Cygni profile.

    Attributes
    ----------
    name : ion and rest wavelength
    wavelength : Angstrom, rest
    absorption, emission : depth of the trough and height of the peak over the continuum
    window : photospheric temperatures in K between which the ion shows
    speed : velocity of the trough over that of the photosphere
    width : km/s; a fixed width for lines of slow gas, else 0 (the width follows the velocity)
    """

    name: str
    wavelength: float
    absorption: float
    emission: float
    window: tuple[float, float] = (COLD, HOT)
    speed: float = 1.0
    width: float = 0.0


_CALCIUM = (
    Line("Ca II H&K", 3945, 0.65, 0.30, (COLD, 13000), 1.15),
    Line("Ca II NIR", 8567, 0.45, 0.45, (COLD, 8500), 1.10),
)
# Scattering keeps photons: with the widths of `sed.add_line` a peak of 0.64 of the trough does.
_IRON = (
    Line("Fe II 4600 blend", 4570, 0.30, 0.22, (COLD, 8000)),
    Line("Fe II 4924", 4924, 0.25, 0.16, (COLD, 8500)),
    Line("Fe II 5018", 5018, 0.35, 0.22, (COLD, 9000)),
    Line("Fe II 5169", 5169, 0.35, 0.22, (COLD, 9500)),
)
# SN Ia: Filippenko 1997 (ARA&A 35, 309) and Branch+2006 for the ions and their order of appearance.
_IA: tuple[Line, ...] = (
    *_CALCIUM,
    *_IRON,
    Line("Si II 4130", 4130, 0.18, 0.06, (6500, 13000)),
    Line("Mg II 4481, Fe III 4404", 4450, 0.40, 0.28, (6000, 20000), 1.1),
    Line("Fe III 5129", 5129, 0.35, 0.24, (7500, 16000), 0.95),
    Line("S II 5454", 5454, 0.20, 0.05, (7200, 13500), 0.85),
    Line("S II 5640", 5640, 0.28, 0.08, (7200, 13500), 0.90),
    Line("Si II 5972", 5972, 0.14, 0.05, (6200, 11000)),
    Line("Si II 6355", 6355, 0.60, 0.15, (5600, 15000)),
    Line("Na I D, Co III 5890", 5890, 0.25, 0.15, (COLD, 6000), 0.9),
    Line("Fe III 4700, emerging", 4690, 0.0, 0.45, (COLD, 6200)),
    Line("Fe II 5250, emerging", 5270, 0.0, 0.45, (COLD, 6200)),
    Line("Fe II, Co II 6500", 6450, 0.15, 0.10, (COLD, 5600), 0.8),
    Line("O I 7774", 7774, 0.28, 0.08, (5000, 12000)),
)
_IA = tuple(replace(line, speed=1.15 * line.speed) for line in _IA)  # above the photosphere
# Hydrogen-rich: Gutierrez+2017 (ApJ 850, 89): H from the start, metals once recombination begins.
_II = (
    Line("H alpha", 6563, 0.28, 0.90, (COLD, 13000), 1.25),
    Line("H beta", 4861, 0.42, 0.25, (COLD, 14500), 1.20),
    Line("H gamma", 4340, 0.40, 0.12, (COLD, 14500), 1.20),
    Line("H delta", 4102, 0.30, 0.08, (COLD, 14500), 1.20),
    Line("He I 5876", 5876, 0.18, 0.12, (9000, 20000), 1.1),
    Line("Ca II H&K", 3945, 0.60, 0.30, (COLD, 9000)),
    Line("Ca II NIR", 8600, 0.35, 0.45, (COLD, 7200)),
    Line("Fe II 4924", 4924, 0.20, 0.04, (COLD, 7200)),
    Line("Fe II 5018", 5018, 0.28, 0.06, (COLD, 7400)),
    Line("Fe II 5169", 5169, 0.35, 0.08, (COLD, 7600)),
    Line("Na I D", 5893, 0.28, 0.18, (COLD, 6800)),
    Line("Ba II 6142", 6142, 0.08, 0.02, (COLD, 6300)),
    Line("O I 7774", 7774, 0.12, 0.03, (COLD, 6500)),
)
# Stripped: Modjaz+2016 (ApJ 832, 108), Shivvers+2019; He I makes a Ib.
_IB = (
    *_CALCIUM,
    *_IRON,
    Line("He I 4471", 4471, 0.20, 0.05, (4500, 20000)),
    Line("He I 5876", 5876, 0.50, 0.35, (4000, 16000)),
    Line("He I 6678", 6678, 0.28, 0.10, (4000, 11000)),
    Line("He I 7065", 7065, 0.28, 0.15, (4000, 10000)),
    Line("Si II 6355", 6355, 0.12, 0.05, (5500, 11000), 0.8),
    Line("O I 7774", 7774, 0.22, 0.08, (COLD, 9000)),
)
_IC = (
    *_CALCIUM,
    *_IRON,
    Line("Mg II 4481", 4481, 0.30, 0.10, (5000, 15000)),
    Line("Na I D", 5893, 0.35, 0.20, (COLD, 7500)),
    Line("Si II 6355", 6355, 0.32, 0.12, (4500, 11000), 0.85),
    Line("O I 7774", 7774, 0.50, 0.20, (COLD, 11000)),
)
# Interacting: Schlegel 1990, Taddia+2013: narrow, intermediate and electron-scattered Balmer lines.
_IIN = (
    *(
        Line(f"{name} {part}", wavelength, 0.0, height * strength, window, 0.0, width)
        for name, wavelength, strength in (
            ("H alpha", 6563, 1.0),
            ("H beta", 4861, 0.34),
            ("H gamma", 4340, 0.22),
            ("H delta", 4102, 0.12),
        )
        for part, height, width, window in (
            ("narrow", 6.0, 120.0, (COLD, HOT)),
            ("intermediate", 1.1, 900.0, (COLD, HOT)),
            ("scattered", 0.28, 2600.0, (COLD, 20000)),
        )
    ),
    Line("He I 5876", 5876, 0.0, 0.15, (8000, 25000), 0.0, 900.0),
    Line("Ca II NIR", 8567, 0.0, 0.30, (COLD, 7500), 0.0, 3000.0),
    Line("Fe II 5300 forest", 5270, 0.0, 0.12, (COLD, 8000), 0.0, 4000.0),
    Line("Fe II 4570 forest", 4570, 0.0, 0.12, (COLD, 8000), 0.0, 4000.0),
)
# Superluminous: Quimby+2011, 2018: the O II W while hot, a SN Ic once cool.
_SLSN = (
    Line("O II 4650", 4650, 0.28, 0.06, (9700, 22000)),
    Line("O II 4358", 4358, 0.28, 0.06, (9700, 22000)),
    Line("O II 4115", 4115, 0.18, 0.04, (9700, 22000)),
    Line("O II 3959", 3959, 0.18, 0.04, (9700, 22000)),
    Line("O II 3737", 3737, 0.15, 0.03, (9700, 22000)),
    Line("Mg II 2800", 2800, 0.50, 0.20, (COLD, 16000)),
    Line("Fe III, C II 3050", 3050, 0.25, 0.10, (8000, 20000)),
    Line("Ca II H&K", 3945, 0.35, 0.15, (COLD, 10000)),
    Line("Mg II 4481", 4481, 0.25, 0.10, (COLD, 10500)),
    Line("Fe II 5169", 5169, 0.35, 0.15, (COLD, 10000)),
    Line("Fe II 4924", 4924, 0.25, 0.05, (COLD, 9000)),
    Line("Si II 6355", 6355, 0.18, 0.08, (COLD, 9500)),
    Line("O I 7774", 7774, 0.30, 0.10, (COLD, 10500)),
)
LINES = {
    "SN Ia": _IA,
    "SN II": _II,
    "SN Ib": _IB,
    "SN Ic": _IC,
    "SN IIn": _IIN,
    "SLSN-I": _SLSN,
}

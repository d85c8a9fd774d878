"""Lines and continuum of SN IIn: narrow, intermediate and electron-scattered Balmer lines.

Schlegel 1990 (MNRAS 244, 269), Taddia+2013 (A&A 555, A10).  The continuum was
adjusted to light curves and colours drawn by hand through medians of 27 real SN IIn; lines are not
fitted.
"""

from nightjar.simulate.lines.line import COLD, HOT, Line, Shape

SHAPE = Shape(
    forest=(2.4, 2.26, 2.12, 1.96, 1.78, 1.54, 1.25, 0.93, 0.25, 0.25),
    infrared=(-0.5, -0.28, -0.05, 0.18, 0.43, 0.5, 0.47, 0.39, 0.27, 0.27),
)
LINES = (
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

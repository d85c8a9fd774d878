"""Lines and continuum of SLSN-I: the O II blends while hot, a SN Ic once cool.

Quimby+2011 (Nature 474, 487), Quimby+2018 (ApJ 855, 2).  The continuum was adjusted to
light curves and colours drawn by hand through medians of 214 real SLSN-I as seen at redshift 0.25;
lines are not fitted, but O II is half as strong as first guessed; the forest keeps at least 0.3,
for they fall off below 3000 Angstrom.
"""

from nightjar.simulate.lines.line import COLD, Line, Shape

SHAPE = Shape(
    forest=(0.53, 0.45, 0.37, 0.31, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3),
    infrared=(-0.5, -0.5, -0.5, -0.46, -0.39, -0.36, -0.42, -0.5, -0.5, -0.5),
)
LINES = (
    Line("O II 4650", 4650, 0.14, 0.03, (9700, 22000)),
    Line("O II 4358", 4358, 0.14, 0.03, (9700, 22000)),
    Line("O II 4115", 4115, 0.09, 0.02, (9700, 22000)),
    Line("O II 3959", 3959, 0.09, 0.02, (9700, 22000)),
    Line("O II 3737", 3737, 0.075, 0.015, (9700, 22000)),
    Line("Mg II 2800", 2800, 0.50, 0.20, (COLD, 16000)),
    Line("Fe III, C II 3050", 3050, 0.25, 0.10, (8000, 20000)),
    Line("Ca II H&K", 3945, 0.35, 0.15, (COLD, 10000)),
    Line("Mg II 4481", 4481, 0.25, 0.10, (COLD, 10500)),
    Line("Fe II 5169", 5169, 0.35, 0.15, (COLD, 10000)),
    Line("Fe II 4924", 4924, 0.25, 0.05, (COLD, 9000)),
    Line("Si II 6355", 6355, 0.18, 0.08, (COLD, 9500)),
    Line("O I 7774", 7774, 0.30, 0.10, (COLD, 10500)),
)

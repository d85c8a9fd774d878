"""Spectral lines and continua: which ions a kind shows, when, how deep and how fast."""

from nightjar.simulate.lines import ia, ii, interacting, stripped, superluminous
from nightjar.simulate.lines.line import NODES, Course, Line, Shape

__all__ = ["LINES", "NODES", "SHAPES", "Course", "Line", "Shape"]

LINES: dict[str, tuple[Line, ...]] = {
    "SN Ia": ia.LINES,
    "SN II": ii.LINES,
    "SN Ib": stripped.LINES_IB,
    "SN Ic": stripped.LINES_IC,
    "SN IIn": interacting.LINES,
    "SLSN-I": superluminous.LINES,
}
SHAPES = {
    "SN Ia": ia.SHAPE,
    "SN II": ii.SHAPE,
    "SN Ib": stripped.SHAPE_IB,
    "SN Ic": stripped.SHAPE_IC,
    "SN IIn": interacting.SHAPE,
    "SLSN-I": superluminous.SHAPE,
}

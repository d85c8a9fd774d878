"""Ragged spectra as rectangular blocks: clean pixels, pixel edges, observer frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nightjar.ragged import Spectra

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# 64 spectra of 1000 pixels are 0.5 MB per array: a block's arrays stay in the second-level cache.
BLOCK_PIXELS = 64 * 1024
BLOCK_SPECTRA = 64


@dataclass(frozen=True)
class Pixels:
    """Usable pixels of a chunk of spectra, flat; wavelengths ascend within a spectrum."""

    wavelength: Singles  # (pixels,) Angstrom, in the spectrum's own frame
    flux: Singles  # (pixels,) flux density per Angstrom
    flux_err: Singles  # (pixels,), NaN or <= 0 where unknown
    start: Ints  # (n,) first pixel of each spectrum
    length: Ints  # (n,) pixels of each spectrum
    stretch: Floats  # (n,) 1 + z where the spectrum is in the rest frame, else 1


@dataclass(frozen=True)
class Block:
    """Spectra of similar length as rectangles.

    Column q of ``flux`` is the pixel between ``edges[:, q]`` and ``edges[:, q + 1]``.  The first
    and the last pixel of every row, and all padding, are of zero width: they stand for everything
    below and above the spectrum and carry no flux, whatever their flux density is.
    """

    row: Ints  # (rows,) place in the chunk
    length: Ints  # (rows,) true pixels, those in columns 1 .. length
    edges: Floats  # (rows, width + 1) Angstrom, observer frame, ascending
    flux: Singles  # (rows, width + 2 * halo), mirrored at the ends, per Angstrom of its own frame
    flux_err: Singles  # (rows, width)
    stretch: Floats  # (rows,)


def clean(spectra: Spectra, redshift: Floats) -> tuple[Pixels, Counter[str]]:
    """Drop pixels without a finite wavelength and flux, and put the rest in order of wavelength.

    What is dropped is counted as ``pixels_not_finite`` (pixels, not spectra).  A narrow
    hole is then bridged by its neighbours, a wide one is no coverage (see ``rebin``).
    """
    wavelength, flux, flux_err = (
        np.asarray(array, np.float32)
        for array in (spectra.wavelength, spectra.flux, spectra.flux_err)
    )
    offsets = np.asarray(spectra.offsets, np.int64)
    good = np.isfinite(flux) & np.isfinite(wavelength) & (wavelength > 0)
    drops: Counter[str] = Counter()
    if not good.all():
        drops["pixels_not_finite"] = int(good.size - good.sum())
        wavelength, flux, flux_err = wavelength[good], flux[good], flux_err[good]
        offsets = np.concatenate([[0], np.cumsum(good)])[offsets]
    start, length = offsets[:-1], np.diff(offsets)
    order = _order(wavelength, length)
    if order is not None:
        wavelength, flux, flux_err = wavelength[order], flux[order], flux_err[order]
    stretch = np.where(np.asarray(spectra.rest, bool), 1.0 + redshift, 1.0)
    return Pixels(wavelength, flux, flux_err, start, length, stretch), drops


def _order(wavelength: Singles, length: Ints) -> Ints | None:
    """The order that sorts every spectrum by wavelength; None where all are sorted already."""
    owner = np.repeat(np.arange(length.size), length)
    backwards = (wavelength[1:] < wavelength[:-1]) & (owner[1:] == owner[:-1])
    if not backwards.any():
        return None
    order = np.arange(wavelength.size)
    mixed = np.flatnonzero(np.isin(owner, owner[1:][backwards]))
    order[mixed] = mixed[np.lexsort((wavelength[mixed], owner[mixed]))]
    return order


def blocks(pixels: Pixels, rows: Ints, halo: int) -> Iterator[Block]:
    """The spectra ``rows`` in blocks of similar length, so that little is padding.

    No result may depend on the company a spectrum keeps: everything done to a block is done row
    by row, so neither order nor padding changes a bit.
    """
    rows = rows[np.argsort(pixels.length[rows], kind="stable")]
    begin = 0
    while begin < rows.size:
        most = pixels.length[rows[begin : begin + BLOCK_SPECTRA]]
        fits = np.arange(1, most.size + 1) * most <= BLOCK_PIXELS
        end = begin + max(1, int(fits.sum()))
        yield _block(pixels, rows[begin:end], halo)
        begin = end


def _block(pixels: Pixels, row: Ints, halo: int) -> Block:
    start, length = pixels.start[row, None], pixels.length[row, None]
    columns = np.arange(int(length.max()) + 2)  # with the two pixels of zero width
    inside = start + np.minimum(np.maximum(columns - 1, 0), length - 1)
    wavelength = np.take(pixels.wavelength, inside).astype(np.float64)
    wavelength *= pixels.stretch[row, None]
    around = np.arange(-1 - halo, columns.size - 1 + halo)
    around = np.where(around < 0, -1 - around, around)  # mirror: c b a | a b c
    mirrored = start + np.maximum(np.minimum(around, 2 * length - 1 - around), 0)
    return Block(
        row=row,
        length=length[:, 0],
        edges=_edges(wavelength, length[:, 0]),
        flux=np.take(pixels.flux, mirrored),
        flux_err=np.take(pixels.flux_err, inside),
        stretch=pixels.stretch[row],
    )


def _edges(wavelength: Floats, length: Ints) -> Floats:
    """Pixel edges half-way between pixels; the outer ones as far from the centre as the inner."""
    rows = np.arange(length.size)
    edges = np.empty((wavelength.shape[0], wavelength.shape[1] + 1))
    np.add(wavelength[:, 1:], wavelength[:, :-1], out=edges[:, 1:-1])
    edges[:, 1:-1] *= 0.5
    edges[:, 1] = 1.5 * wavelength[:, 1] - 0.5 * wavelength[:, 2]
    np.maximum(edges[:, 1], 0.5 * wavelength[:, 1], out=edges[:, 1])  # above zero, whatever comes
    last = 1.5 * wavelength[rows, length] - 0.5 * wavelength[rows, length - 1]
    edges[:, 0] = edges[:, 1]
    edges[:, -1] = last
    np.copyto(edges, last[:, None], where=np.arange(edges.shape[1]) > length[:, None])
    return edges

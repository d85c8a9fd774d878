"""The order of a window's points in which what the loss needs lies together.

A transformer does not mind the order of its tokens.  In pre-training a third of the points is
hidden from attention, and only half of them are scored: with the visible points first and the
scored ones last, keys and values come from a slice of the sequence, and of the last block another
slice is all that is read.  What nobody attends to, or reads, is not computed.
"""

from typing import NamedTuple

from torch import Tensor


class Reading(NamedTuple):
    """Order of the points, and which slices of it matter.

    Attributes
    ----------
    order : (batch, length) int64, the points in reading order
    seen : all visible points are among the first so many
    start : all probed points are from here on
    """

    order: Tensor
    seen: int
    start: int

    def sorted(self, points: Tensor) -> Tensor:
        """(batch, length) in reading order."""
        return points.gather(1, self.order)

    def restored(self, points: Tensor) -> Tensor:
        """(batch, length) in the order of the window, of the last points in reading order."""
        order = self.order[:, -points.shape[1] :]
        return points.new_zeros(self.order.shape).scatter(1, order, points)


def reading(valid: Tensor, masked: Tensor, probed: Tensor, extent: tuple[int, int]) -> Reading:
    """The reading of a batch.

    Parameters
    ----------
    valid, masked, probed : (batch, length) bool: observed, hidden, scored
    extent : most visible points of a window, fewest visible ones that are not probed; counted where
        the batch was made, since a GPU would have to be waited for
    """
    visible = valid & ~masked
    plain = visible & ~probed
    last = (~visible).long() + (~plain).long() + (~valid).long()  # plain, probed, hidden, padding
    return Reading(last.argsort(dim=1, stable=True), *extent)

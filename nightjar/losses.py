"""Losses: small pure functions of tensors; and `gather`, for a batch spread over processes."""

import math
from typing import Any, cast

import torch
from torch import Tensor, distributed
from torch.nn.functional import logsigmoid

MAX_SCALE = 100.0  # cap of the inverse temperature (Radford+2021, section 2.5)
LEAST_SCALE = 0.01  # mag: a window that varies less is noise
NOISIEST = 0.001  # weight of a window's noisiest point (Donoso-Oliva+2025)


def gather(rows: Tensor) -> Tensor:
    """The rows of all processes, one process after the other, with gradients.

    Of them every process computes the loss of the whole batch.  No loss here is the mean of those
    of its parts: contrastive ones compare each row with all others, a root or a weighted mean is of
    sums over all.

    Parameters
    ----------
    rows : (batch, ...), of as many rows and the same other sizes on every process

    Returns
    -------
    (processes x batch, ...); ``rows`` itself where there is one process

    Notes
    -----
    Right for strategies that average gradients over processes, as DDP and FSDP do, see `_Gather`.
    """
    return cast(Tensor, _Gather.apply(rows)) if processes() > 1 else rows


def processes() -> int:
    """How many processes train together."""
    together = distributed.is_available() and distributed.is_initialized()
    return distributed.get_world_size() if together else 1


class _Gather(torch.autograd.Function):
    """All-gather, whose gradient needs no communication.

    All R processes compute the same loss L of the same gathered rows x_1 .. x_R, so each has every
    dL/dx_r, and passes that of its own rows on.  Of the parameters p that made them the strategy
    then takes the mean, sum_r (dL/dx_r)(dx_r/dp) / R, where dL/dp is that sum: hence the factor R.
    A parameter that enters L past the gathered rows, as the temperature of a contrastive loss, has
    dL/dp on every process, and the mean is that.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.size = len(rows)
        parts = [torch.empty_like(rows) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        own = distributed.get_rank() * ctx.size
        return distributed.get_world_size() * gradient[own : own + ctx.size]


def info_nce(a: Tensor, b: Tensor, log_scale: Tensor, pairs: Tensor | None = None) -> Tensor:
    """Bidirectional InfoNCE over a batch of pairs (arXiv:2408.16829).

    Half the mean of -log softmax over each row and over each column of exp(log_scale) a b^T, at the
    diagonal.  Computed in float32 also under autocast: at a scale of 100 the rounding of bfloat16
    would move logits by 0.4.

    Parameters
    ----------
    a, b : (batch, embedding) of unit length; row i of both is the same object
    log_scale : scalar, logarithm of the inverse temperature.  Its exponential is capped at 100; the
        gradient passes the cap, so that a scale above it can come back.
    pairs : (batch,) bool, the rows that count, as if there were no others; None: all.  Rows are
        masked, not left out: a GPU would have to be waited for to know how many are left

    Returns
    -------
    scalar; ln(batch) where the embeddings tell nothing, 0 of fewer than two pairs
    """
    pairs = _all(a) if pairs is None else pairs
    both = pairs[:, None] & pairs  # (batch, batch)
    logits = _similarity(a, b, log_scale)
    logits = logits.masked_fill(~both, torch.finfo(logits.dtype).min)
    found = logits.log_softmax(0).diagonal() + logits.log_softmax(1).diagonal()  # (batch,)
    return -(found * pairs).sum() / (2 * pairs.sum().clamp(min=1))


def sigmoid(
    a: Tensor, b: Tensor, log_scale: Tensor, bias: Tensor, pairs: Tensor | None = None
) -> Tensor:
    """Pairwise sigmoid loss (SigLIP, Zhai+2023 section 3.2).

    -1/batch sum_ij log sigmoid(y_ij (exp(log_scale) a_i b_j + bias)), y = 1 at the diagonal, else
    -1.  A bias of -10 makes the many negatives right from the start; the public code of Maven has
    its sign the other way round, and divides by batch^2.

    Parameters
    ----------
    a, b, log_scale, pairs : as in `info_nce`
    bias : scalar

    Returns
    -------
    scalar
    """
    pairs = _all(a) if pairs is None else pairs
    logits = _similarity(a, b, log_scale) + bias.float()  # (batch, batch)
    sign = 2 * torch.eye(len(a), device=a.device) - 1
    found = logsigmoid(sign * logits) * (pairs[:, None] & pairs)
    return -found.sum() / pairs.sum().clamp(min=1)


def _all(rows: Tensor) -> Tensor:
    return rows.new_ones(len(rows), dtype=torch.bool)


def _similarity(a: Tensor, b: Tensor, log_scale: Tensor) -> Tensor:
    """Scaled cosines of all pairs, float32 (batch, batch)."""
    excess = (log_scale - math.log(MAX_SCALE)).clamp(min=0).detach()
    with torch.autocast(a.device.type, enabled=False):
        return (log_scale - excess).exp() * (a.float() @ b.float().T)


def masked_rmse(
    prediction: Tensor, target: Tensor, probed: Tensor, weight: Tensor | None = None
) -> Tensor:
    """Root of the mean over windows of the weighted squared error of probed points (Astromer 2).

    Each window's sum is divided by its number of probed points, not by the sum of its weights, as
    in the authors' code.  Windows without a probed point do not count.

    Parameters
    ----------
    prediction, target : (batch, length); what ``target`` holds elsewhere does not matter
    probed : (batch, length) bool, True = scored
    weight : (batch, length), see ``error_weights``; None for 1

    Returns
    -------
    scalar in the unit of ``target``; 0, with zero gradient, where nothing is probed
    """
    return root_mean(*mean_squares(prediction, target, probed, weight))


def mean_squares(
    prediction: Tensor, target: Tensor, probed: Tensor, weight: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Mean over each window's probed points of the weighted squared error, and whether it has one.

    Parameters
    ----------
    prediction, target, probed, weight : as in `masked_rmse`

    Returns
    -------
    (batch,) float32, 0 where no point is probed; (batch,) bool
    """
    square = torch.where(probed, prediction.float() - target, 0.0).square()
    if weight is not None:
        square = torch.where(probed, weight * square, 0.0)
    count = probed.sum(1)  # (batch,)
    return square.sum(1) / count.clamp(min=1), count > 0


def root_mean(square: Tensor, scored: Tensor) -> Tensor:
    """Root of the mean square of the scored windows, see `masked_rmse`.

    Parameters
    ----------
    square, scored : (batch,), of `mean_squares`

    Returns
    -------
    scalar; 0, with zero gradient, where nothing is scored or nothing is wrong
    """
    mean = square.sum() / scored.sum().clamp(min=1)
    positive = mean > 0  # the root's gradient at 0 is infinite
    return torch.where(positive, torch.where(positive, mean, 1.0).sqrt(), 0.0)


def error_weights(error: Tensor, valid: Tensor) -> Tensor:
    """Weights of Astromer 2's loss: 1/error, scaled per window to [0.001, 1.001] (public code).

    Not the 1/error of the paper's formula: the code scales by each window's smallest and largest.
    Unlike there, padding never enters these two, and where all errors are equal all points get
    1.001, where the scaling is 0/0.

    Parameters
    ----------
    error : (batch, length), magnitudes, as reported (no mean subtracted); 0 or less counts as
        infinitely uncertain
    valid : (batch, length) bool, True = observed

    Returns
    -------
    (batch, length) float32; 0 at padding
    """
    usable = valid & (error > 0)
    inverse = torch.where(usable, 1 / torch.where(usable, error, 1.0), 0.0).float()
    low = inverse.masked_fill(~valid, torch.inf).amin(1, keepdim=True)
    high = inverse.masked_fill(~valid, -torch.inf).amax(1, keepdim=True)
    span = high - low
    scaled = torch.where(span > 0, (inverse - low) / torch.where(span > 0, span, 1.0), 1.0)
    return torch.where(valid, scaled + NOISIEST, 0.0)


def variance_weights(value: Tensor, valid: Tensor) -> Tensor:
    """1 over each window's variance: with it, a squared error is in units of that.

    Parameters
    ----------
    value : (batch, length) mag; anything where not ``valid``
    valid : (batch, length) bool, True = observed

    Returns
    -------
    (batch, length) float32; 0 at padding.  A window that varies by less than 0.01 mag counts as one
    that varies by as much
    """
    points = valid.sum(1, keepdim=True).clamp(min=1)
    value = torch.where(valid, value.float(), 0.0)
    mean = value.sum(1, keepdim=True) / points
    variance = torch.where(valid, value - mean, 0.0).square().sum(1, keepdim=True) / points
    return torch.where(valid, 1 / variance.clamp(min=LEAST_SCALE**2), 0.0)

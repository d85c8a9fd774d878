"""Encodings of value and time: how a point of a light curve or spectrum becomes a vector.

Phases are products of times and frequencies, so they must stay in float32: a float32 time of 10,000
(days, or Angstrom) has a phase good to 2e-3 rad at a frequency of 1 rad per unit, a bfloat16 one is
wrong by 20 rad.  Both encodings therefore use element-wise products only, which autocast leaves in
float32, and ask for times whose mean or zero was already taken off in float64 (an MJD in float32 is
only good to 4e-3 d).
"""

import torch
from torch import Tensor, nn


class _Waves(nn.Module):
    """Sine at even and cosine at odd positions, each at its own frequency.

    Parameters
    ----------
    frequencies : (dim,) float64, radians per unit of time
    """

    frequencies: Tensor

    def __init__(self, frequencies: Tensor) -> None:
        super().__init__()
        if len(frequencies) % 2:
            raise ValueError(f"an encoding needs an even width, not {len(frequencies)}")
        # not persistent: settings define it, so a weights file need not carry it
        self.register_buffer("frequencies", frequencies.float(), persistent=False)

    def forward(self, time: Tensor) -> Tensor:
        """Encode ``time`` (batch, length) as float32 (batch, length, dim)."""
        phase = time.float().unsqueeze(-1)  # (batch, length, 1)
        sine = torch.sin(phase * self.frequencies[0::2])  # (batch, length, dim / 2)
        cosine = torch.cos(phase * self.frequencies[1::2])
        return torch.stack((sine, cosine), dim=-1).flatten(-2)  # interleaved: s c s c ...


class SinusoidalEncoding(_Waves):
    """Maven's encoding: sin and cos pairs share a frequency N^(-2i/D) (arXiv:2408.16829).

    Parameters
    ----------
    dim : width D, even
    base : N, in the unit of time (days for light curves, Angstrom for spectra)

    Raises
    ------
    ValueError
        ``dim`` is odd.
    """

    def __init__(self, dim: int, base: float) -> None:
        pair = torch.arange(dim, dtype=torch.float64) // 2
        super().__init__(base ** (-2 * pair / dim))


class AstromerEncoding(_Waves):
    """Astromer's encoding: position j has the frequency base^(-2j/d), sine for even j, else cosine.

    Neighbours do not share a frequency, and frequencies run from 1 down to nearly base^-2 rad/day:
    what the published code computes, not the formula of its paper (arXiv:2205.01677).

    Parameters
    ----------
    dim : width d, even
    base : 10,000 for the published weights, whatever their configuration files say; the papers
        write 1,000

    Raises
    ------
    ValueError
        ``dim`` is odd.
    """

    def __init__(self, dim: int, base: float) -> None:
        position = torch.arange(dim, dtype=torch.float64)
        super().__init__(base ** (-2 * position / dim))


class ValueEmbedding(nn.Linear):
    """A Linear from one number to ``dim``, kept in float32 under autocast.

    As a matrix product, autocast would round the input to bfloat16: 19.37 mag would become 19.375
    or 19.25, coarser than the photometry's errors.

    Parameters
    ----------
    dim : width of the output
    """

    def __init__(self, dim: int) -> None:
        super().__init__(1, dim)

    def forward(self, value: Tensor) -> Tensor:
        """Embed ``value`` (batch, length) as (batch, length, dim)."""
        return value.unsqueeze(-1) * self.weight[:, 0] + self.bias

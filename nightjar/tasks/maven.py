"""Maven: alignment of light curve, spectrum and metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from nightjar import batching, losses, redshifts
from nightjar.batching import Batch, Pair
from nightjar.networks import Maven
from nightjar.tasks.base import Task, sequence


class MavenTask(Task):
    """Alignment of the modalities of each object (arXiv:2408.16829, section 3).

    The loss is the sum over pairs of modalities, each with its weight (``network.pair_weights``).
    That of a pair runs over the rows of the batch that have both; of fewer than two rows it is 0,
    as there is no negative.  It depends on the number of rows: validate with one batch size.  On
    several processes the batch is all of theirs: each row has the negatives of every process.

    Parameters
    ----------
    network : a `Maven`; its metadata encoder reads ``label`` and ``redshift`` of the light curves
    chunk : rows that are embedded at once, None for all.  The activations of one chunk only are
        kept, the others' computed again in the backward pass (gradient caching, Gao+2021), so that
        memory does not limit the batch of negatives.  Gradients are those of the whole batch; but
        with dropout the draws differ.
    """

    def __init__(self, network: Maven, chunk: int | None = None) -> None:
        super().__init__(network)
        self.chunk = chunk

    def forward(self, pair: Pair) -> dict[str, Tensor]:
        """``contrastive_loss``; with metadata also that of each pair, without its weight."""
        network = cast(Maven, self.network)
        embedded = {
            name: (self.gather(each), self.gather(has))
            for name, (each, has) in self._embedded(pair).items()
        }
        aligned = {
            f"{first}_{second}": self._align(*embedded[first], *embedded[second])
            for first, second in combinations(embedded, 2)
        }
        weighted = [weight * aligned[name] for name, weight in network.pair_weights.items()]
        parts = aligned if len(aligned) > 1 else {}
        return {"contrastive_loss": torch.stack(weighted).sum(), **parts}

    @torch.inference_mode()
    def embed(self, pairs: Iterable[Pair]) -> tuple[NDArray, NDArray]:
        """Embeddings of the light curves and of the spectra of a pass, both (n, embedding)."""
        network = cast(Maven, self.network)
        found = [
            (
                network.embed_light_curve(*sequence(pair.light_curve)).cpu().numpy(),
                network.embed_spectrum(*sequence(pair.spectrum)).cpu().numpy(),
            )
            for pair in batching.ahead(pairs, self.device)
        ]
        light_curves, spectra = zip(*found, strict=True)
        return np.concatenate(light_curves), np.concatenate(spectra)

    @torch.inference_mode()
    def embed_spectra(self, spectra: Iterable[Batch]) -> NDArray:
        """Embeddings of the spectra of a pass, (n, embedding)."""
        network = cast(Maven, self.network)
        return self.collect(lambda batch: network.embed_spectrum(*sequence(batch)), spectra)

    def _embedded(self, pair: Pair) -> dict[str, tuple[Tensor, Tensor]]:
        """Modality -> embeddings (batch, embedding) and which rows have it, (batch,) bool."""
        network = cast(Maven, self.network)
        curve, spectrum = sequence(pair.light_curve), sequence(pair.spectrum)
        embedded = {
            "light_curve": (
                self._in_chunks(network.embed_light_curve, curve),
                pair.light_curve.valid.any(1),
            ),
            "spectrum": (
                self._in_chunks(network.embed_spectrum, spectrum),
                pair.spectrum.valid.any(1),
            ),
        }
        if network.metadata is not None:
            label, redshift = pair.light_curve.label, pair.light_curve.redshift
            assert label is not None
            assert redshift is not None
            known = (label >= 0) & (redshift > redshifts.LOWEST)  # NaN is not above
            embedded["metadata"] = (network.embed_metadata(label, redshift), known)
        return embedded

    def _in_chunks(self, embed: Callable[..., Tensor], tensors: tuple[Tensor, ...]) -> Tensor:
        if self.chunk is None:
            return embed(*tensors)
        parts = zip(*(tensor.split(self.chunk) for tensor in tensors), strict=True)
        # tensors are given one by one: in a container, their device's random state would be lost
        return torch.cat([checkpoint(embed, *part, use_reentrant=False) for part in parts])

    def _align(self, a: Tensor, has_a: Tensor, b: Tensor, has_b: Tensor) -> Tensor:
        network = cast(Maven, self.network)
        pairs = has_a & has_b
        scale, bias = network.log_scale, network.bias
        loss = (
            losses.info_nce(a, b, scale, pairs)
            if bias is None
            else losses.sigmoid(a, b, scale, bias, pairs)
        )
        return loss * (pairs.sum() > 1)  # a gradient of zero, not none: devices wait for it

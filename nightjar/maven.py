"""Maven on a sample: built for its training rows, and what it makes of its objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nightjar import batching, parts
from nightjar.errors import InputError
from nightjar.networks import Maven
from nightjar.networks.maven import PAIRS
from nightjar.pairs import Pairs, Rows
from nightjar.params import FinetuneClip, PretrainClip
from nightjar.redshifts import learnable
from nightjar.tasks import MavenTask
from nightjar.weights import Model

SHOWN = 1000  # simulated pairs at most, for a picture beside the observed ones


def known_classes(
    settings: PretrainClip | FinetuneClip,
    pairs: Pairs,
    train: Rows,
    pretrained: Model | None = None,
) -> list[str]:
    """Classes that the metadata tell apart; none where no pair with metadata has a weight.

    They are those of the pre-trained weights, so that a class keeps its embedding, or else of the
    training rows: of no other row, whose class must not even tell that it exists.  None either, and
    this is said, where no training row has class and redshift: a survey may know neither.
    """
    if len(_weights(settings, pretrained)) == 1:
        return []
    if not (learnable(pairs.redshift[train]) & pairs.objects["class"].iloc[train].notna()).any():
        print("left out: metadata, as no object to train on has both a class and a redshift")
        return []
    inherited = [] if pretrained is None else pretrained.metadata.classes
    return inherited or pairs.classes_of(pairs.ids[train])


def fresh(settings: PretrainClip, pairs: Pairs, train: Rows, classes: Sequence[str]) -> Maven:
    """A new network for the training rows.

    Parameters
    ----------
    settings : sizes, objective, weights of the pairs of modalities; ``seed`` of the weights
    pairs : of the sample
    train : rows that give the scales of values and redshifts
    classes : of `known_classes`
    """
    torch.manual_seed(settings.seed)
    return Maven(
        light_curve=settings.light_curve.model_dump() | pairs.light_curve_scale(train),
        spectrum=settings.spectrum.model_dump() | pairs.spectrum_scale(train),
        output=settings.output,
        embedding=settings.embedding,
        bands=len(pairs.bands),
        logit_scale=settings.logit_scale,
        dropout=settings.dropout,
        metadata=_metadata(pairs, train, classes, settings.class_dim) if classes else None,
        objective=settings.objective,
        pair_weights=_possible(_weights(settings), classes),
    )


def start(
    name: str,
    settings: FinetuneClip,
    pretrained: Model,
    pairs: Pairs,
    train: Rows,
    classes: Sequence[str],
    fold: int,
) -> Maven:
    """The pre-trained network for Maven; for Maven-lite one of the same sizes, otherwise new.

    New are its weights and its scales of values, which are those of its own training rows.  A
    metadata encoder that the pre-trained network lacks is new for both.

    Parameters
    ----------
    name : "maven" or "maven_lite"
    settings : dropout, weights of the pairs of modalities; ``seed`` and ``fold`` give new weights
    pretrained : of the simulated sample
    pairs, train, classes : as for `fresh`
    """
    built: dict[str, Any] = {
        **pretrained.metadata.settings,
        "dropout": settings.dropout,
        "pair_weights": _possible(_weights(settings, pretrained), classes),
    }
    inherited = built.get("metadata")
    built["metadata"] = None
    if classes:
        dim = inherited["dim"] if inherited else 64
        built["metadata"] = _metadata(pairs, train, classes, dim)
        if name == "maven" and inherited:
            built["metadata"] = inherited
    if name == "maven_lite":
        built["light_curve"] = built["light_curve"] | pairs.light_curve_scale(train)
        built["spectrum"] = built["spectrum"] | pairs.spectrum_scale(train)
    torch.manual_seed(settings.seed + fold)
    network = Maven(**built)
    if name == "maven":
        own = network.state_dict()
        given = pretrained.network.state_dict()
        network.load_state_dict(own | {key: given[key] for key in own.keys() & given.keys()})
    return network


def embeddings(task: MavenTask, pairs: Pairs, batch_size: int) -> dict[str, NDArray]:
    """Embeddings of every pair, and of every spectrum of these objects.

    Returns
    -------
    ``object_id`` (n,); ``light_curve`` and ``spectrum``, the default one, (n, embedding);
    ``every_spectrum`` (m, embedding) and ``owner`` (m,) int64, to which of the n it belongs
    """
    pass_over = batching.evaluation(pairs.data, pairs.rows, batch_size)
    light_curve, spectrum = task.embed(pass_over())
    rows, owner = pairs.spectra_of(pairs.rows)
    spectra = batching.evaluation(pairs.data.spectra.one_by_one(), rows, batch_size)
    return {
        "object_id": pairs.ids[pairs.rows],
        "light_curve": light_curve,
        "spectrum": spectrum,
        "every_spectrum": task.embed_spectra(spectra()),
        "owner": owner,
    }


def shown(
    task: MavenTask, simulated: Pairs, fraction: float, settings: FinetuneClip
) -> dict[str, NDArray]:
    """Embeddings of at most `SHOWN` of the simulated pairs that pre-training held out.

    Parameters
    ----------
    task : a trained network
    simulated : the pre-training sample
    fraction : that pre-training held out
    settings : ``seed``, the same as in pre-training, and ``batch_size``

    Returns
    -------
    ``object_id``, ``class`` and ``redshift`` (n,), ``light_curve`` and ``spectrum`` (n, embedding)
    """
    held_out = parts.held_out(simulated.objects.iloc[simulated.rows], fraction, settings.seed)
    rows = simulated.rows[held_out]
    if len(rows) > SHOWN:
        rows = np.sort(np.random.default_rng(settings.seed).permutation(rows)[:SHOWN])
    pass_over = batching.evaluation(simulated.data, rows, settings.batch_size)
    light_curve, spectrum = task.embed(pass_over())
    return {
        "object_id": simulated.ids[rows],
        # with a null among them, pandas would cut the names of ``to_numpy(str)`` to one letter
        "class": simulated.objects["class"].fillna("").to_numpy(str)[rows],
        "redshift": simulated.redshift[rows],
        "light_curve": light_curve,
        "spectrum": spectrum,
    }


def _metadata(pairs: Pairs, train: Rows, classes: Sequence[str], dim: int) -> dict[str, Any]:
    return {"classes": len(classes), "dim": dim, **pairs.redshift_scale(train)}


def _possible(weights: Mapping[str, float], classes: Sequence[str]) -> dict[str, float]:
    """Weights of the pairs of modalities that there are: without classes no metadata."""
    found = dict(weights) if classes else {PAIRS[0]: weights[PAIRS[0]]}
    if not any(found.values()):
        raise InputError("pair_weights: without metadata, light_curve_spectrum must be above 0")
    return found


def _weights(
    settings: PretrainClip | FinetuneClip, pretrained: Model | None = None
) -> dict[str, float]:
    """Weights of the pairs of modalities that there are; what is null is inherited."""
    given = {k: w for k, w in settings.pair_weights.model_dump().items() if w is not None}
    inherited: Mapping[str, float] = (
        {}
        if pretrained is None
        else pretrained.metadata.settings.get("pair_weights", {PAIRS[0]: 1})
    )
    found = {name: float({**inherited, **given}.get(name, 0.0)) for name in PAIRS}
    if not any(found.values()):
        raise InputError("finetune_clip.pair_weights: one of the weights must be above 0")
    return found if any(found[name] for name in PAIRS[1:]) else {PAIRS[0]: found[PAIRS[0]]}

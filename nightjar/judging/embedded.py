"""The embeddings of one fold's network, and the kinds of them that are probed.

================================ ======================== =================================
section                          scored                   probes are fitted on
================================ ======================== =================================
``<model>``                      light curve              light curves
``<model>_spectrum``             spectrum nearest to peak spectra nearest to peak
``<model>_joint``                both side by side        both side by side
``<model>_every_spectrum``       spectrum nearest to peak all spectra
``<model>_joint_every_spectrum`` both side by side        light curve beside each spectrum
``<model>_mean_spectrum``        mean of all its spectra  means of all spectra
``<model>_joint_mean_spectrum``  light curve beside it    the same
================================ ======================== =================================

``every`` is the counterpart of ``spectrum_pca``, which learns from all spectra of the training
objects as well, ``mean`` that of ``spectrum_pca_mean``, which sees all of a scored object's, too.
Where no object has a second spectrum these would repeat the others and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar.errors import InputError
from nightjar.judging import clip, intervals, shortcut
from nightjar.judging.clip import Judged, Rows, Teachers
from nightjar.pairs import means
from nightjar.params import ProbeClip

Columns = Mapping[str, NDArray]
Floats = NDArray[np.floating]
MODALITIES = ("light_curve", "spectrum")


class Kind(NamedTuple):
    """One kind of embedding (n, dim), and what its probes are fitted on; None: on itself."""

    name: str
    embeddings: Floats
    teachers: Teachers | None = None


def read(path: str | Path, names: tuple[str, ...]) -> dict[str, NDArray]:
    """Arrays ``names`` of a file that finetune_clip wrote.

    Raises
    ------
    InputError
        The file is missing or damaged, or is of an earlier version and lacks one of them.
    """
    try:
        with open(path, "rb") as file, np.load(file) as stored:
            missing = [name for name in names if name not in stored.files]
            if not missing:
                return {name: stored[name] for name in names}
        problem = f"has no {', '.join(missing)}"
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        problem = f"not readable ({error})"
    raise InputError(f"{path}: {problem}; run the stage finetune_clip again")


def simulated(path: str | Path) -> dict[str, NDArray]:
    """``light_curve`` (n, dim), ``class`` and ``redshift`` (n,) of held-out simulated objects.

    Raises
    ------
    InputError
        As `read`.
    """
    return read(path, ("light_curve", "class", "redshift"))


def of_fold(path: str | Path) -> dict[str, NDArray]:
    """Embeddings of one fold's network.

    Returns
    -------
    ``object_id`` (n,), ``light_curve`` and ``spectrum`` (n, dim), ``every_spectrum`` (m, dim) and
    ``owner`` (m,), the row of its object among the n

    Raises
    ------
    InputError
        As `read`, or ``owner`` names no row.
    """
    arrays = read(path, ("object_id", *MODALITIES, "every_spectrum", "owner"))
    owner, rows = arrays["owner"], len(arrays["object_id"])
    if len(owner) != len(arrays["every_spectrum"]) or np.any((owner < 0) | (owner >= rows)):
        raise InputError(
            f"{path}: owner does not give a row, 0 to {rows - 1}, for each of every_spectrum; "
            "run the stage finetune_clip again"
        )
    return arrays


def judge(
    model: str,
    arrays: Columns,
    objects: pd.DataFrame,
    rows: Rows,
    peak: Floats,
    settings: ProbeClip,
) -> dict[str, Judged]:
    """Judge a model on one fold, section by section; retrieval is in the first, ``<model>``.

    Parameters
    ----------
    model : its name
    arrays : `of_fold`
    objects : (n rows) with object_id, class and redshift
    rows : ``train``, ``validation`` and ``test``
    peak : (n,) peak magnitudes, NaN where unknown
    settings : candidates for k, the 3-way sample, limits
    """
    found = {}
    for name, embeddings, teachers in kinds(model, arrays):
        probed = clip.judge_embeddings(embeddings, objects, rows, settings, teachers)
        scores, table = intervals.judge(embeddings, objects, rows, teachers)
        found[name] = probed._replace(scores=probed.scores | scores, intervals=table)
    test = rows["test"]
    light_curve, spectrum = (arrays[each][test] for each in MODALITIES)
    found[model].scores.update(clip.judge_retrieval(arrays, rows))
    found[model].scores.update(shortcut.judge_alike(light_curve, spectrum, peak[test]))
    return found


def kinds(model: str, arrays: Columns) -> Iterator[Kind]:
    """What is probed of a model, by the name of its section."""
    light_curve, spectrum = arrays["light_curve"], arrays["spectrum"]
    every, owner = arrays["every_spectrum"], arrays["owner"]
    joint = np.hstack([light_curve, spectrum])
    yield Kind(model, light_curve)
    yield Kind(f"{model}_spectrum", spectrum)
    yield Kind(f"{model}_joint", joint)
    if np.bincount(owner).max(initial=0) > 1:
        beside = np.hstack([light_curve[owner], every])
        yield Kind(f"{model}_every_spectrum", spectrum, Teachers(every, owner))
        yield Kind(f"{model}_joint_every_spectrum", joint, Teachers(beside, owner))
        mean = means(every, owner, len(spectrum))
        yield Kind(f"{model}_mean_spectrum", mean)
        yield Kind(f"{model}_joint_mean_spectrum", np.hstack([light_curve, mean]))

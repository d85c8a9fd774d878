"""Trainings that need nothing of one another (folds, members, methods): several at once.

A small network gains next to nothing from a second thread, two networks everything.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TypeVar

from joblib import Parallel, delayed

from nightjar.params import Training
from nightjar.training.hardware import accelerator

T = TypeVar("T", bound=Training)
Case = TypeVar("Case")
Result = TypeVar("Result")


def each(train: Callable[[T, Case], Result], cases: Sequence[Case], settings: T) -> list[Result]:
    """``train(share, case)`` of every case, in processes that share ``settings.threads``.

    On a GPU, or where one training takes several devices, they go one after the other, here.  The
    processes are of this machine, also where the data stages have a cluster.

    Parameters
    ----------
    train : trains, writes what is of the case alone, and returns the rest; what it reads of its
        surroundings is copied to every process, but for arrays mapped from files
    cases : what tells the trainings apart
    settings : of the stage; ``share`` is the same with the threads that a process has

    Returns
    -------
    What ``train`` returned, in the order of ``cases``
    """
    alone = settings.devices * settings.num_nodes > 1 or accelerator(settings.device) != "cpu"
    processes = 1 if alone else max(1, min(settings.threads, len(cases)))
    share = settings.model_copy(update={"threads": settings.threads // processes})
    jobs = (delayed(train)(share, case) for case in cases)
    with warnings.catch_warnings():  # joblib replaces a process whose memory grew, and says so
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given")
        return list(Parallel(n_jobs=processes, backend="loky")(jobs))

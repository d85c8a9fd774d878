"""How far to trust a classifier: scores of sampled probabilities.

Probabilities have shape (samples, n, classes): T stochastic passes, or the members of an ensemble,
over the same n objects.  Every score is larger where the prediction is less certain.  Definitions:
arXiv:2412.10528 and the papers named below; entropies in nats.
"""

from __future__ import annotations

import numpy as np


def smp(probabilities: np.ndarray) -> np.ndarray:
    """Sampled maximum probability: 1 - max_c of the mean over samples (Shelmanov et al. 2021).

    Parameters
    ----------
    probabilities : (samples, n, classes), the last axis sums to 1

    Returns
    -------
    (n,) between 0 and 1 - 1/classes; with one sample it is 1 - the softmax maximum
    """
    return 1 - probabilities.mean(axis=0).max(axis=-1)


def pv(probabilities: np.ndarray) -> np.ndarray:
    """Probability variance: the samples' variance (ddof = 1), averaged over the classes.

    Vazhentsev et al. (2022); some authors divide by T and not T - 1, which ranks objects alike.

    Parameters
    ----------
    probabilities : (samples, n, classes); with one sample there is no variance and the result is 0

    Returns
    -------
    (n,)
    """
    if len(probabilities) < 2:
        return np.zeros(probabilities.shape[1])
    return probabilities.var(axis=0, ddof=1).mean(axis=-1)


def predictive_entropy(probabilities: np.ndarray) -> np.ndarray:
    """Entropy of the mean over samples, (n,) nats: total uncertainty."""
    return _entropy(probabilities.mean(axis=0))


def expected_entropy(probabilities: np.ndarray) -> np.ndarray:
    """Mean over samples of their entropies, (n,) nats: what more training cannot cure."""
    return _entropy(probabilities).mean(axis=0)


def bald(probabilities: np.ndarray) -> np.ndarray:
    """Bayesian active learning by disagreement: predictive minus expected entropy, (n,) nats.

    The mutual information between prediction and weights (Houlsby et al. 2011; Gal et al. 2017):
    0 where the samples agree, at most ln(classes).
    """
    # rounding can leave -1e-17 where the samples agree
    return np.maximum(predictive_entropy(probabilities) - expected_entropy(probabilities), 0)


def scores(probabilities: np.ndarray) -> dict[str, np.ndarray]:
    """Every score by name, each (n,): ``smp``, ``pv``, ``bald``, ``entropy``, ``expected_entropy``.

    Parameters
    ----------
    probabilities : (samples, n, classes)
    """
    return {
        "smp": smp(probabilities),
        "pv": pv(probabilities),
        "bald": bald(probabilities),
        "entropy": predictive_entropy(probabilities),
        "expected_entropy": expected_entropy(probabilities),
    }


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    # 0 ln 0 = 0
    logs = np.log(probabilities, where=probabilities > 0, out=np.zeros_like(probabilities))
    return -np.sum(probabilities * logs, axis=-1)

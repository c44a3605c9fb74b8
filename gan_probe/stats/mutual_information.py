"""Mutual information of row and class from a classifier's logits, its bias removed (inception).

The plug-in marginal makes mean KL(p(c|y) || p(c)) of M rows too small by about sum_c var(p_c) / (2 M p_c), the second-
order term of its expansion (Miller 1955 for counts), which is added back. To first order the influence of a row is its
own KL.
"""

from typing import NamedTuple

import numpy as np
from scipy import special

from gan_probe import types
from gan_probe.stats import influence

__all__ = ["Information", "information", "interval"]

_SMALL_BIAS = 0.02  # nats
_ROWS = 4096


class Information(NamedTuple):
    """Mutual information in nats: plain: of the rows. bias: to be added. stderr: of it. splits: plain of each split."""

    plain: float
    bias: float
    stderr: float
    splits: np.ndarray


def information(logits: np.ndarray, split: np.ndarray) -> Information:
    """Of float32 logits [n, c], and int [n], the split of each row."""
    n, classes = logits.shape
    labels, split = np.unique(split, return_inverse=True)
    total, square = np.zeros((len(labels), classes)), np.zeros(classes)
    own = np.empty(n)  # sum_c p ln p of each row
    for at, log_p in _log_softmax(logits):
        p = np.exp(log_p)
        own[at] = (p * log_p).sum(axis=1)
        square += (p * p).sum(axis=0)
        np.add.at(total, split[at], p)
    size = np.bincount(split)
    mean = total.sum(axis=0) / n
    some = mean > 0
    variance = np.maximum(square - n * mean**2, 0) / (n - 1)
    bias = (variance[some] / mean[some]).sum() / (2 * n)
    kl = np.empty(n)
    log_mean = np.log(np.where(some, mean, 1))
    for at, log_p in _log_softmax(logits):
        kl[at] = own[at] - np.exp(log_p) @ log_mean
    by_split = total / size[:, None]
    splits = np.bincount(split, own) / size - special.xlogy(by_split, by_split).sum(axis=1)
    return Information(float(kl.mean()), float(bias), influence.variance(kl) ** 0.5, np.maximum(splits, 0))


def interval(found: Information, classes: int) -> types.Interval:
    """95 % interval of exp of the mutual information, within [1, classes].

    Where the correction is not small (many classes for the rows) what is left of the bias is not either, and the
    interval is called approximate; so is one without width.
    """
    method = "delta method on the log scale, bias corrected"
    ends = influence.log_interval(found.plain + found.bias, found.stderr, method, least=1.0, most=classes)
    assert ends.low is not None and ends.high is not None
    return ends._replace(kind="exact") if found.bias < _SMALL_BIAS and ends.low < ends.high else ends


def _log_softmax(logits: np.ndarray):
    """Slices of rows, each with its float64 log probabilities."""
    for start in range(0, len(logits), _ROWS):
        at = slice(start, start + _ROWS)
        yield at, special.log_softmax(logits[at].astype(np.float64), axis=1)

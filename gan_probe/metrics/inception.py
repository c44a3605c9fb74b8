"""Inception score from the logits that came with the samples: exp of the mutual information of row and class.

Salimans et al. 2016, section 4: exp mean KL(p(c|y) || p(c)). The plug-in marginal makes the mean of M rows too small by
about sum_c var(p_c) / (2 M p_c), which is added back; the ten-split mean that papers print stands in detail.
"""

from typing import NamedTuple

import numpy as np
from scipy import special

from gan_probe import types
from gan_probe.metrics import metric

__all__ = ["Score", "inception", "interval", "score"]

_SPLITS = 10
_SMALL_BIAS = 0.02  # nats
_ROWS = 4096


class Score(NamedTuple):
    """Mutual information in nats: plain: of the rows. bias: to be added. stderr: of it. splits: plain of each split."""

    plain: float
    bias: float
    stderr: float
    splits: np.ndarray


def inception(*, splits: str = "shuffled") -> metric.Metric:
    """Bias-corrected inception score of the fake logits.

    Args:
      splits: of the ten-split mean in detail: "shuffled" by the seed, or "contiguous" rows, as the original code.
    """
    metric.require(splits in ("shuffled", "contiguous"), "splits", splits, "shuffled or contiguous")

    def finish(inputs):
        logits = inputs.logits("fake")
        assert logits is not None  # `least` has seen them
        count = min(_SPLITS, len(logits))
        # Blocks are cut at random by content, so that the order of rows plays no part.
        split = inputs.block("fake") if splits == "shuffled" else np.arange(len(logits)) * count // len(logits)
        found = score(logits, split % count)
        split_scores = np.exp(found.splits)
        classes = logits.shape[1]
        return types.Estimate(
            value=min(max(float(np.exp(found.plain + found.bias)), 1.0), classes),
            interval=interval(found, classes),
            n_real=inputs.shape.rows["real"],
            n_fake=len(logits),
            estimand="limit",
            unit="",
            better="higher",
            convention="given logits, bias corrected",
            detail={
                "plain": float(np.exp(found.plain)),
                "splits": {
                    "mean": float(split_scores.mean()), "deviation": float(split_scores.std()), "ddof": 0,
                    "count": len(split_scores), "order": splits,
                },
            },
        )  # fmt: skip

    def least(shape):
        if not shape.logits:
            return "fake brought no logits: give them as `logits` in its npz"
        if shape.logits < 2:
            return "fake's logits have one class only"
        return metric.two_rows("fake")(shape)

    return metric.Metric(
        needs=lambda shape: (),
        finish=finish,
        least=least,
        about="How sharply and how evenly a classifier sorts the samples, from 1 to the number of classes: it never "
        "looks at real data, and one good picture a class has the best score.",
        cites="Salimans et al. 2016, section 4",
        unit="",
        better="higher",
    )


def score(logits: np.ndarray, split: np.ndarray) -> Score:
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
    return Score(float(kl.mean()), float(bias), float(kl.std(ddof=1) / n**0.5), np.maximum(splits, 0))


def interval(found: Score, classes: int) -> types.Interval:
    """95 % interval of the bias-corrected score: the influence of a row on the mutual information is its own KL.

    Where the correction is not small (many classes for the rows) what is left of the bias is not either, and the
    interval is called approximate; so is one without width.
    """
    log, spread = found.plain + found.bias, 1.96 * found.stderr
    low, high = np.clip(np.exp([log - spread, log + spread]), 1.0, classes)
    kind: types.Kind = "exact" if found.bias < _SMALL_BIAS and low < high else "approximate"
    method = "delta method on the log scale, bias corrected"
    return types.Interval(float(low), float(high), float(np.exp(log) * found.stderr), method, kind)


def _log_softmax(logits: np.ndarray):
    """Slices of rows, each with its float64 log probabilities."""
    for start in range(0, len(logits), _ROWS):
        at = slice(start, start + _ROWS)
        yield at, special.log_softmax(logits[at].astype(np.float64), axis=1)

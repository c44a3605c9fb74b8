"""Vendi score: the effective number of distinct rows, from the eigenvalues of their cosine similarities.

K/n of unit rows has the eigenvalues of their second moment, d x d; of the two the smaller is decomposed (Friedman and
Dieng 2023). The interval is about the mean at this number of rows, which lies below the limit: it held that mean in 91
to 99 % of simulations at 300 to 1,000 rows, most often where all directions are alike and first-order effects vanish.
"""

import math
from typing import NamedTuple

import numpy as np

from gan_probe import types
from gan_probe.metrics import decompose, gaussians, metric
from gan_probe.ops import moments
from gan_probe.stats import influence, renyi

__all__ = ["vendi"]

_ORDERS = (1.0, 2.0, math.inf)


class _Spectrum(NamedTuple):
    """eigenvalues: float64 [r] of sum 1. directions: float64 [d + 1, r], in the space of `_unit`."""

    eigenvalues: np.ndarray
    directions: np.ndarray


def vendi(*, q: float = 1.0) -> metric.Metric:
    """exp of the Renyi entropy of order q of the eigenvalues of K/n, K the cosine similarities of the fake rows.

    Args:
      q: order, positive or inf: 1 counts kinds by entropy, 2 by the chance that two rows agree, inf by the commonest.
    """
    metric.require(q > 0, "q", q, "positive, or inf")

    def finish(inputs):
        orders = dict.fromkeys((q, *_ORDERS))
        (fake, stderr, others), (real, real_stderr, real_others) = (
            _numbers(inputs, role, q, orders) for role in ("fake", "real")
        )
        return types.Estimate(
            value=math.exp(fake),
            interval=renyi.interval(fake, stderr),
            n_real=inputs.shape.rows["real"],
            n_fake=inputs.shape.rows["fake"],
            estimand="at_n",
            unit="",
            better="higher",
            convention=f"cosine kernel on features as given, order q={q:g}",
            detail={
                **gaussians.unequal(inputs.shape),
                "real": math.exp(real),
                "ratio_to_real": influence.log_ratio((fake, stderr), (real, real_stderr)),
                "orders": [
                    {"q": _text(order), "value": math.exp(a), "real": math.exp(b)}
                    for order, a, b in zip(orders, others, real_others, strict=True)
                ],
            },
        )  # fmt: skip

    return metric.Metric(
        needs=lambda shape: (),
        finish=finish,
        least=gaussians.too_large,
        about="How many entirely different rows would be as diverse as the samples, by the angles between features: "
        "grows with the number of rows, so compare it with real's at equal sizes.",
        cites="Friedman and Dieng 2023, definition 3.1; orders: Pasarkar and Dieng 2024",
        unit="",
        better="higher",
    )


def _numbers(inputs, role, q, orders) -> tuple[float, float, list[float]]:
    """Log score of order q, its standard error, and the log scores of all orders."""
    eigenvalues, directions = inputs.kept(role, "cosine spectrum", lambda: _spectrum(inputs.features(role)))
    value, slope = renyi.log_number(eigenvalues, q)

    def stderr():
        effect = np.empty(inputs.shape.rows[role])
        for at, square in gaussians.squares(inputs.features(role), directions, _unit):
            effect[at] = renyi.influence(square, eigenvalues, slope)
        return influence.variance(effect) ** 0.5

    error = inputs.kept(role, f"vendi error {q}", stderr)
    return value, error, [renyi.log_number(eigenvalues, order)[0] for order in orders]


def _spectrum(features: np.ndarray) -> _Spectrum:
    n, d = features.shape
    if n <= d:
        w, v = gaussians.by_rows(_unit(features.astype(np.float64)))
    else:
        w, v = decompose.eigh(moments.second_moment(features, _unit))
    w = np.where(w > w.max() * np.finfo(np.float32).eps, w, 0)  # below, rounding
    return _Spectrum(w / w.sum(), v)


def _unit(x: np.ndarray) -> np.ndarray:
    """Rows of length 1, [n, d + 1]; rows of zeros are like each other and unlike all else: the last axis is theirs."""
    largest = np.abs(x).max(axis=1, keepdims=True)
    x = x / np.where(largest > 0, largest, 1)
    length = np.sqrt(np.einsum("nd,nd->n", x, x))[:, None]
    zero = length == 0
    return np.concatenate([x / np.where(zero, 1, length), zero.astype(x.dtype)], axis=1)


def _text(q: float) -> float | str:
    """JSON has no infinity."""
    return "inf" if math.isinf(q) else q

"""Renyi kernel entropy of order 2, as a number of modes: 1 / mean K^2 over all pairs of fake rows.

The interval is about its mean at this number of rows, the bandwidth taken as given: it held it in 92 to 98 % of
simulations at 300 to 1,000 rows, in 90 % with a heavy atom and a bandwidth of a fifth of the deviation.
"""

import math
from typing import NamedTuple

import numpy as np

from gan_probe import types
from gan_probe.metrics import bandwidths as bandwidths_lib
from gan_probe.metrics import gaussians, metric

__all__ = ["rke"]


class _Count(NamedTuple):
    """value: 1 / mean K^2. stderr: of its logarithm."""

    value: float
    stderr: float


def rke(*, bandwidth: bandwidths_lib.Bandwidth = "median") -> metric.Metric:
    """exp of the order-2 Renyi entropy of K/n, K = exp(-|y-y'|^2 / 2 sigma^2): 1 / mean K^2 with the diagonal.

    Args:
      bandwidth: sigma, or several, the first of which is the value; "median" is the median distance of two real rows.
    """
    sigmas = bandwidths_lib.checked(bandwidth)

    def needs(shape):
        return tuple(bandwidths_lib.need(shape, role, role, sigmas) for role in ("fake", "real"))

    def finish(inputs):
        fakes, reals = (
            [_count(*sums[3 * i + 1 : 3 * i + 3]) for i in range(len(sigmas))]
            for sums in map(inputs.get, needs(inputs.shape))
        )
        values = bandwidths_lib.numbers(inputs.shape, sigmas)
        return types.Estimate(
            value=fakes[0].value,
            interval=_interval(fakes[0]),
            n_real=inputs.shape.rows["real"],
            n_fake=inputs.shape.rows["fake"],
            estimand="at_n",
            unit="modes",
            better="higher",
            convention=f"kernel exp(-d^2/(2 sigma^2)), sigma={values[0]:.6g} "
            f"({bandwidths_lib.rule(sigmas)}), with the diagonal",
            detail={
                **gaussians.unequal(inputs.shape),
                **bandwidths_lib.warning(inputs.shape, sigmas),
                "real": reals[0].value,
                "ratio_to_real": _ratio(fakes[0], reals[0]),
                "bandwidths": [
                    {"bandwidth": s, "value": y.value, "ci95": [_interval(y).low, _interval(y).high], "real": x.value}
                    for s, y, x in zip(values, fakes, reals, strict=True)
                ],
            },
        )

    return metric.Metric(
        needs=needs,
        finish=finish,
        least=metric.two_rows("real", "fake"),
        about="How many equally large, clearly separate modes would be as diverse as the samples at the scale of the "
        "bandwidth; below real's own number, something is missing.",
        cites="Jalali et al. 2023 (RKE mode count)",
        unit="modes",
        better="higher",
    )


def _count(square: np.ndarray, fourth: np.ndarray) -> _Count:
    """Of [n] row sums of K^2 and K^4, the row itself included.

    The variance of a U-statistic of kernel h = K^2 is 4 zeta / n + 2 z / n^2, zeta the variance of E[h | y] and z the
    mean square of the doubly centred h (Hoeffding 1948); the variance of row means is zeta + z / n.
    """
    n = len(square)
    mean = (square - 1) / (n - 1)
    centre = mean.mean()
    z = max((fourth - 1).sum() / (n * (n - 1)) - 2 * np.mean(mean**2) + centre**2, 0.0)
    second = 2 * z / n**2
    variance = max(4 * mean.var(ddof=1) / n - second, second)
    with_self = square.mean() / n
    return _Count(float(1 / with_self), float(variance**0.5 / with_self))


def _interval(count: _Count) -> types.Interval:
    low, high = _around(count.value, count.stderr)
    method = "delta method on the log scale, second order included"
    return types.Interval(max(low, 1.0), high, count.value * count.stderr, method, "approximate")


def _ratio(fake: _Count, real: _Count) -> dict[str, object]:
    ratio = fake.value / real.value
    return {
        "value": ratio,
        "ci95": list(_around(ratio, math.hypot(fake.stderr, real.stderr))),
        "interval": "delta method on the log scale; approximate",
    }


def _around(value: float, stderr: float) -> tuple[float, float]:
    return value * math.exp(-1.96 * stderr), value * math.exp(1.96 * stderr)

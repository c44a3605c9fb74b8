"""Renyi kernel entropy of order 2, as a number of modes: 1 / mean K^2 over all pairs of fake rows.

The interval is about its mean at this number of rows, the bandwidth taken as given: it held it in 92 to 98 % of
simulations at 300 to 1,000 rows, in 90 % with a heavy atom and a bandwidth of a fifth of the deviation.
"""

import math

from gan_probe import types
from gan_probe.metrics import bandwidths as bandwidths_lib
from gan_probe.metrics import gaussians, metric
from gan_probe.stats import influence, pair_mean

__all__ = ["rke"]


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
            [pair_mean.inverse(*sums[3 * i + 1 : 3 * i + 3]) for i in range(len(sigmas))]
            for sums in map(inputs.get, needs(inputs.shape))
        )
        values = bandwidths_lib.numbers(inputs.shape, sigmas)
        return types.Estimate(
            value=fakes[0].value,
            interval=pair_mean.interval(fakes[0]),
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
                "ratio_to_real": influence.log_ratio(*((math.log(c.value), c.stderr) for c in (fakes[0], reals[0]))),
                "bandwidths": [
                    {"bandwidth": s, "value": y.value, "ci95": list(pair_mean.interval(y)[:2]), "real": x.value}
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

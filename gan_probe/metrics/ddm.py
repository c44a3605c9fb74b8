"""Divergences of thesis 004, log-mean-exps of distances: ddm (eq 3.4), ddm_relative (3.5), their sum; gmm_kl (3.3)."""

import math
from collections.abc import Sequence

import numpy as np

from gan_probe import types
from gan_probe.metrics import metric
from gan_probe.ops import log_sum_exp, tile
from gan_probe.stats import two_sided

__all__ = ["ddm", "ddm_relative", "ddm_sum", "gmm_kl"]

Scale = float | str | Sequence[float | str]
Scales = tuple[float | str, ...]


def ddm(*, scale: Scale = 1.0, distance: str = "squared") -> metric.Metric:
    """-mean_x ln mean_y exp(-D(x, y) / s), nats (004 eq 3.4): real rows x, fake columns y.

    Args:
      scale: s, a list of them (the first is the value, all stand in detail), or "median": the median of D over pairs of
        real rows.
      distance: D, "squared" Euclidean or plain "euclidean".
    """
    scales = _checked(scale, distance)

    def need(shape):
        return metric.Need("real", "fake", _fold(shape, scales, distance))

    def finish(inputs):
        columns = _columns(inputs, need(inputs.shape))
        intervals = [two_sided.mean_interval(f, -1.0) for f in columns[:-1]]
        values = [-float(f.f.mean()) for f in columns[:-1]]
        effective = _effective(columns, inputs.shape.rows["fake"])
        return _estimate(inputs, values, intervals, scales, distance, effective)

    return metric.Metric(
        needs=lambda shape: (need(shape),),
        finish=finish,
        least=metric.two_rows("real", "fake"),
        about="How surprising held-out real images are under the samples, in nats: 0 is the floor, lower is better; "
        "both dropped modes and poor samples raise it.",
        cites="Basart 2017 (thesis 004), eq 3.4",
        unit="nats",
        better="lower",
    )


def ddm_relative(*, scale: Scale = 1.0, distance: str = "squared") -> metric.Metric:
    """mean_r ln [mean_x exp(-D(r, x) / s) / mean_y exp(-D(r, y) / s)], nats (004 eq 3.5): training rows r."""
    scales = _checked(scale, distance)

    def needs(shape):
        fold = _fold(shape, scales, distance)
        return metric.Need("train", "real", fold), metric.Need("train", "fake", fold)

    def finish(inputs):
        real, fake = (_columns(inputs, n) for n in needs(inputs.shape))
        pairs = list(zip(real, fake, strict=True))[:-1]
        values = [float(np.mean(x.f - y.f)) for x, y in pairs]
        intervals = [two_sided.relative_interval(real=x, fake=y) for x, y in pairs]
        return _estimate(inputs, values, intervals, scales, distance, _effective(fake, inputs.shape.rows["fake"]))

    return metric.Metric(
        needs=needs,
        finish=finish,
        least=metric.two_rows("real", "fake", "train"),
        about="How much farther the samples lie from the training images than held-out real images do, in nats: "
        "0 means as near, below 0 nearer (copies); dropped modes raise it, as they raise ddm.",
        cites="Basart 2017 (thesis 004), eq 3.5",
        unit="nats",
        better="lower",
        train=True,
    )


def ddm_sum(*, scale: Scale = 1.0, distance: str = "squared") -> metric.Metric:
    """ddm + ddm_relative, nats (004 section 3.2.2)."""
    scales = _checked(scale, distance)

    def needs(shape):
        fold = _fold(shape, scales, distance)
        return metric.Need("real", "fake", fold), metric.Need("train", "real", fold), metric.Need("train", "fake", fold)

    def finish(inputs):
        results = [_columns(inputs, n) for n in needs(inputs.shape)]
        values, intervals = [], []
        for real_fake, train_real, train_fake in list(zip(*results, strict=True))[:-1]:
            values.append(float(np.mean(train_real.f - train_fake.f) - real_fake.f.mean()))
            intervals.append(
                two_sided.sum_interval(
                    real_fake=real_fake, train_real=train_real, train_fake=train_fake, real_blocks=inputs.block("real")
                )
            )
        effective = _effective(results[0], inputs.shape.rows["fake"])
        return _estimate(inputs, values, intervals, scales, distance, effective)

    return metric.Metric(
        needs=needs,
        finish=finish,
        least=metric.two_rows("real", "fake", "train"),
        about="ddm and ddm_relative added: copies of training images lower it, which ddm alone does not show; dropped "
        "modes raise both parts.",
        cites="Basart 2017 (thesis 004), section 3.2.2",
        unit="nats",
        better="lower",
        train=True,
    )


def gmm_kl(*, scale: Scale = 1.0, distance: str = "squared") -> metric.Metric:
    """mean_x ln [mean_x' exp(-D(x, x') / s) / mean_y exp(-D(x, y) / s)], nats (004 eq 3.3): x' = x included.

    Goldberger's approximation to the KL divergence of two mixtures of Gaussians centred at the real and the fake rows.
    """
    scales = _checked(scale, distance)

    def needs(shape):
        fold = _fold(shape, scales, distance)
        return metric.Need("real", "real", fold), metric.Need("real", "fake", fold)

    def finish(inputs):
        real, fake = (_columns(inputs, n) for n in needs(inputs.shape))
        pairs = list(zip(real, fake, strict=True))[:-1]
        values = [float(np.mean(x.f - y.f)) for x, y in pairs]
        block = inputs.block("real")
        intervals = [two_sided.self_relative_interval(real=x, fake=y, real_blocks=block) for x, y in pairs]
        return _estimate(inputs, values, intervals, scales, distance, _effective(fake, inputs.shape.rows["fake"]))

    return metric.Metric(
        needs=needs,
        finish=finish,
        least=metric.two_rows("real", "fake"),
        about="How much farther held-out real images lie from the samples than from each other, in nats: 0 for "
        "identical sets, above 0 even for a perfect generator, since every real image meets itself.",
        cites="Goldberger et al. 2003; Basart 2017 (thesis 004), eq 3.3",
        unit="nats",
        better="lower",
    )


def _checked(scale: Scale, distance: str) -> Scales:
    """The scales as a tuple."""
    metric.require(distance in ("squared", "euclidean"), "distance", distance, "squared or euclidean")
    scales = tuple(scale) if isinstance(scale, list | tuple) else (scale,)
    for s in scales:
        number = isinstance(s, int | float) and not isinstance(s, bool) and 0 < s < math.inf
        metric.require(number or s == "median", "scale", scale, "a positive number, several, or median")
    metric.require(bool(scales), "scale", scale, "a positive number, several, or median")
    return scales


def _numbers(shape: metric.Shape, scales: Scales, distance: str) -> tuple[float, ...]:
    median = shape.scale if distance == "squared" else shape.scale**0.5
    return tuple(median if s == "median" else float(s) for s in scales)


def _fold(shape: metric.Shape, scales: Scales, distance: str):
    """The log-sum-exps of all scales; the last is half the first, whose kernel is the square of the first's."""
    known = _numbers(shape, scales, distance)
    return log_sum_exp.log_sum_exp(scales=(*known, known[0] / 2), squared=distance == "squared")


def _columns(inputs: metric.Inputs, need: metric.Need) -> list[two_sided.LeaveBlockOut]:
    """One log-mean-exp a scale, and last that of the squared kernel of the first."""
    counts = np.bincount(inputs.block(need.cols), minlength=inputs.blocks)
    return [two_sided.leave_block_out(partial, counts) for partial in inputs.get(need)]


def _effective(columns: list[two_sided.LeaveBlockOut], n: int) -> float:
    """Median over rows of the number of columns that carry the mean, (sum k)^2 / sum k^2."""
    return float(np.median(np.exp(2 * columns[0].f - columns[-1].f)) * n)


def _estimate(inputs, values, intervals, scales, distance, effective) -> types.Estimate:
    known = _numbers(inputs.shape, scales, distance)
    detail: dict[str, object] = {"effective_sample_size": effective}
    if effective < 20:
        detail["warning"] = (
            "fewer than 20 columns carry the mean of a typical row: the value is close to a nearest distance"
        )
    rounding = tile.spread(inputs.shape.dim) * inputs.shape.scale
    if distance == "squared" and rounding > 0.01 * min(known):
        detail["warning"] = (
            f"float32 rounds squared distances by up to about {rounding:.2g}: take a scale above {100 * rounding:.2g}"
        )
    detail["scales"] = [
        {"scale": s, "value": v, "ci95": [i.low, i.high], "stderr": i.stderr}
        for s, v, i in zip(known, values, intervals, strict=True)
    ]
    return types.Estimate(
        value=values[0], interval=intervals[0], n_real=inputs.shape.rows["real"], n_fake=inputs.shape.rows["fake"],
        estimand="at_n", unit="nats", better="lower", convention=f"D={distance}, s={known[0]:.6g}", detail=detail,
    )  # fmt: skip

"""k-nearest balls: precision and recall (Kynkaanniemi 2019), density and coverage (Naeem 2020).

A ball of a set is centred on one of its rows and reaches its k-th neighbour in its own set, itself left out.
"""

import numpy as np

from gan_probe import types
from gan_probe.metrics import metric
from gan_probe.ops import count_within, nearest
from gan_probe.stats import delete_block

__all__ = ["coverage", "density", "kth", "neighbours", "precision", "recall"]


_MOST_POINTS = 0.01  # share of balls without extent that goes unmentioned


def kth(found: nearest.Neighbours) -> np.ndarray:
    """Squared distance to the k-th neighbour, float64 [n]."""
    return found.distance2[:, -1]


def neighbours(rows: metric.Role, cols: metric.Role, k: int) -> metric.Need:
    """The k nearest columns of every row."""
    return metric.Need(rows, cols, nearest.nearest(k=k))


def precision(*, k: int = 5, ties: str = "<") -> metric.Metric:
    """Share of fake rows inside some k-ball of real.

    Args:
      k: neighbour that a ball reaches.
      ties: '<' (prdc) or '<=' (Kynkaanniemi): whether a point on the ball's surface is inside.
    """
    return _share(
        "fake", "real", "cols", k, ties,
        about="Share of samples that lie among real images: low means unrealistic ones; real outliers inflate it.",
        cites="Kynkaanniemi et al. 2019, eq 2",
    )  # fmt: skip


def recall(*, k: int = 5, ties: str = "<") -> metric.Metric:
    """Share of real rows inside some k-ball of fake."""
    return _share(
        "real", "fake", "cols", k, ties,
        about="Share of real images that lie among the samples: low means that part of the data is never made.",
        cites="Kynkaanniemi et al. 2019, eq 2",
    )  # fmt: skip


def coverage(*, k: int = 5, ties: str = "<") -> metric.Metric:
    """Share of real rows whose k-ball holds some fake row."""
    return _share(
        "real", "fake", "rows", k, ties,
        about="Share of real images with a sample near them: low means dropped modes; it forgives outliers.",
        cites="Naeem et al. 2020, eq 4",
    )  # fmt: skip


def density(*, k: int = 5, ties: str = "<") -> metric.Metric:
    """(1 / k M) sum_y #{x: y in the k-ball of x}."""
    _check(k, ties)

    def needs(shape):
        return _hits("real", "fake", "rows", k, ties), neighbours("real", "real", k)

    def finish(inputs):
        found, near = (inputs.get(n) for n in needs(inputs.shape))
        sizes = np.bincount(inputs.block("fake"), minlength=inputs.blocks)
        replicates = delete_block.density(
            found.counts, sizes, neighbours=near.indices, real_blocks=inputs.block("real")
        )
        interval = delete_block.interval(replicates, share=False)
        return _estimate(inputs, replicates.value, interval, found, near, k, ties, better="target")

    return metric.Metric(
        needs=needs,
        finish=finish,
        least=metric.more_than(k),
        about="How densely real images surround the samples: near 1 when the laws agree, above 1 when samples crowd "
        "where real images are densest, near 0 when they are elsewhere.",
        cites="Naeem et al. 2020, eq 3",
        unit="",
        better="target",
    )


def _share(rows, cols, balls, k, ties, *, about, cites) -> metric.Metric:
    _check(k, ties)

    owner = cols if balls == "cols" else rows

    def needs(shape):
        return _hits(rows, cols, balls, k, ties), neighbours(owner, owner, k)

    def finish(inputs):
        found, near = (inputs.get(n) for n in needs(inputs.shape))
        if balls == "cols":
            replicates = delete_block.share_inside(
                found.counts, inputs.block(rows), neighbours=near.indices, ball_blocks=inputs.block(owner)
            )
        else:
            replicates = delete_block.hit_share(found.counts, inputs.block(rows))
        interval = delete_block.interval(replicates, share=True)
        return _estimate(inputs, replicates.value, interval, found, near, k, ties, better="higher")

    return metric.Metric(
        needs=needs, finish=finish, least=metric.more_than(k), about=about, cites=cites, unit="", better="higher"
    )


def _hits(rows, cols, balls, k, ties) -> metric.Need:
    owner = cols if balls == "cols" else rows
    radius = metric.Radius(neighbours(owner, owner, k), kth, "k-th")
    return metric.Need(rows, cols, count_within.count_within(ties=ties, balls=balls), radius)


def _check(k: int, ties: str) -> None:
    metric.require(k >= 1, "k", k, "at least 1")
    metric.require(ties in ("<", "<="), "ties", ties, "< (prdc) or <= (Kynkaanniemi)")


def _estimate(inputs, value, interval, found, near, k, ties, *, better) -> types.Estimate:
    detail: dict[str, object] = {"borderline": int(found.borderline)}
    points = float(np.mean(kth(near) == 0))
    if ties == "<" and points > _MOST_POINTS:
        detail["warning"] = f"{points:.0%} of the balls have radius 0, as rows repeat: with ties '<' none is in them"
    return types.Estimate(
        value=value, interval=interval, n_real=inputs.shape.rows["real"], n_fake=inputs.shape.rows["fake"],
        estimand="at_n", unit="", better=better, convention=f"k={k}, ties {ties}",
        detail=detail,
    )  # fmt: skip

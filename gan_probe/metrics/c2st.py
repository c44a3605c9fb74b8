"""Classifier two-sample test with nearest neighbours: can samples be told from real images? (Lopez-Paz 2017)."""

from typing import NamedTuple

import numpy as np

from gan_probe import types
from gan_probe.metrics import metric
from gan_probe.ops import nearest_in_blocks
from gan_probe.stats import blocks, design_effect, permutation

__all__ = ["c2st"]

_PERMUTATIONS = 999
_TIED = 0.1  # share of tied votes from which the value hides differences


class _Side(NamedTuple):
    """The drawn rows of one set, n of them, in an order that follows from their distances.

    own, other: neighbours in their own set and in the other, of n rows each; `indices` count the drawn rows.
    block: int [n], merged block of each row.
    """

    own: nearest_in_blocks.InBlocks
    other: nearest_in_blocks.InBlocks
    block: np.ndarray


def c2st(*, k: int = 5) -> metric.Metric:
    """Leave-one-out accuracy of the k-nearest-neighbour vote on equally many rows of real and fake.

    A row is right where its m-th nearest row of its own set, m = (k+1)/2, is nearer than the m-th of the other: then
    its own set has most of the k nearest. Equal distances count half. Of the larger set as many rows are drawn as the
    smaller has.

    Args:
      k: neighbours that vote; an even k votes as k-1 does, which is what drawing lots at its ties comes to.
    """
    metric.require(k >= 1, "k", k, "at least 1")
    rank = (k + 1) // 2
    votes = 2 * rank - 1

    def needs(shape):
        n = min(shape.rows["real"], shape.rows["fake"])
        # Blocks too small for the vote get that of fewer neighbours.
        in_block = max(1, min(rank, n // (blocks.BLOCKS // nearest_in_blocks.MERGED) // 2))
        fold = nearest_in_blocks.nearest_in_blocks(k=votes, rank=in_block, draw=n)
        pairs: tuple[tuple[metric.Role, metric.Role], ...] = (
            ("real", "real"), ("real", "fake"), ("fake", "fake"), ("fake", "real")
        )  # fmt: skip
        return tuple(metric.Need(rows, cols, fold) for rows, cols in pairs)

    def finish(inputs):
        xx, xy, yy, yx = (inputs.get(need) for need in needs(inputs.shape))
        real, fake = _sides(xx, xy, yy, yx, inputs.block("real"), inputs.block("fake"))
        n = len(real.block)
        right = [_credit(s.own.distance2[:, rank - 1], s.other.distance2[:, rank - 1]) for s in (real, fake)]
        accuracy = float(np.mean(right))
        effect = design_effect.design_effect(*_cells(real, fake))
        tied = float(np.mean(np.concatenate(right) == 0.5))
        interval = design_effect.interval(accuracy, 2 * n, effect)
        warned: dict[str, object] = {}
        if tied > _TIED:
            interval = interval._replace(kind="approximate")
            warned["warning"] = (
                f"{tied:.0%} of the votes are ties between equal rows, counted half: look at the p-value"
            )
        p_value = permutation.p_value(
            np.arange(2 * n) < n, _pooled(real, fake, votes, inputs.seed),
            permutations=_PERMUTATIONS, seed=inputs.seed,
        )  # fmt: skip
        return types.Estimate(
            value=accuracy, interval=interval,
            n_real=inputs.shape.rows["real"], n_fake=inputs.shape.rows["fake"], estimand="at_n", unit="",
            better="target", convention=f"k={votes}, {n} rows of each set, ties half",
            detail={
                **warned, "p_value": p_value, "alternative": "accuracy above 0.5", "permutations": _PERMUTATIONS,
                "rows_of_each": n, "design_effect": effect,
                "right_real": float(right[0].mean()), "right_fake": float(right[1].mean()),
            },
        )  # fmt: skip

    return metric.Metric(
        needs=needs,
        finish=finish,
        least=metric.more_than(k),
        about="How often a nearest-neighbour vote tells samples from real images: 0.5 means it can't, 1 always; below "
        "0.5 each sample sits next to a real image, as copies do.",
        cites="Lopez-Paz and Oquab 2017, section 3",
        unit="",
        better="target",
    )


def _sides(xx, xy, yy, yx, real_blocks: np.ndarray, fake_blocks: np.ndarray) -> tuple[_Side, _Side]:
    """Both sets cut down to their drawn rows."""
    order, new = [], []
    for own, other in ((xx, xy), (yy, yx)):
        kept = np.flatnonzero(own.drawn)
        # By their distances: the shuffles of the permutation test then don't depend on the order of the rows.
        at = kept[np.lexsort(np.concatenate([own.distance2[kept], other.distance2[kept]], axis=1).T)]
        index = np.zeros(len(own.drawn), np.int64)
        index[at] = np.arange(len(at))
        order.append(at)
        new.append(index)

    def cut(found, of, cols):
        return found._replace(
            block2=found.block2[:, of], distance2=found.distance2[of], indices=cols[found.indices[of]],
            drawn=found.drawn[of],
        )  # fmt: skip

    merged = nearest_in_blocks.MERGED
    return (
        _Side(cut(xx, order[0], new[0]), cut(xy, order[0], new[1]), real_blocks[order[0]] // merged),
        _Side(cut(yy, order[1], new[1]), cut(yx, order[1], new[0]), fake_blocks[order[1]] // merged),
    )


def _credit(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """1 where the own set is nearer, 1/2 where both are as near."""
    return 0.5 * ((own < other).astype(np.float64) + (own <= other))


def _cells(real: _Side, fake: _Side) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy of the vote between block a of real and block b of fake, and the rows it is a share of: [S, S] each."""
    size = len(real.own.block2)
    right = np.zeros((size, size))
    for side, turn in ((real, False), (fake, True)):
        own = side.own.block2[side.block, np.arange(len(side.block))]
        credit = _credit(own[None], side.other.block2)
        found = np.stack([np.bincount(side.block, weights=c, minlength=size) for c in credit], axis=1)
        right += found.T if turn else found
    rows = np.add.outer(*(np.bincount(s.block, minlength=size) for s in (real, fake)))
    return right / np.maximum(rows, 1), rows


def _pooled(real: _Side, fake: _Side, k: int, seed: int) -> np.ndarray:
    """The k nearest among all rows of both sets, real first; equal distances in an order that ignores the sets."""
    n = len(real.block)
    lot = np.random.default_rng(seed).permutation(2 * n)
    out = []
    for side, own, other in ((real, 0, n), (fake, n, 0)):
        distance2 = np.concatenate([side.own.distance2, side.other.distance2], axis=1)
        index = np.concatenate([side.own.indices + own, side.other.indices + other], axis=1)
        order = np.lexsort((lot[index], distance2))[:, :k]
        out.append(np.take_along_axis(index, order, axis=1))
    return np.concatenate(out)

"""Which training sets are fitted: random subsets of the real one, and synthetic sets once and over-sampled."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["FACTORS", "Fit", "Outcome", "factors", "real_fits", "spread", "synthetic_fits"]

FACTORS = tuple(2**k for k in range(13))  # 1..4096, paper 000


class Fit(NamedTuple):
    """One classifier to train.

    source: "train" or the name of a fake. point: of the curve or the table, e.g. "64" or "10x". repeat: from 0.
    rows: int64 [n] rows of the source; a row may stand several times. epoch_rows: rows of an epoch where that is not n.
    """

    source: str
    point: str
    repeat: int
    rows: np.ndarray
    epoch_rows: int | None = None

    @property
    def slug(self) -> str:
        """Name of its files: a source may have a name that no file can have, or one that leads elsewhere."""
        source = hashlib.sha256(self.source.encode("utf-8", "surrogateescape")).hexdigest()[:12]
        return f"{source}-{self.point}-{self.repeat}"


class Outcome(NamedTuple):
    """correct: bool [t], which test items are classified rightly. train_accuracy: on its own rows, NaN where it says
    nothing. steps: of the solver, or epochs. converged: whether training came to its end."""

    correct: np.ndarray
    train_accuracy: float
    steps: int
    converged: bool


def factors(n: int, least: int) -> tuple[int, ...]:
    """Down-sampling factors that leave at least `least` of n rows."""
    return tuple(f for f in FACTORS if n // f >= least)


def real_fits(n: int, least: int, repeats: int, seed: int) -> list[Fit]:
    """Random subsets of n rows at every factor: `repeats` of each, as far as the set can be cut into disjoint ones.

    Disjoint, because subsets that overlap vary less than fresh draws would.
    """
    order = np.random.default_rng([seed, 0]).permutation(n)
    return [
        Fit("train", str(factor), r, np.sort(order[r * (n // factor) : (r + 1) * (n // factor)]))
        for factor in factors(n, least)
        for r in range(min(repeats, factor))
    ]


def synthetic_fits(name: str, available: int, n: int, times: Sequence[int], fresh: bool, seed: int) -> list[Fit]:
    """A fake's sets of n rows `times` over; `fresh` adds one on all its rows, n new ones an epoch (paper 001)."""
    out = [Fit(name, f"{t}x", 0, spread(available, t * n, np.random.default_rng([seed, t]))) for t in times]
    return [*out, Fit(name, "fresh", 0, np.arange(available), n)] if fresh else out


def spread(available: int, total: int, rng: np.random.Generator) -> np.ndarray:
    """int64 [total] rows out of `available`, each as often as any other, give or take one."""
    whole, rest = divmod(total, available)
    extra = rng.permutation(available)[:rest]
    return np.sort(np.concatenate([np.tile(np.arange(available), whole), extra]))

"""What a training set is worth in real rows: the inverse of accuracy against the number of real training rows.

Papers 000 (section 3.4, figure 5) and 001 (section 2) read that off a plot. Here the curve is made monotone and, at
every size n, the accuracy of the other set is tested against it: the interval is all n that the test does not refuse.
Its error has three parts: items of the test set, paired, for all models answer the same ones; the draw of the real
subsets, whose deviation s(n) falls with n; and s(n) once more for the other set, since a set worth n real rows varies
as one draw of n would. Simulated (benchmarks/worth_coverage.py): 93 to 97 % for sets of fresh real rows; 89 to 99 % for
other laws, which may vary otherwise, hence `approximate`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import optimize, stats

from gan_probe import types

__all__ = ["Curve", "Worth", "curve", "worth"]

_Z = float(stats.norm.ppf(0.975))
_GRID = 1000
_ROUNDING = 1e-9
_METHOD = "test inversion on the isotonic curve, items paired, draws of subsets"


class Curve(NamedTuple):
    """Test accuracy against the number of training rows, smallest first.

    sizes: int [s]. correct: float64 [s, t] share of repeats that classify item t rightly. repeats: int [s].
    accuracy: float64 [s], of each size. monotone: float64 [s], isotonic.
    deviation: float64 [s], of one draw of a size around its expectation, falling; 0 where no size was repeated.
    """

    sizes: np.ndarray
    correct: np.ndarray
    repeats: np.ndarray
    accuracy: np.ndarray
    monotone: np.ndarray
    deviation: np.ndarray

    def intervals(self) -> list[types.Interval]:
        """Of the expected accuracy at each size, over draws of the rows and of the test items."""
        items = self.correct.var(axis=1, ddof=1) / self.correct.shape[1]
        stderr = np.sqrt(items + self.deviation**2 / self.repeats)
        ends = np.clip([self.accuracy - _Z * stderr, self.accuracy + _Z * stderr], 0, 1)
        return [
            types.Interval(float(low), float(high), float(s), "items and draws of subsets, normal", "approximate")
            for low, high, s in zip(*ends, stderr, strict=True)
        ]


class Worth(NamedTuple):
    """value: real rows, None beyond either end of the curve. interval: None where an end is open.

    accuracy: of the other set. beyond: "" | "above" | "below": on which side of the curve the accuracy lies.
    """

    value: float | None
    interval: types.Interval
    accuracy: float
    beyond: str


def curve(sizes: Sequence[int], correct: Sequence[np.ndarray]) -> Curve:
    """The curve of real subsets.

    Args:
      sizes: rows of each subset, rising.
      correct: for each size bool [repeats, t], which of the t test items each repeat classifies rightly.
    """
    repeats = np.array([len(c) for c in correct])
    share = np.array([c.mean(axis=0) for c in correct])
    accuracy = share.mean(axis=1)
    monotone = optimize.isotonic_regression(accuracy, weights=repeats.astype(float)).x
    return Curve(np.asarray(sizes), share, repeats, accuracy, monotone, _deviation(correct))


def worth(against: Curve, correct: np.ndarray) -> Worth:
    """How many real rows give the accuracy of another training set.

    Args:
      against: at least two sizes.
      correct: bool or float [t], which items (or what share of repeats) the other set's model classifies rightly.
    """
    correct = np.asarray(correct, float)
    accuracy = float(correct.mean())
    log_sizes = np.log(against.sizes)
    grid = np.unique(np.concatenate([np.linspace(log_sizes[0], log_sizes[-1], _GRID), log_sizes]))
    monotone = np.interp(grid, log_sizes, against.monotone)
    deviation = np.interp(grid, log_sizes, against.deviation)
    repeats = np.interp(grid, log_sizes, against.repeats)
    variance = _paired(against, correct, grid, log_sizes) + deviation**2 * (1 + 1 / repeats)
    held = np.abs(monotone - accuracy) <= _Z * np.sqrt(variance)
    beyond = "above" if accuracy > monotone[-1] + _ROUNDING else "below" if accuracy < monotone[0] - _ROUNDING else ""
    if not held.any():  # beyond an end, or between two points of the grid
        at = int(np.searchsorted(monotone, accuracy))
        held[[max(at - 1, 0), min(at, len(grid) - 1)]] = True
    first, last = int(held.argmax()), len(held) - 1 - int(held[::-1].argmax())
    low = None if first == 0 or beyond == "below" else _rows(grid[first - 1])
    high = None if last == len(held) - 1 or beyond == "above" else _rows(grid[last + 1])
    value = None if beyond else _inverse(grid, monotone, accuracy)
    return Worth(value, types.Interval(low, high, None, _METHOD, "approximate"), accuracy, beyond)


def _paired(against: Curve, correct: np.ndarray, grid: np.ndarray, log_sizes: np.ndarray) -> np.ndarray:
    """Variance [g] of the mean difference over test items, of the curve between its sizes and the other set."""
    difference = against.correct - correct
    difference -= difference.mean(axis=1, keepdims=True)
    covariance = difference @ difference.T / (len(correct) - 1) / len(correct)
    after = np.clip(np.searchsorted(log_sizes, grid), 1, len(log_sizes) - 1)
    share = (grid - log_sizes[after - 1]) / (log_sizes[after] - log_sizes[after - 1])
    weights = np.zeros((len(grid), len(log_sizes)))
    rows = np.arange(len(grid))
    weights[rows, after - 1], weights[rows, after] = 1 - share, share
    return np.einsum("gs,st,gt->g", weights, covariance, weights)


def _deviation(correct: Sequence[np.ndarray]) -> np.ndarray:
    """Deviation of accuracy from draw to draw [s], pooled so that it falls with the size; sizes without repeats take
    that of the nearest smaller size (or the smallest larger one) that has some."""
    repeated = [s for s, c in enumerate(correct) if len(c) > 1]
    if not repeated:
        return np.zeros(len(correct))
    variance = np.array([correct[s].mean(axis=1).var(ddof=1) for s in repeated])
    freedom = np.array([len(correct[s]) - 1.0 for s in repeated])
    pooled = optimize.isotonic_regression(variance, weights=freedom, increasing=False).x
    nearest = np.clip(np.searchsorted(repeated, np.arange(len(correct)), side="right") - 1, 0, None)
    return np.sqrt(pooled[nearest])


def _inverse(grid: np.ndarray, monotone: np.ndarray, accuracy: float) -> float:
    """The size where the curve passes the accuracy; the middle of a flat part."""
    left = np.searchsorted(monotone, accuracy - _ROUNDING, "left")
    right = np.searchsorted(monotone, accuracy + _ROUNDING, "right")
    if left < right:
        return _rows((grid[left] + grid[right - 1]) / 2)
    share = (accuracy - monotone[left - 1]) / (monotone[left] - monotone[left - 1])
    return _rows(grid[left - 1] + share * (grid[left] - grid[left - 1]))


def _rows(log_size: float) -> float:
    return float(np.exp(log_size))

"""What a training set is worth in real rows: the inverse of accuracy against the number of real training rows.

Papers 000 (section 3.4, figure 5) and 001 (section 2) read that off a plot. Here the curve is made monotone and, at
every size n, the accuracy of the other set is tested against it: the interval is all n that the test does not refuse.
Its error has three parts: items of the test set, paired, for all models answer the same ones; the draw of the real
subsets, whose deviation s(n) is a power of n fitted to all sizes; and s(n) once more for the other set, since a set
worth n real rows varies as one draw of n would. Student's t counts how well s(n) is known. Simulated:
benchmarks/worth_coverage.py; other laws may vary otherwise than real rows, hence `approximate`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import optimize

from gan_probe import types
from gan_probe.stats import proportion, quantiles

__all__ = ["Curve", "Worth", "curve", "worth"]

_GRID = 1000
_ROUNDING = 1e-9
_STEEPEST = 2.0  # power of n with which a variance may fall
_METHOD = "test inversion on the isotonic curve, items paired, draws of subsets, t"


class Curve(NamedTuple):
    """Test accuracy against the number of training rows, smallest first.

    sizes: int [s]. correct: float64 [s, t] share of repeats that classify item t rightly. repeats: int [s].
    accuracy: float64 [s], of each size. monotone: float64 [s], isotonic.
    deviation: float64 [s], of one draw of a size around its expectation, falling; 0 where no size was repeated.
    freedom: float64 [s], degrees of freedom of deviation squared; infinite where no size was repeated.
    """

    sizes: np.ndarray
    correct: np.ndarray
    repeats: np.ndarray
    accuracy: np.ndarray
    monotone: np.ndarray
    deviation: np.ndarray
    freedom: np.ndarray

    def intervals(self) -> list[types.Interval]:
        """Of the expected accuracy at each size, over draws of the rows and of the test items.

        Wilson's, of as many items as have the same variance. That of the items has z^2 pseudo-items, half of them right
        (Agresti and Coull 1998), so that a class which all answer rightly keeps an interval.
        """
        t, more = self.correct.shape[1], quantiles.Z**2
        mean = (self.accuracy * t + more / 2) / (t + more)
        items = ((np.square(self.correct).sum(axis=1) + more / 2) / (t + more) - mean**2) / t
        draws = self.deviation**2 / self.repeats
        variance = items + draws
        trials = mean * (1 - mean) / variance * (quantiles.Z / _student(variance, draws, self.freedom)) ** 2
        found = [proportion.wilson(p * n, n) for p, n in zip(self.accuracy, trials, strict=True)]
        return [
            types.Interval(w.low, w.high, float(s), "Wilson, items and draws of subsets", "approximate")
            for w, s in zip(found, np.sqrt(variance), strict=True)
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
    return Curve(np.asarray(sizes), share, repeats, accuracy, monotone, *_deviation(sizes, correct))


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
    draws = deviation**2 * (1 + 1 / repeats)
    variance = _paired(against, correct, grid, log_sizes) + draws
    student = _student(variance, draws, np.interp(grid, log_sizes, against.freedom))
    held = np.abs(monotone - accuracy) <= student * np.sqrt(variance)
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
    """Variance [g] of the mean difference over test items, of the curve between its sizes and the other set.

    With z^2 pseudo-items on which they differ, half of them either way (as Agresti and Coull 1998): models that agree
    on all items of a class may differ on the next.
    """
    difference = against.correct - correct
    difference -= difference.mean(axis=1, keepdims=True)
    covariance = (difference @ difference.T / (len(correct) - 1) + quantiles.Z**2 / len(correct)) / len(correct)
    after = np.clip(np.searchsorted(log_sizes, grid), 1, len(log_sizes) - 1)
    share = (grid - log_sizes[after - 1]) / (log_sizes[after] - log_sizes[after - 1])
    weights = np.zeros((len(grid), len(log_sizes)))
    rows = np.arange(len(grid))
    weights[rows, after - 1], weights[rows, after] = 1 - share, share
    return np.einsum("gs,st,gt->g", weights, covariance, weights)


def _deviation(sizes: Sequence[int], correct: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Deviation of accuracy from draw to draw [s] and degrees of freedom of its square [s].

    The variance is a power of the size, of exponent -2 to 0, by maximum likelihood of the sizes' own variances, each as
    a scaled chi-square (a gamma regression with logarithmic link, McCullagh and Nelder 1989, chapter 8).
    """
    freedom = np.array([len(c) - 1.0 for c in correct])
    variance = np.array([c.mean(axis=1).var(ddof=1) if len(c) > 1 else 0.0 for c in correct])
    if not variance.any():
        return np.zeros(len(correct)), np.full(len(correct), np.inf)
    x = np.log(sizes)
    x -= freedom @ x / freedom.sum()

    def scale(power: float) -> float:
        return float(freedom @ (variance * np.exp(-power * x)) / freedom.sum())

    spread = freedom @ x**2
    power = 0.0
    if spread > 0:
        power = float(optimize.minimize_scalar(scale, bounds=(-_STEEPEST, 0), method="bounded").x)
    leverage = 1 / freedom.sum() + (x**2 / spread if spread > 0 else 0.0)
    return np.sqrt(scale(power) * np.exp(power * x)), np.broadcast_to(1 / leverage, x.shape)


def _student(variance: np.ndarray, draws: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """97.5 % points of t for a variance whose part `draws` was estimated with such freedom (Satterthwaite 1946)."""
    share = np.divide(draws, variance, out=np.zeros_like(variance), where=variance > 0)
    known = np.divide(freedom, share**2, out=np.full_like(variance, np.inf), where=share > 0)
    return quantiles.student(np.maximum(known, 1.0))


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

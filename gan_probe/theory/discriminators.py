"""Best discriminators that can be written down: of two densities over all functions, and with one value a cell.

The loss is the lecture's (paper 002, section 3): E_P log V + E_S log(1 - V), largest at V = p / (p + s) (Goodfellow et
al. 2014, proposition 1) where it is 2 JS(P, S) - 2 ln 2: -2 ln 2 for equal densities, nought for disjoint ones.

With a value in [0, 1] for each of n cells of equal probability there are n parameters, and the largest difference of
means between P and N of its samples is the total variation of the cells' counts, on average about sqrt(n / (2 pi N));
over all functions it is one, whatever N (Arora, Ge, Liang, Ma and Zhang 2017, arXiv:1703.00573, theorem 3.1).
"""

import heapq
import math

import numpy as np
from scipy import optimize, special, stats

__all__ = [
    "cell_gap", "enough", "estimate", "expected_cell_gap", "interval_gap", "jensen_shannon", "loss", "memorised",
    "normals", "optimal", "searched",
]  # fmt: skip


def normals(distance: float, points: int = 20_001) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A grid x [points] with the densities of N(0, 1) and N(distance, 1) on it."""
    x = np.linspace(-10, distance + 10, points)
    return x, stats.norm.pdf(x), stats.norm.pdf(x - distance)


def optimal(p: np.ndarray, s: np.ndarray) -> np.ndarray:
    """V = p / (p + s), the best of all discriminators."""
    return p / (p + s)


def searched(p: np.ndarray, s: np.ndarray) -> np.ndarray:
    """The best value at each point by search, without the formula."""

    def best(p: float, s: float) -> float:
        return optimize.minimize_scalar(
            lambda v: -(p * math.log(v) + s * math.log1p(-v)), bounds=(0, 1), method="bounded", options={"xatol": 1e-9}
        ).x

    return np.array([best(*pair) for pair in zip(p / (p + s), s / (p + s), strict=True)])


def loss(x: np.ndarray, p: np.ndarray, s: np.ndarray, logit: np.ndarray) -> float:
    """E_P log V + E_S log(1 - V) in nats of a discriminator ln V / (1 - V), by quadrature on the grid x."""
    return float(np.trapezoid(p * special.log_expit(logit) + s * special.log_expit(-logit), x))


def jensen_shannon(x: np.ndarray, p: np.ndarray, s: np.ndarray) -> float:
    """JS(P, S) in nats, from the divergences to the mean of both, by quadrature on the grid x."""
    mean = (p + s) / 2
    return float(np.trapezoid(special.rel_entr(p, mean) + special.rel_entr(s, mean), x)) / 2


def estimate(real: np.ndarray, fake: np.ndarray, distance: float) -> tuple[float, float]:
    """The loss of the best discriminator of N(0, 1) and N(distance, 1) from samples [n] and [m], and its error."""
    logit = distance * (distance / 2 - np.concatenate([real, fake]))  # ln p / s
    on_real, on_fake = special.log_expit(logit[: len(real)]), special.log_expit(-logit[len(real) :])
    variance = on_real.var(ddof=1) / len(real) + on_fake.var(ddof=1) / len(fake)
    return float(on_real.mean() + on_fake.mean()), float(np.sqrt(variance))


def enough(parameters: int, eps: float) -> int:
    """N = n ln n / eps^2, the samples that n parameters do not tell from their law."""
    return math.ceil(parameters * math.log(parameters) / eps**2)


def memorised(rng: np.random.Generator, cells: int, samples: int, times: int) -> np.ndarray:
    """Shares of N memorised samples in each of n cells of equal probability: [times, n]."""
    return rng.multinomial(samples, np.full(cells, 1 / cells), times) / samples


def cell_gap(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest difference of means, and the JS divergence in nats, that one value a cell can see: [times] each."""
    even = np.full_like(shares, 1 / shares.shape[-1])
    mean = (shares + even) / 2
    divergence = (special.rel_entr(shares, mean) + special.rel_entr(even, mean)).sum(axis=-1) / 2
    return np.abs(shares - even).sum(axis=-1) / 2, divergence


def interval_gap(points: np.ndarray, intervals: int) -> float:
    """The largest difference of means seen by the indicators of so many intervals, two free parameters each.

    Exact, for N samples of U[0, 1]: intervals begin and end at samples, with a gain of share less length. The sum over
    k of them is largest where the k best pairs of a valley and a later peak are taken, found with one stack.

    Args:
      points: sorted, [N].
      intervals: k.
    """
    n = len(points)
    valleys, peaks = np.arange(n) / n - points, np.arange(1, n + 1) / n - points  # before and after each sample
    gains: list[float] = []
    open_pairs: list[tuple[float, float]] = []
    for valley, peak in zip(valleys.tolist(), peaks.tolist(), strict=True):
        low = valley
        while open_pairs and open_pairs[-1][0] >= low:
            before = open_pairs.pop()
            gains.append(before[1] - before[0])
        while open_pairs and open_pairs[-1][1] <= peak:
            before = open_pairs.pop()
            gains.append(before[1] - low)
            low = before[0]
        open_pairs.append((low, peak))
    gains += [peak - low for low, peak in open_pairs]
    return float(sum(heapq.nlargest(intervals, gains)))


def expected_cell_gap(cells: float, samples: float) -> float:
    """sqrt((n - 1) / (2 pi N)): E |share - 1/n| = sqrt(2 / pi) sd, for several samples a cell."""
    return float(np.sqrt((cells - 1) / (2 * np.pi * samples)))

"""What class labels of an annotator that errs say: its confusion matrix undone, with the matrix' own noise counted.

Where the annotator calls a thing of class i by the name j with chance C_ij, on samples as on real rows, the annotated
fractions of a set are q = C^T pi, and pi = C^-T q those of its classes (Buck and Gart 1966; Hopkins and King 2010).
Rows of C are shares of as many real rows as the class has, none of them known to the annotator.

The interval of theta, any one number below, is a score interval (Wilson 1927): all t of [0, 1] with (estimate - t)^2 <=
z^2 V(t), where V, a quadratic in t, is the delta method's variance when theta = t and all else is in the estimated
proportion. It has two parts, rows of the set and rows of the confusion matrix; with the first alone 85 to 93 % were
covered. With endless rows of a faultless annotator it is Wilson's interval.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gan_probe import types
from gan_probe.stats import proportion, quantiles

__all__ = ["Confusion", "Corrected", "correctness", "distance", "fractions", "measured"]

_METHOD = "score, delta with the confusion matrix"
_MOST_NOISE = 1 / 3
_MOST_STEPS = 2000


class Confusion(NamedTuple):
    """An annotator's errors on rows whose class is known.

    counts: int [K, K], true class by annotated class.   rates: C, rows sum to 1.
    inverse: C^-T [K, K]; None where `reason` says why nothing can be corrected.
    condition: ratio of C's extreme singular values, infinite for a singular one.
    noise: size of the error of C relative to C in its weakest direction; beyond a third nothing is corrected.
    """

    counts: np.ndarray
    rates: np.ndarray
    inverse: np.ndarray | None
    condition: float
    noise: float
    reason: str | None


class Corrected(NamedTuple):
    """Class fractions [K] on the simplex, an interval each, and intervals that hold all at once.

    together: each at 5 % / K (Bonferroni).
    """

    values: np.ndarray
    intervals: list[types.Interval]
    together: list[types.Interval]


def measured(counts: np.ndarray, classes: tuple[str, ...]) -> Confusion:
    """The confusion matrix of counts [K, K], and whether it can be undone.

    It can't where a class has no row, where C is singular (a class that is never annotated), and where its error is
    large against its weakest direction: E|C^-T dC^T|, bounded by the larger of the root of the norm of sum_i Cov_i and
    of the largest trace (Tropp 2015, theorem 6.1.1, without logarithms), Cov_i that of column i, exceeds a third.
    """
    counts = np.asarray(counts, np.float64)
    rows = counts.sum(axis=1)
    empty = [c for c, n in zip(classes, rows, strict=True) if n == 0]
    if empty:
        nan = np.full_like(counts, np.nan)
        return Confusion(counts.astype(int), nan, None, np.inf, np.inf, f"no labelled real row is of {_some(empty)}")
    rates = counts / rows[:, None]
    singular = np.linalg.svd(rates, compute_uv=False)
    condition = float(singular[0] / singular[-1]) if singular[-1] > 1e-12 * singular[0] else np.inf
    if not np.isfinite(condition):
        never = [c for c, n in zip(classes, counts.sum(axis=0), strict=True) if n == 0]
        why = f"the annotator never names {_some(never)}" if never else "the annotator cannot tell some classes apart"
        return Confusion(counts.astype(int), rates, None, condition, np.inf, why)
    inverse = np.linalg.inv(rates.T)
    smooth, total = _smoothed(counts)
    noise_of = [inverse @ proportion.multinomial(p, n) @ inverse.T for p, n in zip(smooth, total, strict=True)]
    noise = float(np.sqrt(max(np.linalg.norm(sum(noise_of), 2), *(np.trace(v) for v in noise_of))))
    reason = None
    if noise > _MOST_NOISE:
        reason = f"the confusion matrix is too near singular for its {int(rows.sum())} rows (noise {noise:.2g})"
    return Confusion(counts.astype(int), rates, None if reason else inverse, condition, noise, reason)


def fractions(annotated: np.ndarray, confusion: Confusion) -> Corrected:
    """Class fractions of a set from its annotated counts [K] >= 0, at least one of them above 0."""
    inverse, total = _inverse(confusion), float(np.sum(annotated))
    values = _on_simplex(np.asarray(annotated, np.float64), confusion)
    z_together = quantiles.normal(0.05 / len(values))
    squares = inverse**2 @ confusion.rates.T
    noise = np.stack([_row_variances(np.broadcast_to(f, confusion.rates.shape), confusion) for f in inverse])
    intervals, together = [], []
    for k, value in enumerate(values):
        this = np.eye(len(values))[k]
        rest = _law(values * (1 - this), 1 - this)

        def variance(t: float, k: int = k, this: np.ndarray = this, rest: np.ndarray = rest) -> float:
            mixture = t * this + (1 - t) * rest
            return float((squares[k] @ mixture - t**2) / total + noise[k] @ mixture**2)

        intervals.append(_score(float(value), variance))
        together.append(_score(float(value), variance, z_together))
    return Corrected(values, intervals, together)


def correctness(table: np.ndarray, confusion: Confusion) -> tuple[float, types.Interval]:
    """Share of right labels in a labelled set: label correctness (000 section 3.4) freed of the annotator's own error.

    Label and true class have the joint law J(t) = t R + (1 - t) W, right labels on the diagonal R, wrong ones W.

    Args:
      table: int [K, K], rows of the set by their label and their annotated class.
    """
    inverse = _inverse(confusion)
    table, total = table.astype(np.float64), float(table.sum())
    value = float(np.clip(np.sum(table * inverse) / total, 0, 1))
    given = table.sum(axis=1)
    truth = np.stack([_on_simplex(row, confusion) * n for row, n in zip(table, given, strict=True)])
    right = _law(np.diag(np.diag(truth)), np.diag(given))
    wrong = _law(truth - np.diag(np.diag(truth)), given[:, None] * (1 - np.eye(len(table))))
    squares = inverse**2 @ confusion.rates.T

    def variance(t: float) -> float:
        joint = t * right + (1 - t) * wrong
        noise = _row_variances(joint.T @ inverse, confusion).sum()
        return (np.sum(squares * joint) - t**2) / total + float(noise)

    return value, _score(value, variance)


def distance(
    *, real: np.ndarray, fake: np.ndarray, n_real: int, n_fake: int, confusion: Confusion, labelled: bool = True
) -> tuple[float, float, types.Interval]:
    """Total variation between the classes of real and the corrected fractions of fake.

    Args:
      real, fake: [K] fractions, of so many rows.
      labelled: whether real's are those of its labels; otherwise they are corrected with the same confusion matrix.

    Returns:
      The plug-in value, what it would be on average for equal laws, and the interval of `proportion.variation`.
    """

    def covariance(p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Of the difference of two sets whose fractions are p (real) and q (fake), [K, K]."""
        inverse = _inverse(confusion)
        smooth, total = _smoothed(confusion.counts)
        exposed = (q if labelled else q - p) / np.sqrt(total)
        weighted = smooth * exposed[:, None]
        annotated = np.diag(exposed**2 @ smooth) - weighted.T @ weighted
        annotated += proportion.multinomial(q @ confusion.rates, n_fake)
        if not labelled:
            annotated += proportion.multinomial(p @ confusion.rates, n_real)
        found = inverse @ annotated @ inverse.T
        return found + proportion.multinomial(p, n_real) if labelled else found

    pooled = (n_real * real + n_fake * fake) / (n_real + n_fake)
    sd = np.sqrt(np.diag(covariance(pooled, pooled)))
    interval = proportion.variation(real - fake, sd, covariance(real, fake))
    return float(np.abs(real - fake).sum() / 2), float(np.sqrt(2 / np.pi) * sd.sum() / 2), interval


def _score(value: float, variance: Callable[[float], float], z: float = quantiles.Z) -> types.Interval:
    """All t of [0, 1] with (value - t)^2 <= z^2 V(t), V the quadratic through three of its values."""
    start, middle, end = (variance(t) for t in (0.0, 0.5, 1.0))
    square, slope = 2 * (start + end - 2 * middle), 4 * middle - 3 * start - end
    stderr = float(np.sqrt(max(variance(value), 0.0)))
    a, b, c = 1 - z**2 * square, value + z**2 * slope / 2, value**2 - z**2 * start
    root = np.sqrt(max(b**2 - a * c, 0.0))
    low, high = ((b - root) / a, (b + root) / a) if a > 0 else (0.0, 1.0)
    return types.Interval(min(max(low, 0.0), value), max(min(high, 1.0), value), stderr, _METHOD, "conservative")


def _on_simplex(counts: np.ndarray, confusion: Confusion) -> np.ndarray:
    """C^-T q where it is a law, else the likeliest law (expectation maximisation); even for no counts."""
    if not counts.any():
        return np.full(len(counts), 1 / len(counts))
    q = counts / counts.sum()
    law = _inverse(confusion) @ q
    if law.min() >= 0:
        return law
    law = np.maximum(law, 1e-3 / len(law))
    law /= law.sum()
    for _ in range(_MOST_STEPS):
        new = law * (confusion.rates @ (q / np.maximum(law @ confusion.rates, np.finfo(float).tiny)))
        law, moved = new / new.sum(), np.abs(new - law).max()
        if moved < 1e-9:
            break
    return law


def _inverse(confusion: Confusion) -> np.ndarray:
    if confusion.inverse is None:
        raise ValueError(f"not to be corrected: {confusion.reason}")
    return confusion.inverse


def _smoothed(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rates [K, K] and rows [K] with z^2 rows spread over each class (Agresti and Coull 1998): errors unseen so far."""
    prior = quantiles.Z**2 / counts.shape[1]
    total = counts.sum(axis=1) + quantiles.Z**2
    return (counts + prior) / total[:, None], total


def _row_variances(functionals: np.ndarray, confusion: Confusion) -> np.ndarray:
    """Variances [K] of sum_j functionals_ij C_ij over draws of each row i of the confusion matrix.

    With z^2/2 further rows at either end of each functional (for two classes Agresti and Coull's interval): an error
    that 50 rows of a common class did not show may fill a rare one. z^2 rows spread evenly covered 87 % there.
    """
    total = confusion.counts.sum(axis=1) + quantiles.Z**2
    ends = np.stack([functionals.min(axis=1), functionals.max(axis=1)])

    def mean(of: np.ndarray, at_ends: np.ndarray) -> np.ndarray:
        return (np.sum(confusion.counts * of, axis=1) + quantiles.Z**2 / 2 * at_ends.sum(axis=0)) / total

    return (mean(functionals**2, ends**2) - mean(functionals, ends) ** 2) / total


def _law(weights: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Weights that sum to 1; where all are 0, those of `otherwise`."""
    return weights / weights.sum() if weights.sum() > 0 else otherwise / otherwise.sum()


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

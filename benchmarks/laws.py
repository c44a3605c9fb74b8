"""Pairs of laws that coverage is simulated on: what real (and train) and fake are drawn from, with the moments known.

They are other laws than those that the intervals were chosen on: heavy tails, correlated features, digits with classes
dropped, few atoms with one heavy one, a memoriser; and pairs of identical laws. One function a law.
"""

import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from sklearn import datasets

__all__ = ["LAWS", "Draw", "Law", "Source"]


class Draw(NamedTuple):
    """features: float32 [n, d]. labels: int [n] class of each row, None where the law has no classes."""

    features: np.ndarray
    labels: np.ndarray | None


class Source(NamedTuple):
    """What one set is drawn from.

    draw(rng, n): n independent rows.
    mean: [d]. covariance: [d, d]. third: [d, d, d] E x x x, None where it does not exist.
    fractions: [c] chance of each class, None without classes.
    """

    draw: Callable[[np.random.Generator, int], Draw]
    mean: np.ndarray
    covariance: np.ndarray
    third: np.ndarray | None
    fractions: np.ndarray | None = None


class Law(NamedTuple):
    """A pair of sources; train is drawn from `real` anew each time, or is `train` where the generator grew from it.

    threshold: distance of the birthday test; 0 leaves it calibrated on real, the default.
    """

    about: str
    real: Source
    fake: Source
    train: np.ndarray | None = None
    threshold: float = 0.0


def heavy_tails(scale: float = 1.2) -> Law:
    about = f"Student's t with 3 degrees of freedom, d=8, fake {f'scaled by {scale}' if scale != 1 else 'the same law'}"
    return Law(about, _student(8, 1.0), _student(8, scale))


def correlated(rho: float = 0.8) -> Law:
    about = f"Gaussian, d=8, correlation 0.9^lag, fake {f'{rho}^lag' if rho != 0.9 else 'the same law'}"
    lags = np.abs(np.subtract.outer(np.arange(8), np.arange(8)))
    return Law(about, _gaussian(0.9**lags), _gaussian(rho**lags))


def shrunk() -> Law:
    return Law("Gaussian, d=32, fake of 0.9 times the deviation", _gaussian(np.eye(32)), _gaussian(0.81 * np.eye(32)))


def clusters() -> Law:
    angle = 2 * np.pi * np.arange(6) / 6
    means = 4 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    real, fake = np.array([5.0, 5, 5, 5, 2, 2]), np.array([8, 5, 5, 1, 2, 0.2])
    about = "six clusters, d=2, fake of other weights, one cluster nearly gone"
    of = np.arange(6)
    return Law(about, _mixture(means, real, 0.5, of), _mixture(means, fake, 0.5, of), threshold=0.07)


def atoms() -> Law:
    means = np.random.default_rng(1).standard_normal((300, 8))
    heavy = np.where(np.arange(300) < 100, 1.0, 0.0)
    heavy[0] = 10.0
    of = np.arange(300) % 5
    real, fake = _mixture(means, np.ones(300), 1e-3, of), _mixture(means, heavy, 1e-3, of)
    about = "300 atoms, d=8, jitter 1e-3; fake has 100 of them, one ten times as heavy"
    return Law(about, real, fake, threshold=0.1)


def memoriser() -> Law:
    real = _gaussian(np.eye(8))
    train = real.draw(np.random.default_rng(2), 500).features
    fake = _mixture(train.astype(np.float64), np.ones(len(train)), 0.5, None)
    return Law("Gaussian, d=8; fake is a fixed train set with noise of 0.5", real, fake, train)


def digits(dropped: tuple[int, ...] = (3, 7)) -> Law:
    about = f"digits, d=64, resampled with noise of 0.05, fake {f'without {dropped}' if dropped else 'the same law'}"
    images, labels = datasets.load_digits(return_X_y=True)
    keep = ~np.isin(labels, dropped)
    rows = images / 16
    return Law(
        about, _mixture(rows, np.ones(len(rows)), 0.05, labels), _mixture(rows, keep.astype(float), 0.05, labels)
    )


LAWS: Mapping[str, Callable[[], Law]] = {
    "heavy_tails": heavy_tails,
    "correlated": correlated,
    "shrunk": shrunk,
    "clusters": clusters,
    "atoms": atoms,
    "memoriser": memoriser,
    "digits_dropped": digits,
    "heavy_tails_same": functools.partial(heavy_tails, 1.0),
    "correlated_same": functools.partial(correlated, 0.9),
    "digits_same": functools.partial(digits, ()),
}


def _student(dim: int, scale: float) -> Source:
    def draw(rng, n):
        return Draw((scale * rng.standard_t(3, (n, dim))).astype(np.float32), None)

    return Source(draw, np.zeros(dim), 3 * scale**2 * np.eye(dim), None)


def _gaussian(covariance: np.ndarray) -> Source:
    dim = len(covariance)
    factor = np.linalg.cholesky(covariance)

    def draw(rng, n):
        return Draw((rng.standard_normal((n, dim)) @ factor.T).astype(np.float32), None)

    return Source(draw, np.zeros(dim), covariance, np.zeros((dim, dim, dim)))


def _mixture(means: np.ndarray, weights: np.ndarray, noise: float, labels: np.ndarray | None) -> Source:
    """Gaussians of deviation `noise` around [k, d] means, each drawn in proportion to its weight."""
    p = weights / weights.sum()
    dim = means.shape[1]
    mean = p @ means
    second = (p * means.T) @ means
    third = ((p * means.T) @ (means[:, :, None] * means[:, None, :]).reshape(len(means), -1)).reshape(dim, dim, dim)
    spread = np.einsum("i,jk->ijk", mean, noise**2 * np.eye(dim))
    third = third + spread + spread.transpose(1, 0, 2) + spread.transpose(2, 1, 0)

    def draw(rng, n):
        at = rng.choice(len(means), n, p=p)
        rows = means[at] + noise * rng.standard_normal((n, dim))
        return Draw(rows.astype(np.float32), None if labels is None else labels[at])

    fractions = None if labels is None else np.bincount(labels, weights=p)
    return Source(draw, mean, second - np.outer(mean, mean) + noise**2 * np.eye(dim), third, fractions)

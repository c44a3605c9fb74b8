"""Laws to simulate on and the judgement of a simulated coverage.

The laws are other ones than those the intervals were chosen on: heavy tails, correlated features, a collapsed source,
images of digits with classes dropped, and pairs of identical laws.
"""

import collections
import functools
from collections.abc import Callable

import numpy as np
import pytest
from sklearn import datasets

from gan_probe import types

Draw = Callable[[np.random.Generator, int, int], tuple[np.ndarray, np.ndarray]]


def heavy(rng, n, m, scale=1.2):
    return rng.standard_t(3, (n, 4)), scale * rng.standard_t(3, (m, 4))


def correlated(rng, n, m, rho=0.8):
    lags = np.abs(np.subtract.outer(np.arange(12), np.arange(12)))
    x = rng.standard_normal((n, 12)) @ np.linalg.cholesky(0.9**lags).T
    return x, rng.standard_normal((m, 12)) @ np.linalg.cholesky(rho**lags).T


def collapsed(rng, n, m):
    return rng.standard_normal((n, 5)), 0.3 * rng.standard_normal((m, 5))


@functools.cache
def digit_images():
    return datasets.load_digits(return_X_y=True)


def digits(rng, n, m, dropped=(3, 7)):
    images, labels = digit_images()
    pool = np.flatnonzero(~np.isin(labels, dropped))
    rows, columns = rng.integers(0, len(images), n), rng.choice(pool, m)
    return tuple(images[i] / 16 + 0.05 * rng.standard_normal((len(i), 64)) for i in (rows, columns))


def hubs(rng, n, m):
    """Thirty dimensions of heavy tails: a few central rows are among everyone's neighbours."""
    return rng.standard_t(3, (n, 30)), rng.standard_t(3, (m, 30))


LAWS: dict[str, Draw] = {
    "heavy": heavy,
    "correlated": correlated,
    "collapsed": collapsed,
    "hubs": hubs,
    "digits_dropped": digits,
    "heavy_same": lambda rng, n, m: heavy(rng, n, m, scale=1.0),
    "correlated_same": lambda rng, n, m: correlated(rng, n, m, rho=0.9),
    "digits_same": lambda rng, n, m: digits(rng, n, m, dropped=()),
}


@pytest.fixture
def draw() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """draw(law, rng, n, m) -> x [n, d], y [m, d]."""
    return lambda law, rng, n, m: LAWS[law](rng, n, m)


@pytest.fixture
def coverage() -> Callable[..., float]:
    """coverage(intervals, truth) -> share of them that hold the truth; prints it and asserts what their kind promises.

    The promise is 92..98 % for exact intervals (one_sided: up to 100 % where the truth sits at the end of its range)
    and at least 92 % for conservative ones; approximate ones promise nothing, and are held to 85 %. Each with 3 sigma
    of Monte-Carlo error at this number of replications.
    """

    def check(intervals: list[types.Interval], truth: float, label: str = "", one_sided: bool = False) -> float:
        hits = [(i.low is None or i.low <= truth) and (i.high is None or truth <= i.high) for i in intervals]
        share = float(np.mean(hits))
        kinds = collections.Counter(i.kind for i in intervals)
        kind = kinds.most_common(1)[0][0]
        print(f"coverage {label}: {100 * share:.1f} % of {len(hits)} ({kind})")
        error = 3 / np.sqrt(len(hits))
        floor = 0.85 if kind == "approximate" else 0.92
        assert share >= floor - error * np.sqrt(floor * (1 - floor)), label
        if kind == "exact" and not one_sided:
            assert share <= 0.98 + error * np.sqrt(0.98 * 0.02), label
        return share

    return check

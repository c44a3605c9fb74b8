import numpy as np
import pytest

from gan_probe import types
from gan_probe.metrics import kid


def by_brute_force(x, y, degree, gamma, coef):
    """Unbiased MMD^2, one kernel value after the other."""

    def k(a, b):
        return (gamma * float(np.dot(a.astype(np.float64), b.astype(np.float64))) + coef) ** degree

    n, m = len(x), len(y)
    xx = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    yy = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    xy = sum(k(a, b) for a in x for b in y) / (n * m)
    return xx + yy - 2 * xy, max(xx, yy, xy)


@pytest.mark.parametrize("copies", [False, True])
@pytest.mark.parametrize("switches", [{}, {"degree": 2, "gamma": 0.3, "coef": 0.5}])
def test_against_brute_force(estimate, switches, copies):
    """Means far from zero: the kernel is of the features as given."""
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((45, 6)) + 1).astype(np.float32)
    y = (1.2 * rng.standard_normal((38, 6)) + 1.2).astype(np.float32)
    if copies:
        x, y = x[rng.integers(0, 15, 45)], y[rng.integers(0, 12, 38)]
        y[:5] = x[:5]
    found = estimate(kid.kid(**switches), real=x, fake=y)
    settings = {"degree": 3, "gamma": 1 / 6, "coef": 1.0} | switches
    value, largest = by_brute_force(x, y, **settings)
    assert found.value == pytest.approx(value, abs=1e-6 * largest)


def test_unbiased_under_equal_laws(estimate):
    """Negative as often as positive: the mean of many is 0 within its error."""
    rng = np.random.default_rng(0)
    found = [
        estimate(kid.kid(), real=rng.standard_normal((60, 3)), fake=rng.standard_normal((60, 3))) for _ in range(25)
    ]
    values = np.array([f.value for f in found])
    assert abs(values.mean()) < 4 * values.std() / 5
    assert (values < 0).any() and (values > 0).any()
    assert all(f.interval.low >= 0 for f in found)


def test_a_shift_is_significant(estimate):
    rng = np.random.default_rng(0)
    found = estimate(kid.kid(), real=rng.standard_normal((60, 3)), fake=rng.standard_normal((60, 3)) + 1)
    assert found.interval.low > 0


def test_switches_are_checked():
    with pytest.raises(types.UserError, match="degree"):
        kid.kid(degree=0)

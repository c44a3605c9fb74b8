import numpy as np
import pytest

from gan_probe.metrics import rke


def by_brute_force(y, sigma):
    """1 / mean K^2 by loops, and exp of the order-2 Renyi entropy of the eigenvalues of K/n."""
    n = len(y)
    k = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            gap = y[i].astype(np.float64) - y[j].astype(np.float64)
            k[i, j] = np.exp(-np.dot(gap, gap) / (2 * sigma**2))
    return n**2 / (k**2).sum(), 1 / (np.linalg.eigvalsh(k / n) ** 2).sum()


@pytest.mark.parametrize("copies", [False, True])
def test_against_brute_force(estimate, copies):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((40, 4)), (rng.standard_normal((31, 4)) + 5).astype(np.float32)
    if copies:
        y = y[rng.integers(0, 9, 31)]
    found = estimate(rke.rke(bandwidth=(1.5, 0.7)), real=x, fake=y)
    for entry in found.detail["bandwidths"]:
        loops, eigen = by_brute_force(y, entry["bandwidth"])
        assert entry["value"] == pytest.approx(loops, rel=1e-5) and loops == pytest.approx(eigen)
        assert entry["real"] == pytest.approx(by_brute_force(x.astype(np.float32), entry["bandwidth"])[0], rel=1e-5)
    assert found.value == found.detail["bandwidths"][0]["value"]
    assert found.detail["ratio_to_real"]["value"] == pytest.approx(found.value / found.detail["real"])


def test_separate_modes_are_counted(estimate):
    """Copies of m far points in unequal shares: 1 / sum p^2."""
    rng = np.random.default_rng(0)
    fake = np.repeat(100.0 * np.eye(4), [10, 20, 30, 40], axis=0)
    found = estimate(rke.rke(bandwidth=1.0), real=rng.standard_normal((50, 4)), fake=fake)
    assert found.value == pytest.approx(1 / np.sum(np.array([0.1, 0.2, 0.3, 0.4]) ** 2))
    assert found.detail["real"] > found.value


def test_limits_of_the_range(estimate):
    """Rows all alike count one, rows all apart as many as there are."""
    real, apart = np.eye(12), 1e3 * np.eye(12)
    alike = estimate(rke.rke(bandwidth=1.0), real=real, fake=np.ones((9, 12)))
    assert alike.value == 1 and alike.interval[:3] == (1, 1, 0)
    found = estimate(rke.rke(bandwidth=1.0), real=real, fake=apart)
    assert found.value == pytest.approx(12) and found.interval.low == pytest.approx(12)


def test_scale(estimate):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((40, 4)), rng.standard_normal((35, 4))
    one, two = (estimate(rke.rke(bandwidth=s), real=s * x, fake=s * y) for s in (1.0, 50.0))
    assert one.value == pytest.approx(two.value, rel=1e-5)


def test_standard_error_is_the_jackknifes(estimate):
    rng = np.random.default_rng(2)
    y = rng.standard_normal((200, 3)).astype(np.float32)
    found = estimate(rke.rke(bandwidth=1.0), real=y, fake=y)
    d2 = ((y[:, None].astype(np.float64) - y) ** 2).sum(axis=-1)
    k2 = np.exp(-d2)
    n = len(y)
    without = [(n - 1) ** 2 / np.delete(np.delete(k2, i, 0), i, 1).sum() for i in range(n)]
    assert found.interval.stderr == pytest.approx(np.sqrt((n - 1) * np.var(without)), rel=0.05)

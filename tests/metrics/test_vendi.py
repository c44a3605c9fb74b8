import numpy as np
import pytest

from gan_probe import types
from gan_probe.metrics import vendi


def by_kernel(x, q=1.0):
    """exp of the Renyi entropy of the eigenvalues of K/n, from the n x n kernel."""
    x = np.asarray(x, np.float64)
    k = np.empty((len(x), len(x)))
    for i in range(len(x)):
        for j in range(len(x)):
            k[i, j] = np.dot(x[i], x[j]) / (np.linalg.norm(x[i]) * np.linalg.norm(x[j]))
    p = np.linalg.eigvalsh(k / len(x))
    p = p[p > 1e-12]
    if q == 1:
        return np.exp(-np.sum(p * np.log(p)))
    return 1 / p.max() if np.isinf(q) else np.sum(p**q) ** (1 / (1 - q))


def rows(n, d, seed=0):
    return (np.random.default_rng(seed).standard_normal((n, d)) + 0.5).astype(np.float32)


@pytest.mark.parametrize("d", [5, 80])
@pytest.mark.parametrize("q", [1.0, 2.0, 0.5, np.inf])
def test_against_the_kernel(estimate, d, q):
    """More rows than features goes through the second moment, fewer through the kernel; d=5 against d=80."""
    x, y = rows(60, d), rows(40, d, seed=1)
    found = estimate(vendi.vendi(q=q), real=x, fake=y)
    assert found.value == pytest.approx(by_kernel(y, q), rel=1e-5)
    assert found.detail["real"] == pytest.approx(by_kernel(x, q), rel=1e-5)
    assert found.detail["ratio_to_real"]["value"] == pytest.approx(found.value / found.detail["real"])
    for entry in found.detail["orders"]:
        assert entry["value"] == pytest.approx(by_kernel(y, float(entry["q"])), rel=1e-5)


def with_kernel(k):
    """Unit rows whose dot products are k."""
    w, v = np.linalg.eigh(k)
    return v * np.sqrt(np.maximum(w, 0))


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        (np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]]), 2.1573),
        (np.exp(-np.abs(np.subtract.outer(*2 * [np.repeat([0.0, 10.0, 20.0], 2)]))), 2.9999),
    ],
)
def test_values_of_its_readme(estimate, kernel, expected):
    """The second one is printed there cut off, not rounded: 2.99999."""
    x = with_kernel(kernel)
    assert estimate(vendi.vendi(), real=x, fake=x).value == pytest.approx(expected, abs=1.01e-4)
    many = np.tile(x, (9, 1))  # through the second moment
    assert estimate(vendi.vendi(), real=many, fake=many).value == pytest.approx(expected, abs=1.01e-4)


def test_kinds_in_shares(estimate):
    """Three orthogonal kinds: exp entropy of the shares, whatever the lengths of the rows."""
    p = np.array([0.5, 0.3, 0.2])
    x = np.repeat(np.eye(3), (100 * p).astype(int), axis=0) * np.random.default_rng(0).uniform(0.1, 9, (100, 1))
    found = estimate(vendi.vendi(), real=x, fake=x)
    assert found.value == pytest.approx(np.exp(-np.sum(p * np.log(p))), rel=1e-5)
    orders = {str(o["q"]): o["value"] for o in found.detail["orders"]}
    assert orders["2.0"] == pytest.approx(1 / np.sum(p**2)) and orders["inf"] == pytest.approx(2)


def test_duplicates_change_nothing(estimate):
    x = rows(30, 6)
    one, two = (estimate(vendi.vendi(), real=x, fake=y).value for y in (x, np.tile(x, (3, 1))))
    assert one == pytest.approx(two, rel=1e-5)


def test_rows_of_zeros_are_one_kind(estimate):
    x = np.concatenate([np.tile([3.0, 0.0], (10, 1)), np.zeros((10, 2))])
    for fake in (x, x[9:11]):
        assert estimate(vendi.vendi(), real=x, fake=fake).value == pytest.approx(2)
    black = estimate(vendi.vendi(), real=x, fake=np.zeros((5, 2)))
    assert black.value == pytest.approx(1) and black.interval.low == pytest.approx(1)


@pytest.mark.parametrize("q", [1.0, 2.0])
def test_standard_error_is_the_jackknifes(estimate, q):
    y = rows(200, 4) * [1, 1, 3, 0.3]
    found = estimate(vendi.vendi(q=q), real=y, fake=y)
    unit = y / np.linalg.norm(y, axis=1, keepdims=True)

    def score(z):
        p = np.linalg.eigvalsh(z.T @ z / len(z))
        return np.exp(-np.sum(p * np.log(p))) if q == 1 else 1 / np.sum(p**2)

    without = [score(np.delete(unit, i, axis=0)) for i in range(len(unit))]
    assert found.interval.stderr == pytest.approx(np.sqrt((len(y) - 1) * np.var(without)), rel=0.03)


@pytest.mark.parametrize("q", [0.0, -1.0, float("nan")])
def test_switch_is_checked(q):
    with pytest.raises(types.UserError, match="q"):
        vendi.vendi(q=q)

import numpy as np
import pytest

from gan_probe.stats import influence, renyi


def number(p, q):
    p = p[p > 0]
    if q == 1:
        return np.exp(-np.sum(p * np.log(p)))
    return 1 / p.max() if np.isinf(q) else np.sum(p**q) ** (1 / (1 - q))


@pytest.mark.parametrize("q", [0.5, 1.0, 2.0, 7.0, 200.0, np.inf])
def test_value_and_slope(q):
    """Derivatives along the simplex by central differences; a p of 0 has none."""
    p = np.array([0.4, 0.3, 0.2, 0.1, 0.0])
    value, slope = renyi.log_number(p, q)
    assert np.exp(value) == pytest.approx(number(p, q), rel=1e-9)
    for i, j in ((0, 1), (0, 2), (1, 3), (2, 3)):
        step = np.zeros(5)
        step[i], step[j] = 1e-6, -1e-6
        difference = (np.log(number(p + step, q)) - np.log(number(p - step, q))) / 2e-6
        assert slope[i] - slope[j] == pytest.approx(difference, rel=1e-4, abs=1e-7)
    assert slope[4] == 0


def test_equal_shares_are_counted():
    for q in (0.3, 1.0, 2.0, np.inf):
        assert renyi.log_number(np.full(8, 1 / 8), q)[0] == pytest.approx(np.log(8))


def test_influence_is_a_derivative():
    """Adding a little weight to one row moves the number of the weighted second moment as its influence says."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 4)) * [1, 2, 3, 4]

    def log_number(weights):
        w = np.linalg.eigvalsh((x.T * weights) @ x)
        return renyi.log_number(w / w.sum(), 1.0)[0]

    even = np.full(50, 1 / 50)
    w, v = np.linalg.eigh((x.T * even) @ x)
    p = w / w.sum()
    found = renyi.influence((x @ v) ** 2 / w.sum(), p, renyi.log_number(p, 1.0)[1])
    assert found.mean() == pytest.approx(0, abs=1e-12)
    for i in range(0, 50, 7):
        step = 1e-6 * (np.eye(50)[i] - even)
        assert found[i] == pytest.approx((log_number(even + step) - log_number(even - step)) / 2e-6, rel=1e-5)


@pytest.mark.parametrize("law", ["heavy", "correlated", "collapsed", "digits_dropped"])
def test_coverage(draw, coverage, law):
    """Effective rank, around its mean at these sizes; without four moments (heavy) no interval covers."""
    found = []
    for seed in range(200):
        _, y = draw(law, np.random.default_rng(seed), 5, 300)
        y = y - y.mean(axis=0)
        w, v = np.linalg.eigh(y.T @ y)
        value, slope = renyi.log_number(w / w.sum(), 1.0)
        effects = renyi.influence((y @ v) ** 2 * len(y) / w.sum(), w / w.sum(), slope)
        found.append((value, influence.variance(effects) ** 0.5))
    truth = float(np.mean(np.exp([value for value, _ in found])))
    intervals = [renyi.interval(*f) for f in found]
    if law == "heavy":
        with pytest.raises(AssertionError):
            coverage(intervals, truth, f"effective rank {law}")
    else:
        coverage(intervals, truth, f"effective rank {law}")

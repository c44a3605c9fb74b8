import numpy as np
import pytest

from gan_probe import types
from gan_probe.metrics import mmd_rbf, rke


def by_brute_force(x, y, sigma):
    """Unbiased MMD^2 and the one with diagonals, one kernel value after the other."""

    def k(a, b):
        gap = a.astype(np.float64) - b.astype(np.float64)
        return float(np.exp(-np.dot(gap, gap) / (2 * sigma**2)))

    n, m = len(x), len(y)
    xx = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j)
    yy = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j)
    xy = sum(k(a, b) for a in x for b in y) / (n * m)
    return xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * xy, (xx + n) / n**2 + (yy + m) / m**2 - 2 * xy


def sets(copies=False):
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((45, 6)) + 30).astype(np.float32)
    y = (1.2 * rng.standard_normal((38, 6)) + 30.2).astype(np.float32)
    if copies:
        x, y = x[rng.integers(0, 15, 45)], y[rng.integers(0, 12, 38)]
        y[:5] = x[:5]
    return x, y


@pytest.mark.parametrize("copies", [False, True])
def test_against_brute_force(estimate, copies):
    """Several bandwidths in one pass, the first is the value; far from the origin."""
    x, y = sets(copies)
    found = estimate(mmd_rbf.mmd_rbf(bandwidth=(2.5, 10)), real=x, fake=y)
    listed = found.detail["bandwidths"]
    assert [b["bandwidth"] for b in listed] == [2.5, 10]
    for entry in listed:
        unbiased, whole = by_brute_force(x, y, entry["bandwidth"])
        assert entry["value"] == pytest.approx(unbiased, abs=2e-6)
        assert entry["times_1000"] == pytest.approx(1000 * unbiased, abs=2e-3)
        assert entry["times_1000_with_diagonal"] == pytest.approx(1000 * whole, abs=2e-3)
    assert found.value == listed[0]["value"] and list(found.interval[:2]) == listed[0]["ci95"]


def test_median_bandwidth(given):
    x, y = sets()
    inputs = given(real=x, fake=y)
    d = np.sqrt(((x[:, None].astype(np.float64) - x) ** 2).sum(axis=-1))[np.triu_indices(45, 1)]
    one, two = mmd_rbf.mmd_rbf(), mmd_rbf.mmd_rbf(bandwidth=float(np.median(d)))
    inputs.stream(one, two)
    assert one.finish(inputs).value == pytest.approx(two.finish(inputs).value, rel=1e-3)
    assert one.finish(inputs).value == pytest.approx(by_brute_force(x, y, np.median(d))[0], abs=2e-6)


def test_symmetry_and_scale(estimate):
    x, y = sets()
    one = estimate(mmd_rbf.mmd_rbf(bandwidth=2.0), real=x, fake=y)
    assert estimate(mmd_rbf.mmd_rbf(bandwidth=2.0), real=y, fake=x).value == pytest.approx(one.value, abs=2e-6)
    wide = estimate(mmd_rbf.mmd_rbf(bandwidth=8.0), real=4 * x, fake=4 * y)
    assert wide.value == pytest.approx(one.value, abs=2e-6)


def test_closed_form_of_two_gaussians(estimate):
    """E k = (s^2 / (s^2 + a + b))^(d/2) exp(-|gap|^2 / 2 (s^2 + a + b)) for variances a and b."""
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((1500, 3)), 2 * rng.standard_normal((1200, 3)) + 1
    found = estimate(mmd_rbf.mmd_rbf(bandwidth=2.0), real=x, fake=y)
    k = {v: (4 / (4 + v)) ** 1.5 for v in (2, 5, 8)}
    truth = k[2] + k[8] - 2 * k[5] * np.exp(-3 / 18)
    assert found.interval.low < truth < found.interval.high
    assert found.value == pytest.approx(truth, rel=0.15)


def test_sets_of_copies(estimate):
    same = np.full((6, 3), 7, np.float32)
    found = estimate(mmd_rbf.mmd_rbf(), real=same, fake=same)
    assert found.value == 0 and found.interval.low == found.interval.high == 0
    apart = estimate(mmd_rbf.mmd_rbf(bandwidth=1.0), real=same, fake=same + 20)
    assert apart.value == pytest.approx(2)


def test_one_pass_serves_rke_too(given):
    x, y = sets()
    inputs = given(real=x, fake=y)
    alone = inputs.stream(mmd_rbf.mmd_rbf())
    assert sorted(p[:2] for p in alone) == [("fake", "fake"), ("fake", "real"), ("real", "real")]
    assert inputs.stream(rke.rke()) == []


@pytest.mark.parametrize("bandwidth", [0, -1.0, "mean", "1,", (), (1.0, "x"), float("nan"), float("inf"), True])
def test_switch_is_checked(bandwidth):
    for make in (mmd_rbf.mmd_rbf, rke.rke):
        with pytest.raises(types.UserError, match="bandwidth"):
            make(bandwidth=bandwidth)


def test_texts_with_commas(given):
    x, y = sets()
    inputs = given(real=x, fake=y)
    metric = mmd_rbf.mmd_rbf(bandwidth="10,median")
    inputs.stream(metric)
    listed = metric.finish(inputs).detail["bandwidths"]
    assert [b["bandwidth"] for b in listed] == [10, pytest.approx(inputs.shape.scale**0.5)]


def test_a_bandwidth_below_rounding_is_warned_of(estimate):
    x, y = sets()
    assert "float32" in estimate(mmd_rbf.mmd_rbf(bandwidth=1e-3), real=x, fake=y).detail["warning"]
    assert "warning" not in estimate(mmd_rbf.mmd_rbf(bandwidth=2.0), real=x, fake=y).detail

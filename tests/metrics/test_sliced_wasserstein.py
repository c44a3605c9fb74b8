import numpy as np
import pytest
from scipy import stats

from gan_probe import types
from gan_probe.metrics import sliced_wasserstein


def by_definition(x, y, along, order):
    """Quantile functions walked from jump to jump, one direction after the other."""
    total = 0.0
    for direction in along.T.astype(np.float64):
        a, b = sorted(x @ direction), sorted(y @ direction)
        i = j = 0
        at = 0.0
        while i < len(a) and j < len(b):
            to = min((i + 1) / len(a), (j + 1) / len(b))
            total += (to - at) * abs(a[i] - b[j]) ** order
            at, i, j = to, i + (to >= (i + 1) / len(a) - 1e-12), j + (to >= (j + 1) / len(b) - 1e-12)
    return (total / along.shape[1]) ** (1 / order)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("sizes", [(30, 30), (30, 24), (7, 20)])
def test_by_definition(estimate, sizes, order):
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((n, 4)) + 100 for n in sizes)  # far from the origin: rows are centred first
    y[:5] = x[:5]
    found = estimate(sliced_wasserstein.sliced_wasserstein(order=order, projections=20), real=x, fake=y)
    along = sliced_wasserstein.directions(4, 20, 0)
    expected = by_definition(
        x.astype(np.float32).astype(np.float64), y.astype(np.float32).astype(np.float64), along, order
    )
    assert found.value == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("sizes", [(50, 50), (50, 35)])
def test_pot_agrees(estimate, sizes, order):
    ot = pytest.importorskip("ot")
    rng = np.random.default_rng(1)
    x, y = (rng.standard_normal((n, 6)).astype(np.float32) * s for n, s in zip(sizes, (1, 1.5), strict=True))
    along = sliced_wasserstein.directions(6, 40, 0).astype(np.float64)
    expected = ot.sliced_wasserstein_distance(x.astype(float), y.astype(float), projections=along, p=order)
    found = estimate(sliced_wasserstein.sliced_wasserstein(order=order, projections=40), real=x, fake=y)
    assert found.value == pytest.approx(float(expected), rel=1e-5)


def test_scipy_agrees_in_one_dimension(estimate):
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((40, 1)).astype(np.float32), rng.standard_exponential((55, 1)).astype(np.float32)
    found = estimate(sliced_wasserstein.sliced_wasserstein(order=1, projections=3), real=x, fake=y)
    assert found.value == pytest.approx(stats.wasserstein_distance(x[:, 0], y[:, 0]), rel=1e-5)


def test_a_shift_costs_its_length_along_every_direction(estimate):
    """W_2 of a set and its shift by v is |v.theta|: over directions |v| / sqrt(d) in the mean of squares."""
    x = np.random.default_rng(0).standard_normal((60, 5))
    shift = np.array([3.0, 0, 0, 4.0, 0])
    found = estimate(sliced_wasserstein.sliced_wasserstein(), real=x, fake=x + shift)
    along = sliced_wasserstein.directions(5, 512, 0).astype(np.float64)
    assert found.value == pytest.approx(np.sqrt(np.mean((shift @ along) ** 2)), rel=1e-5)
    assert found.value == pytest.approx(5 / np.sqrt(5), rel=0.1)
    assert found.interval.low > found.detail["null_expectation"] > 0


def test_mind_of_torch_fidelity(estimate):
    """Its Monge inception distance is 3 d SW_2^2: 0 of equal sets, symmetric, 3 d mu^2 of a shift of all features."""
    metric = sliced_wasserstein.sliced_wasserstein(projections=1000)
    rng = np.random.default_rng(11)
    x, y = rng.standard_normal((800, 64)), rng.standard_normal((800, 64))

    def mind(real, fake):
        return 3 * 64 * estimate(metric, real=real, fake=fake).value ** 2

    assert mind(x, x) == 0
    one, three = mind(x, y + 1), mind(x, y + 3)
    assert one == pytest.approx(3 * 64, rel=0.1) and three == pytest.approx(3 * 64 * 9, rel=0.1)
    assert mind(y + 1, x) == pytest.approx(one, rel=1e-5)
    assert mind(x, y[:500] + 1) == pytest.approx(3 * 64, rel=0.1)  # of unequal sizes it takes all rows


def test_scale_symmetry_and_identity(estimate):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((50, 3)), rng.standard_normal((40, 3)) + 0.5
    metric = sliced_wasserstein.sliced_wasserstein(projections=50)
    found, turned, scaled = (estimate(metric, real=a, fake=b) for a, b in ((x, y), (y, x), (8 * x, 8 * y)))
    assert turned.value == pytest.approx(found.value, rel=1e-5)
    assert turned.interval.high == pytest.approx(found.interval.high, rel=1e-4)
    assert scaled.value == pytest.approx(8 * found.value, rel=1e-5)
    assert estimate(metric, real=x, fake=x[::-1]).value == 0
    assert estimate(metric, real=np.repeat(x, 3, axis=0), fake=x).value == pytest.approx(0, abs=1e-6)
    flat = estimate(metric, real=np.ones((9, 3)), fake=np.ones((7, 3)))
    assert flat.value == flat.detail["null_expectation"] == 0


def test_equal_laws_lie_at_the_null_expectation(estimate):
    rng = np.random.default_rng(0)
    found = [
        estimate(
            sliced_wasserstein.sliced_wasserstein(projections=40),
            real=rng.standard_normal((80, 4)), fake=rng.standard_normal((60, 4)),
        )
        for _ in range(20)
    ]  # fmt: skip
    values, null = np.array([(f.value, f.detail["null_expectation"]) for f in found]).T
    assert null.mean() == pytest.approx(values.mean(), rel=0.15)


def test_chunks_of_directions_change_nothing(estimate, monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((50, 3)), rng.standard_normal((40, 3))
    metric = sliced_wasserstein.sliced_wasserstein(projections=33)
    whole = estimate(metric, real=x, fake=y)
    monkeypatch.setattr(sliced_wasserstein, "_NUMBERS", 90 * 7)
    monkeypatch.setattr(sliced_wasserstein, "_ROWS", 16)
    pieces = estimate(metric, real=x, fake=y)
    assert pieces.value == pytest.approx(whole.value, rel=1e-6)
    assert pieces.interval[:3] == pytest.approx(whole.interval[:3], rel=1e-5)
    assert pieces.detail["null_expectation"] == pytest.approx(whole.detail["null_expectation"], rel=1e-5)


def test_switches_are_checked():
    for switches in ({"order": 3}, {"order": 0}, {"projections": 0}):
        with pytest.raises(types.UserError, match=next(iter(switches))):
            sliced_wasserstein.sliced_wasserstein(**switches)

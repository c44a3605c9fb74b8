import numpy as np
import pytest
from scipy import stats

from gan_probe.stats import transport


@pytest.mark.parametrize("sizes", [(20, 20), (20, 33), (9, 4)])
def test_cost_against_scipy(sizes):
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((6, n)) for n in sizes)
    expected = np.mean([stats.wasserstein_distance(a, b) for a, b in zip(x, y, strict=True)])
    assert transport.cost(x, y, 1) == pytest.approx(expected)
    assert transport.transport(x, y, 1).cost == pytest.approx(expected)
    assert transport.transport(x, y, 2).cost == pytest.approx(transport.cost(x, y, 2))


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("sizes", [(200, 200), (200, 300)])
def test_potential_is_the_influence_of_a_row(sizes, order):
    """d cost / d weight of a row, with a hundredth of one more copy of it: every row is given 100, one of them 101."""
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((1, sizes[0])), 1.5 * rng.standard_normal((1, sizes[1])) + 0.3
    found = transport.transport(x, y, order)
    n, share = sizes[0], 1 / 100
    for at, z, other, potential in ((17, x, y, found.potential_x), (60, y, x, found.potential_y)):
        rows = z.shape[1]
        heavier = np.append(np.repeat(z, 100, axis=1), z[:, at : at + 1], axis=1)
        change = transport.cost(heavier, other, order) - found.cost
        # The weight of the row grows by share / (rows + share), at the cost of all rows alike.
        assert change * (rows + share) / share == pytest.approx(potential[at], abs=0.05 * potential.std() + 0.02)
    assert n == len(found.potential_x) and found.potential_x.mean() == pytest.approx(0, abs=1e-12)


def test_closed_form_of_two_normal_laws():
    """W_2^2 = (difference of means)^2 + (difference of deviations)^2; its variance from a quadratic potential."""
    rng = np.random.default_rng(2)
    n = 20_000
    x, y = rng.standard_normal((1, n)), 2 * rng.standard_normal((1, n)) + 1
    found = transport.transport(x, y, 2)
    assert found.cost == pytest.approx(2, abs=0.1)
    # phi(s) = int 2 (s - T s) ds with T s = 2 s + 1: -s^2 - 2 s, of variance 2 + 4; psi has the map back.
    assert found.potential_x.var() == pytest.approx(6, rel=0.1)
    back = 2 * (0.5 * (y[0] ** 2) / 2 + 0.5 * y[0])  # T^-1 t = (t - 1) / 2
    assert found.potential_y.var() == pytest.approx(back.var(), rel=0.05)
    interval = transport.interval(found, 2)
    assert interval.low < np.sqrt(2) < interval.high and interval.kind == "approximate"
    assert transport.interval(found, 1).kind == "conservative"

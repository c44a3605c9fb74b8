import numpy as np
import pytest

from gan_probe.stats import design_effect, proportion


def test_independent_rows_have_none():
    rng = np.random.default_rng(0)
    rows = np.full((10, 10), 40)
    found = [design_effect.design_effect(rng.binomial(40, 0.7, (10, 10)) / 40, rows) for _ in range(300)]
    assert 1 <= np.mean(found) < 1.15 and min(found) == 1


def test_blocks_that_agree_have_their_number_of_rows():
    """Cells all right or all wrong: 40 rows count as one (a variance of .25 S/(S-1) over .25/40)."""
    accuracy = np.indices((10, 10)).sum(axis=0) % 2 * 0.98 + 0.01
    found = design_effect.design_effect(accuracy, np.full((10, 10), 40))
    assert found > 30 and found == pytest.approx(_by_loops(accuracy, 40))


def _by_loops(accuracy, rows):
    """Mean squares of a two-way layout, one sum after the other."""
    s, grand = len(accuracy), accuracy.mean()
    a = s * sum((accuracy[i].mean() - grand) ** 2 for i in range(s)) / (s - 1)
    b = s * sum((accuracy[:, j].mean() - grand) ** 2 for j in range(s)) / (s - 1)
    e = (
        sum(
            (accuracy[i, j] - accuracy[i].mean() - accuracy[:, j].mean() + grand) ** 2
            for i in range(s)
            for j in range(s)
        )
        / (s - 1) ** 2
    )
    cell = a / s + b / s + (1 - 2 / s) * e
    return max(1.0, cell / np.mean(accuracy * (1 - accuracy) / rows))


def test_mean_squares_by_loops():
    rng = np.random.default_rng(1)
    accuracy = np.clip(0.6 + 0.1 * rng.standard_normal((10, 1)) + 0.05 * rng.standard_normal((10, 10)), 0, 1)
    found = design_effect.design_effect(accuracy, np.full((10, 10), 40))
    assert found > 1 and found == pytest.approx(_by_loops(accuracy, 40))
    assert design_effect.design_effect(accuracy.T, np.full((10, 10), 40)) == pytest.approx(found)


def test_no_variance_is_no_effect():
    for value in (0.0, 0.5, 1.0):
        assert design_effect.design_effect(np.full((10, 10), value), np.full((10, 10), 8)) == 1
    assert design_effect.design_effect(np.zeros((10, 10)), np.zeros((10, 10), int)) == 1


def test_interval_is_wilsons_of_fewer_rows():
    found = design_effect.interval(0.6, 400, 4.0)
    assert found[:3] == proportion.wilson(60, 100)[:3]
    assert found.high - found.low > 1.9 * (design_effect.interval(0.6, 400, 1.0).high - 0.6)

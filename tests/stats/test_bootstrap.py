"""The bootstrap's spread is that of the statistic, and its interval covers a share."""

import numpy as np
import pytest

from gan_probe.stats import bootstrap


def share_of_both(x, y):
    """A statistic of how often rows were drawn: the mean of the two sets' shares."""
    return lambda times_x, times_y: (np.average(x, weights=times_x) + np.average(y, weights=times_y)) / 2


def test_spread_of_a_mean():
    rng = np.random.default_rng(0)
    x, y = rng.random(200), rng.random(500)
    drawn = bootstrap.resampled(share_of_both(x, y), 200, 500, replicates=4000)
    expected = np.sqrt(x.var() / 200 + y.var() / 500) / 2
    assert drawn.std() == pytest.approx(expected, rel=0.05)
    assert drawn.mean() == pytest.approx((x.mean() + y.mean()) / 2, abs=4 * expected / np.sqrt(4000))
    again = bootstrap.resampled(share_of_both(x, y), 200, 500, replicates=4000)
    np.testing.assert_array_equal(drawn, again)
    assert not np.array_equal(drawn, bootstrap.resampled(share_of_both(x, y), 200, 500, replicates=4000, seed=1))


def test_several_statistics_at_once():
    drawn = bootstrap.resampled(lambda x, y: (x.sum(), y.max()), 10, 7, replicates=50)
    assert drawn.shape == (50, 2) and (drawn[:, 0] == 10).all() and (drawn[:, 1] >= 1).all()


def test_interval_stays_in_its_range():
    interval = bootstrap.interval(0.99, np.array([0.9, 1.0, 1.0, 0.8]))
    assert interval.high == 1.0 and 0 < interval.low < 0.99 and interval.kind == "approximate"


def test_coverage_of_a_share():
    rng = np.random.default_rng(5)
    held = 0
    for replication in range(300):
        x, y = rng.random(150) < 0.3, rng.random(250) < 0.6
        drawn = bootstrap.resampled(share_of_both(x, y), 150, 250, seed=replication)
        interval = bootstrap.interval((x.mean() + y.mean()) / 2, drawn)
        held += interval.low <= 0.45 <= interval.high
    assert 0.92 < held / 300 < 0.985

"""Which rows are trained on: disjoint subsets, all sizes, and over-sampling that favours no row."""

import numpy as np
import pytest

from gan_probe.diversity import fits


def test_factors_go_to_4096_as_far_as_the_set_allows():
    assert fits.factors(10**6, 8) == (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
    assert fits.factors(599, 20) == (1, 2, 4, 8, 16)
    assert fits.factors(7, 8) == ()


def test_subsets_of_a_size_are_disjoint_and_as_many_as_fit():
    made = fits.real_fits(1000, 8, repeats=5, seed=3)
    for factor in fits.factors(1000, 8):
        same = [f for f in made if f.point == str(factor)]
        assert [f.repeat for f in same] == list(range(min(factor, 5)))
        rows = np.concatenate([f.rows for f in same])
        assert len(np.unique(rows)) == len(rows) == min(factor, 5) * (1000 // factor)
    assert not np.array_equal(made[1].rows, fits.real_fits(1000, 8, repeats=5, seed=4)[1].rows)


@pytest.mark.parametrize(("available", "total"), [(200, 6000), (70, 100), (1000, 100), (100, 100)])
def test_no_row_stands_twice_more_than_another(available, total):
    rows = fits.spread(available, total, np.random.default_rng(0))
    counts = np.bincount(rows, minlength=available)
    assert counts.sum() == total and np.ptp(counts) <= 1


def test_synthetic_sets_once_and_over_sampled():
    once, ten, fresh = fits.synthetic_fits("g", 500, 100, (1, 10), True, 0)
    assert (once.point, len(once.rows)) == ("1x", 100) and len(np.unique(once.rows)) == 100
    assert (ten.point, len(ten.rows)) == ("10x", 1000) and (np.bincount(ten.rows) == 2).all()
    assert (fresh.point, len(fresh.rows), fresh.epoch_rows) == ("fresh", 500, 100)

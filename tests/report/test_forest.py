"""Interval plots: places are affine (or logarithmic) in the numbers and stay inside the axis."""

import numpy as np
import pytest

from gan_probe.report import forest


def test_places_are_affine():
    rows = [(0.0, -1.0, 2.0), (3.0, 2.5, 4.0)]
    on = forest.axis(rows)
    dots = [forest.mark(on, x, x, x).dot for x in (-1.0, 1.5, 4.0)]
    assert not on.log
    assert dots[1] == pytest.approx(np.mean([dots[0], dots[2]]))
    assert 0 < dots[0] < dots[2] < 100


def test_magnitudes_get_a_log_scale():
    on = forest.axis([(10.0, 8.0, 12.0), (1e5, 9e4, 2e5)])
    dots = [forest.mark(on, x, x, x).dot for x in (10.0, 1e3, 1e5)]
    assert on.log
    assert dots[1] == pytest.approx(np.mean([dots[0], dots[2]]), abs=0.02)


def test_a_lower_end_near_zero_alone_does_not():
    assert not forest.axis([(0.05, 1e-4, 0.08), (0.3, 0.2, 0.4)]).log


def test_an_open_end_reaches_the_edge_with_room_before_it():
    on = forest.axis([(59.0, 52.0, 67.0), (None, 21600.0, None)])
    mark = forest.mark(on, None, 21600.0, None)
    assert mark.dot is None
    assert mark.open_high and not mark.open_low
    assert mark.left < 90
    assert mark.left + mark.width == pytest.approx(100)


@pytest.mark.parametrize("row", [(1.0, 1.0, 1.0), (0.0, None, None), (None, None, 5.0), (-2.0, -3.0, -1.0)])
def test_any_single_row_fits(row):
    mark = forest.mark(forest.axis([row]), *row)
    assert 0 <= mark.left <= mark.left + mark.width <= 100


def test_nothing_known_is_no_plot():
    assert forest.axis([(None, None, None)]) is None
    assert forest.mark(None, None, None, None) is None
    assert forest.mark(forest.axis([(1.0, 0.0, 2.0)]), None, None, None) is None

"""Numbers as text keep two digits of the interval's width, and never mislead at the extremes."""

import numpy as np
import pytest

from gan_probe.report import numbers


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.62341, 0.60123, 0.64456, "0.623 [0.601, 0.645]"),
        (59.3, 52.0, 66.9, "59 [52, 67]"),
        (None, 21600.0, None, "at least 21,600"),
        (None, None, 21600.0, "at most 21,600"),
        (None, None, None, "-"),
        (5300.0, 4200.0, None, "5,300 [4,200, open]"),
        (-1.2e-5, 0.0, 3.1e-5, "-1.2e-5 [0, 3.1e-5]"),
        (0.0, 0.0, 0.0, "0 [0, 0]"),
        (0.5, None, None, "0.500"),
        (2.5e7, 1e7, 9e7, "2.50e7 [1.00e7, 9.00e7]"),
        (60.0, 3.0, 1200.0, "60.0 [3.00, 1,200]"),
        (8.8e-52, 0.0, 0.0295, "0.000 [0.000, 0.029]"),
        (0.3, 1e-12, 0.4, "0.30 [0.00, 0.40]"),
        (0.0503, 0.00047, 0.0803, "0.050 [0.000, 0.080]"),
        (-0.0001, -0.04, 0.05, "0.000 [-0.040, 0.050]"),
        (123456.7, 123456.6999, 123456.7001, "123,456.70 [123,456.70, 123,456.70]"),
        (-1.23456789e-4, -1.23456789e-4, -1.23456788e-4, "-1.2346e-4 [-1.2346e-4, -1.2346e-4]"),
    ],
)
def test_with_interval(value, low, high, text):
    assert numbers.with_interval(value, [low, high]) == text


def test_with_interval_loses_at_most_a_hundredth_of_the_width():
    rng = np.random.default_rng(0)
    for _ in range(500):
        centre, width = rng.normal() * 10.0 ** rng.uniform(-4, 5), 10.0 ** rng.uniform(-4, 4)
        low, high = centre - width * rng.random(), centre + width * rng.random()
        shown = numbers.texts(centre, low, high)
        if max(abs(low), abs(high)) >= 1e6:
            continue
        for x, text in zip((centre, low, high), shown, strict=True):
            lost = abs(float(text.replace(",", "")) - x) - 0.0501 * (high - low)
            assert lost <= 0.006 * abs(x) * (low > 0) or (len(text) >= 9 and lost <= 1e-5 * abs(x))
            assert len(text) <= 10


def test_no_interval_at_all_is_the_value_alone():
    assert numbers.with_interval(1234.5, None) == "1,234"


def test_kind_and_method_are_the_two_halves_of_interval():
    result = {"interval": "jackknife; t19; conservative"}
    assert (numbers.method(result), numbers.kind(result)) == ("jackknife; t19", "conservative")

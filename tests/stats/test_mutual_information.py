"""Coverage of the bias-corrected mutual information of row and class."""

import numpy as np
import pytest

from gan_probe.stats import mutual_information


def draw(rng, n, sharp):
    return sharp * rng.standard_normal((n, 10)) + np.linspace(-1, 1, 10)


@pytest.mark.parametrize("sharp", [0.3, 2.0, 10.0])
@pytest.mark.parametrize("n", [200, 1000])
def test_coverage(coverage, sharp, n):
    """The limit, that a large sample shows: the plain value lies above it by its bias."""
    rng = np.random.default_rng(3)
    large, *found = (
        mutual_information.information(draw(rng, rows, sharp), np.zeros(rows, int)) for rows in (200_000, *[n] * 300)
    )
    truth = large.plain + large.bias
    middle = np.array([f.plain + f.bias for f in found])
    assert abs(middle.mean() - truth) < 4 * middle.std() / np.sqrt(300) + 2 * large.stderr
    share = coverage([mutual_information.interval(f, 10) for f in found], np.exp(truth), f"sharp={sharp}, n={n}")
    assert 0.91 < share < 0.985

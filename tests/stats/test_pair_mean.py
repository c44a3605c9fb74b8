"""Coverage of the inverse mean of a kernel over pairs, around its mean at these sizes."""

import numpy as np
import pytest

from gan_probe.stats import pair_mean


def test_of_two_kinds():
    """Three and one of a kind: 16 / 10, and no variance where rows are all alike."""
    same = np.array([3.0, 3, 3, 1])
    assert pair_mean.inverse(same, same).value == pytest.approx(1.6)
    alike = pair_mean.inverse(np.full(4, 4.0), np.full(4, 4.0))
    assert alike == (1, 0) and pair_mean.interval(alike)[:2] == (1, 1)


@pytest.mark.parametrize("law", ["gaussian", "heavy", "atoms"])
def test_coverage(coverage, law):
    """Atoms are where the second-order part counts."""
    rng = np.random.default_rng(5)
    points = 20 * rng.standard_normal((300, 3))
    draw = {
        "gaussian": lambda: rng.standard_normal((300, 3)),
        "heavy": lambda: rng.standard_t(3, (300, 3)),
        "atoms": lambda: points[rng.integers(0, 300, 300)],
    }[law]
    found = []
    for _ in range(300):
        y = draw()
        square = (y * y).sum(axis=1)
        k2 = np.exp(-np.maximum(square[:, None] + square - 2 * y @ y.T, 0))
        found.append(pair_mean.inverse(k2.sum(axis=1), (k2 * k2).sum(axis=1)))
    share = coverage([pair_mean.interval(f) for f in found], float(np.mean([f.value for f in found])), law)
    assert 0.91 < share < 0.99

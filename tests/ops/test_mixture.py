import numpy as np
import pytest
from scipy import special

from gan_probe.ops import fold, mixture


def by_loop(d2, rows, cols, block, blocks):
    """float64 [blocks, n]: log-sums and weighted mean squared distances, one row after the other."""
    log, mean = np.full((blocks, len(d2)), -np.inf), np.zeros((blocks, len(d2)))
    for b in range(blocks):
        for i in range(len(d2)) if (block == b).any() else ():
            at = block == b
            exponent = rows[i, 0] + cols[at, 0] - rows[i, 1] * cols[at, 1] * d2[i, at]
            log[b, i] = special.logsumexp(exponent)
            mean[b, i] = np.exp(exponent - log[b, i]) @ d2[i, at]
    return log, mean


def of_content(x, seed, largest):
    """[n, 2] numbers that are equal for equal rows: a about 0, b from 0.02 to `largest`."""
    mix = np.abs(np.sin(np.arange(1, 1 + x.shape[1]) * (seed + x.astype(np.float64)))).mean(axis=1)
    return np.stack([20 * (mix - 0.5), 0.02 + (largest - 0.02) * mix], axis=1)


@pytest.mark.parametrize(
    ("n", "m", "copies", "settings"),
    [(5, 8, False, {"tile": 16, "panel": 16}), (83, 61, False, {"tile": 16, "panel": 32}),
     (83, 61, True, {"tile": 32, "panel": 64})],
)  # fmt: skip
def test_both_orientations_against_a_loop(run, laid, pair, dense, n, m, copies, settings):
    x, y = pair(n, m, 3, copies=copies)
    centre = x.mean(axis=0)
    rows, cols = (laid(z, centre=centre, **settings) for z in (x, y))
    own, other = of_content(x, 0, 3.0), of_content(y, 1, 30.0)
    forward_job = fold.Job(mixture.mixture(), rows=own, cols=other)
    backward_job = fold.Job(mixture.mixture(), rows=other, cols=own)
    (forward,), (backward,) = run(rows, cols, [forward_job], [backward_job])
    d2 = dense(x, y)
    for found, wanted in (
        (forward, by_loop(d2, own, other, cols.block, cols.blocks)),
        (backward, by_loop(d2.T, other, own, rows.block, rows.blocks)),
    ):
        np.testing.assert_array_equal(np.isneginf(found.log), np.isneginf(wanted[0]))
        finite = np.isfinite(wanted[0])
        np.testing.assert_allclose(found.log[finite], wanted[0][finite], atol=5e-3, rtol=1e-5)  # b reaches 90
        np.testing.assert_allclose(found.distance2, wanted[1], atol=3e-5 + 5e-3 * wanted[1].max() / 90, rtol=5e-3)


def test_far_and_narrow_components_do_not_underflow(run, laid):
    """Every weight underflows; the log-sum and the distance of the nearest don't."""
    x, y = np.zeros((1, 1), np.float32), np.array([[100.0], [101.0]], np.float32)
    job = fold.Job(mixture.mixture(), rows=np.array([[0.0, 1.0]]), cols=np.array([[7.0, 50.0], [7.0, 50.0]]))
    (found,), _ = run(laid(x, blocks=1), laid(y, blocks=1), [job])
    assert found.log[0, 0] == pytest.approx(7 - 50 * 1e4, rel=1e-6)
    assert found.distance2[0, 0] == pytest.approx(1e4, rel=1e-6)

import numpy as np
import pytest

from gan_probe.ops import fold, kernel_sum


@pytest.mark.parametrize(("degree", "gamma", "coef"), [(3, 1 / 7, 1.0), (1, 0.5, 0.0), (2, 0.1, 2.0)])
@pytest.mark.parametrize("copies", [False, True])
def test_both_orientations_against_numpy(run, laid, pair, copies, degree, gamma, coef):
    x, y = pair(61, 45, 7, copies=copies)  # means of 3: the raw product is far from the centred one
    rows, cols = (laid(z, centre=x.mean(axis=0), tile=16, panel=32) for z in (x, y))
    job = fold.Job(kernel_sum.kernel_sum(degree=degree, gamma=gamma, coef=coef))
    (forward,), (backward,) = run(rows, cols, [job], [job])
    k = np.empty((len(x), len(y)))
    for i in range(len(x)):
        for j in range(len(y)):
            k[i, j] = (gamma * np.dot(x[i].astype(np.float64), y[j].astype(np.float64)) + coef) ** degree
    for found, kernel in ((forward, k), (backward, k.T)):
        np.testing.assert_allclose(found[0], kernel.sum(axis=1), atol=2e-6 * np.abs(kernel).sum(axis=1).max())
        np.testing.assert_allclose(found[1], (kernel**2).sum(axis=1), atol=4e-6 * (kernel**2).sum(axis=1).max())


def test_own_column_is_included_and_diagonal_takes_it_out(run, laid, pair):
    x, _ = pair(61, 1, 7)
    layout = laid(x, centre=x.mean(axis=0), tile=16, panel=32)
    settings = {"degree": 3, "gamma": 1 / 7, "coef": 1.0}
    (found,), _ = run(layout, layout, [fold.Job(kernel_sum.kernel_sum(**settings))])
    own = kernel_sum.diagonal(x, **settings)
    wide = x.astype(np.float64)
    k = (wide @ wide.T / 7 + 1) ** 3
    np.testing.assert_allclose(own, np.diag(k), rtol=1e-12)
    np.fill_diagonal(k, 0)
    np.testing.assert_allclose(found[0] - own, k.sum(axis=1), rtol=1e-5)


def test_gaussian_in_both_orientations_against_numpy(run, laid, pair):
    """Two given bandwidths around one that the job brings; the sums of k, k^2 and k^4 of each."""
    x, y = pair(61, 45, 7, copies=True)
    rows, cols = (laid(z, centre=x.mean(axis=0), tile=16, panel=32) for z in (x, y))
    job = fold.Job(kernel_sum.gaussian_sum(bandwidths=(1.5, "median", 4.0)), 2.5**2)
    (forward,), (backward,) = run(rows, cols, [job], [job])
    for found, a, b in ((forward, x, y), (backward, y, x)):
        assert found.shape == (9, len(a))
        for i, bandwidth in enumerate((1.5, 2.5, 4.0)):
            k = np.empty((len(a), len(b)))
            for r in range(len(a)):
                for c in range(len(b)):
                    gap = a[r].astype(np.float64) - b[c].astype(np.float64)
                    k[r, c] = np.exp(-np.dot(gap, gap) / (2 * bandwidth**2))
            for j, power in enumerate((1, 2, 4)):
                np.testing.assert_allclose(found[3 * i + j], (k**power).sum(axis=1), rtol=2e-5)


def test_gaussian_of_a_row_with_itself_is_one(run, laid, pair):
    """Also where the bandwidth is far below the rounding of a distance: copies are decided by content."""
    x, _ = pair(61, 1, 7)
    x = np.concatenate([x[:30], x[:5]]) * np.float32(1e3)
    layout = laid(x, centre=x.mean(axis=0), tile=16, panel=32)
    (found,), _ = run(layout, layout, [fold.Job(kernel_sum.gaussian_sum(bandwidths=(1e-3,)))])
    copies = np.array([(x == row).all(axis=1).sum() for row in x])
    np.testing.assert_array_equal(found, np.tile(copies, (3, 1)))


@pytest.mark.parametrize(("size", "bandwidth"), [(300, 1e-3), (1e10, 1e-20), (1e-3, 1e20)])
def test_copies_far_from_the_centre_under_any_bandwidth_count_as_copies(run, laid, size, bandwidth):
    rng = np.random.default_rng(0)
    x = (size * rng.standard_normal((30, 50))).astype(np.float32)
    rows, cols = (laid(z, tile=16, panel=32) for z in (x, x[::-1].copy()))
    job = fold.Job(kernel_sum.gaussian_sum(bandwidths=(bandwidth,)))
    for sums in (run(rows, cols, [job])[0][0], run(rows, rows, [job])[0][0]):
        assert ((sums >= 0) & (sums <= len(x) * (1 + 1e-6))).all()
    assert (sums >= 1).all()  # a row and itself

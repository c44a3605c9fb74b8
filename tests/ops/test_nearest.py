import numpy as np
import pytest
from sklearn import neighbors

from gan_probe.ops import exact, fold, nearest


def by_brute_force(d2, k, *, own):
    """distance2 [n, k], index [n, k], ties to the lowest index, a row's own index left out where `own`."""
    d2 = d2.copy()
    if own:
        np.fill_diagonal(d2, np.inf)
    index = np.argsort(d2, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(d2, index, axis=1), index


def check(found, d2, k, *, own=False):
    distance2, index = by_brute_force(d2, k, own=own)
    np.testing.assert_array_equal(found.indices, index)
    np.testing.assert_allclose(found.distance2, distance2, rtol=1e-14)


def exact_matrix(x, y):
    i, j = np.divmod(np.arange(len(x) * len(y)), len(y))
    return exact.squared_distances(x, i, y, j).reshape(len(x), len(y))


@pytest.mark.parametrize(
    ("n", "m", "k", "copies", "settings"),
    [(5, 8, 2, False, {"tile": 16, "panel": 16}), (83, 61, 5, False, {"tile": 16, "panel": 32}),
     (83, 61, 5, True, {"tile": 16, "panel": 32})],
)  # fmt: skip
def test_both_orientations_against_brute_force(run, laid, pair, dense, n, m, k, copies, settings):
    x, y = pair(n, m, 3, copies=copies)
    centre = x.mean(axis=0)
    rows, cols = (laid(z, centre=centre, **settings) for z in (x, y))
    job = fold.Job(nearest.nearest(k=k))
    (forward,), (backward,) = run(rows, cols, [job], [job])
    (inside,), _ = run(rows, rows, [job])
    d2 = dense(x, y)
    check(forward, d2, k)
    check(backward, d2.T, min(k, n))
    check(inside, dense(x, x), k, own=True)


def test_one_column_short_of_k_is_all_of_them(run, laid, pair, dense):
    x, _ = pair(6, 1, 3)
    (found,), _ = run(laid(x), laid(x), [fold.Job(nearest.nearest(k=6))])
    check(found, dense(x, x), 6)
    layout = laid(x)
    (found,), _ = run(layout, layout, [fold.Job(nearest.nearest(k=5))])
    check(found, dense(x, x), 5, own=True)


def test_copies_are_neighbours_and_a_row_is_not_its_own(run, laid):
    """Four copies, one other row: the neighbours of a copy are the other three, by index."""
    x = np.zeros((5, 2), np.float32)
    x[2] = [3, 4]
    layout = laid(x)
    (found,), _ = run(layout, layout, [fold.Job(nearest.nearest(k=3))])
    np.testing.assert_array_equal(found.indices, [[1, 3, 4], [0, 3, 4], [0, 1, 3], [0, 1, 4], [0, 1, 3]])
    np.testing.assert_array_equal(found.distance2, [[0, 0, 0], [0, 0, 0], [25, 25, 25], [0, 0, 0], [0, 0, 0]])


@pytest.mark.parametrize("d", [10, 64])
def test_a_pair_nearer_than_rounding_is_found_with_its_true_distance(run, laid, d):
    """Distance 1e-6 among points of norm 100: float32 expansions know distances there to 1e-2 only."""
    rng = np.random.default_rng(d)
    x = rng.standard_normal((300, d))
    x = (100 * x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    twin = x[17].copy()
    at = np.argmin(np.abs(twin))
    twin[at] += np.float32(1e-6)
    true = abs(float(twin[at]) - float(x[17, at]))
    assert 0 < true < 2e-6
    x[201] = twin
    layout = laid(x, centre=x.mean(axis=0), tile=32, panel=64)
    (found,), _ = run(layout, layout, [fold.Job(nearest.nearest(k=1))])
    assert found.indices[17, 0] == 201 and found.indices[201, 0] == 17
    np.testing.assert_allclose(np.sqrt(found.distance2[[17, 201], 0]), true, rtol=1e-12)
    assert np.argmin(found.distance2[:, 0]) in (17, 201)


def test_raw_pixels_that_differ_by_one(run, laid):
    """D = 3072 of 0..255, true squared distance 1: the plain float32 expansion is off by tens."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (120, 3072)).astype(np.float32)
    y = x[rng.permutation(120)].copy()
    y[:, 5] += np.where(y[:, 5] < 255, 1, -1).astype(np.float32)
    centre = x.mean(axis=0)
    rows, cols = (laid(z, centre=centre, tile=32, panel=64) for z in (x, y))
    (found,), (back,) = run(rows, cols, *[[fold.Job(nearest.nearest(k=2))]] * 2)
    assert (found.distance2[:, 0] == 1).all() and (back.distance2[:, 0] == 1).all()
    check(found, exact_matrix(x, y), 2)
    np.testing.assert_array_equal(back.indices[found.indices[:, 0], 0], np.arange(120))


def test_every_row_in_doubt(run, laid, pair):
    """Integers on a small grid: the k-th distance ties with dozens of others, so every row takes the second look."""
    rng = np.random.default_rng(0)
    x, y = (rng.integers(0, 3, (n, 4)).astype(np.float32) for n in (150, 130))
    rows, cols = (laid(z, centre=x.mean(axis=0), tile=16, panel=32) for z in (x, y))
    job = fold.Job(nearest.nearest(k=5))
    (forward,), (backward,) = run(rows, cols, [job], [job])
    check(forward, exact_matrix(x, y), 5)
    check(backward, exact_matrix(y, x), 5)
    (inside,), _ = run(rows, rows, [job])
    check(inside, exact_matrix(x, x), 5, own=True)


def test_neighbours_that_share_a_group(run, laid):
    """All five neighbours of every row fall into one group of 16: the stream sees the nearest only."""
    rng = np.random.default_rng(0)
    centres = 100 * rng.standard_normal((20, 6))
    x = (np.repeat(centres, 6, axis=0) + 0.01 * rng.standard_normal((120, 6))).astype(np.float32)
    layout = laid(x, centre=x.mean(axis=0), blocks=1, tile=16, panel=32)
    (found,), _ = run(layout, layout, [fold.Job(nearest.nearest(k=5))])
    check(found, exact_matrix(x, x), 5, own=True)
    assert (found.indices // 6 == np.arange(120)[:, None] // 6).all()


def test_more_panels_than_buffered_lists(run, laid):
    """The host prunes its candidates when they fill up; nothing is lost by it."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 2)).astype(np.float32)
    layout = laid(x, blocks=1, tile=16, panel=16)
    assert layout.panels > 2 * 4
    (found,), _ = run(layout, layout, [fold.Job(nearest.nearest(k=3))])
    check(found, exact_matrix(x, x), 3, own=True)


def test_faiss_and_sklearn_agree(run, laid, pair):
    faiss = pytest.importorskip("faiss")
    x, y = pair(150, 120, 8)
    rows, cols = (laid(z, centre=x.mean(axis=0), tile=32, panel=128) for z in (x, y))
    (found,), _ = run(rows, cols, [fold.Job(nearest.nearest(k=4))])
    index = faiss.IndexFlatL2(8)
    index.add(y)
    distance2, nearest_of = index.search(x, 4)
    np.testing.assert_array_equal(found.indices, nearest_of)
    np.testing.assert_allclose(found.distance2, distance2, rtol=1e-3)
    tree = neighbors.NearestNeighbors(n_neighbors=4).fit(y.astype(np.float64))
    distance, nearest_of = tree.kneighbors(x.astype(np.float64))
    np.testing.assert_array_equal(found.indices, nearest_of)
    np.testing.assert_allclose(np.sqrt(found.distance2), distance, rtol=1e-12)


def test_a_single_row_and_equal_rows(run, laid):
    """Rows that fill one position are settled too."""
    y = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
    for x in (y[7:8], np.repeat(y[7:8], 50, axis=0)):
        (found,), _ = run(laid(x, blocks=1), laid(y), [fold.Job(nearest.nearest(k=1))])
        np.testing.assert_array_equal(found.indices, 7)
        np.testing.assert_array_equal(found.distance2, 0)

import numpy as np
import pytest

from gan_probe.ops import count_within, exact, fold, nearest


def by_loop(d2, limit2, block, blocks, ties):
    """int [blocks, n]; limit2 broadcasts to [n, m]."""
    limit2 = np.broadcast_to(limit2, d2.shape)
    out = np.zeros((blocks, len(d2)), int)
    for i in range(d2.shape[0]):
        for j in range(d2.shape[1]):
            out[block[j], i] += d2[i, j] < limit2[i, j] if ties == "<" else d2[i, j] <= limit2[i, j]
    return out


def exact_matrix(x, y):
    i, j = np.divmod(np.arange(len(x) * len(y)), len(y))
    return exact.squared_distances(x, i, y, j).reshape(len(x), len(y))


@pytest.mark.parametrize("ties", ["<", "<="])
@pytest.mark.parametrize("balls", ["rows", "cols"])
@pytest.mark.parametrize(
    ("n", "m", "copies", "settings"),
    [(5, 8, False, {"tile": 16, "panel": 16}), (83, 61, False, {"tile": 16, "panel": 32}),
     (83, 61, True, {"tile": 32, "panel": 64})],
)  # fmt: skip
def test_both_orientations_against_a_loop(run, laid, pair, n, m, copies, settings, balls, ties):
    """Radii are distances that occur: each row or column has a pair exactly on its ball's surface."""
    x, y = pair(n, m, 3, copies=copies)
    rows, cols = (laid(z, centre=x.mean(axis=0), **settings) for z in (x, y))
    d2 = exact_matrix(x, y)
    of_rows, of_cols = np.sort(d2, axis=1)[:, 4], np.sort(d2, axis=0)[4]
    job_rows, job_cols = (
        fold.Job(count_within.count_within(ties=ties, balls=balls), radius2)
        for radius2 in ((of_rows, of_cols) if balls == "rows" else (of_cols, of_rows))
    )
    (forward,), (backward,) = run(rows, cols, [job_rows], [job_cols])
    by_row = of_rows[:, None] if balls == "rows" else of_cols[None, :]
    np.testing.assert_array_equal(forward.counts, by_loop(d2, by_row, cols.block, cols.blocks, ties))
    by_col = of_cols[:, None] if balls == "rows" else of_rows[None, :]
    np.testing.assert_array_equal(backward.counts, by_loop(d2.T, by_col, rows.block, rows.blocks, ties))
    assert forward.borderline == backward.borderline == 0


@pytest.mark.parametrize("ties", ["<", "<="])
def test_a_set_against_itself_counts_each_row_too(run, laid, ties):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (90, 3)).astype(np.float32)
    layout = laid(x, centre=x.mean(axis=0), tile=16, panel=32)
    (found,), _ = run(layout, layout, [fold.Job(count_within.count_within(ties=ties, balls="rows"), 2.0)])
    np.testing.assert_array_equal(found.counts, by_loop(exact_matrix(x, x), 2.0, layout.block, layout.blocks, ties))


@pytest.mark.parametrize(("ties", "expected"), [("<", 0), ("<=", 1)])
def test_identical_rows_at_radius_zero(run, laid, ties, expected):
    """prdc's convention: a point is not strictly inside a ball of no radius, even at its centre."""
    x = np.tile(np.array([[0.1, 0.7]], np.float32), (40, 1))
    layout, other = laid(x), laid(x.copy())
    (found,), _ = run(layout, other, [fold.Job(count_within.count_within(ties=ties, balls="cols"), np.zeros(40))])
    np.testing.assert_array_equal(found.counts.sum(axis=0), 40 * expected)


@pytest.mark.parametrize("d", [48, 600])
def test_thousands_of_borderline_pairs_are_settled(run, laid, d):
    """High dimensions squeeze distances together, so that the radius lies within rounding of many."""
    rng = np.random.default_rng(d)
    x, y = (rng.standard_normal((n, d)).astype(np.float32) + 30 for n in (400, 300))
    x *= rng.uniform(0.99, 1.01, (400, 1)).astype(np.float32)
    d2 = exact_matrix(x, y)
    rows, cols = (laid(z, centre=np.zeros(d, np.float32), tile=64, panel=128) for z in (x, y))
    radius2 = float(np.median(d2))
    for ties in ("<", "<="):
        (found,), _ = run(rows, cols, [fold.Job(count_within.count_within(ties=ties, balls="rows"), radius2)])
        assert found.borderline == 0
        wanted = d2 < radius2 if ties == "<" else d2 <= radius2
        np.testing.assert_array_equal(found.counts.sum(axis=0), wanted.sum(axis=1))


def test_a_screen_that_rounds_otherwise_changes_nothing(run, laid, monkeypatch):
    """Stream and second screening multiply in other shapes: a pair in doubt for one may be clear to the other."""
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((n, 64)).astype(np.float32) for n in (200, 150))
    d2 = exact_matrix(x, y)
    radius2 = float(np.median(d2))
    rows, cols = (laid(z, tile=64, panel=128) for z in (x, y))
    job = fold.Job(count_within.count_within(ties="<", balls="rows"), radius2)
    between = exact._between
    for factor in (0.3, 3.0):

        def otherwise(*arrays, spread, factor=factor):
            return between(*arrays, spread=factor * spread)

        monkeypatch.setattr(exact, "_between", otherwise)
        (found,), _ = run(rows, cols, [job])
        np.testing.assert_array_equal(found.counts.sum(axis=0), (d2 < radius2).sum(axis=1))


def test_too_many_to_settle_are_reported(run, laid, monkeypatch):
    monkeypatch.setattr(count_within, "_MOST_SETTLED", 0)
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (90, 3)).astype(np.float32)
    layout = laid(x, centre=x.mean(axis=0), tile=16, panel=32)
    (found,), _ = run(layout, layout, [fold.Job(count_within.count_within(ties="<", balls="rows"), 2.0)])
    d2 = exact_matrix(x, x)
    open_pairs = (d2 == 2).sum()
    assert found.borderline >= open_pairs
    inside = (d2 < 2).sum()
    assert inside <= found.counts.sum() <= inside + open_pairs


def test_copies_are_settled_together(run, laid, monkeypatch):
    """40 x 500 borderline pairs of rows are 40 x 1 of contents: within the budget, so exact."""
    monkeypatch.setattr(count_within, "_MOST_SETTLED", 40 * 6)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 48)).astype(np.float32) + 30
    y = np.repeat(rng.standard_normal((1, 48)).astype(np.float32) + 30, 500, axis=0)
    radius2 = exact_matrix(x, y)[:, 0]
    rows, cols = laid(x), laid(y)
    for ties, inside in (("<", 0), ("<=", 500)):
        (found,), _ = run(rows, cols, [fold.Job(count_within.count_within(ties=ties, balls="rows"), radius2)])
        np.testing.assert_array_equal(found.counts.sum(axis=0), inside)
        assert found.borderline == 0


def test_radii_of_the_nearest_fold(run, laid, pair):
    """An identical copy of a set: strictly inside its own k-balls lie k points (itself and k - 1 neighbours)."""
    x, _ = pair(83, 1, 3)
    rows, cols = laid(x, centre=x.mean(axis=0)), laid(x.copy(), centre=x.mean(axis=0))
    (near,), _ = run(cols, cols, [fold.Job(nearest.nearest(k=5))])
    radius2 = near.distance2[:, -1]
    for ties, inside in (("<", 5), ("<=", 6)):
        _, (found,) = run(rows, cols, [], [fold.Job(count_within.count_within(ties=ties, balls="rows"), radius2)])
        np.testing.assert_array_equal(found.counts.sum(axis=0), inside)


@pytest.mark.parametrize("balls", ["rows", "cols"])
def test_a_boundless_ball_holds_all_rows_and_no_padding(run, laid, pair, balls):
    x, y = pair(21, 19, 3)
    rows, cols = (laid(z, tile=16, panel=32) for z in (x, y))
    job = fold.Job(count_within.count_within(ties="<=", balls=balls), np.inf)
    (found,), _ = run(rows, cols, [job])
    np.testing.assert_array_equal(found.counts.sum(axis=0), len(y))


def test_a_radius_too_small_for_float32_holds_equal_rows(run, laid, pair):
    x, _ = pair(20, 20, 3)
    layout = laid(np.concatenate([x, x]), tile=16, panel=32)
    (found,), _ = run(layout, layout, [fold.Job(count_within.count_within(ties="<", balls="rows"), 1e-40)])
    np.testing.assert_array_equal(found.counts.sum(axis=0), 2)

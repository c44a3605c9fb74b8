import numpy as np
import pytest

from gan_probe.ops import exact, fold, nearest_in_blocks
from gan_probe.ops import layout as layout_lib


def by_brute_force(d2, part, parts, drawn, *, k, rank, own):
    """Loops over rows: the rank-th least distance of every merged block, and the k nearest of all drawn columns."""
    n = len(d2)
    block2, near2, near = np.full((parts, n), np.inf), np.empty((n, k)), np.empty((n, k), int)
    for i in range(n):
        there = [j for j in range(d2.shape[1]) if drawn[j] and not (own and i == j)]
        for b in range(parts):
            inside = sorted(d2[i, j] for j in there if part[j] == b)
            if len(inside) >= rank:
                block2[b, i] = inside[rank - 1]
        first = sorted(there, key=lambda j: (d2[i, j], j))[:k]
        near2[i], near[i] = d2[i, first], first
    return block2, near2, near


def matrix(x, y):
    i, j = np.divmod(np.arange(len(x) * len(y)), len(y))
    return exact.squared_distances(x, i, y, j).reshape(len(x), len(y))


def check(found, rows, cols, cols_drawn, *, k, rank):
    own = rows is cols
    expected = by_brute_force(
        matrix(rows.features, cols.features), cols.block // nearest_in_blocks.MERGED,
        cols.blocks // nearest_in_blocks.MERGED, cols_drawn, k=k, rank=rank, own=own,
    )  # fmt: skip
    shown = found.drawn  # the others mean nothing
    np.testing.assert_allclose(found.block2[:, shown], expected[0][:, shown], rtol=1e-14)
    np.testing.assert_allclose(found.distance2[shown], expected[1][shown], rtol=1e-14)
    np.testing.assert_array_equal(found.indices[shown], expected[2][shown])


@pytest.mark.parametrize("rank", [2, 3])
def test_few_rows_in_every_block(run, laid, pair, rank):
    """Tiles of one slice, most of whose columns are none."""
    rows = laid(pair(37, 1, 3)[0], blocks=20, tile=16, panel=64)
    (found,), _ = run(rows, rows, [fold.Job(nearest_in_blocks.nearest_in_blocks(k=3, rank=rank, draw=100))])
    check(found, rows, rows, found.drawn, k=3, rank=rank)


@pytest.mark.parametrize("draw", [50, 100])
@pytest.mark.parametrize("blocks", [2, 6])  # of several tiles each, of one
@pytest.mark.parametrize(("copies", "tile", "panel"), [(False, 16, 32), (True, 32, 32), (True, 16, 1024)])
def test_all_orientations_against_brute_force(run, laid, pair, copies, tile, panel, draw, blocks):
    """83 and 61 rows; copies recur within sets, within blocks and across."""
    x, y = pair(83, 61, 3, copies=copies)
    if copies:
        x[:40] = x[0]
    rows, cols = (laid(z, centre=x.mean(axis=0), blocks=blocks, tile=tile, panel=panel) for z in (x, y))
    job = fold.Job(nearest_in_blocks.nearest_in_blocks(k=5, rank=3, draw=draw))
    (xy,), (yx,) = run(rows, cols, [job], [job])
    (xx,), _ = run(rows, rows, [job])
    (yy,), _ = run(cols, cols, [job])
    np.testing.assert_array_equal(xx.drawn, xy.drawn)
    assert xx.drawn.sum() == min(draw, 83) and yy.drawn.sum() == min(draw, 61)
    for found, of, against, drawn in (
        (xy, rows, cols, yy.drawn), (yx, cols, rows, xx.drawn), (xx, rows, rows, xx.drawn), (yy, cols, cols, yy.drawn)
    ):  # fmt: skip
        check(found, of, against, drawn, k=5, rank=3)


def test_a_block_that_hides_neighbours(run, laid):
    """Nine near rows in one block, of which it keeps two: the second look finds the others."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((90, 4)).astype(np.float32)
    layout = laid(x)
    crowd = np.flatnonzero(layout.block == 2)[:9]
    x[crowd] = 5 + 0.1 * rng.standard_normal((9, 4)).astype(np.float32)
    layout = layout_lib.lay_out(
        x, np.arange(90, dtype=np.uint64), layout.block, blocks=layout.blocks, centre=x.mean(axis=0), tile=16, panel=64
    )
    (found,), _ = run(layout, layout, [fold.Job(nearest_in_blocks.nearest_in_blocks(k=5, rank=1, draw=90))])
    check(found, layout, layout, np.ones(90, bool), k=5, rank=1)


def test_a_set_of_one_point(run, laid):
    """All rows equal: neighbours by index, at distance zero, in every block of enough rows."""
    layout = laid(np.ones((40, 3), np.float32))
    (found,), _ = run(layout, layout, [fold.Job(nearest_in_blocks.nearest_in_blocks(k=3, rank=2, draw=30))])
    check(found, layout, layout, found.drawn, k=3, rank=2)
    assert found.drawn.sum() == 30 and (found.block2 == 0).all()


def test_the_draw_does_not_depend_on_the_order_of_rows(run, laid, pair):
    x, y = pair(83, 40, 3)
    shuffle = np.random.default_rng(1).permutation(83)
    job = fold.Job(nearest_in_blocks.nearest_in_blocks(k=3, rank=2, draw=40))
    found = []
    for z in (x, x[shuffle]):
        (forward,), _ = run(laid(z, tile=16, panel=32), laid(y, tile=16, panel=64), [job])
        found.append(forward)
    np.testing.assert_array_equal(found[0].drawn[shuffle], found[1].drawn)
    np.testing.assert_array_equal(found[0].indices[shuffle], found[1].indices)
    np.testing.assert_array_equal(found[0].block2[:, shuffle], found[1].block2)


def test_the_draw_thins_copies_as_it_thins_others(run, laid):
    """Half the rows are one content: of a third of the rows, about half are it."""
    x = np.random.default_rng(0).standard_normal((300, 2)).astype(np.float32)
    x[::2] = x[0]
    (found,), _ = run(laid(x), laid(x[:60]), [fold.Job(nearest_in_blocks.nearest_in_blocks(k=3, rank=2, draw=100))])
    assert found.drawn.sum() == 100 and 44 <= found.drawn[::2].sum() <= 56

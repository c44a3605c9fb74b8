import jax.numpy as jnp
import numpy as np
import pytest

from gan_probe.ops import tile as tile_lib

SIDES = {"by its rows": False, "by its columns": True}


def tile_of(x, y, *, turned, same=False):
    """A tile whose rows are `x`; turned, it is the transposed product that is at hand."""
    rows, cols = (tile_lib.Side(*map(jnp.asarray, layout.load(layout.rows(0)))) for layout in (x, y))
    first, second = (cols, rows) if turned else (rows, cols)
    product = tile_lib.multiply(-2 * first.x, second.x)
    parts = len(cols.norm) // y.tile if turned else 1
    lanes = tile_lib.Lanes(len(rows.norm), x.lanes, turned, parts)
    slices = len(cols.norm) // parts // x.lanes
    return tile_lib.Tile(product, rows, cols, lanes, slices, same, weighted=x.has_duplicates)


@pytest.mark.parametrize("d", [1, 3, 64, 2048])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 300.0])
def test_expansion_is_within_its_spread(laid, dense, d, scale):
    rng = np.random.default_rng(d)
    x = (scale * rng.standard_normal((40, d))).astype(np.float32)
    x[20:] = x[:20] + (1e-5 * scale * rng.standard_normal((20, d))).astype(np.float32)
    layout = laid(x, centre=x.mean(axis=0), blocks=1, tile=64, panel=64)
    tile = tile_of(layout, layout, turned=False)
    seen = layout.first >= 0
    norm = layout.norm[seen].astype(np.float64)
    found = norm[:, None] + norm + np.asarray(tile.product, np.float64)[np.ix_(seen, seen)]
    true = dense(x[layout.first[seen]], x[layout.first[seen]])
    assert (np.abs(found - true) <= tile_lib.spread(d) * (norm[:, None] + norm)).all()


@pytest.mark.parametrize("turned", SIDES.values(), ids=SIDES)
@pytest.mark.parametrize("sizes", [(10, 12, 16), (40, 90, 32), (30, 90, 96)], ids=str)
def test_lanes_cover_every_column_once(laid, pair, turned, sizes):
    n, m, width = sizes
    x, y = (laid(z, blocks=1, tile=width, panel=96) for z in pair(n, m, 3))
    tile = tile_of(x, y, turned=turned)
    product = np.asarray(tile.product.T if tile.lanes.turned else tile.product, np.float64)
    place = jnp.asarray(tile.cols.place, jnp.float32)
    own = jnp.asarray(tile.rows.place, jnp.float32)
    expected = (product + 2 * np.arange(product.shape[1])) * np.arange(product.shape[0])[:, None]

    def term(piece):
        return (piece.product + 2 * piece.cols[0]) * piece.rows[0]

    total, least = (f(tile, term, (own,), (place,)) for f in (tile_lib.total, tile_lib.least))
    assert total.shape == least.shape == tile.lanes.full(0.0).shape
    total, least = (np.asarray(tile.lanes.flat(a)) for a in (total, least))
    np.testing.assert_allclose(total.sum(axis=1), expected.sum(axis=1), rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(least.min(axis=1), expected.min(axis=1), rtol=1e-5, atol=1e-3)
    # Lane by lane: the columns that Layout.columns gives to a group.
    for group in range(least.shape[1]):
        at = y.columns(np.int64(group), np.arange(y.group))
        np.testing.assert_allclose(least[:, group], expected[:, at].min(axis=1), rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("turned", SIDES.values(), ids=SIDES)
def test_copies_weigh_in_sums_and_equal_rows_are_known(laid, pair, turned):
    x, _ = pair(60, 10, 3, copies=True)
    layout = laid(x, blocks=1, tile=32, panel=64)
    tile = tile_of(layout, layout, turned=turned, same=True)
    copies = tile_lib.total(tile, lambda p: p.at_equal(np.float32(1), 0 * p.product))
    found = np.asarray(tile.lanes.flat(copies)).sum(axis=1)[layout.first >= 0]
    np.testing.assert_array_equal(found, layout.weight[layout.first >= 0])

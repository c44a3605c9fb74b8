import jax.numpy as jnp
import numpy as np
import pytest

from gan_probe.ops import tile as tile_lib


def tile_of(rows, cols, d, *, same):
    product = tile_lib.multiply(jnp.asarray(-2 * rows.x), jnp.asarray(cols.x))
    return tile_lib.Tile(product, rows, cols, tile_lib.spread(d), same, weighted=False)


@pytest.mark.parametrize("d", [1, 3, 64, 2048])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 300.0])
def test_bounds_hold_the_true_distance(laid, dense, d, scale):
    rng = np.random.default_rng(d)
    x = (scale * rng.standard_normal((40, d))).astype(np.float32)
    x[20:] = x[:20] + (1e-5 * scale * rng.standard_normal((20, d))).astype(np.float32)
    layout = laid(x, centre=x.mean(axis=0), blocks=1, tile=64, panel=64)
    side = tile_lib.Side(*layout.load(0))
    tile = tile_of(side, side, d, same=True)
    first = layout.first
    seen = np.ix_(first >= 0, first >= 0)
    true = dense(x[first[first >= 0]], x[first[first >= 0]])

    assert (np.asarray(tile_lib.lower_bound(tile))[seen] <= true).all()
    squared = np.asarray(tile_lib.squared_distance(tile))[seen]
    norm = np.einsum("nd,nd->n", x - x.mean(axis=0), x - x.mean(axis=0), dtype=np.float64)[first[first >= 0]]
    assert (np.abs(squared - true) <= tile_lib.spread(d) * (norm[:, None] + norm[None, :])).all()


def test_transposed_tile_is_the_same_pairs(laid, pair):
    x, y = pair(10, 12, 3)
    rows, cols = (tile_lib.Side(*laid(z, blocks=1, tile=16, panel=16).load(0)) for z in (x, y))
    tile = tile_of(rows, cols, 3, same=False)
    turned = tile_lib.transpose(tile)
    np.testing.assert_array_equal(tile_lib.squared_distance(turned), np.asarray(tile_lib.squared_distance(tile)).T)
    np.testing.assert_array_equal(turned.rows.weight, cols.weight)

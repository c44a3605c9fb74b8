"""A tile: all pairs of a few rows and a few columns, from one matrix multiply.

Distances come from the expansion |x|^2 + |y|^2 - 2 x.y of centred rows, whose last term is what is multiplied. `spread`
is the rounding of that expansion as a share of |x|^2 + |y|^2, so that a lower and an upper bound of the true distance
are the same expression with the norms shrunk or grown by it.

How a fold should write what it does to every pair, so that XLA:CPU reads the tile once for each sum or minimum, on all
threads, and writes nothing of its size: sums, products, minima, maxima and exponentials of `product`, of columns of
numbers [r, 1] and of rows of numbers [1, c], then a sum or a minimum over one axis. A scalar (see `constant`), or
numbers that several of these share, would be spread over a tile in memory first: each has numbers of its own.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Num

from gan_probe.ops import layout as layout_lib

__all__ = ["Side", "Tile", "appended", "constant", "equal", "lower_bound", "multiply", "spread", "squared_distance",
           "transpose"]  # fmt: skip


class Side(NamedTuple):
    """The rows, or the columns, of a tile: a slice of a layout.Panel, all of one block."""

    x: Float[Array, "n d"]
    norm: Float[Array, " n"]
    reach: Float[Array, " n"]
    shift: Float[Array, " n"]
    weight: Float[Array, " n"]
    content: Int[Array, " n"]
    block: Int[Array, " n"]
    place: Int[Array, " n"]


class Tile(NamedTuple):
    """product: -2 x.y of the centred rows, or the product of a fold's own operands.
    spread: of the distances.   same: equal contents are equal rows of one set.   weighted: rows may stand for copies.
    """

    product: Float[Array, "r c"]
    rows: Side
    cols: Side
    spread: float
    same: bool
    weighted: bool


def spread(dim: int) -> float:
    """Bound of |computed - true| / (|x|^2 + |y|^2) for the float32 expansion of a squared distance in `dim` numbers.

    Rounding errors of a length-d product behave as a random walk: sqrt(d) u with a factor that fails with probability
    2 exp(-8^2/2) (Higham and Mary, 2019, doi:10.1137/18M1226312); a few ulps more for the norms and the sums.
    """
    return (8.0 * dim**0.5 + 12.0) * 2.0**-24


def appended(
    rows: Side, cols: Side, *, inner: np.float32, outer: np.float32
) -> tuple[Float[Array, "r e"], Float[Array, "c e"]]:
    """Rows and columns with the norms as two more numbers: their product is inner x.y + outer (|x|^2 + |y|^2)."""
    norms = [jnp.clip(outer * side.norm, -layout_lib.FAR, layout_lib.FAR)[:, None] for side in (rows, cols)]
    ones = [jnp.ones_like(norm) for norm in norms]
    left = jnp.concatenate([inner * rows.x, norms[0], ones[0]], axis=1)
    return left, jnp.concatenate([cols.x, ones[1], norms[1]], axis=1)


def multiply(x: Num[Array, "r d"], y: Num[Array, "c d"]) -> Float[Array, "r c"]:
    """The one matrix multiply, in full float32 on every platform (of rows in bfloat16 where a pass is coarse)."""
    return jax.lax.dot_general(
        x, y, (((1,), (1,)), ((), ())), precision=jax.lax.Precision.HIGHEST, preferred_element_type=jnp.float32
    )


def transpose(tile: Tile) -> Tile:
    """The same pairs, seen from the columns."""
    return tile._replace(product=tile.product.T, rows=tile.cols, cols=tile.rows)


def equal(tile: Tile) -> Bool[Array, "r c"]:
    """Pairs of one row, or of equal rows of one set: at distance 0, whatever rounding says."""
    return tile.rows.content[:, None] == tile.cols.content[None, :]


def constant(value: float, side: Side) -> Float[Array, " n"]:
    """The value for each of the rows, in a way that compilers can't see it is one."""
    return np.float32(value) + np.float32(0) * side.norm


def squared_distance(tile: Tile) -> Float[Array, "r c"]:
    return jnp.maximum(tile.rows.norm[:, None] + tile.cols.norm[None, :] + tile.product, 0)


def lower_bound(tile: Tile) -> Float[Array, "r c"]:
    """A number at or below the true squared distance; negative where rounding leaves it open."""
    shrink = np.float32(1 - tile.spread)
    return tile.rows.norm[:, None] * shrink + tile.cols.norm[None, :] * shrink + tile.product

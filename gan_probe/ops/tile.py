"""A tile: all pairs of a few rows and a few columns, from one matrix multiply.

Distances come from the expansion |x|^2 + |y|^2 - 2 x.y of centred rows. `spread` is the rounding of that expansion as a
share of |x|^2 + |y|^2, so that a lower and an upper bound of the true distance are the same expression with the norms
shrunk or grown by it.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from gan_probe.ops import layout as layout_lib

__all__ = ["Side", "Tile", "appended", "appended_spread", "dot_product", "lower_bound", "lower_bound_reach", "spread",
           "squared_distance", "transpose", "upper_bound"]  # fmt: skip


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
    """`dot` holds the centred dot products; `same` is the static fact that equal contents are equal rows of one set."""

    dot: Float[Array, "r c"]
    rows: Side
    cols: Side
    spread: float
    same: bool


def spread(dim: int) -> float:
    """Bound of |computed - true| / (|x|^2 + |y|^2) for the float32 expansion of a squared distance in `dim` numbers.

    Rounding errors of a length-d product behave as a random walk: sqrt(d) u with a factor that fails with probability
    2 exp(-8^2/2) (Higham and Mary, 2019, doi:10.1137/18M1226312); a few ulps more for the norms and the sums.
    """
    return (8.0 * dim**0.5 + 8.0) * 2.0**-24


def appended(
    rows: Side, cols: Side, *, inner: np.float32, outer: np.float32
) -> tuple[Float[Array, "r e"], Float[Array, "c e"]]:
    """Rows and columns with the norms as two more numbers: their product is inner x.y + outer (|x|^2 + |y|^2)."""
    norms = [jnp.clip(outer * side.norm, -layout_lib.FAR, layout_lib.FAR)[:, None] for side in (rows, cols)]
    ones = [jnp.ones_like(norm) for norm in norms]
    left = jnp.concatenate([inner * rows.x, norms[0], ones[0]], axis=1)
    return left, jnp.concatenate([cols.x, ones[1], norms[1]], axis=1)


def appended_spread(dim: int) -> float:
    """`spread` of a product of `appended` rows: its terms add up to twice |x|^2 + |y|^2."""
    return 2 * spread(dim + 2)


def dot_product(rows: Side, cols: Side, spread: float, same: bool) -> Tile:
    """The one matrix multiply, in full float32 on every platform (of rows in bfloat16 where a pass is coarse)."""
    dot = jax.lax.dot_general(
        rows.x, cols.x, (((1,), (1,)), ((), ())), precision=jax.lax.Precision.HIGHEST,
        preferred_element_type=rows.norm.dtype,
    )  # fmt: skip
    return Tile(dot, rows, cols, spread, same)


def transpose(tile: Tile) -> Tile:
    """The same pairs, seen from the columns."""
    return Tile(tile.dot.T, tile.cols, tile.rows, tile.spread, tile.same)


def squared_distance(tile: Tile) -> Float[Array, "r c"]:
    return jnp.maximum(tile.rows.norm[:, None] + tile.cols.norm[None, :] - 2 * tile.dot, 0)


def lower_bound(tile: Tile) -> Float[Array, "r c"]:
    """A number at or below the true squared distance; negative where rounding leaves it open."""
    shrink = 1 - tile.spread
    return tile.rows.norm[:, None] * shrink + tile.cols.norm[None, :] * shrink - 2 * tile.dot


def lower_bound_reach(tile: Tile) -> Float[Array, "r c"]:
    """`lower_bound` clamped to zero, with every content's copies but the first out of reach."""
    shrink = 1 - tile.spread
    return jnp.maximum(tile.rows.norm[:, None] * shrink + tile.cols.reach[None, :] * shrink - 2 * tile.dot, 0)


def upper_bound(tile: Tile) -> Float[Array, "r c"]:
    """A number at or above the true squared distance."""
    grow = 1 + tile.spread
    return tile.rows.norm[:, None] * grow + tile.cols.norm[None, :] * grow - 2 * tile.dot

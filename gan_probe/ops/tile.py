"""A tile: all pairs of a few rows and a few columns, from one matrix multiply.

Distances come from the expansion |x|^2 + |y|^2 - 2 x.y of centred rows, whose last term is what is multiplied. `spread`
is the rounding of that expansion as a share of |x|^2 + |y|^2, so that a lower and an upper bound of the true distance
are the same expression with the norms shrunk or grown by it.

A fold reduces a tile over its columns in lanes: the tile is cut into slices of a few columns, and sums and minima run
over the slices, one number a row and lane (`total`, `least`). All of it is elementwise, so a compiler reads the tile
once for each sum or minimum and writes nothing of its size; XLA:CPU does it in vector registers, several times faster
than a sum along an axis. Lanes are joined once a panel. A tile that is read from its columns has the lanes along the
rows of the product instead, which is never transposed.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Num, Shaped

__all__ = [
    "Lanes",
    "Piece",
    "Side",
    "Tile",
    "above",
    "bound",
    "least",
    "lowest",
    "multiply",
    "pieces",
    "slice_bits",
    "spread",
    "total",
]


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


class Lanes(NamedTuple):
    """How numbers of each row and lane lie in memory: [rows, width], or, where rows are the columns of the product,
    [parts, width, rows / width, width], which is the order of the product.

    rows: rows of a tile.   width: lanes, side by side.   parts: how many times `width` lanes a turned tile has.
    """

    rows: int
    width: int
    turned: bool
    parts: int

    def full(self, value: float | np.float32) -> Float[Array, "..."]:
        """The value for every row and lane."""
        turned = (self.parts, self.width, self.rows // self.width, self.width)
        return jnp.full(turned if self.turned else (self.rows, self.width), np.float32(value))

    def of_rows(self, a: Shaped[Array, " rows"]) -> Shaped[Array, "..."]:
        """Numbers of the rows, against lanes."""
        return a.reshape(1, 1, -1, self.width) if self.turned else a[:, None]

    def flat(self, a: Num[Array, "..."]) -> Num[Array, "rows lanes"]:
        """Numbers of rows and lanes as a matrix: lane j of part i is column i * width + j."""
        return a.reshape(-1, self.rows).T if self.turned else a


class Tile(NamedTuple):
    """All pairs of `rows` and `cols`, as a fold over the columns of every row sees them.

    product: -2 x.y of the centred rows: [rows, cols], [cols, rows] if turned.
    lanes: how sums over the columns lie.   slices: columns that share a lane within one part of the tile.
    same: equal contents are equal rows of one set.   weighted: rows may stand for copies.
    """

    product: Float[Array, "r c"]
    rows: Side
    cols: Side
    lanes: Lanes
    slices: int
    same: bool
    weighted: bool


class Piece(NamedTuple):
    """Pairs of all rows with one slice of the columns. All arrays broadcast against numbers of rows and lanes.

    rows, cols: what the fold prepared for them.   equal: pairs of one row, or of equal rows of one set, at distance 0
    whatever rounding says; None where there are none.   weight: copies that a column stands for; None if each is one.
    """

    product: Float[Array, "..."]
    rows: tuple[Shaped[Array, "..."], ...]
    cols: tuple[Shaped[Array, "..."], ...]
    equal: Bool[Array, "..."] | None
    weight: Float[Array, "..."] | None

    def at_equal(self, value: Shaped[Array, "..."] | np.float32, other: Shaped[Array, "..."]) -> Shaped[Array, "..."]:
        """`other`, but the value where rows are equal."""
        return other if self.equal is None else jnp.where(self.equal, value, other)


def spread(dim: int) -> float:
    """Bound of |computed - true| / (|x|^2 + |y|^2) for the float32 expansion of a squared distance in `dim` numbers.

    Rounding errors of a length-d product behave as a random walk: sqrt(d) u with a factor that fails with probability
    2 exp(-8^2/2) (Higham and Mary, 2019, doi:10.1137/18M1226312); a few ulps more for the norms and the sums.
    """
    return (8.0 * dim**0.5 + 12.0) * 2.0**-24


def multiply(x: Num[Array, "r d"], y: Num[Array, "c d"]) -> Float[Array, "r c"]:
    """The one matrix multiply, in full float32 on every platform (of rows in bfloat16 where a pass is coarse)."""
    return lax.dot_general(
        x, y, (((1,), (1,)), ((), ())), precision=lax.Precision.HIGHEST, preferred_element_type=jnp.float32
    )


def pieces(tile: Tile, rows: Sequence[Array], cols: Sequence[Array]) -> Iterator[Piece]:
    """The tile, slice by slice, with numbers [n] of its rows and of its columns."""
    lanes, width = tile.lanes, tile.lanes.width
    of_rows = tuple(lanes.of_rows(a) for a in rows)
    content = lanes.of_rows(tile.rows.content)
    if lanes.turned:
        shape = (lanes.parts, tile.slices, width)
        of_slice = lambda a, i: a.reshape(shape)[:, i, :, None, None]  # noqa: E731
        product = lambda i: tile.product.reshape(*shape, -1, width)[:, i]  # noqa: E731
    else:
        of_slice = lambda a, i: a[None, i * width : (i + 1) * width]  # noqa: E731
        product = lambda i: tile.product[:, i * width : (i + 1) * width]  # noqa: E731
    for i in range(tile.slices):
        yield Piece(
            product(i), of_rows, tuple(of_slice(a, i) for a in cols),
            content == of_slice(tile.cols.content, i) if tile.same else None,
            of_slice(tile.cols.weight, i) if tile.weighted else None,
        )  # fmt: skip


def total(
    tile: Tile, term: Callable[[Piece], Float[Array, "..."]], rows: Sequence[Array] = (), cols: Sequence[Array] = ()
) -> Float[Array, "..."]:
    """Sum over the columns of a term of every pair, a column as often as it has copies, by row and lane."""
    term = jax.jit(term)  # traced once for all pieces
    terms = ((term(p), p.weight) for p in pieces(tile, rows, cols))
    return sum(a if weight is None else weight * a for a, weight in terms)


def least(
    tile: Tile, number: Callable[[Piece], Float[Array, "..."]], rows: Sequence[Array] = (), cols: Sequence[Array] = ()
) -> Float[Array, "..."]:
    """Least number of any pair, by row and lane."""
    number = jax.jit(number)
    numbers = (number(p) for p in pieces(tile, rows, cols))
    first = next(numbers)
    for other in numbers:
        first = jnp.minimum(first, other)
    return first


def lowest(
    tile: Tile,
    number: Callable[[Piece], Float[Array, "..."]],
    count: int,
    rows: Sequence[Array] = (),
    cols: Sequence[Array] = (),
) -> tuple[Int[Array, "..."], ...]:
    """The `count` least numbers of any pair, least first, by row and lane, with the slices they are of.

    Each is the bits of the number, of 0 if it is below, but for its lowest ones, which hold the slice (`slice_bits`).
    """
    mask = np.int32(slice_bits(tile.slices))
    number = jax.jit(number)
    found = [lax.bitcast_convert_type(tile.lanes.full(np.float32(np.inf)), jnp.int32)] * count
    for i, piece in enumerate(pieces(tile, rows, cols)):
        key = (lax.bitcast_convert_type(number(piece), jnp.int32) & ~mask) | np.int32(i)
        for level in range(count):
            found[level], key = jnp.minimum(found[level], key), jnp.maximum(found[level], key)
    return tuple(jnp.where(key < 0, key & mask, key) for key in found)


def slice_bits(slices: int) -> int:
    """The bits of a number of `lowest` that hold its slice."""
    return (1 << (slices - 1).bit_length()) - 1


def bound(key: Int[np.ndarray, "..."], slices: int) -> Float[np.ndarray, "..."]:
    """The numbers, or a little less, whose keys `lowest` gave."""
    return (key & ~np.int32(slice_bits(slices))).view(np.float32)


def above(
    bound: Float[np.ndarray, "..."], norms: Float[np.ndarray, "..."], slices: int, spread: float
) -> Float[np.ndarray, "..."]:
    """At or above the squared distance of two rows, whose norms are given in sum, from its lower bound by `lowest`."""
    return bound * (1 + (slice_bits(slices) + 1) * 2.0**-22) + 2.001 * spread * norms

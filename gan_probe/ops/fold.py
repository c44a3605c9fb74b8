"""What a fold is: a reduction over the columns of every row, fed one tile at a time.

On the device a fold keeps a state for the rows of a tile (`init`, `prepare`, `update`). After a panel of columns the
state comes to the host, where `merge` adds it, in float64 and in a fixed order, to the result that `start` made;
`finish` turns the result of a whole pass into arrays a row. States are fresh for every pair of panels, so what is on
the host is all there is to save for a resumed run. A fold never knows whether it runs over rows or, transposed, over
columns.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gan_probe.ops import layout as layout_lib
from gan_probe.ops import tile as tile_lib

__all__ = ["Fold", "Job", "Place", "Prepared", "no_numbers"]


class Prepared(NamedTuple):
    """What a fold needs of each row and of each column of its tiles: arrays with those on the leading axis."""

    rows: tuple[Any, ...] = ()
    cols: tuple[Any, ...] = ()


class Fold(NamedTuple):
    """Pure functions; made by cached factories, so that the same settings are the same object and compile once.

    name: the settings in words; with the two sets it names the result on disk.
    rebuild(*arrays): the finished result from its arrays.
    init(rows, blocks): state with the rows on the leading axis, for columns in `blocks` blocks.
    numbers(job, side, layout): float32 [p, m], the job's own numbers for the "rows" or "cols", by position, or None.
    prepare(rows, cols, numbers, spread): Prepared, once for all tiles of two panels; `numbers` is the job's for either.
    update(state, tile, prepared): the state after one more tile, with what was prepared for its rows and columns.
    start(rows, cols): the empty result on the host, from both layouts.
    merge(result, state, place): adds the state (NumPy) of one panel of rows and one of columns.
    finish(result, rows, cols, job): the result in the order of the rows of the set.

    A fold may also keep a few numbers of every tile, that only the whole panel can choose from:
    keep(tile, prepared): int32 [r, c / group], written where the tile's columns lie in the panel.
    leave(state, kept, tile): the state that goes to the host, from int32 [n, columns / group] of all tiles, `tile`
      columns each.
    group: columns that share one number kept.

    coarse(rows, cols): the fold that gives the same result from rows rounded to bfloat16 (ops.coarse), or None where
      that isn't sooner. Such a pass has no other kind of fold.
    alone(rows, cols): the fold that gives the same result sooner where it has the pass to itself, or None.
    operands(rows, cols): the two matrices, rows on the leading axis, that such a fold wants multiplied instead of the
      centred rows: `product` of its tiles is theirs.
    """

    name: str
    rebuild: Callable[..., Any]
    init: Callable[[tile_lib.Side, int], Any]
    update: Callable[[Any, tile_lib.Tile, "Prepared"], Any]
    numbers: Callable[["Job", str, layout_lib.Layout], np.ndarray | None]
    prepare: Callable[[tile_lib.Side, tile_lib.Side, tuple[Any, Any], float], "Prepared"]
    start: Callable[[layout_lib.Layout, layout_lib.Layout], Any]
    merge: Callable[[Any, Any, "Place"], Any]
    finish: Callable[[Any, layout_lib.Layout, layout_lib.Layout, "Job"], Any]
    keep: Callable[[tile_lib.Tile, "Prepared"], Any] | None = None
    leave: Callable[[Any, Any, int], Any] | None = None
    group: int = 1
    coarse: Callable[[layout_lib.Layout, layout_lib.Layout], "Fold | None"] | None = None
    alone: Callable[[layout_lib.Layout, layout_lib.Layout], "Fold | None"] | None = None
    operands: Callable[[tile_lib.Side, tile_lib.Side], tuple[Any, Any]] | None = None


class Place(NamedTuple):
    """Where a pair of panels lies: positions of its rows and columns, and the blocks of its columns."""

    rows: slice
    cols: slice
    blocks: slice


class Job(NamedTuple):
    """A fold with the numbers that it needs, if any.

    radius2: squared radius of each row or column (as the fold says), [n] or one for all.
    rows, cols: numbers of each row [n, m] and of each column.
    """

    fold: Fold
    radius2: np.ndarray | float | None = None
    rows: np.ndarray | None = None
    cols: np.ndarray | None = None


def no_numbers(job: Job, side: str, layout: layout_lib.Layout) -> None:
    """`numbers` of a fold that has none."""
    del job, side, layout

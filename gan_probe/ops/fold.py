"""What a fold is: a reduction over the columns of every row, fed one tile at a time.

On the device a fold keeps a state for the rows of a tile and every block of columns (`init`, `prepare`, `update`), most
often in lanes (ops.tile), which are joined after a panel of columns (`leave`). Then the state comes to the host, where
`merge` adds it, in float64 and in a fixed order, to the result that `start` made; `finish` turns the result of a whole
pass into arrays a row. States are fresh for every pair of panels, so what is on the host is all there is to save for a
resumed run. A fold never knows whether it runs over rows or, transposed, over columns.
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
    init(lanes): state of the rows of one tile; the columns of every block have a state of their own.
    numbers(job, side, layout): float32 [p, m], the job's own numbers for the "rows" or "cols", by position, or None.
    prepare(rows, cols, numbers, spread): Prepared, once for all tiles of two panels; `numbers` is the job's for either.
    update(state, tile, prepared): the state after one more tile, with what was prepared for its rows and columns.
    leave(state, rows, lanes): what goes to the host, with the tile's rows (tile.Side) on the leading axis; there the
      blocks, or tiles, are the second.
    start(rows, cols): the empty result on the host, from both layouts.
    merge(result, state, place): adds the state (NumPy) of one panel of rows and one of columns.
    finish(result, rows, cols, job): the result in the order of the rows of the set.

    per_tile: whether every tile of columns has a state of its own, not every block.
    choose(left): what goes to the host instead of all that the tiles leave, numbers [rows, lanes], from these side by
      side [rows, groups of columns].

    coarse(rows, cols): the fold that gives the same result from rows rounded to bfloat16 (ops.coarse), or None where
      that isn't sooner. Such a pass has no other kind of fold.
    alone(rows, cols): the fold that gives the same result sooner where it has the pass to itself, or None.
    """

    name: str
    rebuild: Callable[..., Any]
    init: Callable[[tile_lib.Lanes], Any]
    update: Callable[[Any, tile_lib.Tile, "Prepared"], Any]
    leave: Callable[[Any, tile_lib.Side, tile_lib.Lanes], Any]
    numbers: Callable[["Job", str, layout_lib.Layout], np.ndarray | None]
    prepare: Callable[[tile_lib.Side, tile_lib.Side, tuple[Any, Any], float], "Prepared"]
    start: Callable[[layout_lib.Layout, layout_lib.Layout], Any]
    merge: Callable[[Any, Any, "Place"], Any]
    finish: Callable[[Any, layout_lib.Layout, layout_lib.Layout, "Job"], Any]
    per_tile: bool = False
    choose: Callable[[Any], Any] | None = None
    coarse: Callable[[layout_lib.Layout, layout_lib.Layout], "Fold | None"] | None = None
    alone: Callable[[layout_lib.Layout, layout_lib.Layout], "Fold | None"] | None = None


class Place(NamedTuple):
    """Where a pair of panels lies: positions of its rows and columns, the blocks and the first group of its columns."""

    rows: slice
    cols: slice
    blocks: slice
    group: int


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

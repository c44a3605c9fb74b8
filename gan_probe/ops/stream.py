"""The one driver: every pair of two sets, once, panel by panel, through any number of folds.

The host loops over (panel of rows, panel of columns); a jitted program loops over the tiles inside. Over several
devices the rows of a panel stay where they are and the columns go round the ring: no device holds a whole panel. A set
against itself needs only the panels on and above the diagonal: a tile feeds its folds as rows and as columns.
"""

import collections
import functools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh, PartitionSpec

from gan_probe import parallel
from gan_probe.ops import coarse as coarse_lib
from gan_probe.ops import fold as fold_lib
from gan_probe.ops import layout as layout_lib
from gan_probe.ops import tile as tile_lib

__all__ = ["products", "stream"]

_IN_FLIGHT = 2  # pairs of panels computed ahead of the host
# Panels of a set against itself for which a program of the diagonal's own takes longer to compile than it saves.
_FEW = 8


def stream(
    rows: layout_lib.Layout,
    cols: layout_lib.Layout,
    row_jobs: Sequence[fold_lib.Job],
    col_jobs: Sequence[fold_lib.Job] = (),
    *,
    mesh: Mesh,
    memory_bytes: int = 1 << 30,
    advance: Callable[[int], None] = lambda pairs: None,
) -> tuple[list[Any], list[Any]]:
    """Run folds over all pairs of two sets.

    Args:
      rows, cols: layouts with one centre; the same object for a set against itself.
      row_jobs: folds over the columns of every row.
      col_jobs: folds over the rows of every column (none for a set against itself: row_jobs do both).
      mesh: the devices; `rows.panel` and `cols.panel` hold a whole number of tiles for each.
      memory_bytes: device memory that loaded panels may keep.
      advance: told the number of pairs each time some are done.

    Returns:
      The finished results of row_jobs, and of col_jobs.
    """
    same = rows is cols
    if same and col_jobs:
        raise ValueError("a set against itself takes row_jobs only")
    spread, dtype = tile_lib.spread(rows.dim), np.dtype(np.float32)
    placed = [(j, rows, cols) for j in row_jobs] + [(j, cols, rows) for j in col_jobs]
    if (coarse := _variants(placed, lambda fold: fold.coarse)) is not None:
        row_jobs, col_jobs = coarse[: len(row_jobs)], coarse[len(row_jobs) :]
        spread, dtype = coarse_lib.spread(rows, cols), np.dtype(jnp.bfloat16)
    elif len({j.fold for j, _, _ in placed}) == 1 and (alone := _variants(placed, lambda fold: fold.alone)) is not None:
        row_jobs, col_jobs = alone[: len(row_jobs)], alone[len(row_jobs) :]
    mirrored = tuple(row_jobs) if same else tuple(col_jobs)
    row_folds = tuple(j.fold for j in row_jobs)
    row_results = [f.start(rows, cols) for f in row_folds]
    col_results = row_results if same else [j.fold.start(cols, rows) for j in mirrored]
    shared = same and 1 < rows.panels <= _FEW
    compiled = {
        diagonal: _program(
            row_folds, () if diagonal and not shared else tuple(j.fold for j in mirrored),
            (rows.tall, rows.tile, cols.tile, rows.lanes), rows.panel_blocks, cols.panel_blocks, spread,
            shared or (same and (diagonal or rows.has_duplicates)), rows.has_duplicates or cols.has_duplicates, mesh,
        )
        for diagonal in ({True, False} if same else {False})
    }  # fmt: skip

    def collect(i: int, j: int, states) -> None:
        for_rows, for_cols = jax.tree.map(np.asarray, states)
        for k, (fold, state) in enumerate(zip(row_folds, for_rows, strict=True)):
            place = fold_lib.Place(rows.rows(i), cols.rows(j), _blocks(cols, j), j * cols.panel // cols.group)
            row_results[k] = fold.merge(row_results[k], state, place)
        for k, state in enumerate(() if same and i == j else for_cols):
            place = fold_lib.Place(cols.rows(j), rows.rows(i), _blocks(rows, i), i * rows.panel // rows.group)
            col_results[k] = mirrored[k].fold.merge(col_results[k], state, place)
        advance(_rows_in(rows, i) * _rows_in(cols, j) * (2 if same and i != j else 1))

    pending: collections.deque = collections.deque()
    with ThreadPoolExecutor(2) as loader:
        share = memory_bytes if same else memory_bytes // 2
        row_panels = _Panels(rows, row_jobs, mirrored, dtype, mesh, share, loader)
        col_panels = row_panels if same else _Panels(cols, mirrored, row_jobs, dtype, mesh, share, loader)
        for i, j in _pairs(rows.panels, cols.panels, same):
            pending.append((i, j, compiled[same and i == j](row_panels.get(i), col_panels.get(j))))
            if len(pending) > _IN_FLIGHT:
                collect(*pending.popleft())
        while pending:
            collect(*pending.popleft())
    finished_rows = [j.fold.finish(r, rows, cols, j) for j, r in zip(row_jobs, row_results, strict=True)]
    if same:
        return finished_rows, []
    return finished_rows, [j.fold.finish(r, cols, rows, j) for j, r in zip(mirrored, col_results, strict=True)]


def _variants(
    jobs: Sequence[tuple[fold_lib.Job, layout_lib.Layout, layout_lib.Layout]],
    variant: Callable[[fold_lib.Fold], Callable[..., fold_lib.Fold | None] | None],
) -> list[fold_lib.Job] | None:
    """The jobs over (rows, cols) with a variant of their folds, if all have it and each says that it pays."""
    out = []
    for job, rows, cols in jobs if all(variant(job.fold) for job, _, _ in jobs) else ():
        fold = (make := variant(job.fold)) and make(rows, cols)
        if fold is None:
            return None
        out.append(job._replace(fold=fold))
    return out or None


def products(rows: layout_lib.Layout, cols: layout_lib.Layout) -> int:
    """Inner products of rows that a pass computes: about half of all pairs for a set against itself."""
    if rows is not cols:
        return len(rows) * len(cols)
    sizes = [_rows_in(rows, i) for i in range(rows.panels)]
    return (len(rows) ** 2 + sum(n * n for n in sizes)) // 2


def _pairs(rows: int, cols: int, same: bool) -> Iterator[tuple[int, int]]:
    for i in range(rows):
        for j in range(i if same else 0, cols):
            yield i, j


def _blocks(layout: layout_lib.Layout, panel: int) -> slice:
    start = int(layout.panel_block[panel])
    return slice(start, start + layout.panel_blocks)


def _rows_in(layout: layout_lib.Layout, panel: int) -> int:
    return int(layout.weight[layout.rows(panel)].sum())


class _Numbered(NamedTuple):
    """A panel, or on a device the tiles of one, with the numbers of the jobs for which its rows are rows or columns."""

    panel: Any
    as_rows: list[Any]
    as_cols: list[Any]


class _Panels:
    """Panels on the devices, the next one loaded ahead, kept while they fit in `memory_bytes`."""

    def __init__(self, layout, jobs_as_rows, jobs_as_cols, dtype, mesh, memory_bytes, loader):
        self._layout, self._dtype, self._mesh = layout, dtype, mesh
        self._as_rows = [j.fold.numbers(j, "rows", layout) for j in jobs_as_rows]
        self._as_cols = [j.fold.numbers(j, "cols", layout) for j in jobs_as_cols]
        self._room = max(2, memory_bytes // (layout.panel * (layout.dim + 8) * 4))
        self._kept: collections.OrderedDict[int, Any] = collections.OrderedDict()
        self._loader = loader

    def get(self, i: int):
        panel = self._future(i).result()
        if self._layout.panels > 1:
            self._future((i + 1) % self._layout.panels)
        return panel

    def _future(self, i: int):
        if i not in self._kept:
            self._kept[i] = self._loader.submit(self._load, i)
            while len(self._kept) > max(self._room, 3):
                self._kept.popitem(last=False)
        self._kept.move_to_end(i)
        return self._kept[i]

    def _load(self, i: int):
        at = self._layout.rows(i)
        as_rows, as_cols = ([None if a is None else a[at] for a in side] for side in (self._as_rows, self._as_cols))
        panel = self._layout.load(at)
        panel = panel._replace(x=panel.x.astype(self._dtype, copy=False))
        return parallel.put_rows(_Numbered(panel, as_rows, as_cols), self._mesh)


@functools.lru_cache(maxsize=64)
def _program(row_folds, col_folds, sizes, row_blocks, col_blocks, spread, same, weighted, mesh):
    """The jitted program for one pair of panels: what row_folds and col_folds leave."""
    devices, (row_tile, part, col_tile, width) = mesh.size, sizes
    row_lanes = tile_lib.Lanes(row_tile, width, turned=False, parts=1)
    col_lanes = tile_lib.Lanes(col_tile, width, turned=True, parts=row_tile // part)

    def sweep(rows, row_stores, cols, col_stores):
        of_row_folds = _prepare(row_folds, rows, cols, spread)
        of_col_folds = _prepare(col_folds, cols, rows, spread)
        row_numbers = [p.rows for p in of_row_folds], [p.cols for p in of_col_folds]
        col_numbers = [p.cols for p in of_row_folds], [p.rows for p in of_col_folds]

        def over_rows(col_stores, x):
            row, row_numbers, stores = x
            doubled = row.x * np.asarray(-2, row.x.dtype)  # the product is -2 x.y: a power of two rounds nothing

            def over_cols(carry, y):
                row_stores, col_stores, (col, col_numbers) = carry
                x, nth = y
                product = tile_lib.multiply(doubled, x)
                tile = tile_lib.Tile(product, row, col, row_lanes, col_tile // width, same, weighted)
                turned = tile._replace(rows=col, cols=row, lanes=col_lanes, slices=part // width)
                for_rows, for_cols = (
                    [fold_lib.Prepared(own, other) for own, other in zip(*both, strict=True)]
                    for both in ((row_numbers[0], col_numbers[0]), (col_numbers[1], row_numbers[1]))
                )
                row_stores = [
                    _update(*of_fold, tile, 0) for of_fold in zip(row_folds, row_stores, for_rows, strict=True)
                ]
                col_stores = [
                    _update(*of_fold, turned, nth * (of_fold[1].states // col_tiles))
                    for of_fold in zip(col_folds, col_stores, for_cols, strict=True)
                ]
                return (row_stores, col_stores, _taken(of_cols, (nth + 1) % col_tiles)), None

            carry = [_opened(kept) for kept in stores], col_stores, _taken(of_cols, jnp.int32(0))
            (row_stores, col_stores, _), _ = lax.scan(
                over_cols, carry, (x_tiles, jnp.arange(col_tiles, dtype=jnp.int32))
            )
            return col_stores, [_put(store).kept for store in row_stores]

        col_tiles = len(cols.panel.norm) // col_tile
        # A tile's numbers are taken a tile before: taken within a sum they would keep it out of vector registers.
        of_cols = _cut((cols.panel._replace(x=()), col_numbers), col_tile)
        x_tiles = _cut(cols.panel.x, col_tile)
        xs = (*_cut((rows.panel, row_numbers), row_tile), row_stores)
        opened, row_stores = lax.scan(over_rows, [_opened(_join(kept)) for kept in col_stores], xs)
        return row_stores, [_cut(_put(store).kept, store.states // col_tiles) for store in opened]

    def one_device(rows, cols):
        if not col_folds:  # on the diagonal the numbers of the mirrored folds stay behind
            rows, cols = rows._replace(as_cols=[]), cols._replace(as_rows=[])
        rows, cols = (side._replace(panel=tile_lib.Side(*side.panel)) for side in (rows, cols))
        all_rows, all_cols = (devices * len(side.panel.norm) for side in (rows, cols))
        row_stores = [_stores(f, rows, row_lanes, col_blocks, all_cols // col_tile) for f in row_folds]
        col_stores = [_stores(f, cols, col_lanes, row_blocks, all_rows // row_tile) for f in col_folds]
        ring = [(i, (i + 1) % devices) for i in range(devices)]

        def step(carry, _):
            row_stores, cols, col_stores = carry
            row_stores, col_stores = sweep(rows, row_stores, cols, col_stores)
            for_cols = cols, col_stores
            if devices > 1:
                for_cols = jax.tree.map(lambda a: lax.ppermute(a, parallel.AXIS, ring), for_cols)
            return (row_stores, *for_cols), None

        (row_stores, _, col_stores), _ = lax.scan(step, (row_stores, cols, col_stores), length=devices)
        return (
            [_left(f, kept, rows, row_lanes) for f, kept in zip(row_folds, row_stores, strict=True)],
            [_left(f, kept, cols, col_lanes) for f, kept in zip(col_folds, col_stores, strict=True)],
        )

    by_rows = PartitionSpec(parallel.AXIS)
    run = jax.shard_map(one_device, mesh=mesh, in_specs=by_rows, out_specs=by_rows, check_vma=False)
    return jax.jit(run, compiler_options=parallel.wide_vectors(mesh))


def _prepare(folds, rows: _Numbered, cols: _Numbered, spread: float) -> list[fold_lib.Prepared]:
    numbers = zip(rows.as_rows, cols.as_cols, strict=True)
    return [f.prepare(rows.panel, cols.panel, n, spread) for f, n in zip(folds, numbers, strict=True)]


class _Store(NamedTuple):
    """States that a fold keeps on a leading axis, and the one at hand.

    The state at hand is put back before the next is taken, not when it is new: XLA:CPU would compute it within the
    copy, and no longer in vector registers.
    """

    kept: Any
    held: Any
    at: jax.Array

    @property
    def states(self) -> int:
        return len(jax.tree.leaves(self.kept)[0])


def _stores(fold: fold_lib.Fold, rows: _Numbered, lanes: tile_lib.Lanes, blocks: int, tiles: int) -> Any:
    """First states of a fold [tiles of rows, blocks or tiles of columns, ...]."""
    lead = len(rows.panel.norm) // lanes.rows, tiles if fold.per_tile else blocks
    return jax.tree.map(lambda a: jnp.broadcast_to(a, (*lead, *a.shape)), fold.init(lanes))


def _opened(kept: Any) -> _Store:
    return _Store(kept, _taken(kept, jnp.int32(0)), jnp.int32(0))


def _taken(stack: Any, at: jax.Array) -> Any:
    return jax.tree.map(lambda a: lax.dynamic_index_in_dim(a, at, keepdims=False), stack)


def _put(store: _Store) -> _Store:
    put = functools.partial(lax.dynamic_update_index_in_dim, index=store.at, axis=0)
    return store._replace(kept=jax.tree.map(put, store.kept, store.held))


def _update(fold: fold_lib.Fold, store: _Store, prepared, tile: tile_lib.Tile, first: jax.Array | int) -> _Store:
    """The store of a fold after one more tile; the states of the tile's rows begin with the `first`."""
    kept = _put(store).kept
    at = first + (tile.cols.place[0] // len(tile.cols.place) if fold.per_tile else tile.cols.block[0])
    return _Store(kept, fold.update(_taken(kept, at), tile, prepared), at)


def _left(fold: fold_lib.Fold, kept: Any, rows: _Numbered, lanes: tile_lib.Lanes) -> Any:
    """What goes to the host."""
    panel = _cut(rows.panel, lanes.rows)
    of_tile = jax.vmap(lambda state, rows: fold.leave(state, rows, lanes), in_axes=(0, None))
    left = _join(jax.vmap(lambda *a: jax.tree.map(lambda b: jnp.moveaxis(b, 0, 1), of_tile(*a)))(kept, panel))
    return fold.choose(jax.tree.map(lambda a: a.reshape(len(a), -1), left)) if fold.choose else left


def _cut(arrays: Any, n: int) -> Any:
    """Arrays with rows on the leading axis as stacks of n rows."""
    return jax.tree.map(lambda a: a.reshape(-1, n, *a.shape[1:]), arrays)


def _join(stacks: Any) -> Any:
    return jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:]), stacks)

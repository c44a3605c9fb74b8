"""How a set of rows is laid out for streaming: seeded blocks, merged duplicates, padded panels.

Rows are ordered by (block, content), so that every tile belongs to one block and a partial result per block costs
nothing. Identical rows of one block become one row with a weight. A panel is what the driver sends to the devices: a
fixed number of tiles, padded with rows of weight zero.
"""

import dataclasses
import functools
from typing import NamedTuple

import jax
import ml_dtypes
import numpy as np

__all__ = ["FAR", "Layout", "Panel", "lay_out", "recentred"]

FAR = np.float32(1e37)
"""Squared norm of a padded row: farther than any finite feature, yet sums of it stay finite in float32."""

_TALL = 3  # most tiles side by side as the rows of one multiply
_SLICES = 32  # most columns of a tile that share a lane: programs grow with them
_CHUNK = 1 << 22  # numbers of float64 held at once while norms are taken


class Panel(NamedTuple):
    """What a device sees of some rows; the leading axis of every array is rows.

    x: float32 [p, d] centred rows.                 norm: float32 [p] squared norm of the centred row, FAR if padded.
    reach: float32 [p] norm, FAR also for all but the first copy of a content (neighbours look at contents).
    shift: float32 [p] what turns a centred dot product into the raw one: x_i.x_j = c_i.c_j + shift_i + shift_j.
    weight: float32 [p] number of identical rows it stands for, 0 if padded.
    content: int32 [p] lowest index of a row with this content, -1 if padded.
    block: int32 [p] block, counted from the panel's first block; the same for all rows of a tile.
    place: int32 [p] position among these rows.
    """

    x: np.ndarray
    norm: np.ndarray
    reach: np.ndarray
    shift: np.ndarray
    weight: np.ndarray
    content: np.ndarray
    block: np.ndarray
    place: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Layout:
    """A set of n rows in p positions (padding included).

    features: float32 [n, d] (may be a memmap).   centre: float32 [d] subtracted before any product.
    block: int32 [n] block of each row.           blocks: number of blocks.
    content: int64 [n] lowest index of an equal row.
    position: int64 [n] where each row (or the merged row that stands for it) lies.
    first: int64 [p] lowest row index at a position, -1 if padded.
    weight, norm, reach, shift: float32 [p], as in Panel.
    tile, panel: columns of a tile, and rows of a panel.   panel_block: int64 [panels] first block of each panel.
    tall: most rows of a tile, a few times `tile`: XLA:CPU multiplies tall tiles at up to 1.5 times the speed.
    lanes: sums and minima that run side by side over the columns of a tile, which holds a whole number of them.
    local_block: int32 [p] block of each position, counted from its panel's first block.
    """

    features: np.ndarray
    centre: np.ndarray
    block: np.ndarray
    blocks: int
    content: np.ndarray
    position: np.ndarray
    first: np.ndarray
    weight: np.ndarray
    norm: np.ndarray
    reach: np.ndarray
    shift: np.ndarray
    tile: int
    tall: int
    lanes: int
    panel: int
    panel_block: np.ndarray
    local_block: np.ndarray

    def __len__(self) -> int:
        return len(self.features)

    @property
    def dim(self) -> int:
        return self.features.shape[1]

    @property
    def group(self) -> int:
        """Columns of a tile that share a lane."""
        return self.tile // self.lanes

    def columns(self, group: np.ndarray | np.integer, nth: np.ndarray) -> np.ndarray:
        """Position of the nth column of each group, groups counted by tile and lane."""
        tile, lane = np.divmod(group, self.lanes)
        return tile * self.tile + lane + nth * self.lanes

    @property
    def panels(self) -> int:
        return len(self.first) // self.panel

    @functools.cached_property
    def panel_blocks(self) -> int:
        """Blocks that one panel may hold."""
        return int(self.local_block.max()) + 1

    @property
    def block_slots(self) -> int:
        """Blocks, counting those that the last panel has room for but lacks."""
        return int(self.panel_block[-1]) + self.panel_blocks

    @functools.cached_property
    def block_sizes(self) -> np.ndarray:
        """int64 [blocks]: rows of each block."""
        return np.bincount(self.block, minlength=self.blocks)

    @functools.cached_property
    def has_duplicates(self) -> bool:
        return bool((self.content != np.arange(len(self))).any())

    @functools.cached_property
    def copies(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows sorted by (content, index) [n], and for each row index the start and length of its content's run."""
        order = np.lexsort((np.arange(len(self)), self.content))
        length = np.bincount(self.content, minlength=len(self))
        start = np.cumsum(length) - length
        return order, start, length

    @functools.cached_property
    def coarse_loss(self) -> float:
        """Largest share of its norm that a centred row loses when it is rounded to bfloat16; at most 2^-8."""
        most = 0.0
        for at in np.array_split(self.features, max(1, self.features.size // _CHUNK)):
            x = at - self.centre
            lost = x - x.astype(ml_dtypes.bfloat16).astype(np.float32)
            norm2 = np.einsum("nd,nd->n", x, x)
            share2 = np.einsum("nd,nd->n", lost, lost) / np.where(norm2 > 0, norm2, np.inf)
            most = max(most, float(share2.max()))
        return most**0.5 * (1 + 1e-4)

    def rows(self, i: int) -> slice:
        return slice(i * self.panel, (i + 1) * self.panel)

    def panel_slices(self, block: int | None = None) -> list[slice]:
        """Positions of every panel, or those of one block's share of each panel that has one."""
        if block is None:
            return [self.rows(i) for i in range(self.panels)]
        out = []
        for i in np.flatnonzero((self.panel_block <= block) & (block < self.panel_block + self.panel_blocks)).tolist():
            within = np.flatnonzero(self.local_block[self.rows(i)] == block - self.panel_block[i]) + i * self.panel
            out += [slice(int(within[0]), int(within[-1]) + 1)] if within.size else []
        return out

    def load(self, at: slice) -> Panel:
        """The rows at some positions of a panel, gathered and centred on the host."""
        first = self.first[at]
        x = np.zeros((len(first), self.dim), np.float32)
        real = first >= 0
        x[real] = self.features[first[real]] - self.centre
        content = np.where(real, self.content[first], -1).astype(np.int32)
        index = np.arange(len(first), dtype=np.int32)
        return Panel(
            x, self.norm[at], self.reach[at], self.shift[at], self.weight[at], content, self.local_block[at], index
        )

    def expand(self, by_position: np.ndarray) -> np.ndarray:
        """Per-position results [p, ...] as per-row results [n, ...]."""
        return by_position[self.position]


def lay_out(
    features: np.ndarray,
    hashes: np.ndarray,
    block: np.ndarray,
    *,
    blocks: int,
    centre: np.ndarray,
    tile: int = 512,
    panel: int = 4096,
    devices: int = 1,
) -> Layout:
    """Lay out a set.

    Args:
      features: float32 [n, d].
      hashes: uint64 [n] content hash of each row; equal features with equal hashes are merged within a block.
      block: int32 [n] block of each row, 0 <= block < blocks.
      blocks: number of blocks (20 everywhere but in tests).
      centre: float32 [d], the same for every layout that meets in a pass.
      tile: most columns of a tile, of which programs take 512 on CPU.
      panel: most rows of a panel (rounded up to hold one tile per device).
      devices: devices that share a panel.
    """
    content = _content(features, hashes)
    order = np.lexsort((np.arange(len(features)), content, hashes, block))
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(block[order]) != 0) | (np.diff(content[order]) != 0)
    group = np.cumsum(new) - 1
    first_of_group = order[new]
    group_block = block[first_of_group]
    sizes = np.bincount(group_block, minlength=blocks)

    largest = max(int(sizes.max()), 1)
    lanes = 16 if jax.default_backend() == "cpu" else 128  # what a vector register or a row of them holds
    tile = min(tile, _SLICES * lanes)
    pieces = -(-largest // tile)
    widths = [_round_up(-(-largest // n), lanes) for n in (pieces, pieces + 1)]
    tile = min(widths, key=lambda width: _round_up(largest, width))  # the least padding
    panel = max(panel, tile * devices)
    padded = _round_up(largest, tile)
    if padded >= panel:
        panels_per_block = -(-padded // panel)
        panel = _round_up(-(-padded // panels_per_block), tile * devices)
        blocks_per_panel = 1
        panels = blocks * panels_per_block
        start = np.arange(blocks) * panels_per_block * panel
        panel_block = np.repeat(np.arange(blocks), panels_per_block)
        local_block = np.zeros(panels * panel, np.int32)
    else:
        panels = -(-blocks // (panel // padded))
        blocks_per_panel = -(-blocks // panels)
        panel = _round_up(blocks_per_panel * padded, tile * devices)
        start = (np.arange(blocks) // blocks_per_panel) * panel + (np.arange(blocks) % blocks_per_panel) * padded
        panel_block = np.arange(panels) * blocks_per_panel
        local = np.minimum(np.arange(panel) // padded, blocks_per_panel - 1)
        local_block = np.tile(local, panels).astype(np.int32)

    one_block = panel if blocks_per_panel == 1 else padded
    tall = max(t for t in range(tile, _TALL * tile + 1, tile) if one_block % t == 0 and panel // devices % t == 0)

    within = np.arange(len(first_of_group)) - (np.cumsum(sizes) - sizes)[group_block]
    slot = start[group_block] + within
    total = panels * panel
    first = np.full(total, -1, np.int64)
    first[slot] = first_of_group
    weight = np.zeros(total, np.float32)
    weight[slot] = np.bincount(group)
    position = np.empty(len(features), np.int64)
    position[order] = slot[group]

    norm, reach, shift = _norms(features, first, content, centre)
    return Layout(
        features=features, centre=centre, block=block, blocks=blocks, content=content, position=position, first=first,
        weight=weight, norm=norm, reach=reach, shift=shift, tile=tile, tall=tall, lanes=lanes, panel=panel,
        panel_block=panel_block, local_block=local_block,
    )  # fmt: skip


def recentred(layout: Layout, centre: np.ndarray) -> Layout:
    """The same rows in the same places, around another centre (float32 [d])."""
    norm, reach, shift = _norms(layout.features, layout.first, layout.content, centre)
    return dataclasses.replace(layout, centre=centre, norm=norm, reach=reach, shift=shift)


def _content(features: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """Lowest index of an equal row, for each row; a hash collision of unequal rows keeps them apart."""
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    content = first[inverse]
    suspects = np.flatnonzero(content != np.arange(len(content)))
    for at in np.array_split(suspects, max(1, suspects.size * features.shape[1] // _CHUNK)):
        unequal = (features[at] != features[content[at]]).any(axis=1)
        content[at[unequal]] = at[unequal]
    return content


def _norms(
    features: np.ndarray, first: np.ndarray, content: np.ndarray, centre: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Squared norm of each centred row (FAR if padded), its reach and its shift, summed in float64."""
    norm = np.full(len(first), FAR, np.float32)
    shift = np.zeros(len(first), np.float32)
    wide = centre.astype(np.float64)
    filled = np.flatnonzero(first >= 0)
    for at in np.array_split(filled, max(1, filled.size * features.shape[1] // _CHUNK)):
        x = (features[first[at]] - centre).astype(np.float64)
        norm[at] = np.einsum("nd,nd->n", x, x)
        shift[at] = x @ wide + wide @ wide / 2
    # Of the copies of one content in several blocks, neighbours look at the one that holds its lowest index.
    reach = np.where(first == np.where(first >= 0, content[first], -2), norm, FAR).astype(np.float32)
    return norm, reach, shift


def _round_up(n: int, multiple: int) -> int:
    return -(-n // multiple) * multiple

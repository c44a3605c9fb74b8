"""Minibatches by number: which rows minibatch 1,234 holds depends on the seed alone, so that a run can go on anywhere.

A set that fits lies on the device whole and minibatches are row numbers; else they are read ahead by a thread.
"""

import concurrent.futures
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from gan_probe import parallel, types
from gan_probe.gans import gan

__all__ = ["Feed", "batch"]


class Feed:
    """Minibatches of one set; with `groups`, one of each group at a time.

    Every pass over the rows has an order of its own; the rest that fills no minibatch is left out.

    Args:
      rows: uint8 images or float32 features.
      labels: int [n], None without.
      batch: rows of a minibatch.
      seed: of the orders.
      mesh: devices that share a minibatch.
      resident_bytes: sets up to this size lie on the device.
      groups: row numbers of each group (of each class, for class-wise training).

    Attributes:
      resident: rows and labels on the device, None where they are streamed.
      whole: the sharding of what every device holds: resident data, states.
    """

    def __init__(
        self,
        rows: types.Rows,
        labels: np.ndarray | None,
        *,
        batch: int,
        seed: int,
        mesh: Mesh,
        resident_bytes: int,
        groups: Sequence[np.ndarray] | None = None,
    ):
        self._rows, self._batch, self._seed, self._grouped = rows, batch, seed, groups is not None
        self._labels = np.zeros(len(rows), np.int32) if labels is None else labels.astype(np.int32)
        self._groups = [np.arange(len(rows))] if groups is None else groups
        shortest = min(len(group) for group in self._groups)
        if batch % mesh.size:
            near = max(batch // mesh.size, 1) * mesh.size
            raise types.UserError(f"--batch={batch}: does not divide over {mesh.size} devices; give {near}")
        if shortest < batch:
            whose = "the smallest class" if self._grouped else "the set"
            raise types.UserError(f"--batch={batch}: {whose} has only {shortest} rows; give fewer")
        self.whole = NamedSharding(mesh, PartitionSpec())
        self._split = NamedSharding(mesh, PartitionSpec(*(None,) * self._grouped, parallel.AXIS))
        self._stacked = NamedSharding(mesh, PartitionSpec(*(None,) * (self._grouped + 1), parallel.AXIS))
        self._orders: dict[tuple[int, int], np.ndarray] = {}
        self._ahead: dict[tuple[int, int], concurrent.futures.Future[Any]] = {}
        self._thread = concurrent.futures.ThreadPoolExecutor(1)
        self.resident: Any = None
        if len(rows) * int(np.prod(rows.shape)) * rows.dtype.itemsize <= resident_bytes:
            self.resident = jax.device_put((rows.take(np.arange(len(rows))), self._labels), self.whole)

    def take(self, number: int, count: int | None = None) -> Any:
        """What `batch` turns into minibatch `number`, or with `count` into so many stacked ones from there on."""
        at = (number, count or 1)
        if self.resident is not None:
            return self._placed(self._at(*at), count)
        found = self._ahead.pop(at, None)
        read = found.result() if found is not None else self._read(*at)
        self._ahead = {}
        following = (number + at[1], at[1])
        self._ahead[following] = self._thread.submit(self._read, *following)
        return self._placed(read, count)

    def _placed(self, host: Any, count: int | None) -> Any:
        if count is None:
            return jax.device_put(jax.tree.map(lambda x: x[0], host), self._split)
        return jax.device_put(host, self._stacked)

    def _read(self, number: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        at = self._at(number, count)
        return self._rows.take(at.ravel()).reshape(*at.shape, *self._rows.shape), self._labels[at]

    def _at(self, number: int, count: int) -> np.ndarray:
        """int32 [count, b], or [count, groups, b]: row numbers of minibatches."""
        found = np.stack(
            [[self._one(n, g) for g in range(len(self._groups))] for n in range(number, number + count)]
        ).astype(np.int32)
        return found if self._grouped else found[:, 0]

    def _one(self, number: int, group: int) -> np.ndarray:
        rows = self._groups[group]
        epoch, i = divmod(number, len(rows) // self._batch)
        if (epoch, group) not in self._orders:
            self._orders = {at: order for at, order in self._orders.items() if at[1] != group}
            order = np.random.default_rng([self._seed, group, epoch]).permutation(len(rows))
            self._orders[epoch, group] = rows[order]
        return self._orders[epoch, group][i * self._batch : (i + 1) * self._batch]


def batch(resident: Any, taken: Any) -> gan.Batch:
    """Rows and labels as a step sees them, of what `take` gave; for use inside jit. resident: the feed's."""
    rows, labels = taken if resident is None else (part[taken] for part in resident)
    if rows.dtype == jnp.uint8:
        rows = rows.astype(jnp.float32) / 127.5 - 1
    return gan.Batch(rows, labels)

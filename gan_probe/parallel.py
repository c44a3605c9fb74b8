"""Devices: the mesh that rows are sharded over, and what is put on it."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

__all__ = ["AXIS", "in_batches", "mesh", "put_rows", "put_whole", "wide_vectors"]

AXIS = "rows"


def mesh(devices: int | None = None) -> Mesh:
    """A one-axis mesh over the first `devices` local devices (all by default)."""
    local = jax.local_devices()
    chosen = local if devices is None else local[:devices]
    return Mesh(np.asarray(chosen), (AXIS,), axis_types=(AxisType.Auto,))


def wide_vectors(on: Mesh) -> dict[str, int]:
    """Options for a compiler: the widest vectors that a CPU has, where XLA takes half of those of AVX-512."""
    return {"xla_cpu_prefer_vector_width": 512} if on.devices.flat[0].platform == "cpu" else {}


def put_rows(tree, on: Mesh):
    """Place arrays with their leading axis sharded over the mesh; it must divide evenly (panels are padded to)."""
    return jax.device_put(tree, NamedSharding(on, PartitionSpec(AXIS)))


def put_whole(tree, on: Mesh):
    """Place arrays whole on every device of the mesh."""
    return jax.device_put(tree, NamedSharding(on, PartitionSpec()))


def in_batches(apply: Callable[[Any, Any], Any], fixed: Any, rows: np.ndarray, batch: int) -> Any:
    """apply(fixed, rows) a batch at a time, every batch of one size (another would be compiled anew) and sharded.

    Args:
      apply: jitted, (fixed, rows [b, ...]) to a pytree of arrays [b, ...], each row by itself.
      fixed: what every device needs whole, such as variables of a network.
      rows: [n, ...], n at least 1.
      batch: rows of a batch; rounded up to a multiple of the devices.

    Returns:
      The pytree, of NumPy arrays [n, ...].
    """
    on = mesh()
    batch += -batch % on.size
    fixed, found = put_whole(fixed, on), []
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        padded = np.concatenate([part, np.zeros((batch - len(part), *part.shape[1:]), part.dtype)])
        found.append(apply(fixed, put_rows(padded, on)))
    return jax.tree.map(lambda *parts: np.concatenate([np.asarray(part) for part in parts])[: len(rows)], *found)

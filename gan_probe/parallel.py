"""Devices: the mesh that rows are sharded over, and the sharding of a panel of rows."""

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

__all__ = ["AXIS", "mesh", "put_rows"]

AXIS = "rows"


def mesh(devices: int | None = None) -> Mesh:
    """A one-axis mesh over the first `devices` local devices (all by default)."""
    local = jax.local_devices()
    chosen = local if devices is None else local[:devices]
    return Mesh(np.asarray(chosen), (AXIS,), axis_types=(AxisType.Auto,))


def put_rows(tree, on: Mesh):
    """Place arrays with their leading axis sharded over the mesh; it must divide evenly (panels are padded to)."""
    return jax.device_put(tree, NamedSharding(on, PartitionSpec(AXIS)))

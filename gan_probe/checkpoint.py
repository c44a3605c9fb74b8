"""Checkpoints of training runs, by step; the only user of orbax. A step is there whole or not at all."""

import pathlib
from typing import Any

import jax
from orbax.checkpoint import v1 as ocp

from gan_probe import types

__all__ = ["latest", "load", "save"]

_FOLDER = "checkpoints"
_KEPT = 2


def save(run: pathlib.Path, step: int, state: Any) -> None:
    """Writes a pytree of arrays as the newest step; older ones than the one before go."""
    policy = ocp.training.preservation_policies.LatestN(_KEPT)
    with ocp.training.Checkpointer(_folder(run), preservation_policy=policy) as checkpointer:
        checkpointer.save(step, state, force=True)


def latest(run: pathlib.Path) -> int | None:
    """The newest whole step, None without one."""
    if not _folder(run).is_dir():
        return None
    with ocp.training.Checkpointer(_folder(run)) as checkpointer:
        return None if checkpointer.latest is None else checkpointer.latest.step


def load(run: pathlib.Path, step: int, like: Any) -> Any:
    """The pytree of a step, its arrays on the devices of `like`'s or, for shapes without any, on the first device.

    Raises:
      UserError: there is no such step, or what it holds has another structure.
    """
    first = jax.sharding.SingleDeviceSharding(jax.devices()[0])

    def described(leaf: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=getattr(leaf, "sharding", None) or first)

    try:
        with ocp.training.Checkpointer(_folder(run)) as checkpointer:
            return checkpointer.load(step, jax.tree.map(described, like))
    except (ValueError, KeyError, FileNotFoundError, OSError, LookupError) as error:
        reason = " ".join(str(error).split())[:200]
        raise types.UserError(f"{run}: step {step} cannot be read ({reason}); train again") from error


def _folder(run: pathlib.Path) -> pathlib.Path:
    return pathlib.Path(run).absolute() / _FOLDER

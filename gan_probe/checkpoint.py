"""Checkpoints of training runs, by step; the only user of orbax. A step is there whole or not at all."""

import pathlib
from typing import Any

import jax

from gan_probe import types

__all__ = ["latest", "load", "save", "steps"]

_FOLDER = "checkpoints"


def save(run: pathlib.Path, step: int, state: Any, *, keep: int | None = 2) -> None:
    """Writes a pytree of arrays as the newest step; of older ones the `keep` newest stay, all of them for None.

    Raises:
      UserError: the disk is full or cannot be written; the steps that were there are still there.
    """
    training = _training()
    policies = training.preservation_policies
    policy = policies.PreserveAll() if keep is None else policies.LatestN(keep)
    try:
        with training.Checkpointer(_folder(run), preservation_policy=policy) as checkpointer:
            checkpointer.save(step, state, force=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
        held = latest(run)
        rest = "no step is there yet" if held is None else f"step {held} is whole: mend it and go on with --resume"
        raise types.UserError(f"{run}: step {step} cannot be written ({reason}); {rest}") from error


def latest(run: pathlib.Path) -> int | None:
    """The newest whole step, None without one."""
    return max(steps(run), default=None)


def steps(run: pathlib.Path) -> list[int]:
    """Every whole step, in order."""
    if not _folder(run).is_dir():
        return []
    with _training().Checkpointer(_folder(run)) as checkpointer:
        return sorted(found.step for found in checkpointer.checkpoints)


def load(run: pathlib.Path, step: int, like: Any) -> Any:
    """The pytree of a step, its arrays on the devices of `like`'s or, for shapes without any, on the first device.

    Raises:
      UserError: there is no such step, or what it holds has another structure.
    """
    first = jax.sharding.SingleDeviceSharding(jax.devices()[0])

    def described(leaf: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=getattr(leaf, "sharding", None) or first)

    try:
        with _training().Checkpointer(_folder(run)) as checkpointer:
            return checkpointer.load(step, jax.tree.map(described, like))
    except (ValueError, KeyError, FileNotFoundError, OSError, LookupError) as error:
        reason = " ".join(str(error).split())[:200]
        others = [held for held in steps(run) if held != step]
        rest = f"step {others[-1]} may be whole: remove {_folder(run) / str(step)}" if others else "train again"
        raise types.UserError(f"{run}: step {step} cannot be read ({reason}); {rest}") from error


def _folder(run: pathlib.Path) -> pathlib.Path:
    return pathlib.Path(run).absolute() / _FOLDER


def _training() -> Any:
    from orbax.checkpoint import v1  # half a second, paid where a checkpoint is touched

    return v1.training

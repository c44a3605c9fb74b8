"""One system trained from many random starts at once: the seeds vmapped, the iterations scanned, snapshots kept.

For fully connected networks: XLA:CPU runs convolutions inside loops tens of times slower than outside.
"""

import functools
import itertools
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_probe import checkpoint, types
from gan_probe.gans import gan

__all__ = ["finite", "train"]

_RANDOM = "rbg"  # compiles in half the time; a run of other seeds beside it draws other numbers


def train(
    run: pathlib.Path,
    system: gan.Gan,
    rows: np.ndarray,
    *,
    batch: int,
    steps: int,
    every: int,
    seeds: int,
    seed: int = 0,
    progress: Callable[..., Any] | None = None,
) -> Mapping[int, gan.State]:
    """The states of all seeds, stacked, by iteration: 0, every, 2 every, ..., steps.

    A seed's minibatches are drawn from the rows with replacement and have no labels. One that diverges goes on beside
    the others; see `finite`.

    Args:
      run: folder of the states; those that a killed run left there are taken up.
      system: whose `critics` say how often the discriminator is updated alone.
      rows: float32 [n, *shape].
      batch: rows of a minibatch.
      steps, every: iterations, and those between snapshots.
      seeds: how many starts.
      seed: of all of them.
      progress: called as tqdm is.

    Raises:
      UserError: all seeds diverged, or the folder cannot be written.
    """
    keys = jax.random.split(jax.random.key(seed, impl=_RANDOM), seeds)
    begin = jax.vmap(system.init)  # not compiled: its parts serve other systems of the same shapes
    like = jax.eval_shape(begin, keys)
    found = {step: checkpoint.load(run, step, like) for step in checkpoint.steps(run)}
    marks = [*range(0, steps, every), steps]
    if not found:
        found[0] = begin(keys)
        checkpoint.save(run, 0, found[0], keep=None)
    state, resident = found[max(found)], jnp.asarray(rows)
    rest = [pair for pair in itertools.pairwise(marks) if pair[1] > max(found)]
    for first, end in progress(rest, desc=run.name, unit="snapshot") if progress else rest:
        counts = np.array([system.critics(i) for i in range(first, end)], np.int32)
        advance = _advance(system, batch, bool(counts.any()))
        state = advance(state, resident, keys, np.arange(first, end, dtype=np.uint32), counts)
        if not finite({end: state}).any():
            raise types.UserError(f"{run.name}: no seed is finite at step {end}; train with a lower rate")
        checkpoint.save(run, end, state, keep=None)
        found[end] = state
    return found


def finite(states: Mapping[int, gan.State]) -> np.ndarray:
    """Which seeds [seeds] have finite parameters in all of the states of `train`."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(list(states.values()))]
    return np.all([np.isfinite(leaf.reshape(len(leaf), -1)).all(axis=1) for leaf in leaves], axis=0)


@functools.lru_cache(maxsize=8)
def _advance(system: gan.Gan, batch: int, alone: bool) -> Any:
    """(states, rows, keys, numbers of iterations, updates of the discriminator alone in each) -> states."""

    def iteration(state: gan.State, rows: jax.Array, key: jax.Array, number: jax.Array, count: jax.Array) -> gan.State:
        key = jax.random.fold_in(key, number)

        def drawn(i: jax.Array) -> tuple[gan.Batch, jax.Array]:
            one, two = jax.random.split(jax.random.fold_in(key, i))
            chosen = rows[jax.random.randint(one, (batch,), 0, len(rows))]
            return gan.Batch(chosen, jnp.zeros(batch, jnp.int32)), two

        if alone and system.critic is not None:
            critic = system.critic
            state = jax.lax.fori_loop(jnp.int32(0), count, lambda i, state: critic(state, *drawn(i))[0], state)
        return system.step(state, *drawn(count))[0]

    @jax.jit
    def run(states: gan.State, rows: jax.Array, keys: jax.Array, numbers: jax.Array, counts: jax.Array) -> gan.State:
        over = jax.vmap(iteration, (0, None, 0, None, None))
        return jax.lax.scan(lambda s, given: (over(s, rows, keys, *given), None), states, (numbers, counts))[0]

    return run

"""Iterations of a system on a feed: dispatched one by one on CPU, many at a time by lax.scan on accelerators.

XLA:CPU runs convolutions inside loops tens of times slower than outside; that is the one platform switch.
"""

import functools
import sys
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gan_probe.gans import feed, gan

__all__ = ["Progress", "Trainer"]

_SCANNED = 10  # iterations of a scan


class Progress(NamedTuple):
    """All that a run is: the system's state, iterations, and minibatches used (their number is their random key's)."""

    state: Any
    iteration: int
    minibatches: int


class Trainer:
    """Runs iterations.

    Args:
      system: what to train.
      data: its minibatches; grouped ones for class-wise training.
      seed: of initial weights and of everything random in a step.
      groups: class-wise training of so many systems at once: states are stacked, and vmapped unless they hold
        convolutions on CPU, where grouped convolutions are slow.
      scan: several iterations a dispatch; on accelerators by default.
    """

    def __init__(
        self, system: gan.Gan, data: feed.Feed, *, seed: int, groups: int | None = None, scan: bool | None = None
    ):
        self._data, self._key = data, jax.random.key(seed)
        self._groups = groups
        on_cpu = jax.default_backend() == "cpu"
        self._scan = not on_cpu if scan is None else scan
        self._loop = groups is not None and on_cpu and _convolutional(system)
        self._gan = _vmapped(system, groups) if groups is not None and not self._loop else system
        self._one = system

    def init(self) -> Progress:
        """Before the first iteration; class-wise, every class begins alike but for its key."""
        key = jax.random.fold_in(self._key, 2**32 - 1)
        # What runs once: XLA:CPU optimises random draws for far longer than they take.
        options = {"xla_backend_optimization_level": 0} if jax.default_backend() == "cpu" else None
        if self._groups is None:
            state = jax.jit(self._one.init, compiler_options=options)(key)
        else:
            init = jax.vmap(self._one.init)
            state = jax.jit(init, compiler_options=options)(jax.random.split(key, self._groups))
        state = jax.device_put(state, self._data.whole)
        if self._gan.look is not None:
            state = self._looked(state)
        return Progress(state, 0, 0)

    def advance(self, progress: Progress, iterations: int) -> tuple[Progress, dict[str, np.ndarray]]:
        """So many iterations, and what each of them reported: by name [iterations], class-wise [iterations, groups].

        Fewer where a phase ends before. The argument's state is used up.
        """
        state, iteration, minibatch = progress
        step, phase_end = self._phase(iteration)
        end, infos = min(iteration + iterations, phase_end), []
        state = _unstacked(state, self._groups) if self._loop and self._groups else state
        while iteration < end:
            size = self._critics(iteration) + 1
            if self._scan and self._even(iteration, end, size):
                scanned = _jitted_scan(step, self._gan.critic)
                state, info = scanned(state, self._data.resident, self._key, *self._taken(minibatch, size))
                iteration, minibatch = iteration + _SCANNED, minibatch + _SCANNED * size
                infos.append(info)
                continue
            for i in range(size):
                update = step if i == size - 1 else self._gan.critic
                state, info = self._dispatch(_jitted(update), state, minibatch)
                minibatch += 1
            infos.append(jax.tree.map(lambda x: x[None], info))
            iteration += 1
        state = _stacked(state) if self._loop else state
        found = {name: np.concatenate([np.asarray(info[name]) for info in infos]) for name in infos[0]}
        return Progress(state, iteration, minibatch), found

    def _phase(self, iteration: int) -> tuple[Any, int]:
        """The step of an iteration, and the iteration at which another takes over."""
        step, begins = self._gan.step, [start for start, _ in self._gan.phases]
        for start, later in self._gan.phases:
            step = later if iteration >= start else step
        return step, min((start for start in begins if start > iteration), default=sys.maxsize)

    def _critics(self, iteration: int) -> int:
        return self._gan.critics(iteration) if self._gan.critic is not None else 0

    def _even(self, iteration: int, end: int, size: int) -> bool:
        """Whether the next iterations are enough for a scan and alike."""
        ahead = range(iteration, iteration + _SCANNED)
        return ahead.stop <= end and all(self._critics(i) + 1 == size for i in ahead)

    def _looked(self, state: Any) -> Any:
        """The state after a look at the first minibatch."""
        state = _unstacked(state, self._groups) if self._loop and self._groups else state
        state, _ = self._dispatch(_jitted(_silent(self._gan.look)), state, 0)
        return jax.device_put(_stacked(state) if self._loop else state, self._data.whole)

    def _dispatch(self, update: Any, state: Any, minibatch: int) -> tuple[Any, gan.Info]:
        taken, number = self._data.take(minibatch), np.uint32(minibatch)
        if not self._loop:
            return update(state, self._data.resident, self._key, taken, number)
        found = [
            update(one, self._data.resident, self._key, jax.tree.map(lambda x, g=g: x[g], taken), number, np.uint32(g))
            for g, one in enumerate(state)
        ]
        return tuple(one for one, _ in found), _stacked([info for _, info in found])

    def _taken(self, minibatch: int, size: int) -> tuple[Any, jax.Array]:
        """Minibatches of a scan and their numbers, [_SCANNED, size, ...]."""
        count = _SCANNED * size
        taken = self._data.take(minibatch, count)
        numbers = jnp.arange(minibatch, minibatch + count, dtype=jnp.uint32)
        return jax.tree.map(lambda x: x.reshape(_SCANNED, size, *x.shape[1:]), (taken, numbers))


def _updater(update: Any) -> Any:
    """The update on what a feed took, with the random key of the minibatch's number."""

    def run(
        state: Any, resident: Any, key: jax.Array, taken: Any, number: jax.Array, group: jax.Array | None = None
    ) -> Any:
        key = jax.random.fold_in(key, number)
        key = key if group is None else jax.random.fold_in(key, group)
        return update(state, feed.batch(resident, taken), key)

    return run


@functools.lru_cache(maxsize=32)
def _silent(look: Any) -> Any:
    """A look as an update that reports nothing."""
    return lambda state, batch, key: (look(state, batch, key), {})


@functools.lru_cache(maxsize=32)
def _jitted(update: Any) -> Any:
    return jax.jit(_updater(update), donate_argnums=(0,))


@functools.lru_cache(maxsize=8)
def _jitted_scan(step: Any, critic: Any) -> Any:
    def iterations(state: Any, resident: Any, key: jax.Array, taken: Any, numbers: jax.Array) -> Any:
        def iteration(state, given):
            first, last = jax.tree.map(lambda x: x[:-1], given), jax.tree.map(lambda x: x[-1], given)
            if numbers.shape[1] > 1:
                state, _ = jax.lax.scan(
                    lambda s, one: (_updater(critic)(s, resident, key, *one)[0], None), state, first
                )
            return _updater(step)(state, resident, key, *last)

        return jax.lax.scan(iteration, state, (taken, numbers))

    return jax.jit(iterations, donate_argnums=(0,))


@functools.lru_cache(maxsize=8)
def _vmapped(system: gan.Gan, groups: int) -> gan.Gan:
    """The same system for stacked states and batches; random keys are those of the groups one by one."""

    def over(update: Any) -> Any:
        def run(state: Any, batch: gan.Batch, key: jax.Array):
            keys = jax.vmap(lambda group: jax.random.fold_in(key, group))(jnp.arange(groups, dtype=jnp.uint32))
            return jax.vmap(update)(state, batch, keys)

        return run

    return system._replace(
        step=over(system.step), critic=over(system.critic) if system.critic else None,
        phases=tuple((start, over(step)) for start, step in system.phases),
        look=over(system.look) if system.look else None,
    )  # fmt: skip


def _convolutional(system: gan.Gan) -> bool:
    return any(leaf.ndim == 4 for leaf in jax.tree.leaves(jax.eval_shape(system.init, jax.random.key(0))))


def _stacked(parts: Any) -> Any:
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *parts)


def _unstacked(state: Any, groups: int) -> tuple[Any, ...]:
    return tuple(jax.tree.map(lambda x, g=g: x[g], state) for g in range(groups))

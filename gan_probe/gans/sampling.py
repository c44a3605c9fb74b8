"""Samples by number: sample i of a seed is the same whatever else is drawn, in whatever batches."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from gan_probe.gans import gan

__all__ = ["Sampler"]

_CHUNK = 128


class Sampler:
    """Draws from a state, in inference mode.

    Rounding may depend on a row's place in a batch, so a sample is always computed at one place of one chunk.

    Args:
      system: whose state it is.
      state: its state; class-wise, stacked.
      spec: of the data.
      conditional: whether the system is fed classes: sample i is of class i mod classes, as it is class-wise.
      groups: number of class-wise systems.
    """

    def __init__(
        self, system: gan.Gan, state: Any, spec: gan.Spec, *, conditional: bool = False, groups: int | None = None
    ):
        self.shape, self.images = spec.shape, len(spec.shape) == 3
        self._groups, self._classes = groups or 1, spec.classes if conditional or groups else None
        self._states = [jax.tree.map(lambda x, g=g: x[g], state) for g in range(groups)] if groups else [state]
        self._system, self._apply = system, _applied(system, self.images)
        self._size = -(-_CHUNK // self._groups) * self._groups
        self._last: tuple[tuple[int, int], np.ndarray] | None = None

    def labels(self, indices: np.ndarray) -> np.ndarray | None:
        """int32 [m] class of samples, None where the system has none."""
        return None if self._classes is None else (np.asarray(indices) % self._classes).astype(np.int32)

    def draw(self, indices: Sequence[int] | np.ndarray, seed: int = 0) -> np.ndarray:
        """Samples of these numbers: uint8 images [m, h, w, c], or float32 rows [m, d]."""
        indices = np.asarray(indices, np.int64)
        out = np.empty((len(indices), *self.shape), np.uint8 if self.images else np.float32)
        chunks = indices // self._size
        for chunk in np.unique(chunks):
            here = chunks == chunk
            out[here] = self._chunk(int(chunk), seed)[indices[here] % self._size]
        return out

    def decoder(self) -> tuple[gan.Latent, Callable[[jax.Array], jax.Array]] | None:
        """The law of the latents and the map from latents [n, z] to rows, as drawn but not rounded: images in 0..1.

        The map is a pytree, which functions to compile take as an argument. None where classes take part, or rows are
        not made of one latent each.
        """
        system = self._system
        if self._classes is not None or system.latent is None or system.decode is None:
            return None
        return system.latent, jax.tree_util.Partial(_decoded(system, self.images), self._states[0])

    def _chunk(self, chunk: int, seed: int) -> np.ndarray:
        if self._last is None or self._last[0] != (chunk, seed):
            numbers = np.arange(chunk * self._size, (chunk + 1) * self._size, dtype=np.uint32)
            labels = numbers % np.uint32(self._classes or 1)
            made = np.empty((self._size, *self.shape), np.uint8 if self.images else np.float32)
            for g, state in enumerate(self._states):
                part = slice(g, None, self._groups)
                made[part] = self._apply(state, np.uint32(seed), numbers[part], labels[part].astype(np.int32))
            self._last = (chunk, seed), made
        return self._last[1]


@functools.lru_cache(maxsize=8)
def _applied(system: gan.Gan, images: bool) -> Any:
    @jax.jit
    def apply(state: Any, seed: jax.Array, numbers: jax.Array, labels: jax.Array) -> jax.Array:
        keys = jax.vmap(lambda number: jax.random.fold_in(jax.random.key(seed), number))(numbers)
        found = system.sample(state, keys, labels)
        if not images:
            return found
        return jax.numpy.round((jax.numpy.clip(found, -1, 1) + 1) * 127.5).astype(jax.numpy.uint8)

    return apply


@functools.lru_cache(maxsize=8)
def _decoded(system: gan.Gan, images: bool) -> Any:
    """The same function for the same system: what is compiled for it once serves every state."""
    assert system.decode is not None
    decode = system.decode

    def apply(state: Any, z: jax.Array) -> jax.Array:
        found = decode(state, z, jax.numpy.zeros(len(z), jax.numpy.int32))
        return (jax.numpy.clip(found, -1, 1) + 1) / 2 if images else found

    return apply

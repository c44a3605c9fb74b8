"""What a GAN of a law in the plane does: where its discriminator is flat, and where its samples lie.

A discriminator's slope has a scale of its own (a critic's parameters may be clipped), so flatness is measured in units
of the slope that its range over the window would need: 1 is a plane that rises from one corner of the window to the
opposite one.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.spatial import distance

from gan_probe.gans import gan

__all__ = ["Look", "closest", "density", "flat", "look", "misplaced", "near", "window"]

Values = Callable[[jax.Array], jax.Array]


class Look(NamedTuple):
    """A state, as seen in the window; stacked over seeds.

    samples: [n, 2]. values: of the discriminator, [points]. flat: share of the window where they are flat. still: the
    same of what the generator lowers, where a sample is not told where to go.
    """

    samples: Any
    values: Any
    flat: Any
    still: Any


def window(reach: float, side: int) -> np.ndarray:
    """float32 [side^2, 2] points of an even lattice of -reach..reach, corners and all, the first coordinate slowest."""
    line = np.linspace(-reach, reach, side, dtype=np.float32)
    return np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)


def flat(function: Values, points: jax.Array, *, below: float = 0.01) -> jax.Array:
    """Share of the window's points where the gradient of a function, [n, 2] to [n], is below a share of its range.

    That is |grad f(x)| <= below * (max f - min f) / diagonal; a constant is flat everywhere.
    """
    slope = jnp.linalg.norm(jax.grad(lambda x: function(x).sum())(points), axis=1)
    values, diagonal = function(points), jnp.linalg.norm(points.max(axis=0) - points.min(axis=0))
    return (slope <= below * (values.max() - values.min()) / diagonal).mean()


def look(
    system: gan.Gan, shown: Values, lowered: Values, states: gan.State, points: np.ndarray, *, samples: int, seed: int
) -> Look:
    """Looks at the stacked states of a system.

    Args:
      system: of rows [n, 2].
      shown: logits to the discriminator's values.
      lowered: logits to the cost that the generator lowers.
      states: of `seeds.train`.
      points: of `window`.
      samples: drawn of each state.
      seed: of their latents.
    """
    keys = jax.random.split(jax.random.key(seed), samples)
    return jax.tree.map(np.asarray, _look(system, shown, lowered)(states, keys, points))


@functools.lru_cache(maxsize=8)
def _look(system: gan.Gan, shown: Values, lowered: Values) -> Any:
    assert system.logits is not None
    logits = system.logits

    def one(state: gan.State, keys: jax.Array, points: jax.Array) -> Look:
        made = system.sample(state, keys, jnp.zeros(len(keys), jnp.int32))

        def values(x: jax.Array) -> jax.Array:
            return shown(logits(state, x))

        def cost(x: jax.Array) -> jax.Array:
            return lowered(logits(state, x))

        return Look(made, values(points), flat(values, points), flat(cost, points))

    return jax.jit(jax.vmap(one, (0, None, None)))


def closest(samples: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """[k] share of the samples [n, 2] that lie closest to each of the centres [k, 2]."""
    nearest = distance.cdist(samples, centres).argmin(axis=1)
    return np.bincount(nearest, minlength=len(centres)) / len(samples)


def near(samples: np.ndarray, centres: np.ndarray, radius: float) -> np.ndarray:
    """[k] share of the samples [n, 2] within a radius of each of the centres [k, 2]."""
    return (distance.cdist(samples, centres) <= radius).mean(axis=0)


def density(samples: np.ndarray, reach: float, side: int = 32) -> np.ndarray:
    """[side, side] share of the samples [n, 2] in each cell of -reach..reach, the first coordinate's cells as rows."""
    edges = np.linspace(-reach, reach, side + 1)
    return np.histogram2d(samples[:, 0], samples[:, 1], bins=(edges, edges))[0] / len(samples)


def misplaced(found: np.ndarray, law: np.ndarray) -> float:
    """Share of mass that lies in other cells than the law's: the total variation of two densities [side, side]."""
    return 1 - float(np.minimum(found, law).sum())

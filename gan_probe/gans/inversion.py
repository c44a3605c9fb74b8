"""The latent of an image: gradient descent on how far what it becomes lies from the image (paper 001, section 2).

The search runs on normal numbers, of which uniform latents are a function: so it has no bounds, and every latent has a
density.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gan_probe.gans import gan

__all__ = ["Found", "invert", "latents"]

Decode = Callable[[jax.Array], jax.Array]


class Found(NamedTuple):
    """For each row, of the best restart: normal numbers [n, z], mean squared error [n], their log-density [n] in nats.

    every: [restarts, n] errors of all restarts.
    """

    normals: np.ndarray
    error: np.ndarray
    log_density: np.ndarray
    every: np.ndarray


def invert(
    latent: gan.Latent,
    decode: Decode,
    rows: np.ndarray,
    *,
    restarts: int = 4,
    steps: int = 300,
    rate: float = 0.1,
    seed: int = 0,
    progress: Callable[..., Any] | None = None,
) -> Found:
    """Adam from `restarts` random starts of each row, all at once; steps are dispatched one by one (convolutions!).

    Args:
      latent, decode: of `sampling.Sampler.decoder`; decode is a pytree.
      rows: float32 [n, *shape], in the decoder's units: images in 0..1.
      restarts: starts of each row, from the law of the latents.
      steps: of each.
      rate: learning rate, falling to 0 as a cosine.
      seed: of the starts.
      progress: called as tqdm is.
    """
    starts = jax.random.normal(jax.random.key(seed), (restarts, latent.size))  # the same for all rows
    normals = jnp.broadcast_to(starts[:, None], (restarts, len(rows), latent.size))
    optimizer = _optimizer(rate, steps)
    state, targets = optimizer.init(normals), jnp.asarray(rows)
    advance = _advance(latent, rate, steps)
    for _ in progress(range(steps), desc="inversion", unit="step") if progress else range(steps):
        normals, state = advance(decode, normals, state, targets)
    every = np.asarray(_errors(latent, decode, normals, targets))
    best = every.argmin(axis=0)
    at = np.arange(len(rows))
    chosen = np.asarray(normals)[best, at]
    density = -0.5 * (chosen**2).sum(axis=1) - 0.5 * latent.size * math.log(2 * math.pi)
    return Found(chosen, every[best, at], density, every)


def latents(latent: gan.Latent, normals: jax.Array | np.ndarray) -> jax.Array:
    """Latents [n, z] of normal numbers, which follow their law where those are N(0, 1)."""
    if latent.low is None or latent.high is None:
        return jnp.asarray(normals)
    return latent.low + (latent.high - latent.low) * jax.scipy.special.ndtr(normals)


@functools.lru_cache(maxsize=8)
def _optimizer(rate: float, steps: int) -> optax.GradientTransformation:
    return optax.adam(optax.cosine_decay_schedule(rate, steps))


@functools.lru_cache(maxsize=8)
def _advance(latent: gan.Latent, rate: float, steps: int) -> Any:
    optimizer = _optimizer(rate, steps)

    @jax.jit
    def run(decode: Decode, normals: jax.Array, state: Any, targets: jax.Array) -> tuple[jax.Array, Any]:
        gradient = jax.grad(lambda e: _errors(latent, decode, e, targets).sum())(normals)
        with jax.numpy_dtype_promotion("standard"):  # optax raises its decays to integer powers
            change, state = optimizer.update(gradient, state)
        return optax.apply_updates(normals, change), state

    return run


@functools.partial(jax.jit, static_argnums=0)
def _errors(latent: gan.Latent, decode: Decode, normals: jax.Array, targets: jax.Array) -> jax.Array:
    """[restarts, n] mean squared errors."""
    restarts, n, size = normals.shape
    made = decode(latents(latent, normals.reshape(-1, size))).reshape(restarts, *targets.shape)
    return ((made - targets) ** 2).reshape(restarts, n, -1).mean(axis=2)

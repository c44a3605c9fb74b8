"""Hamiltonian Monte Carlo on p(z) exp(-precision energy(z)), with z ~ N(0, I) (Neal 2011; as eval_gen, hmc.py).

The step size follows the acceptance: longer while its running mean exceeds .65, shorter below.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Scalar

__all__ = ["Chains", "Energy", "begin", "move"]

Energy = Callable[[Float[Array, "c z"]], tuple[Float[Array, " c"], Float[Array, "c z"]]]
"""Latents to their energies and its gradients."""

_LEAPS = 10
_TARGET, _DECAY, _LONGER, _SHORTER = 0.65, 0.9, 1.02, 0.98
_JITTER = (0.5, 1.0)  # without it ten steps turn some directions by whole circles
_FIRST, _SHORTEST, _LONGEST = 0.1, 1e-4, 0.5


class Chains(NamedTuple):
    """Chains that share a step size: latents with energy and its gradient there, running mean of the acceptance."""

    z: Float[Array, "c z"]
    energy: Float[Array, " c"]
    slope: Float[Array, "c z"]
    step: Scalar
    accepted: Scalar


def begin(energy: Energy, z: Float[Array, "c z"]) -> Chains:
    """Chains that have not moved yet."""
    return Chains(z, *energy(z), jnp.float32(_FIRST), jnp.float32(_TARGET))


def move(key: jax.Array, energy: Energy, chains: Chains, precision: Scalar) -> Chains:
    """Ten leapfrog steps with a fresh momentum, taken or not by Metropolis' rule; then the step size is adapted."""
    toss, push, vary = jax.random.split(key, 3)
    step = chains.step * jax.random.uniform(vary, (len(chains.z), 1), jnp.float32, *_JITTER)
    momentum = jax.random.normal(push, chains.z.shape)

    def force(z: Array, slope: Array) -> Array:
        return -(z + precision * slope)

    def leap(at: tuple[Array, Array, Array, Array], _: None) -> tuple[tuple[Array, Array, Array, Array], None]:
        z, value, slope, p = at
        p = p + step / 2 * force(z, slope)
        z = z + step * p
        value, slope = energy(z)
        return (z, value, slope, p + step / 2 * force(z, slope)), None

    def total(z: Array, value: Array, p: Array) -> Array:
        return 0.5 * (z**2).sum(axis=1) + precision * value + 0.5 * (p**2).sum(axis=1)

    start = (chains.z, chains.energy, chains.slope, momentum)
    (z, value, slope, p), _ = jax.lax.scan(leap, start, None, length=_LEAPS)
    gain = total(chains.z, chains.energy, momentum) - total(z, value, p)
    chance = jnp.where(jnp.isfinite(gain), jnp.exp(jnp.minimum(gain, 0.0)), 0.0)
    taken = jax.random.uniform(toss, chance.shape) < chance
    accepted = _DECAY * chains.accepted + (1 - _DECAY) * chance.mean()
    step_after = chains.step * jnp.where(accepted > _TARGET, _LONGER, _SHORTER)
    return Chains(
        jnp.where(taken[:, None], z, chains.z),
        jnp.where(taken, value, chains.energy),
        jnp.where(taken[:, None], slope, chains.slope),
        jnp.clip(step_after, _SHORTEST, _LONGEST),
        accepted,
    )

"""Bidirectional Monte Carlo: how far annealed importance sampling is from the truth, on data that the decoder made.

Grosse et al. 2015; Wu et al. 2017, section 3.2: of x = g(z) + noise the latent z is an exact draw from the posterior.
The path walked upwards gives a lower bound of ln p(x) on average, and walked backwards from z an upper bound.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from gan_probe.likelihood import ais

__all__ = ["Bounds", "bounds"]


class Bounds(NamedTuple):
    """Of ln p(x) of each simulated image, nats: lower [n] and upper [n], both on average over the chains' draws."""

    lower: np.ndarray
    upper: np.ndarray


def bounds(
    key: jax.Array,
    decoder: ais.Decoder,
    latent: int,
    n: int,
    *,
    variance: float,
    chains: int = 16,
    temperatures: int = 1_000,
    mesh: Mesh,
    advance: Callable[[int], Any] = lambda temperatures: None,
) -> Bounds:
    """Both bounds for n simulated images; the arguments are those of `ais.log_likelihood`."""
    draw, noise, up, down = jax.random.split(key, 4)
    z = jax.random.normal(draw, (n, latent))
    mean = np.asarray(decoder(z), np.float32).reshape(n, -1)
    rows = mean + np.float32(variance**0.5) * np.asarray(jax.random.normal(noise, mean.shape))
    lower = ais.log_likelihood(
        up, decoder, latent, rows, variances=(variance,), chains=chains, temperatures=temperatures, mesh=mesh,
        advance=advance,
    )  # fmt: skip
    path = ais.schedule(temperatures, (variance,))[::-1]
    starts = jnp.broadcast_to(z[:, None], (n, chains, latent))
    gathered, _ = ais.anneal(jax.random.split(down, n), decoder, rows, starts, path, mesh=mesh, advance=advance)
    constant = rows.shape[1] / 2 * np.log(2 * np.pi * variance)
    return Bounds(lower.value[0], -ais.log_mean(gathered[-1])[0] - constant)

"""Annealed importance sampling of ln p(x) under a decoder g: z ~ N(0, I), x | z ~ N(g(z), variance I).

Neal 2001; as Wu et al. 2017 run it on decoders (eval_gen, ais.py): the path is p(z) p(x|z)^beta, the log-weight of a
chain gathers (beta_t - beta_{t-1}) ln p(x|z) at its latent before it moves by HMC at beta_t, and ln of the mean weight
of an image's chains estimates ln p(x), from below on average.

One path serves many variances: p(x|z)^beta of the least variance is, but for a constant, p(x|z) of the variance divided
by beta, so what has been gathered there is the log-weight of that variance.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float

from gan_probe import parallel, types
from gan_probe.likelihood import hmc

__all__ = ["Decoder", "LogLikelihood", "anneal", "log_likelihood", "log_mean", "parsed", "schedule"]

Decoder = Callable[[jax.Array], jax.Array]
"""Latents [b, z] to means [b, ...]. A `jax.tree_util.Partial` may hold its parameters; they are not compiled in."""

_REACH = 4.0
_CHUNK = 50  # temperatures of a dispatch
_WARM = 100  # moves at the first precision, which leave the law of the chains as it is, to find a step size


class LogLikelihood(NamedTuple):
    """ln p(x) of each variance and image, nats.

    value: [v, n]. noise: [v, n], standard error of the value from the spread of the chains' weights, too small where
    few chains hold all the weight. accepted: [n], running mean of the acceptance at the end.
    """

    value: np.ndarray
    noise: np.ndarray
    accepted: np.ndarray


def parsed(variances: str) -> tuple[float, ...]:
    """Different variances of a text with commas, largest first; none where a part is no number."""
    try:
        return tuple(sorted({float(part) for part in variances.split(",")}, reverse=True))
    except ValueError:
        return ()


def schedule(temperatures: int, variances: Sequence[float]) -> np.ndarray:
    """Precisions from 0 to that of the least variance, float64 [temperatures].

    beta is the logistic function on equal steps from -4 to 4, brought to 0..1 (Wu et al. 2017); of the other variances
    each takes the place of the nearest precision.

    Raises:
      UserError: variances that are not positive, or too few temperatures to tell them apart.
    """
    if not variances or not all(0 < v < np.inf for v in variances):
        raise types.UserError(f"variances {', '.join(map(str, variances))}: each must be a positive number")
    wanted = 1 / np.unique(np.asarray(variances, np.float64))
    curve = scipy.special.expit(np.linspace(-_REACH, _REACH, max(temperatures, 2)))
    out = (curve - curve[0]) / (curve[-1] - curve[0]) * wanted.max()
    at = np.abs(out[:, None] - wanted).argmin(axis=0)
    if len(set(at)) < len(wanted) or 0 in at:
        raise types.UserError(f"{temperatures} temperatures are too few for these variances: give more")
    out[at] = wanted
    return out


def log_likelihood(
    key: jax.Array,
    decoder: Decoder,
    latent: int,
    images: np.ndarray,
    *,
    variances: Sequence[float],
    chains: int = 16,
    temperatures: int = 1_000,
    mesh: Mesh,
    first: int = 0,
    advance: Callable[[int], Any] = lambda temperatures: None,
) -> LogLikelihood:
    """Estimates for each image from chains of its own.

    Args:
      key: image i draws from the key's (first + i)-th alone.
      decoder: g.
      latent: length of z.
      images: [n, ...] in the decoder's unit.
      variances: of a pixel given z.
      chains: of an image; they share a step size.
      temperatures: of the path to the least variance.
      mesh: images are sharded over it.
      first: number of the first image.
      advance: told of temperatures done.
    """
    path = schedule(temperatures, variances)
    rows = np.asarray(images, np.float32).reshape(len(images), -1)
    keys = _keys(key, len(rows), first)
    z = jax.vmap(lambda one: jax.random.normal(jax.random.fold_in(one, 2**32 - 1), (chains, latent)))(keys)
    gathered, accepted = anneal(keys, decoder, rows, z, path, mesh=mesh, advance=advance)
    at = [int(np.abs(path - 1 / v).argmin()) for v in variances]
    means = [log_mean(gathered[i]) for i in at]
    constant = rows.shape[1] / 2 * np.log(2 * np.pi * np.asarray(variances, np.float64))[:, None]
    return LogLikelihood(np.stack([m for m, _ in means]) - constant, np.stack([s for _, s in means]), accepted)


def anneal(
    keys: jax.Array,
    decoder: Decoder,
    rows: Float[np.ndarray, "n d"],
    z: Float[Array, "n c z"],
    path: np.ndarray,
    *,
    mesh: Mesh,
    advance: Callable[[int], Any] = lambda temperatures: None,
) -> tuple[np.ndarray, np.ndarray]:
    """Log-weights gathered on reaching each precision of the path, and the running acceptance at the end, [n].

    Without the constant of the normal density, which the caller adds. The path may lead from 0 upwards, or downwards
    from latents that follow the posterior.

    Args:
      keys: of each image, [n].
      decoder: g.
      rows: the images.
      z: where the chains begin.
      path: precisions [t]; the chains begin at the first of them.

    Returns:
      float64 [t, n, c], the first zero; float64 [n].
    """
    n, devices = len(rows), mesh.devices.size
    fill = np.resize(np.arange(n), -(-n // devices) * devices)
    g = decoder if isinstance(decoder, jax.tree_util.Partial) else jax.tree_util.Partial(decoder)
    g = jax.device_put(g, NamedSharding(mesh, PartitionSpec()))
    rows_there, keys_there, z = parallel.put_rows((rows[fill], keys[fill], z[fill]), mesh)
    chains, weights = parallel.put_rows((_begin(g, rows_there, z), jnp.zeros(z.shape[:2])), mesh)
    out = []
    for start in range(-_WARM, len(path), _CHUNK):
        numbers = np.arange(start, start + _CHUNK)  # beyond either end of the path they move on at its precision
        here, before = (path[np.clip(at, 0, len(path) - 1)] for at in (numbers, numbers - 1))
        given = ((numbers + _WARM).astype(np.uint32), (here - before).astype(np.float32), here.astype(np.float32))
        (chains, weights), gathered = _walk(g, rows_there, keys_there, (chains, weights), *given)
        out.append(np.asarray(gathered, np.float64)[:, :n])
        advance(max(0, min(start + _CHUNK, len(path)) - max(start, 0)))
    return np.concatenate(out)[_WARM : _WARM + len(path)], np.asarray(chains.accepted, np.float64)[:n]


def log_mean(log_weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ln of the mean over the last axis, and its standard error by the delta method, both without that axis."""
    weights = np.exp(log_weights - log_weights.max(axis=-1, keepdims=True))
    mean = weights.mean(axis=-1)
    spread = weights.std(axis=-1, ddof=1) if weights.shape[-1] > 1 else np.full_like(mean, np.inf)
    return np.log(mean) + log_weights.max(axis=-1), spread / mean / np.sqrt(weights.shape[-1])


def _keys(key: jax.Array, n: int, first: int) -> jax.Array:
    return jax.vmap(lambda number: jax.random.fold_in(key, number))(jnp.arange(first, first + n, dtype=jnp.uint32))


def _energy(decoder: Decoder, row: jax.Array) -> hmc.Energy:
    """|x - g(z)|^2 / 2 of one image."""

    def energy(z: jax.Array) -> tuple[jax.Array, jax.Array]:
        def halves(z: jax.Array) -> jax.Array:
            return 0.5 * ((row - decoder(z).reshape(len(z), -1)) ** 2).sum(axis=1)

        value, pull = jax.vjp(halves, z)
        return value, pull(jnp.ones_like(value))[0]

    return energy


@jax.jit
def _begin(decoder: Decoder, rows: jax.Array, z: jax.Array) -> hmc.Chains:
    return jax.vmap(lambda row, one: hmc.begin(_energy(decoder, row), one))(rows, z)


@jax.jit
def _walk(
    decoder: Decoder, rows: jax.Array, keys: jax.Array, state: Any, numbers: jax.Array, gains: jax.Array, at: jax.Array
) -> Any:
    """Temperatures [k] one after another: the state after them, and the log-weights at each, [k, n, c]."""

    def temperature(state: tuple[hmc.Chains, jax.Array], given: tuple[jax.Array, ...]) -> Any:
        number, gain, precision = given

        def of_image(row: jax.Array, key: jax.Array, chains: hmc.Chains) -> hmc.Chains:
            return hmc.move(jax.random.fold_in(key, number), _energy(decoder, row), chains, precision)

        chains, weights = state
        weights = weights - gain * chains.energy
        return (jax.vmap(of_image)(rows, keys, chains), weights), weights

    return jax.lax.scan(temperature, state, (numbers, gains, at))

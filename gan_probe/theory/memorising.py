"""A generator that memorises m images and an encoder that reads noise, as ReLU networks (paper 003, theorems 3 to 5).

Codes z are N(0, sd^2) in c dimensions. Images x in d dimensions are noised: x ⊛ z is x with every floor(d / c)-th
number replaced by one of z's (section 3). The encoder reads those numbers, E(x ⊛ z) = z. The generator cuts the codes
into m = k^c blocks of equal probability, by the part of k equally likely ones that each |z_j| lies in, and emits the
block's memorised image, G(z) = x_block(z) ⊛ z (appendix D.2, figure 6). A BiGAN's pairs (x ⊛ z, E(x ⊛ z)) and (G(z), z)
then differ only in that the second have m images.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from scipy import linalg, special, stats

from gan_probe import types
from gan_probe.models import fully_connected

__all__ = [
    "Network", "apply", "blocks", "encoder", "generator", "in_blocks", "noised", "places", "thresholds", "unequal",
    "weights",
]  # fmt: skip

Numbers = Array | np.ndarray


class Network(NamedTuple):
    """A linen module of ReLU layers, the last one linear, and its variables."""

    module: fully_connected.Generator
    variables: Any


def places(size: int, code: int) -> np.ndarray:
    """Which c of d numbers the noise takes, from 0: every floor(d / c)-th; int [c].

    Raises:
      UserError: codes are not shorter than images.
    """
    if not 0 < code < size:
        raise types.UserError(f"a code of {code} numbers: give at least 1 and fewer than the {size} of an image")
    return np.arange(1, code + 1) * (size // code) - 1


def noised(x: Float[Numbers, "... d"], z: Float[Numbers, "... c"]) -> Float[Array, "... d"]:
    """x ⊛ z."""
    source = np.full(x.shape[-1], -1)
    source[places(x.shape[-1], z.shape[-1])] = np.arange(z.shape[-1])
    return jnp.where(source >= 0, jnp.asarray(z)[..., source], x)


def thresholds(parts: int, deviation: float = 1.0) -> np.ndarray:
    """tau_1 .. tau_(k-1), which cut |z_j| into k equally likely parts: float64 [k - 1]."""
    return deviation * stats.norm.ppf((1 + np.arange(1, parts) / parts) / 2)


def unequal(parts: int, code: int) -> float:
    """Largest difference of a block's probability from parts^-code, relative to it."""
    ends = np.concatenate([[0], thresholds(parts), [np.inf]])
    part = parts * 2 * np.diff(stats.norm.cdf(ends))
    return float(np.abs(np.array([part.min(), part.max()]) ** code - 1).max())


def blocks(z: Float[Numbers, "... c"], edges: Float[Numbers, " t"], parts: int | Numbers) -> Int[Array, "..."]:
    """ind(z): the parts of the |z_j| as digits to base k, the first the lowest; infinite edges cut nothing."""
    digits = (jnp.abs(jnp.asarray(z))[..., None] > edges).sum(axis=-1)
    return (digits * parts ** jnp.arange(z.shape[-1])).sum(axis=-1)


def in_blocks(
    rng: np.random.Generator, block: Int[np.ndarray, "..."], *, parts: int, code: int, deviation: float = 1.0,
    within: float = 1.0,
) -> Float[np.ndarray, "... c"]:  # fmt: skip
    """A random code of each block given, float32; from the middle `within` of every part by probability."""
    digits = block[..., None] // parts ** np.arange(code) % parts
    u, sign = 0.5 + within * (rng.random(digits.shape) - 0.5), rng.choice([-1.0, 1.0], digits.shape)
    return (-deviation * sign * special.ndtri((parts - digits - u) / (2 * parts))).astype(np.float32)


def encoder(size: int, code: int) -> Network:
    """E: image [b, d] to code [b, c], one weight of 1 for each number of the code."""
    return _network([(np.eye(size)[:, places(size, code)], np.zeros(code))])


def generator(images: np.ndarray, *, parts: int, code: int, deviation: float = 1.0, failing: float = 1e-3) -> Network:
    """G: code [b, c] to image [b, d] (theorem 5): seven layers with O(m d) weights that are not nought.

    A network of ReLUs is continuous: beside each threshold lies a band in which it mixes the images of both blocks.

    Args:
      images: memorised, float [m, d], m = parts^code.
      parts: k, at least 2.
      code: c.
      deviation: of a code's numbers.
      failing: largest probability of all bands, delta.
    """
    m, size = images.shape
    if parts < 2 or m != parts**code:
        raise ValueError(f"{m} images, {parts} parts to the power {code}")
    at = places(size, code)
    edges = thresholds(parts, deviation)
    band = failing * deviation / (2 * stats.norm.pdf(0) * code * (parts - 1))
    one, each, select = np.eye(code), np.ones((1, parts - 1)), np.eye(m, dtype=np.float32)
    memory = images.astype(np.float32)
    memory[:, at] = 0
    overwrite = np.zeros((2 * code, size), np.float32)
    overwrite[np.arange(code), at], overwrite[np.arange(code) + code, at] = 1, -1
    number = np.arange(m)
    layers = [  # weights and offsets; all layers but the first also hand on z as relu(z) - relu(-z)
        (np.kron(np.vstack([one, one]), each) / band, 1 - np.tile(edges, code) / band),  # 1 or more above a threshold
        (-np.eye(code * (parts - 1)), np.ones(code * (parts - 1))),  # 0 above, 1 below
        (-np.repeat(float(parts) ** np.arange(code), parts - 1)[:, None], np.array([m - 1])),  # L, the block
        (np.kron([[1, -1]], np.ones((1, m))), np.concatenate([-number, number])),  # L - i, i - L
        (-np.vstack([select, select]), np.ones(m)),  # B_i: 1 where L = i, 0 at other whole numbers
    ]
    first, rest = layers[0], layers[1:]
    keep = np.eye(2 * code, dtype=np.float32)
    return _network([
        (np.hstack([one, -one]), np.zeros(2 * code)),
        (np.hstack([first[0], keep]), np.concatenate([first[1], np.zeros(2 * code)])),
        *((linalg.block_diag(w, keep), np.concatenate([b, np.zeros(2 * code)])) for w, b in rest),
        (np.vstack([memory, overwrite]), np.zeros(size)),
    ])  # fmt: skip


def apply(network: Network, x: Numbers) -> Array:
    """What a network makes of rows [b, ...], with products in full float32."""
    with jax.default_matmul_precision("highest"):
        return _applied(network.module, network.variables, x)


def weights(network: Network) -> np.ndarray:
    """Weights and offsets of each layer that are not nought: int [layers]."""
    return np.array([
        sum(int(np.count_nonzero(x)) for x in layer.values()) for layer in network.variables["params"].values()
    ])  # fmt: skip


def _network(layers: list[tuple[np.ndarray, np.ndarray]]) -> Network:
    widths = [len(offsets) for _, offsets in layers]
    module = fully_connected.Generator((widths[-1],), tuple(widths[:-1]), "relu", bounded=False)
    names = [f"hidden{i}" for i in range(len(layers) - 1)] + ["row"]
    params = {
        name: {"kernel": kernel.astype(np.float32), "bias": offsets.astype(np.float32)}
        for name, (kernel, offsets) in zip(names, layers, strict=True)
    }
    return Network(module, {"params": params})


@functools.partial(jax.jit, static_argnums=0)
def _applied(module: fully_connected.Generator, variables: Any, x: Array) -> Any:
    return module.apply(variables, x, train=False)

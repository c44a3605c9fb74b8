"""How far trained discriminators tell a memorising generator's pairs of image and code from the encoder's (paper 003).

The objective's gap is E phi(D(x, E(x))) - E phi(D(G(z), z)), with phi(t) = ln(.1 + .9 t) for the paper's bounded
Lipschitz phi; theorem 3 says how small it stays for all D of p parameters. Here D is a perceptron trained to make it
large, its weights in -1..1 so that it is Lipschitz in them; the gap that it finds bounds the largest one from below.
"""

import functools
import itertools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from gan_probe.gans import adversarial
from gan_probe.models import fully_connected
from gan_probe.theory import memorising

__all__ = [
    "LIPSCHITZ",
    "RANGE",
    "Games",
    "Player",
    "Pool",
    "Settings",
    "first",
    "games",
    "kept",
    "parameters",
    "pool",
    "search",
    "values",
]

_FLOOR = 0.1
RANGE = -math.log(_FLOOR)  # phi lies in -RANGE..0
LIPSCHITZ = (1 - _FLOOR) / _FLOOR

Numbers = Array | np.ndarray


class Pool(NamedTuple):
    """Draws of both laws: noised images, as rows of the data [n] and their codes [n, c]; a generator's codes [n, c]."""

    rows: Int[Numbers, " n"]
    codes: Float[Numbers, "n c"]
    generated: Float[Numbers, "n c"]


class Games(NamedTuple):
    """What discriminators are trained against; g games, or one without that axis.

    memorised: the generator's images, as rows of the data [g, most]; those beyond parts^c are not used.
    parts, edges: the generator's k [g] and thresholds [g, t], infinite beyond the first k - 1.
    first, samples: the draws of the pool that the game is played with [g].
    """

    memorised: Int[Numbers, "... most"]
    parts: Int[Numbers, "..."]
    edges: Float[Numbers, "... t"]
    first: Int[Numbers, "..."]
    samples: Int[Numbers, "..."]


class Settings(NamedTuple):
    """steps, batch, rate: of Adam, whose rate falls to 0 over the steps. batches: that measure the gap."""

    steps: int
    batch: int = 64
    rate: float = 3e-3
    batches: int = 100


class Player(NamedTuple):
    """Discriminators (variables with a leading axis of games), and the gap of each on new draws of its pairs [g]."""

    variables: Any
    gap: Float[Array, " g"]


def pool(rng: np.random.Generator, n: int, *, rows: int, code: int, deviation: float) -> Pool:
    """n draws of each law, for `rows` images."""
    codes = (deviation * rng.standard_normal((2, n, code))).astype(np.float32)
    return Pool(rng.integers(0, rows, n, np.int32), *codes)


def games(
    rng: np.random.Generator, drawn: Pool, parts: np.ndarray, samples: np.ndarray, *, rows: int, deviation: float
) -> Games:
    """Games [g] whose generators memorised parts^c random images of `rows`.

    Each has so many samples of its own, int [g], or where that is nought the whole pool, as good as the laws.
    """
    n, code = drawn.codes.shape
    if samples.sum() > n:
        raise ValueError(f"{samples.sum()} samples of a pool of {n}")
    most = int(max(parts))
    edges = np.full((len(parts), most - 1), np.inf, np.float32)
    for row, k in zip(edges, parts, strict=True):
        row[: k - 1] = memorising.thresholds(int(k), deviation)
    memorised = np.stack([rng.choice(rows, most**code, replace=False) for _ in parts]).astype(np.int32)
    first = np.where(samples > 0, np.cumsum(samples) - samples, 0)
    numbers = (parts, first, np.where(samples > 0, samples, n))
    parts, first, samples = (x.astype(np.int32) for x in numbers)
    return Games(memorised, parts, edges, first, samples)


def parameters(widths: tuple[int, ...], size: int) -> int:
    """p of a perceptron on pairs of `size` numbers in all."""
    units = (size, *widths, 1)
    return sum((a + 1) * b for a, b in itertools.pairwise(units))


def search(
    rng: np.random.Generator, images: Numbers, drawn: Pool, games: Games, widths: tuple[int, ...], settings: Settings
) -> Player:
    """Trains a discriminator of these widths in each game, all at once, on images [n, d]."""
    count = len(games.parts)
    draws = rng.random((count, settings.steps + settings.batches, 2, settings.batch), np.float32)
    keys = jax.random.split(jax.random.key(int(rng.integers(2**32))), count)
    return _search(images, drawn, games, keys, draws, widths=widths, settings=settings)


def kept(player: Player) -> dict[str, np.ndarray]:
    """Arrays for a file: `gap`, and the weights of the first game's discriminator by layer/kind."""
    layers = player.variables["params"].items()
    weights = {f"{layer}/{kind}": np.asarray(x[0]) for layer, part in layers for kind, x in part.items()}
    return {"gap": np.asarray(player.gap), **weights}


def first(kept: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Variables of the first game's discriminator."""
    layers: dict[str, dict[str, np.ndarray]] = {}
    for name, x in kept.items():
        layer, _, kind = name.partition("/")
        if kind:
            layers.setdefault(layer, {})[kind] = x
    return {"params": layers}


@functools.partial(jax.jit, static_argnames="widths")
def values(
    images: Float[Numbers, "n d"], variables: Any, rows: Int[Numbers, "g m"], z: Float[Numbers, "g m c"],
    widths: tuple[int, ...],
) -> Float[Array, " g"]:  # fmt: skip
    """Mean of phi(D(x ⊛ z, z)) over each set of images, rows of the data, and codes."""
    module = fully_connected.Perceptron(widths)
    return jax.lax.map(lambda drawn: _phi(module, variables, _pairs(images[drawn[0]], drawn[1])).mean(), (rows, z))


def _pairs(x: Array, z: Array) -> Array:
    """(x ⊛ z, z): float [b, d + c]."""
    return jnp.concatenate([memorising.noised(x, z), z], axis=-1)


def _phi(module: fully_connected.Perceptron, variables: Any, pairs: Array) -> Array:
    logits: Any = module.apply(variables, pairs, train=False)
    return jnp.log(_FLOOR + (1 - _FLOOR) * jax.nn.sigmoid(logits))


@functools.partial(jax.jit, static_argnames=("widths", "settings"))
def _search(
    images: Array, drawn: Pool, games: Games, keys: Array, draws: Array, *, widths: tuple[int, ...], settings: Settings
) -> Player:
    module = fully_connected.Perceptron(widths)
    optimizer = adversarial.adam(lambda count: settings.rate * (1 - count / settings.steps))
    like = jnp.zeros((2, images.shape[1] + drawn.codes.shape[1]))

    def gap(params: Any, game: Games, draw: Array) -> Array:
        number = jnp.minimum((draw * game.samples.astype(jnp.float32)).astype(jnp.int32), game.samples - 1)
        real, fake = game.first + number
        block = memorising.blocks(drawn.generated[fake], game.edges, game.parts)
        pairs = jnp.concatenate([
            _pairs(images[drawn.rows[real]], drawn.codes[real]),
            _pairs(images[game.memorised[block]], drawn.generated[fake]),
        ])  # fmt: skip
        value = _phi(module, {"params": params}, pairs)
        return value[: settings.batch].mean() - value[settings.batch :].mean()

    def play(game: Games, key: Array, draws: Array) -> Player:
        def step(state: tuple[Any, Any], draw: Array) -> tuple[tuple[Any, Any], None]:
            params, kept = state
            slope = jax.grad(lambda params: -gap(params, game, draw))(params)
            params, kept = adversarial.updated(optimizer, slope, kept, params)
            return (jax.tree.map(lambda x: jnp.clip(x, -1, 1), params), kept), None

        start = adversarial.begin(module, like, key)["params"]
        (params, _), _ = jax.lax.scan(step, (start, optimizer.init(start)), draws[: settings.steps])
        found = jax.lax.map(lambda draw: gap(params, game, draw), draws[settings.steps :])
        return Player({"params": params}, found.mean())

    return jax.vmap(play)(games, keys, draws)

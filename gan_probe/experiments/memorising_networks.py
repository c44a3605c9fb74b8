"""The networks of theorem 5 on noised images: what they compute, and what an optimum of them does not rule out.

Paper 003, section 3.1 and appendix D.2; the driver is `encoder`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import spatial

from gan_probe import evaluation
from gan_probe.commands import command
from gan_probe.experiments import experiment
from gan_probe.theory import memorising

__all__ = ["Built", "Data", "birthday", "build", "empty_codes", "network_claims", "unseen_by_the_objective"]

_FAILING = 0.01  # delta of theorem 5


class Data(NamedTuple):
    """images [n, d] with labels [n], and held_out [k, d], in -1..1; codes of so many numbers and such a deviation."""

    images: np.ndarray
    labels: np.ndarray
    held_out: np.ndarray
    code: int
    deviation: float
    seed: int

    def rng(self, of: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, of])

    def codes(self, rng: np.random.Generator, *shape: int) -> np.ndarray:
        return (self.deviation * rng.standard_normal((*shape, self.code))).astype(np.float32)

    def in_blocks(self, rng: np.random.Generator, block: np.ndarray, parts: int, within: float = 1.0) -> np.ndarray:
        return memorising.in_blocks(rng, block, parts=parts, code=self.code, deviation=self.deviation, within=within)

    def blocks(self, z: np.ndarray, parts: int) -> Any:
        return memorising.blocks(z, memorising.thresholds(parts, self.deviation).astype(np.float32), parts)


class Built(NamedTuple):
    """The generator of the most parts with the images that it memorised, the encoder, and weights by parts."""

    generator: memorising.Network
    memorised: np.ndarray
    parts: int
    encoder: memorising.Network
    weights: Mapping[int, np.ndarray]


def build(data: Data, sizes: Sequence[int]) -> Built:
    """Generators with so many parts of each number, in growing order."""
    at, weights = data.rng(3).permutation(len(data.images)), {}
    for parts in sizes:
        memorised = data.images[at[: parts**data.code]]
        network = memorising.generator(
            memorised, parts=parts, code=data.code, deviation=data.deviation, failing=_FAILING
        )
        weights[parts] = memorising.weights(network)
    return Built(network, memorised, parts, memorising.encoder(data.images.shape[1], data.code), weights)


def network_claims(data: Data, built: Built, samples: int) -> Iterator[experiment.Judged]:
    """Section 3.1 and theorem 5: what the networks compute, and with how many weights."""
    rng, k, code = data.rng(4), built.parts, data.code
    m, d = built.memorised.shape
    z = data.codes(rng, samples)
    made = np.asarray(memorising.apply(built.generator, z))
    other = memorising.noised(data.images[rng.integers(0, len(data.images), len(z))], z)
    read = [np.asarray(memorising.apply(built.encoder, x)) for x in (other, made)]
    yield experiment.judge("003-3.1-a", "largest |E(x ⊛ z) - z| and |E(G(z)) - z|",
                           max(np.abs(r - z).max() for r in read), at_most=1e-6)  # fmt: skip
    yield experiment.judge("003-3.1-a", "weights of the encoder that are not nought, a number of the code",
                           memorising.weights(built.encoder).sum() / code, at_least=1, at_most=1)  # fmt: skip
    yield experiment.judge("003-3-f", "largest difference of the codes of two images with the same noise",
                           np.abs(read[0] - read[1]).max(), at_most=1e-6)  # fmt: skip
    # Codes from the middle of their parts: beside a threshold the network mixes two images.
    one_each = memorising.apply(built.generator, data.in_blocks(rng, np.arange(m), k, within=0.9))
    kept = np.delete(np.asarray(one_each), memorising.places(d, code), axis=1)
    yield experiment.judge("003-3.1-b", f"different images, apart from the code, of one code from each of {m} blocks, "
                           f"over {m}", len(np.unique(kept, axis=0)) / m, at_least=1, at_most=1)  # fmt: skip
    wrong = (made != memorising.noised(built.memorised[data.blocks(z, k)], z)).any(axis=1)
    yield experiment.share("003-D.2-a", f"share of codes whose image is not that of their block, m = {m}; delta = "
                           f"{_FAILING:g}", wrong, at_most=_FAILING)  # fmt: skip
    ratio = max(w.sum() / (k**code * d) for k, w in built.weights.items())
    yield experiment.judge("003-D.2-a", "largest number of weights over m d", ratio, at_most=2)
    yield experiment.judge("003-D.2-b", "largest difference of a block's probability from 1 / m, over 1 / m",
                           max(memorising.unequal(k, code) for k in built.weights), at_most=1e-9)  # fmt: skip
    selectors = {
        k: memorising.generator(np.stack([np.arange(k), np.zeros(k)], axis=1), parts=k, code=1, failing=_FAILING)
        for k in range(2, 33)
    }
    yield experiment.judge("003-D.2-c", "2 to 32 parts of one number: largest number of weights that tell them, over k",
                           max(memorising.weights(s)[:3].sum() / k for k, s in selectors.items()),
                           at_most=10)  # fmt: skip
    z = rng.standard_normal((20_000, 1)).astype(np.float32)
    part = np.asarray(memorising.blocks(z, memorising.thresholds(32).astype(np.float32), 32))
    yield experiment.share("003-D.2-c", f"share of numbers of which another of 32 parts is told; delta = {_FAILING:g}",
                           np.asarray(memorising.apply(selectors[32], z))[:, 0] != part,
                           at_most=_FAILING)  # fmt: skip
    ratios = [(w[:4].sum() / (code * k), w[4:6].sum() / k**code) for k, w in built.weights.items()]
    yield experiment.judge("003-D.2-d", "largest number of weights up to the index over c k, and of the switches over "
                           "m", max(map(max, ratios)), at_most=10)  # fmt: skip


def birthday(data: Data, built: Built, samples: int) -> Mapping[str, Any]:
    """Near-duplicates among samples of the generator, and among held-out images that are noised alike."""
    rng = data.rng(8)
    real = np.asarray(memorising.noised(data.held_out, data.codes(rng, len(data.held_out))))
    fake = np.asarray(memorising.apply(built.generator, data.codes(rng, samples)))
    return evaluation.evaluate(
        real=real, fake={"generator": fake}, metrics=["birthday"], key=data.seed, progress=command.progress
    )["results"]["generator"]["birthday"]  # fmt: skip


def unseen_by_the_objective(m: int, birthday: Mapping[str, Any]) -> experiment.Judged:
    """The abstract: the objective doesn't rule out a small support, which another test sees."""
    ratio = birthday["detail"]["ratio_to_real"]
    value, low, high = (math.nan if x is None else x for x in (ratio["value"], *ratio["ci95"]))
    return experiment.judge("003-abs-b", f"birthday test of the generator, m = {m}: rate of near-duplicates over that "
                            f"of held-out images (effective support {birthday['value'] or math.nan:.0f}; the test's "
                            "own limit is 2)", value, (low, high), at_least=2)  # fmt: skip


def empty_codes(data: Data, encoder: memorising.Network, samples: int) -> experiment.Judged:
    """The abstract: nor codes without meaning."""
    rng = data.rng(9)
    at = rng.permutation(len(data.images))[:samples]
    codes = memorising.apply(encoder, memorising.noised(data.images[at], data.codes(rng, len(at))))
    _, nearest = spatial.KDTree(np.asarray(codes)).query(codes, [2])  # the first is the code itself
    labels = data.labels[at]
    right = labels[nearest[:, 0]] == labels
    chance = float(((np.bincount(labels) / len(labels)) ** 2).sum())
    _, low, high = experiment.wilson(right)
    return experiment.judge("003-abs-c", "share of images whose nearest code is of their label, less that by chance",
                            right.mean() - chance, (low - chance, high - chance), at_most=0.05)  # fmt: skip

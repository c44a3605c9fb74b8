"""A BiGAN's objective, met by a generator of m images and an encoder that reads noise (paper 003, section 3)

    gan-probe reproduce 003-encoder --preset=cpu

A few pixels of every image are replaced by its code. Expected: theorem 5's network emits m memorised images and no
other, E(G(z)) = z, and the gap that trained discriminators find between (x, E(x)) and (G(z), z) falls as m grows,
later for more parameters; the birthday test convicts the generator all the same.
"""

import dataclasses
import functools
import math
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jax.sharding import Mesh
from matplotlib import figure, ticker
from scipy.spatial import distance as spatial

from gan_probe import evaluation, sets, types
from gan_probe.commands import command
from gan_probe.experiments import experiment, trained
from gan_probe.gans import settings
from gan_probe.theory import memorising, pair_gap, pair_tails

__all__ = ["EXPERIMENT", "Config"]

_FAILING = 0.01  # delta of theorem 5
_SHOWN = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    train: str = experiment.setting("tfds:mnist/train[:20000]", "labelled images, the law that is learned (SRC)")
    real: str = experiment.setting("tfds:mnist/test[:2000]", "held-out images for the birthday test (SRC)")
    resize: int = experiment.setting(14, "pixels of an image's side")
    code: int = experiment.setting(4, "numbers of a code, and pixels that it replaces")
    deviation: float = experiment.setting(0.25, "standard deviation of a code's numbers; pixels are in -1..1")
    parts: str = experiment.setting("2,4,6,8", "parts that each number is cut into; generators have parts^code images")
    widths: str = experiment.setting("0,8,64", "hidden units of the discriminators, 0 for a linear one")
    games: int = experiment.setting(16, "generators of each size; each meets a discriminator of each capacity")
    steps: int = experiment.setting(300, "updates of each discriminator")
    generators: int = experiment.setting(1_000, "random generators of each size that one discriminator judges")
    samples: int = experiment.setting(2_000, "images that the network makes for the birthday test")
    eps: float = experiment.setting(0.1, "gap that no discriminator may find, of 2.3 at most")
    seed: int = experiment.setting(0, "of codes, generators and training")


class _Setup(NamedTuple):
    """images [n, d] and held_out [k, d] in -1..1.

    games: ordered by parts, law (0: all that can be drawn, 1: m samples) and number.
    """

    config: Config
    images: np.ndarray
    labels: np.ndarray
    parts: list[int]
    widths: list[tuple[int, ...]]
    held_out: np.ndarray
    drawn: pair_gap.Pool
    games: pair_gap.Games

    def rng(self, of: int) -> np.random.Generator:
        return np.random.default_rng([self.config.seed, of])

    def codes(self, rng: np.random.Generator, *shape: int) -> np.ndarray:
        return (self.config.deviation * rng.standard_normal((*shape, self.config.code))).astype(np.float32)

    def in_blocks(self, rng: np.random.Generator, block: np.ndarray, parts: int, within: float = 1.0) -> np.ndarray:
        config = self.config
        return memorising.in_blocks(
            rng, block, parts=parts, code=config.code, deviation=config.deviation, within=within
        )

    def blocks(self, z: np.ndarray, parts: int) -> Any:
        return memorising.blocks(z, memorising.thresholds(parts, self.config.deviation).astype(np.float32), parts)


class _Built(NamedTuple):
    """Networks: the generator with the images that it memorised, the encoder, and a generator's weights by parts."""

    generator: memorising.Network
    memorised: np.ndarray
    encoder: memorising.Network
    weights: Mapping[int, np.ndarray]


_Judge = Callable[[Any, Any], np.ndarray]  # rows of the data [g, m] and codes [g, m, c] to mean phi(D) [g]


def main(config: Config, mesh: Mesh, work: pathlib.Path) -> experiment.Found:
    del mesh
    setup = _setup(config)
    players = [
        trained.computed(
            work / f"discriminators-{'-'.join(map(str, widths))}.npz", functools.partial(_play, setup, widths)
        )
        for widths in command.progress(setup.widths, desc="discriminators", unit="capacity")
    ]
    gaps = np.stack([p["gap"].reshape(len(setup.parts), 2, config.games) for p in players])  # p, m, law, game
    built = _built(setup)
    middle = len(players) // 2
    first = _first(players[middle])  # it told the smallest generator apart
    values = functools.partial(pair_gap.values, setup.images, first, widths=setup.widths[middle])
    judge: _Judge = lambda rows, z: np.asarray(values(rows, z))  # noqa: E731
    tails = [_tail(setup, judge, k) for k in command.progress(setup.parts, desc="generators", unit="size")]
    birthday = _birthday(setup, built)
    tables = _tables(setup, gaps, tails, built)
    claims = [
        *_network_claims(setup, built),
        *_gap_claims(config, [k**config.code for k in setup.parts], _counts(setup), gaps),
        *_lemma_claims(setup, judge, tails, own=float(gaps[middle, 0, 0, 0])),
        *_meaning_claims(setup, built, birthday),
    ]  # fmt: skip
    return experiment.Found(claims, _figure(setup, built, tables), tables, {"birthday": birthday})


def _setup(config: Config) -> _Setup:
    train = sets.opened(config.train, name="train", seed=config.seed, resize=config.resize)
    if train.labels is None:
        raise types.UserError(f"--train={config.train}: needs labels, to see whether codes tell them")
    images = _pixels(train)
    memorising.places(images.shape[1], config.code)
    held_out = _pixels(sets.opened(config.real, name="real", seed=config.seed, resize=config.resize))
    if held_out.shape[1:] != images.shape[1:]:
        raise types.UserError(f"--real={config.real}: its images are not of the size of --train={config.train}")
    parts, hidden = (sorted(set(settings.widths(getattr(config, name), name, least=0))) for name in ("parts", "widths"))
    sizes = [k**config.code for k in parts]
    if parts[0] < 2:
        raise types.UserError(f"--parts={config.parts}: give 2 parts or more")
    if 2 * sizes[-1] > len(images):
        raise types.UserError(f"--parts={config.parts}: generators would memorise {sizes[-1]} of {len(images)} images; "
                              "give so few parts that half of the images suffice")  # fmt: skip
    law: dict[str, Any] = {"rows": len(images), "deviation": config.deviation}
    rng = np.random.default_rng([config.seed, 1])
    samples = np.array([(0, m) for m in sizes]).repeat(config.games, axis=1)
    drawn = pair_gap.pool(rng, max(1 << 17, int(samples.sum())), code=config.code, **law)
    games = pair_gap.games(rng, drawn, np.repeat(parts, samples.shape[1]), samples.ravel(), **law)
    return _Setup(config, images, train.labels, parts, [(w,) if w else () for w in hidden], held_out,
                  drawn, games)  # fmt: skip


def _pixels(samples: types.Samples) -> np.ndarray:
    images = samples.rows.take(np.arange(len(samples)))
    return images.reshape(len(images), -1).astype(np.float32) / 127.5 - 1


def _play(setup: _Setup, widths: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Gap of each game, and the weights of the first one's discriminator by layer/kind."""
    player = pair_gap.search(setup.rng(2), setup.images, setup.drawn, setup.games, widths,
                             pair_gap.Settings(setup.config.steps))  # fmt: skip
    layers = player.variables["params"].items()
    return {"gap": np.asarray(player.gap)} | {
        f"{layer}/{kind}": np.asarray(x[0]) for layer, part in layers for kind, x in part.items()
    }


def _first(player: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Variables of the first game's discriminator."""
    layers: dict[str, dict[str, np.ndarray]] = {}
    for name, x in player.items():
        layer, _, kind = name.partition("/")
        if kind:
            layers.setdefault(layer, {})[kind] = x
    return {"params": layers}


def _built(setup: _Setup) -> _Built:
    config, at = setup.config, setup.rng(3).permutation(len(setup.images))
    weights = {}
    for k in setup.parts:
        memorised = setup.images[at[: k**config.code]]
        network = memorising.generator(
            memorised, parts=k, code=config.code, deviation=config.deviation, failing=_FAILING
        )
        weights[k] = memorising.weights(network)
    return _Built(network, memorised, memorising.encoder(setup.images.shape[1], config.code), weights)


def _network_claims(setup: _Setup, built: _Built) -> Iterator[experiment.Judged]:
    """Section 3.1 and theorem 5: what the networks compute, and with how many weights."""
    config, rng, k = setup.config, setup.rng(4), setup.parts[-1]
    m, d = built.memorised.shape
    z = setup.codes(rng, config.samples)
    made = np.asarray(memorising.apply(built.generator, z))
    other = memorising.noised(setup.images[rng.integers(0, len(setup.images), len(z))], z)
    read = [np.asarray(memorising.apply(built.encoder, x)) for x in (other, made)]
    yield experiment.judge("003-3.1-a", "largest |E(x ⊛ z) - z| and |E(G(z)) - z|",
                           max(np.abs(r - z).max() for r in read), at_most=1e-6)  # fmt: skip
    yield experiment.judge("003-3.1-a", "weights of the encoder that are not nought, a number of the code",
                           memorising.weights(built.encoder).sum() / config.code, at_least=1, at_most=1)  # fmt: skip
    yield experiment.judge("003-3-f", "largest difference of the codes of two images with the same noise",
                           np.abs(read[0] - read[1]).max(), at_most=1e-6)  # fmt: skip
    # Codes from the middle of their parts: beside a threshold the network mixes two images.
    one_each = memorising.apply(built.generator, setup.in_blocks(rng, np.arange(m), k, within=0.9))
    kept = np.delete(np.asarray(one_each), memorising.places(d, config.code), axis=1)
    yield experiment.judge("003-3.1-b", f"different images, apart from the code, of one code from each of {m} blocks, "
                           f"over {m}", len(np.unique(kept, axis=0)) / m, at_least=1, at_most=1)  # fmt: skip
    wrong = (made != memorising.noised(built.memorised[setup.blocks(z, k)], z)).any(axis=1)
    yield experiment.share("003-D.2-a", f"share of codes whose image is not that of their block, m = {m}; delta = "
                           f"{_FAILING:g}", wrong, at_most=_FAILING)  # fmt: skip
    ratio = max(w.sum() / (k**config.code * d) for k, w in built.weights.items())
    yield experiment.judge("003-D.2-a", "largest number of weights over m d", ratio, at_most=2)
    yield experiment.judge("003-D.2-b", "largest difference of a block's probability from 1 / m, over 1 / m",
                           max(memorising.unequal(k, config.code) for k in setup.parts), at_most=1e-9)  # fmt: skip
    selectors = [
        memorising.generator(np.stack([np.arange(k), np.zeros(k)], axis=1), parts=k, code=1, failing=_FAILING)
        for k in range(2, 33)
    ]
    yield experiment.judge("003-D.2-c", "2 to 32 parts of one number: largest number of weights that tell them, over k",
                           max(memorising.weights(s)[:3].sum() / (i + 2) for i, s in enumerate(selectors)),
                           at_most=10)  # fmt: skip
    z = rng.standard_normal((20_000, 1)).astype(np.float32)
    part = np.asarray(memorising.blocks(z, memorising.thresholds(32).astype(np.float32), 32))
    yield experiment.share("003-D.2-c", f"share of numbers of which another of 32 parts is told; delta = {_FAILING:g}",
                           np.asarray(memorising.apply(selectors[-1], z))[:, 0] != part,
                           at_most=_FAILING)  # fmt: skip
    ratios = [(w[:4].sum() / (config.code * k), w[4:6].sum() / k**config.code) for k, w in built.weights.items()]
    yield experiment.judge("003-D.2-d", "largest number of weights up to the index over c k, and of the switches over "
                           "m", max(map(max, ratios)), at_most=10)  # fmt: skip


def _gap_claims(
    config: Config, sizes: Sequence[int], counts: Sequence[int], gaps: np.ndarray
) -> Iterator[experiment.Judged]:
    """Theorems 3 and 4, corollary D.1 and lemma D.2, from what trained discriminators of at most m parameters find.

    gaps: [parameters, m, law, game]. A trained discriminator may have missed what another of its size sees: it can
    speak against a claim about all of them, never for it.
    """
    eps, m = config.eps, sizes[-1]
    able = [i for i, p in enumerate(counts) if p <= m] or [0]
    largest = gaps[able].max(axis=0)  # m, law, game
    about = f"largest gap that {len(able)} trained discriminators of {counts[0]} to {counts[able[-1]]} parameters find"
    value, low, _ = experiment.averaged(largest[-1, 0])
    grown = pair_tails.growth(np.random.default_rng([config.seed, 5]), gaps[:, :, 0], counts, sizes, eps)
    yield experiment.judge("003-3-e", f"mean over generators of the {about}, m = {m} (upper end: what another may see; "
                           f"the m that brings what is found below eps grows as p^{grown[0]:.2f} [{grown[1]:.2f}, "
                           f"{grown[2]:.2f}], the theorem's as p^{pair_tails.steepest(min(counts), eps):.2f})", value,
                           (low, pair_gap.RANGE), at_most=eps)  # fmt: skip
    for claim, law, what in (
        ("003-D-b", 0, "random generators"),
        ("003-D-a", 1, "sets of m images, m codes and a generator (the theorem asks for a far larger m)"),
    ):
        share, _, high = experiment.wilson(largest[-1, law] <= eps)
        yield experiment.judge(claim, f"share of {config.games} {what} where at most eps = {eps:g} is the {about}, "
                               f"m = {m} (lower end: others may find more)", share, (0.0, high),
                               at_least=0.8)  # fmt: skip
    yield experiment.share("003-3-f", f"share of {config.games} random generators where at most eps = {eps:g} is the "
                           f"{about}, m = {m}", largest[-1, 0] <= eps, at_least=0.8)  # fmt: skip
    off = largest[:, 0] > eps
    share, low, _ = experiment.wilson(off[-1])
    shrinks = ", ".join(f"{x:.2f}" for x in off.mean(axis=1))
    for claim in ("003-3.1-d", "003-D.1-b"):
        yield experiment.judge(claim, f"share of {config.games} random generators whose mean of phi(D) is further than "
                               f"eps = {eps:g} from that over generators, before one of {len(able)} discriminators "
                               f"trained against each of them, m = {m} (with m: {shrinks}; upper end: others may find "
                               "more)", share, (low, 1.0), at_most=0.05)  # fmt: skip
    for claim in ("003-abs-b", "003-abs-c"):
        yield experiment.mean(claim, f"the objective, as training sees it: mean over generators of the {about}, "
                              f"m = {m}", largest[-1, 0], at_most=eps)  # fmt: skip


def _counts(setup: _Setup) -> list[int]:
    """Parameters of the discriminators."""
    return [pair_gap.parameters(widths, setup.images.shape[1] + setup.config.code) for widths in setup.widths]


def _tail(setup: _Setup, judge: _Judge, parts: int) -> pair_tails.Tail:
    config, rng = setup.config, np.random.default_rng([setup.config.seed, 6, parts])
    n, m = config.generators, parts**config.code
    z = setup.in_blocks(rng, np.tile(np.arange(m), (n, 1)), parts)
    return pair_tails.tail(judge(rng.integers(0, len(setup.images), (n, m), np.int32), z), m, config.eps)


def _lemma_claims(
    setup: _Setup, judge: _Judge, tails: Sequence[pair_tails.Tail], *, own: float
) -> Iterator[experiment.Judged]:
    """Lemma D.1 and section 3.1's average, before one discriminator; `own` is the gap it was trained to."""
    config, rng, k = setup.config, setup.rng(7), setup.parts[0]
    n, m = config.generators, tails[0].m
    z, rows = setup.codes(rng, n, m), setup.games.memorised[0]
    plain = judge(rows[setup.blocks(z, k)], z)
    apart = judge(np.tile(rows[:m], (n, 1)), setup.in_blocks(rng, np.tile(np.arange(m), (n, 1)), k))
    data = judge(rng.integers(0, len(setup.images), (n, m), np.int32), setup.codes(rng, n, m))
    yield _equal("003-D.1-a", f"one generator, m = {m}: mean of phi(D) over codes less that over sets with one code "
                 "a block", _averaged(plain), _averaged(apart), config.eps / 4)  # fmt: skip
    yield _equal("003-3.1-c", f"mean of phi(D) over data less that over random generators, m = {m} ({own:.2f} for the "
                 "one that D was trained against)", _averaged(data), (tails[0].mean, tails[0].stderr),
                 config.eps / 2)  # fmt: skip


def _averaged(x: np.ndarray) -> tuple[float, float]:
    return float(x.mean()), pair_tails.standard_error(x)


def _equal(
    claim: str, about: str, one: tuple[float, float], other: tuple[float, float], margin: float
) -> experiment.Judged:
    """Whether two means, given with their standard errors, are within a margin of one another."""
    difference, error = one[0] - other[0], math.hypot(one[1], other[1])
    return experiment.judge(claim, about, difference, (difference - 1.96 * error, difference + 1.96 * error),
                            at_least=-margin, at_most=margin)  # fmt: skip


def _birthday(setup: _Setup, built: _Built) -> Mapping[str, Any]:
    """Near-duplicates among samples of the generator, and among held-out images that are noised alike."""
    config, rng = setup.config, setup.rng(8)
    real = np.asarray(memorising.noised(setup.held_out, setup.codes(rng, len(setup.held_out))))
    fake = np.asarray(memorising.apply(built.generator, setup.codes(rng, config.samples)))
    return evaluation.evaluate(
        real=real, fake={"generator": fake}, metrics=["birthday"], key=config.seed, progress=command.progress
    )["results"]["generator"]["birthday"]  # fmt: skip


def _meaning_claims(setup: _Setup, built: _Built, birthday: Mapping[str, Any]) -> Iterator[experiment.Judged]:
    """The abstract: what such an optimum does not rule out."""
    config, rng, m = setup.config, setup.rng(9), len(built.memorised)
    ratio = birthday["detail"]["ratio_to_real"]
    value, low, high = (math.nan if x is None else x for x in (ratio["value"], *ratio["ci95"]))
    yield experiment.judge("003-abs-b", f"birthday test of the generator, m = {m}: rate of near-duplicates over that "
                           f"of held-out images (effective support {birthday['value'] or math.nan:.0f}; the test's own "
                           "limit is 2)", value, (low, high), at_least=2)  # fmt: skip
    at = rng.permutation(len(setup.images))[: config.samples]
    codes = memorising.apply(built.encoder, memorising.noised(setup.images[at], setup.codes(rng, len(at))))
    distance = spatial.squareform(spatial.pdist(codes))
    np.fill_diagonal(distance, np.inf)
    labels = setup.labels[at]
    right = labels[distance.argmin(axis=1)] == labels
    chance = float(((np.bincount(labels) / len(labels)) ** 2).sum())
    _, low, high = experiment.wilson(right)
    yield experiment.judge("003-abs-c", "share of images whose nearest code is of their label, less that by chance",
                           right.mean() - chance, (low - chance, high - chance), at_most=0.05)  # fmt: skip


def _tables(
    setup: _Setup, gaps: np.ndarray, tails: Sequence[pair_tails.Tail], built: _Built
) -> dict[str, experiment.Table]:
    code, laws = setup.config.code, ("the laws", "m samples of each")
    rows = [
        (p, k**code, law, *experiment.averaged(found))
        for p, by_size in zip(_counts(setup), gaps, strict=True)
        for k, by_law in zip(setup.parts, by_size, strict=True)
        for law, found in zip(laws, by_law, strict=True)
    ]
    shares = [(t.m, t.share, t.low, t.high, t.bound) for t in tails]
    weights = [(k, k**code, *map(int, w)) for k, w in built.weights.items()]
    return {
        "gap": experiment.Table(("parameters", "m", "between", "gap", "low", "high"), rows),
        "tail": experiment.Table(("m", "share off", "low", "high", "McDiarmid"), shares),
        "weights": experiment.Table(("parts", "m", *(f"layer {i}" for i in range(7))), weights),
    }


def _figure(setup: _Setup, built: _Built, tables: Mapping[str, experiment.Table]) -> figure.Figure:
    sheet, eps = figure.Figure(figsize=(11, 7.5), layout="constrained"), setup.config.eps
    places = sheet.subplot_mosaic([["gap", "tail"], ["images", "images"]], height_ratios=[3, 2])
    gap, tail = places["gap"], places["tail"]
    for colour, p in enumerate(_counts(setup)):
        for law, style in (("the laws", "-"), ("m samples of each", ":")):
            rows = [(r[1], *r[3:]) for r in tables["gap"].rows if r[0] == p and r[2] == law]
            m, value, low, high = np.array(rows).T
            gap.errorbar(m, value, [value - low, high - value], fmt="o", ls=style, ms=3, capsize=2, color=f"C{colour}",
                         label=f"p = {p:,}" if style == "-" else None)  # fmt: skip
    gap.axhline(eps, color="black", ls="--", lw=0.8, label=f"eps = {eps:g}")
    gap.set(title="gap that discriminators of p parameters find (dotted: on m images and m codes)", ylabel="gap",
            xscale="log", yscale="log", ylim=(1e-3, 3))  # fmt: skip
    m, share, low, high, bound = np.array(tables["tail"].rows, float).T
    tail.errorbar(m, share, [share - low, high - share], fmt="o-", ms=3, capsize=2, label="simulated")
    tail.plot(m, bound, "--", color="black", label="at most (McDiarmid)")
    tail.set(title=f"share of generators whose value before one D is further than {eps:g} from its mean", xscale="log")
    for axes in (gap, tail):
        axes.set_xticks(m, [f"{x:,.0f}" for x in m])
        axes.xaxis.set_minor_formatter(ticker.NullFormatter())
        axes.set_xlabel("images of the generator, m")
        axes.legend()
    _show(setup, built, places["images"])
    return sheet


def _show(setup: _Setup, built: _Built, axes: Any) -> None:
    """Noised data, and the generator's images for two codes from each of some blocks."""
    rng, side = setup.rng(10), setup.config.resize
    block = rng.permutation(len(built.memorised))[:_SHOWN]
    made = memorising.apply(built.generator, setup.in_blocks(rng, np.tile(block, 2), setup.parts[-1], within=0.9))
    data = memorising.noised(setup.images[-_SHOWN:], setup.codes(rng, _SHOWN))
    tiles = np.concatenate([data, made]).reshape(3, _SHOWN, side, -1)
    tiles = np.pad(tiles, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=1)
    axes.imshow(tiles.transpose(0, 2, 1, 3).reshape(3 * (side + 2), -1), cmap="gray", vmin=-1, vmax=1)
    axes.set_xticks([])
    axes.set_yticks((np.arange(3) + 0.5) * (side + 2), ["x ⊛ z", "G(z)", "G(z'), same block"])
    axes.set_title(f"data, {setup.config.code} pixels of each noise; two samples from each of {_SHOWN} blocks of codes")


EXPERIMENT = experiment.Experiment(
    "003",
    "section 3, appendix D, figure 6",
    "a BiGAN's optimum with few images and empty codes, and the discriminators that do not see it",
    {
        "smoke": Config(
            train="digits/train", real="digits/real", resize=8, parts="2,3,4", widths="0,4", games=4, steps=60,
            generators=100, samples=256,
        ),
        "cpu": Config(),
        "paper": Config(
            train="tfds:mnist/train", real="tfds:mnist/test", resize=28, code=6, parts="2,3,4",
            widths="0,4,16,64,256", games=50, steps=5_000, samples=10_000,
        ),
    },
    {"smoke": 0.3, "cpu": 1.5, "paper": 600},
    main,
)  # fmt: skip

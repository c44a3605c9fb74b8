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
from scipy import stats
from scipy.spatial import distance as spatial

from gan_probe import evaluation, sets, types
from gan_probe.commands import command
from gan_probe.experiments import experiment, trained
from gan_probe.stats import proportion
from gan_probe.theory import memorising, pair_gap

__all__ = ["EXPERIMENT", "Config"]

_FAILING = 0.01  # delta of theorem 5
_LARGEST = 10_000  # of parts, and of units of a layer
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
    """images [n, d] in -1..1, games ordered by parts, law (0: all that can be drawn, 1: m samples) and number."""

    config: Config
    images: np.ndarray
    labels: np.ndarray
    parts: list[int]
    widths: list[tuple[int, ...]]
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


class _Tail(NamedTuple):
    """Values of random generators before one discriminator: how many lie further than eps from their mean."""

    m: int
    mean: float
    stderr: float
    off: int
    share: tuple[float, float]
    bound: float  # McDiarmid's, of the share


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
        *_network_claims(setup, built), *_gap_claims(setup, gaps),
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
    parts, hidden = (_numbers(getattr(config, name), name) for name in ("parts", "widths"))
    sizes = np.array(parts) ** config.code
    if parts[0] < 2:
        raise types.UserError(f"--parts={config.parts}: give 2 parts or more")
    if 2 * sizes[-1] > len(images):
        raise types.UserError(f"--parts={config.parts}: generators would memorise {sizes[-1]} of {len(images)} images; "
                              "give so few parts that half of the images suffice")  # fmt: skip
    law: dict[str, Any] = {"rows": len(images), "deviation": config.deviation}
    rng = np.random.default_rng([config.seed, 1])
    samples = np.stack([np.zeros_like(sizes), sizes], axis=1).repeat(config.games, axis=1)
    drawn = pair_gap.pool(rng, max(1 << 17, int(samples.sum())), code=config.code, **law)
    games = pair_gap.games(rng, drawn, np.repeat(parts, samples.shape[1]), samples.ravel(), **law)
    return _Setup(config, images, train.labels, parts, [(w,) if w else () for w in hidden], drawn, games)


def _numbers(text: str, name: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdecimal() and int(part) <= _LARGEST for part in parts):
        raise types.UserError(f"--{name}={text}: give whole numbers up to {_LARGEST:,} with commas, such as 2,3,4")
    return sorted({int(part) for part in parts})


def _pixels(samples: types.Samples) -> np.ndarray:
    images = samples.rows.take(np.arange(len(samples)))
    return images.reshape(len(images), -1).astype(np.float32) / 127.5 - 1


def _play(setup: _Setup, widths: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Gap of each game, and the weights of the first one's discriminator by layer/kind."""
    settings = pair_gap.Settings(setup.config.steps)
    player = pair_gap.search(setup.rng(2), setup.images, setup.drawn, setup.games, widths, settings)
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
    yield _failures("003-D.2-a", f"codes whose image is not that of their block, m = {m}", wrong)
    ratio = max(w.sum() / (k**config.code * d) for k, w in built.weights.items())
    yield experiment.judge("003-D.2-a", "largest number of weights over m d", ratio, at_most=2)
    yield experiment.judge("003-D.2-b", "largest difference of a block's probability from 1 / m, over 1 / m",
                           max(_unequal(k, config.code) for k in setup.parts), at_most=1e-9)  # fmt: skip
    selectors = [
        memorising.generator(np.stack([np.arange(k), np.zeros(k)], axis=1), parts=k, code=1, failing=_FAILING)
        for k in range(2, 33)
    ]
    yield experiment.judge("003-D.2-c", "2 to 32 parts of one number: largest number of weights that tell them, over k",
                           max(memorising.weights(s)[:3].sum() / (i + 2) for i, s in enumerate(selectors)),
                           at_most=10)  # fmt: skip
    z = rng.standard_normal((20_000, 1)).astype(np.float32)
    part = np.asarray(memorising.blocks(z, memorising.thresholds(32).astype(np.float32), 32))
    yield _failures("003-D.2-c", "numbers of which another of 32 parts is told",
                    np.asarray(memorising.apply(selectors[-1], z))[:, 0] != part)  # fmt: skip
    ratios = [(w[:4].sum() / (config.code * k), w[4:6].sum() / k**config.code) for k, w in built.weights.items()]
    yield experiment.judge("003-D.2-d", "largest number of weights up to the index over c k, and of the switches over "
                           "m", max(map(max, ratios)), at_most=10)  # fmt: skip


def _failures(claim: str, about: str, failed: Any) -> experiment.Judged:
    share = float(np.mean(failed))
    interval = _wilson(np.sum(failed), len(failed))
    return experiment.judge(claim, f"share of {about}; delta = {_FAILING:g}", share, interval, at_most=_FAILING)


def _wilson(hits: float, n: int) -> tuple[float, float]:
    interval = proportion.wilson(hits, n)
    return interval.low or 0.0, interval.high or 0.0


def _unequal(parts: int, code: int) -> float:
    """Largest difference of a block's probability from parts^-code, relative to it."""
    ends = np.concatenate([[0], memorising.thresholds(parts), [np.inf]])
    part = parts * 2 * np.diff(stats.norm.cdf(ends))
    return float(np.abs(np.array([part.min(), part.max()]) ** code - 1).max())


def _gap_claims(setup: _Setup, gaps: np.ndarray) -> Iterator[experiment.Judged]:
    """Theorems 3 and 4, corollary D.1: the largest gap that discriminators of at most m parameters find."""
    config, counts = setup.config, _counts(setup)
    sizes = [k**config.code for k in setup.parts]
    able = [i for i, p in enumerate(counts) if p <= sizes[-1]] or [0]
    largest = gaps[able, -1].max(axis=0)  # law, game
    about = (f"largest gap that {len(able)} discriminators of {counts[0]} to {counts[able[-1]]} parameters find, "
             f"m = {sizes[-1]}")  # fmt: skip
    yield experiment.mean("003-3-e", f"mean over generators of the {about}", largest[0], at_most=config.eps)
    value, interval, most = _growth(config, gaps[:, :, 0], counts, sizes)
    yield experiment.judge("003-3-e", "exponent of p in the m that brings the mean gap below eps, against that of "
                           "p log^2(p Delta L_phi / eps)", value, interval, at_most=most)  # fmt: skip
    for claim, law, what in (
        ("003-3-f", 0, "random generators"), ("003-D-b", 0, "random generators"),
        ("003-D-a", 1, "sets of m images, m codes and a generator (the theorem asks for a far larger m)"),
    ):  # fmt: skip
        yield experiment.share(claim, f"share of {config.games} {what} where at most eps = {config.eps:g} is the "
                               f"{about}", largest[law] <= config.eps, at_least=0.8)  # fmt: skip


def _counts(setup: _Setup) -> list[int]:
    """Parameters of the discriminators."""
    return [pair_gap.parameters(widths, setup.images.shape[1] + setup.config.code) for widths in setup.widths]


def _growth(
    config: Config, gaps: np.ndarray, counts: Sequence[int], sizes: Sequence[int]
) -> tuple[float, tuple[float, float], float]:
    """Slope of ln m(p) in ln p, its bootstrap interval over games, and the slope of p log^2(p Delta L_phi / eps)."""

    def slope(chosen: np.ndarray) -> float:
        needed = [pair_gap.crossing(sizes, by_size[:, chosen].mean(axis=1), config.eps) for by_size in gaps]
        known = np.isfinite(needed).all() and len(counts) > 1
        return float(np.polyfit(np.log(counts), np.log(needed), 1)[0]) if known else math.nan

    rng, n = np.random.default_rng([config.seed, 5]), config.games
    low, high = np.quantile([slope(rng.integers(0, n, n)) for _ in range(1000)], [0.025, 0.975])
    most = 1 + 2 / math.log(min(counts) * pair_gap.RANGE * pair_gap.LIPSCHITZ / config.eps)
    return slope(np.arange(n)), (float(low), float(high)), most


def _tail(setup: _Setup, judge: _Judge, parts: int) -> _Tail:
    config, rng = setup.config, np.random.default_rng([setup.config.seed, 6, parts])
    n, m = config.generators, parts**config.code
    z = setup.in_blocks(rng, np.tile(np.arange(m), (n, 1)), parts)
    value = judge(rng.integers(0, len(setup.images), (n, m), np.int32), z)
    off = int((np.abs(value - value.mean()) > config.eps).sum())
    bound = 2 * math.exp(-m * config.eps**2 / pair_gap.RANGE**2)
    return _Tail(m, float(value.mean()), _error(value), off, _wilson(off, n), min(bound, 1.0))


def _lemma_claims(setup: _Setup, judge: _Judge, tails: Sequence[_Tail], *, own: float) -> Iterator[experiment.Judged]:
    """Lemmas D.1 and D.2 and section 3.1's average, before one discriminator; `own` is the gap it was trained to."""
    config, rng, k = setup.config, setup.rng(7), setup.parts[0]
    n, m = config.generators, tails[0].m
    z, rows = setup.codes(rng, n, m), setup.games.memorised[0]
    plain = judge(rows[setup.blocks(z, k)], z)
    apart = judge(np.tile(rows[:m], (n, 1)), setup.in_blocks(rng, np.tile(np.arange(m), (n, 1)), k))
    data = judge(rng.integers(0, len(setup.images), (n, m), np.int32), setup.codes(rng, n, m))
    difference = float(plain.mean() - apart.mean())
    yield _equal("003-D.1-a", f"one generator, m = {m}: mean of phi(D) over codes less that over sets with one code "
                 "a block", difference, math.hypot(_error(plain), _error(apart)), config.eps / 4)  # fmt: skip
    difference = float(data.mean()) - tails[0].mean
    yield _equal("003-3.1-c", f"mean of phi(D) over data less that over random generators, m = {m} ({own:.2f} for the "
                 "one that D was trained against)", difference, math.hypot(_error(data), tails[0].stderr),
                 config.eps / 2)  # fmt: skip
    rates = {t: [_rate(config, t, share) for share in (t.off / n, *t.share[::-1])] for t in tails if t.off}
    worst = min(rates, key=lambda t: rates[t][0], default=tails[0])
    value, *interval = rates.get(worst, [math.nan] * 3)
    yield experiment.judge("003-3.1-d", f"exponent of the share of generators further than eps = {config.eps:g} from "
                           f"their mean, over that of McDiarmid's bound: least of {len(tails)} sizes (m = {worst.m})",
                           value, (interval[0], interval[1]), at_least=1)  # fmt: skip
    last = tails[-1]
    yield experiment.judge("003-D.1-b", f"share of generators further than eps = {config.eps:g} from their mean, "
                           f"m = {last.m} (McDiarmid: at most {last.bound:.2g})", last.off / n, last.share,
                           at_most=0.05)  # fmt: skip


def _error(x: np.ndarray) -> float:
    return float(x.std(ddof=1)) / math.sqrt(x.size)


def _equal(claim: str, about: str, difference: float, error: float, margin: float) -> experiment.Judged:
    return experiment.judge(claim, about, difference, (difference - 1.96 * error, difference + 1.96 * error),
                            at_least=-margin, at_most=margin)  # fmt: skip


def _rate(config: Config, tail: _Tail, share: float) -> float:
    """-ln(share / 2) over m eps^2 / RANGE^2: 1 or more within McDiarmid's bound."""
    return -math.log(share / 2) * pair_gap.RANGE**2 / (tail.m * config.eps**2) if share else math.inf


def _birthday(setup: _Setup, built: _Built) -> Mapping[str, Any]:
    """Near-duplicates among samples of the generator, and among held-out images that are noised alike."""
    config, rng = setup.config, setup.rng(8)
    held_out = _pixels(sets.opened(config.real, name="real", seed=config.seed, resize=config.resize))
    if held_out.shape[1:] != setup.images.shape[1:]:
        raise types.UserError(f"--real={config.real}: its images are not of the size of --train={config.train}")
    real = np.asarray(memorising.noised(held_out, setup.codes(rng, len(held_out))))
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
    low, high = _wilson(right.sum(), right.size)
    yield experiment.judge("003-abs-c", "share of images whose nearest code is of their label, less that by chance",
                           right.mean() - chance, (low - chance, high - chance), at_most=0.05)  # fmt: skip


def _tables(setup: _Setup, gaps: np.ndarray, tails: Sequence[_Tail], built: _Built) -> dict[str, experiment.Table]:
    code, laws = setup.config.code, ("the laws", "m samples of each")
    rows = [
        (p, k**code, law, *experiment.averaged(found))
        for p, by_size in zip(_counts(setup), gaps, strict=True)
        for k, by_law in zip(setup.parts, by_size, strict=True)
        for law, found in zip(laws, by_law, strict=True)
    ]
    shares = [(t.m, t.off / setup.config.generators, *t.share, t.bound) for t in tails]
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

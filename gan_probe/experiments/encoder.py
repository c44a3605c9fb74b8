"""A BiGAN's objective, met by a generator of m images and an encoder that reads noise (paper 003, section 3)

    gan-probe reproduce 003-encoder --preset=cpu

A few pixels of every image are replaced by its code. Expected: theorem 5's network emits m memorised images and no
other, E(G(z)) = z, and the gap that trained discriminators find between (x, E(x)) and (G(z), z) falls as m grows,
later for more parameters; the birthday test convicts the generator all the same. The theorems speak of m beyond ten
million (up to their constant), so that at any preset what is found leaves the claims about every discriminator open.
"""

import dataclasses
import functools
import math
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from jax.sharding import Mesh

from gan_probe import sets, types
from gan_probe.commands import command
from gan_probe.experiments import encoder_panels, experiment, figures, memorising_networks, trained
from gan_probe.gans import settings
from gan_probe.stats import student
from gan_probe.theory import memorising, pair_gap, pair_tails

__all__ = ["EXPERIMENT", "Config"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    train: str = experiment.setting("tfds:mnist/train[:20000]", "labelled images, the law that is learned (SRC)")
    real: str = experiment.setting("tfds:mnist/test[:2000]", "held-out images for the birthday test (SRC)")
    resize: int = experiment.setting(14, "pixels of an image's side")
    code: int = experiment.setting(4, "numbers of a code, and pixels that it replaces")
    deviation: float = experiment.setting(0.25, "standard deviation of a code's numbers; pixels are in -1..1")
    parts: str = experiment.setting("2,4,6,8", "parts that each number is cut into; generators have parts^code images")
    widths: str = experiment.setting("0,8,64", "hidden units of the discriminators, 0 for a linear one")
    games: int = experiment.setting(12, "generators of each size; each meets a discriminator of each capacity")
    steps: int = experiment.setting(2_000, "updates of each discriminator")
    generators: int = experiment.setting(1_000, "random generators of each size that one discriminator judges")
    samples: int = experiment.setting(2_000, "images that the network makes for the birthday test", least=20)
    eps: float = experiment.setting(0.1, "gap that no discriminator may find, of 2.3 at most")
    seed: int = experiment.setting(0, "of codes, generators and training")


class _Setup(NamedTuple):
    """parts: of each number, by generator. sizes: m. widths, counts: hidden units and parameters of discriminators.

    games: ordered by parts, law (0: all that can be drawn, 1: m samples) and number.
    """

    data: memorising_networks.Data
    parts: list[int]
    sizes: list[int]
    widths: list[tuple[int, ...]]
    counts: list[int]
    drawn: pair_gap.Pool
    games: pair_gap.Games


_Judge = Callable[[Any, Any], np.ndarray]  # rows of the data [g, m] and codes [g, m, c] to mean phi(D) [g]


def main(config: Config, mesh: Mesh, work: pathlib.Path) -> experiment.Found:
    del mesh
    setup = _setup(config)
    data = setup.data
    players = [
        trained.computed(
            work / f"discriminators-{'-'.join(map(str, widths))}.npz", functools.partial(_play, config, setup, widths)
        )
        for widths in command.progress(setup.widths, desc="discriminators", unit="capacity")
    ]
    gaps = np.stack([p["gap"].reshape(len(setup.parts), 2, config.games) for p in players])  # p, m, law, game
    middle = len(players) // 2  # whose first discriminator told the smallest generator apart
    values = functools.partial(
        pair_gap.values, data.images, pair_gap.first(players[middle]), widths=setup.widths[middle]
    )
    judge: _Judge = lambda rows, z: np.asarray(values(rows, z))  # noqa: E731
    drawn = [_drawn(config, setup, judge, k) for k in command.progress(setup.parts, desc="generators", unit="size")]
    built = memorising_networks.build(data, setup.parts)
    birthday = memorising_networks.birthday(data, built, config.samples)
    tables = _tables(config, setup, gaps, drawn, built)
    claims = [
        *memorising_networks.network_claims(data, built, config.samples),
        *_gap_claims(config, setup.sizes, setup.counts, gaps),
        *_lemma_claims(config, setup, judge, drawn[0], own=float(gaps[middle, 0, 0, 0])),
        memorising_networks.unseen_by_the_objective(setup.sizes[-1], birthday),
        memorising_networks.empty_codes(data, built.encoder, config.samples),
    ]
    shown = encoder_panels.shown(data, built, side=config.resize)
    sheet = encoder_panels.draw(tables, shown, code=data.code, eps=config.eps)
    return experiment.Found(claims, sheet, tables, {"birthday": birthday}, figures.kept(shown))


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
    widths: list[tuple[int, ...]] = [(w,) if w else () for w in hidden]
    counts = [pair_gap.parameters(w, images.shape[1] + config.code) for w in widths]
    data = memorising_networks.Data(images, train.labels, held_out, config.code, config.deviation, config.seed)
    return _Setup(data, parts, sizes, widths, counts, drawn, games)


def _pixels(samples: types.Samples) -> np.ndarray:
    images = samples.rows.take(np.arange(len(samples)))
    return images.reshape(len(images), -1).astype(np.float32) / 127.5 - 1


def _play(config: Config, setup: _Setup, widths: tuple[int, ...]) -> dict[str, np.ndarray]:
    return pair_gap.kept(pair_gap.search(setup.data.rng(2), setup.data.images, setup.drawn, setup.games, widths,
                                         pair_gap.Settings(config.steps)))  # fmt: skip


def _drawn(config: Config, setup: _Setup, judge: _Judge, parts: int) -> np.ndarray:
    """Values [generators] of random memorising generators before one discriminator."""
    data, rng = setup.data, np.random.default_rng([config.seed, 6, parts])
    n, m = config.generators, parts**config.code
    z = data.in_blocks(rng, np.tile(np.arange(m), (n, 1)), parts)
    return judge(rng.integers(0, len(data.images), (n, m), np.int32), z)


def _gap_claims(
    config: Config, sizes: Sequence[int], counts: Sequence[int], gaps: np.ndarray
) -> Iterator[experiment.Judged]:
    """Theorems 3 and 4, corollary D.1 and lemma D.2, from what trained discriminators of at most m parameters find.

    gaps: [parameters, m, law, game]. A trained discriminator may have missed what another of its size sees: it can
    speak against a claim about all of them, never for it, and that only at an m of which the theorem speaks.
    """
    eps, m = config.eps, sizes[-1]
    reached = [i for i, p in enumerate(counts) if pair_tails.enough(p, eps) <= m]
    allowed, needed = bool(reached), pair_tails.enough(min(counts), eps)
    able = reached or [i for i, p in enumerate(counts) if p <= m] or [0]
    largest = gaps[able].max(axis=0)  # m, law, game
    spoken = f"the theorem is of m = {needed:,.0f} and more, up to its constant"
    about = f"largest gap that {len(able)} trained discriminators of {counts[0]} to {counts[able[-1]]} parameters find"
    value, low, _ = experiment.averaged(largest[-1, 0])
    gap = (low if allowed else 0.0, pair_gap.RANGE)
    grown = pair_tails.growth(np.random.default_rng([config.seed, 5]), gaps[:, :, 0], counts, sizes, eps)
    yield experiment.judge("003-3-e", f"mean over generators of the {about}, m = {m} ({spoken}; upper end: what "
                           f"another may see; the m that brings what is found below eps grows as p^{grown[0]:.2f} "
                           f"[{grown[1]:.2f}, {grown[2]:.2f}], the theorem's as "
                           f"p^{pair_tails.steepest(min(counts), eps):.2f})", value, gap, at_most=eps)  # fmt: skip
    for claim in ("003-D-b", "003-3-f"):
        yield _within(claim, f"random generators, m = {m}, where at most eps = {eps:g} is the {about} ({spoken})",
                      largest[-1, 0] <= eps, allowed=allowed)  # fmt: skip
    yield _within("003-D-a", f"sets of m = {m} images, m codes and a generator, where at most eps = {eps:g} is the "
                  f"{about} ({spoken})", largest[-1, 1] <= eps, allowed=allowed)  # fmt: skip
    off = largest[:, 0] > eps
    share, fewest, _ = experiment.wilson(off[-1])
    shrinks = ", ".join(f"{x:.2f}" for x in off.mean(axis=1))
    for claim in ("003-3.1-d", "003-D.1-b"):
        yield experiment.judge(claim, f"share of {config.games} random generators whose mean of phi(D) is further than "
                               f"eps = {eps:g} from that over generators, before one of {len(able)} discriminators "
                               f"trained against each of them, m = {m} (with m: {shrinks}; {spoken}; upper end: others "
                               "may find more)", share, (fewest if allowed else 0.0, 1.0), at_most=0.05)  # fmt: skip
    for claim in ("003-abs-b", "003-abs-c"):
        yield experiment.judge(claim, f"the objective: mean over generators of the {about}, m = {m} ({spoken}; upper "
                               "end: what another may see)", value, gap, at_most=eps)  # fmt: skip


def _within(claim: str, what: str, small: np.ndarray, *, allowed: bool) -> experiment.Judged:
    """Share of generators whose gap, as found, is small; more than is found speaks against a claim where m is allowed.

    Training finds less than there is, so that the lower end is 0; at an m that a theorem doesn't speak of the upper
    one is 1.
    """
    share, _, high = experiment.wilson(small)
    return experiment.judge(claim, f"share of {small.size} {what} (lower end: others may find more)", share,
                            (0.0, high if allowed else 1.0), at_least=0.8)  # fmt: skip


def _lemma_claims(
    config: Config, setup: _Setup, judge: _Judge, drawn: np.ndarray, *, own: float
) -> Iterator[experiment.Judged]:
    """Lemma D.1 and section 3.1's average, before one discriminator; `own` is the gap it was trained to."""
    data, rng, k = setup.data, setup.data.rng(7), setup.parts[0]
    n, m = config.generators, setup.sizes[0]
    z, rows = data.codes(rng, n, m), setup.games.memorised[0]
    plain = judge(rows[data.blocks(z, k)], z)
    apart = judge(np.tile(rows[:m], (n, 1)), data.in_blocks(rng, np.tile(np.arange(m), (n, 1)), k))
    real = judge(rng.integers(0, len(data.images), (n, m), np.int32), data.codes(rng, n, m))
    yield _equal("003-D.1-a", f"one generator, m = {m}: mean of phi(D) over codes less that over sets with one code "
                 "a block", plain, apart, config.eps / 4)  # fmt: skip
    yield _equal("003-3.1-c", f"mean of phi(D) over data less that over random generators, m = {m} ({own:.2f} for the "
                 "one that D was trained against)", real, drawn, config.eps / 2)  # fmt: skip


def _equal(claim: str, about: str, one: np.ndarray, other: np.ndarray, margin: float) -> experiment.Judged:
    """Whether the means of two sets of independent values are within a margin of one another."""
    difference = float(one.mean()) - float(other.mean())
    error = math.hypot(*(student.mean_interval(x).stderr or math.nan for x in (one, other)))
    return experiment.judge(claim, about, difference, (difference - 1.96 * error, difference + 1.96 * error),
                            at_least=-margin, at_most=margin)  # fmt: skip


def _tables(
    config: Config, setup: _Setup, gaps: np.ndarray, drawn: Sequence[np.ndarray], built: memorising_networks.Built
) -> dict[str, experiment.Table]:
    rows = [
        (p, m, law, *experiment.averaged(found))
        for p, by_size in zip(setup.counts, gaps, strict=True)
        for m, by_law in zip(setup.sizes, by_size, strict=True)
        for law, found in zip(("the laws", "m samples of each"), by_law, strict=True)
    ]
    shares = [
        (m, *experiment.wilson(pair_tails.off(values, config.eps)), pair_tails.bound(m, config.eps))
        for m, values in zip(setup.sizes, drawn, strict=True)
    ]
    weights = [(k, k**config.code, *map(int, w)) for k, w in built.weights.items()]
    return {
        "gap": experiment.Table(("parameters", "m", "between", "gap", "low", "high"), rows),
        "tail": experiment.Table(("m", "share off", "low", "high", "McDiarmid"), shares),
        "weights": experiment.Table(("parts", "m", *(f"layer {i}" for i in range(7))), weights),
    }


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
    {"smoke": 0.3, "cpu": 3, "paper": 600},
    main,
)  # fmt: skip

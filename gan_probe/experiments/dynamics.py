"""Two Gaussians against two intervals: does gradient descent find the target? (paper 002, figures 1 and 2)

    gan-probe reproduce 002-dynamics --preset=cpu

Expected: against the best discriminator every start converges; where both players take one step, nine in ten fail, by
vanished gradients or collapsed modes; an unrolled discriminator saves about half of them; a lone Gaussian is found
against the best discriminator, but not always where both take one step; and a discriminator shut in where
p_target < p_generator loses an interval although the generator stands still. Figure 2's collapse is that of a right
interval [1, 2.5]; from the start as printed both players converge.
"""

import dataclasses
import functools
import math
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jax.sharding import Mesh
from matplotlib import figure

from gan_probe.experiments import experiment
from gan_probe.theory import local_stability, two_gaussians

__all__ = ["EXPERIMENT", "Config"]

_TARGET = np.array([-0.5, 0.5], np.float32)
_ORIGIN = np.zeros(1, np.float32)
_TARGET_2 = np.array([-2.0, 2.0], np.float32)
_MEANS_2 = np.array([-1.0, 2.5])
_LEFT_2 = (-1.0, 0.2)
_RIGHTS_2 = {"right interval [1, 2.5]": (1.0, 2.5), "as printed": (-1.0, 2.5)}  # the latter overlaps the left one
_READ = next(iter(_RIGHTS_2))
_ZEROS = (-1.498, 0.659, 2.239)  # of f at figure 2's start, by an independent computation, as all of `_checks`
_TRIED = 300  # starts behind the shares there
_PAIRS = 1_000  # of mixtures, at most
_KINDS = ("optimal", "first order", "unrolled")
_COLOURS = ("#3a9d5d", "#d1701f", "#3f8fd0", "#888888")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Constants of figure 1 are the paper's; the heat maps' are those of Li et al.'s code."""

    starts: int = experiment.setting(10_000, "random starts of each dynamics")
    steps: int = experiment.setting(3_000, "steps of both players")
    rate: float = experiment.setting(0.1, "step size of both players")
    unrolled: int = experiment.setting(5, "steps of the discriminator that the unrolled generator looks through")
    side: int = experiment.setting(20, "starts of the generator along each side of the success maps")
    seed: int = experiment.setting(0, "of the random starts")


def main(config: Config, mesh: Mesh, work: pathlib.Path) -> experiment.Found:
    del mesh, work
    finals = {kind: _final(config, kind, 2) for kind in _KINDS}
    outcomes = {kind: two_gaussians.outcomes(final, _TARGET) for kind, final in finals.items()}
    lone = {kind: two_gaussians.outcomes(_final(config, kind, 1), _ORIGIN) for kind in _KINDS[:2]}
    shares = {kind: np.bincount(found, minlength=4) / len(found) for kind, found in outcomes.items()}
    stability = {name: local_stability.eigenvalues(f).real.max() for name, f in local_stability.VALUES.items()}
    sheet, curves = _figure(config, outcomes)
    claims = [
        experiment.judge("002-1-b", "largest real part of the eigenvalues at the JS toy's equilibrium",
                         stability["JS"], at_most=-1e-3),
        *_figure_1_claims(config, outcomes, lone),
        _merged(*_late(config, finals["first order"])),
        *_risk_claims(config, finals["first order"]),
        *_figure_2_claims(config),
    ]  # fmt: skip
    return experiment.Found(
        claims,
        sheet,
        {
            "outcomes": experiment.Table(
                ("dynamics", *two_gaussians.OUTCOMES), [(kind, *share) for kind, share in shares.items()]
            ),
            "checks": experiment.Table(
                ("quantity", "here", "elsewhere", "margin", "outcome"), _checks(config, outcomes["first order"] == 0)
            ),
            "figure1": experiment.Table(("dynamics", "start", "step", "mean 1", "mean 2"), curves),
        },
        {"one Gaussian": {k: float(np.mean(v == 0)) for k, v in lone.items()}, "eigenvalues": stability},
    )


def _figure_1_claims(config: Config, outcomes: Mapping[str, np.ndarray], lone: Mapping[str, np.ndarray]):
    """Section 2 and figure 1, on random starts."""
    best, plain = outcomes["optimal"], outcomes["first order"]
    lost = plain[plain != 0]
    rarest = np.bincount(plain, minlength=4)[:3].argmin()
    rarer = 1 + np.bincount(plain, minlength=4)[1:3].argmin()
    other = np.mean(lone["optimal"] == 0)
    one = "starts of one Gaussian that converge under first-order dynamics"
    yield experiment.share(
        "002-2-a", f"{one} ({other:.4g} against the optimal discriminator)", lone["first order"] == 0, at_least=0.999
    )
    yield _two_intervals(*_shortfalls(config))
    named = two_gaussians.OUTCOMES
    ends = f"first-order starts with the rarer of the two ends ({named[rarer]})"
    yield experiment.share("002-2-d", ends, plain == rarer, at_least=0.001)
    yield experiment.share(
        "002-2-e", "starts that converge against the optimal discriminator", best == 0, at_least=0.999
    )
    ends = f"first-order starts with the rarest of the three ends ({named[rarest]})"
    yield experiment.share("002-2-f", ends, plain == rarest, at_least=0.001)
    yield experiment.share("002-2-g", "first-order starts that do not converge", plain != 0, at_least=0.5)
    wobble = np.max([_wobble(config, outcomes, kind) for kind in _KINDS[:2]])
    yield experiment.judge("002-F1-a", "largest error of a converged run's means over its last tenth, either dynamics",
                           wobble, at_most=0.1)  # fmt: skip
    yield experiment.share(
        "002-F1-b",
        "first-order starts lost by vanished gradients or merged means, of all lost",
        np.isin(lost, (1, 2)),
        at_least=0.95,
    )


def _two_intervals(short: np.ndarray, unseen: float) -> experiment.Judged:
    """An identity (four exponentials have three zeros at most), so that only the arithmetic could fail it."""
    most = float(short.max())
    return experiment.judge(
        "002-2-b", f"{short.size} random pairs of mixtures: largest total variation less what the best two intervals "
        f"attain (upper end: with what the grid may not see, {unseen:.1g})", most, (most, most + unseen),
        at_most=1e-6,
    )  # fmt: skip


def _shortfalls(config: Config) -> tuple[np.ndarray, float]:
    means = np.random.default_rng([config.seed, 3]).uniform(-4, 4, (2, 2, min(config.starts, _PAIRS)))
    return two_gaussians.shortfall(*means)


def _late(config: Config, final: two_gaussians.State) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance of the two means at the start [n], over a tenth of the steps more [t, n], and which starts collapsed.

    The paper has two ends for a run that fails: gradients vanish (here: no interval is left), or modes collapse.
    """
    means, _ = _starts(config.starts, 2, config.seed)
    collapsed = (two_gaussians.outcomes(final, _TARGET) != 0) & ~two_gaussians.gone(final).all(axis=0)
    path = two_gaussians.run(final, _TARGET, dynamics="first order", steps=max(config.steps // 10, 1),
                             rate=config.rate, path=True)  # fmt: skip
    return np.ptp(means, axis=0), np.ptp(np.asarray(path.means), axis=1), collapsed


def _merged(before: np.ndarray, late: np.ndarray, collapsed: np.ndarray) -> experiment.Judged:
    """Whether means that collapse come together and stay so."""
    together = (late.max(axis=0) < 0.1) & (late.max(axis=0) < before)
    return experiment.share(
        "002-2-h", "first-order starts that fail with an interval left: share whose means came closer than at the "
        f"start and stay within .1 of each other ({np.mean(late[-1, collapsed] < 0.1) if collapsed.any() else 0:.2f} "
        "are so close at the end)", together[collapsed], at_least=0.95,
    )  # fmt: skip


def _risk_claims(config: Config, final: two_gaussians.State) -> Iterator[experiment.Judged]:
    """Discriminator collapse on random starts, against a generator that stands still and one that moves."""
    start = two_gaussians.start(*_starts(config.starts, 2, config.seed))
    fixed = two_gaussians.run(start, _TARGET, dynamics="first order", steps=config.steps, rate=config.rate, fixed=True)
    lost = two_gaussians.gone(fixed)
    yield experiment.share(
        "002-2-i",
        "starts that lose an interval though the generator stands still",
        np.asarray(lost.any(axis=0)),
        at_least=0.01,
    )
    negative = two_gaussians.negative(start, _TARGET)
    for end, how in ((lost, "the generator fixed"), (two_gaussians.gone(final), "first-order dynamics")):
        yield _danger(how, negative, end)


def _danger(how: str, negative: np.ndarray, lost: np.ndarray) -> experiment.Judged:
    """Whether intervals that begin where f < 0, bool [m, n], vanish more often than others."""
    inside, outside = experiment.wilson(lost[negative]), experiment.wilson(lost[~negative])
    return experiment.judge(
        "002-2-j", f"{how}: share of intervals that vanish of those that begin wholly where f < 0 "
        f"({inside[0]:.2f} of {negative.sum()}), less that of the others ({outside[0]:.2f})",
        *experiment.difference(inside, outside), at_least=0,
    )  # fmt: skip


def _figure_2_claims(config: Config):
    """Discriminator collapse at figure 2's own start."""
    path = _figure_2(config, fixed=True)
    means = np.asarray(path.means[0, :, 0])
    x = np.linspace(-10, 10, 20_001, dtype=np.float32)
    density = np.asarray(two_gaussians.difference(x, _TARGET_2, means))
    inside = np.zeros(len(x), bool)
    for left, right in _best_2():
        inside |= (x > left) & (x < right)
    left_out = 1 - density[inside].sum() / density[density > 0].sum()
    yield experiment.judge("002-F2-b", "of the mass where the true density is larger, the share that the optimal "
                           "intervals leave out", left_out, at_most=1e-3)  # fmt: skip
    for claim, how in (("002-F2-c", {"fixed": True}), ("002-F2-d", {})):
        for reading in _RIGHTS_2:
            path = _figure_2(config, reading, **how)
            final = two_gaussians.State(path.means[-1, :, 0], path.ends[-1, :, :, 0])
            yield experiment.judge(claim, f"{reading}: intervals lost after 1,000 steps (means "
                                   f"{', '.join(f'{m:.3f}' for m in np.asarray(final.means))})",
                                   two_gaussians.gone(final).sum(), at_least=1)  # fmt: skip


@functools.cache
def _best_2() -> list[tuple[float, float]]:
    """The intervals of the best discriminator at figure 2's start, panel (b)."""
    zero, side = (np.asarray(a) for a in two_gaussians.optimal_ends(_MEANS_2.astype(np.float32), _TARGET_2))
    ends = [-np.inf] * bool(side[side != 0][0] > 0) + list(zero[side != 0]) + [np.inf]
    return list(zip(ends[::2], ends[1::2], strict=False))


def _wobble(config: Config, outcomes: Mapping[str, np.ndarray], kind: str) -> float:
    at = np.flatnonzero(outcomes[kind] == 0)[:1]
    if not at.size:
        return float("nan")
    means, ends = _starts(config.starts, 2, config.seed)
    path = two_gaussians.run(two_gaussians.start(means[:, at], ends[..., at]), _TARGET, dynamics=kind,
                             steps=config.steps, rate=config.rate, path=True)  # fmt: skip
    late = np.sort(np.asarray(path.means)[-config.steps // 10 :, :, 0], axis=1)
    return float(np.abs(late - _TARGET).max())


def _starts(n: int, components: int, seed: int, reach: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """means ~ U[-1, 1] [c, n] and sorted ends ~ U[-reach, reach] of as many intervals [c, 2, n]."""
    rng = np.random.default_rng([seed, components])
    means = rng.uniform(-1, 1, (components, n))
    return means, np.sort(rng.uniform(-reach, reach, (2 * components, n)), axis=0).reshape(components, 2, n)


def _final(config: Config, kind: str, components: int, **starts: float) -> two_gaussians.State:
    start = two_gaussians.start(*_starts(config.starts, components, config.seed, **starts))
    return two_gaussians.run(start, _TARGET if components == 2 else _ORIGIN, dynamics=kind, steps=config.steps,
                             rate=config.rate, unrolled=config.unrolled)  # fmt: skip


@functools.cache
def _figure_2(config: Config, reading: str = _READ, **how: Any) -> two_gaussians.State:
    """The path of 1,000 steps from figure 2's start."""
    start = two_gaussians.start(_MEANS_2[:, None], np.array([_LEFT_2, _RIGHTS_2[reading]])[..., None])
    return two_gaussians.run(
        start, _TARGET_2, dynamics="first order", steps=1000, rate=0.3, path=True, unrolled=config.unrolled, **how
    )


def _vanished(path: two_gaussians.State, interval: int) -> tuple[int, float]:
    """The step (from 0) at which an interval of a single path vanishes, and where it lies at the end."""
    lost = np.asarray(path.ends[:, interval, 0, 0] >= path.ends[:, interval, 1, 0])
    return int(lost.argmax()) - 1, float(path.ends[-1, interval, 0, 0])


def _checks(config: Config, converged: np.ndarray) -> list[tuple[str, float, float, float, str]]:
    """Numbers of figure 2's runs and of success beside those of independent computations, and whether they agree.

    converged: which random starts of the first-order dynamics, ends in U[-2, 2], do.
    """
    fixed, crossing = _figure_2(config, fixed=True), _figure_2(config, fixed=True, rule=False)
    moving, printed = _figure_2(config), _figure_2(config, "as printed")
    zeros = [end for pair in _best_2() for end in pair if np.isfinite(end)]
    step, place = _vanished(fixed, 0)
    left, right = _vanished(moving, 0), _vanished(moving, 1)
    rows = [(f"zero {i + 1} of f at the start", z, r, 2e-3) for i, (z, r) in enumerate(zip(zeros, _ZEROS, strict=True))]
    rows += [
        ("generator fixed: step at which the left interval vanishes", step, 23, 0),
        ("generator fixed: where", place, -0.332, 2e-3),
        ("generator fixed: left end of the right interval", float(fixed.ends[-1, 1, 0, 0]), _ZEROS[1], 2e-3),
        ("generator fixed: its right end", float(fixed.ends[-1, 1, 1, 0]), _ZEROS[2], 2e-3),
        ("ends may cross: left end of the left interval", float(crossing.ends[-1, 0, 0, 0]), _ZEROS[1], 5e-3),
        ("ends may cross: its right end", float(crossing.ends[-1, 0, 1, 0]), _ZEROS[0], 5e-3),
        ("both move: first mean", float(moving.means[-1, 0, 0]), 0.212, 5e-3),
        ("both move: second mean", float(moving.means[-1, 1, 0]), 2.092, 5e-3),
        ("both move: step at which the left interval vanishes", left[0], 18, 0),
        ("both move: where", left[1], -0.422, 2e-3),
        ("both move: step at which the right interval vanishes", right[0], 99, 0),
        ("both move: where the right one", right[1], 2.202, 2e-3),
        ("both move, as printed: first mean", float(printed.means[-1, 0, 0]), -2, 5e-3),
        ("both move, as printed: second mean", float(printed.means[-1, 1, 0]), 2, 5e-3),
    ]
    wide = two_gaussians.outcomes(_final(config, "first order", 2, reach=3.0), _TARGET) == 0
    for reach, found, share in ((2, converged, 0.117), (3, wide, 0.063)):
        noise = 1.96 * math.sqrt(share * (1 - share) * (1 / _TRIED + 1 / found.size))
        rows.append((f"share of starts that converge, ends in U[-{reach}, {reach}]", found.mean(), share, noise))
    return [(*row, "agrees" if abs(row[1] - row[2]) <= row[3] else "differs") for row in rows]


def _figure(config: Config, outcomes: dict[str, np.ndarray]) -> tuple[figure.Figure, list[tuple]]:
    """Figure 1 (paths by outcome), figure 2 (discriminator collapse), and where starts succeed."""
    sheet = figure.Figure(figsize=(12, 9.5), layout="constrained")
    top, middle, bottom_row = np.asarray(sheet.subfigures(3, 1))
    grid = (top.subplots(1, 4), middle.subplots(1, 6, sharey=True), bottom_row.subplots(1, 4))
    rows: list[tuple] = []
    means, ends = _starts(config.starts, 2, config.seed)
    shown = [("optimal", 0)] + [("first order", o) for o in range(3)]
    for axes, (kind, outcome) in zip(grid[0], shown, strict=True):
        found = np.flatnonzero(outcomes[kind] == outcome)
        axes.set_title(f"{kind}: {two_gaussians.OUTCOMES[outcome]}")
        if not len(found):
            axes.text(0.5, 0.5, "no such start", ha="center", transform=axes.transAxes)
            continue
        at = found[:1]
        path = two_gaussians.run(two_gaussians.start(means[:, at], ends[..., at]), _TARGET, dynamics=kind,
                                 steps=config.steps, rate=config.rate, path=True)  # fmt: skip
        track = np.asarray(path.means)[..., 0]
        for j in range(2):
            axes.plot(track[:, j], color=_COLOURS[j], label=f"mean {j + 1}")
            if kind != "optimal":
                for end in np.asarray(path.ends)[:, j, :, 0].T:
                    axes.plot(end, ":", color=_COLOURS[j], lw=1)
        axes.set_xlabel("step")
        rows += [(kind, int(at[0]), step, *map(float, pair)) for step, pair in enumerate(track)]
    for axes in [axes for axes in grid[0] if axes.lines][:1]:
        axes.legend()
    _draw_figure_2(config, grid[1])
    for axes, kind in zip(grid[2], _KINDS, strict=False):
        edges = np.linspace(-1, 1, config.side + 1)
        tried, *_ = np.histogram2d(means[0], means[1], bins=(edges, edges))
        first, second = means[:, outcomes[kind] == 0]
        won, *_ = np.histogram2d(first, second, bins=(edges, edges))
        share = np.divide(won, tried, out=np.full_like(won, np.nan), where=tried > 0)
        drawn = axes.imshow(share.T, origin="lower", extent=(-1, 1, -1, 1), vmin=0, vmax=1, cmap="viridis")
        axes.set(title=f"{kind}: share that converges", xlabel="mean 1 at the start", ylabel="mean 2 at the start")
    bottom_row.colorbar(drawn, ax=grid[2][2])
    bottom = np.zeros(len(_KINDS))
    for k, name in enumerate(two_gaussians.OUTCOMES):
        share = np.array([np.mean(outcomes[kind] == k) for kind in _KINDS])
        grid[2][3].bar(_KINDS, share, bottom=bottom, color=_COLOURS[k], label=name)
        bottom += share
    grid[2][3].set_title("what becomes of random starts")
    grid[2][3].tick_params(axis="x", labelrotation=20)
    grid[2][3].legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    return sheet, rows


def _draw_figure_2(config: Config, panels: Any) -> None:
    """f, with the discriminator's intervals; a vanished one is a line."""
    x = np.linspace(-6, 6, 400).astype(np.float32)
    drawn: Any = (
        ("(a) start", {"fixed": True}, 0), ("(b) best\ndiscriminator", {"fixed": True}, 0),
        ("(c) generator fixed,\n1,000 steps", {"fixed": True}, -1),
        ("(c), ends may cross", {"fixed": True, "rule": False}, -1),
        ("(d) both, 1,000 steps", {}, -1), ("(d) from the\nstart as printed", {"reading": "as printed"}, -1),
    )  # fmt: skip
    for axes, (title, how, step) in zip(panels, drawn, strict=True):
        path = _figure_2(config, **how)
        axes.plot(x, two_gaussians.difference(x, _TARGET_2, path.means[step, :, 0]), color="black")
        axes.axhline(0, color="grey", lw=0.5)
        shown = _best_2() if title.startswith("(b)") else np.asarray(path.ends)[step, :, :, 0]
        for colour, (left, right) in zip(_COLOURS, shown, strict=False):
            if left == right:
                axes.axvline(left, color=colour, lw=2)
            else:
                axes.axvspan(max(left, x[0]), min(right, x[-1]), color=colour, alpha=0.3)
        axes.set(title=f"fig. 2 {title}", xlim=(-6, 6))


EXPERIMENT = experiment.Experiment(
    "002",
    "figures 1 and 2",
    "gradient dynamics of two Gaussians against two intervals: who converges, collapses, vanishes",
    {"smoke": Config(starts=60, steps=1_200, side=4), "cpu": Config(), "paper": Config(starts=40_000)},
    {"smoke": 0.1, "cpu": 2.5, "paper": 8},
    main,
)

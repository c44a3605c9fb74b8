"""Two Gaussians against two intervals: does gradient descent find the target? (paper 002, figures 1 and 2)

    gan-probe reproduce 002-dynamics --preset=cpu

Expected: against the best discriminator every start converges; where both players take one step, nine in ten fail, by
vanished gradients or collapsed modes; an unrolled discriminator saves about half of them; a lone Gaussian is found
against the best discriminator, but not always where both take one step; and a discriminator shut in where
p_target < p_generator loses an interval although the generator stands still.
"""

import dataclasses
import functools
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from jax.sharding import Mesh
from matplotlib import figure

from gan_probe.experiments import experiment
from gan_probe.theory import local_stability, two_gaussians

__all__ = ["EXPERIMENT", "Config"]

_TARGET = np.array([-0.5, 0.5], np.float32)
_TARGET_2 = np.array([-2.0, 2.0], np.float32)
_MEANS_2 = np.array([-1.0, 2.5])
_ENDS_2 = np.array([(-1.0, 0.2), (1.0, 2.5)])  # the right one is printed [-1, 2.5], which would meet the left
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
    outcomes = {kind: _outcomes(config, kind, 2) for kind in _KINDS}
    lone = {kind: _outcomes(config, kind, 1) for kind in _KINDS[:2]}
    shares = {kind: np.bincount(found, minlength=4) / len(found) for kind, found in outcomes.items()}
    stability = {name: local_stability.eigenvalues(f).real.max() for name, f in local_stability.VALUES.items()}
    sheet, curves = _figure(config, outcomes)
    claims = [
        experiment.judge("002-1-b", "largest real part of the eigenvalues at the JS toy's equilibrium",
                         stability["JS"], at_most=-1e-3),
        *_figure_1_claims(config, outcomes, lone),
        *_figure_2_claims(config),
    ]  # fmt: skip
    return experiment.Found(
        claims,
        sheet,
        {
            "outcomes": experiment.Table(
                ("dynamics", *two_gaussians.OUTCOMES), [(kind, *share) for kind, share in shares.items()]
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
    yield experiment.judge("002-2-b", "most intervals where one of two random mixtures is the denser",
                           _most_intervals(config), at_most=2)  # fmt: skip
    named = two_gaussians.OUTCOMES
    ends = f"first-order starts with the rarer of the two ends ({named[rarer]})"
    yield experiment.share("002-2-d", ends, plain == rarer, at_least=0.001)
    yield experiment.share(
        "002-2-e", "starts that converge against the optimal discriminator", best == 0, at_least=0.999
    )
    ends = f"first-order starts with the rarest of the three ends ({named[rarest]})"
    yield experiment.share("002-2-f", ends, plain == rarest, at_least=0.001)
    yield experiment.share("002-2-g", "first-order starts that do not converge", plain != 0, at_least=0.5)
    yield experiment.share(
        "002-2-h",
        "starts neither found nor vanished whose two means are within .1 of each other",
        lost[lost != 2] == 1,
        at_least=0.5,
    )
    wobble = np.max([_wobble(config, outcomes, kind) for kind in _KINDS[:2]])
    yield experiment.judge("002-F1-a", "largest error of a converged run's means over its last tenth, either dynamics",
                           wobble, at_most=0.1)  # fmt: skip
    yield experiment.share(
        "002-F1-b",
        "first-order starts lost by vanished gradients or merged means, of all lost",
        np.isin(lost, (1, 2)),
        at_least=0.95,
    )


def _figure_2_claims(config: Config):
    """Discriminator collapse: on random starts against a generator that stands still, and at figure 2's own start."""
    start = two_gaussians.start(*_starts(config.starts, 2, config.seed))
    final = two_gaussians.run(start, _TARGET, dynamics="first order", steps=config.steps, rate=config.rate, fixed=True)
    closed = np.asarray(final.ends[:, 0] >= final.ends[:, 1])
    interval, at = np.nonzero(closed)
    where, means = np.asarray(final.ends)[interval, 0, at], np.asarray(final.means)[:, at]
    f = np.asarray(two_gaussians.difference(where, _TARGET, means))
    lost = np.asarray(closed.any(axis=0))
    yield experiment.share(
        "002-2-i", "starts that lose an interval though the generator stands still", lost, at_least=0.01
    )
    yield experiment.share(
        "002-2-j", "of the intervals lost, those that ended where f < 0", np.asarray(f < 0), at_least=0.95
    )
    fixed, moving = _figure_2(config, fixed=True), _figure_2(config)
    target, means = _TARGET_2, np.asarray(fixed.means[0, :, 0])
    x = np.linspace(-10, 10, 20_001, dtype=np.float32)
    density = np.asarray(two_gaussians.difference(x, target, means))
    zero, side = (np.asarray(a) for a in two_gaussians.optimal_ends(means, target))
    inside = (np.sign(density[0]) + (side * (zero < x[:, None])).sum(axis=1) * -2) > 0
    left_out = 1 - density[inside].sum() / density[density > 0].sum()
    yield experiment.judge("002-F2-b", "of the mass where the true density is larger, the share that the optimal "
                           "intervals leave out", left_out, at_most=1e-3)  # fmt: skip
    for claim, path in (("002-F2-c", fixed), ("002-F2-d", moving)):
        ends = np.asarray(path.ends[-1, :, :, 0])
        yield experiment.judge(claim, "intervals lost after 1,000 steps", (ends[:, 0] >= ends[:, 1]).sum(), at_least=1)


def _most_intervals(config: Config) -> int:
    """Over random generators; an interval without a left end reaches to minus infinity."""
    means, _ = _starts(config.starts, 2, config.seed + 1)
    _, side = (np.asarray(a) for a in two_gaussians.optimal_ends((3 * means).astype(np.float32), _TARGET_2))
    first = np.take_along_axis(side, np.argmax(side != 0, axis=0)[None], axis=0)[0]
    return int(((side == -1).sum(axis=0) + (first == 1)).max())


def _wobble(config: Config, outcomes: Mapping[str, np.ndarray], kind: str) -> float:
    at = np.flatnonzero(outcomes[kind] == 0)[:1]
    if not at.size:
        return float("nan")
    means, ends = _starts(config.starts, 2, config.seed)
    path = two_gaussians.run(two_gaussians.start(means[:, at], ends[..., at]), _TARGET, dynamics=kind,
                             steps=config.steps, rate=config.rate, path=True)  # fmt: skip
    late = np.sort(np.asarray(path.means)[-config.steps // 10 :, :, 0], axis=1)
    return float(np.abs(late - _TARGET).max())


def _starts(n: int, components: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """means ~ U[-1, 1] [c, n] and sorted ends ~ U[-2, 2] of as many intervals [c, 2, n]."""
    rng = np.random.default_rng([seed, components])
    means = rng.uniform(-1, 1, (components, n))
    return means, np.sort(rng.uniform(-2, 2, (2 * components, n)), axis=0).reshape(components, 2, n)


def _outcomes(config: Config, kind: str, components: int) -> np.ndarray:
    target = _TARGET if components == 2 else np.zeros(1, np.float32)
    start = two_gaussians.start(*_starts(config.starts, components, config.seed))
    final = two_gaussians.run(start, target, dynamics=kind, steps=config.steps, rate=config.rate,
                              unrolled=config.unrolled)  # fmt: skip
    return two_gaussians.outcomes(final, target)


@functools.cache
def _figure_2(config: Config, **how: Any) -> two_gaussians.State:
    """The path of 1,000 steps from figure 2's start."""
    start = two_gaussians.start(_MEANS_2[:, None], _ENDS_2[..., None])
    return two_gaussians.run(
        start, _TARGET_2, dynamics="first order", steps=1000, rate=0.3, path=True, unrolled=config.unrolled, **how
    )


def _figure(config: Config, outcomes: dict[str, np.ndarray]) -> tuple[figure.Figure, list[tuple]]:
    """Figure 1 (paths by outcome), figure 2 (discriminator collapse), and where starts succeed."""
    sheet = figure.Figure(figsize=(11, 9.5), layout="constrained")
    grid = sheet.subplots(3, 4)
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
    x = np.linspace(-6, 6, 400).astype(np.float32)
    panels: Any = (("start", {"fixed": True}, 0), ("generator fixed, 1,000 steps", {"fixed": True}, -1),
              ("both, 1,000 steps", {}, -1), ("ends may cross", {"fixed": True, "rule": False}, -1))  # fmt: skip
    for axes, (title, how, step) in zip(grid[1], panels, strict=True):
        path = _figure_2(config, **how)
        f = np.asarray(two_gaussians.difference(x, _TARGET_2, path.means[step, :, 0]))
        axes.plot(x, f, color="black")
        axes.axhline(0, color="grey", lw=0.5)
        for j, (left, right) in enumerate(np.asarray(path.ends)[step, :, :, 0]):
            axes.axvspan(left, right, color=_COLOURS[j], alpha=0.3 if left < right else 0.8)
        axes.set_title(f"figure 2: {title}")
    for axes, kind in zip(grid[2], _KINDS, strict=False):
        edges = np.linspace(-1, 1, config.side + 1)
        tried, *_ = np.histogram2d(means[0], means[1], bins=(edges, edges))
        first, second = means[:, outcomes[kind] == 0]
        won, *_ = np.histogram2d(first, second, bins=(edges, edges))
        share = np.divide(won, tried, out=np.full_like(won, np.nan), where=tried > 0)
        drawn = axes.imshow(share.T, origin="lower", extent=(-1, 1, -1, 1), vmin=0, vmax=1, cmap="viridis")
        axes.set(title=f"{kind}: share that converges", xlabel="mean 1 at the start", ylabel="mean 2 at the start")
    sheet.colorbar(drawn, ax=grid[2, 2])
    bottom = np.zeros(len(_KINDS))
    for k, name in enumerate(two_gaussians.OUTCOMES):
        share = np.array([np.mean(outcomes[kind] == k) for kind in _KINDS])
        grid[2, 3].bar(_KINDS, share, bottom=bottom, color=_COLOURS[k], label=name)
        bottom += share
    grid[2, 3].set_title("what becomes of random starts")
    grid[2, 3].tick_params(axis="x", labelrotation=20)
    grid[2, 3].legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2)
    return sheet, rows


EXPERIMENT = experiment.Experiment(
    "002",
    "figures 1 and 2",
    "gradient dynamics of two Gaussians against two intervals: who converges, collapses, vanishes",
    {"smoke": Config(starts=60, steps=1_200, side=4), "cpu": Config(), "paper": Config(starts=40_000)},
    {"smoke": 0.1, "cpu": 2.5, "paper": 8},
    main,
)

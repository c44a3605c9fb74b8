"""Two Gaussians against two intervals: does gradient descent find the target? (paper 002, figures 1 and 2)

    gan-probe reproduce 002-dynamics --preset=cpu

Expected: against the best discriminator every start converges; where both players take one step, nine in ten fail, by
vanished gradients or collapsed modes; an unrolled discriminator saves about half of them; a lone Gaussian, for which
the paper names no dynamics, so that both are judged, is found against the best discriminator, but where both take one
step only by the starts that keep their interval; and a discriminator shut in where p_target < p_generator loses an
interval although the generator stands still. Figure 2's collapse is that of a right
interval [1, 2.5]; from the start as printed both players converge. The success maps are a grid of the generator's
starts; on their diagonal both means begin equal, and stay so under all dynamics, which no random start does.

All starts are one program: 10,000 of them x 3,000 steps take .7 s under first-order dynamics on two cores, above 1,000
times less than a NumPy loop over starts (timed on 3 of them), 7 s unrolled and 32 s against the best discriminator
(`python -m benchmarks.dynamics`).
"""

import dataclasses
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jax.sharding import Mesh

from gan_probe.experiments import dynamics_panels, experiment, lost_intervals
from gan_probe.theory import discriminator_collapse, local_stability, two_gaussians

__all__ = ["EXPERIMENT", "Config"]

_TARGET = np.array([-0.5, 0.5], np.float32)
_ORIGIN = np.zeros(1, np.float32)
_PAIRS = 1_000  # of mixtures, at most
_KINDS = ("optimal", "first order", "unrolled")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Constants of figure 1 are the paper's; its success maps' are not printed."""

    starts: int = experiment.setting(10_000, "random starts of each dynamics")
    steps: int = experiment.setting(3_000, "steps of both players")
    rate: float = experiment.setting(0.1, "step size of both players")
    unrolled: int = experiment.setting(5, "steps of the discriminator that the unrolled generator looks through")
    side: int = experiment.setting(20, "starts of the generator along each side of the success maps, from -1 to 1")
    discriminators: int = experiment.setting(25, "random starts of the discriminator at each of those")
    seed: int = experiment.setting(0, "of the random starts")


def main(config: Config, mesh: Mesh, work: pathlib.Path) -> experiment.Found:
    del mesh, work
    start = _start(config, 2)
    finals = {kind: _final(config, kind, start) for kind in _KINDS}
    outcomes = {kind: two_gaussians.outcomes(final, _TARGET) for kind, final in finals.items()}
    lone = {kind: two_gaussians.outcomes(_final(config, kind, _start(config, 1)), _ORIGIN) for kind in _KINDS[:2]}
    shares = {kind: np.bincount(found, minlength=4) / len(found) for kind, found in outcomes.items()}
    grid = {kind: _mapped(config, kind) for kind in _KINDS}
    wide = two_gaussians.outcomes(_final(config, "first order", _start(config, 2, reach=3.0)), _TARGET)
    stability = {name: local_stability.eigenvalues(f).real.max() for name, f in local_stability.VALUES.items()}
    fixed = two_gaussians.gone(_final(config, "first order", start, fixed=True))
    paths = {kind: _paths(config, kind, start, outcomes[kind]) for kind in _KINDS[:2]}
    later = {kind: _later(config, kind, finals[kind]) for kind in _KINDS[:2]}
    stay = {kind: _stay(later[kind]) & (outcomes[kind] == 0) for kind in later}
    merged = (np.ptp(later["first order"], axis=1).max(axis=0) < 0.1) & (outcomes["first order"] == 1)
    means = np.random.default_rng([config.seed, 3]).uniform(-4, 4, (2, 2, min(config.starts, _PAIRS)))
    runs = {name: discriminator_collapse.path(**how) for name, how in discriminator_collapse.RUNS.items()}
    curves = lost_intervals.panels(runs)
    claims = [
        _stable(stability["JS"]),
        *_figure_1_claims(outcomes, lone, stay, merged),
        _two_intervals(*two_gaussians.shortfall(*means)),
        _merged(*_late(start, finals["first order"], later["first order"])),
        *lost_intervals.risk_claims(
            two_gaussians.negative(start, _TARGET), fixed, two_gaussians.gone(finals["first order"])
        ),
        *lost_intervals.figure_2_claims(
            discriminator_collapse.left_out(), {name: lost_intervals.last(path) for name, path in runs.items()}
        ),
    ]
    tables = {
        "outcomes": experiment.Table(
            ("dynamics", *two_gaussians.OUTCOMES), [(kind, *share) for kind, share in shares.items()]
        ),
        "figure1": experiment.Table(
            ("dynamics", "outcome", "step", "mean 1", "mean 2", "left 1", "right 1", "left 2", "right 2"),
            [
                (kind, two_gaussians.OUTCOMES[outcome], step, *map(float, means), *map(float, ends))
                for kind, by_outcome in paths.items()
                for outcome, path in by_outcome.items()
                for step, (means, ends) in enumerate(
                    zip(np.asarray(path.means)[..., 0], np.asarray(path.ends).reshape(-1, 4), strict=True)
                )
            ],
        ),
        "figure2": lost_intervals.table(runs),
        "figure2_panels": lost_intervals.panel_table(curves),
        "figure2_curves": lost_intervals.curve_table(curves),
        "maps": dynamics_panels.maps(grid),
    }
    detail = {
        "one Gaussian": {k: float(np.mean(v == 0)) for k, v in lone.items()},
        "starts of the maps that converge": {k: float(np.mean(v == 0)) for k, v in grid.items()},
        "first-order starts that converge, ends in U[-3, 3]": np.mean(wide == 0),
        "figure 2's best intervals": discriminator_collapse.best_intervals(),
        "eigenvalues": stability,
    }
    return experiment.Found(claims, dynamics_panels.draw(tables["maps"], outcomes, paths, curves), tables, detail)


def _start(config: Config, components: int, **reach: float) -> two_gaussians.State:
    return two_gaussians.random_starts(
        np.random.default_rng([config.seed, components]), config.starts, components, **reach
    )


def _mapped(config: Config, kind: str) -> np.ndarray:
    """Outcomes [side, side, d] of the grid of starts; the optimal discriminator has no start, so that d is 1 there."""
    each = 1 if kind == "optimal" else config.discriminators
    start = two_gaussians.grid_starts(np.random.default_rng([config.seed, 4]), config.side, each)
    return two_gaussians.outcomes(_final(config, kind, start), _TARGET).reshape(config.side, config.side, each)


def _final(config: Config, kind: str, start: two_gaussians.State, **how: Any) -> two_gaussians.State:
    return two_gaussians.run(start, _ORIGIN if len(start.means) == 1 else _TARGET, dynamics=kind, rate=config.rate,
                             steps=config.steps, unrolled=config.unrolled, **how)  # fmt: skip


def _paths(
    config: Config, kind: str, start: two_gaussians.State, outcomes: np.ndarray
) -> dict[int, two_gaussians.State]:
    """By outcome, of those drawn, the path of the first start that comes to it, with the intervals it is against."""
    drawn = {outcome: np.flatnonzero(outcomes == outcome)[:1] for outcome in range(3 if kind == "first order" else 1)}
    found = {
        outcome: _final(config, kind, two_gaussians.State(start.means[:, at], start.ends[..., at]), path=True)
        for outcome, at in drawn.items()
        if at.size
    }
    return found if kind != "optimal" else {outcome: _against_best(path) for outcome, path in found.items()}


def _against_best(path: two_gaussians.State) -> two_gaussians.State:
    best = two_gaussians.best_intervals(path.means[..., 0].T, _TARGET)
    return two_gaussians.start(np.asarray(path.means), np.moveaxis(best, -1, 0)[..., None])


def _later(config: Config, kind: str, final: two_gaussians.State) -> np.ndarray:
    """Means [t, 2, n] over a tenth of the steps more."""
    path = two_gaussians.run(final, _TARGET, dynamics=kind, rate=config.rate, steps=max(config.steps // 10, 1),
                             path=True)  # fmt: skip
    return np.asarray(path.means)


def _stay(later: np.ndarray) -> np.ndarray:
    """Which starts' means [t, 2, n] stay within .1 of the target's."""
    return np.abs(np.sort(later, axis=1) - _TARGET[:, None]).max(axis=(0, 1)) < 0.1


def _stable(largest: float) -> experiment.Judged:
    return experiment.judge("002-1-b", "largest real part of the eigenvalues at the JS toy's equilibrium", largest,
                            at_most=-1e-3)  # fmt: skip


def _figure_1_claims(
    outcomes: Mapping[str, np.ndarray], lone: Mapping[str, np.ndarray], stay: Mapping[str, np.ndarray],
    merged: np.ndarray,
) -> Iterator[experiment.Judged]:  # fmt: skip
    """Section 2 and figure 1, on random starts; `stay`, `merged`: which converge or collapse, and stay so."""
    plain, named = outcomes["first order"], two_gaussians.OUTCOMES
    counts = np.bincount(plain, minlength=4)
    rarer, rarest = 1 + counts[1:3].argmin(), counts[:3].argmin()
    for kind, found in lone.items():
        failed = found[found != 0]
        lost = f" (of the others {np.mean(failed == 2):.4g} lose their interval)" if failed.size else ""
        yield experiment.share("002-2-a", f"{kind} dynamics: starts of one Gaussian that converge{lost}", found == 0,
                               at_least=0.999)  # fmt: skip
    yield experiment.share("002-2-d", f"first-order starts with the rarer of the two ends ({named[rarer]})",
                           plain == rarer, at_least=0.001)  # fmt: skip
    yield experiment.share("002-2-e", "starts that converge against the optimal discriminator",
                           outcomes["optimal"] == 0, at_least=0.999)  # fmt: skip
    yield experiment.share("002-2-f", f"first-order starts with the rarest of the three ends ({named[rarest]})",
                           plain == rarest, at_least=0.001)  # fmt: skip
    yield experiment.share("002-2-g", "first-order starts that do not converge", plain != 0, at_least=0.5)
    for kind, found in stay.items():
        yield _exists("002-F1-a", f"{kind} dynamics: starts that converge, with means that stay within .1 of the right "
                      "values over a tenth of the steps more", found)  # fmt: skip
    yield _exists("002-F1-b", "first-order starts that end with vanished gradients", plain == 2)
    yield _exists("002-F1-b", "first-order starts that end with means within .1 of each other, over a tenth of the "
                  "steps more too", merged)  # fmt: skip


def _exists(claim: str, starts: str, hits: np.ndarray) -> experiment.Judged:
    """Whether a start of some kind is among ours: one will do. None speaks against it where .001 can be ruled out."""
    count, (value, low, high) = int(hits.sum()), experiment.wilson(hits)
    return experiment.judge(
        claim, f"{starts}, of {hits.size:,} random ones (share {value:.4g} [{low:.4g}, {high:.4g}])",
        count, (count, max(count, int(not high < 0.001))), at_least=1,
    )  # fmt: skip


def _two_intervals(short: np.ndarray, unseen: float) -> experiment.Judged:
    """An identity (four exponentials have three zeros at most), so that only the arithmetic could fail it."""
    most = float(short.max())
    return experiment.judge(
        "002-2-b", f"{short.size} random pairs of mixtures: largest total variation less what the best two intervals "
        f"attain (upper end: with what the grid may not see, {unseen:.1g})", most, (most, most + unseen),
        at_most=1e-6,
    )  # fmt: skip


def _late(
    start: two_gaussians.State, final: two_gaussians.State, later: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance of the two means at the start [n], and over `later` [t, n], and which starts collapsed.

    The paper has two ends for a run that fails: gradients vanish (here: no interval is left), or modes collapse.
    """
    collapsed = (two_gaussians.outcomes(final, _TARGET) != 0) & ~two_gaussians.gone(final).all(axis=0)
    return np.ptp(np.asarray(start.means), axis=0), np.ptp(later, axis=1), collapsed


def _merged(before: np.ndarray, late: np.ndarray, collapsed: np.ndarray) -> experiment.Judged:
    """Whether means that collapse come together and stay so."""
    together = (late.max(axis=0) < 0.1) & (late.max(axis=0) < before)
    return experiment.share(
        "002-2-h", "first-order starts that fail with an interval left: share whose means came closer than at the "
        f"start and stay within .1 of each other ({np.mean(late[-1, collapsed] < 0.1) if collapsed.any() else 0:.2f} "
        "are so close at the end)", together[collapsed], at_least=0.95,
    )  # fmt: skip


EXPERIMENT = experiment.Experiment(
    "002",
    "figures 1 and 2",
    "gradient dynamics of two Gaussians against two intervals: who converges, collapses, vanishes",
    {
        "smoke": Config(starts=60, steps=1_200, side=4, discriminators=3),
        "cpu": Config(),
        "paper": Config(starts=40_000, side=40),
    },
    {"smoke": 0.1, "cpu": 2.5, "paper": 8},
    main,
)

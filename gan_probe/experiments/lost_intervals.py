"""Does the discriminator lose an interval for good? Random starts, and figure 2's own (paper 002, section 2).

The driver is `dynamics`.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gan_probe.experiments import experiment
from gan_probe.theory import discriminator_collapse, two_gaussians

__all__ = [
    "Panel", "curve_table", "draw", "figure_2_claims", "last", "panel_table", "panels", "risk_claims", "table",
]  # fmt: skip

_COLOURS = ("#3a9d5d", "#d1701f")
_X = np.linspace(-6, 6, 400).astype(np.float32)
_PANELS = (
    ("(a) start", "generator fixed", 0), ("(b) best discriminator", "generator fixed", 0),
    ("(c) generator fixed, 1,000 steps", "generator fixed", -1),
    ("(c), ends may cross", "generator fixed, ends may cross", -1), ("(d) both, 1,000 steps", "both move", -1),
    ("(e) both, from the start as printed", "both move, as printed", -1),
)  # fmt: skip


class Panel(NamedTuple):
    """Of figure 2: the generator's means [2], the intervals' ends [m, 2], and f over a grid."""

    title: str
    means: np.ndarray
    ends: np.ndarray
    f: np.ndarray


def last(path: two_gaussians.State) -> two_gaussians.State:
    """The state at the end of a path of one start."""
    return two_gaussians.State(path.means[-1, :, 0], path.ends[-1, :, :, 0])


def risk_claims(negative: np.ndarray, fixed: np.ndarray, moving: np.ndarray) -> Iterator[experiment.Judged]:
    """Discriminator collapse on random starts, by interval [m, n]: begun wholly where f < 0, and lost."""
    yield experiment.share("002-2-i", "starts that lose an interval though the generator stands still",
                           np.asarray(fixed.any(axis=0)), at_least=0.01)  # fmt: skip
    for lost, how in ((fixed, "the generator fixed"), (moving, "first-order dynamics")):
        yield _danger(how, negative, lost)


def _danger(how: str, negative: np.ndarray, lost: np.ndarray) -> experiment.Judged:
    """Whether intervals that begin where f < 0, bool [m, n], vanish more often than others."""
    inside, outside = experiment.wilson(lost[negative]), experiment.wilson(lost[~negative])
    return experiment.judge(
        "002-2-j", f"{how}: share of intervals that vanish of those that begin wholly where f < 0 "
        f"({inside[0]:.2f} of {negative.sum()}), less that of the others ({outside[0]:.2f})",
        *experiment.difference(inside, outside), at_least=0,
    )  # fmt: skip


def figure_2_claims(left_out: float, ends: Mapping[str, two_gaussians.State]) -> Iterator[experiment.Judged]:
    """Discriminator collapse at figure 2's own start, from where discriminator_collapse.RUNS end."""
    yield experiment.judge("002-F2-b", "of the mass where the true density is larger, the share that the optimal "
                           "intervals leave out", left_out, at_most=1e-3)  # fmt: skip
    for claim, how in (("002-F2-c", "generator fixed"), ("002-F2-d", "both move")):
        for reading in discriminator_collapse.READINGS:
            final = ends[f"{how}, as printed" if reading == "as printed" else how]
            yield experiment.judge(claim, f"{reading}: intervals lost after 1,000 steps (means "
                                   f"{', '.join(f'{m:.3f}' for m in np.asarray(final.means))})",
                                   two_gaussians.gone(final).sum(), at_least=1)  # fmt: skip


def table(runs: Mapping[str, two_gaussians.State]) -> experiment.Table:
    """Where the paths of discriminator_collapse.RUNS end."""
    header = ("run", "mean 1", "mean 2", "left interval", "", "right interval", "", "left vanishes at step", "right")
    return experiment.Table(header, [_row(name, path) for name, path in runs.items()])


def _row(name: str, path: two_gaussians.State) -> tuple:
    end = last(path)
    steps = (discriminator_collapse.vanished(path, i) for i in range(2))
    return name, *map(float, [*end.means, *end.ends.ravel()]), *("" if step is None else step for step in steps)


def panels(runs: Mapping[str, two_gaussians.State]) -> list[Panel]:
    """What figure 2 draws, of the paths of discriminator_collapse.RUNS."""
    found = []
    for title, run, step in _PANELS:
        means, ends = (np.asarray(part)[step, ..., 0] for part in runs[run])
        shown = np.array(discriminator_collapse.best_intervals()) if title.startswith("(b)") else ends
        f = two_gaussians.difference(_X, discriminator_collapse.TARGET, means)
        found.append(Panel(title, means, shown, np.asarray(f)))
    return found


def panel_table(drawn: Sequence[Panel]) -> experiment.Table:
    """Means and intervals of each panel."""
    header = ("panel", "mean 1", "mean 2", "left 1", "right 1", "left 2", "right 2")
    return experiment.Table(header, [(p.title, *map(float, [*p.means, *p.ends.ravel()])) for p in drawn])


def curve_table(drawn: Sequence[Panel]) -> experiment.Table:
    """The curves: f, and whether an interval covers x."""
    rows = [
        (panel.title, float(x), float(f), int(any(left < x < right for left, right in panel.ends)))
        for panel in drawn
        for x, f in zip(_X, panel.f, strict=True)
    ]
    return experiment.Table(("panel", "x", "p_target - p_generator", "covered"), rows)


def draw(drawn: Sequence[Panel], axes: Any) -> None:
    """f, with the discriminator's intervals; a vanished one is a line."""
    for panel, shown in zip(axes, drawn, strict=True):
        panel.plot(_X, shown.f, color="black")
        panel.axhline(0, color="grey", lw=0.5)
        for colour, (left, right) in zip(_COLOURS, shown.ends, strict=True):
            if left == right:
                panel.axvline(left, color=colour, lw=2)
            else:
                panel.axvspan(max(left, _X[0]), min(right, _X[-1]), color=colour, alpha=0.3)
        panel.set(title=textwrap.fill(f"fig. 2 {shown.title}", 24), xlim=(-6, 6))

"""Does the discriminator lose an interval for good? Random starts, and figure 2's own (paper 002, section 2).

The driver is `dynamics`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gan_probe.experiments import experiment
from gan_probe.theory import discriminator_collapse, two_gaussians

__all__ = ["draw", "figure_2_claims", "last", "risk_claims", "table"]

_COLOURS = ("#3a9d5d", "#d1701f")


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


def draw(runs: Mapping[str, two_gaussians.State], panels: Any) -> None:
    """f, with the discriminator's intervals; a vanished one is a line."""
    x = np.linspace(-6, 6, 400).astype(np.float32)
    drawn = (
        ("(a) start", "generator fixed", 0), ("(b) best\ndiscriminator", "generator fixed", 0),
        ("(c) generator fixed,\n1,000 steps", "generator fixed", -1),
        ("(c), ends may cross", "generator fixed, ends may cross", -1), ("(d) both, 1,000 steps", "both move", -1),
        ("(d) from the\nstart as printed", "both move, as printed", -1),
    )  # fmt: skip
    for axes, (title, run, step) in zip(panels, drawn, strict=True):
        means, ends = (np.asarray(part)[step, ..., 0] for part in runs[run])
        axes.plot(x, two_gaussians.difference(x, discriminator_collapse.TARGET, means), color="black")
        axes.axhline(0, color="grey", lw=0.5)
        shown = discriminator_collapse.best_intervals() if title.startswith("(b)") else ends
        for colour, (left, right) in zip(_COLOURS, shown, strict=False):
            if left == right:
                axes.axvline(left, color=colour, lw=2)
            else:
                axes.axvspan(max(left, x[0]), min(right, x[-1]), color=colour, alpha=0.3)
        axes.set(title=f"fig. 2 {title}", xlim=(-6, 6))

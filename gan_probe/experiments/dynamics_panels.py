"""What `dynamics` draws of two Gaussians against two intervals, and its success maps."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import figure

from gan_probe.experiments import experiment, figures, lost_intervals
from gan_probe.theory import two_gaussians

__all__ = ["draw", "maps"]

_COLOURS = ("#3a9d5d", "#d1701f", "#3f8fd0", "#888888")


def maps(side: int, means: np.ndarray, outcomes: Mapping[str, np.ndarray]) -> experiment.Table:
    """Of the starts in each cell of the means [2, n] so many and the share that converges, if any."""
    edges = np.linspace(-1, 1, side + 1)
    middles = (edges[:-1] + edges[1:]) / 2

    def counted(chosen: np.ndarray) -> np.ndarray:
        return np.histogram2d(means[0, chosen], means[1, chosen], bins=(edges, edges))[0].astype(int)

    tried = counted(np.ones(means.shape[1], bool))
    rows = [
        (kind, middles[i], middles[j], n, won[i, j] / n if n else float("nan"))
        for kind in outcomes
        for won in [counted(outcomes[kind] == 0)]
        for (i, j), n in np.ndenumerate(tried)
    ]
    return experiment.Table(("dynamics", "mean 1", "mean 2", "starts", "share that converges"), rows)


def draw(
    table: experiment.Table,
    outcomes: Mapping[str, np.ndarray],
    paths: Mapping[str, Mapping[int, two_gaussians.State]],
    runs: Mapping[str, two_gaussians.State],
) -> figure.Figure:
    """Figure 1 (paths by outcome), figure 2 (discriminator collapse), and where starts succeed."""
    sheet = figure.Figure(figsize=(12, 9.5), layout="constrained")
    top, middle, bottom = np.asarray(sheet.subfigures(3, 1))
    upper = top.subplots(1, 4)
    for axes, (kind, outcome) in zip(upper, [("optimal", 0)] + [("first order", o) for o in range(3)], strict=True):
        axes.set_title(f"{kind}: {two_gaussians.OUTCOMES[outcome]}")
        _draw_path(axes, paths[kind].get(outcome), intervals=kind != "optimal")
    for axes in [axes for axes in upper if axes.lines][:1]:
        axes.legend()
    lost_intervals.draw(runs, middle.subplots(1, 6, sharey=True))
    *heat, shares = bottom.subplots(1, 4)
    for axes, kind in zip(heat, outcomes, strict=True):
        *_, share = figures.columns(table, kind)
        share = share.reshape(2 * (round(len(share) ** 0.5),))
        drawn = axes.imshow(share.T, origin="lower", extent=(-1, 1, -1, 1), vmin=0, vmax=1, cmap="viridis")
        axes.set(title=f"{kind}: share that converges", xlabel="mean 1 at the start", ylabel="mean 2 at the start")
    bottom.colorbar(drawn, ax=heat[-1])
    below = np.zeros(len(outcomes))
    for k, name in enumerate(two_gaussians.OUTCOMES):
        share = np.array([np.mean(outcomes[kind] == k) for kind in outcomes])
        shares.bar(list(outcomes), share, bottom=below, color=_COLOURS[k], label=name)
        below += share
    shares.set_title("what becomes of random starts")
    shares.tick_params(axis="x", labelrotation=20)
    shares.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    return sheet


def _draw_path(axes: Any, path: two_gaussians.State | None, *, intervals: bool) -> None:
    axes.set_xlabel("step")
    if path is None:
        axes.text(0.5, 0.5, "no such start", ha="center", transform=axes.transAxes)
        return
    means, ends = (np.asarray(part)[..., 0] for part in path)
    for j, colour in enumerate(_COLOURS[:2]):
        axes.plot(means[:, j], color=colour, label=f"mean {j + 1}")
        if intervals:
            axes.plot(ends[:, j], ":", color=colour, lw=1)

"""What `dynamics` draws of two Gaussians against two intervals, and its success maps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import figure

from gan_probe.experiments import experiment, figures, lost_intervals
from gan_probe.theory import two_gaussians

__all__ = ["draw", "maps"]

_COLOURS = ("#3a9d5d", "#d1701f", "#3f8fd0", "#888888")
_OPTIMAL_STEPS = 60  # then the means go to and fro between two values


def maps(outcomes: Mapping[str, np.ndarray]) -> experiment.Table:
    """Of a grid of starts [side, side, d] of each dynamics the shares that come to each outcome."""
    rows = [
        (kind, float(one), float(other), found.shape[2], *(float(np.mean(found[i, j] == k)) for k in range(4)))
        for kind, found in outcomes.items()
        for values in [np.linspace(-1, 1, len(found))]
        for i, one in enumerate(values)
        for j, other in enumerate(values)
    ]
    return experiment.Table(("dynamics", "mean 1", "mean 2", "starts", *two_gaussians.OUTCOMES), rows)


def draw(
    table: experiment.Table,
    outcomes: Mapping[str, np.ndarray],
    paths: Mapping[str, Mapping[int, two_gaussians.State]],
    curves: Sequence[lost_intervals.Panel],
) -> figure.Figure:
    """Figure 1 (paths by outcome), figure 2 (discriminator collapse), and where starts come to which end."""
    sheet = figure.Figure(figsize=(12, 12), layout="constrained")
    top, middle, bottom = np.asarray(sheet.subfigures(3, 1, height_ratios=(1, 1, 2.3)))
    upper = top.subplots(1, 4)
    for axes, (kind, outcome) in zip(upper, [("optimal", 0)] + [("first order", o) for o in range(3)], strict=True):
        steps = _OPTIMAL_STEPS if kind == "optimal" else None
        axes.set_title(f"{kind}: {two_gaussians.OUTCOMES[outcome]}" + (f", first {steps} steps" if steps else ""))
        _draw_path(axes, paths[kind].get(outcome), steps)
    for axes in [axes for axes in upper if axes.lines][:1]:
        top.legend(
            handles=axes.get_legend_handles_labels()[0], title="dotted:\nintervals' ends", loc="outside right center"
        )
    lost_intervals.draw(curves, middle.subplots(1, len(curves), sharey=True))
    left, right = np.asarray(bottom.subfigures(1, 2, width_ratios=(2.2, 1)))
    _draw_maps(table, list(outcomes), left)
    shares = right.subplots()
    below = np.zeros(len(outcomes))
    for k, name in enumerate(two_gaussians.OUTCOMES):
        share = np.array([np.mean(outcomes[kind] == k) for kind in outcomes])
        shares.bar(list(outcomes), share, bottom=below, color=_COLOURS[k], label=name)
        below += share
    shares.set_title("what becomes of random starts")
    shares.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), ncols=2)
    return sheet


def _draw_maps(table: experiment.Table, kinds: Sequence[str], sheet: Any) -> None:
    """Dynamics down, outcomes across."""
    shown = two_gaussians.OUTCOMES[:3]
    axes = sheet.subplots(len(kinds), len(shown), sharex=True, sharey=True)
    for line, kind in zip(axes, kinds, strict=True):
        _, _, _, *shares = figures.columns(table, kind)
        for panel, name, share in zip(line, shown, shares, strict=False):
            side = round(len(share) ** 0.5)
            edge = 1 + 1 / max(side - 1, 1)  # a cell's middle is its start
            drawn = panel.imshow(share.reshape(side, side).T, origin="lower", extent=(-edge, edge, -edge, edge), vmin=0,
                                 vmax=1, cmap="viridis")  # fmt: skip
            panel.set_title(f"{kind}: {name}")
        line[0].set_ylabel("mean 2 at the start")
    for panel in axes[-1]:
        panel.set_xlabel("mean 1 at the start")
    sheet.colorbar(drawn, ax=axes, label="share of the discriminator's starts")


def _draw_path(axes: Any, path: two_gaussians.State | None, steps: int | None) -> None:
    """Means, and the intervals' ends dotted, over the first so many steps or all."""
    axes.set_xlabel("step")
    if path is None:
        axes.text(0.5, 0.5, "no such start", ha="center", transform=axes.transAxes)
        return
    means, ends = (np.asarray(part)[..., 0] for part in path)
    for j, colour in enumerate(_COLOURS[:2]):
        axes.plot(means[:steps, j], color=colour, label=f"mean {j + 1}")
        form = {"ls": ":", "lw": 1} if steps is None else {"ls": "", "marker": ".", "ms": 2.5}
        axes.plot(np.where(np.isfinite(ends), ends, np.nan)[:steps, j], color=colour, **form)

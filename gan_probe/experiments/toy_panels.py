"""What `toy` draws of GANs of laws in the plane, and the same as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import figure, ticker

from gan_probe.experiments import experiment
from gan_probe.theory import courses as courses_lib
from gan_probe.theory import plane

__all__ = ["LAWS", "NAMES", "Clouds", "Courses", "Pictures", "clouds", "draw", "pictures", "tables"]

NAMES = {"js": "Jensen-Shannon", "non_saturating": "ordinary", "wasserstein": "Wasserstein"}
LAWS = ("ring8", "grid25", "swissroll")
_COLOURS = {"js": "#d1701f", "non_saturating": "#888888", "wasserstein": "#3f8fd0"}
_STYLES = {"js": "-", "non_saturating": "--", "wasserstein": ":"}  # lines that lie on one another stay visible
_FRAMES = 6

Courses = Mapping[tuple[str, str], courses_lib.Course]
"""By law and loss."""

Pictures = Sequence[Mapping[str, np.ndarray]]
"""Three lines of titles with a density [32, 32] or a discriminator's values [courses.SIDE^2]."""

Clouds = Mapping[tuple[str, str], np.ndarray]
"""Points [n, 2] by law and loss, "data" for the law's own."""


def pictures(pair: courses_lib.Law, courses: Courses) -> Pictures:
    """Figures 1 to 4: data, the best generator of all, the worst of one loss, and two over their training."""
    last = {loss: list(courses["pair", loss].looks.values())[-1] for loss in NAMES}
    worst = int(courses["pair", "js"].near[-1].min(axis=1).argmin())
    best = {loss: int(courses["pair", loss].misplaced[-1].argmin()) for loss in NAMES}
    least = min(NAMES, key=lambda loss: courses["pair", loss].misplaced[-1].min())
    lines = [
        {
            "fig. 1: density of the data": pair.density(pair.rows),
            f"fig. 2: best of all, {NAMES[least]}": pair.density(last[least].samples[best[least]]),
            "fig. 2: its discriminator": last[least].values[best[least]],
            "fig. 3: Jensen-Shannon, worst seed": pair.density(last["js"].samples[worst]),
            "fig. 3: its discriminator": last["js"].values[worst],
            "fig. 4: Wasserstein, best seed: critic": last["wasserstein"].values[best["wasserstein"]],
        }
    ]
    for loss, seed in (("wasserstein", best["wasserstein"]), ("js", worst)):
        looks = courses["pair", loss].looks
        steps = np.array(list(looks))[np.unique(np.linspace(0, len(looks) - 1, _FRAMES).round().astype(int))]
        lines.append({f"{NAMES[loss]}, {step:,}": pair.density(looks[step].samples[seed]) for step in steps})
    return lines


def clouds(laws: Mapping[str, courses_lib.Law], courses: Courses) -> Clouds:
    """Of the other laws: samples of the seed in the middle by misplaced mass, and of the law."""
    found = {}
    for law in LAWS:
        for loss in ("non_saturating", "wasserstein"):
            course = courses[law, loss]
            seed = int(np.argsort(course.misplaced[-1])[len(course.seeds) // 2])
            found[law, NAMES[loss]] = list(course.looks.values())[-1].samples[seed, :2_000]
        found[law, "data"] = laws[law].rows[:300]
    return found


def tables(pictures: Pictures, clouds: Clouds) -> dict[str, experiment.Table]:
    """All that is drawn but the curves; x and y are those of points, and of the middles of a density's cells."""
    shown = {title: values for line in pictures for title, values in line.items()}
    edges = np.linspace(-1, 1, 33)
    middles = np.stack(np.meshgrid(*[(edges[:-1] + edges[1:]) / 2] * 2, indexing="ij"), axis=-1).reshape(-1, 2)

    def of(dimensions: int, points: np.ndarray, value: str) -> experiment.Table:
        rows = [
            (title, *map(float, point), float(number))
            for title, values in shown.items()
            if values.ndim == dimensions
            for point, number in zip(points, values.ravel(), strict=True)
        ]
        return experiment.Table(("panel", "x", "y", value), rows)

    points = [(*key, float(x), float(y)) for key, rows in clouds.items() for x, y in rows]
    return {
        "densities": of(2, middles, "share of mass"),
        "discriminators": of(1, plane.window(1.0, courses_lib.SIDE), "value"),
        "scatters": experiment.Table(("law", "of", "x", "y"), points),
    }


def draw(laws: Mapping[str, courses_lib.Law], courses: Courses, pictures: Pictures, clouds: Clouds) -> figure.Figure:
    """Figures 1 to 4, frames over training, curves over seeds, and samples of the other laws."""
    sheet = figure.Figure(figsize=(13, 11), layout="constrained")
    panels = sheet.subplots(5, _FRAMES)
    for line, shown in zip(panels, pictures, strict=False):
        for axes, (title, values) in zip(line, shown.items(), strict=False):
            _shade(axes, values, title)
        for axes in line[len(shown) :]:
            axes.axis("off")
    _curves(panels[3], {loss: courses["pair", loss] for loss in NAMES})
    for k, law in enumerate(LAWS):
        for axes, loss in zip(panels[4, 2 * k :], ("non_saturating", "wasserstein"), strict=False):
            axes.scatter(*clouds[law, NAMES[loss]].T, s=0.5, color=_COLOURS[loss])
            axes.scatter(*clouds[law, "data"].T, s=0.5, color="black")
            axes.set(title=f"{law}: {NAMES[loss]}", xticks=[], yticks=[], aspect="equal")
            axes.set(xlim=(-laws[law].reach, laws[law].reach), ylim=(-laws[law].reach, laws[law].reach))
    return sheet


def _shade(axes: Any, values: np.ndarray, title: str) -> None:
    side = round(values.size**0.5)
    drawn = axes.imshow(values.reshape(side, side).T, origin="lower", cmap="magma" if values.ndim == 2 else "RdBu_r")
    if values.ndim == 1:
        bar = axes.figure.colorbar(drawn, ax=axes, location="bottom", shrink=0.9, aspect=18, pad=0.02,
                                   ticks=ticker.MaxNLocator(3))  # fmt: skip
        bar.ax.tick_params(labelsize=7)
    axes.set_title(title, fontsize="small")
    axes.set(xticks=[], yticks=[])


def _curves(panels: Sequence[Any], courses: Mapping[str, courses_lib.Course]) -> None:
    """Means over seeds with all seeds behind them, against the share of training."""
    for loss, course in courses.items():
        drawn = (course.over("flat"), course.over("still"), course.closest.min(axis=2), course.near.min(axis=2),
                 course.misplaced)  # fmt: skip
        for axes, values in zip(panels, drawn, strict=False):
            x = np.array(list(course.looks)) / max(course.looks)
            axes.plot(x, values, color=_COLOURS[loss], lw=0.4, alpha=0.3)
            axes.plot(x, values.mean(axis=1), _STYLES[loss], color=_COLOURS[loss], label=NAMES[loss])
    titles = ("plane where D is flat", "where the generator's loss is flat", "least share of a Gaussian, of 1/2",
              "the same within 3 sigma", "misplaced mass")  # fmt: skip
    for axes, title in zip(panels, titles, strict=False):
        axes.set(title=title, xlabel="share of training", ylim=(-0.02, 1.02))
    for axes in panels[:2]:
        axes.set_yscale("symlog", linthresh=1 / courses_lib.SIDE**2, linscale=0.5)
        axes.set_ylim(-0.2 / courses_lib.SIDE**2, 1.5)
        axes.set_yticks([0, *10.0 ** np.arange(-4, 1)])
    panels[-1].axis("off")
    handles, names = panels[0].get_legend_handles_labels()
    dots = panels[-1].scatter([], [], s=4, color="black")
    panels[-1].legend([*handles, dots], [*names, "data (below)"], loc="center", title="mean of the seeds; thin: each")

"""Inception scores of the largest size that other measures see through, on sets whose labels are known exactly.

Paper 002, section 4; 001, section 2; 004, chapter 3; the driver is `identities`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gan_probe import evaluation
from gan_probe.experiments import experiment, figures
from gan_probe.theory import labelled_modes

__all__ = ["METRICS", "Scores", "claims", "draw", "measured", "table"]

METRICS = {
    "inception": "inception score, at most 3", "ddm": "ddm, nats", "birthday": "effective support", "recall": "recall"
}  # fmt: skip
"""That are drawn, with a panel's title."""

Scores = Mapping[str, Mapping[str, tuple[float, float, float]]]
"""Set -> metric -> value, low, high."""


def measured(seed: int, n: int) -> Scores:
    """Of each set of n rows: the law itself, then others."""
    rng = np.random.default_rng([seed, 4])

    def drawn(modes: np.ndarray) -> np.ndarray:
        return labelled_modes.draw(rng, modes)

    fakes = {
        "the law itself": drawn(rng.integers(0, labelled_modes.MODES, n)),
        "three of six modes": drawn(2 * rng.integers(0, 3, n)),
        "three repeated samples": drawn(np.array([0, 2, 4]))[rng.integers(0, 3, n)],
    }
    real = drawn(rng.integers(0, labelled_modes.MODES, n))
    fakes["one of three labels"] = drawn(rng.integers(0, labelled_modes.MODES // labelled_modes.LABELS, n))
    fakes["training rows"] = train = drawn(rng.integers(0, labelled_modes.MODES, n))
    results = evaluation.evaluate(
        real=labelled_modes.labelled("real", real), train=labelled_modes.labelled("train", train),
        fake={name: labelled_modes.labelled(name, rows) for name, rows in fakes.items()},
        metrics=[*METRICS, "ddm_relative", "ddm_sum"], key=seed,
    )["results"]  # fmt: skip
    return {
        name: {metric: (one["value"], *one["ci95"]) for metric, one in by_metric.items()}
        for name, by_metric in results.items()
    }


def claims(scores: Scores) -> Iterator[experiment.Judged]:
    """Inception scores that hide what the other measures show; intervals of two sets are compared end against end."""
    law, half, three, one, _ = scores.values()

    def ratio(one: tuple[float, float, float], metric: str = "inception") -> tuple[float, tuple[float, float]]:
        value, low, high = law[metric]
        return one[0] / value, (one[1] / high, one[2] / low)

    yield experiment.judge("001-2-b", "inception score of three of six modes over that of the whole law",
                           *ratio(half["inception"]), at_least=0.95, at_most=1.05)  # fmt: skip
    yield experiment.judge("002-4-c", "inception score of three repeated samples over that of the whole law",
                           *ratio(three["inception"]), at_least=0.9)  # fmt: skip
    yield experiment.judge("002-4-c", "their recall over that of the law's own samples",
                           *ratio(three["recall"], "recall"), at_most=0.5)  # fmt: skip
    value, *interval = three["birthday"]
    yield experiment.judge("002-4-c", "their effective support", value, (interval[0], interval[1]), at_most=4)
    yield experiment.judge("002-4-c", "their ddm above that of the law's own samples, nats",
                           *experiment.difference(three["ddm"], law["ddm"]), at_least=0)  # fmt: skip
    yield experiment.judge("004-abs-d", "ddm of three of six modes above that of the whole law, nats",
                           *experiment.difference(half["ddm"], law["ddm"]), at_least=0)  # fmt: skip
    yield experiment.judge("004-3.1.2-k", "inception score of distinct samples of one of three labels, over that of "
                           "the whole law (1/3: the least there is)", *ratio(one["inception"]),
                           at_most=0.5)  # fmt: skip
    yield experiment.judge("004-3.2.2-a", "ddm_relative of three of six modes above that of the whole law, nats (ddm: "
                           f"{half['ddm'][0] - law['ddm'][0]:.3g} above it)",
                           *experiment.difference(half["ddm_relative"], law["ddm_relative"]), at_most=0)  # fmt: skip
    yield _nothing_more(scores)


def _nothing_more(scores: Scores) -> experiment.Judged:
    """Sets that ddm_sum tells from the first and ddm does not refute the claim; none of these would not show it."""
    law, *others = scores.values()

    def told(other: Mapping[str, tuple[float, float, float]], metric: str) -> bool:
        _, (low, high) = experiment.difference(other[metric], law[metric])
        return low > 0 or high < 0

    more = [name for name in scores if told(scores[name], "ddm_sum") and not told(scores[name], "ddm")]
    share = len(more) / len(others)
    return experiment.judge("004-3.2.2-b", f"of {len(others)} sets the share that ddm_sum tells from the law's own "
                            f"samples beyond both intervals and ddm alone doesn't ({', '.join(more) or 'none'}; upper "
                            "end: other sets may be so)", share, (share, 1.0), at_most=0)  # fmt: skip


def table(scores: Scores) -> experiment.Table:
    return experiment.Table(
        ("metric", "samples", "value", "low", "high"),
        [(metric, name, *found) for name, by_metric in scores.items() for metric, found in by_metric.items()],
    )


def draw(panels: Mapping[str, Any], table: experiment.Table) -> None:
    """A panel for each of METRICS."""
    for metric, title in METRICS.items():
        names, *ends = figures.columns(table, metric)
        for k in range(len(names)):
            figures.bars(panels[metric], [k], [end[[k]] for end in ends], fmt="o", color=f"C{k}", capsize=3)
        panels[metric].set_xticks(range(len(names)), [name.replace(" ", "\n") for name in names], fontsize=7)
        panels[metric].set(title=title, xlim=(-0.5, len(names) - 0.5))
    panels["birthday"].set_yscale("log")
    for metric, limits in (("inception", (0.9, 3.1)), ("recall", (-0.03, 1.03)), ("ddm", (0, None))):
        panels[metric].set_ylim(*limits)

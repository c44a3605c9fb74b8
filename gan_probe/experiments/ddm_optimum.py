"""Where DDM is least, and what it owes to the number of samples: normal laws of which both are known.

Thesis 004, abstract and section 3.2; the driver is `identities`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gan_probe import evaluation
from gan_probe.experiments import experiment, figures
from gan_probe.theory import normal_scores

__all__ = ["claims", "draw", "measured", "tables"]

_DIMENSIONS = 2
_REAL = 1.0  # standard deviation; the kernel exp(-D) has sqrt(1/2)
_WIDER = (1.0, 2.0, 4.0)
_SIZES = (10, 30, 100, 300, 1_000)
_JUDGED = 100
_ROWS = 200
_EXACT = 1e-3  # nats

Scores = Mapping[float, tuple[float, float, float]]  # by the generator's standard deviation: ddm, low, high
Excess = Mapping[int, np.ndarray]  # by the number of generated points, for each set of them


def measured(seed: int, rows: int, replications: int) -> tuple[Scores, Excess]:
    """ddm of `rows` samples of generators of some widths, and its excess over its limit for sets of points."""
    rng = np.random.default_rng([seed, 6])
    at = (0.0, normal_scores.best(_REAL), _REAL, 1.5 * _REAL)

    def rows_of(width: float, n: int) -> np.ndarray:
        return width * rng.standard_normal((n, _DIMENSIONS))

    found = evaluation.evaluate(
        real=rows_of(_REAL, rows), fake={f"w{i}": rows_of(width, rows) for i, width in enumerate(at)}, metrics=["ddm"],
        key=seed,
    )["results"]  # fmt: skip
    scores = {width: (found[f"w{i}"]["ddm"]["value"], *found[f"w{i}"]["ddm"]["ci95"]) for i, width in enumerate(at)}
    excess = {
        n: np.array([
            normal_scores.excess(rows_of(_REAL, _ROWS), rows_of(_REAL, n), _REAL) for _ in range(replications)
        ])
        for n in _SIZES
    }  # fmt: skip
    return scores, excess


def claims(scores: Scores, excess: Excess) -> Iterator[experiment.Judged]:
    best = normal_scores.best(_REAL)
    least, equal = (float(normal_scores.ddm(_REAL, width, _DIMENSIONS)) for width in (best, _REAL))
    yield experiment.judge("004-3.2-a", f"normal law in {_DIMENSIONS} dimensions, standard deviation {_REAL:g}: ddm of "
                           f"a generator of {best:.3g} less that of one equal to the law, nats, in closed form",
                           least - equal, at_least=0)  # fmt: skip
    yield experiment.judge("004-3.2-a", "the same on samples", *experiment.difference(scores[best], scores[_REAL]),
                           at_least=0)  # fmt: skip
    yield experiment.mean("004-abs-c", f"{_JUDGED} generated points: mean of ddm over sets of them less that of their "
                          "law, nats (bias as in statistics; one towards ImageNet, which the thesis may mean, isn't "
                          f"measured; {max(excess):,} points: {excess[max(excess)].mean():.2g})",
                          excess[_JUDGED], at_least=-_EXACT, at_most=_EXACT)  # fmt: skip


def tables(scores: Scores, excess: Excess) -> dict[str, experiment.Table]:
    return {
        "optimum": experiment.Table(
            ("standard deviation", "ddm", "low", "high", "exact"),
            [(w, *found, float(normal_scores.ddm(_REAL, w, _DIMENSIONS))) for w, found in scores.items()],
        ),
        "excess": experiment.Table(
            ("points", "excess", "low", "high"), [(n, *experiment.averaged(found)) for n, found in excess.items()]
        ),
    }


def draw(panels: Mapping[str, Any], tables: Mapping[str, experiment.Table]) -> None:
    """ddm over generators of growing width, and its excess at growing sizes."""
    axes = panels["optimum"]
    ratio = np.linspace(0, 1.6, 200)
    for k, real in enumerate(_WIDER):
        above = normal_scores.ddm(real, ratio * real, 1) - normal_scores.ddm(real, real, 1)
        axes.plot(ratio, above, color=f"C{k}", label=f"real {real:g}, least at {normal_scores.best(real) / real:.2f}")
    width, *ends, _ = figures.columns(tables["optimum"])
    equal = float(normal_scores.ddm(_REAL, _REAL, _DIMENSIONS))
    scaled = [(end - equal) / _DIMENSIONS for end in ends]
    figures.bars(axes, width / _REAL, scaled, fmt="o", ms=3, capsize=3, color="C0", label="on samples, real 1")
    axes.axvline(1, color="grey", lw=0.5)
    axes.set(title="ddm is least at a generator narrower than the law", ylim=(-0.1, 0.5),
             xlabel="standard deviation of the generator over that of the law",
             ylabel="ddm a dimension above that of the law, nats")  # fmt: skip
    axes.legend()
    axes = panels["excess"]
    n, *ends = figures.columns(tables["excess"])
    figures.bars(axes, n, ends, fmt="o-", ms=3, capsize=3)
    axes.axhline(0, color="grey", lw=0.5)
    axes.set(title="ddm of finitely many generated points", xscale="log", xlabel="generated points",
             ylabel="mean above its limit, nats")  # fmt: skip

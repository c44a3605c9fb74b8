"""What a discriminator's loss and an inception score of the largest size do not show (paper 002, sections 3 and 4)

    gan-probe reproduce 002-identities --preset=cpu

Expected: the best discriminator's loss is 2 JS - 2 ln 2, so that a loss of 0 means disjoint densities and not equal
ones; values on cells and free intervals with n parameters see less than eps between a law and n ln n / eps^2 of its
samples, which says nothing of all other discriminators; three repeated samples have the inception score of the whole
law, but not its ddm, effective support or recall.
"""

import dataclasses
import math
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jax.sharding import Mesh
from matplotlib import figure
from scipy import optimize
from scipy.spatial import distance as spatial

from gan_probe import evaluation, types
from gan_probe.commands import command
from gan_probe.data import arrays
from gan_probe.experiments import experiment
from gan_probe.theory import discriminators

__all__ = ["EXPERIMENT", "Config"]

_DISTANCES = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 20.0)
_CENTRES = 8 * np.eye(6, 8)  # six modes, two for each of three labels
_METRICS = {
    "inception": "inception score, at most 3", "ddm": "ddm, nats", "birthday": "effective support", "recall": "recall"
}  # fmt: skip
_CELLS = (16, 64, 256, 1024)
_ENDS = (16, 64, 256)  # of intervals


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    samples: int = experiment.setting(1_000, "rows of each set that is scored")
    draws: int = experiment.setting(100_000, "samples from which a loss is estimated")
    eps: float = experiment.setting(0.1, "difference of means that the discriminator must not see")
    replications: int = experiment.setting(400, "memorised sets of each size")
    seed: int = experiment.setting(0, "of the samples")


def main(config: Config, mesh: Mesh, work: pathlib.Path) -> experiment.Found:
    del mesh, work
    losses = [(d, *_loss(config, d)) for d in _DISTANCES]
    gaps = [row for cells in _CELLS for row in _gaps(config, cells)]
    free = _free(config)
    scores = _scores(config)
    rows = [(name, metric, *found) for name, by_metric in scores.items() for metric, found in by_metric.items()]
    tables = {
        "loss": experiment.Table(("distance", "loss", "JS", "estimated", "low", "high"), losses),
        "gap": experiment.Table(("cells", "N", "mean gap", "97.5 % of gaps", "expected"), gaps),
        "free": experiment.Table(
            ("parameters", "N", "mean gap", "low", "high"),
            [(n, _enough(config, n), *experiment.averaged(found)) for n, found in free.items()],
        ),
        "scores": experiment.Table(("samples", "metric", "value", "low", "high"), rows),
    }
    claims = [*_loss_claims(losses), *_gap_claims(config.eps, free, _divergences(config)),
              *_score_claims(scores)]  # fmt: skip
    return experiment.Found(claims, _figure(config, tables), tables, {"scores": scores})


def _loss(config: Config, distance: float) -> tuple[float, ...]:
    """Loss of the best discriminator and JS of two normals, and that loss from samples with its interval."""
    x, p, s = discriminators.normals(distance)
    rng = np.random.default_rng([config.seed, 1])
    real, fake = rng.standard_normal(config.draws), rng.standard_normal(config.draws) + distance
    value, stderr = discriminators.estimate(real, fake, distance)
    return (discriminators.loss(x, p, s, np.log(p) - np.log(s)), discriminators.jensen_shannon(x, p, s),
            value, value - 1.96 * stderr, value + 1.96 * stderr)  # fmt: skip


def _loss_claims(losses: list[tuple]) -> Iterator[experiment.Judged]:
    """Section 3; the optimum of 004, section 2.2."""
    distance, loss, js, *_ = np.array(losses).T
    _, p, s = discriminators.normals(1.0, 101)
    best = [
        optimize.minimize_scalar(lambda v, a=a, b=b: -(a * math.log(v) + b * math.log1p(-v)), bounds=(0, 1),
                                 method="bounded", options={"xatol": 1e-9}).x
        for a, b in zip(p / (p + s), s / (p + s), strict=True)
    ]  # fmt: skip
    yield experiment.judge("002-3-a", "two normals: largest difference between the formula and each point's best value "
                           "by search", np.abs(best - discriminators.optimal(p, s)).max(), at_most=1e-5)  # fmt: skip
    yield experiment.judge("002-3-b", "as printed: largest difference between the loss and JS, nats",
                           np.abs(loss - js).max(), at_most=1e-6)  # fmt: skip
    yield experiment.judge("002-3-b", "with 2 JS - 2 ln 2 in its place: largest difference, nats",
                           np.abs(loss - 2 * js + 2 * math.log(2)).max(), at_most=1e-6)  # fmt: skip
    nought = np.abs(loss).argmin()
    yield experiment.judge("002-3-c", f"JS in units of its largest value, ln 2, at the loss closest to 0 "
                           f"({loss[nought]:.2g}, means {distance[nought]:g} apart; equal densities have "
                           f"{loss[0]:.4f})", js[nought] / math.log(2), at_most=0.1)  # fmt: skip
    _, p, s = discriminators.normals(float(distance[loss.argmin()]))
    yield experiment.judge("004-2.2-a", f"where the generator's loss is least (means {distance[loss.argmin()]:g} "
                           "apart): largest difference of the best discriminator from .5",
                           np.abs(discriminators.optimal(p, s) - 0.5).max(), at_most=1e-9)  # fmt: skip


def _enough(config: Config, cells: int) -> int:
    """N = n ln n / eps^2."""
    return math.ceil(cells * math.log(cells) / config.eps**2)


def _gaps(config: Config, cells: int) -> Iterator[tuple[float, ...]]:
    rng = np.random.default_rng([config.seed, 2, cells])
    for samples in (_enough(config, cells) * np.logspace(-3, 1, 13)).astype(int):
        gap, _ = discriminators.cell_gap(discriminators.memorised(rng, cells, samples, config.replications))
        yield (cells, int(samples), gap.mean(), float(np.quantile(gap, 0.975)),
               discriminators.expected_cell_gap(cells, samples))  # fmt: skip


def _free(config: Config) -> dict[int, np.ndarray]:
    """By n the gaps [sets] that the best n / 2 intervals, n parameters, see of n ln n / eps^2 memorised samples."""
    rng = np.random.default_rng([config.seed, 5])
    times = max(config.replications // 20, 3)
    return {
        n: np.array([
            discriminators.interval_gap(np.sort(rng.random(_enough(config, n))), n // 2) for _ in range(times)
        ])
        for n in command.progress(_ENDS, desc="intervals", unit="size")
    }  # fmt: skip


def _divergences(config: Config) -> dict[int, np.ndarray]:
    """By n the JS divergence [sets] that one value for each of n cells sees."""
    rng = np.random.default_rng([config.seed, 3])
    return {
        n: discriminators.cell_gap(discriminators.memorised(rng, n, _enough(config, n), config.replications))[1]
        for n in _CELLS
    }


def _gap_claims(
    eps: float, free: Mapping[int, np.ndarray], divergences: Mapping[int, np.ndarray]
) -> Iterator[experiment.Judged]:
    """Theorem of Arora et al. (2017), as 002 and 003 cite it, with 1 for the constants that it leaves open."""
    worst = max(free, key=lambda n: free[n].mean())
    yield experiment.mean("003-1-b", f"mean gap that the best n/2 intervals, n parameters, see of n ln n / eps^2 "
                          f"memorised samples; largest of n = {min(free)} to {max(free)} (n = {worst})", free[worst],
                          at_most=eps)  # fmt: skip
    # A total variation of g has a JS divergence of g^2 / 2 at least.
    seen = max(*(float(found.mean()) for found in divergences.values()), float(free[worst].mean()) ** 2 / 2)
    yield experiment.judge("002-3-d", "largest JS divergence, on average, that one value for each of n cells or n/2 "
                           f"free intervals see, n = {min(divergences)} to {max(divergences)} (upper end: any other "
                           "discriminator of n parameters may see up to ln 2)", seen, (seen, math.log(2)),
                           at_most=eps)  # fmt: skip


def _set(name: str, rows: np.ndarray) -> types.Samples:
    """A set with the exact logits of three labels, two modes each."""
    log_density = -spatial.cdist(rows, _CENTRES, "sqeuclidean").reshape(-1, 3, 2) / 2
    return arrays.samples(rows, source=name, logits=np.logaddexp.reduce(log_density, axis=2).astype(np.float32))


def _scores(config: Config) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Value and interval of each metric, by set."""
    rng = np.random.default_rng([config.seed, 4])
    n = config.samples

    def draw(modes: np.ndarray) -> np.ndarray:
        return (_CENTRES[modes] + rng.standard_normal((len(modes), 8))).astype(np.float32)

    fakes = {
        "the law itself": draw(rng.integers(0, 6, n)),
        "three of six modes": draw(2 * rng.integers(0, 3, n)),
        "three repeated samples": draw(np.array([0, 2, 4]))[rng.integers(0, 3, n)],
    }
    results = evaluation.evaluate(
        real=_set("real", draw(rng.integers(0, 6, n))), fake={name: _set(name, rows) for name, rows in fakes.items()},
        metrics=list(_METRICS), key=config.seed,
    )["results"]  # fmt: skip
    return {name: {m: (found[m]["value"], *found[m]["ci95"]) for m in _METRICS} for name, found in results.items()}


def _score_claims(scores: Mapping[str, Mapping[str, Any]]) -> Iterator[experiment.Judged]:
    """Inception scores that hide what the other measures show; intervals of two sets are compared end against end."""
    law, half, three = scores.values()

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


def _figure(config: Config, tables: Mapping[str, experiment.Table]) -> figure.Figure:
    sheet = figure.Figure(figsize=(12, 7.5), layout="constrained")
    places = sheet.subplot_mosaic([["loss", "loss", "gap", "gap"], list(_METRICS)])
    left, right = places["loss"], places["gap"]
    distance, loss, js, estimated, low, high = np.array(tables["loss"].rows).T
    left.plot(distance, loss, color="black", label="loss of the best discriminator")
    left.plot(distance, 2 * js - 2 * math.log(2), "o", mfc="none", color="#3a9d5d", label="2 JS - 2 ln 2")
    left.plot(distance, js, "--", color="#d1701f", label="JS, the loss as printed")
    left.errorbar(distance, estimated, [estimated - low, high - estimated], fmt="_", color="#3f8fd0",
                  label=f"estimated from {config.draws:,} samples")  # fmt: skip
    left.axhline(0, color="grey", lw=0.5)
    left.set(title="a loss of 0 means disjoint densities", xlabel="distance of the means of two normals",
             ylabel="nats")  # fmt: skip
    left.legend()
    for k, cells in enumerate(_CELLS):
        _, samples, gap, upper, expected = np.array([r for r in tables["gap"].rows if r[0] == cells]).T
        right.loglog(samples, gap, "o", ms=3, color=f"C{k}", label=f"{cells} parameters")
        right.fill_between(samples, gap, upper, color=f"C{k}", alpha=0.2, lw=0)
        right.loglog(samples, expected, color=f"C{k}", lw=0.8)
        right.loglog(_enough(config, cells), config.eps, "x", color=f"C{k}", ms=8)
        for row in (r for r in tables["free"].rows if r[0] == cells):
            right.loglog(row[1], row[2], "D", color=f"C{k}", mfc="none")
    right.axhline(1, color="black", ls="--", lw=0.8, label="all functions")
    right.set(title="n cells (diamonds: n/2 free intervals) on N memorised samples; x: n ln n / eps^2, eps",
              xlabel="N", ylabel="largest difference of means")  # fmt: skip
    right.legend()
    names = list(dict.fromkeys(row[0] for row in tables["scores"].rows))
    for metric, title in _METRICS.items():
        axes = places[metric]
        for k, row in enumerate(r for r in tables["scores"].rows if r[1] == metric):
            _, _, value, low, high = row
            axes.errorbar([k], [value], [[value - low], [high - value]], fmt="o", color=f"C{k}", capsize=3)
        axes.set_xticks(range(len(names)), [name.replace(" ", "\n") for name in names])
        axes.set(title=title, xlim=(-0.5, len(names) - 0.5))
        if metric == "birthday":
            axes.set_yscale("log")
        elif metric == "ddm":
            axes.set_ylim(bottom=0)
        else:
            axes.set_ylim(*{"inception": (1, 3.1), "recall": (-0.03, 1.03)}[metric])
    return sheet


EXPERIMENT = experiment.Experiment(
    "002",
    "sections 3 and 4",
    "the loss of the best discriminator, memorised samples that fool a finite one, a fooled inception score",
    {
        "smoke": Config(samples=300, draws=5_000, replications=40),
        "cpu": Config(),
        "paper": Config(samples=5_000, replications=2_000),
    },
    {"smoke": 0.2, "cpu": 0.2, "paper": 3},
    main,
)

"""The birthday test's theorems on laws whose collisions are known exactly (paper 003, theorems 1 and 2, appendix A)

    gan-probe reproduce 003-theorems --preset=cpu

Expected: theorem 1 as printed promises .99999999 where the truth is .608, and holds once the number of samples in the
set is taken as random; collisions bound the effective support beta <= beta*, not the number of points; s^2 lies 1.386
above the support of a uniform law and far below that of unequal ones; all pairs of one sample give the interval of the
paper's batches from several times fewer samples, as long as no single point dominates the collisions.
"""

import dataclasses
import math
import pathlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from jax.sharding import Mesh
from matplotlib import figure

from gan_probe.experiments import experiment
from gan_probe.stats import first_collision, proportion
from gan_probe.theory import birthday, collision_bounds, samples_needed

__all__ = ["EXPERIMENT", "Config"]

_RHO = collision_bounds.RHO
_HUGE = 1e9  # points of the broad part
_WIDTHS = (1.15, 1.25, 1.5, 1.75, 2.0)  # upper over lower end; wider ones have too few collisions for all pairs
_ROUNDING = 1e-12
_STYLES = ("-", "--", ":")
_COLOURS = {
    "truth": "black", "theorem 1 as printed": "#d1701f", "as provable": "#3a9d5d", "points": "black",
    f"points that carry {_RHO}": "black", "theorem 2 as printed": "#d1701f", "effective support": "#3f8fd0",
    "beta*": "#3a9d5d", "s squared": "#d1701f",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    points: int = experiment.setting(1_000_000, "points of the uniform law", least=2)
    zipf: int = experiment.setting(10_000, "points of the Zipf laws", least=2)
    replications: int = experiment.setting(400, "simulated samples of each law and width; random laws tried")
    seed: int = experiment.setting(0, "of the simulations")


def main(config: Config, mesh: Mesh, work: pathlib.Path) -> experiment.Found:
    del mesh, work
    laws = {
        "uniform": birthday.Law(np.zeros(0), config.points),
        "Zipf": birthday.zipf(config.zipf, 1),
        "Zipf, exponent 1/2": birthday.zipf(config.zipf, 0.5),
        "one point at 10 %": birthday.Law(np.array([0.1]), _HUGE),
        "one point at 1 %": birthday.Law(np.array([0.01]), _HUGE),
    }
    s = {name: birthday.half(law) for name, law in laws.items()}
    sizes = [
        (name, law.atoms.size + law.broad, birthday.beta(law), s[name] ** 2, first_collision.beta_star(s[name]))
        for name, law in laws.items()
    ]
    compared = {name: laws[name] for name in ("uniform", "Zipf, exponent 1/2", "one point at 10 %")}
    needed = samples_needed.compare(
        np.random.default_rng([config.seed, 2]), compared, widths=_WIDTHS, replications=config.replications
    )
    chances = [
        (m, float(1 - birthday.no_collision(laws["one point at 10 %"], m)[m]), birthday.theorem_1(m, 1, 0.1),
         birthday.provable_1(m, 1, 0.1)) for m in range(2, 41)
    ]  # fmt: skip
    bounds = [
        (broad, *collision_bounds.second(birthday.Law(np.array([0.01]), broad)))
        for broad in np.logspace(4, 9, 21).round()
    ]
    tables = {
        "sizes": experiment.Table(("law", "points", "beta", "s squared", "beta star"), sizes),
        "samples": experiment.Table(tuple(needed[0]), [tuple(row.values()) for row in needed]),
        "theorem1": experiment.Table(("M", "truth", "printed", "provable"), chances),
        "theorem2": experiment.Table(("broad", "carriers", "printed", "beta", "beta star"), bounds),
    }
    claims = [*_rule(laws), *_first(config, laws), *_second(laws)]
    found = {"samples needed": needed, "s squared over points": {name: row[3] / row[1] for name, *row in sizes}}
    return experiment.Found(claims, _figure(config.replications, tables), tables, found)


def _rule(laws: Mapping[str, birthday.Law]) -> Iterator[experiment.Judged]:
    """Section 1.1 and footnote 1: s^2, sqrt(N), and 23 people."""
    uniform, atom = laws["uniform"], laws["one point at 10 %"]
    n, root = int(uniform.broad), round(math.sqrt(uniform.broad))
    s = {name: birthday.half(law) for name, law in laws.items()}
    over = {name: s[name] ** 2 / (law.atoms.size + law.broad) for name, law in laws.items()}
    over_beta = {name: s[name] ** 2 / birthday.beta(law) for name, law in laws.items()}
    even = max(birthday.half(birthday.Law(np.zeros(0), k)) ** 2 / k for k in np.logspace(2, 6, 40).round())
    people = birthday.no_collision(birthday.Law(np.zeros(0), 366), 367)
    low, high = (k / math.sqrt(n) for k in (s["uniform"] - 1, s["uniform"]))
    yield experiment.judge("003-1.1-a", f"samples over sqrt(N) where the chance of a collision passes 50 %, N = {n} "
                           "points alike, between two whole numbers of samples (at sqrt(N) itself the chance is "
                           f"{1 - birthday.no_collision(uniform, root)[root]:.3f})",
                           (low + high) / 2, (low, high), at_least=1, at_most=1.5)  # fmt: skip
    for name in ("uniform", "Zipf", "one point at 10 %"):
        yield experiment.judge("003-1.1-b", f"s^2 over the number of points, {name}", over[name],
                               at_least=0.5, at_most=2)  # fmt: skip
    yield experiment.judge("002-4-g", "s^2 over the number of points of a uniform law (2 ln 2 = 1.386 in the limit)",
                           over["uniform"], at_least=0.5, at_most=2)  # fmt: skip
    least, least_beta = min(over, key=over.__getitem__), min(over_beta, key=over_beta.__getitem__)
    yield experiment.judge("002-4-h", "s^2 over the number of points of a uniform law (without uniformity it is "
                           f"{over[least]:.3g}: {least}; over the effective support at least "
                           f"{over_beta[least_beta]:.4g}: {least_beta})", over["uniform"], at_least=1)  # fmt: skip
    yield experiment.judge("003-1.1-c", f"chance of a collision among 20 samples of {_HUGE:g} points",
                           1 - birthday.no_collision(atom, 20)[20], at_least=0.5)  # fmt: skip
    yield experiment.judge("003-1.1-d", "with equal probabilities, 100 to a million points: largest s^2 over their "
                           "number", even, at_most=2)  # fmt: skip
    yield experiment.judge("003-1.1-k", "chance that 23 of 366 birthdays collide", 1 - people[23], at_least=0.5)
    yield experiment.judge("003-1.1-k", "chance that 367 of 366 birthdays collide", 1 - people[367], at_least=1)


def _first(config: Config, laws: Mapping[str, birthday.Law]) -> Iterator[experiment.Judged]:
    """Theorem 1: as printed, and with a random number of samples in the set."""
    atom = laws["one point at 10 %"]
    truth = 1 - birthday.no_collision(atom, 20)[20]
    printed, provable = (list(collision_bounds.first_gaps(laws, b)) for b in (birthday.theorem_1, birthday.provable_1))
    for gaps, about in ((printed, "as printed"), (provable, "with J ~ Bin(M, rho) samples in the set")):
        yield _least("003-1.1-e", about, gaps)
    yield experiment.judge("003-1.1-f", f"one less what it promises for M = 20, N = 1, rho = .1 (truth {truth:.3f}, "
                           f"provable {birthday.provable_1(20, 1, 0.1):.3f})", 1 - birthday.theorem_1(20, 1, 0.1),
                           at_most=1e-8)  # fmt: skip
    yield from _needs_uniform(printed, provable, {name: collision_bounds.second(law) for name, law in laws.items()},
                              list(collision_bounds.beta_ratios(laws)))  # fmt: skip
    uneven = collision_bounds.uneven(np.random.default_rng([config.seed, 1]), config.replications)
    yield experiment.judge("003-A-a", "mass on 30 points and a rest that never collides, random laws: smallest chance "
                           "of a collision less that of even mass", uneven, at_least=-_ROUNDING)  # fmt: skip
    within, product = birthday.inside(atom.atoms, 20)[20], math.prod(max(0.0, 1 - 0.1 * i) for i in range(20))
    yield experiment.judge("003-A-b", f"one point at 10 %, M = 20: chance of no collision inside the set "
                           f"({within:.3f}) less the product", within - product, at_most=_ROUNDING)  # fmt: skip


def _least(claim: str, about: str, gaps: Sequence[collision_bounds.Gap], beside: str = "") -> experiment.Judged:
    """Whether a bound holds at all of these."""
    gap, name, n, m = min(gaps)
    return experiment.judge(claim, f"{about}: smallest truth less bound ({name}, N = {n:g}, M = {m}{beside})", gap,
                            at_least=-_ROUNDING)  # fmt: skip


def _needs_uniform(
    printed: Sequence[collision_bounds.Gap],
    provable: Sequence[collision_bounds.Gap],
    second: Mapping[str, collision_bounds.Second],
    ratios: Sequence[collision_bounds.Ratio],
) -> Iterator[experiment.Judged]:
    """Both theorems as printed on laws that are not uniform; what can be proved stands beside."""
    uniform, sure = (
        min(one.gap for one in gaps if (one.law == "uniform") == even)
        for gaps, even in ((printed, True), (provable, False))
    )
    yield _least("003-1.1-h", "theorem 1 as printed on unequal laws", [one for one in printed if one.law != "uniform"],
                 f"; on the uniform one {uniform:.2g}; with a random number of samples in the set "
                 f"{sure:.2g}")  # fmt: skip
    over = {law: found.carriers / found.printed for law, found in second.items()}
    worst = max((law for law in over if law != "uniform"), key=over.__getitem__)
    ratio = max(one.ratio for one in ratios if one.law != "uniform")
    yield experiment.judge("003-1.1-h", f"theorem 2 as printed on unequal laws: points that carry {_RHO} "
                           f"over the bound ({worst}; uniform: {over['uniform']:.3g}; beta over beta*: {ratio:.2f})",
                           over[worst], at_most=1)  # fmt: skip


def _second(laws: Mapping[str, birthday.Law]) -> Iterator[experiment.Judged]:
    """Theorem 2: collisions bound beta, not the points."""
    law, rho = laws["one point at 1 %"], _RHO
    points, printed, beta, star = collision_bounds.second(law)
    s = birthday.half(law)
    yield experiment.judge("003-1.1-g", f"one point at 1 %, M = {s}, rho = {rho}: points that carry rho, over the "
                           f"bound {printed:,.0f}", points / printed, at_most=1)  # fmt: skip
    yield experiment.judge("003-1.1-i", f"one point at 1 %, half of the batches of s = {s} collide: points that carry "
                           "half of the mass, over s^2", birthday.carriers(law, 0.5) / s**2, at_most=1)  # fmt: skip
    margin, name = min(collision_bounds.wiener_margins(laws))
    yield experiment.judge("003-A-c", f"smallest ln P less the exponent, all M allowed ({name})", margin, at_least=0)
    ratio, name, m = max(collision_bounds.beta_ratios(laws))
    yield experiment.judge("003-A-d", f"largest beta / beta*, 5 to 99 % collisions ({name}, M = {m})", ratio, at_most=1)
    needed = 1 / (rho**2 / points + (1 - rho) ** 2)
    yield experiment.judge("003-A-e", f"one point at 1 %: 1 / (rho^2/N + (1-rho)^2) at the true N, over beta* (beta "
                           f"itself is {beta / star:.2f} of it)", needed / star, at_most=1)  # fmt: skip


def _may_be(share: float, tries: int) -> bool:
    """Whether a coverage of 92 % can have come out as this share."""
    return (proportion.wilson(share * tries, tries).high or 0.0) >= 0.92


def _figure(tries: int, tables: Mapping[str, experiment.Table]) -> figure.Figure:
    sheet = figure.Figure(figsize=(11, 8.5), layout="constrained")
    (first, second), (rule, samples) = sheet.subplots(2, 2)
    m, *chances = zip(*tables["theorem1"].rows, strict=True)
    for chance, label, style in zip(chances, ("truth", "theorem 1 as printed", "as provable"), _STYLES, strict=True):
        first.plot(m, chance, style, color=_COLOURS[label], label=label)
    first.set(title="one point at 10 %, the rest never collides: theorem 1", xlabel="samples M", ylabel="P(collision)")
    broad, *lines = zip(*tables["theorem2"].rows, strict=True)
    labels = (f"points that carry {_RHO}", "theorem 2 as printed", "effective support", "beta*")
    for line, label, style in zip(lines, labels, ("-", "--", "-", ":"), strict=True):
        second.loglog(broad, line, style, color=_COLOURS[label], label=label)
    second.set(title="one point at 1 %, half of the batches collide: theorem 2", xlabel="points that share the other "
               "99 %", ylabel="number")  # fmt: skip
    names, *columns = zip(*tables["sizes"].rows, strict=True)
    marks = (("points", "s"), ("effective support", "o"), ("s squared", "x"), ("beta*", "+"))
    for column, (label, mark) in zip(columns, marks, strict=True):
        rule.semilogy(names, column, mark, color=_COLOURS[label], label=label, ms=8, mfc="none")
    rule.tick_params(axis="x", labelrotation=15)
    rule.set(title="what s is read as, s samples colliding half the time")
    for k, name in enumerate(dict.fromkeys(row[0] for row in tables["samples"].rows)):
        rows = [row for row in tables["samples"].rows if row[0] == name]
        _, width, batches, pairs, _, by_batches, _, by_pairs = zip(*rows, strict=True)
        for counts, covered, style, kind in (
            (batches, by_batches, "--", "batches"),
            (pairs, by_pairs, "-", "all pairs"),
        ):
            samples.loglog(width, counts, style, color=f"C{k}", label=f"{name}: {kind}")
            filled = [f"C{k}" if _may_be(share, tries) else "white" for share in covered]
            samples.scatter(width, counts, color=filled, edgecolor=f"C{k}", zorder=3)
    samples.set_xticks(_WIDTHS, [f"{w:g}" for w in _WIDTHS], minor=False)
    samples.set_xticks([], minor=True)
    samples.set(title="samples for an interval of the effective support (hollow: covers it below 92 %)",
                xlabel="upper end over lower end", ylabel="samples")  # fmt: skip
    for axes in (first, second, rule, samples):
        axes.legend()
    samples.set_ylim(top=20 * samples.get_ylim()[1])  # room for the legend
    return sheet


EXPERIMENT = experiment.Experiment(
    "003",
    "theorems 1 and 2, appendix A",
    "what collisions prove about the support: exact on discrete laws; all pairs against batches",
    {
        "smoke": Config(points=20_000, zipf=4_000, replications=20),
        "cpu": Config(),
        "paper": Config(replications=2_000),
    },
    {"smoke": 0.1, "cpu": 1, "paper": 5},
    main,
)

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
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from jax.sharding import Mesh
from matplotlib import figure

from gan_probe.experiments import experiment
from gan_probe.stats import first_collision, proportion
from gan_probe.theory import birthday, samples_needed

__all__ = ["EXPERIMENT", "Config"]

_HUGE = 1e9  # points of the broad part
_RHO = 0.999
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
    points: int = experiment.setting(1_000_000, "points of the uniform law")
    zipf: int = experiment.setting(10_000, "points of the Zipf laws")
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
    bounds = [(broad, *_theorem_2(birthday.Law(np.array([0.01]), broad))) for broad in np.logspace(4, 9, 21).round()]
    tables = {
        "sizes": experiment.Table(("law", "points", "beta", "s squared", "beta star"), sizes),
        "samples": experiment.Table(tuple(needed[0]), [tuple(row.values()) for row in needed]),
        "theorem1": experiment.Table(("M", "truth", "printed", "provable"), chances),
        "theorem2": experiment.Table(("broad", "carriers", "printed", "beta", "beta star"), bounds),
    }
    claims = [*_rule(laws), *_first(config, laws), *_second(laws)]
    return experiment.Found(claims, _figure(config.replications, tables), tables, {"samples needed": needed})


def _rule(laws: Mapping[str, birthday.Law]) -> Iterator[experiment.Judged]:
    """Section 1.1 and footnote 1: s^2, sqrt(N), and 23 people."""
    uniform, atom = laws["uniform"], laws["one point at 10 %"]
    n, root = int(uniform.broad), round(math.sqrt(uniform.broad))
    s = {name: birthday.half(law) for name, law in laws.items()}
    over = {name: s[name] ** 2 / (law.atoms.size + law.broad) for name, law in laws.items()}
    over_beta = {name: s[name] ** 2 / birthday.beta(law) for name, law in laws.items()}
    even = max(birthday.half(birthday.Law(np.zeros(0), k)) ** 2 / k for k in np.logspace(2, 6, 40).round())
    people = birthday.no_collision(birthday.Law(np.zeros(0), 366), 367)
    yield experiment.judge("003-1.1-a", f"chance of a collision among {root} samples of a uniform law of {n} points "
                           f"(50 % takes {s['uniform'] / math.sqrt(n):.3f} sqrt(N))",
                           1 - birthday.no_collision(uniform, root)[root], at_least=0.5)  # fmt: skip
    for name in ("uniform", "Zipf", "one point at 10 %"):
        yield experiment.judge("003-1.1-b", f"s^2 over the number of points, {name}", over[name],
                               at_least=0.5, at_most=2)  # fmt: skip
    yield experiment.judge("002-4-g", "s^2 over the number of points of a uniform law (2 ln 2 = 1.386 in the limit)",
                           over["uniform"], at_least=0.5, at_most=2)  # fmt: skip
    least, least_beta = min(over, key=over.__getitem__), min(over_beta, key=over_beta.__getitem__)
    yield experiment.judge("002-4-h", f"smallest s^2 over the number of points, {least}", over[least], at_least=1)
    yield experiment.judge("002-4-h", f"smallest s^2 over the effective support, {least_beta}", over_beta[least_beta],
                           at_least=1)  # fmt: skip
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
    gaps = {kind: list(_gaps(laws, kind)) for kind in ("printed", "provable")}
    for kind, about in (("printed", "as printed"), ("provable", "with J ~ Bin(M, rho) samples in the set")):
        gap, name, n, m = min(gaps[kind])
        yield experiment.judge("003-1.1-e", f"{about}: smallest truth less bound ({name}, N = {n:g}, M = {m})", gap,
                               at_least=-_ROUNDING)  # fmt: skip
    yield experiment.judge("003-1.1-f", f"one less what it promises for M = 20, N = 1, rho = .1 (truth {truth:.3f}, "
                           f"provable {birthday.provable_1(20, 1, 0.1):.3f})", 1 - birthday.theorem_1(20, 1, 0.1),
                           at_most=1e-8)  # fmt: skip
    yield from _needs_uniform(gaps, {name: _theorem_2(law) for name, law in laws.items()}, _beta_ratios(laws))
    yield experiment.judge("003-A-a", "mass on 30 points and a rest that never collides, random laws: smallest chance "
                           "of a collision less that of even mass", _uneven(config), at_least=-_ROUNDING)  # fmt: skip
    within, product = birthday.inside(atom.atoms, 20)[20], math.prod(max(0.0, 1 - 0.1 * i) for i in range(20))
    yield experiment.judge("003-A-b", f"one point at 10 %, M = 20: chance of no collision inside the set "
                           f"({within:.3f}) less the product", within - product, at_most=_ROUNDING)  # fmt: skip


def _needs_uniform(
    gaps: Mapping[str, Sequence[tuple[float, str, float, int]]],
    second: Mapping[str, tuple[float, float, float, float]],
    ratios: Iterable[tuple[float, str, int]],
) -> Iterator[experiment.Judged]:
    """Both theorems as printed on laws that are not uniform; what can be proved stands beside.

    gaps: `_gaps` of "printed" and "provable". second: `_theorem_2` by law. ratios: `_beta_ratios`.
    """
    unequal = {kind: min(row for row in found if row[1] != "uniform") for kind, found in gaps.items()}
    uniform = min(row[0] for row in gaps["printed"] if row[1] == "uniform")
    gap, name, n, m = unequal["printed"]
    yield experiment.judge("003-1.1-h", f"theorem 1 as printed on unequal laws: smallest truth less bound ({name}, "
                           f"N = {n:g}, M = {m}; on the uniform one {uniform:.2g}; with a random number of samples in "
                           f"the set {unequal['provable'][0]:.2g})", gap, at_least=-_ROUNDING)  # fmt: skip
    over = {law: carriers / printed for law, (carriers, printed, *_) in second.items()}
    worst = max((law for law in over if law != "uniform"), key=over.__getitem__)
    ratio = max(row[0] for row in ratios if row[1] != "uniform")
    yield experiment.judge("003-1.1-h", f"theorem 2 as printed on unequal laws: points that carry {_RHO} over the "
                           f"bound ({worst}; uniform: {over['uniform']:.3g}; beta over beta*: {ratio:.2f})",
                           over[worst], at_most=1)  # fmt: skip


def _second(laws: Mapping[str, birthday.Law]) -> Iterator[experiment.Judged]:
    """Theorem 2: collisions bound beta, not the points."""
    law = laws["one point at 1 %"]
    points, printed, beta, star = _theorem_2(law)
    s = birthday.half(law)
    yield experiment.judge("003-1.1-g", f"one point at 1 %, M = {s}, rho = {_RHO}: points that carry rho, over the "
                           f"bound {printed:,.0f}", points / printed, at_most=1)  # fmt: skip
    yield experiment.judge("003-1.1-i", f"one point at 1 %, half of the batches of s = {s} collide: points that carry "
                           "half of the mass, over s^2", birthday.carriers(law, 0.5) / s**2, at_most=1)  # fmt: skip
    margins = []
    for name, tried in _under_wiener(laws):
        effective = birthday.beta(tried)
        samples = np.arange(2.0, 2 * math.sqrt(effective * math.log(effective)))
        before = np.log(birthday.no_collision(tried, int(samples[-1]))[1:-1])  # M - 1 samples come before the M-th
        margins.append((float((before - birthday.wiener(samples, effective)).min()), name))
    yield experiment.judge("003-A-c", f"smallest ln P less the exponent, all M allowed ({min(margins)[1]})",
                           min(margins)[0], at_least=0)  # fmt: skip
    ratio, name, m = max(_beta_ratios(laws))
    yield experiment.judge("003-A-d", f"largest beta / beta*, 5 to 99 % collisions ({name}, M = {m})", ratio, at_most=1)
    needed = 1 / (_RHO**2 / points + (1 - _RHO) ** 2)
    yield experiment.judge("003-A-e", f"one point at 1 %: 1 / (rho^2/N + (1-rho)^2) at the true N, over beta* (beta "
                           f"itself is {beta / star:.2f} of it)", needed / star, at_most=1)  # fmt: skip


def _under_wiener(laws: Mapping[str, birthday.Law]) -> Iterator[tuple[str, birthday.Law]]:
    return ((name, law) for name, law in laws.items() if birthday.beta(law) > 1000)


def _gaps(laws: Mapping[str, birthday.Law], kind: str) -> Iterator[tuple[float, str, float, int]]:
    """P(collision) less the bound, its law, N and M, for sets of the likeliest points and several M."""
    bound = birthday.theorem_1 if kind == "printed" else birthday.provable_1
    for name, law in laws.items():
        s = birthday.half(law)
        distinct = birthday.no_collision(law, 3 * s)
        sets = [(k, float(law.atoms[:k].sum())) for k in (1, 10, 100, 1000) if k <= law.atoms.size]
        everything = law.atoms.size + law.broad
        for n, rho in [*sets, *((everything * part, part) for part in (0.5, 1.0) if name == "uniform")]:
            for m in (max(2, s // 3), s, 20, 2 * s, 3 * s):
                if m <= 3 * s:
                    yield float(1 - distinct[m] - bound(m, n, rho)), name, n, m


def _beta_ratios(laws: Mapping[str, birthday.Law]) -> Iterator[tuple[float, str, int]]:
    """beta / beta*(M, exact chance of a collision), its law and M, under Wiener's conditions."""
    for name, law in _under_wiener(laws):
        distinct = birthday.no_collision(law, 4 * birthday.half(law))
        for m in map(int, np.flatnonzero((distinct < 0.95) & (distinct > 0.01))):
            yield birthday.beta(law) / first_collision.beta_star(m, 1 - distinct[m]), name, m


def _theorem_2(law: birthday.Law) -> tuple[float, float, float, float]:
    """Points that carry rho, their printed bound, beta and beta*, where half of the batches collide."""
    s = birthday.half(law)
    gamma = float(1 - birthday.no_collision(law, s)[s])
    return (birthday.carriers(law, _RHO), birthday.theorem_2(s, gamma, _RHO), birthday.beta(law),
            first_collision.beta_star(s, gamma))  # fmt: skip


def _uneven(config: Config) -> float:
    """Smallest chance of a collision of random masses on 30 points, less that of even ones."""
    rng = np.random.default_rng([config.seed, 1])
    found = []
    for _ in range(config.replications):
        rho, spread, m = rng.uniform(0.1, 1), 10 ** rng.uniform(-1, 3), int(rng.integers(2, 25))
        atoms = rho * rng.dirichlet(np.full(30, spread))
        found.append(birthday.inside(np.full(30, rho / 30), m)[m] - birthday.inside(atoms, m)[m])
    return float(min(found))


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

"""Theorems 1 and 2 of paper 003 and appendix A, held against laws whose collisions are known exactly."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from gan_probe.stats import first_collision
from gan_probe.theory import birthday

__all__ = ["RHO", "Gap", "Ratio", "Second", "beta_ratios", "first_gaps", "second", "uneven", "wiener_margins"]

RHO = 0.999  # of theorem 2


class Gap(NamedTuple):
    """The truth less a lower bound on P(collision): of the N likeliest points of a law and M samples."""

    gap: float
    law: str
    points: float
    samples: int


class Ratio(NamedTuple):
    """beta over beta* of M samples of a law."""

    ratio: float
    law: str
    samples: int


class Second(NamedTuple):
    """Theorem 2 where half of the batches collide: points that carry RHO, their printed bound, beta and beta*."""

    carriers: float
    printed: float
    beta: float
    star: float


def first_gaps(laws: Mapping[str, birthday.Law], bound: Callable[[int, float, float], float]) -> Iterator[Gap]:
    """A bound such as birthday.theorem_1 for sets of the likeliest points and several M."""
    for name, law in laws.items():
        s = birthday.half(law)
        distinct = birthday.no_collision(law, 3 * s)
        sets = [(k, float(law.atoms[:k].sum())) for k in (1, 10, 100, 1000) if k <= law.atoms.size]
        everything = law.atoms.size + law.broad
        for n, rho in [*sets, *((everything * part, part) for part in (0.5, 1.0) if name == "uniform")]:
            for m in (max(2, s // 3), s, 20, 2 * s, 3 * s):
                if m <= 3 * s:
                    yield Gap(float(1 - distinct[m] - bound(m, n, rho)), name, n, m)


def second(law: birthday.Law) -> Second:
    """Theorem 2 on a law, with batches of s samples."""
    s = birthday.half(law)
    gamma = float(1 - birthday.no_collision(law, s)[s])
    return Second(birthday.carriers(law, RHO), birthday.theorem_2(s, gamma, RHO), birthday.beta(law),
                  first_collision.beta_star(s, gamma))  # fmt: skip


def beta_ratios(laws: Mapping[str, birthday.Law]) -> Iterator[Ratio]:
    """beta / beta*(M, exact chance of a collision) for all M with 5 to 99 %, under Wiener's conditions."""
    for name, law in _under_wiener(laws):
        distinct = birthday.no_collision(law, 4 * birthday.half(law))
        for m in map(int, np.flatnonzero((distinct < 0.95) & (distinct > 0.01))):
            yield Ratio(birthday.beta(law) / first_collision.beta_star(m, 1 - distinct[m]), name, m)


def wiener_margins(laws: Mapping[str, birthday.Law]) -> Iterator[tuple[float, str]]:
    """Of each law the least ln P(no collision before sample M) less Wiener's exponent, over all M that he allows."""
    for name, law in _under_wiener(laws):
        beta = birthday.beta(law)
        samples = np.arange(2.0, 2 * math.sqrt(beta * math.log(beta)))
        before = np.log(birthday.no_collision(law, int(samples[-1]))[1:-1])  # M - 1 samples come before the M-th
        yield float((before - birthday.wiener(samples, beta)).min()), name


def _under_wiener(laws: Mapping[str, birthday.Law]) -> Iterator[tuple[str, birthday.Law]]:
    return ((name, law) for name, law in laws.items() if birthday.beta(law) > 1000)


def uneven(rng: np.random.Generator, tries: int, points: int = 30) -> float:
    """Smallest chance of a collision within random masses on some points, less that of even ones."""
    found = []
    for _ in range(tries):
        rho, spread, m = rng.uniform(0.1, 1), 10 ** rng.uniform(-1, 3), int(rng.integers(2, 25))
        atoms = rho * rng.dirichlet(np.full(points, spread))
        found.append(birthday.inside(np.full(points, rho / points), m)[m] - birthday.inside(atoms, m)[m])
    return float(min(found))

"""How many samples an interval of the effective support takes: batches that collide or not, or all pairs of one."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gan_probe import types
from gan_probe.stats import collisions
from gan_probe.theory import birthday

__all__ = ["compare"]


def compare(
    rng: np.random.Generator, laws: Mapping[str, birthday.Law], *, widths: Sequence[float], replications: int
) -> list[dict[str, Any]]:
    """Samples that either needs for its expected interval to be so narrow, and what simulations show at these numbers.

    Args:
      rng: of the simulations.
      laws: by name.
      widths: upper over lower end.
      replications: simulated sets of batches, and samples, of each law and width.

    Returns:
      A row a law and width: `batches` and `all pairs`, samples in all; of each the median width and the coverage.
    """
    rows: list[dict[str, Any]] = []
    for name, law in laws.items():
        s, beta = birthday.half(law), birthday.beta(law)
        gamma = float(1 - birthday.no_collision(law, s)[s])
        for width in widths:
            batches = _fewest(lambda b: _width(birthday.batch_rule(gamma * b, b, s)), width)  # noqa: B023
            samples = _fewest(lambda n: _width(collisions.support_interval(birthday.expected(law, n))), width)  # noqa: B023
            found = {
                "batches": [birthday.batch_rule(h, batches, s) for h in rng.binomial(batches, gamma, replications)],
                "all pairs": [
                    collisions.support_interval(birthday.all_pairs(birthday.draw(rng, law, samples)))
                    for _ in range(replications)
                ],
            }
            row: dict[str, Any] = {"law": name, "width": width, "batches": batches * s, "all pairs": samples}
            for kind, intervals in found.items():
                row[f"{kind}: median width"] = float(np.median([_width(i) for i in intervals]))
                row[f"{kind}: coverage"] = float(np.mean([_covers(i, beta) for i in intervals]))
            rows.append(row)
    return rows


def _fewest(width_of: Callable[[int], float], width: float) -> int:
    """The fewest of something for which the interval is no wider: doubling, then bisection."""
    high = 32
    while width_of(high) > width:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if width_of(middle) > width else (low, middle)
    return high


def _width(interval: types.Interval) -> float:
    return interval.high / interval.low if interval.low and interval.high else math.inf


def _covers(interval: types.Interval, value: float) -> bool:
    return (interval.low or 0.0) <= value <= (math.inf if interval.high is None else interval.high)

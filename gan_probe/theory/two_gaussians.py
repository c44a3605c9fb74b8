"""GAN dynamics that can be written down: Gaussians of unit variance against indicator functions of intervals.

The generator is a uniform mixture of N(mean_i, 1); the discriminator is one on some intervals and nought elsewhere
(Li, Madry, Peebles and Schmidt 2017, arXiv:1706.09884; paper 002, section 2). With f = p_target - p_generator and phi
the standard normal density, the loss L = E_target[D] + E_generator[1 - D] has the gradients
dL/dleft = -f(left), dL/dright = f(right), dL/dmean_i = 1/c sum_j phi(right_j - mean_i) - phi(left_j - mean_i).

Starts are the last axis of every array, so that a step works on whole vectors of them; a single start has none.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import stats
from jaxtyping import Array, Float
from scipy import special

__all__ = [
    "OUTCOMES", "State", "best_intervals", "difference", "gone", "gradients", "grid_starts", "loss", "negative",
    "optimal_ends", "outcomes", "random_starts", "run", "shortfall", "start",
]  # fmt: skip

OUTCOMES = ("converged", "modes collapsed", "gradients vanished", "elsewhere")

_GRID = 64  # cells in which sign changes of f are looked for
_MARGIN = 6.0  # standard deviations beyond the outermost mean; f's sign there no longer moves a mean
_NEWTON = 3


Numbers = Array | np.ndarray


class State(NamedTuple):
    """means: [c] of the generator. ends: [m, 2], the left and right end of each interval; equal once it is gone."""

    means: Float[Array, "c ..."]
    ends: Float[Array, "m 2 ..."]


def start(means: np.ndarray, ends: np.ndarray) -> State:
    """A state from means [c, ...] and ends [m, 2, ...]."""
    return State(jnp.asarray(means, jnp.float32), jnp.asarray(ends, jnp.float32))


def random_starts(rng: np.random.Generator, n: int, components: int, reach: float = 2.0) -> State:
    """n starts with means ~ U[-1, 1], and as many intervals with the sorted ends ~ U[-reach, reach]."""
    return start(rng.uniform(-1, 1, (components, n)), _random_ends(rng, n, components, reach))


def grid_starts(rng: np.random.Generator, side: int, each: int, reach: float = 2.0) -> State:
    """Two means, each of `side` equally spaced values from -1 to 1, against `each` random pairs of intervals.

    side * side * each starts, the second mean running faster than the first; the intervals as of random_starts.
    """
    values = np.linspace(-1, 1, side)
    means = np.repeat(np.stack(np.meshgrid(values, values, indexing="ij")).reshape(2, -1), each, axis=1)
    return start(means, _random_ends(rng, means.shape[1], 2, reach))


def _random_ends(rng: np.random.Generator, n: int, components: int, reach: float) -> np.ndarray:
    """[components, 2, n]"""
    return np.sort(rng.uniform(-reach, reach, (2 * components, n)), axis=0).reshape(components, 2, n)


@jax.jit
def difference(
    x: Float[Numbers, "..."], target: Float[Numbers, " c"], means: Float[Numbers, "c ..."]
) -> Float[Array, "..."]:
    """f(x) = p_target(x) - p_generator(x); the last axes of x, if any, are those of the starts."""
    true = sum(stats.norm.pdf(x - mean) for mean in target)
    return jnp.asarray(true - sum(stats.norm.pdf(x - mean) for mean in means)) / len(means)


def loss(state: State, target: Float[Numbers, " c"]) -> Float[Array, "..."]:
    """L in closed form: one plus the mass of f in the intervals."""
    left, right = state.ends[:, 0], state.ends[:, 1]
    true = sum(stats.norm.cdf(right - mean) - stats.norm.cdf(left - mean) for mean in target)
    generated = sum(stats.norm.cdf(right - mean) - stats.norm.cdf(left - mean) for mean in state.means)
    return 1 + jnp.asarray(true - generated).sum(axis=0) / len(state.means)


@jax.jit
def gradients(state: State, target: Float[Numbers, " c"]) -> tuple[Float[Array, "c ..."], Float[Array, "m 2 ..."]]:
    """dL/dmeans and dL/dends in closed form."""
    f = difference(state.ends, target, state.means)
    left, right = state.ends[:, 0], state.ends[:, 1]
    pull = [(stats.norm.pdf(right - mean) - stats.norm.pdf(left - mean)).sum(axis=0) for mean in state.means]
    return jnp.stack(pull) / len(state.means), jnp.stack([-f[:, 0], f[:, 1]], axis=1)


@jax.jit
def optimal_ends(means: Float[Numbers, "c ..."], target: Float[Numbers, " c"]) -> tuple[Array, Array]:
    """Ends of the intervals where f is positive: all zeros of f.

    Returns:
      Zeros [cells, *n], and for each +1 if it is a right end, -1 if a left end, 0 if there is no zero in the cell.
    """
    low = jnp.minimum(jnp.min(means, axis=0), jnp.min(target)) - _MARGIN
    high = jnp.maximum(jnp.max(means, axis=0), jnp.max(target)) + _MARGIN
    x = low + (high - low) * jnp.linspace(0, 1, _GRID + 1).reshape(-1, *(1,) * (np.ndim(means) - 1))
    f = difference(x, target, means)
    left, right = x[:-1], x[1:]
    side = jnp.where((f[:-1] > 0) & (f[1:] <= 0), 1.0, jnp.where((f[:-1] <= 0) & (f[1:] > 0), -1.0, 0.0))
    zero = left + (right - left) * jnp.where(side == 0, 0.5, f[:-1] / jnp.where(side == 0, 1.0, f[:-1] - f[1:]))
    for _ in range(_NEWTON):
        slope = sum(-(zero - mean) * stats.norm.pdf(zero - mean) for mean in target)
        slope = (slope - sum(-(zero - mean) * stats.norm.pdf(zero - mean) for mean in means)) / len(means)
        step = difference(zero, target, means) / jnp.where(slope == 0, 1.0, slope)
        zero = jnp.clip(zero - jnp.where(side == 0, 0.0, step), left, right)
    return zero, side


def best_intervals(
    means: Float[Numbers, "c n"], target: Float[Numbers, " c"], *, intervals: int = 2
) -> Float[np.ndarray, "m 2 n"]:
    """The intervals where f is positive, from the left; outermost ends may be infinite, and NaN stands for no interval.

    intervals: room for so many; two Gaussians against two have no more than two.
    """
    zero, side = (np.asarray(part) for part in optimal_ends(means, target))
    found = np.full((zero.shape[1], 2 * intervals), np.nan)
    for row, zeros, sides in zip(found, zero.T, side.T, strict=True):
        at = np.flatnonzero(sides)
        if at.size:
            ends = [-np.inf] * bool(sides[at[0]] > 0) + list(zeros[at]) + [np.inf] * bool(sides[at[-1]] < 0)
            row[: len(ends)] = ends[: row.size]
    return found.T.reshape(intervals, 2, -1)


def shortfall(
    one: Float[np.ndarray, "c n"], other: Float[np.ndarray, "c n"], *, intervals: int = 2, cells: int = 4000
) -> tuple[Float[np.ndarray, " n"], float]:
    """Total variation of mixtures of unit Gaussians less what the best so many intervals attain.

    Both are sums of the masses of the intervals where one density is the larger, with ends where the difference of
    the densities changes its sign on a grid.

    Args:
      one, other: means of the mixtures.
      intervals: that the discriminator has.
      cells: of the grid, over all means and _MARGIN to both sides.

    Returns:
      What is missing [n], and how much an interval may hold that the grid did not see: below h^3 / 10 with h the
      largest step, since |f''| < .8.
    """
    means = np.concatenate([one, other])
    low, high = means.min(axis=0) - _MARGIN, means.max(axis=0) + _MARGIN
    short = np.zeros(means.shape[1])
    for i, (a, b) in enumerate(zip(low, high, strict=True)):
        x = np.linspace(a, b, cells + 1)[:, None]
        f = np.exp(-((x - one[:, i]) ** 2) / 2).sum(axis=1) - np.exp(-((x - other[:, i]) ** 2) / 2).sum(axis=1)
        mass = np.mean(special.ndtr(x - one[:, i]) - special.ndtr(x - other[:, i]), axis=1)
        edges = np.flatnonzero(np.diff(np.sign(f))) + 1
        held = np.diff(np.concatenate([[0.0], mass[edges], [0.0]]))
        short[i] = np.sort(np.maximum(held, 0))[: max(len(held) - intervals, 0)].sum()
    return short, float(np.max(high - low) / cells) ** 3 / 10


def negative(state: State, target: Float[Numbers, " c"], points: int = 65) -> np.ndarray:
    """Which intervals [m, n] lie wholly where f < 0."""
    left, right = state.ends[:, 0], state.ends[:, 1]
    x = left + (right - left) * jnp.linspace(0, 1, points)[:, None, None]
    return np.asarray((difference(x, target, state.means) < 0).all(axis=0))


def gone(state: State) -> np.ndarray:
    """Which intervals [m, ...] have met ends."""
    return np.asarray(state.ends[:, 0] >= state.ends[:, 1])


def outcomes(final: State, target: Float[Numbers, " c"], *, within: float = 0.1) -> np.ndarray:
    """Which of OUTCOMES each start [n] of a `run` came to, as its index.

    Converged: all means within `within` of the target's, in either order. Else collapsed: the means within `within` of
    one another. Else vanished: no interval is left. Else elsewhere.
    """
    means = np.asarray(final.means)
    error = np.abs(np.sort(means, axis=0) - np.sort(np.asarray(target))[:, None]).max(axis=0)
    together = (np.ptp(means, axis=0) < within) & (len(means) > 1)
    return np.select([error < within, together, gone(final).all(axis=0)], [0, 1, 2], default=3)


@functools.partial(jax.jit, static_argnames=("dynamics", "steps", "unrolled", "rule", "fixed", "path"))
def run(
    state: State,
    target: Float[Numbers, " c"],
    *,
    dynamics: str,
    steps: int,
    rate: float = 0.1,
    unrolled: int = 5,
    rule: bool = True,
    fixed: bool = False,
    path: bool = False,
) -> State:
    """All starts [..., n] through so many steps, in one program.

    Args:
      state: starts along the last axis.
      target: means of the target.
      dynamics: "optimal" (the generator descends against the best discriminator), "first order" (both take one step
        from the old values), or "unrolled" (the generator's gradient goes through `unrolled` steps of the
        discriminator; Metz et al. 2017, arXiv:1611.02163).
      rate: step size of both players.
      rule: ends that meet or cross are put at their midpoint, and stay there while f < 0. False lets them cross.
      fixed: the generator stands still.
      path: give the state after every step, the step as the leading axis, beginning with the start.
    """

    def after_discriminator(state: State) -> State:
        ends = state.ends + rate * gradients(state, target)[1]
        if rule:
            ends = jnp.where(ends[:, :1] >= ends[:, 1:], ends.mean(axis=1, keepdims=True), ends)
        return state._replace(ends=ends)

    def against_unrolled(means: Array, state: State) -> Array:
        ahead = state._replace(means=means)
        for _ in range(unrolled):
            ahead = after_discriminator(ahead)
        return loss(ahead, target).sum()  # starts don't meet: the gradient of the sum is each one's own

    def step(state: State) -> State:
        if dynamics == "optimal":
            zero, side = optimal_ends(state.means, target)
            pull = jnp.stack([(side * stats.norm.pdf(zero - mean)).sum(axis=0) for mean in state.means])
            return state._replace(means=state.means - rate * pull / len(state.means))
        if dynamics == "unrolled":
            by_means = jax.grad(against_unrolled)(state.means, state)
        else:
            by_means = gradients(state, target)[0]
        moved = after_discriminator(state)
        return moved if fixed else moved._replace(means=state.means - rate * by_means)

    def once(state: State, _: None) -> tuple[State, State | None]:
        after = step(state)
        return after, after if path else None

    final, states = jax.lax.scan(once, state, length=steps)
    if not path:
        return final
    return jax.tree.map(lambda first, rest: jnp.concatenate([first[None], rest]), state, states)

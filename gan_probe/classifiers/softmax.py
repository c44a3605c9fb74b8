"""Softmax regression with a ridge, solved to a gradient tolerance by conjugate gradients in the span of the rows.

The optimum of a ridge-penalised affine softmax lies in the span of the rows, W = X^T A^T (representer theorem), so the
solver works on coefficients A [c, n] and their logits A K, K = X X^T. A step costs one product with K, which is kept
as a matrix where rows are fewer than features and applied as (R X) X^T otherwise. The line search costs none: logits
are affine in the step. All models share that product, which reads the rows once for all of them; as soon as half of
them have ended the others go on alone. Classes lead and rows are contiguous, for sums over a few classes would not
vectorise.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["Solution", "product", "solve"]

Product = Callable[[jax.Array], jax.Array]

_SEARCH_STEPS = 20
_CURVATURE = 0.1  # the slope that a line search leaves, as a share of the first one
_FEW = 8  # models that are not parted: reading the matrix is what takes the time


class Solution(NamedTuple):
    """Of m models. coefficients: float32 [m, c, n] of W = X^T A^T. logits: float32 [m, c, n].
    gradient_norm: float32 [m], in nats, measured anew at the end. steps: int32 [m]."""

    coefficients: jax.Array
    logits: jax.Array
    gradient_norm: jax.Array
    steps: jax.Array


class _State(NamedTuple):
    """Coefficients, gradient and direction, each beside its product with K; chance: [c, n] softmax of the logits ka;
    norm2: squared norm of the gradient."""

    a: jax.Array
    ka: jax.Array
    g: jax.Array
    kg: jax.Array
    p: jax.Array
    kp: jax.Array
    chance: jax.Array
    norm2: jax.Array
    steps: jax.Array


def product(rows: jax.Array, gram: bool) -> Product:
    """R [c, n] -> R K for R that sums to 0 over the classes. `rows` is K itself [n, n] where `gram`, else X [n, d]."""

    def dot(x, y):
        return jnp.matmul(x, y, precision=lax.Precision.HIGHEST)

    def times_k(r):
        but_last = dot(r[:-1], rows) if gram else dot(dot(r[:-1], rows), rows.T)
        return jnp.concatenate([but_last, -but_last.sum(axis=0, keepdims=True)])

    return times_k


def solve(
    times_k: Product,
    target: jax.Array,
    weights: jax.Array,
    ridge: jax.Array,
    tolerance: jax.Array,
    max_steps: jax.Array,
    each: Callable[[], None] | None = None,
) -> Solution:
    """Minimise sum_i w_i CE(y_i, softmax(x_i W)) + ridge/2 |W|^2 until the gradient's norm is at most `tolerance`.

    The objective is then within tolerance^2 / (2 ridge) nats of its least value.

    Args:
      times_k: see product; gradients sum to 0 over the classes.
      target: float32 [c, n], one-hot classes.
      weights: float32 [m, n] of m models, each of sum 1.
      each: called on the host after every step.

    Source: Polak and Ribiere 1969; Nocedal and Wright 2006, section 5.2 (PR+, restarted where it would not descend).
    """

    def gradient(w, a, ka, chance):
        residual = w * (chance - target)
        return residual + ridge * a, times_k(residual) + ridge * ka

    def begin(w: jax.Array) -> _State:
        zero = jnp.zeros_like(target)
        chance = jnp.full_like(target, 1 / len(target))
        g, kg = gradient(w, zero, zero, chance)
        return _State(zero, zero, g, kg, -g, -kg, chance, jnp.vdot(g, kg), jnp.zeros((), jnp.int32))

    def step(w: jax.Array, s: _State) -> _State:
        t, chance = _search(s, target, w, ridge)
        a, ka = s.a + t * s.p, s.ka + t * s.kp
        g, kg = gradient(w, a, ka, chance)
        norm2 = jnp.vdot(g, kg)
        beta = jnp.maximum(0.0, (norm2 - jnp.vdot(s.g, kg)) / s.norm2)
        beta = jnp.where(jnp.vdot(s.p, kg) * beta < norm2, beta, 0.0)
        return _State(a, ka, g, kg, beta * s.p - g, beta * s.kp - kg, chance, norm2, s.steps + 1)

    def unfinished(s: _State) -> jax.Array:
        # Half of it: what rounding adds to the carried products is then seen to stay below it at the end.
        return (s.norm2 > (tolerance / 2) ** 2) & (s.steps < max_steps)

    def end(w: jax.Array, s: _State) -> Solution:
        logits = times_k(s.a)
        g, kg = gradient(w, s.a, logits, jax.nn.softmax(logits, axis=0))
        return Solution(s.a, logits, jnp.sqrt(jnp.maximum(jnp.vdot(g, kg), 0.0)), s.steps)

    state = _together(jax.vmap(step), unfinished, weights, jax.vmap(begin)(weights), each)
    return jax.vmap(end)(weights, state)


def _together(
    step: Callable[[jax.Array, _State], _State],
    unfinished: Callable[[_State], jax.Array],
    weights: jax.Array,
    state: _State,
    each: Callable[[], None] | None,
) -> _State:
    """Steps of m models until none is unfinished; once half of them are finished the others go on alone."""

    def take(rows: jax.Array, of: Any) -> Any:
        return jax.tree.map(lambda leaf: leaf[rows], of)

    def advance(s: _State) -> _State:
        going, new = unfinished(s), step(weights, s)
        if each is not None:
            jax.debug.callback(each)
        return jax.tree.map(lambda a, b: jnp.where(going.reshape(-1, *[1] * (a.ndim - 1)), b, a), s, new)

    m = len(weights)
    stay = m // 2 if m > _FEW else 0
    state = lax.while_loop(lambda s: jnp.sum(unfinished(s)) > stay, advance, state)
    if not stay:
        return state
    rows = jnp.argsort(~unfinished(state), stable=True)[:stay]
    rest = _together(step, unfinished, weights[rows], take(rows, state), each)
    return jax.tree.map(lambda all_, some: all_.at[rows].set(some), state, rest)


def _search(s: _State, target: jax.Array, weights: jax.Array, ridge: jax.Array) -> tuple[jax.Array, jax.Array]:
    """A step along p where the slope is small, and the chances there: Newton's method kept inside a bracket."""
    aimed = jnp.sum(weights * target * s.kp)
    linear, square = ridge * jnp.vdot(s.a, s.kp), ridge * jnp.vdot(s.p, s.kp)

    def slopes(chance, t):
        mean = jnp.sum(chance * s.kp, axis=0)
        first = jnp.sum(weights * mean) - aimed + linear + t * square
        second = jnp.sum(weights * (jnp.sum(chance * s.kp**2, axis=0) - mean**2)) + square
        return first, second

    first, second = slopes(s.chance, 0.0)

    def unfinished(carry):
        _, _, _, _, slope, _, k = carry
        return (jnp.abs(slope) > _CURVATURE * jnp.abs(first)) & (k < _SEARCH_STEPS)

    def step(carry):
        t, _, low, high, slope, curvature, k = carry
        low, high = jnp.where(slope <= 0, t, low), jnp.where(slope > 0, t, high)
        guess = t - slope / curvature
        t = jnp.where((guess > low) & (guess < high), guess, (low + high) / 2)
        chance = jax.nn.softmax(s.ka + t * s.kp, axis=0)
        return t, chance, low, high, *slopes(chance, t), k + 1

    zero = jnp.zeros(())
    start = (zero, s.chance, zero, jnp.asarray(jnp.inf), first, second, jnp.zeros((), jnp.int32))
    t, chance, *_ = lax.while_loop(unfinished, step, start)
    return t, chance

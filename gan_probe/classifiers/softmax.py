"""Softmax regression with a ridge, solved to a gradient tolerance by conjugate gradients in the span of the rows.

The optimum of a ridge-penalised affine softmax lies in the span of the rows, W = X^T A^T (representer theorem), so the
solver works on coefficients A [c, n] and their logits A K, K = X X^T. A step costs one product with K, which is kept
as a matrix where rows are fewer than features and applied as (R X) X^T otherwise. The line search costs none: logits
are affine in the step. Under vmap all models share that product, which reads the rows once for all of them. Classes
lead and rows are contiguous, for sums over a few classes would not vectorise.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["Solution", "product", "solve"]

Product = Callable[[jax.Array], jax.Array]

_SEARCH_STEPS = 20
_CURVATURE = 0.1  # the slope that a line search leaves, as a share of the first one


class Solution(NamedTuple):
    """coefficients: float32 [c, n] of W = X^T A^T. logits: float32 [c, n].
    gradient_norm: float32, in nats, measured anew at the end. steps: int32."""

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
) -> Solution:
    """Minimise sum_i w_i CE(y_i, softmax(x_i W)) + ridge/2 |W|^2 until the gradient's norm is at most `tolerance`.

    The objective is then within tolerance^2 / (2 ridge) nats of its least value.

    Args:
      times_k: see product; gradients sum to 0 over the classes.
      target: float32 [c, n], one-hot classes.
      weights: float32 [n], sum 1.

    Source: Polak and Ribiere 1969; Nocedal and Wright 2006, section 5.2 (PR+, restarted where it would not descend).
    """

    def gradient(a, ka, chance):
        residual = weights * (chance - target)
        return residual + ridge * a, times_k(residual) + ridge * ka

    def step(s: _State) -> _State:
        t, chance = _search(s, target, weights, ridge)
        a, ka = s.a + t * s.p, s.ka + t * s.kp
        g, kg = gradient(a, ka, chance)
        norm2 = jnp.vdot(g, kg)
        beta = jnp.maximum(0.0, (norm2 - jnp.vdot(s.g, kg)) / s.norm2)
        beta = jnp.where(jnp.vdot(s.p, kg) * beta < norm2, beta, 0.0)
        return _State(a, ka, g, kg, beta * s.p - g, beta * s.kp - kg, chance, norm2, s.steps + 1)

    def unfinished(s: _State) -> jax.Array:
        # Half of it: what rounding adds to the carried products is then seen to stay below it at the end.
        return (s.norm2 > (tolerance / 2) ** 2) & (s.steps < max_steps)

    zero = jnp.zeros_like(target)
    chance = jnp.full_like(target, 1 / len(target))
    g, kg = gradient(zero, zero, chance)
    start = _State(zero, zero, g, kg, -g, -kg, chance, jnp.vdot(g, kg), jnp.zeros((), jnp.int32))
    end = lax.while_loop(unfinished, step, start)
    logits = times_k(end.a)
    g, kg = gradient(end.a, logits, jax.nn.softmax(logits, axis=0))
    return Solution(end.a, logits, jnp.sqrt(jnp.maximum(jnp.vdot(g, kg), 0.0)), end.steps)


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

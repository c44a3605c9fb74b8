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
import numpy as np
from jax import lax

__all__ = ["Solution", "contrasts", "product", "solve"]

Product = Callable[[jax.Array], jax.Array]

_SEARCH_STEPS = 20
_CURVATURE = 0.1  # the slope that a line search leaves, as a share of the first one


class Solution(NamedTuple):
    """coefficients: float32 [c - 1, n] of W = X^T A^T B^T, B the contrasts. logits: float32 [c - 1, n], in contrasts.
    gradient_norm: float32, in nats, measured anew at the end. steps: int32."""

    coefficients: jax.Array
    logits: jax.Array
    gradient_norm: jax.Array
    steps: jax.Array


class _State(NamedTuple):
    """Coefficients, gradient and direction, each beside its product with K; norm2: squared norm of the gradient."""

    a: jax.Array
    ka: jax.Array
    g: jax.Array
    kg: jax.Array
    p: jax.Array
    kp: jax.Array
    norm2: jax.Array
    steps: jax.Array


def contrasts(classes: int) -> np.ndarray:
    """float32 [c, c - 1]: an orthonormal basis of what sums to zero over the classes, where the optimum lies."""
    return np.linalg.qr(np.eye(classes) - 1 / classes)[0][:, :-1].astype(np.float32)


def product(rows: jax.Array, gram: bool) -> Product:
    """R [k, n] -> R K. `rows` is K itself [n, n] where `gram`, else X [n, d]."""
    dot = lambda x, y: jnp.matmul(x, y, precision=lax.Precision.HIGHEST)  # noqa: E731
    return (lambda r: dot(r, rows)) if gram else (lambda r: dot(dot(r, rows), rows.T))


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
      times_k: R -> R K.
      target: float32 [c, n], one-hot classes.
      weights: float32 [n], sum 1.

    Source: Polak and Ribiere 1969; Nocedal and Wright 2006, section 5.2 (PR+, restarted where it would not descend).
    """
    basis = jnp.asarray(contrasts(len(target)))

    def gradient(a, ka):
        residual = weights * (basis.T @ (jax.nn.softmax(basis @ ka, axis=0) - target))
        return residual + ridge * a, times_k(residual) + ridge * ka

    def step(s: _State) -> _State:
        t = _search(s, target, weights, ridge, basis, jnp.where(unfinished(s), _SEARCH_STEPS, 0))
        a, ka = s.a + t * s.p, s.ka + t * s.kp
        g, kg = gradient(a, ka)
        norm2 = jnp.vdot(g, kg)
        beta = jnp.maximum(0.0, (norm2 - jnp.vdot(s.g, kg)) / s.norm2)
        beta = jnp.where(jnp.vdot(s.p, kg) * beta < norm2, beta, 0.0)
        return _State(a, ka, g, kg, beta * s.p - g, beta * s.kp - kg, norm2, s.steps + 1)

    def unfinished(s: _State) -> jax.Array:
        # Half of it: what rounding adds to the carried products is then seen to stay below it at the end.
        return (s.norm2 > (tolerance / 2) ** 2) & (s.steps < max_steps)

    zero = jnp.zeros((basis.shape[1], target.shape[1]), jnp.float32)
    g, kg = gradient(zero, zero)
    start = _State(zero, zero, g, kg, -g, -kg, jnp.vdot(g, kg), jnp.zeros((), jnp.int32))
    end = lax.while_loop(unfinished, step, start)
    logits = times_k(end.a)
    g, kg = gradient(end.a, logits)
    return Solution(end.a, logits, jnp.sqrt(jnp.maximum(jnp.vdot(g, kg), 0.0)), end.steps)


def _search(
    s: _State, target: jax.Array, weights: jax.Array, ridge: jax.Array, basis: jax.Array, most: jax.Array
) -> jax.Array:
    """A step along p where the slope is small: Newton's method in one variable, kept inside a bracket.

    `most` evaluations: none for a model that is finished but goes along with others under vmap.
    """
    logits, change = basis @ s.ka, basis @ s.kp
    aimed = jnp.sum(target * change, axis=0)
    linear, square = ridge * jnp.vdot(s.a, s.kp), ridge * jnp.vdot(s.p, s.kp)

    def slopes(t):
        p = jax.nn.softmax(logits + t * change, axis=0)
        mean = jnp.sum(p * change, axis=0)
        first = jnp.sum(weights * (mean - aimed)) + linear + t * square
        second = jnp.sum(weights * (jnp.sum(p * change**2, axis=0) - mean**2)) + square
        return first, second

    first, second = slopes(jnp.zeros(()))

    def unfinished(carry):
        _, _, _, slope, _, k = carry
        return (jnp.abs(slope) > _CURVATURE * jnp.abs(first)) & (k < most)

    def step(carry):
        t, low, high, slope, curvature, k = carry
        low, high = jnp.where(slope <= 0, t, low), jnp.where(slope > 0, t, high)
        guess = t - slope / curvature
        t = jnp.where((guess > low) & (guess < high), guess, (low + high) / 2)
        return t, low, high, *slopes(t), k + 1

    start = (jnp.zeros(()), jnp.zeros(()), jnp.asarray(jnp.inf), first, second, jnp.zeros((), jnp.int32))
    return lax.while_loop(unfinished, step, start)[0]

"""Multinomial logistic regression, one model or many on one shared matrix: subsets are whole weights of its rows.

Softmax of an affine map with a ridge on all of its parameters, so that exactly one optimum exists, also for separable
data and for classes without a row. Features are centred and divided by one global scale that makes their mean squared
norm 1 (not one a feature, which would blow up the nearly constant pixels at the border of an image), so that a ridge
means the same for 8x8 and for 64x64 images, in [0, 1] and in 0..255. At the default one, held-out accuracy is flat on
8x8 digits, on MNIST and on faces. A loss is a weighted mean: rows that are all repeated k times change nothing.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike

from gan_probe import types
from gan_probe.classifiers import softmax

__all__ = ["RIDGE", "TOLERANCE", "Linear", "Units", "fit", "fit_many", "logits", "predict", "units"]

RIDGE = 5e-5
TOLERANCE = 1e-4
_ROWS = 2048  # rows on the device at a time
_TILE = 512  # rows of a block of the Gram matrix, of which half is computed


class Units(NamedTuple):
    """centre: float32 [d] mean of some rows. scale: float32, root of their mean squared distance from it."""

    centre: np.ndarray
    scale: np.float32


class Linear(NamedTuple):
    """Fitted classifiers with c classes over d features; `fit` gives one, without the axis of m models.

    weights, bias: float32 [m, d, c], [m, c], of the standardised features (x - centre) / scale.
    centre, scale: see Units.
    accuracy: float32 [m], weighted share of its own rows that a model classifies rightly.
    converged: bool [m], whether gradient_norm reached the tolerance.
    gradient_norm: float32 [m] Euclidean norm of the gradient of the objective (nats) at the end.
    steps: int32 [m] number of conjugate-gradient steps taken.
    """

    weights: jax.Array
    bias: jax.Array
    centre: jax.Array
    scale: jax.Array
    accuracy: jax.Array
    converged: jax.Array
    gradient_norm: jax.Array
    steps: jax.Array


def fit(
    features: ArrayLike,
    labels: ArrayLike,
    classes: int,
    *,
    ridge: float = RIDGE,
    tolerance: float = TOLERANCE,
    max_steps: int = 2000,
    each: Callable[[], None] | None = None,
) -> Linear:
    """Minimise mean cross-entropy + ridge/2 (|weights|^2 + |bias|^2): `fit_many` with one model and equal weights."""
    one = np.ones((1, len(np.asarray(labels))), np.int32)
    many = fit_many(features, labels, one, classes, ridge=ridge, tolerance=tolerance, max_steps=max_steps, each=each)
    return Linear(*(v if name in ("centre", "scale") else v[0] for name, v in many._asdict().items()))


def fit_many(
    features: ArrayLike,
    labels: ArrayLike,
    counts: ArrayLike,
    classes: int,
    *,
    within: Units | None = None,
    ridge: float = RIDGE,
    tolerance: float = TOLERANCE,
    max_steps: int = 2000,
    each: Callable[[], None] | None = None,
) -> Linear:
    """m models at once: each minimises its weighted mean cross-entropy + ridge/2 (|weights|^2 + |bias|^2).

    The objective is strongly convex: it ends within tolerance^2 / (2 ridge) nats of its optimum. With fewer rows than
    features only their Gram matrix [n, n] and blocks of rows are on the device, else the rows as a whole.

    Args:
      features: float32 [n, d]; may be a memmap.
      labels: int [n], 0 <= label < classes.
      counts: int [m, n], how often each row stands in the set of each model; every model has some row.
      classes: number of classes c >= 2; some may have no row.
      within: units of the features; those of the n rows by default.
      ridge: strength of the penalty, > 0, in nats.
      tolerance: gradient norm at which to stop; float32 sums reach about 1e-5.
      max_steps: most steps.
      each: called after every step; each other one has the program compiled anew.

    Raises:
      UserError: labels and features do not fit together, or a label is out of range.
    """
    x = np.asarray(features, np.float32)
    _check(x, np.asarray(labels), classes)
    within = units(x) if within is None else within
    gram = len(x) < x.shape[1]
    rows = _gram(x, within) if gram else _with_ones(x, within)
    share = np.asarray(counts, np.float32)
    share = share / share.sum(axis=1, keepdims=True)
    target = np.eye(classes, dtype=np.float32)[:, np.asarray(labels)]
    numbers = (np.float32(ridge), np.float32(tolerance), np.int32(max_steps))
    solution, accuracy = _solve(rows, target, share, *numbers, gram=gram, each=each)
    weights, bias = _parameters(x, within, solution.coefficients)
    norm = solution.gradient_norm
    return Linear(
        weights, bias, jnp.asarray(within.centre), jnp.asarray(within.scale), accuracy, norm <= tolerance, norm,
        solution.steps,
    )  # fmt: skip


def units(features: np.ndarray) -> Units:
    """The units in which these rows have mean 0 and mean squared norm 1, summed in float64."""
    total = np.zeros(features.shape[1])
    for start in range(0, len(features), _ROWS):
        total += features[start : start + _ROWS].sum(axis=0, dtype=np.float64)
    centre = total / len(features)
    square = 0.0
    for start in range(0, len(features), _ROWS):
        square += float(np.sum((features[start : start + _ROWS] - centre) ** 2))
    scale = np.sqrt(square / len(features))
    return Units(centre.astype(np.float32), np.float32(scale if scale > 0 else 1.0))


def logits(linear: Linear, features: ArrayLike) -> jax.Array:
    """Unnormalised log probabilities, float32 [n, c], or [m, n, c] of many models."""
    x = np.asarray(features)
    blocks = [_affine(linear, np.asarray(x[at : at + _ROWS], np.float32)) for at in range(0, len(x), _ROWS)]
    return jnp.concatenate(blocks, axis=-2)


def predict(linear: Linear, features: ArrayLike) -> jax.Array:
    """The likeliest class of each row, int32 [n] or [m, n]; the lowest index wins a tie."""
    return jnp.argmax(logits(linear, features), axis=-1).astype(jnp.int32)


@functools.partial(jax.jit, static_argnames=("gram", "each"))
def _solve(rows, target, weights, ridge, tolerance, max_steps, *, gram, each=None):
    times_k = softmax.product(rows, gram)
    solution = softmax.solve(times_k, target, weights, ridge, tolerance, max_steps, each)
    found = jnp.argmax(solution.logits, axis=1)
    return solution, jnp.sum(jnp.where(found == jnp.argmax(target, axis=0), weights, 0.0), axis=1)


@jax.jit
def _standardised(x, centre, scale):
    return (x - centre) / scale


@jax.jit
def _dots(x, y):
    """Products of rows, 1 added for the bias."""
    return jnp.matmul(x, y.T, precision=lax.Precision.HIGHEST) + 1.0


@jax.jit
def _affine(linear: Linear, x: jax.Array) -> jax.Array:
    x = (x - linear.centre) / linear.scale
    return jnp.matmul(x, linear.weights, precision=lax.Precision.HIGHEST) + linear.bias[..., None, :]


def _gram(x: np.ndarray, within: Units) -> jax.Array:
    """float32 [n, n], block by block: the device holds two blocks of rows at a time."""
    starts = range(0, len(x), _TILE)
    rows = []
    for i in starts:
        left = _standardised(x[i : i + _TILE], *within)
        rows.append(
            [_dots(left, left if j == i else _standardised(x[j : j + _TILE], *within)) for j in starts if j <= i]
        )
    return jnp.block([[rows[i][j] if j <= i else rows[j][i].T for j in range(len(rows))] for i in range(len(rows))])


def _with_ones(x: np.ndarray, within: Units) -> jax.Array:
    """float32 [n, d + 1]: standardised rows with a one for the bias."""
    return jnp.pad(_standardised(x, *within), ((0, 0), (0, 1)), constant_values=1.0)


def _parameters(x: np.ndarray, within: Units, coefficients: jax.Array) -> tuple[jax.Array, jax.Array]:
    """weights [m, d, c] = X^T A^T and bias [m, c] from coefficients A [m, c, n]."""
    held = np.asarray(coefficients)  # each slice of an array of JAX would be a program of its own
    weights = jnp.zeros((len(coefficients), x.shape[1], coefficients.shape[1]))
    for start in range(0, len(x), _ROWS):
        at = slice(start, start + _ROWS)
        weights += _combine(_standardised(x[at], *within), held[:, :, at])
    return weights, coefficients.sum(axis=2)


@jax.jit
def _combine(x, coefficients):
    return jnp.einsum("nd,mkn->mdk", x, coefficients, precision=lax.Precision.HIGHEST)


def _check(features: np.ndarray, labels: np.ndarray, classes: int) -> None:
    if features.ndim != 2 or labels.shape != features.shape[:1]:
        raise types.UserError(
            f"labels of shape {labels.shape} do not fit features of shape {features.shape}: give one label a row"
        )
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if wrong.size:
        raise types.UserError(
            f"label {labels[wrong[0]]} of row {wrong[0]} is outside 0..{classes - 1}: number the classes from 0"
        )

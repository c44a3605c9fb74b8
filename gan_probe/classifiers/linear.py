"""Multinomial logistic regression: the quick annotator that names the class of unlabelled samples.

Softmax of an affine map with a ridge on all of its parameters, so that exactly one optimum exists, also for separable
data and for classes without a row. Features are centred and divided by one global scale (not one a feature, which would
blow up the nearly constant pixels at the border of an image), so that the ridge means the same for pixels in [0, 1] and
in 0..255. The default ridge is where held-out accuracy is flat on 8x8 digits and on MNIST.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from jax.typing import ArrayLike

from gan_probe import types

__all__ = ["Linear", "fit", "logits", "predict"]


class Linear(NamedTuple):
    """A fitted classifier with c classes over d features.

    weights, bias: float32 [d, c], [c], of the standardised features (x - centre) / scale.
    centre: float32 [d] mean of the training rows.   scale: float32 root of the mean variance of a feature.
    converged: bool, whether gradient_norm reached the tolerance.
    gradient_norm: float32 Euclidean norm of the gradient of the objective (nats) at the end.
    steps: int32 number of quasi-Newton steps taken.
    """

    weights: jax.Array
    bias: jax.Array
    centre: jax.Array
    scale: jax.Array
    converged: jax.Array
    gradient_norm: jax.Array
    steps: jax.Array


def fit(
    features: ArrayLike,
    labels: ArrayLike,
    classes: int,
    *,
    ridge: float = 3e-3,
    tolerance: float = 1e-4,
    max_steps: int = 1000,
) -> Linear:
    """Minimise mean cross-entropy + ridge/2 (|weights|^2 + |bias|^2) by full-batch L-BFGS.

    The objective is strongly convex with modulus `ridge`: parameters end within gradient_norm / ridge of the optimum.

    Args:
      features: float32 [n, d], held on the device as a whole.
      labels: int [n], 0 <= label < classes.
      classes: number of classes c >= 2; some may have no row.
      ridge: strength of the penalty, > 0, in nats.
      tolerance: gradient norm at which to stop; float32 sums reach about 2e-6.
      max_steps: most quasi-Newton steps.

    Raises:
      UserError: labels and features do not fit together, or a label is out of range.

    Source: Liu and Nocedal 1989, On the limited memory BFGS method; Nocedal and Wright 2006, algorithms 3.1 and 7.5.
    """
    features = jnp.asarray(features, jnp.float32)
    _check(features, np.asarray(labels), classes)
    return _fit(features, jnp.asarray(labels, jnp.int32), classes, ridge, tolerance, max_steps)


@jax.jit
def logits(linear: Linear, features: ArrayLike) -> jax.Array:
    """Unnormalised log probabilities, float32 [n, c]."""
    x = (jnp.asarray(features, jnp.float32) - linear.centre) / linear.scale
    return _affine(linear.weights, linear.bias, x)


def predict(linear: Linear, features: ArrayLike) -> jax.Array:
    """The likeliest class of each row, int32 [n]; the lowest index wins a tie."""
    return jnp.argmax(logits(linear, features), axis=1).astype(jnp.int32)


@jax.jit(static_argnames="classes")
def _fit(features, labels, classes, ridge, tolerance, max_steps) -> Linear:
    centre = features.mean(axis=0)
    x = features - centre
    scale = jnp.sqrt(jnp.mean(x * x))
    scale = jnp.where(scale > 0, scale, jnp.ones_like(scale))
    x = x / scale

    def objective(parameters):
        loss = optax.softmax_cross_entropy_with_integer_labels(_affine(*parameters, x), labels).mean()
        return loss + ridge / 2 * optax.tree.norm(parameters, squared=True)

    # Backtracking suffices: strong convexity keeps the curvature positive. `rtol` lets it end in float32's noise.
    search = optax.scale_by_backtracking_linesearch(
        max_backtracking_steps=20, decrease_factor=0.5, increase_factor=np.inf, rtol=1e-6, store_grad=True
    )
    solver = optax.lbfgs(memory_size=20, linesearch=search)
    value_and_grad = optax.value_and_grad_from_state(objective)

    def step(carry):
        parameters, state, _, steps = carry
        value, grad = value_and_grad(parameters, state=state)
        updates, state = solver.update(grad, state, parameters, value=value, grad=grad, value_fn=objective)
        parameters = optax.apply_updates(parameters, updates)
        return parameters, state, optax.tree.norm(optax.tree.get(state, "grad")), steps + 1

    def unfinished(carry):
        _, _, gradient_norm, steps = carry
        return (gradient_norm > tolerance) & (steps < max_steps)

    zeros = (jnp.zeros((x.shape[1], classes)), jnp.zeros(classes))
    start = (zeros, solver.init(zeros), jnp.asarray(jnp.inf), jnp.asarray(0, jnp.int32))
    (weights, bias), _, gradient_norm, steps = lax.while_loop(unfinished, step, start)
    return Linear(weights, bias, centre, scale, gradient_norm <= tolerance, gradient_norm, steps)


def _affine(weights: jax.Array, bias: jax.Array, x: jax.Array) -> jax.Array:
    return jnp.matmul(x, weights, precision=lax.Precision.HIGHEST) + bias


def _check(features: jax.Array, labels: np.ndarray, classes: int) -> None:
    if features.ndim != 2 or labels.shape != features.shape[:1]:
        raise types.UserError(
            f"labels of shape {labels.shape} do not fit features of shape {features.shape}: give one label a row"
        )
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if wrong.size:
        raise types.UserError(
            f"label {labels[wrong[0]]} of row {wrong[0]} is outside 0..{classes - 1}: number the classes from 0"
        )

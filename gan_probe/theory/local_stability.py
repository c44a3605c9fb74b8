"""Is the equilibrium of a smooth GAN locally stable? Eigenvalues of the Jacobian of its gradient dynamics.

Nagarajan and Kolter 2017 (arXiv:1706.04156; paper 002, section 1): simultaneous gradient descent and ascent is locally
exponentially stable where all eigenvalues have a negative real part. Their example: the target is U[-1, 1], the
generator a z with z ~ U[-1, 1], the discriminator w x^2, the value E f(w x^2) + E f(-w (a z)^2).
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

__all__ = ["EQUILIBRIUM", "VALUES", "eigenvalues", "flow", "value"]

EQUILIBRIUM = (1.0, 0.0)
"""a and w at which the generator equals the target and the discriminator tells nothing."""

VALUES: dict[str, Callable[[Array], Array]] = {
    "JS": lambda t: -jnp.logaddexp(0.0, -t),  # the original loss: f(t) = -log(1 + exp(-t))
    "Wasserstein": lambda t: t,
}

# Gauss-Legendre: exact for polynomials of degree 31, and f of a small w is nearly one.
_NODES, _WEIGHTS = (jnp.asarray(a, jnp.float32) for a in np.polynomial.legendre.leggauss(16))


def value(point: Float[Array, " 2"], f: Callable[[Array], Array]) -> Float[Array, ""]:
    """V(a, w), what the discriminator ascends and the generator descends."""
    a, w = point
    squares = _NODES**2
    return (_WEIGHTS / 2 * (f(w * squares) + f(-w * a**2 * squares))).sum()


def flow(point: Float[Array, " 2"], f: Callable[[Array], Array], damping: float = 0.0) -> Float[Array, " 2"]:
    """(da/dt, dw/dt); `damping` adds Nagarajan and Kolter's regulariser, damping |dV/dw|^2, to the generator's loss."""

    def generator_loss(point: Array) -> Array:
        return value(point, f) + damping * jax.grad(value)(point, f)[1] ** 2

    return jnp.stack([-jax.grad(generator_loss)(point)[0], jax.grad(value)(point, f)[1]])


def eigenvalues(f: Callable[[Array], Array], damping: float = 0.0) -> np.ndarray:
    """Eigenvalues of the flow's Jacobian at EQUILIBRIUM, complex [2]."""
    jacobian = jax.jacobian(flow)(jnp.asarray(EQUILIBRIUM), f, damping)
    return np.linalg.eigvals(np.asarray(jacobian, np.float64))

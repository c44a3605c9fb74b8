"""Powers of two of numbers that don't exceed 0 by much, at half the price of XLA:CPU's exponential."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

__all__ = ["LOG2_E", "exp2"]

LOG2_E = float(np.log2(np.e))
"""exp(x) = exp2(LOG2_E x)"""

_COEFFICIENTS = (1.0, 0.6931468559, 0.2402223800, 0.05550892952, 0.009671697938, 0.001321867248)
"""Of 2^f on [-1/2, 1/2], exact at 0: least squares of the relative error, at most 1.1e-7, at Chebyshev's nodes."""


def exp2(t: Float[Array, "..."]) -> Float[Array, "..."]:
    """2^t for -126 <= t < 127, to 3e-7 of itself; 0 for t <= -127, and less than the least normal number between.

    On CPUs 2^(n + f), n the nearest whole number: n goes to the exponent of the float that a polynomial gives for 2^f.
    """
    if jax.default_backend() != "cpu":
        return jnp.exp2(t)
    t = jnp.maximum(t, np.float32(-127))
    n = jnp.round(t)
    f = t - n
    p = jnp.full_like(f, np.float32(_COEFFICIENTS[-1]))
    for coefficient in _COEFFICIENTS[-2::-1]:
        p = p * f + np.float32(coefficient)
    bits = lax.bitcast_convert_type(p, jnp.int32) + (n.astype(jnp.int32) << 23)
    return lax.bitcast_convert_type(bits, jnp.float32)

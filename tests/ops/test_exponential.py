import jax
import jax.numpy as jnp
import numpy as np

from gan_probe.ops import exponential


def test_powers_of_two_against_float64():
    t = np.concatenate([np.linspace(-126, 126, 300_001), -np.logspace(-30, 2, 5_000)]).astype(np.float32)
    found = np.asarray(jax.jit(exponential.exp2)(jnp.asarray(t)), np.float64)
    np.testing.assert_allclose(found, np.exp2(t.astype(np.float64)), rtol=3e-7)
    assert exponential.exp2(jnp.float32(0)) == 1


def test_nothing_is_left_below_the_least_exponent():
    far = jnp.asarray([-127.0, -1e3, -1e37, -np.inf], jnp.float32)
    np.testing.assert_array_equal(exponential.exp2(far), 0)

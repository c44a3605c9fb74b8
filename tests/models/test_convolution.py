"""Convolutions equal linen's, with their first and second derivatives; accelerators get XLA's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen
from jax import export

from gan_probe.models import convolution

# image, kernel, strides, padding, channels in and out: every way of every operation, and edges that do not divide.
CONVOLUTIONS = {
    "windows": ((8, 8), (3, 3), (2, 2), "SAME", 5, 4),
    "phases": ((20, 17), (3, 4), (2, 2), "SAME", 9, 4),
    "few channels": ((9, 8), (3, 3), (1, 1), "VALID", 1, 4),
    "few channels, strided": ((20, 17), (3, 4), (2, 2), "SAME", 3, 4),
    "kernel beyond the image": ((2, 3), (3, 3), (1, 1), "SAME", 5, 3),
    "kernel below the stride": ((30, 31), (1, 1), (2, 3), "SAME", 5, 3),
    "windows below the stride": ((8, 7), (1, 2), (2, 3), "SAME", 5, 3),
    "uneven padding": ((31, 30), (4, 3), (3, 2), ((2, 0), (1, 3)), 9, 2),
    "no padding": ((11, 10), (3, 3), (1, 1), "VALID", 9, 2),
    "no padding, strided": ((16, 13), (4, 3), (2, 2), "VALID", 9, 2),
    "one pixel": ((7, 6), (1, 1), (1, 1), "VALID", 3, 2),
    "one pixel, strided": ((7, 6), (1, 1), (2, 2), "SAME", 3, 2),
    "parts of the batch": ((10, 9), (3, 3), (1, 1), "SAME", 5, 2),
}
TRANSPOSED = {
    "windows": ((4, 4), (3, 3), (2, 2), "SAME", 5, 4),
    "phases": ((9, 10), (3, 5), (2, 2), "SAME", 5, 9),
    "few channels": ((9, 10), (3, 5), (2, 2), "SAME", 5, 3),
    "one pixel": ((1, 1), (4, 4), (1, 1), "VALID", 6, 5),
    "kernel below the stride": ((9, 10), (2, 2), (3, 3), "VALID", 5, 9),
    "uneven padding": ((9, 9), (3, 3), (2, 2), ((2, 3), (3, 1)), 5, 9),
}
DEPTHWISE = {"depthwise": ((9, 8), (3, 2), (2, 2), "SAME", 4, 4)}


def derivatives(module, variables, images, second):
    """The loss and its gradients; with `second` of the squared gradient by the images, as a gradient penalty has it."""

    def loss(variables, images):
        return jnp.sum(jnp.sin(module.apply(variables, images)) ** 2)

    def penalty(variables, images):
        return jnp.sum(jax.grad(loss, 1)(variables, images) ** 2)

    return jax.value_and_grad(penalty if second else loss, (0, 1))(variables, images)


@pytest.mark.parametrize(
    ("ours", "linens", "case", "groups", "second"),
    [
        *((convolution.Conv, linen.Conv, case, {}, False) for case in CONVOLUTIONS.values()),
        *((convolution.ConvTranspose, linen.ConvTranspose, case, {}, False) for case in TRANSPOSED.values()),
        *((convolution.Conv, linen.Conv, case, {"feature_group_count": 4}, False) for case in DEPTHWISE.values()),
        *((convolution.Conv, linen.Conv, CONVOLUTIONS[name], {}, True) for name in ("windows", "few channels")),
        *((convolution.ConvTranspose, linen.ConvTranspose, TRANSPOSED["phases"], {}, True),),
    ],
)
def test_equals_linen_with_its_derivatives(ours, linens, case, groups, second):
    image, kernel, strides, padding, c_in, c_out = case
    batch = 20 if case == CONVOLUTIONS["parts of the batch"] else 2
    one, two = (make(c_out, kernel, strides, padding=padding, **groups) for make in (ours, linens))

    def both(key):
        images = jax.random.normal(key, (batch, *image, c_in), jnp.float64)
        variables = two.init(key, images.astype(jnp.float32))
        mine = one.init(key, images.astype(jnp.float32))
        exact = jax.tree.map(lambda x: x.astype(jnp.float64), variables)
        return mine, variables, derivatives(one, exact, images, second), derivatives(two, exact, images, second)

    with jax.enable_x64(True):
        mine, variables, found, expected = jax.device_get(jax.jit(both)(jax.random.key(0)))
    jax.tree.map(np.testing.assert_array_equal, mine, variables)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * float(np.abs(b).max()))


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_dtypes_are_those_of_linen(dtype):
    images = jnp.ones((2, 8, 8, 2))
    for ours, linens in ((convolution.Conv, linen.Conv), (convolution.ConvTranspose, linen.ConvTranspose)):
        one, two = (make(3, (5, 5), (2, 2), dtype=dtype) for make in (ours, linens))
        variables = jax.jit(two.init)(jax.random.key(0), images)
        found, expected = (jax.jit(module.apply)(variables, images) for module in (one, two))
        assert found.dtype == expected.dtype == dtype
        found, expected = (np.asarray(x, np.float32) for x in (found, expected))
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 if dtype == jnp.float32 else 2e-2)


@pytest.mark.parametrize("platform", ["tpu", "cuda", "cpu"])
def test_accelerators_get_the_native_convolution(platform):
    module = convolution.Conv(4, (5, 5), (2, 2), use_bias=False)
    images = jnp.zeros((2, 8, 8, 3))
    variables = jax.eval_shape(module.init, jax.random.key(0), images)
    gradients = jax.jit(jax.grad(lambda v, x: jnp.sum(module.apply(v, x) ** 2), (0, 1)))
    text = export.export(gradients, platforms=[platform])(variables, images).mlir_module()
    counts = text.count("stablehlo.convolution"), text.count("stablehlo.dot_general")
    # Patches, windows, and the patches again.
    assert counts == ((0, 3) if platform == "cpu" else (3, 0))


def test_names_are_those_of_linen():
    class Net(linen.Module):
        @linen.compact
        def __call__(self, x):
            return convolution.ConvTranspose(2, (3, 3))(convolution.Conv(2, (3, 3))(x))

    variables = jax.eval_shape(Net().init, jax.random.key(0), jnp.zeros((1, 8, 8, 1)))
    assert set(variables["params"]) == {"Conv_0", "ConvTranspose_0"}


def test_what_is_not_treated_goes_to_lax():
    signal, images = jnp.ones((2, 9, 3)), jnp.ones((2, 9, 9, 4))
    for x, settings in (
        (signal, {"kernel_size": (3,)}),
        (images, {"kernel_size": (3, 3), "kernel_dilation": 2}),
        (images, {"kernel_size": (3, 3), "feature_group_count": 2}),
    ):
        one, two = (make(4, **settings) for make in (convolution.Conv, linen.Conv))
        variables = jax.jit(two.init)(jax.random.key(0), x)
        found, expected = (jax.jit(module.apply)(variables, x) for module in (one, two))
        np.testing.assert_array_equal(found, expected)

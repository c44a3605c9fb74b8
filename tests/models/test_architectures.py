"""Networks have the parameter counts that are known of them, and return what the contract says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_probe import models, types
from gan_probe.models import outputs, resnet, wide_resnet

SHAPES = {"mnist_cnn": (28, 28, 1), "swiniarski_cnn": (28, 28, 1)}


def parameters(module, shape):
    variables = jax.eval_shape(lambda: module.init(jax.random.key(0), jnp.zeros((1, *shape))))
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(variables["params"]))


@pytest.mark.parametrize(
    ("name", "classes", "shape", "count"),
    [
        ("linear", 2, (64, 64, 3), 24_578),
        ("resnet32", 10, (32, 32, 3), 464_154),
        ("resnet32", 2, (64, 64, 3), 463_634),
        ("wrn28_10", 10, (32, 32, 3), 36_479_194),
        ("wrn16_4", 10, (32, 32, 3), 2_748_890),
        ("swiniarski_cnn", 10, (28, 28, 1), 21_840),
        ("small_mlp", 10, (28, 28, 1), 784 * 32 + 32 + 32 * 10 + 10),
    ],
)
def test_golden_counts(name, classes, shape, count):
    assert parameters(models.ARCHITECTURES[name](classes), shape) == count


def test_other_wide_networks():
    assert parameters(wide_resnet.WideResNet(10, depth=16, width=8), (32, 32, 3)) == 10_961_370
    assert parameters(wide_resnet.WideResNet(10, depth=40, width=4), (32, 32, 3)) == 8_949_210


@pytest.mark.parametrize("depth", [30, 33])
def test_depths_that_do_not_divide_are_refused(depth):
    with pytest.raises(ValueError, match="6 n"):
        parameters(resnet.ResNet(10, depth=depth), (32, 32, 3))
    with pytest.raises(ValueError, match="6 n"):
        parameters(wide_resnet.WideResNet(10, depth=depth, width=1), (32, 32, 3))


@pytest.mark.parametrize("name", models.ARCHITECTURES)
def test_outputs_by_shape(name):
    module, shape = models.ARCHITECTURES[name](7), SHAPES.get(name, (32, 32, 3))
    images = jax.ShapeDtypeStruct((3, *shape), jnp.float32)
    variables = jax.eval_shape(lambda x: module.init(jax.random.key(0), x), images)
    found = jax.eval_shape(lambda v, x: module.apply(v, x), variables, images)
    assert found.logits.shape == (3, 7)
    assert found.prelogits.shape[0] == 3 and found.prelogits.ndim == 2
    assert all(layer.shape[0] == 3 and layer.ndim == 4 for layer in found.layers.values())


def test_pixels_are_centred():
    assert outputs.centred(jnp.array([[[[0, 255]]]], jnp.uint8)).tolist() == [[[[-1.0, 1.0]]]]


@pytest.mark.parametrize("arch", models.ARCHITECTURES)
def test_images_too_small_are_told_with_the_size_to_use(arch):
    sizes = [n for n in (1, 5, 28) if not models._takes(arch, (n, n, 1))]
    assert sizes == {"cifar_cnn": [1, 5], "mnist_cnn": [1], "shallow_cnn": [1], "swiniarski_cnn": [1, 5]}.get(arch, [])
    for n in sizes:
        with pytest.raises(types.UserError, match=f"{arch}.*--resize=") as told:
            models.check_takes(arch, (n, n, 1))
        models.check_takes(arch, (int(str(told.value).rpartition("=")[2]),) * 2 + (1,))

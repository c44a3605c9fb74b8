"""Generators and discriminators have the parameter counts that are known of them, and the shapes asked for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_probe.models import acgan, ali, began, bigan, dcgan, fully_connected, improved, layers, vae, wgan, wgan_resnet


def abstract(module, shape):
    """Number of parameters, and shape and type of the output for a batch of 3."""
    keys = {"params": jax.random.key(0), "dropout": jax.random.key(1)}
    shapes = shape if isinstance(shape[0], tuple) else (shape,)
    inputs = tuple(jax.ShapeDtypeStruct((3, *one), jnp.float32) for one in shapes)
    inputs = inputs[0] if len(inputs) == 1 else inputs
    variables = jax.eval_shape(lambda x: module.init(keys, x, train=True), inputs)
    output = jax.eval_shape(lambda v, x: module.apply(v, x, train=False), variables, inputs)
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(variables["params"])), output


@pytest.mark.parametrize(
    ("module", "shape", "count"),
    [
        (dcgan.Generator(64, 3), (100,), 5_135_363),
        (dcgan.Discriminator(64), (64, 64, 3), 4_316_545),
        (dcgan.Discriminator(16), (64, 64, 3), 272_737),
        (dcgan.Discriminator(128), (64, 64, 3), 17_234_689),
        (wgan.Generator(64, 3), (100,), 3_576_704),
        (wgan.Critic(64), (64, 64, 3), 2_765_568),
        (dcgan.Generator(32, 3, 128, norm="flat", glorot=True), (128,), 5_179_907),
        (dcgan.Discriminator(128, norm=None, glorot=True), (32, 32, 3), 4_114_689),
        (acgan.Generator(28, 1), (110,), 2_751_360),
        (ali.Encoder(256), (64, 64, 3), 6_794_880),
        (ali.Generator(64, 3), (256,), 11_811_392),
        (ali.Discriminator(), ((64, 64, 3), (256,)), 15_189_057),
        (improved.Generator(32, 3), (100,), 4_941_958),  # its first norm counts 8192 features
        (began.Generator(64, 3), (64,), 1_716_611),
        (began.Autoencoder(64), (64, 64, 3), 13_405_379),
        (fully_connected.Generator((28, 28, 1), (64, 256, 256, 1024), "tanh"), (10,), 1_149_904),
        (fully_connected.Encoder(10, (256, 64)), (28, 28, 1), 218_708),
    ],
)
def test_golden_counts(module, shape, count):
    assert abstract(module, shape)[0] == count


@pytest.mark.parametrize("width", [24, 80])
def test_the_discriminators_of_the_size_sweep(width):
    assert abstract(dcgan.Discriminator(width), (64, 64, 3))[0] == 1050 * width**2 + 246 * width + 1


@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes(size, channels):
    for generator in (
        dcgan.Generator(size, channels, 8),
        dcgan.Generator(size, channels, 8, small=True),
        dcgan.Generator(size, channels, 8, norm=None, dtype="bfloat16"),
        wgan.Generator(size, channels, 8),
        wgan_resnet.Generator(size, channels, 8),
        acgan.Generator(size, channels, 4),
        ali.Generator(size, channels, 0.0625, dtype="bfloat16"),
        began.Generator(size, channels, 4),
        vae.Decoder(size, channels, 4),
        bigan.Generator((size, size, channels), 16),
        fully_connected.Generator((size, size, channels), (16,)),
    ):
        output = abstract(generator, (5,))[1]
        assert output.shape == (3, size, size, channels) and output.dtype == jnp.float32
    for discriminator in (
        dcgan.Discriminator(8),
        dcgan.Discriminator(8, dtype="bfloat16"),
        wgan.Critic(8),
        wgan_resnet.Critic(8),
        fully_connected.MaxoutDiscriminator(8),
        fully_connected.Perceptron((16,), dropped=(0.1, 0.5)),
    ):
        output = abstract(discriminator, (size, size, channels))[1]
        assert output.shape == (3,) and output.dtype == jnp.float32
    for encoder in (ali.Encoder(7, 0.0625), vae.Encoder(7, 4)):
        mean, spread = abstract(encoder, (size, size, channels))[1]
        assert mean.shape == spread.shape == (3, 7)
    for discriminator in (ali.Discriminator(0.0625), bigan.Discriminator(16)):
        assert abstract(discriminator, ((size, size, channels), (7,)))[1].shape == (3,)
    for norm in (True, False):
        logits, classes = abstract(acgan.Discriminator(5, 4, norm=norm), (size, size, channels))[1]
        assert logits.shape == (3,) and classes.shape == (3, 5)


def test_the_small_generator_is_smaller_and_the_weak_one_has_no_norm():
    whole, small, weak = (
        abstract(dcgan.Generator(64, 3, **settings), (100,))[0] for settings in ({}, {"small": True}, {"norm": None})
    )
    assert whole - small == 25 * (256 * 128 + 128 * 64 - 256 * 64) + 128 + 2 * 128
    assert whole - weak == 2 * (512 + 256 + 128 + 64)


def test_the_conditional_discriminator_without_norm_has_biases_instead():
    whole, bare = (
        abstract(acgan.Discriminator(10, norm=norm, biases=not norm), (28, 28, 1))[0] for norm in (True, False)
    )
    norms, biases = 2 * (128 + 256 + 512), (64 + 128 + 256 + 512) + 1 + 250
    assert whole - norms == bare - biases


def test_stages_end_at_four_pixels():
    assert [layers.stage_sizes(size) for size in (28, 32, 64)] == [[28, 14, 7, 4], [32, 16, 8, 4], [64, 32, 16, 8, 4]]


def test_initial_weights_of_wgan_gp_have_their_deviation():
    """sqrt(4 / (fan_in + fan_out)) with fan_out over stride^2: 5x5, 64 -> 128, stride 2."""
    drawn = layers.glorot_like(4.0, 2)(jax.random.key(0), (5, 5, 64, 128))
    assert float(drawn.std()) == pytest.approx((4 / (25 * 64 + 25 * 128 / 4)) ** 0.5, rel=0.01)
    assert float(jnp.abs(drawn).max()) <= (12 / (25 * 64 + 25 * 128 / 4)) ** 0.5

"""Hypercolumns are the layers' own values at the sampled pixels, the same for any batch; bad input is one line."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_probe import data, embed, models, types
from gan_probe.classifiers import runs, training
from gan_probe.embed import hypercolumns
from gan_probe.models import outputs


@pytest.fixture(scope="module")
def digits():
    return data.load("digits/real[0:150]")


@pytest.fixture(scope="module")
def cnn(tmp_path_factory, digits):
    """A run's folder and its classifier."""
    out, images = tmp_path_factory.mktemp("runs") / "shallow_cnn", digits.rows.take(np.arange(len(digits)))
    held_out = np.arange(len(images)) % 5 == 0
    given = {"images": images, "labels": digits.labels, "classes": digits.classes, "held_out": held_out}
    return str(out), runs.train(out, "shallow_cnn", recipe=training.Recipe(epochs=1, batch=120), **given)


@pytest.fixture
def untrained(monkeypatch):
    """Makes `runs.load` give a network of this architecture with its initial weights."""

    def make(arch):
        variables = models.ARCHITECTURES[arch](10).init(jax.random.key(0), jnp.zeros((1, 8, 8, 1)))
        classifier = runs.Classifier(arch, tuple("0123456789"), (8, 8, 1), "", lambda images: None, variables)
        monkeypatch.setattr(runs, "load", lambda folder: classifier)

    return make


def embedded(spec, samples):
    return embed.embed_sets({"real": samples}, spec, cache_dir=None, memory_gb=1.0)


def test_values_are_those_of_the_layers(cnn, digits):
    run, classifier = cnn
    about, found = embedded(f"hypercolumns:{run}?points=5&seed=3", digits)
    features = found["real"].features
    module = models.ARCHITECTURES["shallow_cnn"](10)
    image = digits.rows.take([140])
    seen = module.apply(classifier.variables, outputs.centred(jnp.asarray(image)))
    layer = np.asarray(seen.layers["conv0"])[0]  # 4 x 4 after the pool, of an image of 8 x 8
    assert layer.shape[:2] == (4, 4)
    sampled = [layer[row // 2, column // 2] for row, column in hypercolumns.points(8, 8, points=5, seed=3)]
    expected = np.concatenate([*sampled, seen.prelogits[0], seen.logits[0]])
    np.testing.assert_allclose(features[140], expected, rtol=1e-5, atol=1e-5)
    assert features.shape == (150, 5 * 32 + 64 + 10)
    assert about.sha256 == classifier.sha256
    assert about.parameters["points"] == 5 and about.parameters["layers"] == ["conv0"]


def test_centred_scaling_by_hand():
    layer = jnp.arange(3.0)[None, :, None, None] * jnp.ones((1, 3, 2, 1))
    at = np.array([[row, 0] for row in range(7)])
    # Centres of 7 pixels over 3 places: 3 (i + 1/2) / 7 = .2, .6, 1.07, 1.5, 1.9, 2.4, 2.8.
    assert np.asarray(hypercolumns._at_points(layer, at, (7, 2)))[0].tolist() == [0, 0, 1, 1, 1, 2, 2]


def test_the_seed_decides_and_the_last_batch_does_not(cnn, digits):
    run, _ = cnn
    one, again, other = (embedded(f"hypercolumns:{run}{s}", digits)[1]["real"].features for s in ("", "?", "?seed=1"))
    np.testing.assert_array_equal(one, again)
    assert one.shape == other.shape and not np.allclose(one, other)
    _, alone = embedded(f"hypercolumns:{run}", data.load("digits/real[130:150]"))
    np.testing.assert_allclose(alone["real"].features, one[130:150], rtol=1e-5, atol=1e-5)


def test_points_are_different_sorted_pixels():
    at = hypercolumns.points(6, 5, points=30, seed=0)
    assert at.tolist() == [[r, c] for r in range(6) for c in range(5)]


def test_a_last_layer_of_one_place_is_not_repeated(untrained, digits):
    untrained("mlp")
    assert embedded("hypercolumns:run", digits)[1]["real"].features.shape == (150, 512 + 256 + 10)


@pytest.mark.parametrize(
    ("argument", "text"),
    [("", "give the run"), ("nowhere", "no run there"), ("{}?points=65", "1 to 64"), ("{}?points=0", "1 to 64"),
     ("{}?points=x", "whole numbers"), ("{}?n=3", "whole numbers")],
)  # fmt: skip
def test_bad_input_is_one_line(cnn, digits, argument, text):
    with pytest.raises(types.UserError, match=text) as error:
        embedded(f"hypercolumns:{argument.format(cnn[0])}", digits)
    assert "\n" not in str(error.value)


def test_a_network_without_layers_and_other_shapes_are_refused(untrained, digits):
    untrained("linear")
    with pytest.raises(types.UserError, match="has no layers"):
        embedded("hypercolumns:run", digits)
    with pytest.raises(types.UserError, match=r"takes images \[8, 8, 1\]"):
        embedded("hypercolumns:run", data.load("digits/real[0:20]", resize=12))

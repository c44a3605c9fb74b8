"""Arrays of several libraries and Sources of several kinds."""

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from gan_probe import data, types

IMAGES = np.random.default_rng(0).integers(0, 256, size=(6, 4, 5, 3), dtype=np.uint8)
FEATURES = np.random.default_rng(1).normal(size=(6, 7)).astype(np.float32)


class OnlyDlpack:
    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class Loader:
    """A data source without a length-typed base class, as tfds and grain give them."""

    def __len__(self):
        return len(IMAGES)

    def __getitem__(self, index):
        return {"image": IMAGES[index], "label": index % 2}


@pytest.mark.parametrize("wrap", [lambda x: x, jnp.asarray, OnlyDlpack, list, np.ndarray.tolist])
def test_features_of_every_library(wrap):
    samples = data.from_array(wrap(FEATURES), name="mine")
    assert samples.kind == "features" and len(samples) == 6 and samples.source == "mine"
    np.testing.assert_array_equal(samples.rows.take([5, 0]), FEATURES[[5, 0]])


def test_bfloat16():
    array = jnp.asarray(FEATURES, jnp.bfloat16)
    rows = data.from_array(array, name="mine").rows.take(range(6))
    np.testing.assert_array_equal(rows, np.asarray(array.astype(jnp.float32)))


@pytest.mark.parametrize(
    "wrap",
    [
        jnp.asarray,
        list,
        lambda images: [Image.fromarray(image) for image in images],
        lambda images: [{"image": image} for image in images],
    ],
)
def test_images_of_every_kind(wrap):
    samples = data.from_array(wrap(IMAGES), name="mine", labels=list("aabbcc"), names=list("uvwxyz"))
    assert samples.kind == "images" and samples.classes == ("a", "b", "c") and list(samples.names) == list("uvwxyz")
    np.testing.assert_array_equal(samples.rows.take([5, 0]), IMAGES[[5, 0]])


def test_labels_of_a_source():
    samples = data.from_array(Loader(), name="loader", crop=4)
    np.testing.assert_array_equal(samples.labels, [0, 1] * 3)
    np.testing.assert_array_equal(samples.rows.take(range(6)), IMAGES[:, :, 0:4])


@pytest.mark.parametrize(
    "value, what",
    [
        (7, "a int is no set"),
        ("photos", "a str is no set"),
        ({"a": 1}, "a dict is no set"),
        ([], "empty"),
        ([{"img": 1}], 'item 0 has no "image"; its keys are img'),
        ([[[1, 2], [3]]], "unequal length"),
        ([IMAGES[0] / 255], "np.rint"),
        ([Image.new("P", (4, 4))], "mode P"),
        (IMAGES.astype(np.float32), "np.rint"),
        (np.array([["a"]]), "only numbers"),
    ],
)
def test_bad_values(value, what):
    with pytest.raises(types.UserError, match=what) as caught:
        data.from_array(value, name="mine")
    assert str(caught.value).startswith("mine")


def test_items_that_differ_are_named():
    samples = data.from_array([IMAGES[0], IMAGES[1], IMAGES[2, :3]], name="mine")
    with pytest.raises(types.UserError, match=r"mine: item 2 is \[3, 5, 3\], item 0 \[4, 5, 3\]"):
        samples.rows.take([0, 1, 2])
    with pytest.raises(types.UserError, match="mine: labels have shape"):
        data.from_array(FEATURES, name="mine", labels=[1])
    with pytest.raises(types.UserError, match="mine: names"):
        data.from_array(FEATURES, name="mine", names=["a"])

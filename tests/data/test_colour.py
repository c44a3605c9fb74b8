"""Greyscale beside colour."""

import numpy as np
import pytest
from PIL import Image

import gan_probe
from gan_probe import data, sets, types
from gan_probe.data import colour

COLOUR = np.random.default_rng(0).integers(0, 256, (40, 5, 4, 3), np.uint8)
GREY = COLOUR[..., :1]


def samples(images, name="x"):
    return data.from_array(images, name=name)


def test_colour_is_read_as_files_are(tmp_path):
    for index, image in enumerate(COLOUR):
        Image.fromarray(image).convert("L").save(tmp_path / f"{index:02}.png")
    found = colour.alike(samples(COLOUR), samples(GREY, "grey"))
    np.testing.assert_array_equal(found.rows.take([3, 1]), data.load(str(tmp_path)).rows.take([3, 1]))
    assert found.rows.shape == (5, 4, 1) and found.notes == ("colour images read as greyscale (luma), as grey is",)
    # BT.601, rounded.
    expected = np.rint(COLOUR @ np.array([0.299, 0.587, 0.114]))
    assert np.abs(found.rows.take(range(40))[..., 0] - expected).max() <= 1


def test_greyscale_is_repeated():
    found = colour.alike(samples(GREY), samples(COLOUR, "photos"))
    np.testing.assert_array_equal(found.rows.take([2, 0]), np.repeat(GREY[[2, 0]], 3, axis=3))
    assert found.notes == ("greyscale images repeated over RGB, as photos has colour",)


def test_nothing_else_changes():
    grey, features = samples(GREY), samples(np.ones((4, 3), np.float32))
    assert colour.alike(grey, samples(GREY)) is grey
    assert colour.alike(features, grey) is features and colour.alike(grey, features) is grey


def test_remedies():
    assert "channels" in types.remedy((5, 4, 1), (5, 4, 3), "resize")
    for other in ((5, 5, 3), (4,)):
        assert types.remedy((5, 4, 1), other, "resize") == "resize"


@pytest.mark.parametrize("real, other", [(GREY, np.repeat(GREY, 3, 3)), (np.repeat(GREY, 3, 3), GREY)])
def test_an_evaluation_follows_real(real, other):
    """Greyscale images saved as colour, or the reverse, are the same images."""
    alike = gan_probe.evaluate(real=real, fake=real[::2], train=real[::-1], metrics="ddm,kid")
    mixed = gan_probe.evaluate(real=real, fake=other[::2], train=other[::-1], metrics="ddm,kid")
    assert mixed["results"]["fake"]["ddm"]["value"] == alike["results"]["fake"]["ddm"]["value"]
    assert mixed["results"]["fake"]["kid"]["value"] == alike["results"]["fake"]["kid"]["value"]
    for role in ("train", "fake"):
        assert any("as real" in note for note in mixed["inputs"][role]["notes"])


def test_a_generator_of_colour_follows_real():
    fake = sets.fake(lambda key, n: COLOUR[:n], name="fake", n=6, like=samples(GREY), seed=0)
    assert fake.rows.shape == (5, 4, 1) and len(fake) == 6

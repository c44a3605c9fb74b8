"""Crop and resize, on arrays and files alike."""

import numpy as np
import pytest
from PIL import Image

from gan_probe import data, types

IMAGES = np.random.default_rng(0).integers(0, 256, size=(5, 20, 33, 3), dtype=np.uint8)


def test_crop_takes_the_centre():
    rows = data.from_array(IMAGES, name="x", crop=6).rows
    assert rows.shape == (6, 6, 3)
    np.testing.assert_array_equal(rows.take(range(5)), IMAGES[:, 7:13, 13:19])


@pytest.mark.parametrize("channels", [1, 3])
def test_files_and_arrays_agree(tmp_path, channels):
    images = IMAGES[..., :channels]
    for index, image in enumerate(images):
        Image.fromarray(image if channels == 3 else image[..., 0]).save(tmp_path / f"{index}.png")
    for options in ({"resize": 8}, {"crop": 16}, {"crop": 16, "resize": 8}, {"resize": 40}):
        from_files = data.load(str(tmp_path), **options)
        from_array = data.from_array(images, name="x", **options)
        assert from_files.rows.shape == from_array.rows.shape and from_files.notes == from_array.notes
        np.testing.assert_array_equal(from_files.rows.take(range(5)), from_array.rows.take(range(5)))


def test_resize_averages_and_does_not_alias():
    # Stripes of one pixel: sampling without a filter would give 0 or 255, not their mean.
    stripes = np.zeros((1, 64, 64), np.uint8)
    stripes[:, :, ::2] = 255
    small = data.from_array(stripes, name="x", resize=8).rows.take([0])
    assert np.abs(small.astype(int) - 127).max() <= 6


def test_resize_takes_the_centre_square():
    image = np.full((1, 10, 30), 255, np.uint8)
    image[:, :, 10:20] = 100
    np.testing.assert_array_equal(data.from_array(image, name="x", resize=5).rows.take([0]), np.full((1, 5, 5, 1), 100))


@pytest.mark.parametrize("options", [{"crop": 0}, {"resize": -3}, {"resize": 2.5}, {"crop": True}])
def test_bad_sizes(options):
    with pytest.raises(types.UserError, match="must be a positive number of pixels"):
        data.load("digits/train", **options)


def test_features_have_no_size_and_small_images_no_crop():
    with pytest.raises(types.UserError, match="holds features"):
        data.from_array(np.zeros((3, 4)), name="x", resize=8)
    with pytest.raises(types.UserError, match=r"digits/train.*8x8, smaller than --crop=9"):
        data.load("digits/train", crop=9)

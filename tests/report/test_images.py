"""Pictures survive the way into a data URI, whatever their channels."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from gan_probe.report import images


def _decode(picture):
    head, data = picture.uri.split(",", 1)
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pixels_round_trip(channels):
    image = np.random.default_rng(0).integers(0, 256, (7, 5, channels), dtype=np.uint8)
    picture = images.picture(image)
    np.testing.assert_array_equal(_decode(picture), image[..., 0] if channels == 1 else image)
    assert (picture.width, picture.height, picture.pixelated) == (5, 7, True)


def test_more_channels_than_a_colour_are_shown_as_their_mean():
    image = np.random.default_rng(0).integers(0, 256, (4, 4, 7), dtype=np.uint8)
    np.testing.assert_allclose(_decode(images.picture(image)), image.mean(-1), atol=0.5)


def test_large_images_are_reduced_and_smoothed():
    picture = images.picture(np.zeros((300, 600, 3), np.uint8), limit=256)
    assert (picture.width, picture.height, picture.pixelated) == (256, 128, False)


def test_a_mosaic_holds_each_image_at_its_place():
    rows = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)
    ground = _decode(images.mosaic(rows))
    assert ground.shape == (2 * 8 + 1, 3 * 8 + 2, 4)
    for k, image in enumerate(rows):
        top, left = k // 3 * 9, k % 3 * 9
        np.testing.assert_array_equal(ground[top : top + 8, left : left + 8, 0], image[..., 0])
    assert (ground[9:, 18:, 3] == 0).all()  # the sixth place is empty

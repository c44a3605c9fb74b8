"""Small sets to train on."""

import numpy as np
import pytest

from gan_probe import data


@pytest.fixture(scope="session")
def points():
    """2-D points with 8 labelled modes."""
    return data.load("synthetic:ring8?n=600")


@pytest.fixture(scope="session")
def images():
    """Labelled 28 x 28 images in 10 classes; the digits' 8 x 8 pixels are only enlarged."""
    return data.load("digits/train", resize=28)


@pytest.fixture(scope="session")
def noise():
    """Images without labels."""
    return data.from_array(np.random.default_rng(0).integers(0, 256, (64, 28, 28, 1), np.uint8), name="noise")

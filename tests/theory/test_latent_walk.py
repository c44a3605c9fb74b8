"""Walks: blends are straight, a half circle is not."""

import numpy as np
import pytest

from gan_probe.theory import latent_walk


def test_blends_are_straight():
    ends = np.random.default_rng(0).standard_normal((5, 2, 3, 4)).astype(np.float32)
    blends = latent_walk.between(ends, 7)
    assert blends.shape == (5, 7, 3, 4)
    np.testing.assert_allclose(blends[:, 3], ends.mean(axis=1), atol=1e-6)
    flat = blends.reshape(5, 7, -1)
    np.testing.assert_allclose(latent_walk.length(flat), 1, rtol=1e-5)
    np.testing.assert_allclose(latent_walk.off_segment(flat), 0, atol=1e-6)


def test_half_a_circle():
    angle = np.linspace(0, np.pi, 1001)
    walk = np.stack([np.cos(angle), np.sin(angle)], axis=1)[None]
    assert latent_walk.length(walk) == pytest.approx(np.pi / 2, rel=1e-5)
    assert latent_walk.off_segment(walk) == pytest.approx(0.5, rel=1e-5)


def test_beyond_an_end_is_off_the_segment():
    assert latent_walk.off_segment(np.array([[[0.0], [3.0], [1.0]]])) == pytest.approx(2)


def test_one_image_has_no_walk():
    still = np.zeros((1, 3, 2))
    assert np.isnan(latent_walk.length(still)).all() and np.isnan(latent_walk.off_segment(still)).all()


def test_nearest_by_a_loop():
    rng = np.random.default_rng(1)
    walks, real = rng.standard_normal((2, 3, 4)), rng.standard_normal((9, 4))
    expected = [[min(np.linalg.norm(x - y) for y in real) for x in walk] for walk in walks]
    np.testing.assert_allclose(latent_walk.nearest(walks, real), expected)

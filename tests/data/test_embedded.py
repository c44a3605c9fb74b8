"""The embedded digits and the samplers whose truth is known."""

import numpy as np
import pytest
import scipy.spatial.distance
from sklearn import datasets

from gan_probe import data, types


def rows(src):
    samples = data.load(src)
    return samples.rows.take(range(len(samples)))


def numbers(src):
    return {int(name.partition("/")[2]) for name in data.load(src).names}


def nearest(fake, real):
    fake, real = (x.reshape(len(x), -1).astype(float) for x in (fake, real))
    return scipy.spatial.distance.cdist(fake, real, "chebyshev").min(axis=1)


def test_images_are_scikit_learns():
    digits = datasets.load_digits()
    samples = data.load("digits/train")
    original = [int(name.removeprefix("digits/")) for name in samples.names]
    expected = np.round(digits.images[original] * 255 / 16)
    np.testing.assert_array_equal(samples.rows.take(range(599))[..., 0], expected)
    np.testing.assert_array_equal(samples.labels, digits.target[original])
    assert samples.rows.shape == (8, 8, 1) and samples.classes == tuple("0123456789")


def test_thirds_are_disjoint_reproducible_and_seeded():
    thirds = [numbers(f"digits/{name}") for name in ("train", "real", "faithful")]
    assert [len(third) for third in thirds] == [599] * 3 and len(set.union(*thirds)) == 1797
    np.testing.assert_array_equal(rows("digits/train"), rows("digits/train?seed=0"))
    np.testing.assert_array_equal(rows("digits/real"), rows("digits/test"))
    assert numbers("digits/train?seed=3") != thirds[0]
    explicit, default = data.load("digits/train?seed=3"), data.load("digits/train", seed=3)
    assert explicit.names == default.names


@pytest.mark.parametrize("name", ["faithful", "memoriser", "dropper", "lowsupport", "blurred"])
def test_samplers_hide_labels_and_follow_the_seed(name):
    samples = data.load(f"digits/{name}")
    assert samples.labels is None and len(set(samples.names)) == len(samples)
    np.testing.assert_array_equal(rows(f"digits/{name}"), rows(f"digits/{name}"))
    other = rows(f"digits/{name}?seed=1")
    assert other.shape != samples.rows.take(range(len(samples))).shape or (other != rows(f"digits/{name}")).any()


def test_memoriser_draws_each_training_image_once():
    fake, train = rows("digits/memoriser"), rows("digits/train")
    distance = scipy.spatial.distance.cdist(
        fake.reshape(599, -1).astype(float), train.reshape(599, -1).astype(float), "chebyshev"
    )
    assert (distance.min(axis=1) <= 3).all() and (distance.min(axis=1) > 0).all()
    assert len(set(distance.argmin(axis=1))) == 599


def test_dropper_keeps_seven_classes_which_the_seed_chooses():
    digits, seen = datasets.load_digits(), []
    everything = np.round(digits.images * 255 / 16)
    for seed in range(4):
        held_out = sorted(numbers(f"digits/faithful?seed={seed}"))
        fake = rows(f"digits/dropper?seed={seed}")[..., 0]
        distance = scipy.spatial.distance.cdist(fake.reshape(len(fake), -1), everything[held_out].reshape(599, -1))
        assert (distance.min(axis=1) == 0).all()
        classes = digits.target[held_out][distance.argmin(axis=1)]
        kept = set(classes)
        assert len(kept) == 7 and len(fake) == np.isin(digits.target[held_out], list(kept)).sum()
        seen.append(frozenset(kept))
    assert len(set(seen)) > 1


def test_lowsupport_has_sixty_atoms():
    digits = datasets.load_digits()
    fake, held_out = rows("digits/lowsupport"), rows("digits/faithful")
    original = [int(name.removeprefix("digits/")) for name in data.load("digits/faithful").names]
    distance = scipy.spatial.distance.cdist(
        fake.reshape(599, -1).astype(float), held_out.reshape(599, -1).astype(float), "chebyshev"
    )
    assert (distance.min(axis=1) <= 2).all()
    atoms = np.unique(distance.argmin(axis=1))
    assert 50 < len(atoms) <= 60
    assert np.bincount(digits.target[np.array(original)[atoms]], minlength=10).max() <= 6


def test_blurred_is_held_out_and_smooth():
    fake, held_out = rows("digits/blurred"), rows("digits/faithful")
    assert np.abs(np.diff(fake.astype(int), axis=2)).mean() < 0.7 * np.abs(np.diff(held_out.astype(int), axis=2)).mean()
    np.testing.assert_allclose(fake.mean(), held_out.mean(), rtol=0.05)


def test_no_honest_sample_is_a_training_image():
    assert (nearest(rows("digits/faithful"), rows("digits/train")) > 6).mean() > 0.99


@pytest.mark.parametrize(
    "src, what",
    [
        ("digits/trian", "did you mean digits/train"),
        ("digits/train?sed=1", r"unknown option 'sed=1' \(did you mean seed\?\)"),
        ("digits/train?seed=x", "seed must be a whole number"),
        ("digits/train?seed=-1", "negative"),
    ],
)
def test_bad_names(src, what):
    with pytest.raises(types.UserError, match=what):
        data.load(src)

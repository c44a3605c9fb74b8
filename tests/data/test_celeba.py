"""Attribute labels of CelebA folders."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from gan_probe import data, types

SHARED = pathlib.Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "celeba"

ROWS = {"000001.jpg": (1, -1), "000002.jpg": (-1, -1), "000003.jpg": (1, 1), "000004.jpg": (-1, 1)}


@pytest.fixture
def folder(tmp_path):
    images = tmp_path / "img_align_celeba"
    images.mkdir()
    for name in ROWS:
        Image.new("RGB", (6, 8)).save(images / name)
    lines = [f"{name}  {smiling}  {male}" for name, (smiling, male) in ROWS.items()]
    (tmp_path / "list_attr_celeba.txt").write_text("\n".join(["4", "Smiling Male ", *lines, ""]))
    return images


def test_one_and_two_attributes(folder):
    one = data.load(str(folder), label="Smiling")
    assert one.classes == ("Smiling=0", "Smiling=1")
    np.testing.assert_array_equal(one.labels, [1, 0, 1, 0])
    two = data.load(f"{folder}[1:4]", label="Smiling,Male")
    assert two.classes == ("Smiling=0,Male=0", "Smiling=0,Male=1", "Smiling=1,Male=0", "Smiling=1,Male=1")
    np.testing.assert_array_equal(two.labels, [0, 3, 1])


def test_the_file_may_lie_in_the_folder(folder):
    (folder.parent / "list_attr_celeba.txt").rename(folder / "list_attr_celeba.txt")
    samples = data.load(str(folder), label="Male")
    np.testing.assert_array_equal(samples.labels, [0, 0, 1, 1])
    assert samples.notes == ()


@pytest.mark.parametrize(
    "label, what",
    [
        ("Smilling", "did you mean Smiling"),
        ("Smiling,Smiling", "two different"),
        ("Male,Smiling,Male", "two different"),
    ],
)
def test_bad_labels(folder, label, what):
    with pytest.raises(types.UserError, match=what):
        data.load(str(folder), label=label)


def test_missing_and_damaged_lines(folder):
    path = folder.parent / "list_attr_celeba.txt"
    text = path.read_text()
    path.write_text(text.replace("000003.jpg", "000009.jpg"))
    with pytest.raises(types.UserError, match=r"no line for 000003\.jpg"):
        data.load(str(folder), label="Male")
    path.write_text(text.replace("000003.jpg  1  1", "000003.jpg  1"))
    with pytest.raises(types.UserError, match="line 5 is not"):
        data.load(str(folder), label="Male")


def test_label_needs_a_folder():
    with pytest.raises(types.UserError, match="digits/train is no folder"):
        data.load("digits/train", label="Smiling")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared CelebA subset is not there")
def test_real_attribute_file(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    source = SHARED / "img_align_celeba"
    for number in range(1, 41):
        (images / f"{number:06d}.jpg").symlink_to(source / f"{number:06d}.jpg")
    (tmp_path / "list_attr_celeba.txt").symlink_to(SHARED / "list_attr_celeba.txt")
    samples = data.load(str(images), label="Male", crop=54, resize=32)
    assert samples.rows.take(range(40)).shape == (40, 32, 32, 3)
    lines = (SHARED / "list_attr_celeba.txt").read_text().splitlines()
    column = lines[1].split().index("Male")
    expected = [int(line.split()[1 + column] == "1") for line in lines[2:42]]
    np.testing.assert_array_equal(samples.labels, expected)
    assert 0 < sum(expected) < 40

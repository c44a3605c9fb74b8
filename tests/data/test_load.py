"""What load does around the kinds: dispatch, slices, names that do not exist."""

import numpy as np
import pytest
from PIL import Image

from gan_probe import data, types


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for index in range(10):
        Image.new("L", (3, 3), index).save(tmp_path / "photos" / f"{index}.png")
    np.save(tmp_path / "x.npy", np.arange(20, dtype=np.float32).reshape(10, 2))
    (tmp_path / "notes.txt").write_text("text")
    return tmp_path


def test_every_kind_has_an_example_that_it_accepts(folder):
    for name, kind in data.SOURCES.items():
        accepting = [other for other, each in data.SOURCES.items() if each.accepts(kind.example.partition("[")[0])]
        assert name == "folder" or accepting == [name]
        assert "\n" not in kind.description and len(kind.description) < 100


@pytest.mark.parametrize("span", ["[:]", "[2:5]", "[-3:]", "[:4]", "[5:-1]", "[ 0 : 10 ]"])
@pytest.mark.parametrize("src", ["photos", "x.npy", "synthetic:gaussian?n=10"])
def test_slices_are_pythons(folder, span, src):
    whole, part = data.load(src), data.load(src + span)
    expected = eval("list(range(10))" + span)
    assert part.source == src + span and len(part) == len(expected)
    np.testing.assert_array_equal(part.rows.take(range(len(part))), whole.rows.take(expected))
    if whole.names:
        assert list(part.names) == [whole.names[index] for index in expected]


@pytest.mark.parametrize(
    "span, what",
    [
        ("[3]", "must be"),
        ("[a:b]", "must be"),
        ("[0:10:2]", "must be"),
        ("[5:5]", "no row"),
        ("[7:3]", "no row"),
        ("[0:11]", "reaches beyond the 10 rows"),
        ("[-11:]", "reaches beyond the 10 rows"),
    ],
)
def test_bad_slices(folder, span, what):
    with pytest.raises(types.UserError, match=what) as caught:
        data.load("photos" + span)
    assert "photos" + span in str(caught.value)


def test_rows_of_a_slice_report_their_own_numbers(folder):
    array = np.zeros((6, 2))
    array[4, 1] = np.nan
    np.save("nan.npy", array)
    with pytest.raises(types.UserError, match=r"nan.npy\[2:6\]: row 2 holds NaN"):
        data.load("nan.npy[2:6]").rows.take(range(4))


def test_a_path_that_ends_in_brackets(folder):
    (folder / "photos").rename(folder / "photos[1:3]")
    assert len(data.load("photos[1:3]")) == 10


@pytest.mark.parametrize(
    "src, what",
    [
        ("photo", r"photo does not exist \(did you mean photos\?\)"),
        ("nothing/like/this", "nothing/like/this does not exist;"),
        ("digit/train", "did you mean digits/train"),
        ("notes.txt", "notes.txt is no image folder"),
        ("", "names no source"),
        ("a\0b", "names no source"),
    ],
)
def test_bad_sources(folder, src, what):
    with pytest.raises(types.UserError, match=what) as caught:
        data.load(src)
    assert "\n" not in str(caught.value)


def test_a_folder_with_an_embedded_name(folder):
    (folder / "digits" / "train").mkdir(parents=True)
    Image.new("L", (3, 3)).save(folder / "digits" / "train" / "a.png")
    with pytest.raises(types.UserError, match=r"write \./digits/train or digits/train\?seed=0"):
        data.load("digits/train")
    assert len(data.load("./digits/train")) == 1 and len(data.load("digits/train?seed=0")) == 599


def test_home(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert len(data.load("~/photos")) == 10

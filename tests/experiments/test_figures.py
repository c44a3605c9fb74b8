"""What figures share: columns of a table by its first cells, and lines of images of either kind."""

import io

import numpy as np
from matplotlib import figure
from PIL import Image

from gan_probe.experiments import experiment, figures


def test_columns_of_the_rows_that_begin_so():
    table = experiment.Table(("law", "kind", "x", "y"), [("a", 1, 2.0, 3), ("b", 1, 4.0, 5), ("a", 1, 6.0, 7)])
    x, y = figures.columns(table, "a", 1)
    np.testing.assert_array_equal(x, [2, 6])
    np.testing.assert_array_equal(y, [3, 7])
    assert [list(column) for column in figures.columns(table, "b")] == [[1], [4.0], [5]]


def test_lines_of_images_have_one_scale():
    axes = figure.Figure().subplots()
    bytes_, floats = np.full((3, 2, 2, 1), 51, np.uint8), np.full((3, 2, 2, 1), 0.2)
    figures.images(axes, [("bytes", bytes_), ("floats", floats)], "title")
    shown = np.asarray(axes.images[0].get_array())
    assert shown.shape == (8, 12) and set(np.unique(shown).round(6)) == {0.2, 1.0}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["bytes", "floats"]


def test_an_animation_has_a_frame_each():
    density = np.arange(16.0).reshape(4, 4)
    made = Image.open(io.BytesIO(figures.animation([[("a", k * density), ("b", density)] for k in (0, 1)], pixels=3)))
    assert (made.n_frames, made.size) == (2, (2 * (12 + 4), 12 + 16))


def test_images_are_kept_as_bytes():
    lines = [("bytes", np.full((3, 2, 2, 1), 51, np.uint8)), ("floats", np.full((3, 2, 2, 1), 0.2))]
    kept = np.load(io.BytesIO(figures.kept(lines)["images.npz"]))
    assert list(kept["names"]) == ["bytes", "floats"]
    assert kept["images"].dtype == np.uint8 and kept["images"].shape == (2, 3, 2, 2, 1) and (kept["images"] == 51).all()

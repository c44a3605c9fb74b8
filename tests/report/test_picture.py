"""The README's picture: a row a fake, the same bytes every time, and no name breaks it."""

import numpy as np
import pytest
from PIL import Image

from gan_probe import types
from gan_probe.report import picture


def _pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_outcomes_are_seen_in_their_colours(tmp_path, report):
    results, pictures = report
    picture.verdict_picture(results, pictures, tmp_path / "a.png")
    pixels = _pixels(tmp_path / "a.png")
    green, red = (0x1A, 0x7F, 0x43), (0xC0, 0x26, 0x26)
    top, bottom = np.array_split(pixels, 2)
    for colour in (green, red):
        assert (np.abs(pixels - colour).sum(-1) == 0).any()
    # The honest generator stands above the collapsed one.
    assert (np.abs(top - green).sum(-1) == 0).any() and not (np.abs(top - red).sum(-1) == 0).any()
    assert (np.abs(bottom - red).sum(-1) == 0).any() and not (np.abs(bottom - green).sum(-1) == 0).any()


def test_it_is_deterministic(tmp_path, report):
    for name in "ab":
        picture.verdict_picture(*report, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_row_more_is_higher_and_no_pictures_is_narrower(tmp_path, report, vectors):
    results, pictures = report
    picture.verdict_picture(results, pictures, tmp_path / "two.png")
    del results["results"]["collapsed"]
    picture.verdict_picture(results, pictures, tmp_path / "one.png")
    picture.verdict_picture(*vectors, tmp_path / "features.png")
    two, one, features = (_pixels(tmp_path / f"{name}.png").shape for name in ("two", "one", "features"))
    assert one[0] < two[0]
    assert one[1] == two[1] > features[1]


def test_any_name_is_drawn_as_text(tmp_path, report):
    results, pictures = report
    for part in ("results", "verdicts"):
        results[part] = {f"$\\frac{{{key}$ 数 \x1b" * 3: value for key, value in results[part].items()}
    picture.verdict_picture(results, pictures, tmp_path / "a.png")


def test_a_place_that_cannot_be_written(tmp_path, report):
    with pytest.raises(types.UserError, match="cannot be written"):
        picture.verdict_picture(*report, tmp_path / "none" / "a.png")

"""Folders: order, classes, modes and every way that a folder can be bad."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from gan_probe import data, types


def noise(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, size=shape, dtype=np.uint8)


def save(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)


def test_decodes_in_order_of_names(tmp_path):
    images = {f"{index:03d}.png": noise(index, 5, 6, 3) for index in reversed(range(40))}
    for name, image in images.items():
        save(tmp_path / name, image)
    samples = data.load(str(tmp_path))
    assert samples.kind == "images" and samples.labels is None
    assert list(samples.names) == sorted(images)
    np.testing.assert_array_equal(samples.rows.take(range(40)), np.stack([images[name] for name in sorted(images)]))
    np.testing.assert_array_equal(samples.rows.take([7, 3, 7]), np.stack([images[f"00{i}.png"] for i in (7, 3, 7)]))


def test_every_ending_hidden_files_and_others(tmp_path):
    for ending in ("png", "JPG", "jpeg", "webp", "bmp", "gif", "tif"):
        save(tmp_path / f"x.{ending}", noise(0, 8, 8, 3))
    save(tmp_path / ".hidden.png", noise(0, 9, 9))
    save(tmp_path / ".folder" / "a.png", noise(0, 9, 9))
    (tmp_path / "readme.txt").write_text("no image")
    samples = data.load(str(tmp_path))
    assert len(samples) == 7 and samples.rows.take(range(7)).shape == (7, 8, 8, 3)
    assert "1 files that are no images ignored" in samples.notes


def test_sub_folders_are_classes_however_deep(tmp_path):
    for name in ("dog/a.png", "cat/deep/er/b.png", "cat/a.png", "eel/z.png"):
        save(tmp_path / name, noise(1, 4, 4))
    samples = data.load(str(tmp_path))
    assert list(samples.names) == ["cat/a.png", "cat/deep/er/b.png", "dog/a.png", "eel/z.png"]
    assert samples.classes == ("cat", "dog", "eel")
    np.testing.assert_array_equal(samples.labels, [0, 0, 1, 2])
    save(tmp_path / "stray.png", noise(1, 4, 4))
    beside = data.load(str(tmp_path))
    assert beside.labels is None and any("no labels" in note for note in beside.notes)


def test_a_link_to_a_folder_above_ends(tmp_path):
    save(tmp_path / "a" / "x.png", noise(1, 4, 4))
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    assert list(data.load(str(tmp_path)).names) == ["a/x.png"]


def test_grey_sets_stay_grey_and_mixed_sets_become_rgb(tmp_path):
    grey, colour = noise(2, 4, 4), noise(3, 4, 4, 3)
    save(tmp_path / "a.png", grey)
    alone = data.load(str(tmp_path))
    assert alone.rows.shape == (4, 4, 1) and alone.notes == ()
    np.testing.assert_array_equal(alone.rows.take([0])[0, :, :, 0], grey)
    save(tmp_path / "b.png", colour)
    mixed = data.load(str(tmp_path))
    np.testing.assert_array_equal(mixed.rows.take([0, 1]), np.stack([np.repeat(grey[..., None], 3, 2), colour]))
    assert mixed.notes == ("1 greyscale images repeated over RGB, as the set holds colour images",)


def test_alpha_is_composited_over_white(tmp_path):
    image = noise(4, 6, 6, 4)
    save(tmp_path / "a.png", image)
    samples = data.load(str(tmp_path))
    share = image[..., 3:].astype(np.float64) / 255
    expected = image[..., :3] * share + 255 * (1 - share)
    assert np.abs(samples.rows.take([0])[0] - expected).max() <= 1
    assert samples.notes == ("1 images with transparency composited over white",)


def test_transparent_palette_and_grey_alpha(tmp_path):
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putdata([0, 1])
    palette.save(tmp_path / "p.png", transparency=1)
    samples = data.load(str(tmp_path))
    np.testing.assert_array_equal(samples.rows.take([0])[0], [[[10, 20, 30], [255, 255, 255]]])
    assert len(samples.notes) == 2
    (tmp_path / "p.png").unlink()
    Image.merge("LA", [Image.new("L", (2, 1), 100), Image.new("L", (2, 1), 255)]).save(tmp_path / "la.png")
    np.testing.assert_array_equal(data.load(str(tmp_path)).rows.take([0])[0], [[[100], [100]]])


def test_sixteen_bits_are_scaled(tmp_path):
    deep = np.random.default_rng(5).integers(0, 65536, size=(7, 9)).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.png")
    Image.fromarray(deep).save(tmp_path / "b.tif")
    samples = data.load(str(tmp_path))
    expected = np.rint(deep / 65535 * 255)
    for image in samples.rows.take([0, 1]):
        np.testing.assert_array_equal(image[..., 0], expected)
    assert samples.notes == ("2 images scaled from 16 bits a channel to 8",)


def test_sixteen_bit_colour_is_stated(tmp_path):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    body = zlib.compress(b"\0" + struct.pack(">HHH", 0x1200, 0x8000, 0xFF00))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(png)
    samples = data.load(str(tmp_path))
    np.testing.assert_array_equal(samples.rows.take([0])[0, 0, 0], [0x12, 0x80, 0xFF])
    assert samples.notes == ("1 images scaled from 16 bits a channel to 8",)


def test_mixed_sizes_need_a_remedy(tmp_path):
    save(tmp_path / "a.png", noise(1, 12, 10, 3))
    save(tmp_path / "b.png", noise(2, 20, 30, 3))
    with pytest.raises(types.UserError, match=r"a\.png is 10x12, b\.png is 30x20; give --resize=N or --crop=N"):
        data.load(str(tmp_path))
    assert data.load(str(tmp_path), resize=8).rows.take([0, 1]).shape == (2, 8, 8, 3)
    assert data.load(str(tmp_path), crop=10).rows.take([0, 1]).shape == (2, 10, 10, 3)
    both = data.load(str(tmp_path), crop=10, resize=5)
    assert both.rows.take([0, 1]).shape == (2, 5, 5, 3) and len(both.notes) == 2
    with pytest.raises(types.UserError, match=r"a\.png is 10x12, smaller than --crop=11"):
        data.load(str(tmp_path), crop=11)


def test_broken_files_are_named(tmp_path):
    def fails(name, content, what, at_load=True):
        folder = tmp_path / name.partition(".")[0]
        save(folder / "0.png", noise(0, 64, 64, 3))
        (folder / name).write_bytes(content)
        if at_load:
            with pytest.raises(types.UserError, match=what) as caught:
                data.load(str(folder))
        else:
            samples = data.load(str(folder))
            with pytest.raises(types.UserError, match=what) as caught:
                samples.rows.take([0, 1])
        assert name in str(caught.value) and "\n" not in str(caught.value)

    save(tmp_path / "whole.jpg", noise(0, 64, 64, 3))
    jpeg = (tmp_path / "whole.jpg").read_bytes()
    save(tmp_path / "whole.png", noise(0, 64, 64, 3))
    png = (tmp_path / "whole.png").read_bytes()
    fails("cut.jpg", jpeg[: len(jpeg) // 2], "truncated", at_load=False)
    fails("cutpng.png", png[: len(png) // 2], "cannot be decoded", at_load=False)
    fails("damaged.png", png[:200] + bytes(100) + png[300:], "cannot be decoded", at_load=False)
    fails("text.png", b"this is text", "not a readable image")
    fails("empty.png", b"", "not a readable image")
    fails("head.jpg", jpeg[:3], "not a readable image")


@pytest.mark.parametrize("side", [(65536, 32768), (10_000, 9_500)])
def test_a_header_that_claims_too_many_pixels(tmp_path, side):
    header = b"IHDR" + struct.pack(">IIBBBBB", *side, 8, 2, 0, 0, 0)
    (tmp_path / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
        + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    )  # fmt: skip
    with pytest.raises(types.UserError, match=r"bomb\.png claims more than \d+ pixels"):
        data.load(str(tmp_path))


def test_thirty_two_bit_images_are_refused(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "f.tif")
    with pytest.raises(types.UserError, match=r"f\.tif has 32 bits"):
        data.load(str(tmp_path))


def test_empty_folder_single_file_and_label(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(types.UserError, match="empty holds no image"):
        data.load(str(tmp_path / "empty"))
    save(tmp_path / "set" / "a.png", noise(0, 4, 4))
    with pytest.raises(types.UserError, match=r"a\.png is a single image"):
        data.load(str(tmp_path / "set" / "a.png"))
    with pytest.raises(types.UserError, match=r"gone\.png does not exist"):
        data.load(str(tmp_path / "gone.png"))
    with pytest.raises(types.UserError, match=r"--label=Smiling: no list_attr_celeba.txt"):
        data.load(str(tmp_path / "set"), label="Smiling")

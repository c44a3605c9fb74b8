"""npz and npy: forms, extras, laziness and every way that a file can be bad."""

import numpy as np
import pytest

from gan_probe import data, types

IMAGES = np.random.default_rng(0).integers(0, 256, size=(6, 4, 5, 3), dtype=np.uint8)
FEATURES = np.random.default_rng(1).normal(size=(6, 7)).astype(np.float32)


def npz(tmp_path, **arrays):
    path = tmp_path / "file.npz"
    np.savez(path, **arrays)
    return str(path)


def npy(tmp_path, array):
    path = tmp_path / "file.npy"
    np.save(path, array)
    return str(path)


@pytest.mark.parametrize("key", ["images", "arr_0"])
def test_npz_images(tmp_path, key):
    samples = data.load(npz(tmp_path, **{key: IMAGES}))
    assert samples.kind == "images" and samples.rows.shape == (4, 5, 3) and samples.rows.dtype == np.uint8
    np.testing.assert_array_equal(samples.rows.take([4, 0]), IMAGES[[4, 0]])


def test_npz_grey_images_get_a_channel(tmp_path):
    samples = data.load(npz(tmp_path, images=IMAGES[..., 0]))
    np.testing.assert_array_equal(samples.rows.take(range(6)), IMAGES[..., :1])


def test_npz_extras(tmp_path):
    logits = np.arange(18.0).reshape(6, 3)
    path = npz(tmp_path, features=FEATURES, labels=[2, 0, 1, 1, 0, 2], logits=logits, names=list("abcdef"))
    samples = data.load(path + "[2:5]")
    np.testing.assert_array_equal(samples.labels, [1, 1, 0])
    assert samples.classes == ("0", "1", "2") and list(samples.names) == ["c", "d", "e"]
    np.testing.assert_array_equal(samples.logits, logits[2:5])
    np.testing.assert_array_equal(samples.rows.take([0]), FEATURES[2:3])


def test_npz_string_labels(tmp_path):
    samples = data.load(npz(tmp_path, images=IMAGES, labels=["b", "a", "b", "c", "a", "a"]))
    assert samples.classes == ("a", "b", "c")
    np.testing.assert_array_equal(samples.labels, [1, 0, 1, 2, 0, 0])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_npy_floats_become_float32(tmp_path, dtype):
    samples = data.load(npy(tmp_path, FEATURES.astype(dtype)))
    rows = samples.rows.take(range(6))
    assert samples.kind == "features" and rows.dtype == np.float32 and rows.dtype.isnative
    np.testing.assert_array_equal(rows, FEATURES.astype(dtype).astype(np.float32))


def test_npy_is_mapped_and_never_read_whole(tmp_path):
    path = tmp_path / "huge.npy"
    # 4 TiB of holes: loading it would fail.
    header = np.lib.format.open_memmap(path, mode="w+", dtype=np.float64, shape=(1, 512))
    del header
    with path.open("r+b") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (2**30, 512)})
        start = stream.tell()
        try:
            stream.truncate(start + 2**30 * 512 * 8)
        except OSError:
            pytest.skip("this file system has no files of 4 TiB")
        stream.seek(start + 8 * 512 * (2**30 - 1))
        stream.write(np.arange(512.0).tobytes())
    samples = data.load(str(path))
    assert len(samples) == 2**30
    np.testing.assert_array_equal(samples.rows.take([0, 2**30 - 1]), [np.zeros(512), np.arange(512)])


def bad_npz(what, **arrays):
    return pytest.param(arrays, what, id=what)


@pytest.mark.parametrize(
    "arrays, what",
    [
        bad_npz("none of the keys images, features, arr_0; its keys: x", x=IMAGES),
        bad_npz("both images and features", images=IMAGES, features=FEATURES),
        bad_npz("array of Python objects", images=np.array([1, "a", None, 2], dtype=object)),
        bad_npz("labels have shape", images=IMAGES, labels=[1, 2]),
        bad_npz("labels are float64", images=IMAGES, labels=np.zeros(6)),
        bad_npz("names are <U1", images=IMAGES, names=["a"]),
        bad_npz("logits are int64", images=IMAGES, logits=np.zeros((6, 2), np.int64)),
        bad_npz("empty set", images=IMAGES[:0]),
        bad_npz("features .* are an empty set", features=FEATURES[:0]),
        bad_npz("np.rint", images=IMAGES / 255.0),
        bad_npz("features must be real", features=FEATURES.astype(complex)),
        bad_npz("only numbers", features=np.array([["a", "b"], ["c", "d"]])),
        bad_npz("astype\\(np.float32\\)", features=np.arange(6).reshape(3, 2)),
        bad_npz("astype\\(np.uint8\\)", images=IMAGES.astype(np.int64)),
        bad_npz("images are uint8 \\[n, h, w, c\\]", images=IMAGES[:, :, 0, 0]),
        bad_npz("transpose", images=IMAGES.transpose(0, 3, 1, 2)),
        bad_npz("alpha", images=np.zeros((2, 5, 5, 4), np.uint8)),
        bad_npz("single image", images=IMAGES[0]),
        bad_npz("the key images holds features", images=FEATURES),
    ],
)
def test_bad_npz(tmp_path, arrays, what):
    path = npz(tmp_path, **arrays)
    with pytest.raises(types.UserError, match=what) as caught:
        data.load(path)
    assert path in str(caught.value) and "\n" not in str(caught.value)


def test_bad_archives(tmp_path):
    path = tmp_path / "file.npz"
    path.write_bytes(b"no zip")
    with pytest.raises(types.UserError, match=r"file\.npz is not an npz archive"):
        data.load(str(path))
    path.write_bytes(b"")
    with pytest.raises(types.UserError, match=r"file\.npz is not an npz archive"):
        data.load(str(path))
    np.savez_compressed(path, images=np.random.default_rng(0).integers(0, 256, (9, 64, 64, 3), np.uint8))
    content = bytearray(path.read_bytes())
    content[5000:5200] = bytes(200)
    path.write_bytes(content)
    with pytest.raises(types.UserError, match="images cannot be read"):
        data.load(str(path))
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(types.UserError, match="not an npz"):
        data.load(str(path))
    with pytest.raises(types.UserError, match=r"gone\.npz does not exist"):
        data.load(str(tmp_path / "gone.npz"))


@pytest.mark.parametrize(
    "array, what",
    [
        (np.array([{}, []], dtype=object), "Python objects"),
        (FEATURES.astype(complex), "must be real"),
        (np.zeros((0, 3), np.float32), "empty set"),
        (np.float32(1), "features are float"),
        (np.zeros(5), "features are float"),
    ],
)
def test_bad_npy(tmp_path, array, what):
    path = npy(tmp_path, array)
    with pytest.raises(types.UserError, match=what) as caught:
        data.load(path)
    assert path in str(caught.value)


def test_damaged_npy(tmp_path):
    path = npy(tmp_path, FEATURES)
    content = (tmp_path / "file.npy").read_bytes()
    for text, what in ((content[:-9], "cannot be read"), (b"text", "not an npy"), (b"", "not an npy")):
        (tmp_path / "file.npy").write_bytes(text)
        with pytest.raises(types.UserError, match=what):
            data.load(path)


@pytest.mark.parametrize("value, what", [(np.nan, "NaN"), (np.inf, "infinite"), (1e300, "infinite")])
@pytest.mark.parametrize("write", [npy, lambda path, array: npz(path, features=array)])
def test_rows_that_are_not_finite(tmp_path, value, what, write):
    array = FEATURES.astype(np.float64)
    array[3, 2] = value
    samples = data.load(write(tmp_path, array))
    samples.rows.take([0, 1, 2])
    with pytest.raises(types.UserError, match=f"file.np.: row 3 holds {what}|file.np.: row 3 holds an {what}"):
        samples.rows.take([2, 3, 4])

"""tfds: prepared sets, and what is said of sets that are not."""

import io
import pathlib
import types as types_lib

import numpy as np
import pytest
from PIL import Image

from gan_probe import data, types

SHARED = pathlib.Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "tfds"
shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared tfds sets are not there")


@pytest.fixture
def prepared(monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(SHARED))


@shared
def test_rows_and_labels_are_those_of_tfds(prepared):
    import tensorflow_datasets as tfds

    source = tfds.data_source("mnist", split="test", data_dir=SHARED)
    samples = data.load("tfds:mnist/test[100:300]")
    assert samples.rows.shape == (28, 28, 1) and samples.classes == tuple("0123456789")
    some = [199, 0, 57]
    np.testing.assert_array_equal(samples.rows.take(some), np.stack([source[100 + i]["image"] for i in some]))
    np.testing.assert_array_equal(samples.labels[some], [source[100 + i]["label"] for i in some])
    assert samples.names[0] == "mnist/test/00100"
    assert len(data.load("tfds:mnist:3.0.1/test", resize=14)) == 10_000


@shared
def test_class_names(prepared):
    samples = data.load("tfds:fashion_mnist/test")
    assert len(samples.classes) == 10 and samples.labels.dtype == np.int32


@shared
@pytest.mark.parametrize(
    "src, what",
    [
        ("tfds:mnist/tets", r"no split tets \(did you mean test\?\)"),
        ("tfds:mnist", "give the set and its split"),
        ("tfds:../mnist/test", "give the set and its split"),
        ("tfds:mnist:9.9.9/test", "version 9.9.9 is not prepared in .*, only 3.0.1"),
        ("tfds:cifar10/test", r'prepare it with: python -c .*tfds.data_source\("cifar10"\)'),
        ("tfds:mnits/test", "did you mean mnist"),
    ],
)
def test_what_is_missing(prepared, src, what):
    with pytest.raises(types.UserError, match=what):
        data.load(src)


def test_an_absent_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(types.UserError, match=r"tfds:mnist/test is not prepared in .*nowhere"):
        data.load("tfds:mnist/test")


SIZES = [(10, 12), (20, 22), (9, 9), (13, 40)]


def image(index):
    return np.random.default_rng(index).integers(0, 256, size=(*SIZES[index], 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two sets as tfds itself writes them: images of many sizes, and no images."""
    import tensorflow_datasets as tfds

    root = tmp_path_factory.mktemp("tfds")
    classes = tfds.features.ClassLabel(names=["ant", "bee"])
    pictures = tfds.features.FeaturesDict({"image": tfds.features.Image(shape=(None, None, 3)), "label": classes})
    numbers = tfds.features.FeaturesDict({"value": tfds.features.Scalar(np.int64)})

    class OfPictures(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")
        pkg_dir_path = root
        # Nothing is downloaded, and looking for checksums needs a package that tfds does not require.
        url_infos = types_lib.MappingProxyType({})

        def _info(self):
            return tfds.core.DatasetInfo(builder=self, features=pictures)

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples()}

        def _generate_examples(self):
            for index in range(len(SIZES)):
                stream = io.BytesIO()
                Image.fromarray(image(index)).save(stream, "png")
                stream.seek(0)
                yield index, {"image": stream, "label": index % 2}

    class OfNumbers(OfPictures):
        def _info(self):
            return tfds.core.DatasetInfo(builder=self, features=numbers)

        def _generate_examples(self):
            yield 0, {"value": 1}

    for builder in (OfPictures, OfNumbers):
        builder(data_dir=root, file_format="array_record").download_and_prepare()
    return root


def test_images_of_many_sizes(made, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(made))
    with pytest.raises(types.UserError, match=r"differ in size: image 0 is \d+x\d+, image 1 is \d+x\d+; give --resize"):
        data.load("tfds:of_pictures/train")
    with pytest.raises(types.UserError, match=r"image . is 9x9, smaller than --crop=10"):
        data.load("tfds:of_pictures/train", crop=10)
    samples = data.load("tfds:of_pictures/train", crop=8)
    assert samples.classes == ("ant", "bee")
    crops = {image(i)[(h - 8) // 2 :, (w - 8) // 2 :][:8, :8].tobytes(): i % 2 for i, (h, w) in enumerate(SIZES)}
    assert [crops[row.tobytes()] for row in samples.rows.take(range(4))] == list(samples.labels)
    assert data.load("tfds:of_pictures/train", resize=5).rows.take([2]).shape == (1, 5, 5, 3)


def test_a_set_without_images(made, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(made))
    with pytest.raises(types.UserError, match='has no uint8 "image"; its features: value'):
        data.load("tfds:of_numbers/train")

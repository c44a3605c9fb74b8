"""`tfds:NAME[/CONFIG][:VERSION]/SPLIT`: a prepared TensorFlow Datasets set, without TensorFlow and without network.

The set is looked for where tfds puts it: in $TFDS_DATA_DIR, else in ~/tensorflow_datasets. Only its files are read,
never the code that makes it. Records are parsed here, because tfds decodes whole examples, one by one.
"""

import io
import os
import pathlib
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from gan_probe import types
from gan_probe.data import decode, kinds, threads
from gan_probe.data import geometry as geometry_lib

__all__ = ["accepts", "load"]

_PREFIX = "tfds:"
_VERSION = re.compile(r"\d+\.\d+\.\d+")


def accepts(src: str) -> bool:
    return src.startswith(_PREFIX)


def load(src: str, options: kinds.Options) -> types.Samples:
    """Reads labels and, where the set has no fixed size, the headers of the images; no pixels.

    Raises:
      types.UserError: for a set that is not prepared, an unknown split, a set without an "image".
    """
    # Imported here: a second or more that no other source needs.
    import tensorflow_datasets as tfds

    name, _, split = src.removeprefix(_PREFIX).rpartition("/")
    if not name or not split:
        raise types.UserError(f"{src}: give the set and its split, such as tfds:mnist/test")
    builder = tfds.builder_from_directory(_directory(src, name, split))
    info = builder.info
    if split not in info.splits:
        raise types.UserError(f"{src}: no split {split}{types.hint(split, info.splits)}; {', '.join(info.splits)}")
    image = info.features["image"] if "image" in info.features else None
    if not isinstance(image, tfds.features.Image) or image.np_dtype != np.uint8:
        raise types.UserError(f'{src} has no uint8 "image"; its features: {", ".join(info.features)}')
    try:
        records = builder.as_data_source(split=split, deserialize_method=tfds.decode.DeserializeMethod.RAW_BYTES)
    except NotImplementedError as error:
        raise types.UserError(f"{src} is stored as {info.file_format}; prepare it anew: {_command(name)}") from error
    if len(records) == 0:
        raise types.UserError(f"{src} holds no image; choose another split")
    label = info.features["label"] if "label" in info.features else None
    classes = None
    if isinstance(label, tfds.features.ClassLabel):
        classes = tuple(label.int2str(code) for code in range(label.num_classes))
    shape, codes = _scan(src, records, image.shape, classes is not None, options.geometry)
    return types.Samples(
        source=src,
        rows=_Rows(src, records, shape, options.geometry),
        kind="images",
        labels=codes,
        classes=classes,
        names=[f"{name}/{split}/{index:05d}" for index in range(len(records))],
        notes=options.geometry.notes(),
    )


class _Rows:
    def __init__(self, src: str, records: Any, shape: tuple[int, ...], geometry: geometry_lib.Geometry):
        self._src, self._records, self._geometry = src, records, geometry
        self.shape, self.dtype = shape, np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self._records)

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        indices = [int(index) for index in indices]
        out = np.empty((len(indices), *self.shape), np.uint8)

        def read(item: tuple[int, int, bytes]) -> None:
            place, index, record = item
            file, name = io.BytesIO(_image(_features(record))), f"{self._src}: image {index}"
            out[place] = decode.pixels(file, name, colour=self.shape[2] == 3, geometry=self._geometry)

        records = self._records.__getitems__(indices)
        threads.ordered_map(read, zip(range(len(indices)), indices, records, strict=True))
        return out


def _scan(
    src: str, records: Any, shape: Sequence[int | None], labelled: bool, geometry: geometry_lib.Geometry
) -> tuple[tuple[int, ...], np.ndarray | None]:
    """Shape (h, w, c) of every image and labels [n], reading records only where one of the two asks for it."""
    height, width, channels = shape
    fixed = height is not None and width is not None
    sizes: list[tuple[int, int]] = [] if height is None or width is None else [(width, height)]
    codes: list[int] = []
    for start in range(0, len(records) if labelled or not fixed else 0, 4096):
        batch = records.__getitems__(range(start, min(start + 4096, len(records))))
        features = [_features(record) for record in batch]
        if labelled:
            codes += [feature["label"].int64_list.value[0] for feature in features]
        if not fixed:
            with decode.oversize_is_an_error():
                headers = [
                    decode.header(io.BytesIO(_image(feature)), f"{src}: image {start + place}")
                    for place, feature in enumerate(features)
                ]
            sizes += [(header.width, header.height) for header in headers]
    kept = [geometry.shape(*size, f"{src}: image {index}") for index, size in enumerate(sizes)]
    other = next((index for index, size in enumerate(kept) if size != kept[0]), None)
    if other is not None:
        first, second = ("x".join(map(str, sizes[index])) for index in (0, other))
        raise types.UserError(
            f"{src}: images differ in size: image 0 is {first}, image {other} is {second}; give --resize=N or --crop=N"
        )
    return (*kept[0], 1 if channels == 1 else 3), np.array(codes, np.int32) if labelled else None


def _features(record: bytes) -> Any:
    from tensorflow_datasets.proto import tf_example_generated_pb2

    return tf_example_generated_pb2.Example.FromString(record).features.feature


def _image(features: Any) -> bytes:
    return features["image"].bytes_list.value[0]


def _directory(src: str, name: str, split: str) -> pathlib.Path:
    """Where the newest prepared version of NAME lies."""
    root = pathlib.Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()
    path, _, version = name.partition(":")
    if not set(path.split("/")).isdisjoint({"", ".", ".."}):
        raise types.UserError(f"{src}: give the set and its split, such as tfds:mnist/test")
    prepared = [
        entry.parent for entry in (root / path).glob("*/dataset_info.json") if _VERSION.fullmatch(entry.parent.name)
    ]
    chosen = [entry for entry in prepared if version in ("", entry.name)]
    if chosen:
        return max(chosen, key=lambda entry: tuple(map(int, entry.name.split("."))))
    if prepared:
        versions = ", ".join(sorted(entry.name for entry in prepared))
        raise types.UserError(f"{src}: version {version} is not prepared in {root}, only {versions}")
    known = _known(root)
    near = "" if path in known else types.hint(path, known)
    raise types.UserError(f"{src} is not prepared in {root}{near}; say in TFDS_DATA_DIR where it lies, or prepare it "
                          f"with: {_command(name)}")  # fmt: skip


def _known(root: pathlib.Path) -> list[str]:
    import tensorflow_datasets as tfds

    local = [entry.name for entry in root.iterdir()] if root.is_dir() else []
    return local + list(tfds.list_builders(with_community_datasets=False))


def _command(name: str) -> str:
    return f"""python -c 'import tensorflow_datasets as tfds; tfds.data_source("{name}")'"""

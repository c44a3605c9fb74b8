"""Checkpoints of PyTorch are read without it, and nothing that a file asks for is run."""

import pathlib
import pickle
import struct

import numpy as np
import pytest

from gan_probe.embed import torch_file

MAGIC = 0x1950A86A20F9469CFC6C
DATA = np.arange(6, dtype="<f4")


def call(name: str, *parts: bytes) -> bytes:
    """Pickle code that calls a global on a tuple of values."""
    module, _, function = name.rpartition(".")
    return f"c{module}\n{function}\n(".encode() + b"".join(parts) + b"tR"


def value(x) -> bytes:
    return pickle.dumps(x, 2)[2:-1]


def storage(dtype: str, key: str, numel: int) -> bytes:
    return (
        b"("
        + value("storage")
        + f"ctorch\n{dtype}Storage\n".encode()
        + value(key)
        + value("cpu")
        + value(numel)
        + b"Nt"
        + b"Q"
    )


def tensor(shape, strides, offset=0, numel=6, dtype="Float", key="7") -> bytes:
    return call(
        "torch._utils._rebuild_tensor_v2", storage(dtype, key, numel), value(offset), value(shape), value(strides),
        value(False), call("collections.OrderedDict"),
    )  # fmt: skip


def checkpoint(tree: bytes, *, magic=MAGIC, keys=("7",)) -> bytes:
    whole = b"\x80\x02ccollections\nOrderedDict\n)R(" + value("weight") + tree + b"u."
    head = [pickle.dumps(x, 2) for x in (magic, 1001, {"little_endian": True})]
    return b"".join([*head, whole, pickle.dumps(list(keys), 2), struct.pack("<q", len(DATA)), DATA.tobytes()])


def read(content: bytes, folder: pathlib.Path) -> dict[str, np.ndarray]:
    path = folder / "file.pth"
    path.write_bytes(content)
    return torch_file.read(path)


def test_strides_and_offsets(tmp_path):
    found = read(checkpoint(tensor((2, 2), (1, 3), 1)), tmp_path)
    np.testing.assert_array_equal(found["weight"], [[1, 4], [2, 5]])
    assert found["weight"].flags.owndata and found["weight"].dtype == np.float32


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (call("os.system", value("touch pwned")), "os.system"),
        (call("builtins.eval", value("1")), "builtins.eval"),
        (call("torch.load", value("x")), "torch.load"),
        (call("collections.Counter"), "Counter"),
        (tensor((2, 4), (4, 1)), "beyond"),
        (tensor((2, 2), (1, 4), 2), "buffer"),
        (tensor((2,), (1,), 10**12), "buffer"),
        (tensor((10**12,), (0,)), "beyond"),
        (tensor((2,), (-1,), 3), "no storage"),
        (tensor((2,), (1, 1)), "no storage"),
        (tensor((6,), (1,), numel=10**15), "another size"),
        (tensor((6,), (1,), key="8"), "KeyError"),
    ],
)
def test_hostile_and_damaged_files_are_refused(tree, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="not a checkpoint of tensors") as error:
        read(checkpoint(tree), tmp_path)
    assert message in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["file.pth"]


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", checkpoint(tensor((6,), (1,)))[:-1], checkpoint(tensor((6,), (1,)))[:200]]
)
def test_other_files_are_refused(content, tmp_path):
    with pytest.raises(ValueError, match="not a checkpoint"):
        read(content, tmp_path)


def test_another_container_is_refused(tmp_path):
    with pytest.raises(ValueError, match="another container"):
        read(checkpoint(tensor((6,), (1,)), magic=1), tmp_path)

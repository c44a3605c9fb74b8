"""`pixels`: the image itself, as float32 in [0, 1], or for networks as the bytes that they are."""

import numpy as np

from gan_probe import types
from gan_probe.embed import mapper

__all__ = ["as_bytes", "make"]


def make(argument: str | None, context: mapper.Context) -> mapper.Mapper:
    """UserError for sets of features."""
    mapper.no_argument("pixels", argument)
    if context.first.kind != "images":
        raise types.UserError(f"--embed=pixels: {context.first.source} holds features; use --embed=features or pca:K")
    dim = int(np.prod(context.first.rows.shape))
    return mapper.Mapper(types.Embedding("pixels", {"range": [0, 1]}, None), mapper.flat_pixels, dim)


def as_bytes(shape: tuple[int, ...]) -> mapper.Mapper:
    """Of images of this shape: uint8 [n, h w c], a quarter of the memory."""
    embedding = types.Embedding("pixels", {"range": [0, 1]}, None)
    return mapper.Mapper(
        embedding,
        lambda rows: rows.reshape(len(rows), -1),
        int(np.prod(shape)),
        as_given=True,
        dtype=np.dtype(np.uint8),
    )

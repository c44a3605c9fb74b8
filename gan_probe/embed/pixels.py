"""`pixels`: the image itself, as float32 in [0, 1]."""

import numpy as np

from gan_probe import types
from gan_probe.embed import mapper

__all__ = ["make"]


def make(argument: str | None, context: mapper.Context) -> mapper.Mapper:
    """UserError for sets of features."""
    mapper.no_argument("pixels", argument)
    if context.first.kind != "images":
        raise types.UserError(f"--embed=pixels: {context.first.source} holds features; use --embed=features or pca:K")
    dim = int(np.prod(context.first.rows.shape))
    return mapper.Mapper(types.Embedding("pixels", {"range": [0, 1]}, None), mapper.flat_pixels, dim)

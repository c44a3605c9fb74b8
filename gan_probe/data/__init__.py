"""Where samples come from: SRC strings and arrays in, types.Samples out."""

import dataclasses
import os
from collections.abc import Mapping

from gan_probe import types
from gan_probe.data import embedded, folder, geometry, kinds, npy, npz, slices, synthetic, tfds_source
from gan_probe.data.arrays import from_array
from gan_probe.data.kinds import Kind

__all__ = ["SOURCES", "Kind", "from_array", "load"]

# The first kind that accepts a SRC reads it.
SOURCES: Mapping[str, Kind] = {
    "tfds": Kind(tfds_source.accepts, tfds_source.load, "a prepared TensorFlow Datasets set", "tfds:mnist/test"),
    "synthetic": Kind(
        synthetic.accepts,
        synthetic.load,
        f"a law of known truth: {', '.join(synthetic.LAWS)}",
        "synthetic:ring8?n=5000&seed=1",
    ),
    "digits": Kind(
        embedded.accepts,
        embedded.load,
        f"embedded digits, no file needed: {' '.join(name.partition('/')[2] for name in embedded.NAMES)}",
        "digits/train",
    ),
    "npz": Kind(npz.accepts, npz.load, "images or features, with labels, logits, names", "samples.npz"),
    "npy": Kind(npy.accepts, npy.load, "images or features, mapped from disk", "features.npy[0:10000]"),
    "folder": Kind(folder.accepts, folder.load, "a folder of images; sub-folders are classes", "photos/"),
}


def load(
    src: str,
    *,
    resize: int | None = None,
    crop: int | None = None,
    label: str | None = None,
    seed: int = 0,
    sources: Mapping[str, Kind] = SOURCES,
) -> types.Samples:
    """Opens a set without decoding it.

    Args:
      src: any form of SOURCES, with or without a slice `[a:b]`.
      resize, crop: size in pixels of every image, see geometry.
      label: one attribute of a CelebA folder, or two with a comma, that become class labels.
      seed: of the embedded, synthetic and generated draws whose SRC names none.
      sources: SOURCES, or more of them from the layers above.

    Raises:
      types.UserError: one line that names the file or flag and the remedy.
    """
    options = kinds.Options(geometry.Geometry(crop, resize).validated(), label or None, seed)
    base, span = (src, None) if os.path.exists(src) else slices.split(src)
    path = os.path.expanduser(base)
    name, kind = _kind(base, path, sources)
    if options.label is not None and name != "folder":
        raise types.UserError(f"--label={label}: {src} is no folder with CelebA's attribute file; drop --label")
    samples = dataclasses.replace(kind(path, options), source=src)
    return samples if span is None else slices.cut(samples, span, source=src)


def _kind(src: str, path: str, sources: Mapping[str, Kind]) -> tuple[str, Kind]:
    if "\0" in src or not src.strip():
        raise types.UserError(f"{src!r} names no source; see gan-probe list data")
    if embedded.accepts(src) and os.path.exists(path):
        raise types.UserError(f"{src} is embedded data and also a path; write ./{src} or {src}?seed=0")
    for name, kind in sources.items():
        if kind.accepts(path):
            return name, kind
    if os.path.exists(path):
        raise types.UserError(f"{src} is no image folder, npz or npy file; convert it to one of these")
    raise types.UserError(f"{src} does not exist{types.hint(src, _names_near(path))}; see gan-probe list data")


def _names_near(path: str) -> list[str]:
    """Names that may have been meant: embedded data, laws, and what lies in the same folder."""
    laws = [f"synthetic:{law}" for law in synthetic.LAWS]
    parent = os.path.dirname(path)
    try:
        siblings = [os.path.join(parent, name) for name in os.listdir(parent or ".")]
    except OSError:
        siblings = []
    return [*embedded.NAMES, *laws, *siblings]

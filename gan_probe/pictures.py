"""The images that the report shows beside the numbers: seeded grids, closest pairs, closest copies."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gan_probe import types

__all__ = ["grids", "pairs"]

_GRID = 48


def grids(samples: Mapping[str, types.Samples], seed: int) -> dict[str, np.ndarray]:
    """A seeded handful of images of every set that has images: "name/grid" uint8 [m, h, w, c]."""
    out = {}
    for name, s in samples.items():
        if s.kind == "images":
            chosen = np.sort(np.random.default_rng(seed).permutation(len(s))[:_GRID])
            out[f"{name}/grid"] = s.rows.take(chosen)
    return out


def pairs(
    name: str, results: Mapping[str, Any], fake: types.Samples, train: types.Samples | None
) -> dict[str, np.ndarray]:
    """The closest pairs of birthday [p, 2 or 3, h, w, c] and the closest copies of memorization [p, 2, h, w, c]."""
    if fake.kind != "images":
        return {}
    out = {}
    closest = results.get("birthday", {}).get("detail", {}).get("closest", [])
    if closest:
        columns = [fake.rows.take([p[side] for p in closest]) for side in ("i", "j")]
        if train is not None and closest[0]["train"]:
            columns.append(train.rows.take([p["train"]["index"] for p in closest]))
        out[f"{name}/closest"] = np.stack(columns, axis=1)
    copies = results.get("memorization", {}).get("detail", {}).get("closest", [])
    if copies and train is not None:
        columns = [fake.rows.take([p["fake"] for p in copies]), train.rows.take([p["train"] for p in copies])]
        out[f"{name}/copies"] = np.stack(columns, axis=1)
    return out

"""The closest pairs and the closest copies as cards: pictures side by side with indices, names and distances."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gan_probe.report import images, numbers

__all__ = ["copies", "pairs"]


def pairs(closest: Sequence[Mapping[str, Any]], shown: np.ndarray | None) -> list[dict[str, Any]]:
    """A card a pair: the two fakes, and the training image nearest to either."""
    cards = []
    for k, pair in enumerate(closest):
        names = pair["names"] or [None, None]
        sides = [("fake", pair["i"], names[0]), ("fake", pair["j"], names[1])]
        caption = [f"distance {numbers.number(pair['distance'])}"]
        if pair["train"]:
            sides.append(("train", pair["train"]["index"], pair["train"].get("name")))
            caption.append(f"nearest training image at {numbers.number(pair['train']['distance'])}")
        cards.append(_card(sides, caption, None if shown is None or k >= len(shown) else shown[k]))
    return cards


def copies(closest: Sequence[Mapping[str, Any]], shown: np.ndarray | None) -> list[dict[str, Any]]:
    """A card a copy: the fake and its nearest training image."""
    cards = []
    for k, pair in enumerate(closest):
        names = pair["names"] or [None, None]
        sides = [("fake", pair["fake"], names[0]), ("train", pair["train"], names[1])]
        caption = [f"distance {numbers.number(pair['distance'])}"]
        cards.append(_card(sides, caption, None if shown is None or k >= len(shown) else shown[k]))
    return cards


def _card(sides: Sequence[tuple[str, int, str | None]], caption: list[str], shown: np.ndarray | None) -> dict[str, Any]:
    return {
        "caption": caption,
        "sides": [
            {
                "role": role,
                "index": index,
                "name": name or "",
                "picture": images.picture(shown[s])._asdict() if shown is not None and s < len(shown) else None,
            }
            for s, (role, index, name) in enumerate(sides)
        ],
    }

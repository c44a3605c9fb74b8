"""Every claim of the five papers (claims.csv), and which experiment judges it."""

import csv
import functools
import pathlib
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Claim", "claims"]


class Claim(NamedTuple):
    """A line of claims.csv: either `driver` (an ID of EXPERIMENTS) or `reason` (why there is none) is given.

    number: the paper's own, where it prints one.
    """

    id: str
    paper: str
    place: str
    sentence: str
    number: str
    driver: str
    reason: str


@functools.cache
def claims() -> Mapping[str, Claim]:
    """All claims by id, in the order of the papers."""
    with (pathlib.Path(__file__).parent / "claims.csv").open(newline="", encoding="utf-8") as stream:
        return {line["id"]: Claim(**line) for line in csv.DictReader(stream)}

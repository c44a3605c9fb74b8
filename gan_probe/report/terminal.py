"""Lines of 80 plain columns for a terminal."""

import unicodedata

__all__ = ["MARKS", "WIDTH", "fit", "pad", "plain", "tail"]

WIDTH = 80
MARKS = {"exact": "=", "approximate": "~", "conservative": "+"}


def plain(text: str) -> str:
    """`text` without control characters, line breaks or lone surrogates: a file name must not steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _columns(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def fit(text: str, width: int) -> str:
    """The beginning of a text that is wider."""
    if _columns(text) <= width:
        return text
    while _columns(text) > width - 3:
        text = text[:-1]
    return text + "..."


def pad(text: str, width: int) -> str:
    """`text`, made plain, in so many columns."""
    text = fit(plain(text), width)
    return text + " " * (width - _columns(text))


def tail(text: str) -> str:
    """The end of a long path, which tells more than its beginning."""
    text = plain(text)
    if _columns(text) <= WIDTH:
        return text
    while _columns(text) > WIDTH - 3:
        text = text[1:]
    return "..." + text

"""Text in columns of a terminal: shortened, padded, and without what steers it."""

import unicodedata

__all__ = ["WIDTH", "fit", "pad", "plain", "tail", "width_of"]

WIDTH = 80


def plain(text: str) -> str:
    """`text` without control characters, line breaks or lone surrogates: a file name must not steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def width_of(text: str) -> int:
    """Columns that a terminal gives a text."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def fit(text: str, width: int) -> str:
    """`text`, shortened to so many columns where it is longer."""
    if width_of(text) <= width:
        return text
    while width_of(text) > width - 3:
        text = text[:-1]
    return text + "..."


def pad(text: str, width: int) -> str:
    """`text` in exactly so many columns."""
    text = fit(plain(text), width)
    return text + " " * (width - width_of(text))


def tail(text: str) -> str:
    """The end of a long path, which tells more than its beginning."""
    text = plain(text)
    if width_of(text) <= WIDTH:
        return text
    while width_of(text) > WIDTH - 3:
        text = text[1:]
    return "..." + text

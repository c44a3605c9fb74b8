"""Random numbers as a function of (key, row, column): any rows of an endless table, in any order, with no state.

Bits are SplitMix64 (Steele, Lea and Flood, 2014, doi:10.1145/2660193.2660195): the mix of its finaliser over a counter,
applied once for the row and once for the column.
"""

import numpy as np

__all__ = ["integers", "key", "mix", "normals"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def mix(bits: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64: a bijection of uint64 in which every input bit reaches every output bit."""
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    return bits ^ (bits >> np.uint64(31))


def key(seed: int, stream: int) -> np.ndarray:
    """uint64 [1]: one of the independent streams of a seed."""
    start, lane = np.array([[seed % 2**64], [stream]], np.uint64)
    return mix(mix(start + _GOLDEN) + lane * _GOLDEN)


def integers(key: np.ndarray, rows: np.ndarray, high: int) -> np.ndarray:
    """int64 [n] uniform on 0..high-1, for high <= 2^53."""
    return np.minimum((_uniforms(key, rows, 1)[:, 0] * high).astype(np.int64), high - 1)


def normals(key: np.ndarray, rows: np.ndarray, dim: int) -> np.ndarray:
    """float64 [n, dim] standard normal, by Box and Muller (1958): two normals from two uniforms."""
    pairs = (dim + 1) // 2
    uniforms = _uniforms(key, rows, 2 * pairs)
    radius = np.sqrt(-2.0 * np.log1p(-uniforms[:, :pairs]))
    angle = (2.0 * np.pi) * uniforms[:, pairs:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)[:, :dim]


def _uniforms(key: np.ndarray, rows: np.ndarray, columns: int) -> np.ndarray:
    """float64 [n, columns] uniform on [0, 1): the upper 53 of 64 bits."""
    row = mix(key + np.asarray(rows).astype(np.uint64) * _GOLDEN)
    bits = mix(row[:, np.newaxis] + np.arange(1, columns + 1, dtype=np.uint64) * _GOLDEN)
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53

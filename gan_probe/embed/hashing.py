"""Content hashes of rows: equal rows have equal hashes, different rows almost surely different ones.

Two strongly universal multilinear hashes of 32 bits (Lemire and Kaser, 2014, doi:10.1093/comjnl/bxt070): the upper half
of sum_j c_j w_j modulo 2^64 over the 32-bit words of a row, with fixed random 64-bit coefficients. Two given rows that
differ collide with probability 2^-64 over the coefficients, in whatever bits they differ. (One sum of 64-bit words
modulo 2^64 would not do: rows that differ in two signs of float32 collide under every choice of odd coefficients.)
"""

import functools

import numpy as np

__all__ = ["row_hashes"]

# Words in a slab: keeps the widened copy within a few MiB.
_SLAB = 1 << 19
_UPPER = np.uint64(0xFFFFFFFF00000000)


def row_hashes(rows: np.ndarray) -> np.ndarray:
    """uint64 [n] of rows [n, ...]; the two zeros of floating point are one value."""
    if rows.dtype.kind == "f":
        rows = rows + rows.dtype.type(0)  # -0.0 + 0.0 = 0.0
    flat = np.ascontiguousarray(rows).reshape(len(rows), -1).view(np.uint8)
    size = flat.shape[1]
    words = -(-size // 4)
    if size != 4 * words:
        flat = np.pad(flat, ((0, 0), (0, 4 * words - size)))
    table = flat.view("<u4")
    coefficients = _coefficients(words)
    out = np.empty(len(rows), np.uint64)
    step = max(1, _SLAB // max(words, 1))
    for start in range(0, len(rows), step):
        wide = table[start : start + step].astype(np.uint64)
        upper, lower = (wide @ column for column in coefficients[:, 1:])
        upper, lower = upper + coefficients[0, 0], lower + coefficients[1, 0]
        out[start : start + step] = (upper & _UPPER) | (lower >> np.uint64(32))
    return _mix(out)


@functools.lru_cache(maxsize=8)
def _coefficients(words: int) -> np.ndarray:
    """uint64 [2, 1 + words]."""
    return np.random.default_rng(0x6A09E667F3BCC908).integers(0, 2**64, size=(1 + words, 2), dtype=np.uint64).T.copy()


def _mix(bits: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64: a bijection, so that ranks and low bits of hashes are as good as random."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))

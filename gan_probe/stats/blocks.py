"""Random blocks of rows, and the delete-one-block jackknife over them.

Every error bar that a pass over pairs yields comes from blocks: the folds keep a partial per block, and a replicate
that drops a block costs no second pass. Blocks must be random (class-sorted files exist) and must not depend on the
order of the rows, so a row's block follows from its content hash and the seed.
"""

import zlib
from collections.abc import Sequence

import numpy as np

__all__ = ["BLOCKS", "assign", "jackknife", "nested", "satterthwaite"]

BLOCKS = 20

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def assign(hashes: np.ndarray, blocks: int = BLOCKS, seed: int = 0) -> np.ndarray:
    """Block of each row: rank of a mixed key, mod `blocks`.

    The key mixes the content hash, the occurrence number among identical hashes (in index order) and the seed.
    Identical rows thus land in unrelated blocks, and permuting the rows permutes the blocks up to an exchange of
    identical rows.

    Args:
      hashes: uint64 [n], equal rows have equal hashes.
      blocks: number of blocks B; sizes differ by at most one row. With n < B the last B - n blocks are empty.
      seed: any integer.

    Returns:
      int32 [n] in [0, blocks).
    """
    order = _order(hashes, seed)
    assigned = np.empty(len(order), np.int32)
    assigned[order] = np.arange(len(order)) % blocks
    return assigned


def nested(hashes: np.ndarray, share: float, *, role: str, seed: int = 0) -> np.ndarray:
    """Rows of a random share of a set, in their order: int64 [round(share n)]; a smaller share lies within a larger.

    Which rows are chosen follows, as in `assign`, from content and seed, not from the order of the rows; and from the
    role, for rows that two sets have in common must not be chosen in both.
    """
    return np.sort(_order(hashes, seed + (zlib.crc32(role.encode()) << 32))[: round(share * len(hashes))])


def _order(hashes: np.ndarray, seed: int) -> np.ndarray:
    """Random order of the rows by content, occurrence and seed: int64 [n]."""
    hashes = np.asarray(hashes, np.uint64)
    occurrence = _occurrences(hashes)
    salt = _mix(np.asarray(seed % 2**64, np.uint64) + _GOLDEN)
    key = _mix(_mix(hashes ^ salt) + (occurrence.astype(np.uint64) + np.uint64(1)) * _GOLDEN)
    return np.lexsort((occurrence, hashes, key))


def jackknife(replicates: np.ndarray) -> np.ndarray:
    """Delete-one-block variance (B - 1) / B sum_b (t_-b - mean_b t_-b)^2.

    Args:
      replicates: [B, ...] the statistic without block b.

    Returns:
      [...] variance of the statistic (Tukey 1958; Efron and Stein 1981 show that it errs upwards).
    """
    replicates = np.asarray(replicates, np.float64)
    return (len(replicates) - 1) * np.var(replicates, axis=0)


def satterthwaite(variances: Sequence[float] | np.ndarray, dofs: Sequence[float] | np.ndarray) -> float:
    """Degrees of freedom of a sum of independent variance estimates, (sum v)^2 / sum v^2 / dof (Satterthwaite 1946).

    Args:
      variances: [c] components, each >= 0.
      dofs: [c] degrees of freedom of each, inf for a known variance.

    Returns:
      nu, between min(dofs) and sum(dofs); sum(dofs) where every component is zero.
    """
    v = np.asarray(variances, np.float64)
    dof = np.asarray(dofs, np.float64)
    if not v.any():
        return float(dof.sum())
    share = v / v.sum()
    inverse = np.sum(share**2 / dof)
    return float(1 / inverse) if inverse > 0 else np.inf


def _occurrences(hashes: np.ndarray) -> np.ndarray:
    """How many earlier rows have the same hash: int64 [n]."""
    order = np.argsort(hashes, kind="stable")
    ranked = hashes[order]
    first = np.concatenate([[True], ranked[1:] != ranked[:-1]])[: len(hashes)]
    position = np.arange(len(hashes))
    start = np.maximum.accumulate(np.where(first, position, 0)) if len(hashes) else position
    occurrence = np.empty(len(hashes), np.int64)
    occurrence[order] = position - start
    return occurrence


def _mix(z: np.ndarray) -> np.ndarray:
    """Finaliser of splitmix64 (Steele, Lea and Flood 2014): a bijection of uint64; products wrap by design."""
    with np.errstate(over="ignore"):  # NumPy warns of wrapping for scalars only
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))

"""Row hashes: a plain Python reference, equality, and the collisions that weaker sums have."""

import numpy as np
import pytest

from gan_probe.embed import hashing

MASK = 2**64 - 1


def reference(row):
    """The docstring's formula in Python integers."""
    content = row.tobytes()
    content += bytes(-len(content) % 4)
    words = [int.from_bytes(content[i : i + 4], "little") for i in range(0, len(content), 4)]
    sums = []
    for coefficients in hashing._coefficients(len(words)).tolist():
        sums.append((coefficients[0] + sum(c * w for c, w in zip(coefficients[1:], words, strict=True))) & MASK)
    bits = (sums[0] >> 32 << 32) | (sums[1] >> 32)
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & MASK
    return bits ^ (bits >> 31)


@pytest.mark.parametrize("shape, dtype", [((3, 3, 1), np.uint8), ((8, 8, 3), np.uint8), ((7,), np.float32)])
def test_matches_the_formula(shape, dtype):
    rows = (np.random.default_rng(0).random((20, *shape)) * 255).astype(dtype)
    assert hashing.row_hashes(rows).tolist() == [reference(row) for row in rows]


def test_batches_and_slabs_do_not_matter():
    rows = np.random.default_rng(0).integers(0, 256, size=(300, 64, 64, 1), dtype=np.uint8)
    whole = hashing.row_hashes(rows)
    np.testing.assert_array_equal(
        whole, np.concatenate([hashing.row_hashes(rows[i : i + 7]) for i in range(0, 300, 7)])
    )


def test_equal_rows_and_both_zeros():
    rows = np.random.default_rng(0).normal(size=(5, 9)).astype(np.float32)
    rows[1] = rows[4]
    rows[2, 3], rows[3] = 0.0, rows[2]
    rows[3, 3] = -0.0
    hashes = hashing.row_hashes(rows)
    assert hashes[1] == hashes[4] and hashes[2] == hashes[3] and len(set(hashes.tolist())) == 3
    assert np.signbit(rows[3, 3])  # the rows themselves are left alone


def test_no_collision_among_rows_that_differ_in_top_bits():
    # All 2^14 sign patterns: sums of 64-bit words with odd coefficients take only two values here.
    signs = np.float32(1) - 2 * ((np.arange(2**14)[:, None] >> np.arange(14)) & 1).astype(np.float32)
    assert len(np.unique(hashing.row_hashes(signs))) == 2**14


def test_bits_are_balanced():
    hashes = hashing.row_hashes(np.arange(1 << 14, dtype=np.uint32).view(np.uint8).reshape(-1, 4))
    assert len(np.unique(hashes)) == 1 << 14
    share = ((hashes[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)).mean(axis=0)
    assert np.abs(share - 0.5).max() < 5 * 0.5 / 128

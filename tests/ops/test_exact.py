import numpy as np
import pytest

from gan_probe.ops import exact


def test_squared_distances_of_chosen_pairs(dense, pair):
    x, y = pair(40, 30, 5)
    d2 = dense(x, y)
    rng = np.random.default_rng(0)
    i, j = rng.integers(0, 40, 300), rng.integers(0, 30, 300)
    np.testing.assert_allclose(exact.squared_distances(x, i, y, j), d2[i, j], rtol=1e-14)
    assert exact.squared_distances(x, i[:0], y, j[:0]).shape == (0,)


@pytest.mark.parametrize("d", [257, 8193])
def test_same_rows_same_number_wherever_they_stand(monkeypatch, d):
    """Ties are decided by this number: it must not depend on the chunk, the neighbours in it or the side."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, d)).astype(np.float32)
    i, j = np.divmod(np.arange(64 * 64), 64)
    whole = exact.squared_distances(x, i, x, j)
    monkeypatch.setattr(exact, "_NUMBERS", d * 7)
    np.testing.assert_array_equal(exact.squared_distances(x, i, x, j), whole)
    np.testing.assert_array_equal(whole.reshape(64, 64), whole.reshape(64, 64).T)
    one_by_one = [exact.squared_distances(x, i[p : p + 1], x, j[p : p + 1])[0] for p in range(0, 4096, 37)]
    np.testing.assert_array_equal(one_by_one, whole[::37])
    assert (np.diag(whole.reshape(64, 64)) == 0).all()


def test_no_cancellation_far_from_the_origin():
    x = np.full((1, 3072), 255.0, np.float32)
    y = x.copy()
    y[0, 0] = 254
    assert exact.squared_distances(x, np.array([0]), y, np.array([0]))[0] == 1.0


def test_screened_pairs_miss_none_in_the_range(laid, pair, dense):
    x, y = pair(83, 61, 3, copies=True)
    centre = x.mean(axis=0)
    rows, cols = (laid(z, centre=centre, tile=16, panel=32) for z in (x, y))
    at = np.flatnonzero(rows.first >= 0)[::2]
    between = np.tile(np.array([1.0, 4.0], np.float32), (len(at), 1))

    def screened(block):
        pairs, nearer = set(), np.zeros(len(rows.first))
        for part in exact.screened_pairs(rows, at, cols, between=between, balls="rows", block=block):
            pairs.update(zip(part.row.tolist(), part.col.tolist(), strict=True))
            nearer[part.rows] = part.nearer
        return pairs, nearer

    found, all_nearer = screened(None)
    of_blocks, nearer = zip(*map(screened, range(cols.blocks)), strict=True)
    assert set.union(*of_blocks) == found and sum(map(len, of_blocks)) == len(found)
    np.testing.assert_array_equal(np.sum(nearer, axis=0), all_nearer)
    filled = np.flatnonzero(cols.first >= 0)
    d2 = dense(x[rows.first[at]], y[cols.first[filled]])
    for r, c in np.argwhere((d2 >= 1) & (d2 <= 4)):
        assert (int(at[r]), int(filled[c])) in found
    # and hardly more than those
    assert len(found) <= ((d2 >= 0.999) & (d2 <= 4.001)).sum()
    # what is nearer for certain, counted with weights, complements them
    for r, position in enumerate(at):
        close = np.zeros(cols.blocks)
        np.add.at(close, cols.block[cols.first[filled]], np.where(d2[r] < 0.999, cols.weight[filled], 0))
        np.testing.assert_array_equal(np.stack(nearer)[:, position], close)

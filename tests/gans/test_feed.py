"""Minibatches by number: every pass sees every row once, whatever is on the device, read ahead or asked for first."""

import numpy as np
import pytest

from gan_probe import data, parallel, types
from gan_probe.gans import feed

ROWS = data.from_array(np.arange(50, dtype=np.uint8)[:, None, None, None].repeat(2, 1).repeat(2, 2), name="rows")
LABELS = np.arange(50) % 3


def made(**settings):
    defaults = {"batch": 8, "seed": 0, "mesh": parallel.mesh(1), "resident_bytes": 1 << 20}
    return feed.Feed(ROWS.rows, LABELS, **{**defaults, **settings})


def rows_of(one, number):
    batch = feed.batch(one.resident, one.take(number))
    return np.asarray(np.round((batch.rows[:, 0, 0, 0] + 1) * 127.5)).astype(int), np.asarray(batch.labels)


def test_a_pass_sees_each_row_once_in_an_order_of_its_own():
    one = made()
    first, second = (np.concatenate([rows_of(one, n)[0] for n in range(at, at + 6)]) for at in (0, 6))
    for seen in (first, second):
        assert len(np.unique(seen)) == 48
    assert not np.array_equal(first, second)


def test_streamed_is_resident_and_stacked_is_one_by_one():
    resident, streamed = made(), made(resident_bytes=0)
    assert streamed.resident is None
    for number in (0, 1, 2, 9, 3):
        for a, b in zip(rows_of(resident, number), rows_of(streamed, number), strict=True):
            np.testing.assert_array_equal(a, b)
    for one in (resident, streamed):
        stacked = one.take(4, 3)
        for i in range(3):
            part = stacked[i] if one.resident is not None else tuple(x[i] for x in stacked)
            np.testing.assert_array_equal(
                feed.batch(one.resident, part).rows, feed.batch(one.resident, one.take(4 + i)).rows
            )


def test_labels_follow_their_rows():
    rows, labels = rows_of(made(), 2)
    np.testing.assert_array_equal(labels, rows % 3)


def test_groups_are_served_side_by_side():
    one = made(groups=[np.flatnonzero(c == LABELS) for c in range(3)])
    batch = feed.batch(one.resident, one.take(5))
    assert batch.rows.shape == (3, 8, 2, 2, 1)
    np.testing.assert_array_equal(batch.labels, np.repeat([[0], [1], [2]], 8, axis=1))


def test_pixels_reach_from_minus_one_to_one():
    white = data.from_array(np.full((4, 2, 2, 1), 255, np.uint8), name="white")
    one = feed.Feed(white.rows, None, batch=2, seed=0, mesh=parallel.mesh(1), resident_bytes=1)
    assert (
        float(feed.batch(None, one.take(0)).rows.max()) == 1.0
        and feed.batch(None, (np.zeros((1, 2), np.uint8), 0)).rows.min() == -1
    )


def test_too_large_a_batch_names_the_remedy():
    with pytest.raises(types.UserError, match="only 50 rows"):
        made(batch=51)
    with pytest.raises(types.UserError, match="the smallest class has only 16 rows"):
        made(batch=17, groups=[np.flatnonzero(c == LABELS) for c in range(3)])

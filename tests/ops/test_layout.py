import numpy as np
import pytest

from gan_probe.ops import layout as layout_lib

SETTINGS = [
    {"tile": 16, "panel": 32},
    {"tile": 16, "panel": 48, "devices": 2},
    {"tile": 32, "panel": 4096},
    {"tile": 1024, "panel": 16},
]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(("n", "blocks"), [(5, 6), (8, 1), (203, 6), (97, 20)])
@pytest.mark.parametrize("copies", [False, True])
def test_every_row_has_its_place(laid, pair, settings, n, blocks, copies):
    x, _ = pair(n, 1, 3, copies=copies)
    layout = laid(x, blocks=blocks, **settings)

    assert layout.weight.sum() == n == len(layout)
    assert len(layout.first) == layout.panels * layout.panel
    assert layout.panel % (layout.tile * settings.get("devices", 1)) == 0
    assert layout.tile % 16 == 0 and layout.tall % layout.tile == 0
    filled = layout.first >= 0
    np.testing.assert_array_equal(filled, layout.weight > 0)
    np.testing.assert_array_equal(x[layout.first[layout.position]], x)
    np.testing.assert_array_equal(layout.block[layout.first[layout.position]], layout.block)
    np.testing.assert_array_equal(layout.expand(layout.first), layout.first[layout.position])
    # A merged row is the lowest of the rows it stands for, and its weight counts them.
    for p in np.flatnonzero(filled):
        rows = np.flatnonzero(layout.position == p)
        assert layout.first[p] == rows.min()
        assert layout.weight[p] == len(rows)


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_tile_belongs_to_one_block(laid, pair, settings):
    x, _ = pair(203, 1, 3, copies=True)
    layout = laid(x, **settings)

    seen = []
    for i in range(layout.panels):
        panel = layout.load(layout.rows(i))
        for rows in (layout.tile, layout.tall):
            for of_device in np.split(panel.block, settings.get("devices", 1)):
                tiles = of_device.reshape(-1, rows)
                assert (tiles == tiles[:, :1]).all()
        assert panel.block.max() < layout.panel_blocks
        filled = panel.weight > 0
        block = layout.panel_block[i] + panel.block[filled]
        np.testing.assert_array_equal(block, layout.block[layout.first[layout.rows(i)][filled]])
        assert block.max(initial=0) < layout.block_slots
        seen.append(panel.weight.sum())
    assert sum(seen) == 203


def test_panels_hold_centred_rows_norms_and_shifts(laid, pair):
    x, _ = pair(61, 1, 7, copies=True)
    centre = x.mean(axis=0)
    layout = laid(x, centre=centre, tile=16, panel=32)

    for i in range(layout.panels):
        panel, first = layout.load(layout.rows(i)), layout.first[layout.rows(i)]
        for p, at in enumerate(first):
            if at < 0:
                assert panel.norm[p] == panel.reach[p] == layout_lib.FAR
                assert panel.content[p] == -1 and not panel.x[p].any()
                continue
            c = (x[at] - centre).astype(np.float64)
            np.testing.assert_array_equal(panel.x[p], x[at] - centre)
            np.testing.assert_allclose(panel.norm[p], c @ c, rtol=1e-6)
            # Any two rows: the raw dot product is the centred one plus both shifts.
            other = first[0] if first[0] >= 0 else at
            o = (x[other] - centre).astype(np.float64)
            raw = c @ o + panel.shift[p] + panel.shift[np.flatnonzero(first == other)[0]]
            np.testing.assert_allclose(raw, x[at].astype(np.float64) @ x[other], rtol=1e-5)
        assert (panel.place == np.arange(layout.panel)).all()


def test_content_is_the_lowest_equal_row_and_one_copy_is_in_reach(laid, pair):
    x, _ = pair(120, 1, 3, copies=True)
    layout = laid(x, tile=16, panel=32)

    lowest = np.array([np.flatnonzero((x == row).all(axis=1)).min() for row in x])
    np.testing.assert_array_equal(layout.content, lowest)
    assert layout.has_duplicates
    in_reach = layout.first[layout.reach < layout_lib.FAR]
    np.testing.assert_array_equal(np.sort(in_reach), np.unique(lowest))
    order, start, length = layout.copies
    for content in np.unique(lowest):
        run = order[start[content] : start[content] + length[content]]
        np.testing.assert_array_equal(run, np.flatnonzero(lowest == content))


def test_a_collision_of_hashes_keeps_unequal_rows_apart():
    x = np.array([[0.0], [1.0], [0.0], [1.0], [2.0]], np.float32)
    block = np.zeros(5, np.int32)
    layout = layout_lib.lay_out(
        x, np.zeros(5, np.uint64), block, blocks=1, centre=np.zeros(1, np.float32), tile=16, panel=16
    )
    np.testing.assert_array_equal(x[layout.first[layout.position]], x)
    np.testing.assert_array_equal(layout.content, [0, 1, 0, 3, 4])
    assert layout.weight.sum() == 5


def test_no_duplicates_are_seen_as_such(laid, pair):
    x, _ = pair(50, 1, 3)
    assert not laid(x).has_duplicates
    assert laid(x).block_sizes.sum() == 50


def test_order_of_rows_does_not_change_what_the_devices_see(laid, pair):
    x, _ = pair(203, 1, 3)
    shuffled = np.random.default_rng(1).permutation(len(x))
    one, other = laid(x, tile=16, panel=64), laid(x[shuffled], tile=16, panel=64)
    np.testing.assert_array_equal(other.block, one.block[shuffled])
    for i in range(one.panels):
        a, b = one.load(one.rows(i)), other.load(other.rows(i))
        # Within a block rows stand by hash, so that sums are taken in the same order.
        np.testing.assert_array_equal(a.x, b.x)
        np.testing.assert_array_equal(a.weight, b.weight)


def test_panels_share_the_blocks_evenly(laid):
    """20 blocks of 30 rows, 6 a panel at most: four panels of 5, not of 6, 6, 6 and 2."""
    x = np.random.default_rng(0).standard_normal((600, 2)).astype(np.float32)
    hashes, block = np.arange(600, dtype=np.uint64), np.repeat(np.arange(20, dtype=np.int32), 30)
    layout = layout_lib.lay_out(
        x, hashes, block, blocks=20, centre=np.zeros(2, np.float32), tile=16, panel=6 * 32 + 16
    )  # fmt: skip
    assert (layout.panels, layout.panel, layout.tall) == (4, 5 * 32, 32)

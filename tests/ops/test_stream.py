from concurrent import futures

import jax
import numpy as np
import pytest
from scipy import special

from gan_probe.ops import count_within, fold, kernel_sum, log_sum_exp, nearest, stream

K = 4


def jobs(radius2):
    """One of every fold."""
    return [
        fold.Job(log_sum_exp.log_sum_exp(scales=(1.0, 9.0), squared=True)),
        fold.Job(nearest.nearest(k=K)),
        fold.Job(count_within.count_within(ties="<=", balls="rows"), radius2),
        fold.Job(kernel_sum.kernel_sum(degree=3, gamma=0.2, coef=1.0)),
    ]


def same(a, b, kernel):
    """Real values to 1e-6 of the largest term summed, neighbours and counts exactly."""
    np.testing.assert_allclose(special.logsumexp(a[0], axis=1), special.logsumexp(b[0], axis=1), rtol=1e-6, atol=2e-5)
    np.testing.assert_array_equal(a[1].indices, b[1].indices)
    np.testing.assert_array_equal(a[1].distance2, b[1].distance2)
    np.testing.assert_array_equal(a[2].counts, b[2].counts)
    for power in (0, 1):
        np.testing.assert_allclose(a[3][power], b[3][power], atol=1e-6 * kernel ** (power + 1))


@pytest.fixture
def sets(pair):
    x, y = pair(150, 131, 5, copies=True)
    kernel = np.abs((x.astype(np.float64) @ y.T / 5 + 1) ** 3).max() * len(x)
    return x, y, kernel


def go(run, laid, x, y, **settings):
    centre = np.full(x.shape[1], 3, np.float32)
    rows, cols = (laid(z, centre=centre, **settings) for z in (x, y))
    return run(rows, cols, jobs(9.0), jobs(4.0))


@pytest.mark.parametrize("settings", [{"tile": 64}, {"tile": 1024}, {"tile": 16, "panel": 16}])
def test_tile_and_panel_change_nothing(run, laid, sets, settings):
    x, y, kernel = sets
    reference = go(run, laid, x, y, tile=16, panel=64)
    found = go(run, laid, x, y, **settings)
    for a, b in zip(reference, found, strict=True):
        same(a, b, kernel)


def test_order_of_rows_permutes_the_results(run, laid, pair):
    x, y = pair(150, 131, 5)
    centre = np.full(5, 3, np.float32)
    rng = np.random.default_rng(1)
    p, q = rng.permutation(len(x)), rng.permutation(len(y))
    back = np.argsort(q)
    one = [laid(z, centre=centre, tile=16, panel=64) for z in (x, y)]
    two = [laid(z, centre=centre, tile=16, panel=64) for z in (x[p], y[q])]
    (a, _), (b, _) = run(*one, jobs(9.0), jobs(4.0)), run(*two, jobs(9.0), jobs(4.0))
    np.testing.assert_array_equal(a[0][:, :, p], b[0])  # the same sums in the same order
    np.testing.assert_array_equal(a[1].indices[p], q[b[1].indices])
    np.testing.assert_array_equal(a[2].counts[:, p], b[2].counts)
    np.testing.assert_array_equal(a[3][:, p], b[3])
    assert (back[q] == np.arange(len(q))).all()


def test_a_set_against_itself_is_the_set_against_its_copy(run, laid, sets):
    """Half the tiles, turned over, give what all tiles give; only a row's own neighbour entry differs."""
    x, _, kernel = sets
    layout, copy = (laid(z, tile=16, panel=64) for z in (x, x.copy()))
    mirrored, _ = run(layout, layout, jobs(3.0))
    plain, _ = run(layout, copy, jobs(3.0))
    same([mirrored[0], plain[1], *mirrored[2:]], plain, kernel)
    (more,), _ = run(layout, copy, [fold.Job(nearest.nearest(k=K + 1))])
    for i in range(len(x)):
        others = more.indices[i][more.indices[i] != i][:K]
        np.testing.assert_array_equal(mirrored[1].indices[i], others)


def test_a_program_for_the_diagonal_alone_changes_nothing(run, laid, pair, monkeypatch):
    """Few panels share one program, many have two; without copies, whose tiles tell equal rows by index anyway."""
    x, _ = pair(200, 2, 5)
    rows = laid(x, tile=16, panel=64)
    assert 1 < rows.panels <= stream._FEW
    one, _ = run(rows, rows, jobs(9.0))
    monkeypatch.setattr(stream, "_FEW", 1)
    two, _ = run(rows, rows, jobs(9.0))
    same(one, two, np.abs((x.astype(np.float64) @ x.T / 5 + 1) ** 3).max() * len(x))


def test_the_same_bits_twice(run, laid, sets):
    x, y, _ = sets
    one, two = (go(run, laid, x, y, tile=16, panel=64) for _ in range(2))
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True):
        np.testing.assert_array_equal(a, b)


def test_memmap_rows(run, laid, sets, tmp_path):
    x, y, kernel = sets
    np.save(tmp_path / "y.npy", y)
    mapped = np.load(tmp_path / "y.npy", mmap_mode="r")
    for a, b in zip(go(run, laid, x, mapped, tile=16, panel=64), go(run, laid, x, y, tile=16, panel=64), strict=True):
        same(a, b, kernel)


def test_little_device_memory(run, laid, sets):
    x, y, kernel = sets
    rows, cols = (laid(z, tile=16, panel=16) for z in (x, y))
    assert rows.panels > 4
    for a, b in zip(
        run(rows, cols, jobs(1.0), jobs(1.0), memory_bytes=1), run(rows, cols, jobs(1.0), jobs(1.0)), strict=True
    ):
        same(a, b, kernel)


def test_progress_counts_every_pair(run, laid, sets):
    x, y, _ = sets
    rows, cols = (laid(z, tile=16, panel=64) for z in (x, y))
    seen: list[int] = []
    run(rows, cols, jobs(1.0)[:1], advance=seen.append)
    assert sum(seen) == len(x) * len(y)
    seen.clear()
    run(rows, rows, jobs(1.0)[:1], advance=seen.append)
    assert sum(seen) == len(x) ** 2


def test_a_set_against_itself_takes_no_column_jobs(run, laid, sets):
    layout = laid(sets[0])
    with pytest.raises(ValueError, match="row_jobs only"):
        run(layout, layout, jobs(1.0), jobs(1.0))


def test_a_second_call_compiles_nothing(run, laid, sets):
    x, y, _ = sets
    go(run, laid, x, y, tile=16, panel=64)
    before = stream._program.cache_info()
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(lambda event, _, **__: compiled.append(event))
    go(run, laid, x + np.float32(1), y[::-1].copy(), tile=16, panel=64)
    after = stream._program.cache_info()
    assert after.misses == before.misses and after.hits > before.hits
    assert not [e for e in compiled if "backend_compile" in e]


@pytest.mark.parametrize("platform", ["cuda", "tpu"])
def test_the_panel_program_lowers_for_accelerators(laid, sets, mesh, platform):
    x, y, _ = sets
    rows, cols = (laid(z, tile=16, panel=64) for z in (x, y))
    folds = tuple(job.fold for job in jobs(1.0))
    program = stream._program(
        folds, folds, (rows.tall, rows.tile, cols.tile, rows.lanes), rows.panel_blocks, cols.panel_blocks, 1e-6, False,
        True, mesh,
    )  # fmt: skip
    with futures.ThreadPoolExecutor(1) as loader:
        panels = [
            stream._Panels(layout, jobs(1.0), jobs(1.0), np.dtype(np.float32), mesh, 1 << 20, loader).get(0)
            for layout in (rows, cols)
        ]
    exported = jax.export.export(program, platforms=[platform])(*panels)
    assert exported.platforms == (platform,)

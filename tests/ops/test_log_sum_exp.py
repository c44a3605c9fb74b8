import numpy as np
import pytest
from scipy import special

from gan_probe.ops import fold, log_sum_exp, tile

SCALES = (1.0, 7.5, 0.02)


def by_loop(d2, block, blocks, scales, squared):
    """float64 [scales, blocks, n]."""
    out = np.full((len(scales), blocks, len(d2)), -np.inf)
    d = d2 if squared else np.sqrt(d2)
    for s, scale in enumerate(scales):
        for b in range(blocks):
            for i in range(len(d2)):
                if (block == b).any():
                    out[s, b, i] = special.logsumexp(-d[i, block == b] / scale)
    return out


def close(found, wanted, d, scales):
    """Within the rounding of a float32 distance, divided by the scale."""
    np.testing.assert_array_equal(np.isneginf(found), np.isneginf(wanted))
    finite = np.isfinite(wanted)
    for s, scale in enumerate(scales):
        at = finite[s]
        np.testing.assert_allclose(found[s][at], wanted[s][at], atol=2e-6 + 2e-5 * d / scale, rtol=1e-6)


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize(
    ("n", "m", "copies", "settings"),
    [(5, 8, False, {"tile": 16, "panel": 16}), (83, 61, False, {"tile": 16, "panel": 32}),
     (83, 61, True, {"tile": 32, "panel": 64})],
)  # fmt: skip
def test_both_orientations_against_a_loop(run, laid, pair, dense, n, m, copies, settings, squared):
    x, y = pair(n, m, 3, copies=copies)
    centre = x.mean(axis=0)
    rows, cols = (laid(z, centre=centre, **settings) for z in (x, y))
    job = fold.Job(log_sum_exp.log_sum_exp(scales=SCALES, squared=squared))
    (forward,), (backward,) = run(rows, cols, [job], [job])
    d2 = dense(x, y)
    if copies and not squared:
        # sqrt magnifies rounding at coincident rows: float32 knows a zero distance to 1e-3 only.
        for found, wanted in (
            (forward, by_loop(d2, cols.block, cols.blocks, SCALES[:2], False)),
            (backward, by_loop(d2.T, rows.block, rows.blocks, SCALES[:2], False)),
        ):
            finite = np.isfinite(wanted)
            np.testing.assert_allclose(found[:2][finite], wanted[finite], atol=5e-3)
        return
    close(forward, by_loop(d2, cols.block, cols.blocks, SCALES, squared), 3, SCALES)
    close(backward, by_loop(d2.T, rows.block, rows.blocks, SCALES, squared), 3, SCALES)


@pytest.mark.parametrize("copies", [False, True])
@pytest.mark.parametrize("itself", [False, True])
def test_a_fold_with_the_pass_to_itself_sums_differences_within_float32(run, laid, pair, dense, copies, itself):
    x, y = pair(83, 61, 3, copies=copies)
    rows, cols = (laid(z, centre=x.mean(axis=0), tile=16, panel=32) for z in (x, y))
    if itself:
        y, cols = x, rows
    fold_of = {s: log_sum_exp.log_sum_exp(scales=(s,), squared=True) for s in (2.0, 0.02)}
    assert fold_of[2.0].alone(rows, cols) is not None
    assert fold_of[0.02].alone(rows, cols) is None
    for scale, fold_ in fold_of.items():
        job = fold.Job(fold_)
        forward, backward = run(rows, cols, [job], [] if itself else [job])
        close(forward[0], by_loop(dense(x, y), cols.block, cols.blocks, (scale,), True), 3, (scale,))
        for found in backward:
            close(found, by_loop(dense(y, x), rows.block, rows.blocks, (scale,), True), 3, (scale,))


@pytest.mark.parametrize("copies", [False, True], ids=["distinct", "copies"])
def test_many_slices_are_summed_in_groups(run, laid, pair, dense, copies):
    x, y = pair(700, 530, 12, copies=copies)
    rows, cols = (laid(z, centre=x.mean(axis=0), blocks=1, tile=512, panel=1024) for z in (x, y))
    job = fold.Job(log_sum_exp.log_sum_exp(scales=(20.0,), squared=True))
    assert job.fold.alone(rows, cols) is not None
    (forward,), (backward,) = run(rows, cols, [job], [job])
    close(forward, by_loop(dense(x, y), cols.block, 1, (20.0,), True), 12, (20.0,))
    close(backward, by_loop(dense(y, x), rows.block, 1, (20.0,), True), 12, (20.0,))


def test_exponents_are_not_trusted_beyond_the_reach_of_float32(run, laid):
    """A row so far from all columns that its terms are zero in float32: the fold that shifts them is taken."""
    x = np.zeros((40, 2), np.float32)
    x[:, 0] = np.linspace(0, 1, 40)
    y = x[:30] + np.float32([0, 0.5])
    x[7] = 30
    rows, cols = (laid(z, centre=np.zeros(2, np.float32), blocks=2, tile=16, panel=16) for z in (x, y))
    one = log_sum_exp.log_sum_exp(scales=(1.0,), squared=True)
    assert one.alone(rows, cols) is None
    assert one.alone(cols, rows) is not None
    (found,), _ = run(rows, cols, [fold.Job(one)])
    assert np.isfinite(found).all()


def test_a_set_against_itself_includes_each_row(run, laid, pair, dense):
    x, _ = pair(83, 1, 3, copies=True)
    layout = laid(x, centre=x.mean(axis=0), tile=16, panel=32)
    job = fold.Job(log_sum_exp.log_sum_exp(scales=SCALES, squared=True))
    (found,), _ = run(layout, layout, [job])
    close(found, by_loop(dense(x, x), layout.block, layout.blocks, SCALES, True), 3, SCALES)


def test_far_rows_do_not_underflow(run, laid):
    """At distance 10^4 and scale 1 every exponential underflows; its logarithm doesn't."""
    x = np.array([[0.0], [1.0]], np.float32)
    y = np.array([[1e4], [2e4]], np.float32)
    job = fold.Job(log_sum_exp.log_sum_exp(scales=(1.0,), squared=False))
    (found,), _ = run(laid(x, blocks=1), laid(y, blocks=1), [job])
    np.testing.assert_allclose(found[0, 0], [-1e4, -9999.0], rtol=1e-6)


def test_weights_count_copies(run, laid):
    """A column repeated 1000 times adds ln 1000."""
    x = np.array([[0.0, 0.0], [3.0, 4.0]], np.float32)
    y = np.tile(np.array([[3.0, 4.0]], np.float32), (1000, 1))
    job = fold.Job(log_sum_exp.log_sum_exp(scales=(5.0,), squared=False))
    (found,), _ = run(laid(x), laid(y), [job])
    np.testing.assert_allclose(special.logsumexp(found[0], axis=0), np.log(1000) + np.array([-1.0, 0.0]), atol=1e-3)


@pytest.mark.parametrize("size", [1.0, 1e4, 1e10])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e15])
@pytest.mark.parametrize("copies", [False, True])
def test_within_rounding_of_the_distances_whatever_the_scale(run, laid, dense, size, scale, copies):
    """The nearest of a block is always a term of 1; copies, whose distances round to less than 0, are at 0."""
    rng = np.random.default_rng(0)
    x = (size * rng.standard_normal((40, 20))).astype(np.float32)
    x[:3] *= 100  # far from the others
    y = (size * rng.standard_normal((35, 20))).astype(np.float32)
    if copies:
        y[:15] = x[:15]
    rows, cols = (laid(z, tile=16, panel=32) for z in (x, y))
    job = fold.Job(log_sum_exp.log_sum_exp(scales=(scale, 2 * scale), squared=True))
    (forward,), (back,) = run(rows, cols, [job], [job])
    (inside,), _ = run(rows, rows, [job])
    for found, a, b, layout in ((forward, x, y, cols), (back, y, x, rows), (inside, x, x, rows)):
        wanted = by_loop(dense(a, b), layout.block, layout.blocks, (scale, 2 * scale), True)
        norms = (a.astype(np.float64) ** 2).sum(axis=1) + (b.astype(np.float64) ** 2).sum(axis=1).max()
        assert np.isfinite(found).all() and (found <= np.log(len(b))).all()
        assert (np.abs(found - wanted) <= 1e-5 + 2 * tile.spread(20) * norms / scale).all()

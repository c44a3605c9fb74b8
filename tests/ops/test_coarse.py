"""Screening in bfloat16: its bound holds, it finds the same neighbours, and it is left alone where it can't help."""

import operator

import jax.numpy as jnp
import numpy as np
import pytest

from gan_probe.ops import coarse, fold, layout, log_sum_exp, nearest, stream

RNG = np.random.default_rng(0)


@pytest.fixture
def forced(monkeypatch):
    monkeypatch.setattr(coarse, "pays", lambda rows, cols, **_: True)


def brute(x, y, k, *, own=False):
    d2 = ((x[:, None].astype(np.float64) - y[None]) ** 2).sum(axis=-1)
    if own:
        np.fill_diagonal(d2, np.inf)
    order = np.argsort(d2, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(d2, order, axis=1), order


LAWS = {
    "normal": lambda n: RNG.standard_normal((n, 40)),
    "heavy tails": lambda n: RNG.standard_t(2, (n, 40)),
    "one number": lambda n: RNG.standard_normal((n, 1)),
    "far from each other's centre": lambda n: RNG.standard_normal((n, 40)) + 100 * (n == 90),
    "integers, with ties": lambda n: RNG.integers(0, 3, (n, 5)),
    "nearly equal": lambda n: 1 + 1e-4 * RNG.standard_normal((n, 40)),
}


@pytest.mark.parametrize("law", LAWS)
def test_the_same_neighbours_as_by_brute_force(run, laid, forced, law):
    x, y = (LAWS[law](n).astype(np.float32) for n in (90, 70))
    rows, cols = (laid(z, centre=x.mean(axis=0), tile=16, panel=32) for z in (x, y))
    job = fold.Job(nearest.nearest(k=4))
    (forward,), (backward,) = run(rows, cols, [job], [job])
    (inside,), _ = run(rows, rows, [job])
    for found, (d2, order) in (
        (forward, brute(x, y, 4)),
        (backward, brute(y, x, 4)),
        (inside, brute(x, x, 4, own=True)),
    ):
        np.testing.assert_allclose(found.distance2, d2, rtol=1e-12)
        np.testing.assert_array_equal(found.indices, order)


@pytest.mark.parametrize("law", LAWS)
def test_no_distance_is_off_by_more_than_the_spread(laid, law):
    x, y = (LAWS[law](n).astype(np.float32) for n in (90, 70))
    rows, cols = (laid(z, centre=x.mean(axis=0), tile=16, panel=32) for z in (x, y))
    a, b = x - rows.centre, y - cols.centre
    rounded = np.asarray(jnp.matmul(jnp.asarray(a, jnp.bfloat16), jnp.asarray(b.T, jnp.bfloat16),
                                    preferred_element_type=jnp.float32))  # fmt: skip
    norms = (a.astype(np.float64) ** 2).sum(axis=1)[:, None] + (b.astype(np.float64) ** 2).sum(axis=1)
    error = 2 * np.abs(rounded - a.astype(np.float64) @ b.T.astype(np.float64))
    assert (error <= coarse.spread(rows, cols) * norms).all()
    assert coarse.spread(rows, cols) < 0.02


def test_a_pass_is_coarse_only_if_all_its_folds_can_be(laid, forced):
    rows = laid(LAWS["normal"](90).astype(np.float32))
    near, other = (fold.Job(f) for f in (nearest.nearest(k=4), log_sum_exp.log_sum_exp(scales=(1.0,), squared=True)))
    coarse_of = operator.attrgetter("coarse")
    assert stream._variants([(near, rows, rows), (near, rows, rows)], coarse_of) is not None
    assert stream._variants([(near, rows, rows), (other, rows, rows)], coarse_of) is None


def test_it_pays_for_much_work_on_rows_that_bfloat16_tells_apart(laid, monkeypatch):
    spread_out, collapsed = (laid(LAWS[law](90).astype(np.float32)) for law in ("normal", "nearly equal"))
    collapsed = layout.recentred(collapsed, np.zeros(40, np.float32))
    monkeypatch.setattr(coarse, "_multiplies_faster", lambda: True)
    assert not coarse.pays(spread_out, spread_out, k=3, keep=14), "too small to earn back another program"
    monkeypatch.setattr(coarse, "_LEAST_WORK", 0)
    monkeypatch.setattr(coarse, "_LEAST_DIM", 0)
    assert coarse.pays(spread_out, spread_out, k=3, keep=14)
    assert not coarse.pays(collapsed, collapsed, k=3, keep=14)
    monkeypatch.setattr(coarse, "_multiplies_faster", lambda: False)
    assert not coarse.pays(spread_out, spread_out, k=3, keep=14)


def test_zero_rows_lose_nothing(laid):
    assert laid(np.zeros((20, 3), np.float32)).coarse_loss == 0

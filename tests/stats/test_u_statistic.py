"""Unbiased MMD^2 and its variance components against plain loops and closed forms."""

import math

import numpy as np
import pytest
from scipy import stats

from gan_probe import types
from gan_probe.stats import u_statistic


def kernel(a, b):
    return (a @ b.T / a.shape[1] + 1) ** 3


def row_sums(kxx, kyy, kxy):
    np.fill_diagonal(kxx, 0)
    np.fill_diagonal(kyy, 0)
    return u_statistic.mmd_variances(
        rx=kxx.sum(axis=1),
        sxx=(kxx**2).sum(),
        ry=kyy.sum(axis=1),
        syy=(kyy**2).sum(),
        cx=kxy.sum(axis=1),
        cy=kxy.sum(axis=0),
        sxy=(kxy**2).sum(),
    )


def test_matches_plain_loops():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((9, 3)), rng.standard_normal((13, 3)) + 0.5
    got = row_sums(kernel(x, x), kernel(y, y), kernel(x, y))

    def within(a):
        return [[kernel(p[None], q[None])[0, 0] for j, q in enumerate(a) if j != i] for i, p in enumerate(a)]

    wx, wy = within(x), within(y)
    cross = [[kernel(p[None], q[None])[0, 0] for q in y] for p in x]
    mean = lambda rows: sum(map(sum, rows)) / sum(map(len, rows))  # noqa: E731
    assert got.estimate == pytest.approx(mean(wx) + mean(wy) - 2 * mean(cross), rel=1e-12)
    fx = [np.mean(w) - np.mean(c) for w, c in zip(wx, cross, strict=True)]
    fy = [np.mean(w) - np.mean(c) for w, c in zip(wy, zip(*cross, strict=True), strict=True)]
    assert got.v1 == pytest.approx(4 * np.var(fx, ddof=1) / 9 + 4 * np.var(fy, ddof=1) / 13, rel=1e-12)
    zs = []
    for rows in (wx, wy):
        row_means = [np.mean(r) for r in rows]
        zs.append(np.mean(np.square(rows)) - 2 * np.mean(np.square(row_means)) + np.mean(row_means) ** 2)
    c = np.array(cross)
    centred = c - c.mean(axis=1, keepdims=True) - c.mean(axis=0) + c.mean()
    expected = 2 * zs[0] / 81 + 2 * zs[1] / 169 + 4 * np.mean(centred**2) / (9 * 13)
    assert got.v2 == pytest.approx(expected, rel=1e-10)


def test_v2_is_the_variance_when_laws_agree():
    # Kernel x x' on standard normals: MMD^2 is (mean x - mean y)^2 less its bias, of variance 2 (1/n + 1/m)^2 +
    # O(1/n^3).
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((4000, 1)), rng.standard_normal((1000, 1))
    got = row_sums(x @ x.T, y @ y.T, x @ y.T)
    assert got.v2 == pytest.approx(2 * (1 / 4000 + 1 / 1000) ** 2, rel=0.15)


@pytest.mark.parametrize("estimate", [-0.5, 0.0, 0.3, 4.0])
def test_interval_is_the_set_of_accepted_values(estimate):
    v1, v2 = 0.04, 0.02
    c, z = v1 / max(estimate, math.sqrt(v2)), stats.norm.ppf(0.975)
    grid = np.linspace(0, 10, 200_001)
    accepted = grid[(max(estimate, 0.0) - grid) ** 2 <= z**2 * (v2 + c * grid)]
    interval = u_statistic.score_interval(estimate, v1, v2)
    np.testing.assert_allclose([interval.low, interval.high], [accepted.min(), accepted.max()], atol=1e-4)
    assert interval.kind == ("exact" if accepted.min() > 0 else "conservative")


def test_far_from_zero_it_is_the_plain_interval():
    interval = u_statistic.score_interval(100.0, 0.01, 1e-9)
    np.testing.assert_allclose([interval.low, interval.high], 100 + np.array([-1, 1]) * 0.196, rtol=1e-4)


def test_constant_kernel():
    got = row_sums(np.ones((5, 5)), np.ones((6, 6)), np.ones((5, 6)))
    assert got == (0.0, 0.0, 0.0)
    assert u_statistic.score_interval(*got)[:2] == (0.0, 0.0)


def test_single_rows_are_refused():
    with pytest.raises(types.UserError, match="two rows"):
        row_sums(np.ones((1, 1)), np.ones((6, 6)), np.ones((1, 6)))

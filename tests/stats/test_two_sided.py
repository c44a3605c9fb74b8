"""Leave-block-out log-mean-exps and the variance decomposition, against plain loops."""

import math

import numpy as np
import pytest
from scipy import special, stats

from gan_probe import types
from gan_probe.stats import two_sided


def exponents(n=7, m=40, scale=3.0, seed=0):
    return -scale * np.random.default_rng(seed).chisquare(3, (n, m))


def partials(e, block):
    return np.stack([special.logsumexp(e[:, block == b], axis=1) for b in range(block.max() + 1)])


def columns(e, block):
    return two_sided.leave_block_out(partials(e, block), np.bincount(block))


def test_leave_block_out_is_log_mean_exp_of_the_rest():
    e, block = exponents(), np.arange(40) % 6
    got = columns(e, block)
    for i in range(7):
        assert got.f[i] == pytest.approx(math.log(math.fsum(math.exp(v) for v in e[i]) / 40), rel=1e-13)
        for b in range(6):
            rest = e[i, block != b]
            expected = math.log(math.fsum(math.exp(v) for v in rest) / len(rest))
            assert got.without[b, i] == pytest.approx(expected, rel=1e-13)


def test_leave_block_out_survives_a_block_that_holds_all_of_the_sum():
    e = np.full((2, 8), -900.0)
    e[:, 5] = 0.0
    got = columns(e, np.arange(8) // 2)
    np.testing.assert_allclose(got.f, -np.log(8), rtol=1e-14)
    np.testing.assert_allclose(got.without[2], -900.0, rtol=1e-14)  # a difference of sums would give -inf


def test_empty_blocks_change_nothing():
    e, block = exponents(), np.arange(40) % 6
    counts = np.concatenate([np.bincount(block), [0]])
    got = two_sided.leave_block_out(np.concatenate([partials(e, block), np.full((1, 7), -np.inf)]), counts)
    np.testing.assert_allclose(got.without[-1], got.f, rtol=1e-14)


def test_one_column_is_refused():
    with pytest.raises(types.UserError, match="at least two"):
        two_sided.leave_block_out(np.zeros((1, 5)), np.array([1]))


def jackknife(t):
    return 19 / 20 * sum((v - np.mean(t)) ** 2 for v in t)


def test_mean_interval_is_the_formula():
    e, block = exponents(60, 200), np.arange(200) % 20
    part = columns(e, block)
    interval = two_sided.mean_interval(part, sign=-1.0)
    rows = np.var(part.f, ddof=1) / 60
    cols = jackknife([without.mean() for without in part.without])
    both = np.mean([jackknife(part.without[:, i]) for i in range(60)]) / 60
    stderr = math.sqrt(rows + cols - both)
    nu = (rows + cols) ** 2 / (rows**2 / 59 + cols**2 / 19)
    half = stats.t.ppf(0.975, nu) * stderr
    assert interval.stderr == pytest.approx(stderr, rel=1e-12)
    assert interval.low == pytest.approx(-part.f.mean() - half, rel=1e-12)
    assert interval.high == pytest.approx(-part.f.mean() + half, rel=1e-12)


def test_identical_columns_leave_the_rows_only():
    e = np.repeat(exponents(30, 1), 40, axis=1)
    part = columns(e, np.arange(40) % 20)
    assert two_sided.mean_interval(part).stderr == pytest.approx(np.std(part.f, ddof=1) / np.sqrt(30), rel=1e-9)


def test_relative_interval_is_antisymmetric():
    block = np.arange(100) % 20
    a, b = columns(exponents(30, 100, seed=1), block), columns(exponents(30, 100, seed=2), block)
    one, two = two_sided.relative_interval(real=a, fake=b), two_sided.relative_interval(real=b, fake=a)
    np.testing.assert_allclose([one.low, one.high, one.stderr], [-two.high, -two.low, two.stderr], rtol=1e-12)


def test_sum_interval_is_centred_on_the_sum_of_both():
    block = np.arange(100) % 20
    real_fake, train_real, train_fake = (columns(exponents(n, 100, seed=n), block) for n in (100, 60, 61))
    train_fake = two_sided.LeaveBlockOut(train_fake.f[:60], train_fake.without[:, :60])
    got = two_sided.sum_interval(real_fake=real_fake, train_real=train_real, train_fake=train_fake, real_blocks=block)
    value = -real_fake.f.mean() + (train_real.f - train_fake.f).mean()
    assert (got.low + got.high) / 2 == pytest.approx(value, rel=1e-12)


def test_self_relative_interval_drops_rows_and_columns_at_once():
    """Every replicate of real is computed anew on what is left."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((50, 2)), 1.3 * rng.standard_normal((80, 2))
    own, other = (-((x[:, None] - z[None]) ** 2).sum(axis=-1) for z in (x, y))
    real_blocks, fake_blocks = rng.permutation(50) % 20, np.arange(80) % 20

    def value(rows, cols):
        real = special.logsumexp(own[np.ix_(rows, rows)], axis=1) - np.log(rows.sum())
        return np.mean(real - special.logsumexp(other[np.ix_(rows, cols)], axis=1) + np.log(cols.sum()))

    everything = np.ones(50, bool), np.ones(80, bool)
    jk_real = jackknife([value(real_blocks != b, everything[1]) for b in range(20)])
    jk_fake = jackknife([value(everything[0], fake_blocks != b) for b in range(20)])
    got = two_sided.self_relative_interval(
        real=columns(own, real_blocks), fake=columns(other, fake_blocks), real_blocks=real_blocks
    )
    assert got.stderr == pytest.approx(math.sqrt(jk_real + jk_fake), rel=1e-10)
    nu = (jk_real + jk_fake) ** 2 / ((jk_real**2 + jk_fake**2) / 19)
    half = stats.t.ppf(0.975, nu) * got.stderr
    assert [got.low, got.high] == pytest.approx([value(*everything) - half, value(*everything) + half], rel=1e-10)
    assert got.kind == "conservative"

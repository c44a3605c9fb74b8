import math

import numpy as np
import pytest
from scipy import optimize, special

from gan_probe.metrics import fld

D = 5


def log_gaussians(d2, variances, dim):
    """ln N for squared distances [n, m] to Gaussians of these variances."""
    return -d2 / (2 * variances) - dim / 2 * np.log(2 * np.pi * variances)


def squared(x, y):
    return ((x[:, None] - y[None]) ** 2).sum(axis=-1)


def fitted(train, centres):
    """EM in dense float64: variances, and the objective that they reach."""
    dim = train.shape[1]
    d2, back2 = squared(train, centres), 0.81 * ((train - train.mean(axis=0)) ** 2).sum(axis=1)
    sharp = special.softmax(-25 * d2, axis=0)
    variances, wide, before = np.maximum((sharp * d2).sum(axis=0) / dim, 1e-3), 1.0, -math.inf
    for _ in range(51):
        own = special.logsumexp(log_gaussians(d2, variances, dim), axis=1) - math.log(len(centres))
        both = np.logaddexp(own, log_gaussians(back2, wide, dim))
        objective = 100 / dim * both.mean()
        if objective - before < 0.01:
            break
        before = objective
        weight = special.softmax(log_gaussians(d2, variances, dim) - both[:, None], axis=0)
        share = np.exp(log_gaussians(back2, wide, dim) - both)
        variances = np.maximum((weight * d2).sum(axis=0) / dim, 1e-3)
        wide = max(share @ back2 / share.sum() / dim, 1e-3)
    return variances, wide, own


def likelihood(rows, centres, variances):
    return special.logsumexp(log_gaussians(squared(rows, centres), variances, rows.shape[1]), axis=1) - math.log(
        len(centres)
    )


def by_hand(inputs, real, fake, train):
    """The value and its parts, dense; variances of the samples that take part, nan of the others."""
    mean, deviation = real.mean(axis=0), real.std(axis=0, ddof=1)
    real, fake, train = ((x - mean) / deviation for x in (real, fake, train))
    block = inputs.block("train")
    count = max(c for c in range(1, 11) if (block < c).sum() <= max(len(fake), (block < 1).sum()))
    drawn = one_by_one(inputs, (block < count).sum())
    everyone, fake = np.full(len(fake), np.nan), fake[drawn]
    everyone[drawn], _, own = fitted(train, fake)
    variances = everyone[drawn]
    part, rest = train[block < count], train[block >= count]
    baseline = likelihood(real, part, fitted(rest, part)[0])
    nll = -likelihood(real, fake, variances)
    return 100 / real.shape[1] * (nll + baseline).mean(), -100 / real.shape[1] * own.mean(), everyone


def one_by_one(inputs, most):
    """Rows of fake, one of each block in turn, within a block as they are laid out."""
    block, position = inputs.block("fake"), inputs.layouts["fake"].position
    queues = [sorted(np.flatnonzero(block == b), key=lambda i: position[i]) for b in range(inputs.blocks)]
    taken = [q[turn] for turn in range(max(map(len, queues))) for q in queues if turn < len(q)]
    return np.array(sorted(taken[:most]))


def draws(n, m, r, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    mix = rng.standard_normal((D, D))
    return {
        role: ((s * rng.standard_normal((size, D))) @ mix + 3).astype(np.float32)
        for role, size, s in (("real", n, 1.0), ("fake", m, scale), ("train", r, 1.0))
    }


def found_and_inputs(given, **sets):
    metric, inputs = fld.fld(), given(**sets)
    assert metric.least(inputs.shape) is None
    return metric.finish(inputs), inputs


@pytest.mark.parametrize(("n", "m", "r"), [(60, 80, 100), (90, 30, 101)])
def test_against_dense_em(given, n, m, r):
    sets = draws(n, m, r, scale=0.9)
    sets["fake"][:5] = sets["fake"][5:10]  # copies are Gaussians of their own
    found, inputs = found_and_inputs(given, **sets)
    value, train, variances = by_hand(inputs, **{role: x.astype(np.float64) for role, x in sets.items()})
    assert found.value == pytest.approx(value, abs=0.01)
    assert found.detail["train_nll"] == pytest.approx(train, abs=0.01)
    shown = found.detail["memorised"]
    assert [s["deviation"] for s in shown] == pytest.approx([variances[s["fake"]] ** 0.5 for s in shown], rel=1e-2)


def test_em_reaches_the_maximum_that_a_gradient_finds():
    """L-BFGS on the published objective gains less than EM's tolerance allows for from where EM ends."""
    sets = {role: x.astype(np.float64) for role, x in draws(50, 40, 70).items()}
    train, fake = sets["train"] / 3, sets["fake"] / 3
    variances, wide, _ = fitted(train, fake)
    d2, back2 = squared(train, fake), 0.81 * ((train - train.mean(axis=0)) ** 2).sum(axis=1)

    def loss(logs):
        own = special.logsumexp(log_gaussians(d2, np.exp(logs[1:]), D), axis=1) - math.log(len(fake))
        return -100 / D * np.logaddexp(own, log_gaussians(back2, np.exp(logs[0]), D)).mean()

    start = np.log(np.concatenate([[wide], variances]))
    best = optimize.minimize(loss, start, method="L-BFGS-B", bounds=[(math.log(1e-3), None)] * len(start))
    assert 0 <= loss(start) - best.fun < 0.2


def test_closed_form_of_separate_clusters(given):
    """Two samples, each among training rows of its own: the variance is their mean squared distance over d."""
    rng = np.random.default_rng(0)
    fake = np.array([[-5.0, -5.0], [5.0, 5.0]])
    spread = (0.5, 0.3)
    train, real = (
        np.concatenate([f + s * rng.standard_normal((50, 2)) for f, s in zip(fake, spread, strict=True)])
        for _ in range(2)
    )
    fake, train, real = (x.astype(np.float32).astype(np.float64) for x in (fake, train, real))
    found, _ = found_and_inputs(given, real=real, fake=fake, train=train)
    deviation = real.std(axis=0, ddof=1)
    squares = [np.mean((((train[at] - f) / deviation) ** 2).sum(axis=1)) / 2 for at, f in
               ((slice(0, 50), fake[0]), (slice(50, 100), fake[1]))]  # fmt: skip
    shown = {s["fake"]: s["deviation"] ** 2 for s in found.detail["memorised"]}
    # The published background takes a small share of the rows.
    assert [shown[0], shown[1]] == pytest.approx(squares, rel=0.1)


def test_fresh_data_score_about_zero_and_copies_far_above(given):
    fresh = draws(150, 100, 200)
    found, _ = found_and_inputs(given, **fresh)
    assert abs(found.value) < 10
    copies, _ = found_and_inputs(given, **fresh | {"fake": fresh["train"][:100]})
    assert copies.value > 1000 and copies.detail["at_floor"] == 1 and "copies" in copies.detail["warning"]
    assert copies.detail["generalisation_gap"] < -100 and math.isfinite(copies.interval.high)
    cheat, _ = found_and_inputs(given, **fresh | {"fake": fresh["real"][:100]})
    assert cheat.value < found.value and cheat.detail["generalisation_gap"] > 0


def test_memorised_are_the_copies(given):
    sets = draws(80, 60, 90)
    copied = [3, 17, 40]
    sets["fake"][copied] = sets["train"][[5, 6, 7]] + np.float32(1e-3)
    found, _ = found_and_inputs(given, **sets)
    assert {s["fake"] for s in found.detail["memorised"][:3]} == set(copied)
    assert found.detail["at_floor"] == pytest.approx(3 / found.detail["rows_drawn"])
    scores = [s["score"] for s in found.detail["memorised"]]
    assert scores == sorted(scores, reverse=True) and len(scores) == 20


def test_units_of_features_do_not_matter(given):
    sets = draws(60, 50, 70)
    units = np.array([1, 10, 0.1, 4, 100], np.float32)
    one, two = (found_and_inputs(given, **{role: x * u for role, x in sets.items()})[0] for u in (1, units))
    for part in ("real_nll", "train_nll"):  # the split of train follows its content
        assert one.detail[part] == pytest.approx(two.detail[part], abs=0.02)


def test_constant_features_equal_rows_and_fewer_rows_than_features(given):
    sets = draws(40, 40, 50)
    constant = {role: np.concatenate([x, np.full((len(x), 2), 5, np.float32)], axis=1) for role, x in sets.items()}
    found, _ = found_and_inputs(given, **constant)
    assert math.isfinite(found.value)
    point = np.full((30, 3), 7, np.float32)
    for fake in (point, draws(30, 30, 30)["fake"][:, :3]):
        found, _ = found_and_inputs(given, real=point, fake=fake, train=point)
        assert math.isfinite(found.value) and math.isfinite(found.interval.high)
    rng = np.random.default_rng(0)
    wide = {role: rng.standard_normal((25, 60)) for role in ("real", "fake", "train")}
    assert math.isfinite(found_and_inputs(given, **wide)[0].value)


def test_the_baseline_is_computed_once(given):
    sets = draws(60, 50, 70)
    _, inputs = found_and_inputs(given, **sets)
    first = len(inputs.swept)
    fld.fld().finish(inputs)
    assert len(inputs.swept) - first < first
    assert not [name for role, name in inputs._kept if role == "real" and "fake" in name]

import numpy as np
import pytest

from gan_probe import metrics
from gan_probe.metrics import metric, plan
from gan_probe.ops import count_within, kernel_sum, log_sum_exp, nearest

NEAR = nearest.nearest(k=2)
WITHIN = count_within.count_within(ties="<", balls="rows")
KERNEL = kernel_sum.kernel_sum(degree=2, gamma=0.5, coef=1.0)
LSE = log_sum_exp.log_sum_exp(scales=(1.0,), squared=True)


def kth(found):
    return found.distance2[:, -1]


def need(rows, cols, fold, radius_from=None):
    radius = None if radius_from is None else metric.Radius(radius_from, kth, "k-th")
    return metric.Need(rows, cols, fold, radius)


def test_equal_needs_are_one():
    passes = plan.schedule([need("real", "fake", LSE)] * 3 + [need("fake", "real", KERNEL)], {})
    assert passes == [(("fake", "real"), [need("real", "fake", LSE), need("fake", "real", KERNEL)])]


def test_a_radius_comes_first():
    near = need("real", "real", NEAR)
    around = need("real", "fake", WITHIN, near)
    passes = plan.schedule([around, need("fake", "real", LSE)], {})
    assert [pair for pair, _ in passes] == [("real", "real"), ("fake", "real")]
    # The pair that waits for the radius is streamed once, with all it needs.
    assert passes[1][1] == [around, need("fake", "real", LSE)]


def test_a_radius_from_the_same_pair_takes_a_second_pass():
    near = need("real", "real", NEAR)
    passes = plan.schedule([need("real", "real", WITHIN, near), need("real", "real", LSE)], {})
    assert [pair for pair, _ in passes] == [("real", "real")] * 2
    assert passes[0][1] == [near, need("real", "real", LSE)]


def test_known_results_are_not_streamed_again():
    near = need("real", "real", NEAR)
    passes = plan.schedule([near, need("real", "fake", WITHIN, near)], {near: None})
    assert [pair for pair, _ in passes] == [("fake", "real")]
    assert plan.schedule([near], {near: None}) == []


def test_closure_puts_each_radius_before_its_need():
    near = need("fake", "fake", NEAR)
    around = need("real", "fake", WITHIN, near)
    assert plan.closure([around, near, around]) == [near, around]


def test_every_metric_at_once_streams_each_pair_once():
    shape = metric.Shape(dict.fromkeys(("real", "fake", "train"), 500), 8, 2.0, ("a", "b"))
    needs = [n for make in metrics.METRICS.values() for n in make().needs(shape)]
    passes = plan.schedule(needs, {})
    pairs = [pair for pair, _ in passes]
    assert sorted(pairs) == sorted(plan._ORDER)
    served = [n for _, now in passes for n in now]
    assert len(served) == len(set(served)) and set(served) == set(plan.closure(needs))
    for p, (_, now) in enumerate(passes):
        before = {n for _, earlier in passes[:p] for n in earlier}
        assert all(n.radius is None or n.radius.need is None or n.radius.need in before for n in now)


def test_a_second_fake_pays_for_its_own_passes_only():
    shape = metric.Shape(dict.fromkeys(("real", "fake", "train"), 500), 8, 2.0, ("a", "b"))
    needs = [n for make in metrics.METRICS.values() for n in make().needs(shape)]
    known = {n: None for n in plan.closure(needs) if "fake" not in (n.rows, n.cols)}
    assert sorted(pair for pair, _ in plan.schedule(needs, known)) == [
        ("fake", "fake"),
        ("fake", "real"),
        ("fake", "train"),
    ]


def test_keys_name_the_result():
    near = need("real", "real", NEAR)
    keys = {
        n.key for n in (near, need("real", "fake", NEAR), need("real", "fake", WITHIN, near), need("real", "fake", LSE))
    }
    assert len(keys) == 4
    given = metric.Need("real", "fake", WITHIN, metric.Radius(None, lambda _: 2.0, "threshold 2.0"))
    assert given.key not in keys


@pytest.fixture
def sets():
    rng = np.random.default_rng(0)
    return {
        role: rng.standard_normal((n, 3)).astype(np.float32) for role, n in (("real", 50), ("fake", 40), ("train", 45))
    }


def test_run_orients_and_reports(given, sets):
    inputs = given(**sets)
    near = need("train", "train", NEAR)
    needs = [need("fake", "train", NEAR), need("train", "fake", WITHIN, near), need("train", "fake", KERNEL)]
    made = metric.Metric(lambda shape: tuple(needs), None, None, "", "", "", "lower")
    took = inputs.stream(made)
    assert [(p.rows, p.cols, p.pairs, p.dim) for p in took] == [
        ("train", "train", 45 * 45, 3),
        ("fake", "train", 40 * 45, 3),
    ]
    assert all(p.seconds > 0 for p in took)
    x, y = sets["train"].astype(np.float64), sets["fake"].astype(np.float64)
    d2 = ((x[:, None] - y[None]) ** 2).sum(axis=-1)
    np.testing.assert_array_equal(inputs.get(needs[0]).indices[:, 0], d2.argmin(axis=0))
    own = ((x[:, None] - x[None]) ** 2).sum(axis=-1)
    radius2 = np.sort(own, axis=1)[:, 2]
    np.testing.assert_array_equal(inputs.get(needs[1]).counts.sum(axis=0), (d2 < radius2[:, None]).sum(axis=1))
    np.testing.assert_allclose(inputs.get(needs[2])[0], ((0.5 * x @ y.T + 1) ** 2).sum(axis=1), rtol=1e-5)
    assert inputs.stream(made) == []

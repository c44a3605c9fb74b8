"""Phases of a training, and initial parameters that a look at the data decides."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from gan_probe import gans, parallel
from gan_probe.gans import feed, gan, settings, training
from gan_probe.models import improved, layers


def trainer(system, data, *, batch=16, scan=False, groups=None):
    rows = None if groups is None else [np.flatnonzero(data.labels == c) for c in range(groups)]
    minibatches = feed.Feed(
        data.rows, data.labels, batch=batch, seed=0, mesh=parallel.mesh(1), resident_bytes=1 << 30, groups=rows
    )
    return training.Trainer(system, minibatches, seed=0, groups=groups, scan=scan)


def counting(by):
    return lambda state, batch, key: (state + by, {f"by{by}": state})


@pytest.mark.parametrize("scan", [False, True])
def test_a_phase_takes_over_where_it_says(points, scan):
    system = gan.Gan(
        lambda key: jnp.int32(0), counting(1), lambda state, keys, labels: state,
        phases=((12, counting(100)), (34, counting(10_000))),
    )  # fmt: skip
    run = trainer(system, points, scan=scan)
    progress, seen = run.init(), []
    while progress.iteration < 40:
        progress, infos = run.advance(progress, 40 - progress.iteration)
        seen.append((progress.iteration, *infos))
    assert seen == [(12, "by1"), (34, "by100"), (40, "by10000")]
    assert int(progress.state) == 12 + 22 * 100 + 6 * 10_000


@pytest.mark.parametrize("groups", [None, 2])
def test_a_look_sees_the_first_minibatch(points, groups):
    system = gan.Gan(
        lambda key: jnp.zeros(2), counting(1), lambda state, keys, labels: state,
        look=lambda state, batch, key: state + batch.rows.mean(axis=0),
    )  # fmt: skip
    run = trainer(system, points, groups=groups)
    order = np.random.default_rng([0, 0, 0])
    mine = np.arange(len(points)) if groups is None else np.flatnonzero(points.labels == 0)
    first = points.rows.take(mine[order.permutation(len(mine))[:16]])
    found = run.init().state
    np.testing.assert_allclose(found if groups is None else found[0], first.mean(axis=0), rtol=1e-5, atol=1e-6)


def test_weight_norm_begins_with_the_mean_and_deviation_it_is_told():
    x = 3 + 2 * jax.random.normal(jax.random.key(0), (64, 3))
    module = layers.WeightNormed(linen.Dense(5, use_bias=False), deviation=0.1)
    y, variables = module.init_with_output(jax.random.key(1), x)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=0), 0.1, rtol=1e-4)
    # The length of the kernel's columns means nothing.
    kernel = jax.tree.map(lambda p: 7 * p if p.ndim == 2 else p, variables)
    np.testing.assert_allclose(module.apply(kernel, x), y, atol=1e-4)
    # Only where it is trained does the gain have a gradient.
    for trained in (False, True):
        again = layers.WeightNormed(linen.Dense(5, use_bias=False), trained=trained)
        gradient = jax.grad(lambda v, m=again: (m.apply(v, x) ** 2).sum())(variables)["params"]
        assert bool((gradient["gain"] != 0).any()) == trained and (gradient["offset"] != 0).any()


def test_minibatch_discrimination_begins_at_a_distance_of_two():
    features = jax.random.normal(jax.random.key(0), (20, 6))
    kernel = jax.random.normal(jax.random.key(1), (6, 4, 5))
    scale = improved.initial_scale(features, kernel)
    unit = np.asarray(kernel) / np.sqrt((np.asarray(kernel, np.float64) ** 2).sum(axis=0))
    projected = np.einsum("bf,fkd->bkd", np.asarray(features, np.float64), unit * np.exp(np.asarray(scale, np.float64)))
    nearest = [
        np.mean([min(np.abs(p[i, k] - p[j, k]).sum() for j in range(20) if j != i) for i in range(20)])
        for p in [projected] for k in range(4)
    ]  # fmt: skip
    np.testing.assert_allclose(nearest, 2, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "part", "given"),
    [
        ("modnet", "classifier", {"classifier": "frozen", "classifier_steps": 2, "steps": 5}),
        ("sgan", "encoder", {"encoder_steps": 2}),
    ],
)
def test_what_learns_first_stays_as_it_is_then(name, part, given, images):
    system = gans.GANS[name]
    made = settings.make(name, system, "smoke", given)
    run = trainer(system.build(made, gan.Spec(tuple(images.rows.shape), 10)), images)
    progress = run.init()
    states = [jax.device_get(progress.state)]
    while progress.iteration < made.steps:
        progress, _ = run.advance(progress, 1)
        states.append(jax.device_get(progress.state))

    def moved(i, names):
        pairs = zip(*(jax.tree.leaves([getattr(s, n) for n in names]) for s in states[i : i + 2]), strict=True)
        return any((a != b).any() for a, b in pairs)

    others = ("generator", "discriminator") if name == "modnet" else ("features", "images")
    for i in range(made.steps):
        assert moved(i, (part,)) == (i < 2) and moved(i, others) == (i >= 2)

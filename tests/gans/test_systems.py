"""Every system trains at its smoke preset, and its settings say what they are."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_probe import gans, parallel, types
from gan_probe.gans import feed, gan, heuristics, runs, settings, training

# Compiling takes longest: of the systems with convolutions one trains in every run of the tests.
QUICK = {"dcgan", "vanilla", "mlp"}


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in gans.GANS]
)
def test_the_smoke_preset_runs(name, images, tmp_path):
    trained = runs.train(tmp_path / "run", name, images, preset="smoke", every=1_000)
    found = trained.sampler.draw(np.arange(20))
    assert found.shape == (20, 28, 28, 1) and found.dtype == np.uint8
    # Unrounded: after so few steps the samples of some systems differ by less than half a grey level, and those of
    # ali, whose weights begin at .01 under moving averages that have hardly moved, not in float32 either.
    sampler, keys = trained.sampler, jax.random.split(jax.random.key(0), 4)
    exact = np.asarray(sampler._system.sample(sampler._states[0], keys, np.zeros(4, np.int32)))
    assert np.isfinite(exact).all()
    assert len(np.unique(exact.reshape(4, -1), axis=0)) > 1 or name == "ali"


@pytest.mark.parametrize("sizes", [(28,), pytest.param((32, 64), marks=pytest.mark.slow)], ids=str)
@pytest.mark.parametrize("name", gans.GANS)
def test_states_and_samples_by_shape(name, sizes):
    """With published settings; nothing is computed."""
    system = gans.GANS[name]
    for size in set(sizes) & set(system.sizes):
        spec = gan.Spec((size, size, 3), 10)
        built = system.build(settings.make(name, system, "paper", {}), spec)
        key = jax.random.key(0)
        state = jax.eval_shape(built.init, key)
        batch = jax.eval_shape(lambda s=spec: gan.Batch(jnp.zeros((4, *s.shape)), jnp.zeros(4, jnp.int32)))
        after, info = jax.eval_shape(built.step, state, batch, key)
        assert jax.tree.structure(after) == jax.tree.structure(state)
        assert [x.shape for x in jax.tree.leaves(after)] == [x.shape for x in jax.tree.leaves(state)]
        assert info and all(value.shape == () for value in info.values())
        samples = jax.eval_shape(built.sample, state, jax.random.split(key, 5), jnp.zeros(5, jnp.int32))
        assert samples.shape == (5, *spec.shape)
        if built.logits is not None:
            assert jax.eval_shape(built.logits, state, batch.rows).shape == (4,)


def test_the_penalty_of_acgan_needs_no_norm_and_none_has_averages():
    system, spec, key = gans.GANS["acgan"], gan.Spec((28, 28, 1), 10), jax.random.key(0)
    batch = jax.eval_shape(lambda: gan.Batch(jnp.zeros((4, *spec.shape)), jnp.zeros(4, jnp.int32)))
    for given, kept, reported in (({}, True, False), ({"norm": "none", "penalty": 10.0}, False, True)):
        built = system.build(settings.make("acgan", system, "smoke", given), spec)
        state = jax.eval_shape(built.init, key)
        _, info = jax.eval_shape(built.step, state, batch, key)
        assert ("batch_stats" in state.discriminator) == kept and ("penalty" in info) == reported
    for name in ("acgan", "acgan_wasserstein"):
        with pytest.raises(types.UserError, match=r"batch norm mixes rows.*--norm=none"):
            gans.GANS[name].build(settings.make(name, gans.GANS[name], "smoke", {"penalty": 10.0}), spec)


@pytest.mark.parametrize("name", gans.GANS)
def test_settings_say_what_they_are_and_where_from(name):
    system = gans.GANS[name]
    known = settings.named(system.settings)
    assert {"steps", "batch"} <= set(known)
    for field in known.values():
        assert field.metadata["about"] and field.metadata["source"]
    for preset in settings.PRESETS:
        made = settings.make(name, system, preset, {})
        assert settings.make(name, system, "paper", settings.given_as_flags(made)) == made
    assert settings.make(name, system, "paper", {}) == system.settings()


def trained(name, data, given, *, steps=2, scan=False, seed=0):
    system = gans.GANS[name]
    made = settings.make(name, system, "smoke", given)
    spec = gan.Spec(tuple(data.rows.shape), 8)
    minibatches = feed.Feed(
        data.rows, data.labels, batch=made.batch, seed=seed, mesh=parallel.mesh(1), resident_bytes=1 << 30
    )
    trainer = training.Trainer(system.build(made, spec), minibatches, seed=seed, scan=scan)
    return trainer.advance(trainer.init(), steps)


def test_a_scan_is_the_same_as_single_steps(points):
    """25 iterations of three critic updates: two scans of ten, then single ones."""
    (one, infos), (two, again) = (
        trained("mlp", points, {"critics": 3, "loss": "wasserstein"}, steps=25, scan=scan) for scan in (False, True)
    )
    assert one.minibatches == two.minibatches == 75 and one.iteration == two.iteration == 25
    for a, b in zip(jax.tree.leaves((one.state, infos)), jax.tree.leaves((two.state, again)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_clipping_and_critics(points):
    progress, _ = trained("mlp", points, {"clip": 0.01, "critics": 4, "loss": "wasserstein", "discriminator_rate": 0.0})
    assert progress.minibatches == 8
    leaves = jax.tree.leaves(progress.state.discriminator["params"])
    assert max(float(jnp.abs(leaf).max()) for leaf in leaves) <= np.float32(0.01)


def test_frozen_layers_stay_and_the_others_move(points):
    before, _ = trained("mlp", points, {"discriminator_widths": "8,8", "freeze_layers": 1}, steps=1)
    after, _ = trained("mlp", points, {"discriminator_widths": "8,8", "freeze_layers": 1}, steps=4)
    one, two = before.state.discriminator["params"], after.state.discriminator["params"]
    assert (one["hidden0"]["kernel"] == two["hidden0"]["kernel"]).all()
    assert (one["hidden1"]["kernel"] != two["hidden1"]["kernel"]).any()


def test_generator_steps_and_noise_change_the_run(points):
    plain, _ = trained("mlp", points, {})
    for given in ({"generator_steps": 2}, {"input_noise": 0.5}, {"flip_labels": 0.5}):
        other, _ = trained("mlp", points, given)
        assert any((a != b).any() for a, b in zip(*map(jax.tree.leaves, (plain.state, other.state)), strict=True))
        assert int(other.state.iteration) == 2


def test_noise_decays_and_flips_have_their_share():
    options = heuristics.Heuristics(input_noise=2.0, noise_decay=0.5)
    rows = jnp.zeros((200, 50))
    for iteration, deviation in ((0, 2.0), (3, 0.25)):
        seen = heuristics.noisy(rows, options, jnp.int32(iteration), jax.random.key(0))
        assert float(seen.std()) == pytest.approx(deviation, rel=0.05)
    cost = heuristics.flipped(jnp.zeros(10_000), jnp.ones(10_000), 0.2, jax.random.key(1))
    assert float(cost.mean()) == pytest.approx(0.2, abs=0.015)  # 3.75 deviations of a share of 10,000
    assert heuristics.flipped(rows, rows + 1, 0.0, jax.random.key(1)) is rows


def test_bfloat16_keeps_parameters_in_float32(points):
    progress, infos = trained("mlp", points, {"dtype": "bfloat16"})
    kinds = {leaf.dtype for leaf in jax.tree.leaves(progress.state.generator)}
    assert kinds == {jnp.dtype(jnp.float32)}
    exact, _ = trained("mlp", points, {})
    assert any((a != b).any() for a, b in zip(*map(jax.tree.leaves, (progress.state, exact.state)), strict=True))
    assert all(np.isfinite(values).all() for values in infos.values())


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        gans.GANS["mlp"].settings().steps = 3

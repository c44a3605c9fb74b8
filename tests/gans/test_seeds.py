"""Seeds trained at once: a killed run goes on bit for bit, and every seed and update counts."""

import jax
import numpy as np
import pytest

from gan_probe import checkpoint, gans, types
from gan_probe.gans import gan, seeds, settings

ROWS = np.random.default_rng(0).normal(3, 0.1, (300, 2)).astype(np.float32)


def system(**given):
    made = settings.make("mlp", gans.GANS["mlp"], "smoke", {"batch": 16, "critics": 3, **given})
    return gans.GANS["mlp"].build(made, gan.Spec((2,), None))


SYSTEM = system()


def train(run, *, of=SYSTEM, steps=6, n=3):
    return seeds.train(run, of, ROWS, batch=16, steps=steps, every=2, seeds=n, seed=5)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    run = tmp_path_factory.mktemp("seeds") / "run"
    return run, train(run)


def test_snapshots_hold_all_seeds(whole):
    run, found = whole
    assert list(found) == checkpoint.steps(run) == [0, 2, 4, 6]
    for step, state in found.items():
        assert np.asarray(state.iteration).tolist() == [step] * 3
        kernel = np.asarray(state.generator["params"]["row"]["kernel"])
        assert len({one.tobytes() for one in kernel}) == 3
    # An iteration updates the discriminator three times, the generator once.
    assert np.asarray(found[6].discriminator_optimizer[0].count).tolist() == [18] * 3
    assert np.asarray(found[6].generator_optimizer[0].count).tolist() == [6] * 3


def test_a_stopped_run_goes_on_bit_for_bit(whole, tmp_path):
    train(tmp_path / "run", steps=4)
    found = train(tmp_path / "run")
    assert list(found) == [0, 2, 4, 6]
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(whole[1]), strict=True):
        np.testing.assert_array_equal(a, b)


def test_seeds_have_minibatches_of_their_own(tmp_path):
    """Two equal starts part ways."""
    one = SYSTEM.init(jax.random.key(0))
    state = train(tmp_path, of=SYSTEM._replace(init=lambda key: one), steps=2)[2]
    kernels = np.asarray(state.discriminator["params"]["logit"]["kernel"])
    assert len({kernel.tobytes() for kernel in kernels}) == 3


def test_divergence_is_one_line(tmp_path):
    def step(state, batch, key):
        state, info = SYSTEM.step(state, batch, key)
        return jax.tree.map(lambda x: x * np.float32(np.nan) if x.dtype == np.float32 else x, state), info

    with pytest.raises(types.UserError, match=r"diverging: no seed is finite at step 2"):
        train(tmp_path / "diverging", of=SYSTEM._replace(step=step))
    assert checkpoint.steps(tmp_path / "diverging") == [0]


def test_the_rest_goes_on_where_one_seed_diverges(whole, tmp_path):
    """The second of three starts with a parameter that is no number."""

    def init(key):
        state = SYSTEM.init(key)
        second = (
            jax.random.key_data(key) == jax.random.key_data(jax.random.split(jax.random.key(5, impl="rbg"), 3)[1])
        ).all()
        spoilt = jax.tree.map(lambda x: jax.numpy.where(second, x * np.float32(np.nan), x), state.generator)
        return state._replace(generator=spoilt)

    found = train(tmp_path, of=SYSTEM._replace(init=init))
    assert seeds.finite(found).tolist() == [True, False, True] and seeds.finite(whole[1]).all()
    for a, b in zip(jax.tree.leaves(found[6]), jax.tree.leaves(whole[1][6]), strict=True):
        np.testing.assert_array_equal(np.asarray(a)[::2], np.asarray(b)[::2])

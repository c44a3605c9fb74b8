"""Gaps that discriminators find: large for few images, none for the data's own law, and their arithmetic."""

import jax
import numpy as np
import pytest

from gan_probe.models import fully_connected
from gan_probe.theory import memorising, pair_gap

CODE, DEVIATION = 2, 0.5


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).standard_normal((400, 6)).astype(np.float32)


def test_few_images_are_told_and_many_are_not(images):
    """m = 4 against 144 of 400 images; own samples: 64 pairs a side, which the discriminator can fit."""
    rng = np.random.default_rng(1)
    drawn = pair_gap.pool(rng, 4096, rows=len(images), code=CODE, deviation=DEVIATION)
    parts = np.repeat([2, 12], 6)
    samples = np.tile(np.repeat([0, 64], 3), 2)
    games = pair_gap.games(rng, drawn, parts, samples, rows=len(images), deviation=DEVIATION)
    assert (games.samples[samples == 0] == 4096).all() and len(set(games.first[samples > 0])) == 6
    player = pair_gap.search(rng, images, drawn, games, (8,), pair_gap.Settings(300, batch=32, rate=0.01))
    few, few_own, many, many_own = np.asarray(player.gap).reshape(4, 3).mean(axis=1)
    assert few > 0.5 and many < 0.5 * few and many_own > many and few_own > many
    assert all(np.abs(x).max() <= 1 for x in jax.tree.leaves(player.variables))
    params = sum(x[0].size for x in jax.tree.leaves(player.variables))
    assert params == pair_gap.parameters((8,), images.shape[1] + CODE)


def test_values_are_means_of_phi(images):
    rng = np.random.default_rng(2)
    rows = rng.integers(0, len(images), (3, 5), np.int32)
    z = rng.standard_normal((3, 5, CODE)).astype(np.float32)
    module = fully_connected.Perceptron((4,))
    variables = module.init(jax.random.key(0), np.zeros((1, 8), np.float32), train=False)
    found = pair_gap.values(images, variables, rows, z, (4,))
    layers = variables["params"]
    for g in range(3):
        x = images[rows[g]].astype(np.float64)
        x[:, memorising.places(6, CODE)] = z[g]
        hidden = np.maximum(np.hstack([x, z[g]]) @ layers["hidden0"]["kernel"] + layers["hidden0"]["bias"], 0)
        chance = 1 / (1 + np.exp(-(hidden @ layers["logit"]["kernel"] + layers["logit"]["bias"])))
        assert found[g] == pytest.approx(np.log(0.1 + 0.9 * chance).mean(), abs=1e-5)


def test_a_pool_too_small_is_refused():
    rng = np.random.default_rng(3)
    drawn = pair_gap.pool(rng, 10, rows=4, code=1, deviation=1)
    with pytest.raises(ValueError, match="of a pool of 10"):
        pair_gap.games(rng, drawn, np.array([2, 2]), np.array([6, 6]), rows=4, deviation=1)

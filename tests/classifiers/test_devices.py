"""Training and predictions on four devices: the same as on one, to rounding."""

import pytest

SCRIPT = """
import json
import jax, numpy as np
from gan_probe import data, models, parallel
from gan_probe.classifiers import training

samples = data.load("digits/train[0:130]")
images = samples.rows.take(np.arange(130))
module, every = models.ARCHITECTURES["shallow_cnn"](10), parallel.mesh
recipe = training.Recipe(optimizer="sgd", rate=0.1, batch=20)
found = []
for devices in (1, 4):
    parallel.mesh = lambda n=devices: every(n)
    trainer = training.Trainer(
        module, recipe, images=images, labels=samples.labels, held_out=np.arange(130) % 10 == 0, seed=0, epoch_rows=20
    )
    state, _ = trainer.epoch(trainer.init())
    used = {len(leaf.sharding.device_set) for leaf in jax.tree.leaves(state.variables)}
    found.append((used, state, training.predictor(module)(state.variables, images[:7]).logits))
(one, before, logits), (four, after, again) = found
moved = [float(np.abs(np.asarray(a) - np.asarray(b)).max())
         for a, b in zip(*map(jax.tree.leaves, (before.variables, after.variables)))]
print(json.dumps({"one": list(one), "four": list(four), "apart": max(moved),
                  "logits": float(np.abs(logits - again).max()), "scale": float(np.abs(logits).max())}))
"""


@pytest.fixture(scope="module")
def found(on_devices):
    return on_devices(4, SCRIPT)


def test_four_devices_train_and_predict_as_one(found):
    """A step of 20 rows, five a device, and 7 rows that divide over no device."""
    assert found["one"] == [1] and found["four"] == [4]
    assert found["apart"] < 1e-4
    assert found["logits"] < 1e-3 * found["scale"]

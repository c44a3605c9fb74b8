"""One optimisation step on one and on four devices: the same to rounding, batch norm's statistics among it."""

import numpy as np
import pytest

SCRIPT = """
import json, pathlib, sys
import jax, numpy as np
from gan_probe import data, gans, parallel, types
from gan_probe.gans import feed, gan, settings, training

system = gans.GANS["dcgan"]
made = settings.make("dcgan", system, "smoke", {"batch": 8, "generator_steps": 1})
digits = data.load("digits/train[0:64]", resize=28)
states = []
for devices in (1, 4):
    minibatches = feed.Feed(
        digits.rows, None, batch=8, seed=0, mesh=parallel.mesh(devices), resident_bytes=1 << 30 if devices == 1 else 0
    )
    trainer = training.Trainer(system.build(made, gan.Spec((28, 28, 1), None)), minibatches, seed=0)
    progress, infos = trainer.advance(trainer.init(), 1)
    states.append(progress.state)
one, four = states
used = {len(leaf.sharding.device_set) for leaf in jax.tree.leaves(four)}

def apart(part):
    pairs = zip(jax.tree.leaves(getattr(one, part)), jax.tree.leaves(getattr(four, part)))
    return max(float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in pairs)

moved = one.discriminator["batch_stats"]["norm1"]["mean"]
try:
    feed.Feed(digits.rows, None, batch=6, seed=0, mesh=parallel.mesh(4), resident_bytes=0)
    said = ""
except types.UserError as error:
    said = str(error)
print(json.dumps({
    "devices": sorted(used), "generator": apart("generator"), "discriminator": apart("discriminator"),
    "moments": apart("discriminator_optimizer"), "moved": float(np.abs(np.asarray(moved)).max()), "said": said,
}))
"""


@pytest.fixture(scope="module")
def found(on_devices):
    return on_devices(4, SCRIPT)


def test_four_devices_take_the_step_of_one(found):
    """Adam's first step is rate * sign(gradient): a gradient near 0 may turn, by twice the rate 2e-4 and no more."""
    assert found["devices"] == [4]
    assert found["moved"] > 1e-4, "batch norm's averages have not moved"
    assert found["moments"] < 1e-4
    assert found["generator"] <= 4.1e-4 and found["discriminator"] <= 4.1e-4


def test_a_batch_that_does_not_divide_names_one_that_does(found):
    assert "does not divide over 4 devices; give 4" in found["said"]
    assert np.isfinite(found["generator"])

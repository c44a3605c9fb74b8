"""Images sharded over three devices, with padding: the estimates of one device."""

import numpy as np
import pytest

SCRIPT = """
import json
import jax, numpy as np
from gan_probe import parallel
from gan_probe.likelihood import ais

rng = np.random.default_rng(0)
weights = jax.device_put(rng.standard_normal((2, 5)).astype(np.float32), jax.devices()[0])
decoder = jax.tree_util.Partial(lambda a, z: z @ a, weights)
images = rng.standard_normal((4, 5)).astype(np.float32)
found = [
    ais.log_likelihood(
        jax.random.key(0), decoder, 2, images, variances=(0.5,), temperatures=20, mesh=parallel.mesh(devices)
    ).value.tolist()
    for devices in (1, 3)
]
print(json.dumps([len(jax.devices()), *found]))
"""


@pytest.mark.slow
def test_three_devices_are_one(on_devices):
    devices, one, three = on_devices(3, SCRIPT)
    assert devices == 3
    np.testing.assert_allclose(three, one, atol=1e-3)

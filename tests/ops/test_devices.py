"""One device and four of one process give the same; in a process of its own, since their number is fixed at start."""

_PROGRAM = """
import jax
import numpy as np
from scipy import special

from gan_probe import parallel
from gan_probe.embed import hashing
from gan_probe.ops import (
    count_within,
    fold,
    kernel_sum,
    layout,
    log_sum_exp,
    mixture,
    nearest,
    nearest_in_blocks,
    stream,
)
from gan_probe.stats import blocks

assert jax.device_count() == 4
rng = np.random.default_rng(0)
x = rng.standard_normal((203, 5)).astype(np.float32)
y = rng.standard_normal((150, 5)).astype(np.float32)[rng.integers(0, 60, 150)]
y[:20] = x[:20]
jobs = [
    fold.Job(log_sum_exp.log_sum_exp(scales=(1.0, 9.0), squared=True)),
    fold.Job(nearest.nearest(k=4)),
    fold.Job(count_within.count_within(ties="<=", balls="rows"), 4.0),
    fold.Job(kernel_sum.kernel_sum(degree=3, gamma=0.2, coef=1.0)),
    fold.Job(nearest_in_blocks.nearest_in_blocks(k=3, rank=2, draw=150)),
]
found, mixtures = [], []
for devices in (1, 4):
    mesh = parallel.mesh(devices)
    rows, cols = (
        layout.lay_out(z, h := hashing.row_hashes(z), blocks.assign(h, 6), blocks=6, centre=x.mean(axis=0), tile=16,
                       panel=128, devices=devices)
        for z in (x, y)
    )
    assert rows.panel % (rows.tile * devices) == 0 and rows.panels > 1
    a, b = stream.stream(rows, cols, jobs, jobs, mesh=mesh)
    c, _ = stream.stream(cols, cols, jobs, mesh=mesh)
    found.append([a, b, c])
    numbers = [np.stack([-np.abs(z[:, 0]), 0.1 + z[:, 1] ** 2], axis=1) for z in (x, y)]
    (mixed,), _ = stream.stream(rows, cols, [fold.Job(mixture.mixture(), rows=numbers[0], cols=numbers[1])], mesh=mesh)
    mixtures.append(mixed)
for one, four in zip(*found):
    a, b = (special.logsumexp(found[0], axis=1) for found in (one, four))
    np.testing.assert_allclose(a, b, rtol=1e-6, atol=5e-6)
    np.testing.assert_array_equal(one[1].indices, four[1].indices)
    np.testing.assert_array_equal(one[1].distance2, four[1].distance2)
    np.testing.assert_array_equal(one[2].counts, four[2].counts)
    assert one[2].borderline == four[2].borderline == 0
    np.testing.assert_allclose(one[3], four[3], rtol=1e-6, atol=1e-6 * np.abs(one[3]).max())
    for a, b in zip(one[4], four[4]):
        np.testing.assert_array_equal(a, b)
for one, four in zip(*mixtures):
    np.testing.assert_allclose(one, four, rtol=1e-5, atol=1e-5)
print("true")
"""


def test_one_and_four_devices_agree(on_devices):
    assert on_devices(4, _PROGRAM) is True

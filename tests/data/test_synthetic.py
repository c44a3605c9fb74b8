"""Synthetic laws: their distributions, and that rows cost only themselves."""

import math

import numpy as np
import pytest
import scipy.stats

from gan_probe import data, types
from gan_probe.data import counter


def rows(src):
    samples = data.load(src)
    return samples.rows.take(range(len(samples)))


def splitmix(state):
    """SplitMix64's finaliser in Python integers."""
    mask = 2**64 - 1
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & mask
    return state ^ (state >> 31)


def test_mix_is_splitmix64():
    # The published generator's first output for seed 1234567 (Vigna, splitmix64.c).
    assert splitmix((1234567 + 0x9E3779B97F4A7C15) % 2**64) == 6457827717110365317
    values = np.random.default_rng(0).integers(0, 2**64, size=50, dtype=np.uint64)
    assert [int(x) for x in counter.mix(values)] == [splitmix(int(x)) for x in values]


def test_normals_are_independent_standard_normals():
    x = counter.normals(counter.key(5, 1), np.arange(20_000), 5)
    for column in x.T:
        assert scipy.stats.kstest(column, "norm").pvalue > 1e-4
    assert np.abs(np.corrcoef(x.T) - np.eye(5)).max() < 5 / math.sqrt(20_000)
    assert np.abs(np.mean(x[1:] * x[:-1], axis=0)).max() < 5 / math.sqrt(20_000)
    other = counter.normals(counter.key(6, 1), np.arange(20_000), 5)
    assert abs(np.mean(x * other)) < 5 / math.sqrt(100_000)


def test_integers_are_uniform():
    counts = np.bincount(counter.integers(counter.key(0, 0), np.arange(70_000), 7), minlength=7)
    assert scipy.stats.chisquare(counts).pvalue > 1e-4


def test_gaussian_parameters_and_order():
    samples = data.load("synthetic:gaussian?n=20000&d=3&mean=5&scale=2&seed=7")
    x = samples.rows.take(range(20_000))
    assert x.dtype == np.float32 and samples.kind == "features"
    assert scipy.stats.kstest((x[:, 1] - 5) / 2, "norm").pvalue > 1e-4
    np.testing.assert_array_equal(samples.rows.take([19_999, 3]), x[[19_999, 3]])
    np.testing.assert_array_equal(rows("synthetic:gaussian?n=50&d=3&mean=5&scale=2&seed=7"), x[:50])
    assert (rows("synthetic:gaussian?n=50&d=3&mean=5&scale=2") != x[:50]).all()


def test_atoms_repeat_as_often_as_k_says():
    x = rows("synthetic:atoms?k=500&d=4&n=2000&sigma=0")
    support, counts = np.unique(x, axis=0, return_counts=True)
    assert len(support) <= 500
    pairs = (counts * (counts - 1) / 2).sum()
    expected = 2000 * 1999 / 2 / 500
    assert abs(pairs - expected) < 5 * math.sqrt(expected)
    # Another seed draws the same atoms, another law other atoms.
    again = np.unique(rows("synthetic:atoms?k=500&d=4&n=2000&sigma=0&seed=1"), axis=0)
    both = {row.tobytes() for row in support} & {row.tobytes() for row in again}
    assert len(both) > 400
    other = rows("synthetic:atoms?k=500&d=4&n=2000&sigma=0&law=1")
    assert not {row.tobytes() for row in support} & {row.tobytes() for row in other}


def test_ten_million_atoms_cost_only_their_rows():
    samples = data.load("synthetic:atoms?k=1e7&d=16&n=1e6&sigma=1e-4")
    assert len(samples) == 10**6 and samples.rows.shape == (16,)
    exact = data.load("synthetic:atoms?k=1e7&d=16&n=1e6&sigma=0")
    some = [0, 999_999, 123_456]
    noise = samples.rows.take(some).astype(float) - exact.rows.take(some)
    assert 0 < np.abs(noise).max() < 6e-4


def test_the_pair_of_modes_has_its_means_and_spread():
    samples = data.load("synthetic:pair?n=20000")
    x = samples.rows.take(range(20_000))
    for mode, centre in enumerate((0.5, -0.5)):
        own = x[samples.labels == mode]
        assert len(own) == pytest.approx(10_000, abs=5 * math.sqrt(5_000))
        assert scipy.stats.kstest(((own - centre) / 0.1).ravel(), "norm").pvalue > 1e-4


def test_the_swiss_roll_is_a_spiral():
    """Radius and angle agree without noise, and angles are uniform on 1.5 pi to 4.5 pi."""
    x = rows("synthetic:swissroll?n=5000&sigma=0").astype(float)
    angle = np.linalg.norm(x, axis=1)
    np.testing.assert_allclose(x, angle[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), atol=2e-5)
    assert scipy.stats.kstest(angle, scipy.stats.uniform(1.5 * np.pi, 3 * np.pi).cdf).pvalue > 1e-4
    noise = rows("synthetic:swissroll?n=5000") - x
    assert scipy.stats.kstest(noise.ravel() / 0.25, "norm").pvalue > 1e-4


@pytest.mark.parametrize("law, radius, count", [("ring8", 2.0, 8), ("grid25", None, 25)])
def test_mixtures_carry_their_modes(law, radius, count):
    samples = data.load(f"synthetic:{law}?n=4000&sigma=0.01")
    x = samples.rows.take(range(4000))
    assert len(samples.classes) == count and set(samples.labels) == set(range(count))
    centres = np.stack([x[samples.labels == mode].mean(axis=0) for mode in range(count)])
    assert np.linalg.norm(x - centres[samples.labels], axis=1).max() < 0.06
    if radius:
        np.testing.assert_allclose(np.linalg.norm(centres, axis=1), radius, atol=0.01)
    gaps = np.linalg.norm(centres[:, None] - centres, axis=2)[~np.eye(count, dtype=bool)]
    np.testing.assert_allclose(gaps.min(), 4 * math.sin(math.pi / 8) if radius else 2.0, atol=0.01)
    assert set(data.load(f"synthetic:{law}?modes=3").labels) == {0, 1, 2}


@pytest.mark.parametrize(
    "src, what",
    [
        ("synthetic:gausian", "did you mean gaussian"),
        ("synthetic:gaussian?dim=3", "unknown option 'dim=3'"),
        ("synthetic:gaussian?n=0", "n must be from 1"),
        ("synthetic:gaussian?n=1.5", "whole"),
        ("synthetic:gaussian?scale=nan", "finite"),
        ("synthetic:gaussian?n=inf", "whole"),
        ("synthetic:atoms?sigma=-1", "negative"),
        ("synthetic:ring8?modes=9", "modes must be from 1 to 8"),
    ],
)
def test_bad_laws(src, what):
    with pytest.raises(types.UserError, match=what):
        data.load(src)

"""The memorising generator and the noise-reading encoder against their definitions, written as plain loops."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from gan_probe import types
from gan_probe.theory import memorising

PARTS, CODE, SIZE, DEVIATION = 3, 2, 11, 0.5


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(-1, 1, (PARTS**CODE, SIZE)).astype(np.float32)


@pytest.fixture(scope="module")
def network(images):
    return memorising.generator(images, parts=PARTS, code=CODE, deviation=DEVIATION, failing=0.02)


def defined(images, z):
    """G(z) by the text of section 3 and appendix D.2, and whether a threshold's band is near."""
    part, near = [], False
    for number in z:
        place = 2 * stats.norm.cdf(abs(float(number)) / DEVIATION) - 1  # uniform on 0..1
        part.append(int(place * PARTS))
        near |= abs(place * PARTS - round(place * PARTS)) < 0.1
    out = images[part[0] + PARTS * part[1]].copy()
    step = SIZE // CODE
    for j, number in enumerate(z):
        out[(j + 1) * step - 1] = number
    return out, near


def test_generator_is_its_definition(network, images):
    z = (DEVIATION * np.random.default_rng(1).standard_normal((400, CODE))).astype(np.float32)
    made = np.asarray(memorising.apply(network, z))
    wanted, near = zip(*(defined(images, one) for one in z), strict=True)
    far = ~np.array(near)
    assert far.sum() > 100
    np.testing.assert_array_equal(made[far], np.array(wanted)[far])
    read = memorising.apply(memorising.encoder(SIZE, CODE), made)
    np.testing.assert_array_equal(read, z)  # E(G(z)) = z, in the bands as well


def test_bands_hold_no_more_than_failing(network, images):
    z = (DEVIATION * np.random.default_rng(2).standard_normal((20_000, CODE))).astype(np.float32)
    edges = memorising.thresholds(PARTS, DEVIATION).astype(np.float32)
    wanted = memorising.noised(images[memorising.blocks(z, edges, PARTS)], z)
    wrong = (np.asarray(memorising.apply(network, z)) != wanted).any(axis=1).mean()
    assert 0.005 < wrong < 0.02


def test_one_code_a_block_gives_every_image_once(network, images):
    z = memorising.in_blocks(
        np.random.default_rng(3), np.arange(len(images)), parts=PARTS, code=CODE, deviation=DEVIATION, within=0.9
    )
    made = np.delete(np.asarray(memorising.apply(network, z)), memorising.places(SIZE, CODE), axis=1)
    np.testing.assert_array_equal(made, np.delete(images, memorising.places(SIZE, CODE), axis=1))


def test_blocks_are_equally_likely_and_codes_in_them_are_codes():
    rng = np.random.default_rng(4)
    edges = memorising.thresholds(4).astype(np.float32)
    z = rng.standard_normal((64_000, 2)).astype(np.float32)
    block = np.asarray(memorising.blocks(z, edges, 4))
    assert stats.chisquare(np.bincount(block, minlength=16)).pvalue > 1e-4
    again = memorising.in_blocks(rng, block, parts=4, code=2)
    assert (np.asarray(memorising.blocks(again, edges, 4)) == block).mean() > 0.9999  # but for rounding at an edge
    assert stats.kstest(again[:5000, 0], stats.norm.cdf).pvalue > 1e-4


def test_lemma_d1_is_an_identity(images):
    """E over codes = mean over blocks of E within: adaptive quadrature against Gauss-Legendre in probability."""

    def value(z):
        part = int(min(2 * stats.norm.cdf(abs(z)) - 1, 1 - 1e-12) * PARTS)
        return np.tanh(images[part].sum() * z + np.sin(3 * z))

    edges = memorising.thresholds(PARTS)
    ends = np.concatenate([[-9], -edges[::-1], [0], edges, [9]])
    over_codes = sum(
        integrate.quad(lambda z: value(z) * stats.norm.pdf(z), a, b, epsabs=1e-10)[0]
        for a, b in itertools.pairwise(ends)
    )
    x, w = np.polynomial.legendre.leggauss(200)
    within = []
    for part, sign in itertools.product(range(PARTS), (-1, 1)):
        place = (part + (x + 1) / 2) / PARTS
        within.append(sum(w * [value(sign * z) for z in stats.norm.ppf((1 + place) / 2)]) / 2)
    assert over_codes == pytest.approx(np.mean(within), abs=1e-5)


def test_weights_grow_with_the_memory_alone():
    ratios = []
    for parts in (2, 4, 8):
        x = np.random.default_rng(5).uniform(0.1, 1, (parts**2, 50))
        counts = memorising.weights(memorising.generator(x, parts=parts, code=2))
        assert counts[-1] == parts**2 * 48 + 2 * 2  # two of fifty numbers are the code's
        ratios.append(counts.sum() / x.size)
    assert ratios == sorted(ratios, reverse=True) and ratios[-1] < 1.3
    assert memorising.weights(memorising.encoder(50, 2)).tolist() == [2]


@pytest.mark.parametrize("code", [0, 11, 12])
def test_codes_are_shorter_than_images(code):
    with pytest.raises(types.UserError, match="fewer than the 11"):
        memorising.places(SIZE, code)


@pytest.mark.parametrize(("parts", "code"), [(2, 1), (5, 3), (8, 4)])
def test_blocks_are_equally_likely(parts, code):
    assert memorising.unequal(parts, code) < 1e-9

import itertools

import numpy as np
import pytest

from gan_probe.stats import permutation


def ring(n, k):
    """Every row's neighbours are the k rows that follow it."""
    return (np.arange(n)[:, None] + np.arange(1, k + 1)) % n


def test_votes_by_loops():
    rng = np.random.default_rng(0)
    neighbours = rng.integers(0, 30, (30, 5))
    labels = rng.random((4, 30)) < 0.5
    expected = [np.mean([(sum(row[j] for j in neighbours[i]) > 2) == row[i] for i in range(30)]) for row in labels]
    np.testing.assert_allclose(permutation.vote_accuracy(labels, neighbours), expected)
    assert permutation.vote_accuracy(labels[0], neighbours) == pytest.approx(expected[0])


def test_against_all_permutations():
    """Four and four rows on a ring: 70 labellings, each as likely."""
    labels, neighbours = np.arange(8) < 4, ring(8, 1)
    every = np.zeros((70, 8), bool)
    for i, at in enumerate(itertools.combinations(range(8), 4)):
        every[i, list(at)] = True
    reached = permutation.vote_accuracy(every, neighbours) >= permutation.vote_accuracy(labels, neighbours)
    found = permutation.p_value(labels, neighbours, permutations=9999)
    assert found == pytest.approx(reached.mean(), abs=4 * np.sqrt(reached.mean() / 9999))


def test_least_and_seed():
    labels, neighbours = np.arange(200) < 100, ring(200, 3)
    assert permutation.p_value(labels, neighbours, permutations=499) == 1 / 500
    alternate = np.arange(200) % 2 == 0
    assert permutation.p_value(alternate, ring(200, 1), permutations=99) == 1
    rng = np.random.default_rng(0)
    mixed = rng.permuted(labels)
    one, two, other = (permutation.p_value(mixed, neighbours, seed=s) for s in (1, 1, 2))
    assert one == two and one != other


def test_p_values_are_uniform_under_equal_laws():
    """Rejections at 5 and at 20 %, of 600 graphs of normal rows: 4 sigma of Monte-Carlo error."""
    rng = np.random.default_rng(0)
    found = []
    for seed in range(600):
        x = rng.standard_normal((60, 3))
        d2 = ((x[:, None] - x[None]) ** 2).sum(axis=-1)
        np.fill_diagonal(d2, np.inf)
        found.append(permutation.p_value(np.arange(60) < 30, np.argsort(d2)[:, :3], permutations=99, seed=seed))
    for level in (0.05, 0.2):
        share = np.mean(np.array(found) <= level)
        assert share <= level + 4 * np.sqrt(level / 600)
        assert share >= 0.5 * level  # accuracies are whole numbers of rows: their ties make it err to this side

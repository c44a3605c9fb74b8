import numpy as np
import pytest

from gan_probe import types
from gan_probe.metrics import prd


def at(real, fake, point, angles=11):
    precision, recall = prd.curve(real=np.array(real, float), fake=np.array(fake, float), angles=angles)
    return precision[point], recall[point]


def test_curves_of_compare_gan():
    """The values that prd_score_test of google/compare_gan expects (its eval_dist is fake, its ref_dist real)."""
    none = prd.curve(real=np.array([1.0, 0]), fake=np.array([0.0, 1]))
    np.testing.assert_allclose(none, 0, atol=1e-7)
    np.testing.assert_allclose(at([1, 0], [1, 0], 5), (1, 1), atol=1e-7)
    np.testing.assert_allclose(at([1, 0], [0.5, 0.5], 5), (0.5, 0.5), atol=1e-7)
    assert at([1, 0], [0.5, 0.5], 10)[0] == pytest.approx(0.5) and at([1, 0], [0.5, 0.5], 1)[1] == pytest.approx(1)
    np.testing.assert_allclose(at([0.5, 0.5], [1, 0], 5), (0.5, 0.5), atol=1e-7)
    assert at([0.5, 0.5], [1, 0], 1)[1] == pytest.approx(0.5) and at([0.5, 0.5], [1, 0], 10)[0] == pytest.approx(1)


@pytest.mark.parametrize(
    ("beta", "expected"), [(1, [1, 0, 0, 0, 0.5, 2 / 3, 2 / 3]), (2, [1, 0, 0, 0, 0.5, 5 / 9, 5 / 6]),
                           (0.5, [1, 0, 0, 0, 0.5, 5 / 6, 5 / 9])],
)  # fmt: skip
def test_f_beta_of_compare_gan(beta, expected):
    precision, recall = np.array([1, 1, 0, 0, 0.5, 1, 0.5]), np.array([1, 0, 1, 0, 0.5, 0.5, 1])
    for p, r, f in zip(precision, recall, expected, strict=True):
        assert prd.max_f_beta(np.array([p]), np.array([r]), float(beta)) == pytest.approx(f)
    assert prd.max_f_beta(precision, recall, float(beta)) == 1


def test_shares_that_round_above_one_are_clipped():
    """compare_gan refuses its own curve here: the recall of these shares comes out as 1 + 2.2e-16."""
    precision, recall = prd.curve(real=np.array([0.2, 0.3, 0.5]), fake=np.array([0.5, 0.3, 0.2]))
    assert recall.max() <= 1 and precision.max() <= 1
    assert prd.max_f_beta(precision, recall, 8.0) < 1


def clusters(weights, n, rng):
    """Rows of tight, far clusters: k-means finds them, so that their shares are known."""
    centres = 100 * np.random.default_rng(5).standard_normal((len(weights), 4))
    of = np.repeat(np.arange(len(weights)), np.round(np.array(weights) * n).astype(int))
    return centres[of] + 0.1 * rng.standard_normal((len(of), 4))


def test_known_clusters(estimate):
    """Found clusters are the true ones: the curve is that of their shares, for unequal sizes too."""
    rng = np.random.default_rng(0)
    p, q = [0.5, 0.3, 0.2, 0.0], [0.1, 0.3, 0.2, 0.4]
    found = estimate(prd.prd(clusters=4), real=clusters(p, 100, rng), fake=clusters(q, 200, rng))
    expected = prd.curve(real=np.array(p), fake=np.array(q))
    assert found.value == pytest.approx(prd.max_f_beta(*expected, 8.0), abs=1e-9)
    assert found.detail["f_eighth"]["value"] == pytest.approx(prd.max_f_beta(*expected, 1 / 8), abs=1e-9)
    shown = found.detail["curve"]
    assert len(shown["precision"]) == len(shown["recall"]) <= 101
    np.testing.assert_allclose(shown["recall"], prd.curve(real=np.array(p), fake=np.array(q), angles=101)[1], atol=1e-9)


def test_dropping_modes_costs_recall_and_junk_precision(estimate):
    rng = np.random.default_rng(0)
    every, half, junk = [0.25] * 4 + [0] * 2, [0.5, 0.5, 0, 0, 0, 0], [0.125] * 4 + [0.25] * 2
    real = clusters(every, 200, rng)
    dropped, padded = (estimate(prd.prd(clusters=6), real=real, fake=clusters(w, 200, rng)) for w in (half, junk))
    assert dropped.value < 0.6 and dropped.detail["f_eighth"]["value"] > 0.9
    assert padded.value > 0.9 and padded.detail["f_eighth"]["value"] < 0.6


def test_identity_order_and_few_distinct_rows(estimate):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((80, 3)), rng.standard_normal((60, 3))
    metric = prd.prd()
    assert estimate(metric, real=x, fake=x).value == pytest.approx(1)
    found, shuffled = (estimate(metric, real=x[i], fake=y) for i in (np.arange(80), rng.permutation(80)))
    assert found.value == shuffled.value < 1 and found.interval == shuffled.interval
    assert estimate(metric, real=np.ones((30, 3)), fake=np.ones((25, 3))).value == pytest.approx(1)
    assert estimate(prd.prd(clusters=3), real=np.ones((5, 4)), fake=np.zeros((5, 4))).value == pytest.approx(
        0, abs=1e-6
    )


def test_limits():
    from gan_probe.metrics import metric

    shape = metric.Shape({"real": 100, "fake": 19}, 3, 1.0)
    assert "fake has 19 rows, fewer than clusters=20" in prd.prd().least(shape)
    assert prd.prd(clusters=19).least(shape) is None
    with pytest.raises(types.UserError, match="clusters=1"):
        prd.prd(clusters=1)

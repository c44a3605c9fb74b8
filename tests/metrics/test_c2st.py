import numpy as np
import pytest
from sklearn import neighbors

from gan_probe import types
from gan_probe.metrics import c2st


def by_definition(real, fake, k):
    """Every row against all others, sorted; where the sets tie at the deciding rank, half."""
    rank, right = (k + 1) // 2, 0.0
    for own, other in ((real, fake), (fake, real)):
        for i in range(len(own)):
            mine = sorted(sum((own[i] - own[j]) ** 2) for j in range(len(own)) if j != i)[rank - 1]
            theirs = sorted(sum((own[i] - y) ** 2) for y in other)[rank - 1]
            right += 1.0 if mine < theirs else 0.5 if mine == theirs else 0.0
    return right / (len(real) + len(fake))


@pytest.mark.parametrize("k", [1, 5])
def test_by_definition_with_ties(estimate, k):
    """Integers: copies and equal distances everywhere."""
    rng = np.random.default_rng(k)
    real, fake = (rng.integers(0, high, (70, 3)).astype(np.float64) for high in (4, 5))
    assert estimate(c2st.c2st(k=k), real=real, fake=fake).value == pytest.approx(by_definition(real, fake, k))


def test_leave_one_out_of_sklearn(estimate):
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((90, 5)), 1.5 * rng.standard_normal((90, 5))
    real, fake = real.astype(np.float32), fake.astype(np.float32)
    pooled, label = np.concatenate([real, fake]).astype(np.float64), np.repeat([0, 1], 90)
    index = neighbors.NearestNeighbors(n_neighbors=5).fit(pooled).kneighbors(return_distance=False)
    expected = np.mean((label[index].sum(axis=1) > 2.5) == label)
    for k in (5, 6):  # an even k votes as the odd one below
        assert estimate(c2st.c2st(k=k), real=real, fake=fake).value == pytest.approx(expected)


def test_the_larger_set_is_thinned(estimate):
    """Both orientations draw as many rows as the smaller set has, whatever their order."""
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((150, 4)), 1.3 * rng.standard_normal((60, 4))
    found = estimate(c2st.c2st(), real=real, fake=fake)
    assert found.detail["rows_of_each"] == 60 and (found.n_real, found.n_fake) == (150, 60)
    turned = estimate(c2st.c2st(), real=fake, fake=real)
    shuffled = estimate(c2st.c2st(), real=real[rng.permutation(150)], fake=fake[rng.permutation(60)])
    assert turned.value == shuffled.value == found.value
    assert turned.detail["right_real"] == found.detail["right_fake"]
    assert shuffled.detail["p_value"] == found.detail["p_value"]
    assert shuffled.interval == found.interval


def test_unequal_sizes_of_equal_laws_are_not_told_apart(estimate):
    """Without the draw, the vote of five would name the set of 400 nearly always and be right four times in five."""
    rng = np.random.default_rng(0)
    found = estimate(c2st.c2st(), real=rng.standard_normal((400, 3)), fake=rng.standard_normal((100, 3)))
    assert abs(found.value - 0.5) < 0.12
    assert found.interval.low < 0.5 < found.interval.high and found.detail["p_value"] > 0.01


def test_landmarks(estimate):
    rng = np.random.default_rng(0)
    real = rng.standard_normal((80, 4))
    apart = estimate(c2st.c2st(), real=real, fake=real + 50)
    assert apart.value == 1 and apart.detail["p_value"] == 0.001
    copies = estimate(c2st.c2st(), real=real, fake=real)
    assert copies.value == 0 and copies.detail["p_value"] == 1  # a copy is nearer than any row of the own set
    flat = estimate(c2st.c2st(), real=np.ones((40, 2)), fake=np.ones((50, 2)))
    assert flat.value == 0.5


def test_few_rows(estimate):
    rng = np.random.default_rng(0)
    found = estimate(c2st.c2st(), real=rng.standard_normal((6, 9)), fake=rng.standard_normal((7, 9)))
    assert 0 <= found.interval.low <= found.value <= found.interval.high <= 1
    assert "fewer than k+1=6" in c2st.c2st().least(found_shape(5, 9))
    with pytest.raises(types.UserError, match="k=0"):
        c2st.c2st(k=0)


def found_shape(n, m):
    from gan_probe.metrics import metric

    return metric.Shape({"real": n, "fake": m}, 3, 1.0)

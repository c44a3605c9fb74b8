import numpy as np
import pytest

from gan_probe import types
from gan_probe.metrics import inception


def plain(logits):
    """exp mean KL by loops."""
    p = np.exp(np.asarray(logits, np.float64))
    p /= p.sum(axis=1, keepdims=True)
    marginal = p.mean(axis=0)
    return float(np.exp(np.mean([sum(a * np.log(a / b) for a, b in zip(row, marginal, strict=True)) for row in p])))


def draw(rng, n=200, classes=5, sharp=2.0):
    return (sharp * rng.standard_normal((n, classes))).astype(np.float32)


@pytest.fixture
def scored(given):
    def compute(logits, **switches):
        rng = np.random.default_rng(1)
        rows = rng.standard_normal((len(logits), 2))
        metric = inception.inception(**switches)
        inputs = given(real=rng.standard_normal((5, 2)), fake=rows, logits={"fake": np.asarray(logits, np.float32)})
        assert metric.least(inputs.shape) is None
        return metric.finish(inputs)

    return compute


def test_against_loops(scored):
    logits = draw(np.random.default_rng(0))
    found = scored(logits)
    assert found.detail["plain"] == pytest.approx(plain(logits), rel=1e-6)
    p = np.exp(logits.astype(np.float64))
    p /= p.sum(axis=1, keepdims=True)
    bias = sum(p[:, c].var(ddof=1) / (2 * len(p) * p[:, c].mean()) for c in range(5))
    assert found.value == pytest.approx(plain(logits) * np.exp(bias), rel=1e-6)


def test_value_of_tf_gan(scored):
    """Its two rows of 1001 logits."""
    logits = np.stack([np.append(np.tile([1.0, 2.0], 500), 4.0), np.append(np.tile([4.0, 5.0], 500), 6.0)])
    assert scored(logits).detail["plain"] == pytest.approx(1.0008087799, abs=1e-9)


def test_range(scored):
    """Sure and even: the number of classes. All the same: 1, and no interval."""
    sure = 500 * np.eye(4)[np.arange(40) % 4]  # probabilities underflow to 0
    found = scored(sure)
    assert found.detail["plain"] == pytest.approx(4)
    same = scored(np.tile([[1.0, 2.0, 3.0]], (12, 1)))
    assert same.value == pytest.approx(1) and same.interval.low == pytest.approx(1)
    assert same.interval.high == pytest.approx(1)


def test_a_shift_of_a_row_changes_nothing(scored):
    logits = draw(np.random.default_rng(0)).astype(np.float64)
    one, two = scored(logits), scored(np.round(logits, 3) + np.arange(200)[:, None])
    assert one.value == pytest.approx(two.value, rel=1e-3)


def test_splits(scored):
    """Contiguous splits of sorted classes see one class each; shuffled ones see all."""
    logits = 8 * np.eye(10)[np.repeat(np.arange(10), 30)] + np.random.default_rng(0).standard_normal((300, 10))
    found = scored(logits, splits="contiguous").detail["splits"]
    expected = [plain(part) for part in np.split(logits.astype(np.float32), 10)]
    assert found == {
        "mean": pytest.approx(np.mean(expected), rel=1e-6), "deviation": pytest.approx(np.std(expected), rel=1e-4),
        "ddof": 0, "count": 10, "order": "contiguous",
    }  # fmt: skip
    shuffled = scored(logits).detail["splits"]
    assert shuffled["count"] == 10 and shuffled["mean"] > 4 * found["mean"]


def test_order_of_rows_moves_contiguous_splits_only(given):
    rng = np.random.default_rng(0)
    logits, rows = draw(rng), rng.standard_normal((200, 2))
    order = rng.permutation(200)
    for splits, same in (("shuffled", True), ("contiguous", False)):
        metric = inception.inception(splits=splits)
        one = metric.finish(given(real=rows, fake=rows, logits={"fake": logits}))
        two = metric.finish(given(real=rows, fake=rows[order], logits={"fake": logits[order]}))
        assert one.value == pytest.approx(two.value, rel=1e-12)
        means = one.detail["splits"]["mean"], two.detail["splits"]["mean"]
        assert (means[0] == pytest.approx(means[1], rel=1e-9)) is same


def test_probabilities_are_warned_of(scored):
    logits = draw(np.random.default_rng(0))
    assert "warning" not in scored(logits).detail
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert "logarithms" in scored(p).detail["warning"]
    assert "warning" not in scored(np.log(p)).detail


def test_without_logits_there_is_a_reason(given):
    inputs = given(real=np.eye(3), fake=np.eye(3))
    assert "logits" in inception.inception().least(inputs.shape)
    with pytest.raises(types.UserError, match="splits"):
        inception.inception(splits="random")

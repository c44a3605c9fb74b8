"""What every metric of the table promises, the same for all: a new line in METRICS is tested by being there."""

import dataclasses
import inspect
import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_probe import metrics, types
from gan_probe.metrics import metric as metric_lib

N, D = 120, 4
CLASSES = ("a", "b", "c")
UNBIASED = ("kid", "mmd_rbf", "gaussian_kl")  # may be negative, what they estimate can't
TARGETS = {"density": 1.0, "memorization": 0.5, "c2st": 0.5}  # where better is neither lower nor higher
ALL = sorted(metrics.METRICS)


def rows(seed):
    return np.random.default_rng(seed).standard_normal((N, D)).astype(np.float32)


def logits(label, seed):
    """Of a classifier that is mostly sure of the label."""
    noise = np.random.default_rng(seed).standard_normal((len(label), len(CLASSES)))
    return (noise + 5 * np.eye(len(CLASSES))[label]).astype(np.float32)


def decoder(shift=0.0):
    """Of two latents in the plane of the first two features, `shift` away from real's."""
    return types.Decoder(2, jax.tree_util.Partial(_decoded, jnp.float32(shift)))


def _decoded(shift, z):
    return jnp.pad(z, ((0, 0), (0, D - 2))) + shift


def shape(**rows):
    return metric_lib.Shape({"real": N, "fake": N, "train": N} | rows, D, 2.0, CLASSES, len(CLASSES), decoder=True)


def classes(seed, of=3):
    return np.random.default_rng(seed).integers(0, of, N).astype(np.int32)


@pytest.fixture(scope="module")
def judged(given):
    """Estimates of every metric, by kind of fake."""
    real, train = rows(0), rows(1)
    shuffle = np.random.default_rng(9).permutation(N)
    fakes = {
        "good": (rows(2), classes(2)),
        "worse": (np.float32(0.1) * rows(3) + np.float32(4), classes(3, of=1)),
        "identical": (real, classes(0)),
    }
    out = {}
    for name, (fake, label) in fakes.items():
        out[name] = given(
            real=real, fake=fake, train=train, classes=CLASSES, labels={"real": classes(0), "fake": label},
            logits={"fake": logits(label, 7)}, decoder=decoder(4.0 if name == "worse" else 0.0),
        )  # fmt: skip
    out["shuffled"] = given(
        real=real[shuffle], fake=fakes["good"][0][shuffle[::-1]], train=train[shuffle], classes=CLASSES,
        labels={"real": classes(0)[shuffle], "fake": fakes["good"][1][shuffle[::-1]]},
        logits={"fake": logits(fakes["good"][1], 7)[shuffle[::-1]]}, decoder=decoder(),
    )  # fmt: skip
    given_to = {"ais": {"ais_rows": 8, "ais_temperatures": 100, "ais_variances": "2,1"}}
    made = {name: make(**given_to.get(name, {})) for name, make in metrics.METRICS.items()}
    found = {}
    for name, inputs in out.items():
        inputs.stream(*made.values())
        found[name] = {m: made[m].finish(inputs) for m in made}
    return found


@pytest.mark.parametrize("name", ALL)
def test_factory_has_keyword_only_switches_with_defaults(name):
    for parameter in inspect.signature(metrics.METRICS[name]).parameters.values():
        assert parameter.kind is parameter.KEYWORD_ONLY
        assert parameter.default is not parameter.empty
    metric = metrics.METRICS[name]()
    assert isinstance(metric, metric_lib.Metric)
    assert len(metric.about) > 40 and metric.about.endswith(".")
    assert metric.cites
    assert metric.better in ("lower", "higher", "target")


@pytest.mark.parametrize("name", ALL)
def test_same_settings_have_equal_needs(name):
    """Else the planner could not merge what two metrics share, nor a reference keep it."""
    one, two = (metrics.METRICS[name]().needs(shape()) for _ in range(2))
    assert one == two and hash(one) == hash(two)


@pytest.mark.parametrize("name", ALL)
def test_estimate_is_complete(judged, name):
    metric = metrics.METRICS[name]()
    for found in (judged[kind][name] for kind in judged):
        assert isinstance(found, types.Estimate)
        assert (found.unit, found.better) == (metric.unit, metric.better)
        assert found.n_real == found.n_fake == N
        assert found.estimand in ("at_n", "limit", "given_train", "given_threshold")
        assert found.convention and found.interval.method
        assert found.interval.kind in ("exact", "approximate", "conservative")
        for number in (found.value, found.interval.low, found.interval.high, found.interval.stderr):
            assert number is None or (isinstance(number, float) and math.isfinite(number))
        json.dumps(dataclasses.asdict(found), allow_nan=False)


@pytest.mark.parametrize("name", ALL)
def test_interval_holds_the_value(judged, name):
    for kind in judged:
        found = judged[kind][name]
        low, high = found.interval.low, found.interval.high
        assert low is None or high is None or low <= high
        if found.value is None:
            continue
        value = max(found.value, 0.0) if name in UNBIASED else found.value
        assert low is None or low <= value + 1e-12, kind
        assert high is None or value <= high + 1e-12, kind


@pytest.mark.parametrize("name", ALL)
def test_a_worse_fake_is_worse(judged, name):
    good, worse = judged["good"][name].value, judged["worse"][name].value
    better = judged["good"][name].better
    if name == "spectrum":  # an effective rank has no scale, the share of directions without variance has one
        assert judged["good"][name].detail["dropped"] < judged["worse"][name].detail["dropped"]
    elif better == "target":
        assert abs(worse - TARGETS[name]) > abs(good - TARGETS[name])
    else:
        assert (worse > good) if better == "lower" else (worse < good)


@pytest.mark.parametrize("name", ALL)
def test_order_of_rows_changes_nothing(judged, name):
    one, two = judged["good"][name], judged["shuffled"][name]
    for a, b in ((one.value, two.value), *zip(one.interval[:3], two.interval[:3], strict=True)):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


IDENTITY = {
    "ddm_relative": (0.0, 1e-6), "gmm_kl": (0.0, 1e-6),
    "precision": (1.0, 0), "recall": (1.0, 0), "coverage": (1.0, 0), "density": (1.0, 0),
    "frechet": (0.0, 1e-5), "frechet_limit": (0.0, 1e-5), "modes": (0.0, 0),
    "prd": (1.0, 1e-9), "sliced_wasserstein": (0.0, 0),
    "c2st": (0.0, 0),  # every row sits on a copy of the other set
}  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_identical_sets(judged, name):
    found = judged["identical"][name]
    if name in IDENTITY:
        value, tolerance = IDENTITY[name]
        assert abs(found.value - value) <= tolerance
    elif name in UNBIASED:
        # What two independent sets would show is taken off: a kernel's diagonal, the noise of two Gaussians.
        assert found.value < 0 and found.interval.low == 0
    elif name == "ais":
        assert found.value == judged["good"][name].value  # it looks at the decoder, not at its samples
    elif name == "birthday":
        assert found.detail["ratio_to_real"]["value"] == pytest.approx(1)
    elif name == "memorization":
        assert found.value == 0.5 and found.detail["c_t"] == pytest.approx(0, abs=1e-12)
    elif name in ("parzen", "fld"):
        better = judged["good"][name].better
        assert (found.value > judged["good"][name].value) == (better == "higher")
    elif name in ("vendi", "rke", "spectrum"):
        assert found.value == found.detail["real"] and found.detail["ratio_to_real"]["value"] == 1
    elif name == "inception":
        assert 1 < found.value < len(CLASSES)
    elif name in ("ddm", "ddm_sum"):
        assert 0 <= found.value < judged["good"][name].value
    else:
        raise AssertionError(f"say what {name} is for a fake that equals real")


@pytest.mark.parametrize("name", ALL)
def test_too_few_rows_have_a_reason(name):
    """A metric that can't be computed says why, in one line, before anything is streamed."""
    for role in ("real", "fake"):
        reason = metrics.METRICS[name]().least(shape(**{role: 1}))
        if (name, role) == ("inception", "real"):
            assert reason is None
            continue
        assert isinstance(reason, str) and "\n" not in reason and role in reason
    assert metrics.METRICS[name]().least(shape()) is None


@pytest.mark.parametrize("name", [n for n in ALL if "k" in inspect.signature(metrics.METRICS[n]).parameters])
def test_k_beyond_the_rows_has_a_reason(name):
    assert metrics.METRICS[name](k=29).least(shape(fake=30)) is None
    assert "fake" in metrics.METRICS[name](k=30).least(shape(fake=30))

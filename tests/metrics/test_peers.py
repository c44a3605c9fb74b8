"""The same numbers as other tools' feature-level functions, live where they are installed (the [peers] extra)."""

import numpy as np
import pytest

from benchmarks import peers
from gan_probe.metrics import balls, ddm, frechet, kid
from gan_probe.metrics import metric as metric_lib

torch = pytest.importorskip("torch", reason="other tools compute with torch: pip install -e '.[peers]'")


@pytest.fixture(scope="module")
def sets():
    """Equal sizes, as the tools' MMD wants; real in front."""
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((120, 8)), 1.2 * rng.standard_normal((120, 8)) + 0.2
    return real.astype(np.float32), fake.astype(np.float32)


def tensors(sets, dtype=torch.float64):
    return tuple(torch.as_tensor(x, dtype=dtype) for x in sets)


@pytest.fixture
def torchmetrics():
    """Its Frechet and MMD functions; some of its imports warn of their own deprecations."""
    pytest.importorskip("torchmetrics", reason="pip install -e '.[peers]'")
    fid = pytest.importorskip("torchmetrics.image.fid", exc_type=ImportError)
    return fid, pytest.importorskip("torchmetrics.image.kid", exc_type=ImportError)


@pytest.fixture
def torch_fidelity():
    return pytest.importorskip("torch_fidelity", reason="pip install -e '.[peers]'", exc_type=ImportError)


def test_frechet_of_torchmetrics(estimate, sets, torchmetrics):
    moments = [m for x in tensors(sets) for m in (x.mean(dim=0), torch.cov(x.T))]
    expected = float(torchmetrics[0]._compute_fid(*moments))
    assert estimate(frechet.frechet(), real=sets[0], fake=sets[1]).value == pytest.approx(expected, rel=1e-6)


def test_frechet_of_torch_fidelity(estimate, sets, torch_fidelity):
    from torch_fidelity import metric_fid

    fitted = [metric_fid.fid_features_to_statistics(x) for x in tensors(sets)]
    expected = metric_fid.fid_statistics_to_metric(*fitted, verbose=False)[torch_fidelity.KEY_METRIC_FID]
    assert estimate(frechet.frechet(), real=sets[0], fake=sets[1]).value == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("switches", [{}, {"degree": 2, "gamma": 0.3, "coef": 0.5}])
def test_kid_of_torchmetrics(estimate, sets, torchmetrics, switches):
    given = {"degree": 3, "gamma": None, "coef": 1.0} | switches
    expected = float(torchmetrics[1].poly_mmd(*tensors(sets), **given))
    assert estimate(kid.kid(**switches), real=sets[0], fake=sets[1]).value == pytest.approx(expected, rel=1e-4)


def test_kid_of_torch_fidelity(estimate, sets, torch_fidelity):
    """One subset of all rows."""
    from torch_fidelity import metric_kid

    found = metric_kid.kid_features_to_metric(*tensors(sets), kid_subsets=1, kid_subset_size=120, verbose=False)
    expected = found[torch_fidelity.KEY_METRIC_KID_MEAN]
    assert estimate(kid.kid(), real=sets[0], fake=sets[1]).value == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("part", [False, True])
def test_precision_and_recall_of_torch_fidelity(estimate, torch_fidelity, part):
    """Its first set is the generated one, its ties are inclusive, its k is 3. Unequal sizes; integers, for ties."""
    from torch_fidelity import metric_prc

    rng = np.random.default_rng(1)
    real, fake = rng.integers(0, 9, (90, 4)).astype(np.float32), rng.integers(2, 9, (70, 4)).astype(np.float32)
    found = metric_prc.prc_features_to_metric(
        *tensors((fake, real)), prc_neighborhood=3, prc_batch_size=32, save_cpu_ram=part, verbose=False
    )
    for make, name in ((balls.precision, "precision"), (balls.recall, "recall")):
        value = estimate(make(k=3, ties="<="), real=real, fake=fake).value
        assert value == pytest.approx(found[name], abs=1e-6), name
    assert found["precision"] > found["recall"]


def test_a_collapsed_generator_by_the_convention_of_torch_fidelity(estimate, torch_fidelity):
    from torch_fidelity import metric_prc

    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((200, 6)), 0.2 * rng.standard_normal((200, 6))
    found = metric_prc.prc_features_to_metric(*tensors((fake, real)), verbose=False)
    ours = [estimate(make(k=3, ties="<="), real=real, fake=fake).value for make in (balls.precision, balls.recall)]
    assert ours == pytest.approx([found["precision"], found["recall"]])
    assert ours[0] > 0.8 and ours[1] < 0.3


@pytest.mark.slow  # it compiles C++
def test_keops_log_sum_exp_and_neighbours(given, sets):
    """Its blockwise reductions, to the 1e-6 of its own tests."""
    if (reason := peers.available()["keops_log_sum_exp"]) is not None:
        pytest.skip(reason)
    real, fake = sets
    inputs = given(real=real, fake=fake)
    metric, near = ddm.ddm(scale=4.0), balls.neighbours("real", "fake", 3)
    inputs.stream(metric, metric_lib.Metric(lambda shape: (near,), *[None] * 2, "", "", "", "lower"))
    expected = -np.mean(peers.keops_log_sum_exp(real, fake, scale=4.0) - np.log(len(fake)))
    assert metric.finish(inputs).value == pytest.approx(expected, abs=1e-6)
    keops = peers._keops()
    left, right = keops.LazyTensor(real[:, None, :]), keops.LazyTensor(fake[None, :, :])
    indices = ((left - right) ** 2).sum(-1).argKmin(3, dim=1)
    np.testing.assert_array_equal(inputs.get(near).indices, indices)

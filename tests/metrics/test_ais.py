"""On a linear decoder, whose likelihood is known: x ~ N(b, A'A + variance I)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from gan_probe import types
from gan_probe.metrics import ais

A = np.array([[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]], np.float32)
QUICK = {"ais_rows": 20, "ais_chains": 16, "ais_temperatures": 100}


def linear(a, z):
    return z @ a


DECODER = types.Decoder(2, jax.tree_util.Partial(linear, jnp.asarray(A)))


def law(variance):
    return stats.multivariate_normal(np.zeros(3), A.T.astype(float) @ A + variance * np.eye(3))


def score(given, real, decoder=DECODER, **switches):
    metric = ais.ais(**{**QUICK, "ais_variances": "0.3", **switches})
    inputs = given(real=real, fake=real[:2], decoder=decoder)
    assert metric.least(inputs.shape) is None
    return metric.finish(inputs)


def test_every_row_has_its_exact_likelihood(given):
    """All rows are scored where there are as many: the mean of the exact ones, but for the chains' noise."""
    real = law(0.3).rvs(20, random_state=0).astype(np.float32)
    found = score(given, real)
    assert found.value == pytest.approx(law(0.3).logpdf(real).mean(), abs=5 * found.detail["chain_noise"])
    assert found.detail["chain_noise"] < 0.05 and "warning" not in found.detail
    assert abs(found.detail["gap_of_simulated_rows"]["value"]) < 0.2


def test_the_interval_covers(given, covers):
    """The law's mean of ln p is minus its entropy; 60 draws of 20 rows."""
    found = [
        score(given, law(0.3).rvs(20, random_state=seed).astype(np.float32), ais_temperatures=50) for seed in range(60)
    ]
    assert 0.86 <= covers([one.interval for one in found], -law(0.3).entropy()) <= 1


def test_rows_of_their_own_choose_the_variance(given):
    real = law(0.3).rvs(30, random_state=1).astype(np.float32)
    found = score(given, real, ais_variances="3,0.3,0.03", ais_rows=20)
    assert "variance=0.3" in found.convention and found.detail["scored"] == 20
    assert [one["variance"] for one in found.detail["variances"]] == [3, 0.3, 0.03]
    assert found.value == max(one["value"] for one in found.detail["variances"])
    assert "at an end" in score(given, real, ais_variances="3,1").detail["warning"]


def test_too_few_temperatures_are_told(given):
    real = law(0.3).rvs(20, random_state=2).astype(np.float32)
    found = score(given, real, ais_variances="0.0003", ais_temperatures=3)
    assert "raise --ais_temperatures" in found.detail["warning"]
    assert found.detail["gap_of_simulated_rows"]["value"] > 1


def test_grey_levels_are_spread(given):
    """Of a decoder of images rows are scored as uniform within their level: never on the 256 numbers themselves."""

    def black(z):
        return jnp.zeros((len(z), 3))

    real = (np.random.default_rng(0).integers(0, 256, (20, 3)) / 255).astype(np.float32)
    found = score(given, real, types.Decoder(2, black, 256))
    spread = found.value + 1.5 * np.log(2 * np.pi * 0.3)
    exact = [-(((real * 255 + u) / 256) ** 2).sum(axis=1).mean() / 0.6 for u in (0, 1)]
    assert exact[1] < spread < exact[0]


@pytest.mark.parametrize(
    ("switches", "match"),
    [
        ({"ais_rows": 1}, "ais_rows"),
        ({"ais_chains": 1}, "ais_chains"),
        ({"ais_variances": "0.1,x"}, "ais_variances"),
        ({"ais_variances": "0"}, "ais_variances"),
        ({"ais_temperatures": 2, "ais_variances": "1,0.9"}, "temperatures"),
    ],
)
def test_wrong_switches_are_one_line(switches, match):
    with pytest.raises(types.UserError, match=match):
        ais.ais(**switches)


def test_without_a_decoder_it_says_what_to_give(given):
    inputs = given(real=np.zeros((60, 2)), fake=np.zeros((2, 2)))
    assert "run:DIR" in ais.ais().least(inputs.shape)

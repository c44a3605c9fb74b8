"""The classes' cross-entropy of a conditional system, weighed for each player, against its gradient in closed form."""

import jax
import numpy as np
import optax
import pytest
from flax import linen

from gan_probe import gans
from gan_probe.gans import adversarial, gan, losses, settings

CLASSES, LATENT, PIXELS, BATCH = 3, 2, 4, 5


class Maker(linen.Module):
    @linen.compact
    def __call__(self, z, *, train):
        return linen.Dense(PIXELS, use_bias=False, name="made")(z)


class Judge(linen.Module):
    @linen.compact
    def __call__(self, rows, *, train):
        logits = linen.Dense(1, use_bias=False, name="logit")(rows)[:, 0]
        return logits, linen.Dense(CLASSES, use_bias=False, name="classes")(rows)


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.25, 3.0), (0.0, 2.0), (2.0, 0.0)])
def test_each_player_has_its_own_weight_of_the_classes(weights):
    """Steps of plain gradient descent at rate 1 on Wasserstein losses: what a parameter moves by is its gradient."""
    latent = adversarial.normal(LATENT)
    system = adversarial.adversarial(
        spec=gan.Spec((PIXELS,), CLASSES), generator=Maker(), discriminator=Judge(), latent=latent,
        loss=losses.LOSSES["wasserstein"], optimizers=(optax.sgd(1.0), optax.sgd(1.0)),
        rules=adversarial.Rules(classes=CLASSES, class_weights=weights),
    )  # fmt: skip
    key = jax.random.key(3)
    real = jax.random.normal(jax.random.key(1), (BATCH, PIXELS))
    labels = np.array([2, 0, 1, 1, 2], np.int32)
    before = jax.jit(system.init)(jax.random.key(0))
    after, _ = jax.jit(system.step)(before, gan.Batch(real, jax.numpy.asarray(labels)), key)

    def kernels(state):
        players = state.generator["params"]["made"], *(state.discriminator["params"][n] for n in ("logit", "classes"))
        return [np.asarray(player["kernel"], np.float64) for player in players]

    (made, logit, classes), found = kernels(before), kernels(after)
    x, wanted = np.asarray(real, np.float64), np.eye(CLASSES)[labels]
    z = np.concatenate([latent(jax.random.split(key, 8)[0], BATCH), wanted], axis=1)
    logit_after = logit + (x - z @ made).mean(axis=0)[:, None]
    # The discriminator learns classes from real rows alone.
    classes_after = classes - weights[0] * x.T @ (softmax(x @ classes) - wanted) / BATCH
    by_rows = -logit_after.T + weights[1] * (softmax(z @ made @ classes_after) - wanted) @ classes_after.T
    made_after = made - z.T @ by_rows / BATCH
    for mine, expected in zip(found, (made_after, logit_after, classes_after), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "given", "weights"),
    [
        ("acgan", {}, (1.0, 1.0)),
        ("acgan", {"generator_class_weight": 0.3}, (1.0, 0.3)),
        ("acgan_wasserstein", {"class_weight": 0.2, "generator_class_weight": 0.3}, (0.2, 0.3)),
    ],
)
def test_acgan_hands_its_weights_on(name, given, weights, monkeypatch):
    monkeypatch.setattr(adversarial, "adversarial", lambda **parts: parts["rules"])
    system = gans.GANS[name]
    rules = system.build(settings.make(name, system, "paper", given), gan.Spec((28, 28, 1), 10))
    assert rules.classes == 10 and rules.class_weights == weights

"""Training to convergence: what is held out stays out, a killed run goes on bit for bit, bad input is one line."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from gan_probe import annotation, checkpoint, data, models, types
from gan_probe.classifiers import linear, recipes, runs, solved, training

RECIPE = training.Recipe(epochs=4, patience=0, drops=1, batch=64)


@pytest.fixture(scope="module")
def digits():
    samples = data.load("digits/train")
    images = samples.rows.take(np.arange(len(samples)))
    return {
        "images": images, "labels": samples.labels, "classes": samples.classes,
        "held_out": np.arange(len(images)) % 10 == 0,
    }  # fmt: skip


@pytest.fixture(scope="module")
def whole(digits, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "whole"
    return out, runs.train(out, "shallow_cnn", recipe=RECIPE, **digits)


def test_every_architecture_has_a_recipe():
    assert list(recipes.CLASSIFIERS) == list(models.ARCHITECTURES)


def test_a_run_learns_and_says_what_it_is(whole, digits):
    out, classifier = whole
    about = json.loads((out / "run.json").read_text())
    assert about["finished"] and len(about["epochs"]) == 4
    losses = [epoch["train_loss"] for epoch in about["epochs"]]
    assert losses[-1] < losses[0]
    found = classifier.predict(digits["images"])
    assert found.logits.shape == (599, 10) and found.prelogits.shape == (599, 64)
    assert np.mean(found.logits.argmax(axis=1) == digits["labels"]) > 0.5


def test_batches_do_not_matter_to_predictions(whole, digits):
    """599 rows are one batch and a part of one, 70 only a part."""
    _, classifier = whole
    some, every = classifier.predict(digits["images"][:70]), classifier.predict(digits["images"])
    np.testing.assert_allclose(some.logits, every.logits[:70], rtol=1e-5, atol=1e-5)


class Killed(Exception):
    pass


def killed_after(epochs):
    def report(epoch):
        if epoch.epoch == epochs:
            raise Killed

    return report


def test_a_killed_run_goes_on_bit_for_bit(whole, digits, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(Killed):
        runs.train(out, "shallow_cnn", recipe=RECIPE, report=killed_after(2), **digits)
    resumed = runs.train(out, "shallow_cnn", recipe=RECIPE, resume=True, **digits)
    assert resumed.sha256 == whole[1].sha256
    one, two = (json.loads((d / "run.json").read_text())["epochs"] for d in (out, whole[0]))
    assert one == two


def test_batch_norm_dropout_and_momentum_resume_bit_for_bit(digits, tmp_path, monkeypatch):
    net = models.wide_resnet.WideResNet(10, depth=10, width=1, dropout=0.3)
    monkeypatch.setitem(models.ARCHITECTURES, "wrn10_1", lambda classes: net)
    monkeypatch.setitem(recipes.CLASSIFIERS, "wrn10_1", recipes.CLASSIFIERS["wrn16_4"])
    recipe = training.Recipe(optimizer="sgd", rate=0.05, epochs=2, batch=32)
    part = {k: v if k == "classes" else v[:96] for k, v in digits.items()}
    whole = runs.train(tmp_path / "whole", "wrn10_1", recipe=recipe, **part)
    with pytest.raises(Killed):
        runs.train(tmp_path / "run", "wrn10_1", recipe=recipe, report=killed_after(1), **part)
    resumed = runs.train(tmp_path / "run", "wrn10_1", recipe=recipe, resume=True, **part)
    assert resumed.sha256 == whole.sha256
    assert set(resumed.variables) == {"params", "batch_stats"}
    assert np.isfinite(resumed.predict(part["images"]).logits).all()


def test_the_best_epoch_is_kept_and_the_rate_drops(digits):
    """A rate so large that the loss rises: the parameters of the best epoch stay, and a drop returns to them."""
    recipe = training.Recipe(optimizer="sgd", rate=30.0, patience=0, drops=1, epochs=6, batch=64)
    given = {k: v for k, v in digits.items() if k != "classes"}
    trainer = training.Trainer(models.ARCHITECTURES["linear"](10), recipe, seed=0, **given)
    state, seen = trainer.init(), []
    while not trainer.finished(state):
        before = state
        state, epoch = trainer.epoch(state)
        seen.append(epoch)
        if epoch.loss >= float(before.best_loss):
            assert int(state.dropped) == int(before.dropped) + 1
            for kept, best in zip(jax.tree.leaves(state.variables), jax.tree.leaves(before.best), strict=True):
                np.testing.assert_array_equal(kept, best)
    assert float(state.best_loss) == pytest.approx(min(epoch.loss for epoch in seen))
    assert {epoch.rate for epoch in seen} <= {30.0, 3.0}


def test_validation_rows_are_never_trained_on(digits):
    given = {k: v for k, v in digits.items() if k != "classes"}
    trainer = training.Trainer(models.ARCHITECTURES["linear"](10), RECIPE, seed=0, **given)
    changed = {**given, "images": np.where(given["held_out"][:, None, None, None], 0, given["images"])}
    other = training.Trainer(models.ARCHITECTURES["linear"](10), RECIPE, seed=0, **changed)
    one, two = (t.epoch(t.init())[0].variables for t in (trainer, other))
    jax.tree.map(np.testing.assert_array_equal, one, two)


def test_the_linear_one_is_the_solved_one(digits, tmp_path):
    """One meaning of linear: the optimum of linear.fit on the rows that are not held out, in other units of pixels."""
    found = runs.train(tmp_path / "run", "linear", **digits)
    kept = ~digits["held_out"]
    pixels = digits["images"].reshape(599, -1) / 255
    known = linear.fit(pixels[kept], digits["labels"][kept], 10)
    np.testing.assert_allclose(
        found.predict(digits["images"]).logits, linear.logits(known, pixels), rtol=1e-3, atol=2e-3
    )
    assert found.converged and found.epochs == 1
    epoch = json.loads((tmp_path / "run" / "run.json").read_text())["epochs"][0]
    right = np.asarray(linear.predict(known, pixels[~kept])) == digits["labels"][~kept]
    assert epoch["accuracy"] == pytest.approx(right.mean()) and epoch["train_loss"] < epoch["loss"]
    again = runs.train(tmp_path / "run", "linear", resume=True, **digits)
    assert again.sha256 == found.sha256


def test_more_rows_than_are_solved_at_once_are_refused(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(solved, "_MOST_GB", 1e-5)
    with pytest.raises(types.UserError, match="give fewer rows"):
        runs.train(tmp_path / "run", "linear", **digits)


def test_a_recipe_is_changed_by_words():
    own = recipes.CLASSIFIERS["resnet32"]
    found = recipes.changed("resnet32", "epochs=7, rate=1e-3,optimizer=adam")
    assert found == dataclasses.replace(own, epochs=7, rate=1e-3, optimizer="adam")
    for words, message in {
        "epoch=7": "did you mean epochs", "epochs=0": "whole number from 1", "epochs=1.5": "whole number",
        "rate=nan": "rate=nan: give a finite number above 0", "rate=inf": "finite", "rate=0": "above 0",
        "decay=nan": "decay=nan: give a finite number from 0 to 1", "decay=2": "0 to 1",
        "optimizer=lbfgs": "sgd or adam", "": "one of op",
    }.items():  # fmt: skip
        with pytest.raises(types.UserError, match=message):
            recipes.changed("resnet32", words)
    with pytest.raises(types.UserError, match="not trained by steps"):
        recipes.changed("linear", "epochs=7")


@pytest.mark.parametrize("break_it", ["not empty", "other settings", "unknown", "nothing there", "damaged"])
def test_bad_input_is_one_line(break_it, whole, digits, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(types.UserError) as error:
        if break_it == "not empty":
            runs.train(whole[0], "shallow_cnn", recipe=RECIPE, **digits)
        elif break_it == "other settings":
            runs.train(whole[0], "shallow_cnn", recipe=RECIPE, resume=True, seed=7, **digits)
        elif break_it == "unknown":
            runs.train(out, "shallow_cn", recipe=RECIPE, **digits)
        elif break_it == "nothing there":
            runs.load(out)
        else:
            out.mkdir()
            (out / "run.json").write_text('{"kind": "classifier", "arch": "../../x"}')
            runs.load(out)
    text = {"not empty": "not empty", "other settings": "another seed", "unknown": "did you mean shallow_cnn"}
    assert text.get(break_it, "run") in str(error.value) and "\n" not in str(error.value)


def test_accuracy_of_held_out_images(tmp_path):
    train, real = data.load("digits/train"), data.load("digits/real")
    _, found = annotation.classify(tmp_path / "run", "linear", train, real, recipe=training.Recipe(epochs=3, rate=0.01))
    assert found is not None
    confusion = np.array(found["confusion"])
    assert confusion.sum() == 599 and np.trace(confusion) / 599 == pytest.approx(found["value"])
    low, high = found["ci95"]
    assert low < found["value"] < high
    assert json.loads((tmp_path / "run" / annotation.ACCURACY).read_text()) == found
    with pytest.raises(types.UserError, match="labelled images"):
        annotation.classify(tmp_path / "no", "linear", data.load("digits/blurred"))


def test_a_checkpoint_of_another_structure_is_refused(whole):
    step = checkpoint.latest(whole[0])
    assert step == 4
    with pytest.raises(types.UserError, match="cannot be read"):
        checkpoint.load(whole[0], step, {"a": np.zeros(3, np.float32)})


@pytest.mark.parametrize(("n", "held"), [(40, 10), (128, 32), (320, 32), (599, 60)])
def test_a_tenth_validates_and_of_few_rows_more(n, held):
    hashes = np.random.default_rng(0).integers(0, 2**63, n).astype(np.uint64)
    assert annotation.validation_rows(hashes, 0).sum() == held
    assert annotation.validation_rows(np.repeat(hashes, 2), 0).sum() == 2 * held

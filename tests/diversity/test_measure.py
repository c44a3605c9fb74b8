"""The whole command on the digits: what samples are worth, kill and resume, and bad input."""

import json
import shutil

import jax
import jsonschema
import numpy as np
import pytest
import referencing
from sklearn import neighbors

from gan_probe import annotation, cli, data, models, sets, types
from gan_probe.classifiers import runs, training
from gan_probe.diversity import cells, diversity, fits, measure, network_fits, results, task
from gan_probe.report import diversity as report
from gan_probe.report import files

SETS = {"train": "digits/train", "real": "digits/real"}
RECIPE = training.Recipe(epochs=4, patience=0, drops=1, batch=32, rate=0.01)


def rows(src):
    samples = data.load(src)
    return samples.rows.take(np.arange(len(samples))), samples.labels


def npz(path, images, labels):
    np.savez(path, images=images, labels=labels)
    return str(path)


@pytest.fixture(scope="module")
def fakes(tmp_path_factory):
    """60 training rows, each ten times; the same once; 250 held-out real rows; and samples without labels."""
    folder = tmp_path_factory.mktemp("fakes")
    images, labels = rows("digits/train")
    at = np.random.default_rng(5).permutation(599)[:60]
    return {
        "replicated": npz(folder / "a.npz", np.tile(images[at], (10, 1, 1, 1)), np.tile(labels[at], 10)),
        "once": npz(folder / "b.npz", images[at], labels[at]),
        "held_out": npz(folder / "c.npz", *(part[:250] for part in rows("digits/train?seed=9"))),
        "unlabelled": "digits/lowsupport",
    }


@pytest.fixture(scope="module")
def linear_run(fakes, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "linear"
    return out, diversity(**SETS, fake=fakes, out=out)


def valid(results):
    registry = referencing.Registry().with_contents([(s["$id"], s) for s in (files.schema(), report.schema())])
    jsonschema.Draft202012Validator(report.schema(), registry=registry).validate(json.loads(json.dumps(results)))


def test_repeated_rows_are_worth_what_they_are_once(linear_run):
    _, results = linear_run
    valid(results)
    found = results["results"]["replicated"]["1x"]
    low, high = found["worth"]["ci95"]
    assert low < 60 < high < 300
    assert found["distinct"] == 60 and found["rows"] == 599
    again = results["results"]["once"]["10x"]
    assert again["drawn"] == "again" and again["distinct"] == 60
    assert again["test"]["value"] == pytest.approx(found["test"]["value"], abs=0.01)


def test_held_out_rows_are_worth_their_number(tmp_path):
    given = {"train": "digits/train[0:400]", "real": "digits/real", "fake": {"held": "digits/train[400:599]"}}
    found = diversity(**given, out=tmp_path / "run", oversample=[1])["results"]["held"]["1x"]["worth"]
    low, high = found["ci95"]  # the upper end may be open: 400 rows are the whole curve
    assert 40 < low < 199 < (high or np.inf)


def test_a_function_gives_new_samples_for_the_larger_sets(tmp_path):
    asked = []

    def samples(key, n):
        asked.append(n)
        return np.asarray(jax.random.randint(key, (n, 8, 8, 1), 0, 256)).astype(np.uint8)

    found = diversity(**SETS, fake={"noise": samples}, out=tmp_path / "run", repeats=1, oversample=[1, 3])
    assert sum(asked) == 3 * 599
    assert found["results"]["noise"]["3x"]["distinct"] == 3 * 599 and found["results"]["noise"]["1x"]["rows"] == 599


def test_a_generator_is_asked_for_many_epochs_of_fresh_samples(tmp_path, monkeypatch):
    asked = []

    def samples(key, n):
        asked.append(n)
        return np.asarray(jax.random.randint(key, (n, 8, 8, 1), 0, 256)).astype(np.uint8)

    class Enough(Exception):
        pass

    def stops(*args, **settings):
        raise Enough

    monkeypatch.setattr(network_fits, "learn", stops)
    with pytest.raises(Enough):
        diversity(**SETS, fake=samples, out=tmp_path / "run", arch="mlp", oversample=[1], fresh=True)
    assert sum(asked) == 20 * 599


def test_images_beyond_the_budget_lie_on_disk_as_bytes(fakes, tmp_path):
    settings = {
        "fake": {name: fakes[name] for name in ("once", "held_out")}, "arch": "mlp", "recipe": RECIPE, "repeats": 1,
        "oversample": [1], "resize": 10,
    }  # fmt: skip
    rescaled = sets.opened(SETS["train"], name="train", seed=0, resize=10).rows
    held = {}
    for name, memory_gb in (("memory", 1.0), ("disk", 1e-6)):
        given = task.prepare(
            train=SETS["train"], real=SETS["real"], fake=settings["fake"], annotator=None, balance=False, times=1,
            embed=None, network=True, seed=0, memory_gb=memory_gb, progress=None, resize=10,
        )  # fmt: skip
        held[name] = {isinstance(e.features, np.memmap) for e in given.embedded.values()}
        assert {e.features.dtype for e in given.embedded.values()} == {np.dtype(np.uint8)}
        at = np.array([5, 2, 5])
        np.testing.assert_array_equal(given.images("train", at)[np.arange(3)], rescaled.take(at))
    assert held["disk"] == {True} and held["memory"] == {False}
    few = SETS | {"train": "digits/train[0:160]"}
    found = [diversity(**few, **settings, out=tmp_path / f"{gb}", memory_gb=gb) for gb in (1.0, 1e-6)]
    assert found[0]["results"] == found[1]["results"] and found[0]["curve"] == found[1]["curve"]


def test_labels_are_the_sets_own_or_an_annotators(linear_run):
    by = linear_run[1]["labelled_by"]
    assert by["once"] == "labels of the set" and by["unlabelled"].startswith("linear softmax on train (599 rows)")


def test_the_curve_rises_and_every_class_has_its_own(linear_run):
    _, results = linear_run
    curve = results["curve"]
    assert [p["factor"] for p in curve] == [1, 2, 4, 8, 16] and [p["repeats"] for p in curve] == [1, 2, 4, 8, 10]
    assert np.all(np.diff([p["monotone"] for p in curve]) <= 0) and curve[0]["test"]["value"] > 0.93
    for point in [*curve, *results["results"]["once"].values()]:
        parts = [c.get("test", c) for c in point["classes"].values()]
        assert sum(c["n_real"] for c in parts) == 599 and len(parts) == 10
        whole = sum(c["value"] * c["n_real"] for c in parts) / 599
        assert whole == pytest.approx(point["test"]["value"])


def test_a_killed_run_goes_on_to_the_same_results(linear_run, fakes, tmp_path, monkeypatch):
    class Killed(Exception):
        pass

    write, written = cells.Cells.write, []

    def dies(self, fit, outcome):
        if len(written) == 12:
            raise Killed
        written.append(fit)
        write(self, fit, outcome)

    monkeypatch.setattr(cells.Cells, "write", dies)
    with pytest.raises(Killed):
        diversity(**SETS, fake=fakes, out=tmp_path / "run")
    monkeypatch.setattr(cells.Cells, "write", write)
    damaged = next((tmp_path / "run" / "fits").glob("*.npz"))
    damaged.write_bytes(damaged.read_bytes()[:100])
    resumed = diversity(**SETS, fake=fakes, out=tmp_path / "run", resume=True)
    assert {**resumed, "created": ""} == {**linear_run[1], "created": ""}


def test_nearest_neighbour_equals_scikit_learn(fakes, tmp_path):
    results = diversity(
        **SETS, fake={"once": fakes["once"]}, out=tmp_path / "run", arch="nearest", repeats=1, oversample=[1]
    )
    (train, labels), (real, truth) = rows("digits/train"), rows("digits/real")
    oracle = neighbors.KNeighborsClassifier(1).fit(train.reshape(599, -1), labels)
    assert results["curve"][0]["test"]["value"] == pytest.approx(oracle.score(real.reshape(599, -1), truth))
    held = np.load(fakes["once"])
    oracle = neighbors.KNeighborsClassifier(1).fit(held["images"].reshape(60, -1), held["labels"])
    found = results["results"]["once"]["1x"]["test"]["value"]
    assert found == pytest.approx(oracle.score(real.reshape(599, -1), truth))


def test_networks_train_resume_and_see_fresh_samples(tmp_path, monkeypatch):
    monkeypatch.setattr(fits, "FACTORS", (1, 4))
    settings = {
        "train": "digits/train[0:150]", "real": "digits/real", "fake": {"new": "digits/train?seed=9"}, "arch": "mlp",
        "recipe": RECIPE, "repeats": 1, "oversample": [1], "fresh": True,
    }  # fmt: skip
    whole = diversity(**settings, out=tmp_path / "a")
    valid(whole)
    found = whole["results"]["new"]
    assert set(found) == {"1x", "fresh"} and whole["curve"][0]["test"]["value"] > 0.3
    # 599 samples less those that validate last three epochs of 150, and four are trained.
    assert found["1x"]["drawn"] == "once" and found["fresh"]["drawn"] == "again" and found["fresh"]["steps"] == 4
    assert any(w.startswith("new fresh: its new samples lasted 3.") and "of 4 epochs" in w for w in whole["warnings"])
    assert not (tmp_path / "a" / "fits" / "running").exists() or not any(
        (tmp_path / "a" / "fits" / "running").iterdir()
    )

    class Killed(Exception):
        pass

    trained = training.Trainer.epoch
    seen = []

    def dies(self, state, each=lambda: None):
        seen.append(state)
        if len(seen) == 6:  # in the second network
            raise Killed
        return trained(self, state, each)

    monkeypatch.setattr(training.Trainer, "epoch", dies)
    with pytest.raises(Killed):
        diversity(**settings, out=tmp_path / "b")
    monkeypatch.setattr(training.Trainer, "epoch", trained)
    resumed = diversity(**settings, out=tmp_path / "b", resume=True)
    assert {**resumed, "created": ""} == {**whole, "created": ""}


def test_fresh_is_refused_for_a_file_of_less_than_two_epochs(fakes, tmp_path):
    with pytest.raises(types.UserError, match="held_out has 250 samples, too few for 2 epochs of 599"):
        diversity(**SETS, fake={"held_out": fakes["held_out"]}, out=tmp_path / "run", arch="mlp", fresh=True)
    assert not (tmp_path / "run").exists()
    # As many rows, but of few contents: copies are not fresh.
    with pytest.raises(types.UserError, match="too few for 2 epochs"):
        diversity(
            train="digits/train[0:200]", real="digits/real", fake=fakes["replicated"], out=tmp_path / "run",
            arch="mlp", fresh=True,
        )  # fmt: skip


def test_resume_refuses_other_labels_and_other_classes(tmp_path):
    images, labels = rows("digits/train")
    parity = np.where(labels % 2, "odd", "even")

    def run(labels, fake_labels, resume=True):
        given = {name: npz(tmp_path / f"{name}.npz", images, labels) for name in ("train", "real")}
        fake = npz(tmp_path / "fake.npz", images[:300], fake_labels[:300])
        return diversity(**given, fake=fake, out=tmp_path / "run", repeats=1, oversample=[1], resume=resume)

    first = run(parity, parity, resume=False)
    corrected = parity.copy()
    corrected[:30] = "even"
    with pytest.raises(types.UserError, match="another labels"):
        run(parity, corrected)
    with pytest.raises(types.UserError, match="another labels"):
        run(corrected, parity)
    renamed = np.char.replace(parity, "odd", "uneven")
    with pytest.raises(types.UserError, match="another classes"):
        run(renamed, renamed)
    assert {**run(parity, parity), "created": ""} == {**first, "created": ""}


def test_an_epoch_of_fresh_samples_goes_on_where_the_last_one_ended():
    images = np.arange(100, dtype=np.uint8)[:, None, None, None]
    trainer = training.Trainer(
        models.ARCHITECTURES["linear"](2), training.Recipe(batch=10), images=images, labels=np.zeros(100, int),
        held_out=np.zeros(100, bool), seed=0, epoch_rows=40,
    )  # fmt: skip
    taken = [np.concatenate(list(trainer._batches(epoch))) for epoch in (1, 2, 3, 4, 5)]
    assert all(len(rows) == 40 for rows in taken)
    whole = np.concatenate(taken)
    np.testing.assert_array_equal(np.sort(whole[:100]), np.arange(100))
    np.testing.assert_array_equal(np.sort(whole[100:]), np.arange(100))
    assert not np.array_equal(whole[:100], whole[100:])


@pytest.mark.slow
def test_a_network_labels_and_its_classes_must_fit(tmp_path, fakes):
    run = tmp_path / "annotator"
    annotation.classify(run, "shallow_cnn", data.load("digits/train"), recipe=training.Recipe(epochs=1))
    results = diversity(
        **SETS, fake={"g": "digits/lowsupport"}, out=tmp_path / "run", annotator=str(run), repeats=1, oversample=[1]
    )
    weights = runs.load(run).sha256
    assert len(weights) == 64 and results["labelled_by"]["g"] == f"shallow_cnn of {run}, weights sha256 {weights}"
    images, labels = rows("digits/train")
    two = npz(tmp_path / "two.npz", images[labels < 2], labels[labels < 2])
    with pytest.raises(types.UserError, match="train it on the same classes"):
        diversity(train=two, real=two, fake=two, out=tmp_path / "no", annotator=str(run))


def test_balanced_sets_have_equal_classes(tmp_path):
    images, labels = rows("digits/train")
    keep = (labels == 0) | ((labels == 1) & (np.arange(599) % 2 == 0))
    uneven = npz(tmp_path / "uneven.npz", images[keep], labels[keep])
    results = diversity(train=uneven, real=uneven, fake=uneven, out=tmp_path / "run", balance=True, oversample=[1])
    fewest = int(np.bincount(labels[keep]).min())
    assert results["inputs"]["train"]["n"] == 2 * fewest
    assert results["inputs"]["train"]["notes"][0] == f"balanced: {2 * fewest} of {keep.sum()} rows"
    assert "warning: holds" in results["inputs"]["train"]["notes"][1]  # real is train here


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train": "digits/lowsupport"}, "no labels"),
        ({"real": "digits/blurred"}, "no labels"),
        ({"train": "one class"}, "one class"),
        ({"train": "two classes"}, "which .* lacks"),
        ({"fake": "synthetic:ring8"}, "make them alike"),
        ({"train": "few", "real": "two classes"}, "a curve needs at least"),
        ({"arch": "resnet33"}, "did you mean resnet32"),
        ({"arch": "mlp", "embed": "pca:4"}, "sees the images"),
        ({"fresh": True}, "for networks"),
        ({"ridge": 0.0}, "positive"),
        ({"repeats": 0}, "at least 1"),
        ({"oversample": [1, 1]}, "different numbers"),
        ({"memory_gb": 1e-4}, "raise --memory_gb"),
        ({"annotator": "nowhere"}, "no run there"),
    ],
    ids=str,
)  # fmt: skip
def test_bad_input_is_one_line(changed, message, tmp_path):
    images, labels = rows("digits/train")
    made = {"one class": labels == 3, "two classes": labels < 2, "few": (labels < 2) & (labels[::-1] < 1)}
    changed = {
        k: npz(tmp_path / f"{v}.npz", images[made[v]], labels[made[v]]) if isinstance(v, str) and v in made else v
        for k, v in changed.items()
    }
    with pytest.raises(types.UserError, match=message) as error:
        diversity(**{**SETS, "fake": "digits/faithful", "out": tmp_path / "run", **changed})
    assert "\n" not in str(error.value) and not (tmp_path / "run").exists()


def test_a_folder_in_use_is_refused(linear_run, fakes, tmp_path):
    with pytest.raises(types.UserError, match="not empty"):
        diversity(**SETS, fake=fakes, out=linear_run[0])
    copy = tmp_path / "copy"
    shutil.copytree(linear_run[0], copy)
    with pytest.raises(types.UserError, match="another repeats"):
        diversity(**SETS, fake=fakes, out=copy, resume=True, repeats=2)
    (copy / "settings.json").write_text("{")
    with pytest.raises(types.UserError, match="damaged"):
        diversity(**SETS, fake=fakes, out=copy, resume=True)


def test_command_line(linear_run, fakes, tmp_path, capsys):
    out = tmp_path / "run"
    shutil.copytree(linear_run[0], out)
    line = ["diversity", "--train=digits/train", "--real=digits/real", f"--out={out}", "--resume"]
    assert cli.main([*line, *(f"--fake={name}={src}" for name, src in fakes.items())]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80 and "replicated 1x" in shown and "worth in real rows" in shown
    assert json.loads((out / report.RESULTS).read_text())["command"].startswith("gan-probe diversity --train=")
    page = (out / report.PAGE).read_text("utf-8")
    assert page.count("<svg") == 1 and "http" not in page.replace("http-equiv", "")
    assert cli.main(["diversity", "--train=digits/train"]) == 2
    assert cli.main([*line, "--fake=digits/faithful", "--oversample=a"]) == 2
    assert cli.main([*line, "--fake=digits/faithful", "--arch=mlp", "--recipe=epoch=3"]) == 2
    assert "did you mean epochs" in capsys.readouterr().err
    assert cli.main(["diversity", "--help"]) == 0


def test_names_are_escaped(linear_run):
    results = json.loads(json.dumps(linear_run[1]).replace('"once"', '"<script>x"'))
    assert "<script>" not in report.page(results) and "&lt;script&gt;" in report.page(results)


def test_fits_that_ended_at_their_limit_are_one_warning():
    def made(source, converged):
        return fits.Fit(source, "1x", 0, np.arange(3)), fits.Outcome(np.ones(5, bool), 1.0, 10, converged)

    found = results._unconverged([made("a", False), made("b", True)], "epochs")
    assert found == ["1 of 2 fits stopped at 10 epochs, not converged: a 1x"]
    every = [made(name, False) for name in "abcd"]
    assert results._unconverged(every, "steps") == ["4 of 4 fits stopped at 10 steps, not converged: all"]
    assert results._unconverged([made("a", True)], "steps") == []


def test_a_worth_without_repeats_is_warned_of(linear_run):
    assert "warnings" in linear_run[1] and not linear_run[1]["warnings"]
    once = fits.real_fits(100, 8, repeats=1, seed=0)
    assert "test items only" in results._unrepeated(once)[0]


def test_words_for_open_ends():
    def result(value, ci95, beyond):
        return {"value": value, "ci95": ci95, "detail": {"beyond": beyond, "curve": [20, 6000]}}

    assert report.worth(result(212.4, [150.0, 290.0], "")) == "212 [150, 290]"
    assert report.worth(result(None, [4100.0, None], "above")) == "more than 6,000 [4,100, open]"
    assert report.worth(result(None, [None, 33.0], "below")) == "fewer than 20 [open, 33]"


def test_architectures_are_those_of_the_table():
    assert measure.ARCHS[:2] == ("linear", "nearest") and "resnet32" in measure.ARCHS

"""`modes` by annotators whose every error is known: pixel k of an image says what annotator k names."""

import json

import jsonschema
import numpy as np
import pytest

from gan_probe import annotation, annotators, modes, types
from gan_probe.classifiers import runs
from gan_probe.data import rows
from gan_probe.models import outputs
from gan_probe.report import modes_page

CLASSES = ("ant", "bee", "cat")
RATES = np.array([[0.8, 0.15, 0.05], [0.1, 0.85, 0.05], [0.0, 0.2, 0.8]])
SHA = "0" * 64


def judge(names, pixel=0, shape=(4, 4, 1), scale=8.0):
    """Names the class that a pixel says, with softmax probability 1 / (1 + (K - 1) exp(-scale))."""

    def predict(images):
        logits = scale * np.eye(len(names), dtype=np.float32)[images.reshape(len(images), -1)[:, pixel]]
        return outputs.Outputs(logits, logits, {})

    return runs.Classifier("linear", tuple(names), shape, SHA, predict, None)


def samples(named, truth=None, classes=CLASSES, source="memory"):
    """Images whose pixel k says what annotator k names; labels where truth is given."""
    named = np.atleast_2d(named)
    images = np.zeros((named.shape[1], 4, 4, 1), np.uint8)
    images.reshape(len(images), -1)[:, : len(named)] = named.T
    labels = None if truth is None else np.asarray(truth, np.int32)
    store = rows.ArrayRows(images, source=source)
    return types.Samples(
        source=source, rows=store, kind="images", labels=labels, classes=classes if truth is not None else None
    )


def annotated(rng, truth, rates=RATES):
    """What an annotator with these rates names for classes [n]."""
    return (rng.random(len(truth))[:, None] > np.cumsum(rates[truth], axis=1)).sum(axis=1)


@pytest.fixture
def judges(monkeypatch):
    """Makes the runs of these names: judges(run=classifier, ...)."""

    def make(**known):
        def load(folder):
            if folder.name not in known:
                raise types.UserError(f"{folder}: no run there")
            return known[folder.name]

        monkeypatch.setattr(runs, "load", load)

    return make


@pytest.fixture
def compared():
    """`modes.compared`, its record held to the schema."""
    validator = jsonschema.Draft202012Validator(modes_page.schema())
    validator.check_schema(modes_page.schema())

    def call(**given):
        found, pictures = modes.compared(**given)
        validator.validate(json.loads(json.dumps(found, allow_nan=False)))
        return found, pictures

    return call


@pytest.fixture
def three(judges):
    """A run `three`, labelled real images of even classes, and a sampler of classes .5, .5, 0."""
    judges(three=judge(CLASSES))
    rng = np.random.default_rng(0)
    truth = {"real": rng.integers(0, 3, 3000), "fake": rng.integers(0, 2, 2000)}
    return {r: (samples(annotated(rng, t), t), samples(annotated(rng, t))) for r, t in truth.items()}, truth


def test_raw_fractions_are_counts_and_corrected_ones_the_truth(three, compared):
    sets, truth = three
    found, _ = compared(annotator="three", real=sets["real"][0], fake={"half": sets["fake"][1]})
    result = found["results"]["half"]
    named = sets["fake"][1].rows.take(np.arange(2000)).reshape(2000, -1)[:, 0]
    assert result["raw"]["values"] == pytest.approx(np.bincount(named, minlength=3) / 2000)
    assert result["raw"]["values"][2] > 0.03  # errors look like a third class
    share = np.bincount(truth["fake"], minlength=3) / 2000
    for value, (low, high), true in zip(result["corrected"]["values"], result["corrected"]["ci95"], share, strict=True):
        assert low <= true <= high and low <= value <= high
    assert result["corrected"]["values"][2] < 0.02
    assert sum(result["corrected"]["values"]) == pytest.approx(1)
    low, high = result["corrected"]["total_variation"]["ci95"]
    assert low <= np.abs(share - np.bincount(truth["real"]) / 3000).sum() / 2 <= high
    # The errors fill the third class: as annotated it is only faint, freed of them it is missing.
    assert result["raw"]["faint"] == ["cat"] and result["raw"]["missing"] == []
    assert result["judged"] == "corrected" and result["faint"] == result["missing"] == ["cat"]
    for one in (result["raw"], result["corrected"], found["real"]["labelled"]):
        each, together = np.array(one["ci95"]), np.array(one["together95"])
        assert (together[:, 0] <= each[:, 0]).all() and (together[:, 1] >= each[:, 1]).all()
        assert "all K classes together" in one["together"] and "by itself" in one["interval"]
    assert found["confusion"]["reason"] is None and found["confusion"]["n"] == 3000
    assert found["annotators"][0]["accuracy"]["value"] == pytest.approx(np.mean(np.diag(RATES)), abs=0.03)
    assert result["no_label_correctness"] == "the set has no labels"


def test_a_class_that_only_the_annotator_misses_is_not_faint(judges, compared):
    # It calls three of four cats bees: annotated, the sets agree; of a set of ants and bees it names as few cats.
    judges(three=judge(CLASSES))
    rates = np.array([[0.9, 0.1, 0.0], [0.0, 0.9, 0.1], [0.0, 0.75, 0.25]])
    rng = np.random.default_rng(3)
    real, alike = rng.integers(0, 3, (2, 6000))
    fakes = {"alike": alike, "no cats": rng.choice([0, 1, 1], 6000)}
    sets = {name: samples(annotated(rng, truth, rates)) for name, truth in fakes.items()}
    found, _ = compared(annotator="three", real=samples(annotated(rng, real, rates), real), fake=sets)
    alike, without = (found["results"][name] for name in fakes)
    assert alike["faint"] == [] and alike["raw"]["faint"] == []
    assert without["raw"]["faint"] == [] and without["faint"] == without["missing"] == ["cat"]


def test_label_noise_of_a_tenth_is_found(judges, compared):
    judges(three=judge(CLASSES))
    rng = np.random.default_rng(1)
    real, truth = rng.integers(0, 3, 4000), rng.integers(0, 3, 6000)
    wrong = rng.random(6000) < 0.1
    labels = np.where(wrong, (truth + rng.integers(1, 3, 6000)) % 3, truth)
    found, _ = compared(
        annotator="three", real=samples(annotated(rng, real), real), fake=samples(annotated(rng, truth), labels)
    )
    correctness = found["results"]["fake"]["label_correctness"]
    assert correctness["raw"]["value"] < 0.78
    low, high = correctness["corrected"]["ci95"]
    assert low <= 0.9 <= high and high - low < 0.06
    each = correctness["corrected"]["detail"]["per_class"]
    assert each["n"] == np.bincount(labels).tolist()
    assert all(0.8 < value < 1 for value in each["values"])


def test_binary_annotators_combine_in_any_order(judges, compared):
    judges(smile=judge(("Smiling=0", "Smiling=1"), 0), male=judge(("Male=0", "Male=1"), 1))
    rng = np.random.default_rng(2)
    smile, male = rng.integers(0, 2, (2, 1000))
    named = np.where(rng.random((2, 1000)) < [[0.1], [0.2]], 1 - np.stack([smile, male]), [smile, male])
    # The labels' own order: Male first.
    real = samples(named, 2 * male + smile, [f"Male={m},Smiling={s}" for m in (0, 1) for s in (0, 1)])
    found, pictures = compared(annotator=["smile", "male"], real=real, fake=samples(named[:, :400]))
    assert found["classes"] == ["Smiling=0,Male=0", "Smiling=0,Male=1", "Smiling=1,Male=0", "Smiling=1,Male=1"]
    assert found["results"]["fake"]["raw"]["values"] == pytest.approx(
        np.bincount(2 * named[0, :400] + named[1, :400], minlength=4) / 400
    )
    accuracies = [a["accuracy"]["value"] for a in found["annotators"]]
    assert accuracies == pytest.approx([np.mean(named[0] == smile), np.mean(named[1] == male)])
    assert found["confusion"]["accuracy"]["value"] == pytest.approx(np.mean((named == [smile, male]).all(axis=0)))
    assert len(found["results"]["fake"]["confidence"]) == 2
    assert set(pictures) == {f"{s}/{c}" for s in ("real", "fake") for c in found["classes"]}
    unlabelled, _ = compared(annotator=["smile", "male"], real=samples(named), fake=samples(named[:, :400]))
    assert "labels of all attributes" in unlabelled["confusion"]["reason"]


def test_pictures_are_of_the_class_that_was_named(three):
    sets, _ = three
    _, pictures = modes.compared(annotator="three", real=sets["real"][0], fake={"half": sets["fake"][1]})
    for key, images in pictures.items():
        assert len(images) == 8 and (images[:, 0, 0, 0] == CLASSES.index(key.partition("/")[2])).all()


@pytest.mark.parametrize(("sha", "corrected"), [(SHA, True), ("1" * 64, False)])
def test_without_labels_the_runs_own_held_out_numbers_serve(three, compared, tmp_path, monkeypatch, sha, corrected):
    sets, _ = three
    monkeypatch.chdir(tmp_path)
    (tmp_path / "three").mkdir()
    counts = (1000 * RATES).round().astype(int).tolist()
    record = {"source": "elsewhere", "classes": CLASSES, "confusion": counts, "sha256": sha}
    (tmp_path / "three" / annotation.ACCURACY).write_text(json.dumps(record))
    found, _ = compared(annotator="three", real=sets["real"][1], fake={"half": sets["fake"][1]})
    assert (found["confusion"]["reason"] is None) == corrected  # numbers of other weights are none
    assert (found["real"]["corrected"] is not None) == corrected and found["real"]["labelled"] is None
    if corrected:
        assert found["confusion"]["source"] == "elsewhere"
        assert found["results"]["half"]["corrected"]["values"][2] < 0.02
        assert found["real"]["corrected"]["values"] == pytest.approx([1 / 3] * 3, abs=0.05)


@pytest.mark.parametrize(
    ("real", "named", "reason"),
    [
        ([0, 1, 2], [0, 1, 1], "never names cat"),
        ([0, 1, 0], [0, 1, 1], "no labelled real row is of cat"),
        ([0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 2, 2], "cannot tell some classes apart"),
    ],
)
def test_what_cannot_be_corrected_says_why(judges, compared, real, named, reason):
    judges(three=judge(CLASSES))
    found, _ = compared(annotator="three", real=samples(100 * named, 100 * real), fake=samples(100 * named))
    assert reason in found["confusion"]["reason"]
    assert found["results"]["fake"]["corrected"] is None and found["results"]["fake"]["judged"] == "raw"
    assert found["annotators"][0]["accuracy"] is not None


def test_sets_over_training_make_curves_in_the_order_of_steps(three, compared):
    sets, _ = three
    fakes = {name: sets["fake"][1] for name in ("gan@1000", "gan@200", "other@5", "plain")}
    found, pictures = compared(annotator="three", real=sets["real"][0], fake=fakes)
    assert found["evolution"] == {"gan": [{"step": 200, "fake": "gan@200"}, {"step": 1000, "fake": "gan@1000"}]}
    assert modes_page.last(found) == ["gan@1000", "other@5", "plain"]
    assert not any(key.startswith("gan@200/") for key in pictures)


def test_confidence_is_counted_in_tenths(judges, compared):
    # Softmax of (s, 0, 0): .55 and 1 in float64.
    judges(weak=judge(CLASSES, scale=np.log(2 * 0.55 / 0.45)), sure=judge(("a", "b"), 1, scale=100.0))
    named = np.array([[0, 1, 2, 0], [0, 0, 1, 1]])
    found, _ = compared(annotator=["weak", "sure"], real=samples(named), fake=samples(named))
    weak, sure = found["results"]["fake"]["confidence"]
    assert weak["counts"] == [0, 0, 0, 0, 0, 4, 0, 0, 0, 0] and weak["mean"] == pytest.approx(0.55)
    assert sure["counts"] == [0] * 9 + [4] and sure["mean"] == pytest.approx(1)


def test_a_set_that_the_annotator_was_trained_on_is_named(three, monkeypatch):
    sets, _ = three
    monkeypatch.setattr(annotators, "trained_on", lambda run, hashes: len(hashes) - 1)
    found = modes.modes(annotator="three", real=sets["real"][0], fake=sets["fake"][1])
    for name in ("real", "fake"):
        (note,) = (note for note in found["inputs"][name]["notes"] if "rows of real" not in note)
        assert note.startswith(f"warning: three was trained on {found['inputs'][name]['n'] - 1} of these rows")


def test_a_fake_that_is_real_is_told(three, compared):
    sets, _ = three
    real = sets["real"][0]
    found, _ = compared(annotator="three", real=real, fake=real)
    assert f"warning: holds {len(real)} of the {len(real)} rows of real" in found["inputs"]["fake"]["notes"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"annotator": "nowhere"}, "no run there"),
        ({"annotator": []}, "no annotator"),
        ({"annotator": ["three", "three"]}, "both know a class ant"),
        ({"annotator": ["three", "large"]}, r"images of \[4, 4, 1\] and \[9, 9, 1\]"),
        ({"annotator": "large"}, "takes images"),
        ({"real": samples([0, 1], [0, 1], ("ant", "emu"))}, "labels emu"),
        ({"fake": {}}, "no fake"),
        ({"fake": {"lone": samples([1], source="lone.npz")}}, "lone: lone.npz holds one image; .* two or more"),
        ({"fake": np.zeros((5, 3), np.float32)}, "holds features"),
    ],
)
def test_bad_input_is_one_line(three, judges, given, text):
    sets, _ = three
    judges(three=judge(CLASSES), large=judge(("x", "y"), shape=(9, 9, 1)))
    with pytest.raises(types.UserError, match=text) as error:
        modes.compared(**({"annotator": "three", "real": sets["real"][0], "fake": sets["fake"][1]} | given))
    assert "\n" not in str(error.value)


def test_strange_labels_of_a_fake_are_no_error(three, compared):
    sets, _ = three
    fake = samples([0, 1, 2], [0, 0, 1], ("batch 1", "batch 2"))
    found, _ = compared(annotator="three", real=sets["real"][0], fake=fake)
    result = found["results"]["fake"]
    assert result["label_correctness"] is None and "batch 1" in result["no_label_correctness"]

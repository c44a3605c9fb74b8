"""The annotator: where it is trained, what it annotates, and what it reports of itself."""

import types as types_lib

import numpy as np
import pytest
from scipy import stats

import gan_probe
from gan_probe import annotation, annotators, data, diversity, sets, types
from gan_probe.classifiers import training
from gan_probe.data import rows as rows_lib
from gan_probe.embed import hashing

CENTRES = np.array([[0, 0], [8, 0], [0, 8]], np.float32)
CLASSES = ("a", "b", "c")


def blobs(n, seed, spread=1.0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    return (CENTRES[labels] + spread * rng.normal(size=(n, 2))).astype(np.float32), labels


def made(*, real_labels=True, train=True, train_labels=True, spread=1.0):
    (real, of_real), (rows, of_rows) = blobs(200, 0, spread), blobs(300, 1, spread)
    block = (np.arange(200) % 20).astype(np.int32)
    found = annotation.train_annotator(
        real=real,
        real_labels=of_real if real_labels else None,
        train=rows if train else None,
        train_labels=of_rows if train_labels else None,
        classes=CLASSES,
        block=block,
    )
    return found, of_real, block


def test_trained_on_train_it_annotates_all_of_real():
    found, labels, _ = made()
    np.testing.assert_array_equal(found.real, labels)
    assert found.report["accuracy"] == 1.0 and "train (300 rows)" in found.report["name"]
    low, high = found.report["accuracy_ci95"]
    assert low == pytest.approx(stats.binomtest(200, 200).proportion_ci(method="wilson").low) and high == 1.0


@pytest.mark.parametrize("train", [True, False])
def test_without_labels_of_train_it_never_annotates_what_it_learnt_from(train):
    found, labels, block = made(train=train, train_labels=False)
    learnt = block % 2 == 0
    assert (found.real[learnt] == -1).all()
    np.testing.assert_array_equal(found.real[~learnt], labels[~learnt])
    assert "half of real (100 rows)" in found.report["name"]


def test_accuracy_counts_held_out_rows_only():
    found, labels, block = made(train=False, train_labels=False, spread=4.0)
    held = block % 2 == 1
    assert found.report["accuracy"] == np.mean(found.real[held] == labels[held]) < 1


def test_without_labels_of_real_its_accuracy_is_unknown():
    found, labels, _ = made(real_labels=False)
    np.testing.assert_array_equal(found.real, labels)
    assert found.report["accuracy"] is None and "accuracy_ci95" not in found.report


def test_it_annotates_any_rows():
    found, _, _ = made()
    rows, labels = blobs(50, 7)
    np.testing.assert_array_equal(found.annotate(rows), labels)
    assert found.annotate(rows).dtype == np.int32


def test_accuracy_is_not_told_on_rows_that_were_trained_on(tmp_path):
    data = sets.opened("digits/train", name="data", seed=0)
    with pytest.raises(types.UserError, match="stands in"):
        annotation.classify(tmp_path / "run", "linear", data, data)
    assert not (tmp_path / "run").exists()


def test_one_class_is_nothing_to_tell_apart(tmp_path):
    data = types.Samples(
        source="threes.npz",
        rows=rows_lib.ArrayRows(np.zeros((40, 8, 8, 1), np.uint8), source="threes.npz"),
        kind="images",
        labels=np.ones(40, np.int32),
        classes=("2", "3"),
    )
    with pytest.raises(types.UserError, match=r"threes\.npz has one class, 3; a classifier needs two"):
        annotation.classify(tmp_path / "run", "linear", data)
    assert not (tmp_path / "run").exists()


class Bars:
    """Stands for tqdm: what every bar was called, and how far it came."""

    def __init__(self):
        self.counted = {}

    def __call__(self, *, desc, total=None, unit=""):
        self.counted[desc] = 0

        def update(n=1):
            self.counted[desc] += n

        return types_lib.SimpleNamespace(update=update, close=lambda: None)


def test_reading_and_solving_show_bars(tmp_path):
    bars = Bars()
    data = sets.opened("digits/train", name="data", seed=0)
    annotation.classify(tmp_path / "run", "linear", data, progress=bars)
    assert bars.counted["data: reading"] == 599 and bars.counted["solving"] > 10


class Killed(Exception):
    pass


@pytest.fixture
def stopped(tmp_path):
    """A run that was killed after its first epoch, and how it goes on."""
    data = sets.opened("digits/train", name="data", seed=0)

    def killed(epoch):
        raise Killed

    settings = {"recipe": training.Recipe(epochs=2), "seed": 0}
    with pytest.raises(Killed):
        annotation.classify(tmp_path / "run", "mlp", data, report=killed, **settings)
    return tmp_path / "run", lambda: annotation.classify(tmp_path / "run", "mlp", data, resume=True, **settings)


def test_a_stopped_run_knows_its_rows(stopped):
    run, _ = stopped
    assert (
        annotators.trained_on(str(run), hashing.row_hashes(data.load("digits/train").rows.take(np.arange(599)))) == 599
    )


@pytest.mark.parametrize("layers", ["logits", "prelogits", "hypercolumns"])
def test_embeddings_of_a_stopped_run_say_so(stopped, layers, monkeypatch):
    run, go_on = stopped
    given = {"real": "digits/real", "fake": "digits/faithful", "embed": f"{layers}:{run}", "metrics": ["ddm"]}
    notes = gan_probe.evaluate(**given)["inputs"]["real"]["notes"]
    assert notes[-1].startswith(f"warning: training of {run} was stopped after 1 epoch; go on")
    go_on()
    assert not gan_probe.evaluate(**given)["inputs"]["real"]["notes"]


@pytest.mark.parametrize("used", ["embed", "annotator"])
def test_diversity_by_a_stopped_run_says_so(stopped, used, tmp_path):
    run, _ = stopped
    given = {"embed": f"logits:{run}"} if used == "embed" else {"annotator": str(run)}
    found = diversity.diversity(
        train="digits/train", real="digits/real", fake="digits/faithful", out=tmp_path / "out", repeats=1, **given
    )
    assert any("was stopped after 1 epoch" in note for note in found["inputs"]["real"]["notes"])


def test_copies_validate_together():
    hashes = np.repeat(np.random.default_rng(0).integers(0, 2**63, 200, np.uint64), 3)
    held_out = annotation.validation_rows(hashes, 0).reshape(200, 3)
    assert (held_out.all(axis=1) == held_out.any(axis=1)).all() and 5 < held_out[:, 0].sum() < 40

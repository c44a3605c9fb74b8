"""The pass over all sets: values, hashes, memory, cache, bad sets."""

import hashlib
import threading

import numpy as np
import pytest
from scipy import special
from scipy.spatial import distance

from gan_probe import annotation, data, embed, evaluation, types
from gan_probe.classifiers import runs, training
from gan_probe.embed import hashing, stream

IMAGES = np.random.default_rng(0).integers(0, 256, size=(50, 4, 4, 3), dtype=np.uint8)
FEATURES = np.random.default_rng(1).normal(size=(50, 7)).astype(np.float32)


def run(sets, spec=None, **options):
    named = {
        name: value if isinstance(value, types.Samples) else data.from_array(value, name=f"{name}.npz")
        for name, value in sets.items()
    }
    return embed.embed_sets(named, spec, **{"cache_dir": None, "memory_gb": 1, **options})


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(stream, "_BATCH_ROWS", 7)


def test_pixels_hashes_and_digest(small_batches):
    embedding, embedded = run({"real": IMAGES, "fake": IMAGES[::-1]})
    assert embedding == types.Embedding("pixels", {"range": [0, 1]}, None)
    got = embedded["real"]
    np.testing.assert_array_equal(got.features, (IMAGES.reshape(50, 48) / 255).astype(np.float32))
    assert got.features.dtype == np.float32 and got.features.max() <= 1
    np.testing.assert_array_equal(got.hashes, hashing.row_hashes(IMAGES))
    np.testing.assert_array_equal(got.hashes, embedded["fake"].hashes[::-1])
    assert got.sha256 == hashlib.sha256(b"|u1 [50, 4, 4, 3]" + IMAGES.tobytes()).hexdigest()
    assert got.sha256 != embedded["fake"].sha256


def test_the_digest_does_not_depend_on_batches(monkeypatch):
    whole = run({"real": FEATURES})[1]["real"]
    monkeypatch.setattr(stream, "_BATCH_ROWS", 3)
    parts = run({"real": FEATURES})[1]["real"]
    assert whole.sha256 == parts.sha256 == hashlib.sha256(b"<f4 [50, 7]" + FEATURES.tobytes()).hexdigest()
    np.testing.assert_array_equal(whole.hashes, parts.hashes)


def test_float32_features_are_not_copied(tmp_path):
    np.save(tmp_path / "x.npy", FEATURES)
    embedding, embedded = run({"real": FEATURES, "fake": data.load(str(tmp_path / "x.npy"))})
    assert embedding.name == "features"
    assert np.shares_memory(embedded["real"].features, FEATURES) and not embedded["real"].features.flags.writeable
    assert FEATURES.flags.writeable
    assert isinstance(embedded["fake"].features, np.memmap)
    assert embedded["real"].sha256 == embedded["fake"].sha256


def test_other_floats_become_float32():
    embedded = run({"real": FEATURES.astype(np.float64)})[1]["real"]
    np.testing.assert_array_equal(embedded.features, FEATURES)
    assert embedded.features.dtype == np.float32


@pytest.mark.parametrize("cached", [False, True])
def test_features_beyond_the_budget_are_mapped(tmp_path, cached, small_batches):
    options = {"cache_dir": tmp_path} if cached else {}
    sets = {"real": IMAGES, "fake": IMAGES + 1}
    inside, outside = run(sets, memory_gb=1, **options)[1], run(sets, memory_gb=3e-5, **options)[1]
    for name in sets:
        assert isinstance(outside[name].features, np.memmap) and not isinstance(inside[name].features, np.memmap)
        np.testing.assert_array_equal(outside[name].features, inside[name].features)
    assert list(tmp_path.iterdir()) == []


def test_the_next_batch_decodes_while_one_is_consumed():
    started, first_consumed = threading.Event(), threading.Event()

    class Rows:
        shape, dtype = (2,), np.dtype(np.float32)

        def __len__(self):
            return 8

        def take(self, indices):
            if indices[0] == 4:
                started.set()
            return np.zeros((len(indices), 2), np.float32)

    def consume(start, rows):
        if start == 0:
            # Would time out if the second batch were only read once this returned.
            assert started.wait(20)
            first_consumed.set()

    samples = types.Samples(source="x", rows=Rows(), kind="features")
    stream.scan(samples, consume, title="x", progress=None, most=4)
    assert first_consumed.is_set()


def test_progress_counts_every_row(small_batches):
    seen = []

    class Bar:
        def __init__(self, *, total, desc):
            self.total, self.done = total, 0
            seen.append(self)

        def update(self, rows):
            self.done += rows

        def close(self):
            self.closed = True

    run({"real": IMAGES, "fake": IMAGES[:20]}, "pca:3", progress=Bar)
    assert [bar.total for bar in seen] == [50, 50, 20] and all(bar.done == bar.total and bar.closed for bar in seen)


def bad(what, sets, spec=None):
    return pytest.param(sets, spec, what, id=what)


@pytest.mark.parametrize(
    "sets, spec, what",
    [
        bad(
            r"a.npz holds images \[4, 4, 3\], b.npz images \[3, 4, 3\]; give --resize",
            {"a": IMAGES, "b": IMAGES[:, 1:]},
        ),
        bad("channels of the other", {"a": IMAGES, "b": IMAGES[..., :1]}),
        bad(r"a.npz holds features \[7\], b.npz features \[6\]", {"a": FEATURES, "b": FEATURES[:, 1:]}),
        bad(r"a.npz holds images \[4, 4, 3\], b.npz features \[7\]", {"a": IMAGES, "b": FEATURES}),
        bad("b.npz holds 1 row; a set needs at least 2", {"a": IMAGES, "b": IMAGES[:1]}),
        bad("no set is given", {}),
        bad(r"pixel: unknown embedding \(did you mean pixels\?\)", {"a": IMAGES}, "pixel"),
        bad(r"pcaa:4: unknown embedding \(did you mean pca\?\)", {"a": IMAGES}, "pcaa:4"),
        bad("inceptionv9: unknown embedding; use pixels", {"a": IMAGES}, "inceptionv9"),
        bad("pixels takes no argument", {"a": IMAGES}, "pixels:3"),
        bad("a.npz holds features; use --embed=features", {"a": FEATURES}, "pixels"),
        bad("a.npz holds images; use --embed=pixels", {"a": IMAGES}, "features"),
        bad("importing no_such_module failed", {"a": IMAGES}, "no_such_module:f"),
        bad("math has no function nothing", {"a": IMAGES}, "math:nothing"),
        bad("math has no function pi", {"a": IMAGES}, "math:pi"),
        bad("a.npz holds features; a function embeds images", {"a": FEATURES}, "numpy:sum"),
        bad("a.npz: row 20 holds NaN", {"a": np.where(np.arange(50)[:, None] == 20, np.nan, FEATURES)}),
    ],
)
def test_bad_sets_and_specs(sets, spec, what, small_batches):
    with pytest.raises(types.UserError, match=what) as caught:
        run(sets, spec)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("which", ["logits", "prelogits"])
def test_outputs_of_a_trained_classifier(which, tmp_path):
    train, real = (data.load(f"digits/{name}") for name in ("train", "real"))
    recipe = training.Recipe(epochs=1)
    annotation.classify(tmp_path / "run", "shallow_cnn", train, recipe=recipe)
    embedding, found = run({"real": real}, f"{which}:{tmp_path / 'run'}")
    classifier = runs.load(tmp_path / "run")
    expected = getattr(classifier.predict(real.rows.take(np.arange(599))), which)
    np.testing.assert_allclose(found["real"].features, expected, rtol=1e-5, atol=1e-5)
    assert embedding.sha256 == classifier.sha256
    fake = data.load("digits/lowsupport")
    logits = [getattr(classifier.predict(s.rows.take(np.arange(599))), which).astype(np.float64) for s in (real, fake)]
    d2 = distance.cdist(*logits, "sqeuclidean")
    ddm = -np.mean(special.logsumexp(-d2 / 50, axis=1) - np.log(599))  # thesis 004, eq 3.4
    found = evaluation.evaluate(real=real, fake=fake, metrics="ddm", embed=f"{which}:{tmp_path / 'run'}", scale=50.0)
    assert found["results"]["fake"]["ddm"]["value"] == pytest.approx(ddm, rel=1e-4)
    with pytest.raises(types.UserError, match="resize"):
        run({"real": np.zeros((4, 9, 9, 1), np.uint8)}, f"{which}:{tmp_path / 'run'}")
    with pytest.raises(types.UserError, match="give the run"):
        run({"real": real}, which)

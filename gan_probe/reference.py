"""What an evaluation keeps of real and train, so that every further fake pays for its own passes only."""

import copy
import hashlib
import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from gan_probe import annotation, parallel, pass_cache, sets, types
from gan_probe import embed as embed_lib
from gan_probe.data import colour, slices
from gan_probe.metrics import metric as metric_lib
from gan_probe.metrics import plan
from gan_probe.ops import exact, moments
from gan_probe.ops import layout as layout_lib
from gan_probe.stats import blocks as blocks_lib
from gan_probe.version import __version__

__all__ = ["Reference"]

_PANEL_BYTES = 1 << 26
_SCALE_PAIRS = 20_000
_LARGEST, _SMALLEST = 1e18, 1e-15  # lengths whose squares float32 holds with all digits


class Reference:
    """Held-out real data, and the training set where copying matters, ready to judge any number of fakes.

    Args:
      real: held-out real data: a SRC string, a NumPy, JAX or dlpack array, or any Source.
      train: what the generator was trained on, or None.
      embed: see `gan-probe list`: pixels, pca:K, features, module:function, or a callable on uint8 batches.
      seed: of blocks, calibration and grids.
      resize, crop, label: see `gan-probe evaluate --help`.
      cache_dir: keeps embeddings and the passes of real and train from run to run, by content hash.
      memory_gb: memory that features and panels may take.
      tile: most columns of a tile.
      devices: devices to use, all by default.
      progress: called as tqdm is; None shows nothing.

    Attributes:
      samples, embedded, layouts: by role, "real" and "train".
      embedding: what took rows to features.
      known: results of the passes between real and train.
    """

    def __init__(
        self,
        *,
        real: Any,
        train: Any = None,
        embed: str | Callable[[np.ndarray], Any] | None = None,
        seed: int = 0,
        resize: int | None = None,
        crop: int | None = None,
        label: str | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        memory_gb: float = 4.0,
        tile: int = 512,
        devices: int | None = None,
        progress: Callable[..., Any] | None = None,
    ):
        _check(seed=seed, memory_gb=memory_gb, tile=tile, devices=devices)
        self.seed, self.memory_gb, self.progress = seed, memory_gb, progress
        self.options = {"resize": resize, "crop": crop, "label": label}
        self.cache_dir = pass_cache.prepared(pathlib.Path(cache_dir)) if cache_dir else None
        self.mesh = parallel.mesh(devices)
        self.blocks = blocks_lib.BLOCKS
        self._tile = tile
        given = {"real": real} if train is None else {"real": real, "train": train}
        opened = {role: sets.opened(s, name=role, seed=seed, **self.options) for role, s in given.items()}
        self.samples = {role: colour.alike(s, opened["real"]) for role, s in opened.items()}
        self.embedder = embed_lib.Embedder(
            self.samples, embed, cache_dir=self.cache_dir, memory_gb=memory_gb, progress=progress
        )
        self.embedding = self.embedder.embedding
        self.embedded = {role: self.embedder.embed(role, s) for role, s in self.samples.items()}
        self.centre = moments.row_mean(self.embedded["real"].features)
        self.layouts = {role: self.lay_out(e, self.samples[role].source) for role, e in self.embedded.items()}
        self.known: dict[metric_lib.Need, Any] = {}
        self._kept: dict[tuple[str, str], Any] = {}
        self.scale = _median_squared_distance(self.embedded["real"], seed)

    def evaluate(self, fake: Any, **settings: Any) -> dict[str, Any]:
        """`gan_probe.evaluate` of one fake, or of a mapping name -> fake, against this reference."""
        from gan_probe import evaluation

        return evaluation.evaluate_against(self, fake, **settings)[0]

    def part(self, share: float) -> "Reference":
        """The same reference on a nested random share of real's rows, for `curves`; train and embedding stay."""
        return self.kept("real", f"share {share}", lambda: self._part(share))

    def _part(self, share: float) -> "Reference":
        part = copy.copy(self)
        at = blocks_lib.nested(self.embedded["real"].hashes, share, role="real", seed=self.seed)
        part.samples = {**self.samples, "real": slices.choose(self.samples["real"], at)}
        part.embedded = {**self.embedded, "real": embed_lib.choose(self.embedded["real"], at)}
        part.layouts = {**self.layouts, "real": self.lay_out(part.embedded["real"], self.samples["real"].source)}
        part.known = {need: found for need, found in self.known.items() if need.rows == need.cols == "train"}
        part.cache_dir, part.progress, part._kept = None, None, {}
        return part

    def lay_out(
        self,
        embedded: types.Embedded,
        source: str,
        centre: np.ndarray | None = None,
        block: np.ndarray | None = None,
        blocks: int | None = None,
    ) -> layout_lib.Layout:
        """The layout of a set that meets real and train.

        Args:
          embedded: the set.
          source: what errors call it.
          centre: float32 [d], real's mean by default.
          block, blocks: int32 [n], block of each row, and how many there are; assigned by content and seed by default.
        """
        _check_range(embedded.features, source)
        dim = embedded.features.shape[1]
        return layout_lib.lay_out(
            embedded.features,
            embedded.hashes,
            blocks_lib.assign(embedded.hashes, self.blocks, self.seed) if block is None else block,
            blocks=self.blocks if blocks is None else blocks,
            centre=self.centre if centre is None else centre,
            tile=self._tile,
            panel=int(np.clip(_PANEL_BYTES // (4 * dim), 1024, 4096)),
            devices=self.mesh.size,
        )

    def kept(self, role: str, name: str, make: Callable[[], Any]) -> Any:
        """`make()` the first time, then what it made."""
        if (role, name) not in self._kept:
            self._kept[role, name] = make()
        return self._kept[role, name]

    def annotator(self, classes: tuple[str, ...]) -> annotation.Annotator:
        """The annotator of fakes without labels, trained once."""

        def make():
            train = self.samples.get("train")
            return annotation.train_annotator(
                real=self.embedded["real"].features,
                real_labels=sets.labels_by_name(self.samples["real"], classes),
                train=self.embedded["train"].features if train is not None else None,
                train_labels=sets.labels_by_name(train, classes) if train is not None else None,
                classes=classes,
                block=self.layouts["real"].block,
            )

        return self.kept("real", f"annotator {classes}", make)

    def recall_passes(self, needs: list[metric_lib.Need]) -> None:
        """Read results of needs among real and train from the cache, where they are."""
        for need in plan.closure(needs):
            path = self._path(need)
            if path is None or need in self.known:
                continue
            arrays = pass_cache.read(path)
            if arrays is not None:
                self.known[need] = need.fold.rebuild(*arrays)

    def keep_passes(self, known: Mapping[metric_lib.Need, Any]) -> None:
        """Remember, and with a cache write, what `known` holds of real and train."""
        for need, result in known.items():
            if "fake" in (need.rows, need.cols) or need in self.known:
                continue
            self.known[need] = result
            path = self._path(need)
            if path is not None:
                pass_cache.write(path, jax.tree.leaves(result))

    def _path(self, need: metric_lib.Need) -> pathlib.Path | None:
        """Where a result lies: named by all that it depends on (the centre is the mean of real)."""
        if self.cache_dir is None or "fake" in (need.rows, need.cols):
            return None
        contents = [self._fingerprint(role) for role in (need.rows, need.cols, "real")]
        numbers = (self.seed, self.blocks, self._tile, self.mesh.size)
        digest = hashlib.sha256("\n".join([__version__, *contents, *map(str, numbers), need.key]).encode()).hexdigest()
        return self.cache_dir / "passes" / f"{digest}.npz"

    def _fingerprint(self, role: str) -> str:
        """sha256 of a role's features: a function that embeds may have changed in ways that its name does not tell."""
        return self.kept(role, "fingerprint", lambda: _sha256(self.embedded[role].features))


def _sha256(features: np.ndarray) -> str:
    digest = hashlib.sha256(str(features.shape).encode())
    for start in range(0, len(features), 4096):
        digest.update(np.ascontiguousarray(features[start : start + 4096]).data)
    return digest.hexdigest()


def _check(*, seed: int, memory_gb: float, tile: int, devices: int | None) -> None:
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
        raise types.UserError(f"seed={seed}: must be a whole number from 0 to {2**32 - 1}")
    if not 0 < memory_gb < float("inf"):
        raise types.UserError(f"--memory_gb={memory_gb}: must be a positive number of GiB")
    if tile < 16:
        raise types.UserError(f"--tile={tile}: must be at least 16 rows")
    if devices is not None and not 1 <= devices <= jax.local_device_count():
        raise types.UserError(f"devices={devices}: this process has {jax.local_device_count()}")


def _check_range(features: np.ndarray, source: str) -> None:
    """UserError where squares of distances would leave the range of float32."""
    reach = max(float(np.abs(features[start : start + 4096]).max()) for start in range(0, len(features), 4096))
    if reach * features.shape[1] ** 0.5 > _LARGEST or 0 < reach < _SMALLEST:
        raise types.UserError(
            f"{source}: features reach {reach:.1e}; divide all sets by one number, to bring them near 1"
        )


def _median_squared_distance(embedded: types.Embedded, seed: int) -> float:
    """Median squared distance of random pairs of rows, the same in any order of the rows."""
    ranked = np.argsort(embedded.hashes, kind="stable")
    i, j = np.random.default_rng(seed).integers(0, len(ranked), (2, _SCALE_PAIRS))
    d2 = exact.squared_distances(embedded.features, ranked[i[i != j]], embedded.features, ranked[j[i != j]])
    return float(np.median(d2)) or 1.0

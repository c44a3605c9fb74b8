"""What an evaluation keeps of real and train, so that every further fake pays for its own passes only."""

import hashlib
import inspect
import os
import pathlib
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from gan_probe import embed as embed_lib
from gan_probe import metrics as metrics_lib
from gan_probe import parallel, sets, types
from gan_probe.classifiers import annotate
from gan_probe.metrics import metric as metric_lib
from gan_probe.metrics import plan
from gan_probe.ops import exact
from gan_probe.ops import layout as layout_lib
from gan_probe.stats import blocks as blocks_lib
from gan_probe.version import __version__

__all__ = ["Reference"]

_PANEL_BYTES = 1 << 26
_SCALE_PAIRS = 20_000


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
      tile: most rows of a tile.
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
        tile: int = 1024,
        devices: int | None = None,
        progress: Callable[..., Any] | None = None,
    ):
        self.seed, self.memory_gb, self.progress = seed, memory_gb, progress
        self.options = {"resize": resize, "crop": crop, "label": label}
        self.cache_dir = pathlib.Path(cache_dir) if cache_dir else None
        self.mesh = parallel.mesh(devices)
        self.blocks = blocks_lib.BLOCKS
        self._tile = tile
        given = {"real": real} if train is None else {"real": real, "train": train}
        self.samples = {role: sets.opened(s, name=role, seed=seed, **self.options) for role, s in given.items()}
        self.embedder = embed_lib.Embedder(
            self.samples, embed, cache_dir=self.cache_dir, memory_gb=memory_gb, progress=progress
        )
        self.embedding = self.embedder.embedding
        self.embedded = {role: self.embedder.embed(role, s) for role, s in self.samples.items()}
        self.centre = _mean(self.embedded["real"].features)
        self.layouts = {role: self.lay_out(e) for role, e in self.embedded.items()}
        self.known: dict[metric_lib.Need, Any] = {}
        self._kept: dict[tuple[str, str], Any] = {}
        self.scale = _median_squared_distance(self.embedded["real"], seed)

    def evaluate(self, fake: Any, **settings: Any) -> dict[str, Any]:
        """`gan_probe.evaluate` of one fake, or of a mapping name -> fake, against this reference."""
        from gan_probe import evaluation

        return evaluation.evaluate_against(self, fake, **settings)[0]

    def lay_out(self, embedded: types.Embedded) -> layout_lib.Layout:
        """The layout of a set that meets real and train."""
        dim = embedded.features.shape[1]
        return layout_lib.lay_out(
            embedded.features,
            embedded.hashes,
            blocks_lib.assign(embedded.hashes, self.blocks, self.seed),
            blocks=self.blocks,
            centre=self.centre,
            tile=self._tile,
            panel=int(np.clip(_PANEL_BYTES // (4 * dim), 1024, 4096)),
            devices=self.mesh.size,
        )

    def kept(self, role: str, name: str, make: Callable[[], Any]) -> Any:
        """`make()` the first time, then what it made."""
        if (role, name) not in self._kept:
            self._kept[role, name] = make()
        return self._kept[role, name]

    def annotator(self, classes: tuple[str, ...]) -> annotate.Annotator:
        """The annotator of fakes without labels, trained once."""

        def make():
            train = self.samples.get("train")
            return annotate.train_annotator(
                real=self.embedded["real"].features,
                real_labels=labels_by_name(self.samples["real"], classes),
                train=self.embedded["train"].features if train is not None else None,
                train_labels=labels_by_name(train, classes) if train is not None else None,
                classes=classes,
                block=self.layouts["real"].block,
            )

        return self.kept("real", f"annotator {classes}", make)

    def recall_passes(self, needs: list[metric_lib.Need]) -> None:
        """Read results of needs among real and train from the cache, where they are."""
        for need in plan.closure(needs):
            path = self._path(need)
            if path is None or need in self.known or not path.is_file():
                continue
            try:
                with np.load(path, allow_pickle=False) as archive:
                    arrays = [archive[f"arr_{i}"] for i in range(len(archive.files))]
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
                continue  # a damaged cache entry is computed again
            self.known[need] = need.fold.rebuild(*arrays)

    def keep_passes(self, known: Mapping[metric_lib.Need, Any]) -> None:
        """Remember, and with a cache write, what `known` holds of real and train."""
        for need, result in known.items():
            if "fake" in (need.rows, need.cols) or need in self.known:
                continue
            self.known[need] = result
            path = self._path(need)
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as partial:
                    np.savez(partial, *jax.tree.leaves(result))
                os.replace(partial.name, path)

    def _path(self, need: metric_lib.Need) -> pathlib.Path | None:
        if self.cache_dir is None or "fake" in (need.rows, need.cols):
            return None
        contents = [self.embedded[r].sha256 for r in sorted({need.rows, need.cols, "real"})]
        settings = [__version__, *contents, *map(str, self.embedding), str(self.seed), str(self.blocks), need.key]
        digest = hashlib.sha256("\n".join(settings).encode()).hexdigest()
        return self.cache_dir / "passes" / f"{digest}.npz"


def labels_by_name(samples: types.Samples, classes: tuple[str, ...]) -> np.ndarray | None:
    """int32 [n] labels of a set as indices of `classes`, None where it has none; sets number their classes apart."""
    if samples.labels is None or samples.classes is None:
        return None
    to_common = np.array([classes.index(c) for c in samples.classes], np.int32)
    return to_common[samples.labels]


def chosen_metrics(names: str | list[str] | tuple[str, ...], switches: Mapping[str, Any]) -> dict[str, metric_lib.Metric]:
    """The metrics by name, each made with the switches that it knows.

    Raises:
      UserError: an unknown metric or switch, with the nearest name.
    """
    wanted = names.split(",") if isinstance(names, str) else list(names)
    table = metrics_lib.METRICS
    if wanted == ["all"]:
        wanted = list(table)
    for name in wanted:
        if name not in table:
            raise types.UserError(f"--metrics={name}: unknown metric{types.hint(name, table)}; see gan-probe list metrics")
    known = {p for make in table.values() for p in inspect.signature(make).parameters}
    for name in switches:
        if name not in known:
            raise types.UserError(f"{name}: no metric has this switch{types.hint(name, known)}")
    return {
        name: table[name](**{p: switches[p] for p in inspect.signature(table[name]).parameters if p in switches})
        for name in dict.fromkeys(wanted)
    }


def _mean(features: np.ndarray) -> np.ndarray:
    """Mean of the rows, float32 [d], summed in float64 by pieces."""
    total = np.zeros(features.shape[1])
    for start in range(0, len(features), 4096):
        total += features[start : start + 4096].sum(axis=0, dtype=np.float64)
    return (total / len(features)).astype(np.float32)


def _median_squared_distance(embedded: types.Embedded, seed: int) -> float:
    """Median squared distance of random pairs of rows, the same in any order of the rows."""
    ranked = np.argsort(embedded.hashes, kind="stable")
    i, j = np.random.default_rng(seed).integers(0, len(ranked), (2, _SCALE_PAIRS))
    d2 = exact.squared_distances(embedded.features, ranked[i[i != j]], embedded.features, ranked[j[i != j]])
    return float(np.median(d2)) or 1.0

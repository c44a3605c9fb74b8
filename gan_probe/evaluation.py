"""`evaluate`: two or three sets in, every chosen metric with its interval and the verdicts out."""

import contextlib
import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from gan_probe import content, pictures, selection, sets, timing, types, verdicts
from gan_probe import curves as curves_lib
from gan_probe import embed as embed_lib
from gan_probe import reference as reference_lib
from gan_probe.data import slices
from gan_probe.metrics import metric as metric_lib
from gan_probe.metrics import plan
from gan_probe.ops import compiling, moments
from gan_probe.ops import fold as fold_lib
from gan_probe.ops import layout as layout_lib
from gan_probe.ops import stream as stream_lib
from gan_probe.stats import blocks as blocks_lib

__all__ = ["evaluate", "evaluate_against"]


def evaluate(
    *,
    real: Any,
    fake: Any,
    train: Any = None,
    metrics: str | Iterable[str] = "all",
    embed: str | Callable[[np.ndarray], Any] | None = None,
    key: jax.Array | int = 0,
    n_fake: int | None = None,
    curves: bool = False,
    resize: int | None = None,
    crop: int | None = None,
    label: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    memory_gb: float = 4.0,
    tile: int = 512,
    devices: int | None = None,
    progress: Callable[..., Any] | None = None,
    **switches: Any,
) -> dict[str, Any]:
    """Compare generated sets with held-out real data and, where given, with the training set.

    Args:
      real: held-out real data that the generator never saw: a SRC string (`gan-probe list data`), a NumPy, JAX or
        dlpack array (uint8 images [n, h, w, c] or features [n, d]), or any Source.
      fake: the same, or a function `(key, n) -> images`, or a mapping name -> one of these.
      train: what the generator was trained on.
      metrics: "all", names with commas, or a list of names. Of "all", those that these sets do not allow are skipped.
      embed: pixels, pca:K, features, module:function, or a callable on uint8 batches.
      key: a JAX key or an integer: blocks, calibration, grids, and the samples of functions.
      n_fake: samples to draw from a function; as many as real by default.
      curves: every metric again on nested eighths, quarters and halves of real and fake: `detail.size_curve`.
      resize, crop, label: see `gan-probe evaluate --help`.
      cache_dir: keeps embeddings and what depends on real and train alone.
      memory_gb: memory that features and panels may take.
      tile: most columns of a tile.
      devices: devices to use, all by default.
      progress: called as tqdm is; None shows nothing.
      **switches: of the metrics: k, ties, scale, distance, threshold, ...

    Returns:
      The content of results.json.

    Raises:
      UserError: bad input, one line that names it and the remedy.
    """
    seed = _seed(key)
    selection.select(metrics, switches)  # a wrong name costs no reading, nor does a missing fake
    sets.named_fakes(fake)
    options: dict[str, Any] = {"resize": resize, "crop": crop, "label": label}
    opened = sets.opened(real, name="real", seed=seed, **options)
    fakes = sets.fakes(fake, n=n_fake, like=opened, seed=seed, **options)  # a missing file costs no reading of real
    reference = reference_lib.Reference(
        real=opened, train=train, embed=embed, seed=seed, **options, cache_dir=cache_dir, memory_gb=memory_gb,
        tile=tile, devices=devices, progress=progress,
    )  # fmt: skip
    return evaluate_against(reference, fakes, metrics=metrics, curves=curves, **switches)[0]


def evaluate_against(
    reference: reference_lib.Reference,
    fake: Any,
    *,
    metrics: str | Iterable[str] = "all",
    n_fake: int | None = None,
    curves: bool = False,
    command: str = "gan_probe.evaluate",
    **switches: Any,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Results of one fake or a mapping of fakes against a reference, and the pictures of the report."""
    metrics = metrics if isinstance(metrics, str) else list(metrics)
    chosen = selection.select(metrics, switches)
    k = int(switches.get("k", 5))
    like = reference.samples["real"]
    samples = sets.fakes(fake, n=n_fake, like=like, seed=reference.seed, **reference.options)
    if chosen.metrics.keys() & selection.switches()["k"].metrics:
        _check_sizes({**reference.samples, **samples}, k)
    if curves:
        curves_lib.check({"real": like, **samples})

    timer = timing.Timer()
    results: dict[str, Any] = {
        **content.header(command, reference.seed, list(reference.mesh.devices.flat)),
        "inputs": {
            role: content.described(role, s, e.sha256, _notes(role, e, reference))
            for (role, s), e in zip(reference.samples.items(), reference.embedded.values(), strict=True)
        },
        "embedding": {
            "name": reference.embedding.name,
            "parameters": dict(reference.embedding.parameters),
            "sha256": reference.embedding.sha256,
        },
        "results": {}, "verdicts": {}, "skipped": {}, "timings": {},
    }  # fmt: skip
    shown = pictures.grids(reference.samples, reference.seed)
    train = reference.samples.get("train")
    for name, given in samples.items():
        with timer.stage(f"{name}: embedding"):
            embedded = reference.embedder.embed(name, given)
            run = _Run(reference, given, embedded)
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is skipped with its reason
            found, skipped = _finish(run, chosen, name, timer)
            if curves:
                with timer.stage(f"{name}: curves"):
                    again = selection.select(list(found), {**switches, **curves_lib.calibrated(found)})
                    parts = _on_shares(reference, given, embedded, again, name)
                smooth = {m: metric.smooth for m, metric in chosen.metrics.items()}
                found = curves_lib.with_curves(found, parts, smooth, run.shape.dim)
        results["inputs"][name] = content.described("fake", given, embedded.sha256, _same(name, embedded, reference))
        results["results"][name] = {m: content.estimated(e, given, train) for m, e in found.items()}
        results["skipped"][name] = skipped
        results["verdicts"][name] = verdicts.judge(found, skipped, k)
        shown |= pictures.grids({name: given}, reference.seed)
        shown |= pictures.pairs(name, results["results"][name], given, train)
    results["timings"] = timer.table()
    return results, shown


class _Run:
    """metric.Inputs of one fake."""

    def __init__(self, reference: reference_lib.Reference, samples: types.Samples, embedded: types.Embedded):
        self.reference, self._samples, self._embedded = reference, samples, embedded
        self.seed, self.blocks, self.mesh = reference.seed, reference.blocks, reference.mesh
        self.layouts: dict[str, layout_lib.Layout] = {
            **reference.layouts,
            "fake": reference.lay_out(embedded, samples.source),
        }
        own = moments.row_mean(embedded.features)
        self.layouts["fake alone"] = layout_lib.recentred(self.layouts["fake"], own)
        self.known: dict[metric_lib.Need, Any] = dict(reference.known)
        self._kept: dict[str, Any] = {}
        self._swept: list[plan.Pass] = []
        self._title = ""
        classes, self._given_labels = self._classes()
        rows = {role: len(self.layouts[role]) for role in (*reference.layouts, "fake")}
        logits = 0 if (found := self.logits("fake")) is None else found.shape[1]
        self.shape = metric_lib.Shape(
            rows, embedded.features.shape[1], reference.scale, classes, logits, self.decoder() is not None
        )

    def get(self, need: metric_lib.Need) -> Any:
        return self.known[need]

    def features(self, role: str) -> np.ndarray:
        return self._embedded.features if role == "fake" else self.reference.embedded[role].features

    def block(self, role: str) -> np.ndarray:
        return self.layouts[role].block

    def labels(self, role: str) -> np.ndarray | None:
        """Classes of the rows that have one: an annotator's where real or fake brought none."""
        found = self._labels.get(role)
        return None if found is None else found[found >= 0]

    def logits(self, role: str) -> np.ndarray | None:
        given = (self._samples if role == "fake" else self.reference.samples[role]).logits
        return self.features(role) if given is None and self.reference.embedding.name == "logits" else given

    def decoder(self) -> types.Decoder | None:
        return self._samples.decoder if self.reference.embedding.name in ("pixels", "features") else None

    @contextlib.contextmanager
    def steps(self, total: int) -> Iterator[Callable[[int], Any]]:
        progress = self.reference.progress
        with progress(total=total, desc=self._title, unit="step") if progress else contextlib.nullcontext() as bar:
            yield bar.update if bar is not None else lambda steps: None

    def annotator(self) -> Mapping[str, Any] | None:
        return self.reference.annotator(self.shape.classes).report if self._unlabelled else None

    def kept(self, role: str, name: str, make: Callable[[], Any]) -> Any:
        if role != "fake":
            return self.reference.kept(role, name, make)
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def lay_out(
        self, role: str, features: np.ndarray, rows: np.ndarray | None = None, *, blocked: bool = True
    ) -> layout_lib.Layout:
        embedded = self._embedded if role == "fake" else self.reference.embedded[role]
        samples = self._samples if role == "fake" else self.reference.samples[role]
        rows = np.arange(len(embedded.hashes)) if rows is None else rows
        mapped = types.Embedded(features, embedded.hashes[rows], "")
        centre = np.zeros(features.shape[1], np.float32)
        block = self.block(role)[rows] if blocked else np.zeros(len(rows), np.int32)
        return self.reference.lay_out(mapped, samples.source, centre, block, self.blocks if blocked else 1)

    def sweep(
        self,
        rows: layout_lib.Layout,
        cols: layout_lib.Layout,
        jobs: Sequence[fold_lib.Job],
        col_jobs: Sequence[fold_lib.Job] = (),
    ) -> tuple[list[Any], list[Any]]:
        reference, started = self.reference, compiling.clock()
        bar = None
        if reference.progress is not None:
            desc = f"{self._title}, pass {len(self._swept) + 1}"
            bar = reference.progress(total=len(rows) * len(cols), desc=desc, unit="pair", unit_scale=True)
        found = stream_lib.stream(
            rows, cols, jobs, col_jobs, mesh=reference.mesh, memory_bytes=int(reference.memory_gb * 2**30 / 4),
            advance=bar.update if bar is not None else lambda pairs: None,
        )  # fmt: skip
        if bar is not None:
            bar.close()
        products = stream_lib.products(rows, cols)
        self._swept.append(plan.Pass("", "", compiling.clock() - started, products, rows.dim))
        return found

    def sweeps_of(self, title: str) -> list[plan.Pass]:
        """The passes that a metric runs itself from now on, filled as they run."""
        self._swept, self._title = [], title
        return self._swept

    @property
    def _unlabelled(self) -> bool:
        """Whether there are classes, and real or fake brought no labels."""
        return bool(self.shape.classes) and (self._given_labels["fake"] is None or self._given_labels["real"] is None)

    @functools.cached_property
    def _labels(self) -> dict[str, np.ndarray]:
        if not self._unlabelled:
            return {role: labels for role, labels in self._given_labels.items() if labels is not None}
        annotator = self.reference.annotator(self.shape.classes)  # trained only where a metric asks
        return {"real": annotator.real, "fake": annotator.annotate(self._embedded.features)}

    def _classes(self) -> tuple[tuple[str, ...], dict[str, np.ndarray | None]]:
        """Names of the classes of all sets (none where neither real nor train is labelled), and labels by them."""
        sources = {**self.reference.samples, "fake": self._samples}
        classes = tuple(dict.fromkeys(c for s in sources.values() for c in sets.classes_seen(s)))
        given = {role: sets.labels_by_name(s, classes) for role, s in sources.items()}
        if len(classes) < 2 or all(given[r] is None for r in given if r != "fake"):
            return (), given
        return classes, given


def _finish(
    run: _Run, chosen: selection.Selection, name: str, timer: timing.Timer
) -> tuple[dict[str, types.Estimate], dict[str, str]]:
    """Stream what the metrics need, then finish each; what can't be computed is skipped, or refused if named."""
    skipped: dict[str, str] = {}

    def skip(metric_name: str, reason: str) -> None:
        if metric_name in chosen.named:
            raise types.UserError(f"{metric_name} of {name}: {reason}")
        skipped[metric_name] = reason

    for metric_name, metric in chosen.metrics.items():
        reason = "needs the training set: give --train" if metric.train and "train" not in run.layouts else None
        reason = reason or metric.least(run.shape)
        if metric.costly and metric_name not in chosen.named:
            reason = reason or f"takes minutes: name it, --metrics=all,{metric_name}"
        if reason:
            skip(metric_name, reason)
    wanted = {m: metric for m, metric in chosen.metrics.items() if m not in skipped}
    timer.passes(name, _stream(run, [need for metric in wanted.values() for need in metric.needs(run.shape)], name))
    found = {}
    for metric_name, metric in wanted.items():
        title = f"{name}: {metric_name}"
        swept = run.sweeps_of(title)
        with timer.stage(title):
            try:
                estimate = metric.finish(run)
            except types.UserError as error:
                skip(metric_name, str(error))
                continue
        timer.sweeps(title, swept)
        if content.finite(estimate):
            found[metric_name] = estimate
        else:
            skip(metric_name, "its sums exceed the range of floats: divide all features by one large number")
    return found, skipped


def _on_shares(
    reference: reference_lib.Reference,
    given: types.Samples,
    embedded: types.Embedded,
    chosen: selection.Selection,
    name: str,
) -> list[dict[str, types.Estimate]]:
    """The estimates on nested shares of real and fake, smallest first."""
    out = []
    for share in curves_lib.SHARES:
        if share * min(len(reference.samples["real"]), len(given)) < curves_lib.FEWEST:
            continue
        at = blocks_lib.nested(embedded.hashes, share, role="fake", seed=reference.seed)
        run = _Run(reference.part(share), slices.choose(given, at), embed_lib.choose(embedded, at))
        out.append(_finish(run, chosen._replace(named=frozenset()), f"{name}, {share:.3g}", timing.Timer())[0])
    return out


def _stream(run: _Run, needs: list[metric_lib.Need], name: str) -> list[plan.Pass]:
    """Puts the results of all needs into `run.known`; those of real and train stay with the reference."""
    reference = run.reference
    reference.recall_passes(needs)
    run.known |= reference.known
    total = sum(len(run.layouts[a]) * len(run.layouts[b]) for (a, b), _ in plan.schedule(needs, run.known))
    bar = None
    if reference.progress is not None and total:
        bar = reference.progress(total=total, desc=f"{name}: pairs", unit="pair", unit_scale=True)
    took = plan.run(
        needs, run.layouts, run.known, mesh=reference.mesh, memory_bytes=int(reference.memory_gb * 2**30 / 4),
        advance=bar.update if bar is not None else lambda pairs: None,
    )  # fmt: skip
    if bar is not None:
        bar.close()
    reference.keep_passes(run.known)
    return took


def _check_sizes(samples: Mapping[str, types.Samples], k: int) -> None:
    for name, s in samples.items():
        if len(s) < k + 1:
            where = s.source if s.source == name else f"{s.source} ({name})"
            raise types.UserError(f"{where} has {len(s)} rows, fewer than k+1={k + 1}: give more, or lower --k")


def _notes(role: str, embedded: types.Embedded, reference: reference_lib.Reference) -> list[str]:
    """What is said of real or train; of the embedding it is said once, beside real."""
    return [*_same(role, embedded, reference), *(reference.embedder.notes if role == "real" else ())]


def _same(name: str, embedded: types.Embedded, reference: reference_lib.Reference) -> list[str]:
    """A warning where a set is real or train once more."""
    same = [role for role, e in reference.embedded.items() if e.sha256 == embedded.sha256]
    return [f"warning: the same content as {role}" for role in same if role != name and name != "real"]


def _seed(key: jax.Array | int) -> int:
    """The integer itself; of a JAX key (typed or raw) what `jax.random.key` was given, a mix of its words otherwise."""
    if isinstance(key, int | np.integer):
        return int(key)
    if isinstance(key, jax.Array) and jax.dtypes.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.key_data(key)
    words = np.asarray(key)
    if words.dtype != np.uint32 or words.size not in (2, 4):
        raise types.UserError(f"key={key!r}: must be a JAX key or a whole number")
    *high, low = words.ravel()
    return int(np.random.SeedSequence(words.ravel().tolist()).generate_state(1)[0]) if any(high) else int(low)

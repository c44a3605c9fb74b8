"""`evaluate`: two or three sets in, every chosen metric with its interval and the verdicts out."""

import datetime
import math
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from gan_probe import pictures, sets, types, verdicts
from gan_probe import reference as reference_lib
from gan_probe.metrics import metric as metric_lib
from gan_probe.metrics import plan
from gan_probe.ops import layout as layout_lib
from gan_probe.version import __version__

__all__ = ["evaluate", "evaluate_against"]

_YARDSTICK = (4096, 20_000)  # rows of the bare matrix multiply that passes are compared with


def evaluate(
    *,
    real: Any,
    fake: Any,
    train: Any = None,
    metrics: str | list[str] = "all",
    embed: str | Callable[[np.ndarray], Any] | None = None,
    key: jax.Array | int = 0,
    n_fake: int | None = None,
    resize: int | None = None,
    crop: int | None = None,
    label: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    memory_gb: float = 4.0,
    tile: int = 1024,
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
      metrics: "all", names with commas, or a list of names.
      embed: pixels, pca:K, features, module:function, or a callable on uint8 batches.
      key: a JAX key or an integer: blocks, calibration, grids, and the samples of functions.
      n_fake: samples to draw from a function; as many as real by default.
      resize, crop, label: see `gan-probe evaluate --help`.
      cache_dir: keeps embeddings and what depends on real and train alone.
      memory_gb: memory that features and panels may take.
      tile: most rows of a tile.
      devices: devices to use, all by default.
      progress: called as tqdm is; None shows nothing.
      **switches: of the metrics: k, ties, scale, distance, threshold, ...

    Returns:
      The content of results.json.

    Raises:
      UserError: bad input, one line that names it and the remedy.
    """
    seed = _seed(key)
    chosen = reference_lib.chosen_metrics(metrics, switches)  # a wrong name costs no reading
    reference = reference_lib.Reference(
        real=real, train=train, embed=embed, seed=seed, resize=resize, crop=crop, label=label, cache_dir=cache_dir,
        memory_gb=memory_gb, tile=tile, devices=devices, progress=progress,
    )  # fmt: skip
    del chosen
    return evaluate_against(reference, fake, metrics=metrics, n_fake=n_fake, **switches)[0]


def evaluate_against(
    reference: reference_lib.Reference,
    fake: Any,
    *,
    metrics: str | list[str] = "all",
    n_fake: int | None = None,
    command: str = "gan_probe.evaluate",
    **switches: Any,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Results of one fake or a mapping of fakes against a reference, and the pictures of the report."""
    chosen = reference_lib.chosen_metrics(metrics, switches)
    strict = metrics != "all" and list(metrics) != ["all"]
    fakes = dict(fake) if isinstance(fake, Mapping) else {"fake": fake}
    clash = {"real", "train"} & set(fakes)
    if clash or not fakes:
        raise types.UserError(f"{clash.pop()} is no name for a fake: give another" if clash else "no fake is given")
    k = int(switches.get("k", 5))
    samples = {
        name: _samples(given, name, reference, n_fake or len(reference.samples["real"])) for name, given in fakes.items()
    }
    _check_sizes({**reference.samples, **samples}, k)

    timer = _Timer()
    results: dict[str, Any] = {
        "schema": 1,
        "gan_probe": __version__,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": command,
        "seed": reference.seed,
        "environment": _environment(reference),
        "inputs": {role: _input(role, s, reference.embedded[role]) for role, s in reference.samples.items()},
        "embedding": {
            "name": reference.embedding.name,
            "parameters": dict(reference.embedding.parameters),
            "sha256": reference.embedding.sha256,
        },
        "results": {}, "verdicts": {}, "skipped": {}, "timings": {},
    }  # fmt: skip
    shown = pictures.grids(reference.samples, reference.seed)
    for name, given in samples.items():
        with timer.stage(f"{name}: embedding"):
            embedded = reference.embedder.embed(name, given)
            run = _Run(reference, given, embedded)
        results["inputs"][name] = _input("fake", given, embedded) | {"notes": _notes(given, embedded, reference)}
        found, skipped = _finish(run, chosen, name, timer, strict=strict)
        results["results"][name] = {m: _as_json(e, given, reference) for m, e in found.items()}
        results["skipped"][name] = skipped
        results["verdicts"][name] = verdicts.judge(found, skipped, k)
        shown |= pictures.grids({name: given}, reference.seed)
        shown |= pictures.pairs(name, results["results"][name], given, reference.samples.get("train"))
    results["timings"] = timer.table()
    return results, shown


class _Run:
    """metric.Inputs of one fake."""

    def __init__(self, reference: reference_lib.Reference, samples: types.Samples, embedded: types.Embedded):
        self._reference, self._samples, self._embedded = reference, samples, embedded
        self.seed, self.blocks = reference.seed, reference.blocks
        self.layouts: dict[str, layout_lib.Layout] = {**reference.layouts, "fake": reference.lay_out(embedded)}
        self.known: dict[metric_lib.Need, Any] = dict(reference.known)
        self._kept: dict[str, Any] = {}
        self.annotator: Mapping[str, Any] | None = None
        self._labels: dict[str, np.ndarray] = {}
        classes = self._label()
        rows = {role: len(layout) for role, layout in self.layouts.items()}
        self.shape = metric_lib.Shape(rows, embedded.features.shape[1], reference.scale, classes)

    def get(self, need: metric_lib.Need) -> Any:
        return self.known[need]

    def features(self, role: str) -> np.ndarray:
        return self._embedded.features if role == "fake" else self._reference.embedded[role].features

    def block(self, role: str) -> np.ndarray:
        return self.layouts[role].block

    def labels(self, role: str) -> np.ndarray | None:
        """Classes of the rows that have one."""
        found = self._labels.get(role)
        return None if found is None else found[found >= 0]

    def kept(self, role: str, name: str, make: Callable[[], Any]) -> Any:
        if role != "fake":
            return self._reference.kept(role, name, make)
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def _label(self) -> tuple[str, ...]:
        """Labels of real and fake by the classes of both; an annotator's where fake has none."""
        sources = {**self._reference.samples, "fake": self._samples}
        classes = tuple(dict.fromkeys(c for s in sources.values() for c in s.classes or ()))
        given = {role: reference_lib.labels_by_name(s, classes) for role, s in sources.items()}
        if len(classes) < 2 or all(given[r] is None for r in given if r != "fake"):
            return ()
        if given["fake"] is None or given["real"] is None:
            annotator = self._reference.annotator(classes)
            self.annotator = annotator.report
            self._labels = {"real": annotator.real, "fake": annotator.annotate(self._embedded.features)}
        else:
            self._labels = {"real": given["real"], "fake": given["fake"]}
        return classes


def _finish(
    run: _Run, chosen: Mapping[str, metric_lib.Metric], name: str, timer: "_Timer", *, strict: bool
) -> tuple[dict[str, types.Estimate], dict[str, str]]:
    """Stream what the metrics need, then finish each."""
    reference = run._reference
    skipped: dict[str, str] = {}
    for metric_name, metric in chosen.items():
        reason = "needs the training set: give --train" if metric.train and "train" not in run.layouts else None
        reason = reason or metric.least(run.shape)
        if reason and strict:
            raise types.UserError(f"{metric_name} of {name}: {reason}")
        if reason:
            skipped[metric_name] = reason
    wanted = {m: metric for m, metric in chosen.items() if m not in skipped}
    needs = [need for metric in wanted.values() for need in metric.needs(run.shape)]
    reference.recall_passes(needs)
    run.known |= reference.known
    planned = plan.schedule(needs, run.known)
    total = sum(len(run.layouts[a]) * len(run.layouts[b]) for (a, b), _ in planned)
    bar = reference.progress(total=total, desc=f"{name}: pairs", unit="pair", unit_scale=True) if _shown(reference) else None
    took = plan.run(
        needs, run.layouts, run.known, mesh=reference.mesh, memory_bytes=int(reference.memory_gb * 2**30 / 4),
        advance=bar.update if bar else lambda pairs: None,
    )  # fmt: skip
    if bar:
        bar.close()
    timer.passes(name, took)
    reference.keep_passes(run.known)
    found = {}
    for metric_name, metric in wanted.items():
        with timer.stage(f"{name}: {metric_name}"):
            found[metric_name] = metric.finish(run)
    return found, skipped


def _shown(reference: reference_lib.Reference) -> bool:
    return reference.progress is not None


def _samples(given: Any, name: str, reference: reference_lib.Reference, n: int) -> types.Samples:
    if callable(given) and not isinstance(given, types.Samples | str) and not hasattr(given, "__getitem__"):
        return sets.drawn(given, n=n, name=name, seed=reference.seed, **reference.options)
    return sets.opened(given, name=name, seed=reference.seed, **reference.options)


def _check_sizes(samples: Mapping[str, types.Samples], k: int) -> None:
    for name, s in samples.items():
        if len(s) < k + 1:
            raise types.UserError(f"{s.source} ({name}) has {len(s)} rows, fewer than k+1={k + 1}: give more, or lower --k")


def _notes(samples: types.Samples, embedded: types.Embedded, reference: reference_lib.Reference) -> list[str]:
    same = [r for r, e in reference.embedded.items() if e.sha256 == embedded.sha256]
    return [*samples.notes, *(f"warning: the same content as {role}" for role in same)]


def _input(role: str, samples: types.Samples, embedded: types.Embedded) -> dict[str, Any]:
    return {
        "role": role,
        "source": samples.source,
        "n": len(samples),
        "shape": [int(v) for v in samples.rows.shape],
        "dtype": str(np.dtype(samples.rows.dtype)),
        "sha256": embedded.sha256,
        "notes": list(samples.notes),
    }


def _environment(reference: reference_lib.Reference) -> dict[str, Any]:
    device = reference.mesh.devices.flat[0]
    return {
        "jax": jax.__version__,
        "platform": device.platform,
        "device_kind": device.device_kind,
        "devices": int(reference.mesh.size),
        "processes": jax.process_count(),
    }


def _as_json(estimate: types.Estimate, fake: types.Samples, reference: reference_lib.Reference) -> dict[str, Any]:
    interval = estimate.interval
    detail = dict(estimate.detail)
    if "closest" in detail:
        train = reference.samples.get("train")
        detail["closest"] = [_named(pair, fake, train) for pair in detail["closest"]]
    return {
        "value": _number(estimate.value),
        "stderr": _number(interval.stderr),
        "ci95": [_number(interval.low), _number(interval.high)],
        "interval": f"{interval.method}; {interval.kind}",
        "estimand": estimate.estimand,
        "n_real": estimate.n_real,
        "n_fake": estimate.n_fake,
        "unit": estimate.unit,
        "better": estimate.better,
        "convention": estimate.convention,
        "detail": _plain(detail),
    }


def _named(pair: dict[str, Any], fake: types.Samples, train: types.Samples | None) -> dict[str, Any]:
    """A closest pair with the names of its rows, where they have any."""
    pair = dict(pair)
    if "fake" in pair:
        rows = ((fake, pair["fake"]), (train, pair["train"]))
    else:
        rows = ((fake, pair["i"]), (fake, pair["j"]))
        if pair["train"] and train is not None and train.names is not None:
            pair["train"] = pair["train"] | {"name": str(train.names[pair["train"]["index"]])}
    if any(s is not None and s.names is not None for s, _ in rows):
        pair["names"] = [str(s.names[i]) if s is not None and s.names is not None else str(i) for s, i in rows]
    return pair


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _plain(value: Any) -> Any:
    """JSON-ready: NumPy scalars as numbers, what is not finite as null."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(v) for v in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return _number(float(value))
    return value


def _seed(key: jax.Array | int) -> int:
    if isinstance(key, int | np.integer):
        return int(key)
    data = jax.random.key_data(key) if jax.dtypes.issubdtype(key.dtype, jax.dtypes.prng_key) else key
    return int(np.asarray(data).ravel()[-1])


class _Timer:
    """Seconds a stage; passes with their rate, against the bare matrix multiply of this run."""

    def __init__(self):
        self._seconds: dict[str, float] = {}
        self._passes: dict[str, plan.Pass] = {}

    def stage(self, name: str) -> "_Stage":
        return _Stage(self._seconds, name)

    def passes(self, fake: str, took: list[plan.Pass]) -> None:
        for p in took:
            rows, cols = (fake if role == "fake" else role for role in (p.rows, p.cols))
            name = f"pass {rows} x {cols}"
            while name in self._passes:
                name += " again"
            self._passes[name] = p

    def table(self) -> dict[str, Any]:
        out = {
            name: {"seconds": s, "pairs": None, "gflop_per_s": None, "fraction_of_matmul": None}
            for name, s in self._seconds.items()
        }
        if self._passes:
            first = next(iter(self._passes.values()))
            most = max(p.pairs for p in self._passes.values())
            bare = _bare_matmul(first.dim, most)
            for name, p in self._passes.items():
                rate = 2 * p.dim * p.pairs / p.seconds / 1e9
                out[name] = {"seconds": p.seconds, "pairs": p.pairs, "gflop_per_s": rate, "fraction_of_matmul": rate / bare}
        return out


class _Stage:
    def __init__(self, seconds: dict[str, float], name: str):
        self._seconds, self._name = seconds, name

    def __enter__(self):
        self._start = time.perf_counter()

    def __exit__(self, *error):
        self._seconds[self._name] = time.perf_counter() - self._start


def _bare_matmul(dim: int, pairs: int) -> float:
    """GFLOP/s of a @ b.T of [4096, d] and [20000, d] (fewer rows where the passes were smaller), best of two."""
    share = min(1.0, (pairs / (_YARDSTICK[0] * _YARDSTICK[1])) ** 0.5)
    rows, cols = (max(16, int(n * share)) for n in _YARDSTICK)
    a, b = (jax.numpy.ones((n, dim), jax.numpy.float32) for n in (rows, cols))
    multiply = jax.jit(lambda a, b: a @ b.T)
    best = math.inf
    for attempt in range(3):
        started = time.perf_counter()
        multiply(a, b).block_until_ready()
        if attempt:
            best = min(best, time.perf_counter() - started)
    return 2 * dim * rows * cols / best / 1e9



"""Speed and memory of the engine, against the bare matrix multiply and other packages, in one run.

    python -m benchmarks.pairwise                        # everything (about half an hour on two cores)
    python -m benchmarks.pairwise --parts=folds --dims=64,640

Every ratio is between the best of `--repeat` alternating runs. The bare multiply is jit(a @ b.T) of [4096, d] and
[20000, d]. Parts: folds (passes against the multiply, torch, KeOps and faiss), evaluate (all metrics against prdc,
scikit-learn and torch for the same outputs), scale (memory and time a pair from 20,000 to 200,000 rows). Each part ends
with the targets and whether they hold.
"""

import argparse
import functools
import json
import pathlib
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import jax
import numpy as np

from benchmarks import peers
from gan_probe import parallel
from gan_probe.ops import count_within, fold, kernel_sum, layout, log_sum_exp, nearest, stream
from gan_probe.stats import blocks

_ROWS, _COLS = 4096, 20_000
# What prdc, scikit-learn's neighbours, torch's log-sum-exps and kid give too, and what follows from their outputs.
_COMPARED = "ddm,ddm_relative,ddm_sum,birthday,memorization,precision,recall,density,coverage,kid"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default="folds,evaluate,scale")
    parser.add_argument("--dims", default="10,64,640,2048")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("pairwise.json"))
    parser.add_argument("--only_scale_of", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only_scale_of:
        print(json.dumps(_scale_of(given.only_scale_of)))
        return
    measured: dict[str, list[dict]] = {}
    found = {"jax": jax.__version__, "platform": jax.default_backend(), "parts": measured}
    parts: dict[str, Callable[[], list[dict]]] = {
        "folds": lambda: _folds([int(d) for d in given.dims.split(",")], given.rows, given.repeat),
        "evaluate": lambda: _evaluate(given.rows, 2048, turns=max(1, given.repeat // 3)),
        "scale": lambda: _scale([20_000, 60_000, 200_000]),
    }
    for part in given.parts.split(","):
        measured[part] = parts[part]()
        given.out.write_text(json.dumps(found, indent=1))


def _folds(dims: list[int], rows: int, repeat: int) -> list[dict]:
    reasons = peers.available()
    if reasons["faiss_knn"] is None:
        core_type = peers.prepare_faiss(peers.faiss_core_types())
        print(f"faiss with OPENBLAS_CORETYPE={core_type or 'its own choice'}")
    rng = np.random.default_rng(0)
    out = []
    print(f"{'d':>5} {'what':28} {'ns/pair':>8} {'/ bare':>7}   (rows {rows} x {rows})")
    for d in dims:
        x, y = (rng.standard_normal((rows, d), np.float32) for _ in range(2))
        radius2 = np.full(rows, 1.4 * d)
        jobs = {
            "log-sum-exp": fold.Job(log_sum_exp.log_sum_exp(scales=(1.0,), squared=True)),
            "k-nearest": fold.Job(nearest.nearest(k=5)),
            "counts": fold.Job(count_within.count_within(ties="<", balls="cols"), radius2),
            "kernel sums": fold.Job(kernel_sum.kernel_sum(degree=3, gamma=1 / d, coef=1.0)),
        }
        layouts = _layouts(x, y)
        runs: dict[str, Callable[[], object]] = {"bare multiply": _bare(x[:_ROWS], y[:_COLS])}
        runs |= {f"engine {name}": _pass(layouts, [job]) for name, job in jobs.items()}
        runs["engine all four"] = _pass(layouts, list(jobs.values()))
        if d == 10 and reasons["torch_log_sum_exp"] is None:
            runs["torch log-sum-exp"] = functools.partial(peers.torch_log_sum_exp, x, y)
        if d == 10 and reasons["keops_log_sum_exp"] is None:
            runs["keops log-sum-exp"] = functools.partial(peers.keops_log_sum_exp, x, y)
        if reasons["faiss_knn"] is None:
            runs["faiss k-nearest"] = functools.partial(peers.faiss_knn, x, y, 5)
        pairs = {name: rows * rows for name in runs} | {"bare multiply": min(rows, _ROWS) * min(rows, _COLS)}
        best = _alternate(runs, repeat)
        bare = best["bare multiply"] / pairs["bare multiply"]
        for name, seconds in best.items():
            each = seconds / pairs[name]
            print(f"{d:5} {name:28} {each * 1e9:8.2f} {each / bare:7.2f}", flush=True)
            out.append({"d": d, "what": name, "ns_per_pair": each * 1e9, "ratio_to_bare": each / bare})
        _fold_targets(d, best)
        if d >= 64:
            most = 5 if d < 640 else 1.25
            _target("all four over bare", best["engine all four"] / rows**2 / bare, most=most)
    return out


def _fold_targets(d: int, best: dict[str, float]) -> None:
    ours = best["engine log-sum-exp"]
    for peer, least in (("torch", 10), ("keops", 15)):
        if f"{peer} log-sum-exp" in best:
            _target(f"log-sum-exp, times {peer}'s speed", best[f"{peer} log-sum-exp"] / ours, least=least)
    if "faiss k-nearest" in best and d > 10:
        _target("k-nearest, times faiss' speed", best["faiss k-nearest"] / best["engine k-nearest"], least=1)


def _target(what: str, value: float, *, least: float | None = None, most: float | None = None) -> None:
    holds = value >= least if least is not None else most is not None and value <= most
    bound = f"at least {least}" if least is not None else f"at most {most}"
    print(f"  {what}: {value:.2f} ({bound}): {'holds' if holds else 'missed'}", flush=True)


def _evaluate(rows: int, d: int, *, turns: int) -> list[dict]:
    """All metrics with train, cold, against its bare multiplies and against other packages for the same outputs."""
    import gan_probe

    rng = np.random.default_rng(0)
    real, fake, train = (rng.standard_normal((rows, d), np.float32) for _ in range(3))

    def others():
        peers.prdc(real=real, fake=fake)
        for left, right, k in ((real, real, 6), (fake, fake, 6), (fake, train, 1), (real, train, 1), (train, train, 2)):
            peers.sklearn_knn(left, right, k)
        for left, right in ((real, fake), (train, real), (train, fake)):
            peers.torch_log_sum_exp(left, right)
        peers.torch_kid(real=real, fake=fake)

    reasons = peers.available()
    comparable = all(reasons[n] is None for n in ("prdc", "sklearn_knn", "torch_log_sum_exp", "torch_kid"))
    bare = _bare(real[:_ROWS], fake[:_COLS])
    bare()
    gan_probe.evaluate(real=real[:400], fake=fake[:400], train=train[:400])  # compiles most of what runs
    out = []
    for what, metrics in (("what the peers compute", _COMPARED), ("every metric", "all")):
        against = comparable and metrics != "all"
        once, ours, theirs = _timed(bare), float("inf"), float("inf")
        for _ in range(turns):  # the bare multiply before and after each
            started = time.perf_counter()
            found = gan_probe.evaluate(real=real, fake=fake, train=train, metrics=metrics)
            if time.perf_counter() - started < ours:
                ours, results = time.perf_counter() - started, found
            once = min(once, _timed(bare))
            if against:
                theirs = min(theirs, _timed(others))
                once = min(once, _timed(bare))
        once /= min(rows, _ROWS) * min(rows, _COLS)
        passes = {n: t for n, t in results["timings"].items() if t["pairs"]}
        # A pass of two sets is one multiply of both, also of a set with itself; fld's many passes are as they are.
        whole = sum((rows * rows if n.startswith("pass ") else t["pairs"]) * once for n, t in passes.items())
        in_passes = sum(t["seconds"] for t in passes.values())
        decomposing = sum(t["seconds"] for n, t in results["timings"].items() if n.endswith(" decompositions"))
        line = {
            "what": f"evaluate, {what}", "seconds": ours, "bare_seconds": whole, "pass_seconds": in_passes,
            "decomposition_seconds": decomposing,
            "stages": {n: t["seconds"] for n, t in results["timings"].items()},
        }  # fmt: skip
        print(f"evaluate, {what}, N=M=R={rows}, d={d}: {ours:.0f} s; passes {in_passes:.0f} s, their bare "
              f"multiplies {whole:.0f} s; decompositions {decomposing:.0f} s; the rest "
              f"{ours - in_passes - decomposing:.0f} s")  # fmt: skip
        for name, seconds in sorted(line["stages"].items(), key=lambda item: -item[1])[:12]:
            print(f"    {name:40} {seconds:8.1f} s {seconds / whole:6.2f}")
        _target("all but decompositions over bare", (ours - decomposing) / whole, most=1.6)
        _target("passes over bare", in_passes / whole, most=1.6)
        if against:
            line["peers_over_ours"] = theirs / ours
            _target("prdc + scikit-learn + torch for the same outputs, over ours", theirs / ours, least=2.5)
        out.append(line)
    return out


def _scale(sizes: list[int]) -> list[dict]:
    """Time a pair and memory above the inputs, d=10, each size in its own process."""
    out = []
    for rows in sizes:
        command = [sys.executable, "-m", "benchmarks.pairwise", f"--only_scale_of={rows}"]
        line = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
        print(f"{rows} x {rows} x 10, log-sum-exp and k-nearest: {line['ns_per_pair']:.2f} ns a pair, "
              f"{line['mib_above_inputs']:.0f} MiB above the inputs", flush=True)  # fmt: skip
        out.append(line)
    each = [line["ns_per_pair"] for line in out]
    _target("slowest over fastest pair", max(each) / min(each), most=1.15)
    _target("MiB above the inputs", max(line["mib_above_inputs"] for line in out), most=1024)
    return out


def _scale_of(rows: int) -> dict:
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((rows, 10), np.float32) for _ in range(2))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    jobs = [
        fold.Job(log_sum_exp.log_sum_exp(scales=(1.0,), squared=True)),
        fold.Job(nearest.nearest(k=5)),
    ]
    run = _pass(_layouts(x, y), jobs)
    if rows <= 20_000:
        run()  # compiled; larger sizes outweigh it
    seconds = _timed(run)
    above = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {"rows": rows, "ns_per_pair": seconds / rows**2 * 1e9, "mib_above_inputs": above}


def _layouts(x: np.ndarray, y: np.ndarray) -> tuple[layout.Layout, layout.Layout]:
    def lay_out(a: np.ndarray) -> layout.Layout:
        hashes = np.arange(len(a), dtype=np.uint64)
        return layout.lay_out(
            a, hashes, blocks.assign(hashes), blocks=blocks.BLOCKS, centre=x.mean(axis=0), devices=jax.device_count()
        )

    return lay_out(x), lay_out(y)


def _pass(layouts: tuple[layout.Layout, layout.Layout], jobs: list[fold.Job]) -> Callable[[], object]:
    mesh = parallel.mesh()
    return lambda: stream.stream(*layouts, jobs, mesh=mesh)


def _bare(x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    a, b = jax.numpy.asarray(x), jax.numpy.asarray(y)
    multiply = jax.jit(lambda a, b: a @ b.T)
    return lambda: multiply(a, b).block_until_ready()


def _alternate(runs: dict[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """Best seconds of each, all taking turns after one untimed turn."""
    for run in runs.values():
        run()
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(repeat):
        for name, run in runs.items():
            best[name] = min(best[name], _timed(run))
    return best


def _timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()

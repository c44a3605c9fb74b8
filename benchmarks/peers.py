"""The packages that the engine is timed against: same inputs, same outputs, as NumPy arrays.

Inputs are float32 [n, d] and [m, d] arrays. Each package is imported by the first call of its function; `available`
says beforehand which ones can be called. Distances are plain Euclidean, kernels act on squared ones.
"""

import contextlib
import functools
import importlib.util
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

import numpy as np

__all__ = [
    "available",
    "describe",
    "faiss_core_types",
    "faiss_knn",
    "keops_log_sum_exp",
    "prdc",
    "prepare_faiss",
    "sklearn_knn",
    "torch_kid",
    "torch_log_sum_exp",
]

# OPENBLAS_CORETYPE for faiss; "" leaves the choice to OpenBLAS, which does not know the newest processors.
CORE_TYPES = ("", "SAPPHIRERAPIDS", "COOPERLAKE", "SKYLAKEX", "ZEN", "HASWELL")

_NEEDS = {
    "torch_log_sum_exp": "torch",
    "torch_kid": "torch",
    "keops_log_sum_exp": "pykeops",
    "faiss_knn": "faiss",
    "prdc": "prdc",
    "sklearn_knn": "sklearn",
}

_TIME_FAISS = """
import sys, time, faiss, numpy as np
n, m, d = map(int, sys.argv[1:])
rng = np.random.default_rng(0)
x, y = rng.standard_normal((n, d), np.float32), rng.standard_normal((m, d), np.float32)
index = faiss.IndexFlatL2(d)
index.add(y)
index.search(x[:1024], 5)
times = []
for _ in range(3):
    start = time.perf_counter()
    index.search(x, 5)
    times.append(time.perf_counter() - start)
print(min(times))
"""


def available() -> dict[str, str | None]:
    """For each peer, None where it can be called, else why not."""
    reasons: dict[str, str | None] = {
        name: None if importlib.util.find_spec(package) else f"{package} is not installed (pip install -e '.[bench]')"
        for name, package in _NEEDS.items()
    }
    if reasons["keops_log_sum_exp"] is None and not any(map(shutil.which, ("g++", "c++", "clang++"))):
        reasons["keops_log_sum_exp"] = "pykeops compiles its kernels and finds no C++ compiler"
    return reasons


def describe() -> list[str]:
    """A line for each thread pool loaded so far: library, version, architecture, threads."""
    import threadpoolctl

    keys = ("internal_api", "version", "architecture", "num_threads", "prefix")
    return [
        ", ".join(f"{key} {info[key]}" for key in keys if info.get(key)) for info in threadpoolctl.threadpool_info()
    ]


def faiss_core_types(
    candidates: Sequence[str] = CORE_TYPES, *, n: int = 4096, m: int = 20_000, d: int = 640
) -> dict[str, float]:
    """Seconds of a search, k=5, under each OPENBLAS_CORETYPE, each in its own process; failing ones are left out."""
    seconds = {}
    for core_type in candidates:
        environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_CORETYPE"}
        if core_type:
            environment["OPENBLAS_CORETYPE"] = core_type
        command = [sys.executable, "-c", _TIME_FAISS, str(n), str(m), str(d)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            seconds[core_type] = float(done.stdout)
    return seconds


def prepare_faiss(seconds: Mapping[str, float]) -> str:
    """Load faiss under the fastest of `faiss_core_types`; returns that core type ("" = OpenBLAS's own choice).

    Raises:
      RuntimeError: faiss is loaded already, and with it its choice.
    """
    if "faiss" in sys.modules:
        raise RuntimeError(
            "faiss reads OPENBLAS_CORETYPE when it is loaded: call prepare_faiss before anything imports it"
        )
    best = min(seconds, key=lambda name: seconds[name])
    before = os.environ.pop("OPENBLAS_CORETYPE", None)
    if best:
        os.environ["OPENBLAS_CORETYPE"] = best
    importlib.import_module("faiss")
    os.environ.pop("OPENBLAS_CORETYPE", None)
    if before is not None:
        os.environ["OPENBLAS_CORETYPE"] = before
    return best


def torch_log_sum_exp(x: np.ndarray, y: np.ndarray, *, scale: float = 1.0, chunk: int = 2048) -> np.ndarray:
    """ln sum_y exp(-|x - y|^2 / scale) for each x, float32 [n], `chunk` rows of x at a time (cdist and logsumexp)."""
    import torch

    right = torch.from_numpy(y)
    with torch.inference_mode():
        parts = [
            torch.logsumexp(torch.cdist(left, right).square_().div_(-scale), dim=1)
            for left in torch.split(torch.from_numpy(x), chunk)
        ]
        return torch.cat(parts).numpy()


def keops_log_sum_exp(x: np.ndarray, y: np.ndarray, *, scale: float = 1.0) -> np.ndarray:
    """The same by KeOps, which compiles a C++ kernel for each d at its first call; meant for d below 100."""
    numpy_keops = _keops()
    left, right = numpy_keops.LazyTensor(x[:, None, :]), numpy_keops.LazyTensor(y[None, :, :])
    exponent = -((left - right) ** 2).sum(-1) * np.float32(1 / scale)
    return np.asarray(exponent.logsumexp(axis=1)).reshape(-1)


def faiss_knn(x: np.ndarray, y: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Distances, float32 [n, k], and indices, int64 [n, k], of the k rows of y nearest to each x (IndexFlatL2)."""
    import faiss

    index = faiss.IndexFlatL2(y.shape[1])
    index.add(np.ascontiguousarray(y))
    squared, indices = index.search(np.ascontiguousarray(x), k)
    return np.sqrt(np.maximum(squared, 0)), indices


def sklearn_knn(x: np.ndarray, y: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The same by scikit-learn's brute force."""
    from sklearn import neighbors

    return neighbors.NearestNeighbors(n_neighbors=k, algorithm="brute").fit(y).kneighbors(x)


def prdc(*, real: np.ndarray, fake: np.ndarray, k: int = 5) -> dict[str, np.ndarray]:
    """Precision, recall, density and coverage, float64 scalars, from dense matrices."""
    from prdc import compute_prdc

    with contextlib.redirect_stdout(io.StringIO()):
        found = compute_prdc(real_features=real, fake_features=fake, nearest_k=k)
    return {name: np.asarray(value, np.float64) for name, value in found.items()}


def torch_kid(*, real: np.ndarray, fake: np.ndarray, chunk: int = 2048) -> np.ndarray:
    """Unbiased MMD^2 with the kernel (x.y / d + 1)^3 over all pairs, float64 scalar, `chunk` rows at a time."""
    import torch

    def kernel_mean(x: np.ndarray, y: np.ndarray, *, same: bool) -> float:
        right = torch.from_numpy(y)
        total = 0.0
        for left in torch.split(torch.from_numpy(x), chunk):
            total += (left @ right.T).div_(x.shape[1]).add_(1).pow_(3).sum(dtype=torch.float64).item()
        if same:
            total -= right.square().sum(dim=1).div_(x.shape[1]).add_(1).pow_(3).sum(dtype=torch.float64).item()
        return total / (len(x) * (len(y) - same))

    with torch.inference_mode():
        within = kernel_mean(real, real, same=True) + kernel_mean(fake, fake, same=True)
        return np.asarray(within - 2 * kernel_mean(real, fake, same=False))


@functools.cache
def _keops():
    """pykeops.numpy, told not to report each kernel that it compiles."""
    with contextlib.redirect_stdout(io.StringIO()):
        import pykeops
        import pykeops.numpy

        pykeops.set_verbose(False)
    return pykeops.numpy

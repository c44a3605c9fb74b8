"""All starts of the two-Gaussian dynamics in one program, against a NumPy loop over starts, in one run.

    python -m benchmarks.dynamics

The loop runs a few starts and is scaled up; both give the same ends. Alternating, best of `--repeat`.
"""

import argparse
import time

import jax
import numpy as np

from gan_probe.theory import two_gaussians

_TARGET = np.array([-0.5, 0.5], np.float32)
_LEAST = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=3_000)
    parser.add_argument("--looped", type=int, default=3, help="starts of the NumPy loop")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--dynamics", nargs="+", default=["first order", "unrolled", "optimal"])
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    means = rng.uniform(-1, 1, (2, given.starts))
    ends = np.sort(rng.uniform(-2, 2, (4, given.starts)), axis=0).reshape(2, 2, given.starts)
    start = two_gaussians.start(means, ends)
    ours = {
        kind: two_gaussians.run.lower(start, _TARGET, dynamics=kind, steps=given.steps).compile()
        for kind in ("first order", *given.dynamics)
    }
    best, loop = dict.fromkeys(ours, np.inf), np.inf
    for _ in range(given.repeat):
        for kind, run in ours.items():
            began = time.perf_counter()
            jax.block_until_ready(run(start, _TARGET))
            best[kind] = min(best[kind], time.perf_counter() - began)
        began = time.perf_counter()
        for i in range(given.looped):
            _first_order(means[:, i], ends[..., i], given.steps)
        loop = min(loop, (time.perf_counter() - began) / given.looped * given.starts)
    for kind in ours:
        print(f"{kind:12} {given.starts} starts x {given.steps} steps: {best[kind]:7.2f} s")
    print(f"NumPy loop over starts, first order, {given.looped} starts scaled up to {given.starts}: {loop:.0f} s")
    ratio = loop / best["first order"]
    print(f"over ours: {ratio:.0f} (at least {_LEAST}): {'holds' if ratio >= _LEAST else 'missed'}")


def _phi(x: np.ndarray) -> np.ndarray:
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def _first_order(means: np.ndarray, ends: np.ndarray, steps: int) -> np.ndarray:
    """The means after so many steps from one start."""
    for _ in range(steps):
        f = (_phi(ends[..., None] - _TARGET) - _phi(ends[..., None] - means)).mean(axis=-1)
        phi = _phi(ends[..., None] - means)
        by_means = (phi[:, 1] - phi[:, 0]).sum(axis=0) / 2
        ends = ends + 0.1 * f * [-1, 1]
        ends = np.where(ends[:, :1] >= ends[:, 1:], ends.mean(axis=1, keepdims=True), ends)
        means = means - 0.1 * by_means
    return means


if __name__ == "__main__":
    main()

"""Sources whose number of distinct things is known: replicated real images, and a million draws of known atoms.

    TFDS_DATA_DIR=... python -m benchmarks.known_support --parts=replicated,drawn     # MNIST, thesis 004 section 3.4.5
    python -m benchmarks.known_support --parts=atoms                                  # 10^7 atoms, 10^6 draws

replicated: n training images copied to 50,000 samples; ddm must fall with n and stay above its floor, the value of the
whole training set. drawn: 50,000 draws with replacement; birthday's interval must hold n. atoms: 10^6 draws from 10^7
atoms in 16 dimensions with noise of 1e-4; birthday's interval must hold 10^7.
"""

import argparse
import resource
import time

import numpy as np

import gan_probe
from gan_probe import data

_SAMPLES = 50_000
_SIZES = (10, 20, 100, 1000, 10_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default="replicated,drawn,atoms")
    parser.add_argument("--draws", type=int, default=1_000_000)
    given = parser.parse_args()
    parts = given.parts.split(",")
    if {"replicated", "drawn"} & set(parts):
        _images(parts)
    if "atoms" in parts:
        _atoms(given.draws)


def _images(parts: list[str]) -> None:
    train = data.load("tfds:mnist/train").rows.take(np.arange(60_000))
    reference = gan_probe.Reference(real="tfds:mnist/test")
    rng = np.random.default_rng(0)
    chosen = rng.permutation(60_000)
    if "replicated" in parts:
        for n in _SIZES:
            started = time.perf_counter()
            fake = np.resize(train[chosen[:n]], (_SAMPLES, *train.shape[1:]))
            found = reference.evaluate(fake, metrics="ddm", scale="median")["results"]["fake"]["ddm"]
            print(f"replicated n={n:6}: ddm {_shown(found)} nats, {time.perf_counter() - started:.1f} s", flush=True)
        found = reference.evaluate(train[chosen[:_SAMPLES]], metrics="ddm", scale="median")["results"]["fake"]["ddm"]
        print(f"replicated n= {_SAMPLES}: ddm {_shown(found)} nats (the floor)", flush=True)
    if "drawn" in parts:
        for n in _SIZES:
            fake = train[chosen[rng.integers(0, n, _SAMPLES)]]
            # Distinct digits lie farther apart than this; equal ones at 0.
            found = reference.evaluate(fake, metrics="birthday", threshold=1e-3)["results"]["fake"]["birthday"]
            low, high = found["ci95"]
            print(f"drawn n={n:6}: support {_shown(found)}, holds n: {low <= n <= high}", flush=True)


def _atoms(draws: int) -> None:
    started = time.perf_counter()
    source = f"synthetic:atoms?n={draws}&d=16&k=10000000&sigma=1e-4"
    found = gan_probe.evaluate(
        real="synthetic:atoms?n=20000&d=16&k=10000000&sigma=1e-4&seed=7",
        fake=source,
        metrics="birthday",
        threshold=1e-2,
    )["results"]["fake"]["birthday"]
    low, high = found["ci95"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"atoms: support {_shown(found)} of 10^7, holds it: {low <= 1e7 <= high}; "
          f"{time.perf_counter() - started:.0f} s, peak memory {peak:.2f} GiB")  # fmt: skip


def _shown(found: dict) -> str:
    low, high = found["ci95"]
    value = "unknown" if found["value"] is None else f"{found['value']:.6g}"
    return f"{value} [{low:.6g}, {'open' if high is None else format(high, '.6g')}]"


if __name__ == "__main__":
    main()

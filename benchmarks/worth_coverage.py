"""How often the 95 % interval of a worth holds the truth, through the fits and the inversion that `diversity` uses.

    python -m benchmarks.worth_coverage --replications=200

Each replication draws train (512 rows), a test set (1,000) and synthetic sets anew, fits linear models on disjoint
subsets of train and on the synthetic sets, and inverts the curve. `n real rows` are fresh real rows: the truth is n,
open ends count as infinitely far. `flipped` has 512 rows of which a fifth has a random label, `narrow` 512 rows of half
the deviation: their truth is where their mean accuracy meets the mean curve, both over all replications. Each is one
draw, as one set of samples is. A cell is the share in %, and in brackets the truth and the median ends.
"""

import argparse
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from tqdm import trange

from gan_probe.classifiers import linear
from gan_probe.diversity import fits
from gan_probe.stats import equivalent_size

_ROWS, _ITEMS, _LEAST = 512, 1000, 8
_REAL = (20, 60, 150, 400)

Law = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]


def _gaussians(classes: int, d: int, spread: float) -> Law:
    centres = np.random.default_rng(7).normal(size=(classes, d)) * spread

    def draw(rng, n):
        labels = rng.integers(0, classes, n)
        return centres[labels] + rng.normal(size=(n, d)), labels

    return draw


def _tails(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    labels = rng.integers(0, 2, n)
    x = rng.standard_t(3, size=(n, 24))
    x[:, :6] += labels[:, None] - 0.5
    return x, labels


LAWS: Mapping[str, Law] = {
    "3 Gaussian classes, d=12": _gaussians(3, 12, 0.6),
    "2 Gaussian classes, d=64": _gaussians(2, 64, 0.2),
    "heavy tails, d=24": _tails,
}


class _Seen(NamedTuple):
    """curve: float [s] accuracies. accuracy, low, high: float [k], of each synthetic set; ends may be infinite."""

    curve: np.ndarray
    accuracy: np.ndarray
    low: np.ndarray
    high: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    names = [f"{n} real rows" for n in _REAL] + ["flipped", "narrow"]
    print(f"| law ({options.replications} replications) | " + " | ".join(names) + " |")
    print("|---" * (len(names) + 1) + "|")
    for name, law in LAWS.items():
        rng = np.random.default_rng(options.seed)
        seen = [_once(law, rng, options.repeats) for _ in trange(options.replications, desc=name, disable=None)]
        print(f"| {name} | " + " | ".join(_cells(seen)) + " |", flush=True)


def _once(law: Law, rng: np.random.Generator, repeats: int) -> _Seen:
    x, labels = law(rng, _ROWS)
    items, truth = law(rng, _ITEMS)
    classes = int(max(labels.max(), truth.max())) + 1
    within = linear.units(x)
    wanted = fits.real_fits(_ROWS, _LEAST, repeats, int(rng.integers(2**31)))
    counts = np.stack([np.bincount(fit.rows, minlength=_ROWS) for fit in wanted])
    correct = _correct(x, labels, counts, classes, within, items, truth)
    sizes = sorted({len(fit.rows) for fit in wanted})
    curve = equivalent_size.curve(
        sizes, [correct[[k for k, fit in enumerate(wanted) if len(fit.rows) == n]] for n in sizes]
    )
    found = [
        equivalent_size.worth(curve, _correct(*made, classes, within, items, truth)[0])
        for made in _synthetic(law, rng, classes)
    ]
    return _Seen(
        curve.accuracy,
        np.array([f.accuracy for f in found]),
        np.array([-np.inf if f.interval.low is None else f.interval.low for f in found]),
        np.array([np.inf if f.interval.high is None else f.interval.high for f in found]),
    )


def _synthetic(law: Law, rng: np.random.Generator, classes: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Rows, labels and counts [1, 512] of every synthetic set: sets of one shape, for one compiled program."""
    out = []
    for n in (*_REAL, _ROWS, _ROWS):
        x, labels = law(rng, _ROWS)
        out.append((x, labels, (np.arange(_ROWS) < n).astype(np.int32)[None]))
    x, labels, counts = out[-2]
    out[-2] = x, np.where(rng.random(_ROWS) < 0.2, rng.integers(0, classes, _ROWS), labels), counts
    x, labels, counts = out[-1]
    means = np.stack([x[labels == c].mean(axis=0) for c in range(classes)])[labels]
    out[-1] = means + (x - means) / 2, labels, counts
    return out


def _correct(x, labels, counts, classes, within, items, truth) -> np.ndarray:
    model = linear.fit_many(x, labels, counts, classes, within=within)
    return np.asarray(linear.predict(model, items)) == truth


def _cells(seen: list[_Seen]) -> list[str]:
    curve = np.maximum.accumulate(np.mean([s.curve for s in seen], axis=0))
    sizes = [_ROWS // f for f in fits.factors(_ROWS, _LEAST)][::-1]
    accuracy = np.mean([s.accuracy for s in seen], axis=0)
    inverse = np.exp(np.interp(accuracy, curve, np.log(sizes)))
    truths = [*_REAL, *inverse[len(_REAL) :]]
    out = []
    for k, truth in enumerate(truths):
        held = np.mean([s.low[k] <= truth <= s.high[k] for s in seen])
        low, high = (np.median([getattr(s, end)[k] for s in seen]) for end in ("low", "high"))
        error = np.sqrt(held * (1 - held) / len(seen))
        width = f"{low:.0f}" if np.isfinite(low) else "open", f"{high:.0f}" if np.isfinite(high) else "open"
        out.append(f"{100 * held:.1f} ±{100 * error:.1f} ({truth:.0f} in {width[0]}..{width[1]})")
    return out


if __name__ == "__main__":
    main()

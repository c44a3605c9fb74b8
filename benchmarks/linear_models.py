"""Many linear softmax models at once against one after another, to the same gradient tolerance.

    python -m benchmarks.linear_models

Made images of 64x64x3 with a spectrum like that of photographs, N=2,000 rows, two classes, 32 models. Every model has
2,000 rows drawn from them with replacement (`resampled`), or is one of a curve's subsets of 2,000, 1,000, 500 and 250
rows (`subsets`). Runs alternate; the ratio of each round is printed, and their median. One after another:

    fit      linear.fit on the rows of each model: the same solver on a matrix of its own, as a user would call it
    shared   the solver alone, one model at a time on a Gram matrix computed once: what vmap itself gains
    sklearn  scikit-learn's LogisticRegression (lbfgs) on the rows of a few models, scaled up: another solver
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from sklearn import linear_model

from gan_probe.classifiers import linear

_SIDE, _ROWS, _MODELS = 64, 2000, 32
_SKLEARN = 2  # models that scikit-learn fits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    rng = np.random.default_rng(0)
    features, labels = _images(rng)
    for name, counts in (("resampled", _resampled(rng)), ("subsets", _subsets(rng))):
        print(f"{name}: {len(counts)} models of {_SIDE}x{_SIDE}x3, N={_ROWS}, gradient below {linear.TOLERANCE:g}")
        _compare(features, labels, counts, rounds)


def _compare(features: np.ndarray, labels: np.ndarray, counts: np.ndarray, rounds: int) -> None:
    within = linear.units(features)
    gram = linear._gram(features, within)
    target = np.eye(2, dtype=np.float32)[:, labels]
    weights = (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)
    settings = (np.float32(linear.RIDGE), np.float32(linear.TOLERANCE), np.int32(2000))

    def together():
        found = linear.fit_many(features, labels, counts, 2, within=within)
        assert np.asarray(found.converged).all()

    def one_by_one(counts=counts):
        for count in counts:
            rows = np.repeat(np.arange(_ROWS), count)
            found = linear.fit(features[rows], labels[rows], 2)
            assert bool(found.converged)

    def solver_together():
        linear._solve(gram, target, weights, *settings, gram=True)[1].block_until_ready()

    def solver_one_by_one():
        for weight in weights:
            linear._solve(gram, target, weight[None], *settings, gram=True)[1].block_until_ready()

    def sklearn():
        for count in counts[:_SKLEARN]:
            x = (features - within.centre) / within.scale
            model = linear_model.LogisticRegression(C=2 / (linear.RIDGE * _ROWS), tol=1e-5, max_iter=5000)
            model.fit(x, labels, count.astype(float) * _ROWS / count.sum())

    for run in (together, lambda: one_by_one(counts[:: _MODELS // 4]), solver_together, solver_one_by_one):
        run()  # compiled
    rows = []
    for _ in range(rounds):
        seconds = [_seconds(run) for run in (together, one_by_one, solver_together, solver_one_by_one)]
        rows.append(seconds)
        print(
            f"  together {seconds[0]:6.2f} s   fit {seconds[1]:7.2f} s = {seconds[1] / seconds[0]:5.1f}x"
            f"      solver alone {seconds[2]:6.2f} s   shared {seconds[3]:6.2f} s = {seconds[3] / seconds[2]:5.1f}x",
            flush=True,
        )
    ratios = np.array([[s[1] / s[0], s[3] / s[2]] for s in rows])
    print("  median ratio: fit {:.1f}x, shared {:.1f}x".format(*np.median(ratios, axis=0)))
    took = _seconds(sklearn) * len(counts) / _SKLEARN
    print(f"  sklearn: {took:.0f} s for all, scaled up from {_SKLEARN} = {took / np.median(rows, axis=0)[0]:.0f}x")


def _images(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """float32 [n, 12288] with amplitudes that fall with frequency as 1/f, a class shift, and noisy labels of it."""
    frequency = np.hypot(np.fft.fftfreq(_SIDE)[:, None], np.fft.rfftfreq(_SIDE)[None, :]) + 1 / _SIDE
    white = rng.normal(size=(_ROWS, 3, _SIDE, _SIDE))
    smooth = np.fft.irfft2(np.fft.rfft2(white) / frequency, s=(_SIDE, _SIDE))
    x = smooth.reshape(_ROWS, -1).astype(np.float32)
    score = x @ rng.normal(size=x.shape[1]).astype(np.float32)
    noisy = score / score.std() + 0.5 * rng.normal(size=_ROWS)
    return x, (noisy > 0).astype(np.int64)


def _resampled(rng: np.random.Generator) -> np.ndarray:
    return rng.multinomial(_ROWS, np.full(_ROWS, 1 / _ROWS), _MODELS).astype(np.int32)


def _subsets(rng: np.random.Generator) -> np.ndarray:
    counts = np.zeros((_MODELS, _ROWS), np.int32)
    for k in range(_MODELS):
        counts[k, rng.permutation(_ROWS)[: _ROWS >> k // (_MODELS // 4)]] = 1
    return counts


def _seconds(run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()

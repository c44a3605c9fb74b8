"""ais on decoders whose likelihood is known: principal components of the digits (probabilistic PCA), exact and sampled.

    python -m benchmarks.decoders --figure=docs/metrics/ais.png

A decoder of k components is fitted on the training digits with the noise that is left over the others (Tipping and
Bishop 1999, eq 8). The points are the metric's, with its interval; the lines are the exact means over all held-out
digits.
"""

import argparse
import dataclasses
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib import figure
from scipy import stats

import gan_probe
from gan_probe import data, types

COMPONENTS = (2, 8, 24)
VARIANCES = (0.1, 0.05, 0.025, 0.01, 0.005)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figure", type=pathlib.Path, default=pathlib.Path("ais.png"))
    given = parser.parse_args()
    train, real = (_features(f"digits/{role}") for role in ("train", "real"))
    sheet = figure.Figure(figsize=(6, 2.6), layout="constrained")
    axes = sheet.subplots()
    print(f"{'components':>10} {'variance':>9} {'exact':>8} {'ais':>8}  95 % interval")
    for k, colour in zip(COMPONENTS, ("#3f8fd0", "#d1701f", "#3a9d5d"), strict=True):
        mean, spanned = _fitted(train, k)
        exact = [_exact(real, mean, spanned, v) for v in VARIANCES]
        found = [_sampled(real, mean, spanned, v) for v in VARIANCES]
        for v, e, f in zip(VARIANCES, exact, found, strict=True):
            low, high = f["ci95"]
            print(f"{k:10} {v:9g} {e:8.2f} {f['value']:8.2f}  [{low:.2f}, {high:.2f}]")
        axes.plot(VARIANCES, exact, "-", lw=1, color=colour, label=f"{k} components, exact")
        value = np.array([f["value"] for f in found])
        ends = np.array([f["ci95"] for f in found]).T
        axes.errorbar(VARIANCES, value, np.abs(ends - value), fmt="o", ms=4, capsize=2, color=colour)
    axes.set_xscale("log")
    axes.set(xlabel="variance of a pixel given z", ylabel="ais, nats")
    axes.legend(fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    sheet.savefig(given.figure, dpi=110)


def _features(src: str) -> np.ndarray:
    samples = data.load(src, seed=0)
    return (samples.rows.take(np.arange(len(samples))).reshape(len(samples), -1) / 255).astype(np.float32)


def _fitted(train: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean [d], and [k, d]: components times the deviations along them."""
    mean = train.mean(axis=0)
    _, deviation, along = np.linalg.svd((train - mean) / len(train) ** 0.5, full_matrices=False)
    return mean, deviation[:k, None] * along[:k]


def _exact(real: np.ndarray, mean: np.ndarray, spanned: np.ndarray, variance: float) -> float:
    cov = spanned.astype(float).T @ spanned + variance * np.eye(len(mean))
    return float(stats.multivariate_normal(mean, cov).logpdf(real).mean())


def _decoded(mean: jax.Array, spanned: jax.Array, z: jax.Array) -> jax.Array:
    return mean + z @ spanned


def _sampled(real: np.ndarray, mean: np.ndarray, spanned: np.ndarray, variance: float) -> dict:
    decoder = types.Decoder(len(spanned), jax.tree_util.Partial(_decoded, jnp.asarray(mean), jnp.asarray(spanned)))
    rows = np.array(decoder.mean(jax.random.normal(jax.random.key(0), (64, len(spanned)))))
    made = dataclasses.replace(data.from_array(rows, name="components"), decoder=decoder)
    found = gan_probe.evaluate(real=real, fake=made, metrics="ais", ais_variances=str(variance))
    return found["results"]["fake"]["ais"]


if __name__ == "__main__":
    main()

"""Annealed importance sampling: log-likelihood of held-out rows under the decoder that made the samples.

The decoder's density is that of z ~ N(0, I), x | z ~ N(g(z), variance I). One path serves every variance; the value is
that of the best one, which a few rows choose that the mean leaves out.
"""

import jax
import numpy as np

from gan_probe import types
from gan_probe.likelihood import ais as ais_lib
from gan_probe.likelihood import bidirectional
from gan_probe.metrics import metric
from gan_probe.stats import choice, student

__all__ = ["ais"]

_CHOOSING = 5  # of so many scored rows, one more chooses the variance
_LOOSE = 1.0  # nats between the bounds of a row, above which the chains are said to be too short
_ROUNDS = 3  # walks along the path: rows of real, then simulated rows up and down


def ais(
    *,
    ais_rows: int = 50,
    ais_chains: int = 16,
    ais_temperatures: int = 1_000,
    ais_variances: str = "0.1,0.05,0.025,0.01,0.005",
) -> metric.Metric:
    """mean_x ln p(x), nats, under the decoder, with a normal law of one variance around what it makes.

    Rows of uint8 images are in 0..1 and uniform within each grey level, as likelihoods of pixels are compared.

    Args:
      ais_rows: held-out rows that are scored.
      ais_chains: of each row.
      ais_temperatures: of the path: the more, the closer the bound.
      ais_variances: of a number given z, with commas; the best one counts.
    """
    metric.require(ais_rows >= 2, "ais_rows", ais_rows, "at least 2")
    metric.require(ais_chains >= 2, "ais_chains", ais_chains, "at least 2")
    variances = _variances(ais_variances)
    ais_lib.schedule(ais_temperatures, variances)
    choosing = max(2, ais_rows // _CHOOSING) if len(variances) > 1 else 0

    def finish(inputs):
        decoder = inputs.decoder()
        assert decoder is not None  # `least` has seen it
        rows = _rows(inputs, ais_rows + choosing, decoder.levels)
        chains = {"chains": ais_chains, "temperatures": ais_temperatures, "mesh": inputs.mesh}
        with inputs.steps(_ROUNDS * ais_temperatures) as advance:
            up, both = jax.random.split(jax.random.key(inputs.seed))
            found = ais_lib.log_likelihood(
                up, decoder.mean, decoder.latent, rows, variances=variances, advance=advance, **chains
            )
            best = int(found.value[:, :choosing].mean(axis=1).argmax()) if choosing else 0
            simulated = bidirectional.bounds(
                both, decoder.mean, decoder.latent, max(2, ais_rows // _CHOOSING), variance=variances[best],
                advance=advance, **chains,
            )  # fmt: skip
        gap = simulated.upper - simulated.lower
        scored = found.value[:, choosing:]
        interval = student.mean_interval(scored[best])._replace(kind="approximate")
        if choosing:
            interval = choice.widened(interval, scored.mean(axis=1), found.value[:, :choosing])
        warnings = []
        if gap.mean() > _LOOSE:
            warnings.append(f"the bounds of simulated rows are {gap.mean():.2g} nats apart: raise --ais_temperatures")
        if choosing and best in (0, len(variances) - 1):
            warnings.append(f"variance {variances[best]:g} is at an end of --ais_variances: one beyond may do better")
        return types.Estimate(
            value=float(scored[best].mean()), interval=interval, n_real=inputs.shape.rows["real"],
            n_fake=inputs.shape.rows["fake"], estimand="limit", unit="nats", better="higher",
            convention=f"variance={variances[best]:g}, {ais_chains} chains x {ais_temperatures:,} temperatures, "
            "a lower bound on average",
            detail={
                "scored": int(scored.shape[1]),
                "variances": [
                    {"variance": v, "value": float(m)} for v, m in zip(variances, scored.mean(axis=1), strict=True)
                ],
                "chain_noise": float(np.sqrt((found.noise[best, choosing:] ** 2).sum()) / scored.shape[1]),
                "gap_of_simulated_rows": {"value": float(gap.mean()), "interval": list(student.mean_interval(gap)[:2])},
                **({"warning": "; ".join(warnings)} if warnings else {}),
            },
        )  # fmt: skip

    def least(shape):
        if not shape.decoder:
            return (
                "needs the decoder behind fake, and pixels or features as they are: give --fake=run:DIR of a system "
                "that makes a row of one normal or uniform latent (vae, dcgan, mlp, ...), in real's channels"
            )
        if shape.rows["real"] < ais_rows + choosing:
            return f"real has {shape.rows['real']} rows, fewer than {ais_rows + choosing}: lower --ais_rows"
        return metric.two_rows("fake")(shape)

    return metric.Metric(
        needs=lambda shape: (),
        finish=finish,
        least=least,
        about="Log-likelihood in nats of held-out rows under the decoder with normal noise around what it makes, "
        "bounded from below by annealed importance sampling: it moves by hundreds of nats with the noise's variance.",
        cites="Neal 2001; Wu et al. 2017, section 3; Basart 2017 (thesis 004), section 3.4.1",
        unit="nats",
        better="higher",
        costly=True,
    )


def _variances(text: str) -> tuple[float, ...]:
    found = ais_lib.parsed(text)
    holds = bool(found) and all(0 < v < float("inf") for v in found)
    metric.require(holds, "ais_variances", text, "positive numbers with commas, such as 0.1,0.01")
    return found


def _rows(inputs: metric.Inputs, count: int, levels: int) -> np.ndarray:
    """A seeded choice of real rows in any order of real, float32 [count, d]; dequantised where there are levels."""
    real, rng = inputs.features("real"), np.random.default_rng([inputs.seed, 6])
    along = real @ np.float32(rng.standard_normal((real.shape[1],)))
    rows = real[np.argsort(along, kind="stable")[rng.permutation(len(real))[:count]]]
    return ((rows * (levels - 1) + rng.random(rows.shape)) / levels).astype(np.float32) if levels else rows

"""Does it copy? Distances of samples to their nearest training rows against those of held-out rows.

C_T and its AUC (Meehan et al. 2020), AuthPct (Alaa et al. 2022), and the closest copies.
"""

import numpy as np

from gan_probe import types
from gan_probe.metrics import balls, metric
from gan_probe.stats import proportion, ranks

__all__ = ["memorization"]

_CLOSEST = 20
_BINS = 40


def memorization(*, copy_threshold: float = 0.0) -> metric.Metric:
    """AUC = P(nearest-train distance of a fake > that of a held-out real row); below 0.5 the samples hug training data.

    Args:
      copy_threshold: distance within which a fake counts as a copy; 0 means the 1 % quantile of the held-out rows'
        nearest-train distances.
    """
    metric.require(copy_threshold >= 0, "copy_threshold", copy_threshold, "a distance, or 0 to choose it")

    def needs(shape):
        return tuple(balls.neighbours(rows, "train", 1) for rows in ("fake", "real", "train"))

    def finish(inputs):
        of_fake, of_real, of_train = (inputs.get(n) for n in needs(inputs.shape))
        fake, real = np.sqrt(of_fake.distance2[:, 0]), np.sqrt(of_real.distance2[:, 0])
        nearest = of_fake.indices[:, 0]
        found = ranks.auc(x=real, y=fake)
        gap = of_train.distance2[nearest, 0]
        authentic = of_fake.distance2[:, 0] > gap  # Alaa's definition, which dgm-eval computes too
        share = proportion.wilson(int(authentic.sum()), len(fake))
        limit = copy_threshold or float(np.quantile(real, 0.01))
        within = proportion.wilson(int((fake <= limit).sum()), len(fake))
        closest = np.lexsort((np.arange(len(fake)), fake))[:_CLOSEST]
        edges = np.linspace(0.0, float(max(fake.max(), real.max())) or 1.0, _BINS + 1)
        detail = {
            "calibrated": {} if copy_threshold else {"copy_threshold": limit},
            "c_t": ranks.mann_whitney_z(x=real, y=fake),
            "auc": found.value,
            "auth_pct": {"value": 100 * float(authentic.mean()), "ci95": [100 * share.low, 100 * share.high]},
            "share_within": {
                "threshold": limit,
                "value": float((fake <= limit).mean()),
                "ci95": [within.low, within.high],
                "rule": "given" if copy_threshold else "1 % quantile of the held-out rows' nearest-train distances",
            },
            "closest": [
                {"fake": int(i), "train": int(nearest[i]), "distance": float(fake[i]), "names": None} for i in closest
            ],
            "histogram": {
                "edges": edges.tolist(),
                "fake": np.histogram(fake, edges)[0].tolist(),
                "real": np.histogram(real, edges)[0].tolist(),
            },
        }
        return types.Estimate(
            value=found.value,
            interval=found.interval,
            n_real=len(real),
            n_fake=len(fake),
            estimand="given_train",
            unit="AUC",
            better="target",
            convention="nearest train, global; authpct=alaa",
            detail=detail,
        )

    return metric.Metric(
        needs=needs,
        finish=finish,
        least=lambda shape: next((f"{r} needs at least 2 rows" for r, n in shape.rows.items() if n < 2), None),
        about="Chance that a sample lies farther from the training set than a held-out real image does: 0.5 is right, "
        "below means copying, above means samples off the data.",
        cites="Meehan et al. 2020 (C_T); Alaa et al. 2022 (AuthPct)",
        unit="AUC",
        better="target",
        train=True,
    )

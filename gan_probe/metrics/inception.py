"""Inception score from logits that came with the samples, or are their features: exp of the mutual information of row
and class.

Salimans et al. 2016, section 4: exp mean KL(p(c|y) || p(c)), its bias removed; the ten-split mean that papers print
stands in detail.
"""

import numpy as np

from gan_probe import types
from gan_probe.metrics import metric
from gan_probe.stats import mutual_information

__all__ = ["inception"]

_SPLITS = 10


def inception(*, splits: str = "shuffled") -> metric.Metric:
    """Bias-corrected inception score of the fake logits.

    Args:
      splits: of the ten-split mean in detail: "shuffled" by the seed, or "contiguous" rows, as the original code.
    """
    metric.require(splits in ("shuffled", "contiguous"), "splits", splits, "shuffled or contiguous")

    def finish(inputs):
        logits = inputs.logits("fake")
        assert logits is not None  # `least` has seen them
        count = min(_SPLITS, len(logits))
        # Blocks are cut at random by content, so that the order of rows plays no part.
        split = inputs.block("fake") if splits == "shuffled" else np.arange(len(logits)) * count // len(logits)
        found = mutual_information.information(logits, split % count)
        split_scores = np.exp(found.splits)
        classes = logits.shape[1]
        return types.Estimate(
            value=min(max(float(np.exp(found.plain + found.bias)), 1.0), classes),
            interval=mutual_information.interval(found, classes),
            n_real=inputs.shape.rows["real"],
            n_fake=len(logits),
            estimand="limit",
            unit="",
            better="higher",
            convention="given logits, bias corrected",
            detail={
                **_warning(logits),
                "plain": float(np.exp(found.plain)),
                "splits": {
                    "mean": float(split_scores.mean()), "deviation": float(split_scores.std()), "ddof": 0,
                    "count": len(split_scores), "order": splits,
                },
            },
        )  # fmt: skip

    def least(shape):
        if not shape.logits:
            return "fake brought no logits: give them as `logits` in its npz, or --embed=logits:RUN"
        if shape.logits < 2:
            return "fake's logits have one class only"
        return metric.two_rows("fake")(shape)

    return metric.Metric(
        needs=lambda shape: (),
        finish=finish,
        least=least,
        about="How sharply and how evenly a classifier sorts the samples, from 1 to the number of classes: it never "
        "looks at real data, and one good picture a class has the best score.",
        cites="Salimans et al. 2016, section 4",
        unit="",
        better="higher",
    )


def _warning(logits: np.ndarray) -> dict[str, str]:
    """Of probabilities, which would be scored as if they were logits: nearly alike."""
    if (logits >= 0).all() and np.abs(logits.sum(axis=1) - 1).max() < 1e-3:
        return {"warning": "rows of the logits sum to 1, as probabilities do: give their logarithms"}
    return {}

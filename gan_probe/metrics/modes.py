"""Class fractions of the samples against those of real (000 section 2.1)."""

import numpy as np

from gan_probe import types
from gan_probe.metrics import metric
from gan_probe.stats import proportion

__all__ = ["modes"]


def modes() -> metric.Metric:
    """Total variation between class fractions; classes missing or faint.

    A class is faint when, with 95 % confidence over all classes together, its share of fake is below half its share of
    real; missing when besides no fake row falls in it.
    """

    def finish(inputs):
        classes = inputs.shape.classes
        counts = {r: np.bincount(inputs.labels(r), minlength=len(classes)) for r in ("real", "fake")}
        if not np.minimum(counts["real"], counts["fake"]).any():
            raise types.UserError("real and fake have no class name in common: label them alike")
        found = proportion.compare_classes(real=counts["real"], fake=counts["fake"])
        bounds = {r: proportion.clopper_pearson(c) for r, c in counts.items()}
        faint, missing = proportion.faint(real=bounds["real"], fake=bounds["fake"])
        annotator = inputs.annotator() or {}
        detail = {
            "classes": list(classes),
            "fake": (counts["fake"] / counts["fake"].sum()).tolist(),
            "fake_ci95": np.stack(bounds["fake"][1:], axis=-1).tolist(),
            "real": (counts["real"] / counts["real"].sum()).tolist(),
            "real_ci95": np.stack(bounds["real"][1:], axis=-1).tolist(),
            "fractions_interval": f"{proportion.TOGETHER}; conservative",
            "missing": [c for c, m in zip(classes, missing, strict=True) if m],
            "faint": [c for c, f in zip(classes, faint, strict=True) if f],
            "null_expectation": found.null_expectation,
            "squared_distance": found.squared_distance,
            "chi_square": {"value": found.chi_square, "dof": found.dof, "p": found.p_value},
            "annotator": annotator.get("name"),
            "annotator_accuracy": annotator.get("accuracy"),
            "annotator_accuracy_ci95": annotator.get("accuracy_ci95"),
        }
        return types.Estimate(
            value=found.total_variation,
            interval=found.interval,
            n_real=int(counts["real"].sum()),
            n_fake=int(counts["fake"].sum()),
            estimand="limit",
            unit="",
            better="lower",
            convention=f"raw fractions of {len(classes)} classes, labels {'annotated' if annotator else 'given'}",
            detail=detail,
        )

    def least(shape):
        if not shape.classes:
            return (
                "needs labels of two classes or more on real or train: class sub-folders, labels in the npz, or --label"
            )
        return metric.two_rows("real", "fake")(shape)

    return metric.Metric(
        needs=lambda shape: (),
        finish=finish,
        least=least,
        about="Total variation between the class fractions of samples and real images: 0 when every class is as "
        "frequent; compare it with its null expectation, since it can't be 0 at finite sizes.",
        cites="Santurkar et al. 2018 (paper 000), section 2.1",
        unit="",
        better="lower",
    )

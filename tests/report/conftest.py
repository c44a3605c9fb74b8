"""A realistic results dictionary with its pictures: scikit-learn's digits and samplers whose faults are known."""

import copy
import functools
import hashlib

import numpy as np
import pytest
from scipy.spatial import distance
from sklearn import datasets

QUESTIONS = {
    "covers the modes": ("modes", "no class whose upper bound is below a quarter of real's share"),
    "makes distinct samples": ("birthday", "collision rate not above real's"),
    "does not copy": ("memorization", "AUC not below 1/2"),
    "matches real": ("kid", "interval holds 0"),
}
EXPLAIN = {
    "ddm": "How badly each real image is covered by its best-matching samples; 0 only if every real image is made.",
    "birthday": "How many equally likely samples would collide as often as these do.",
    "memorization": "Below zero where samples lie nearer to the training set than held-out images do.",
    "kid": "Squared distance of the two distributions in a polynomial feature space; 0 when they agree.",
    "modes": "Half the summed difference of the class shares.",
}


def _sha(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def _metric(value, stderr, low, high, method, **more):
    base = {"estimand": "at_n", "n_real": 898, "n_fake": 400, "unit": "", "better": "lower", "convention": ""}
    return {"value": value, "stderr": stderr, "ci95": [low, high], "interval": method, "detail": {}, **base, **more}


def _closest(fake, train, names):
    pairs = distance.squareform(distance.pdist(fake.reshape(len(fake), -1) / 16.0))
    pairs[np.tril_indices(len(fake))] = np.inf
    nearest = distance.cdist(fake.reshape(len(fake), -1) / 16.0, train.reshape(len(train), -1) / 16.0)
    found = []
    for flat in np.argsort(pairs, axis=None, kind="stable")[:20]:
        i, j = (int(x) for x in np.unravel_index(flat, pairs.shape))
        t = int(nearest[i].argmin())
        found.append(
            {
                "i": i,
                "j": j,
                "distance": float(pairs[i, j]),
                "names": [names[i], names[j]],
                "train": {"index": t, "distance": float(nearest[i, t]), "name": f"digit-{t:04d}.png"},
            }
        )
    copies = [
        {
            "fake": int(i),
            "train": int(nearest[i].argmin()),
            "distance": float(nearest[i].min()),
            "names": [names[i], f"digit-{int(nearest[i].argmin()):04d}.png"],
        }
        for i in np.argsort(nearest.min(1), kind="stable")[:20]
    ]
    return found, copies, nearest.min(1)


@pytest.fixture
def explain():
    return dict(EXPLAIN)


@pytest.fixture
def report():
    """(results, pictures) of two generators, one honest and one that drops modes, copies and repeats itself."""
    return copy.deepcopy(_built())


@pytest.fixture
def light(report):
    """The same run with few pictures and no plots, quick to write."""
    results, pictures = report
    for metrics in results["results"].values():
        del metrics["modes"]
        metrics["memorization"]["detail"]["histogram"] = None
    return results, {"real/grid": pictures["real/grid"][:4], "collapsed/closest": pictures["collapsed/closest"][:2]}


@pytest.fixture
def vectors(report):
    """The same run as if the sets were features: no pictures, no names, no labels, no training set."""
    results, _ = report
    del results["inputs"]["train"]
    for metrics in results["results"].values():
        del metrics["modes"], metrics["memorization"]
        for pair in metrics["birthday"]["detail"]["closest"]:
            pair["names"] = pair["train"] = None
    for verdicts in results["verdicts"].values():
        del verdicts["covers the modes"]
        verdicts["does not copy"].update(outcome="cannot tell", reason="memorization needs --train")
    results["skipped"] = {
        fake: {"memorization": "needs --train", "modes": "the sets carry no labels"} for fake in results["results"]
    }
    return results, {}


@functools.cache
def _built():
    return build(("faithful", "collapsed"))


def build(fakes):
    rng = np.random.default_rng(0)
    digits = datasets.load_digits()
    images = (digits.images * 15.9).astype(np.uint8)[..., None]
    order = rng.permutation(len(images))
    train, real = images[order[:899]], images[order[899:]]
    labels = digits.target[order]
    inputs = {
        name: {"role": name, "source": f"digits/{name}", "n": len(rows), "shape": list(rows.shape), "dtype": "uint8",
               "sha256": _sha(rows), "notes": []}
        for name, rows in (("real", real), ("train", train))
    }  # fmt: skip
    pictures = {"real/grid": real[:64], "train/grid": train[:64]}
    results, verdicts = {}, {}
    for fake in fakes:
        honest = fake == "faithful"
        source, source_labels = (real, labels[899:]) if honest else (train, labels[:899])
        chosen = (
            rng.permutation(len(source))[:400] if honest else rng.choice(np.flatnonzero(source_labels < 7)[:60], 400)
        )
        noise = rng.integers(0, 3, (400, *source.shape[1:]))
        rows = np.clip(source[chosen].astype(int) + noise, 0, 255).astype(np.uint8)
        names = [f"sample-{k:05d}.png" for k in range(400)]
        pairs, copies, nearest = _closest(rows, train, names)
        _, _, real_nearest = _closest(real, train, [""] * len(real))
        edges = np.linspace(0, max(nearest.max(), real_nearest.max()), 31)
        share = np.bincount(source_labels[chosen], minlength=10) / 400
        real_share = np.bincount(labels[899:], minlength=10) / 898
        pictures |= {
            f"{fake}/closest": np.stack(
                [np.stack([rows[p["i"]], rows[p["j"]], train[p["train"]["index"]]]) for p in pairs]
            ),
            f"{fake}/copies": np.stack([np.stack([rows[c["fake"]], train[c["train"]]]) for c in copies]),
            f"{fake}/grid": rows[:64],
        }
        inputs[fake] = {"role": "fake", "source": f"{fake}.npz[0:400]", "n": 400, "shape": list(rows.shape),
                        "dtype": "uint8", "sha256": _sha(rows), "notes": ["3 RGB images converted to L"]}  # fmt: skip
        results[fake] = _results(honest, pairs, copies, edges, nearest, real_nearest, share, real_share)
        verdicts[fake] = {
            question: {"metric": metric, "rule": rule, "outcome": "holds" if honest else "fails",
                       "reason": "the interval allows it" if honest else "the whole interval is on the wrong side"}
            for question, (metric, rule) in QUESTIONS.items()
        }  # fmt: skip
        if honest:
            verdicts[fake]["matches real"].update(
                outcome="cannot tell", reason="the interval holds both 0 and the bound"
            )
    return {
        "schema": 1,
        "gan_probe": "0.1.0",
        "created": "2025-01-02T03:04:05Z",
        "command": "--real=digits/test --train=digits/train --fake=faithful.npz --fake=collapsed.npz",
        "seed": 0,
        "environment": {"jax": "0.10.2", "platform": "cpu", "device_kind": "cpu", "devices": 1, "processes": 1},
        "inputs": inputs,
        "embedding": {"name": "pixels", "parameters": {"scale": "[0, 1]"}, "sha256": None},
        "results": results,
        "verdicts": verdicts,
        "skipped": {fake: {"frechet_limit": "halves of 200 rows do not exceed d=256"} for fake in fakes},
        "timings": {
            "decode": {"seconds": 0.21, "pairs": None, "gflop_per_s": None, "fraction_of_matmul": None},
            "fake-real": {"seconds": 0.034, "pairs": 359200, "gflop_per_s": 42.1, "fraction_of_matmul": 0.91},
        },
    }, pictures


def _results(honest, pairs, copies, edges, nearest, real_nearest, share, real_share):
    half = 0.04 * np.sqrt(share * (1 - share) + 0.01)
    total = float(np.abs(share - real_share).sum() / 2)
    support = (None, None, 21600.0, None) if honest else (59.3, 3.1, 52.0, 66.9)
    value, stderr, low, high = support
    return {
        "ddm": _metric(2.41 if honest else 5.032, 0.03, 2.351 if honest else 4.9, 2.468 if honest else 5.17,
                       "two-way blocks, t; approximate", unit="nats", convention="squared distance, s=1"),
        "kid": _metric(-1.2e-5 if honest else 0.0421, 2e-5, 0.0 if honest else 0.0391, 3.1e-5 if honest else 0.0455,
                       "score; approximate", convention="degree 3, coef 1"),
        "precision": _metric(0.981, 0.006, 0.966, 0.99, "two-way jackknife, t19; conservative", better="higher",
                             convention="k=5, ties <"),
        "coverage": _metric(0.91 if honest else 0.223, 0.02, 0.87 if honest else 0.19, 0.95 if honest else 0.26,
                            "two-way jackknife, t19; conservative", better="higher", convention="k=5, ties <"),
        "birthday": _metric(value, stderr, low, high, "over-dispersed Poisson; exact", better="higher",
                            estimand="given_threshold", unit="equally likely", convention="threshold calibrated",
                            detail={
                                "beta": 0.0 if honest else 1 / 59.3,
                                "beta_ci95": [0.0, 1 / 21600] if honest else [1 / 66.9, 1 / 52.0],
                                "threshold": 0.31,
                                "threshold_rule": "calibrated on real: rate per pair 1e-5",
                                "rate_per_pair": 1e-5,
                                "collisions": 0 if honest else 1346,
                                "pairs_total": 79800,
                                "ratio_to_real": {"value": None if honest else 1680.0, "ci95": [None, None]},
                                "paper": {"s50": None if honest else 9.1, "s50_ci95": [None, None],
                                          "s_squared": None if honest else 82.8, "beta_star": 0.9},
                                "closest": pairs,
                                "pairs": [],
                            }),
        "memorization": _metric(0.7 if honest else -23.4, 1.0, -1.3 if honest else -25.4, 2.7 if honest else -21.5,
                                "DeLong, logit; exact", better="target", estimand="given_train", unit="Z",
                                convention="global C_T; AuthPct alaa",
                                detail={
                                    "c_t": 0.7 if honest else -23.4,
                                    "auc": 0.512 if honest else 0.003,
                                    "auth_pct": {"value": 61.0 if honest else 0.2,
                                                 "ci95": [56.1, 65.7] if honest else [0.0, 1.4]},
                                    "share_within": {"threshold": 0.31, "value": 0.0 if honest else 1.0,
                                                     "ci95": [0.0, 0.01] if honest else [0.99, 1.0]},
                                    "closest": copies,
                                    "histogram": {"edges": edges.tolist(),
                                                  "fake": np.histogram(nearest, edges)[0].tolist(),
                                                  "real": np.histogram(real_nearest, edges)[0].tolist()},
                                }),
        "modes": _metric(total, 0.01, max(0.0, total - 0.05), total + 0.03, "bias-widened normal; conservative",
                         unit="total variation", convention="raw",
                         detail={
                             "classes": [str(c) for c in range(10)],
                             "fake": share.tolist(),
                             "fake_ci95": np.clip(np.stack([share - half, share + half], 1), 0, 1).tolist(),
                             "real": real_share.tolist(),
                             "real_ci95": np.stack([real_share - 0.02, real_share + 0.02], 1).tolist(),
                             "missing": [] if honest else ["7", "8", "9"],
                             "faint": [],
                             "annotator": "logistic regression on pixels",
                             "annotator_accuracy": 0.963,
                         }),
    }  # fmt: skip

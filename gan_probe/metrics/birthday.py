"""The birthday test: how many distinct things can the generator make (Arora, Risteski and Zhang 2018, paper 003).

beta is the probability that two samples lie within a threshold; 1 / beta = 1 / sum p^2 is the effective support, never
"the support". Every pair of the whole sample counts, not one batch's.
"""

import numpy as np
import scipy.sparse
from scipy.spatial import distance as spatial

from gan_probe import types
from gan_probe.metrics import balls, metric
from gan_probe.ops import count_within, exact, nearest
from gan_probe.ops import fold as fold_lib
from gan_probe.stats import collisions, first_collision

__all__ = ["birthday"]

_CALIBRATION_PAIRS = 100  # of real, within the calibrated threshold: its share of the error is 10 %
_CLOSEST = 20
_MOST_LISTED = 1000
_DENSE = 2000
_BINS = 40
_MEASURED = 1 << 32  # numbers subtracted for rows whose lists of neighbours end too soon: a second or two
_ENOUGH = 20  # collisions


def birthday(*, threshold: float = 0.0, k: int = 5) -> metric.Metric:
    """Effective support of fake at a threshold of plain Euclidean distance.

    Args:
      threshold: distance within which two samples are one thing; 0 calibrates it on real: the distance within which its
        100 closest pairs lie (a hundredth of the pairs where there are fewer than 10,000), a stated rate per pair.
      k: neighbours of each row that are kept, and make its ball or list its pairs.
    """
    metric.require(threshold >= 0, "threshold", threshold, "a distance, or 0 to calibrate it")
    metric.require(k >= 1, "k", k, "at least 1")

    def _neighbours(role):
        return balls.neighbours(role, role, k)

    def needs(shape):
        wanted = [_neighbours(role) for role in ("fake", "real")]
        if "train" in shape.rows:
            wanted.append(balls.neighbours("fake", "train", 1))
        return tuple(wanted)

    def finish(inputs):
        shape = inputs.shape
        limit2 = threshold**2 if threshold else _calibrate(inputs.get(_neighbours("real")))
        edges, d2 = _edges(inputs.get(_neighbours("fake")))
        length, limit = np.sqrt(d2), float(np.sqrt(limit2))
        (fake, borderline), (real, _) = (
            inputs.kept(
                role, f"collisions within {limit2!r}",
                lambda role=role: _collisions(inputs, role, inputs.get(_neighbours(role)), limit2),
            )
            for role in ("fake", "real")
        )  # fmt: skip
        beta, support = collisions.beta_interval(fake), collisions.support_interval(fake)
        ratio = collisions.ratio_interval(fake=fake, real=real)
        copies = inputs.get(balls.neighbours("fake", "train", 1)) if "train" in shape.rows else None
        closest, pairs = _listed(edges, length, limit, copies, shape.rows["fake"])
        detail = {
            "beta": fake.beta,
            "beta_ci95": [beta.low, beta.high],
            "threshold": limit,
            "threshold_rule": "given" if threshold else f"real's {_calibration(shape.rows['real'])} closest pairs",
            "calibrated": {} if threshold else {"threshold": limit},
            "rate_per_pair": real.beta,
            "collisions": fake.collisions,
            "pairs_total": fake.pairs,
            "dispersion": fake.dispersion,
            "borderline": borderline,
            "real": {"beta": real.beta, "collisions": real.collisions, "pairs_total": real.pairs},
            "ratio_to_real": {
                "value": fake.beta / real.beta if real.collisions else None,
                "ci95": [ratio.low, ratio.high],
                "interval": f"{ratio.method}; {ratio.kind}",
            },
            "paper": _paper(inputs, fake, edges[d2 <= limit2], limit),
            "histogram": _histogram({r: inputs.get(_neighbours(r)) for r in ("fake", "real")}),
            "closest": closest,
            "pairs": pairs,
        }
        return types.Estimate(
            value=1 / fake.beta if fake.collisions else None,
            interval=support,
            n_real=shape.rows["real"],
            n_fake=shape.rows["fake"],
            estimand="given_threshold",
            unit="distinct samples",
            better="higher",
            convention=f"within {limit:.6g} ({detail['threshold_rule']}), all pairs, 1/sum p^2",
            detail=detail,
        )

    def least(shape):
        few = [r for r in ("real", "fake") if shape.rows[r] < max(k + 1, 20)]
        return f"{few[0]} has {shape.rows[few[0]]} rows, the test needs {max(k + 1, 20)}" if few else None

    return metric.Metric(
        needs=needs,
        finish=finish,
        least=least,
        about="How many equally likely things would collide as often as the samples do, at a stated distance: compare "
        "it with real by the ratio of collision rates (1 when as diverse).",
        cites="Arora, Risteski and Zhang 2018 (paper 003); Simpson 1949",
        unit="distinct samples",
        better="higher",
    )


def _calibration(rows: int) -> int:
    return max(1, min(_CALIBRATION_PAIRS, rows * (rows - 1) // 200))


def _calibrate(found: nearest.Neighbours) -> float:
    """Squared distance within which real's closest pairs lie.

    A pair of rows that both have k nearer ones is missed: more pairs than 100 may then lie within this distance.
    """
    _, d2 = _edges(found)
    return float(d2[min(_calibration(len(found.indices)), len(d2)) - 1])


def _edges(found: nearest.Neighbours) -> tuple[np.ndarray, np.ndarray]:
    """Pairs i < j in which one is among the nearest of the other, closest first: int64 [e, 2], and their
    squared distances, float64 [e]."""
    n, k = found.indices.shape
    i = np.repeat(np.arange(n), k)
    j = found.indices.ravel()
    low, high = np.minimum(i, j), np.maximum(i, j)
    _, first = np.unique(low * n + high, return_index=True)
    d2 = found.distance2.ravel()[first]
    order = np.lexsort((high[first], low[first], d2))
    return np.stack([low[first], high[first]], axis=-1)[order], d2[order]


def _counts(inputs, role, near: nearest.Neighbours, limit2: float) -> count_within.Counts:
    """Rows of each block within the threshold of every row, itself left out.

    The lists of neighbours tell it, but for rows whose list ends within the threshold: a few are measured against all
    others, for many a pass counts.
    """
    n, block, features = inputs.shape.rows[role], inputs.block(role), inputs.features(role)
    full = np.flatnonzero(near.distance2[:, -1] <= limit2)
    if len(full) * features.size <= _MEASURED:
        counts = np.zeros((inputs.blocks, n), np.int64)
        row, place = np.nonzero(near.distance2 <= limit2)
        np.add.at(counts, (block[near.indices[row, place]], row), 1)
        everyone = np.arange(n)
        for i in full:
            within = exact.squared_distances(features, np.full(n, i), features, everyone) <= limit2
            within[i] = False
            counts[:, i] = np.bincount(block[within], minlength=inputs.blocks)
        return count_within.Counts(counts, np.zeros((), np.int64))
    alone = inputs.lay_out(role, features - np.mean(features, axis=0, dtype=np.float64).astype(np.float32))
    fold = count_within.count_within(ties="<=", balls="rows")
    (found,), _ = inputs.sweep(alone, alone, [fold_lib.Job(fold, limit2)])
    found.counts[block, np.arange(n)] -= 1
    return found


def _collisions(inputs, role, near: nearest.Neighbours, limit2: float) -> tuple[collisions.Collisions, int]:
    """Collisions of a set, with delete-block replicates, and the pairs within rounding of the threshold."""
    found = _counts(inputs, role, near, limit2)
    degrees = found.counts.sum(axis=0)
    block = inputs.block(role)
    sizes = np.bincount(block, minlength=inputs.blocks)
    by_block = np.stack([np.bincount(block, weights=c, minlength=inputs.blocks) for c in found.counts])
    within = np.diag(by_block) / 2
    pairs = by_block - np.diag(np.diag(by_block)) + np.diag(within)
    replicates = collisions.leave_block_out(np.round(pairs).astype(np.int64), sizes)
    return collisions.count(degrees, replicates), int(found.borderline)


def _paper(inputs, fake: collisions.Collisions, edges: np.ndarray, threshold: float) -> dict[str, object]:
    """The paper's own protocol: the batch size s at which half the batches hold a pair, s^2, and beta* of theorem 2."""
    size, rows = fake.size, None
    if len(edges) < fake.collisions:
        # Lists of k neighbours miss pairs of big clusters; then a collision comes so soon that a few rows show it.
        size = int(min(fake.size, _DENSE, max(50, 8 / fake.beta**0.5)))
        rows = np.random.default_rng(inputs.seed).permutation(fake.size)[:size]
        x = inputs.features("fake")[rows].astype(np.float64)
        edges = np.argwhere(np.triu(spatial.squareform(spatial.pdist(x)) <= threshold, 1))
    half = first_collision.half_collision_size(edges, size, seed=inputs.seed)
    beta = collisions.beta_interval(fake)
    # What other samples would show follows beta: s of them hold no pair with chance exp(-beta s (s - 1) / 2). With few
    # collisions the median over orders of these samples is biased, and only the bounds are given.
    low, high = (float(np.ceil(0.5 + (0.25 + 2 * np.log(2) / b) ** 0.5)) if b else None for b in (beta.high, beta.low))
    s50 = half.size if fake.collisions >= _ENOUGH else None
    if s50:  # the median itself is over a few hundred random orders
        low = min(low or s50, half.interval.low or s50)
        high = max(high, half.interval.high or s50) if high else None
    return {
        "s50": s50,
        "s50_ci95": [low, high],
        "s_squared": s50**2 if s50 else None,
        "beta_star": first_collision.beta_star(s50) if s50 else None,
    }


def _histogram(found: dict[str, nearest.Neighbours]) -> dict[str, list[float]]:
    """Distances of the rows of a set to their nearest other row: counts by role, and the edges of the bins."""
    lengths = {role: np.sqrt(neighbours.distance2[:, 0]) for role, neighbours in found.items()}
    edges = np.linspace(0.0, max(float(d.max()) for d in lengths.values()) or 1.0, _BINS + 1)
    return {"edges": edges.tolist()} | {role: np.histogram(d, edges)[0].tolist() for role, d in lengths.items()}


def _listed(edges, length, threshold, copies, n) -> tuple[list[dict], list[dict]]:
    """The closest pairs, at most one a cluster of near-duplicates, and the pairs of those clusters."""
    close = length <= threshold
    graph = scipy.sparse.coo_matrix((np.ones(close.sum()), edges[close].T), shape=(n, n))
    _, cluster = scipy.sparse.csgraph.connected_components(graph, directed=False)
    used: set[int] = set()
    closest: list[dict] = []
    for (i, j), d in zip(edges, length, strict=True):
        if len(closest) == _CLOSEST:
            break
        if cluster[i] in used or cluster[j] in used:
            continue
        used.update((int(cluster[i]), int(cluster[j])))
        train = None
        if copies is not None:
            nearer = i if copies.distance2[i, 0] <= copies.distance2[j, 0] else j
            distance2, index = copies.distance2[nearer, 0], copies.indices[nearer, 0]
            train = {"index": int(index), "distance": float(distance2**0.5), "name": None}
        closest.append({"i": int(i), "j": int(j), "distance": float(d), "names": None, "train": train})
    chosen = np.flatnonzero(close & np.isin(cluster[edges[:, 0]], list(used)))[:_MOST_LISTED]
    pairs = [{"i": int(edges[e, 0]), "j": int(edges[e, 1]), "distance": float(length[e])} for e in chosen]
    return closest, pairs

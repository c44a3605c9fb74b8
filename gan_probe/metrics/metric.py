"""What a metric is: the passes it needs, and how it finishes them into an Estimate.

A metric sees arrays only. It names its needs (a fold over one role's rows and another's columns, perhaps with the
radius that an earlier need finds); the planner merges equal needs of all metrics into one pass a pair of roles.

Where the passes can't be named beforehand (a fit by iterations, a space other than the features'), `finish` runs its
own: `Inputs.lay_out` puts mapped rows of a role where its features lie, `Inputs.sweep` streams all pairs of two such
layouts through folds. What a metric lays out or finds of real and train it hands to `Inputs.kept`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jax.sharding import Mesh

from gan_probe import types
from gan_probe.ops import fold as fold_lib
from gan_probe.ops import layout as layout_lib

__all__ = ["Inputs", "Metric", "Need", "Radius", "Shape", "more_than", "require", "two_rows"]

Role = Literal["real", "train", "fake"]


class Radius(NamedTuple):
    """Squared radii: `of(result of need)` -> float64 [n], or one for all; a given number where need is None."""

    need: "Need | None"
    of: Callable[[Any], np.ndarray | float]
    name: str


class Need(NamedTuple):
    """The result of `fold` over the columns `cols` for every row of `rows`; equal needs are computed once."""

    rows: Role
    cols: Role
    fold: fold_lib.Fold
    radius: Radius | None = None

    @property
    def key(self) -> str:
        """Names the result on disk."""
        around = (
            f",radius={self.radius.name}[{self.radius.need.key if self.radius.need else ''}]" if self.radius else ""
        )
        return f"{self.rows}-{self.cols}-{self.fold.name}{around}"


class Shape(NamedTuple):
    """What needs may depend on.

    rows: number of rows of each role present. dim: features of a row. scale: median squared distance of real rows.
    classes: names of the classes that real and fake are labelled with, empty without labels.
    logits: number of logits of a row of fake, 0 where it brought none.
    decoder: whether fake brought its decoder, and features are the rows that it makes.
    """

    rows: Mapping[str, int]
    dim: int
    scale: float
    classes: tuple[str, ...] = ()
    logits: int = 0
    decoder: bool = False


@runtime_checkable
class Inputs(Protocol):
    """What `finish` may look at."""

    seed: int
    blocks: int
    shape: Shape
    mesh: Mesh

    def annotator(self) -> Mapping[str, Any] | None:
        """Who labelled the rows, None where the sets brought their labels."""

    def get(self, need: Need) -> Any:
        """The finished result of a need."""

    def features(self, role: Role) -> np.ndarray:
        """float32 [n, d]."""

    def block(self, role: Role) -> np.ndarray:
        """int32 [n], the block of each row."""

    def labels(self, role: Role) -> np.ndarray | None:
        """int32 [n], the class of each row, or None."""

    def logits(self, role: Role) -> np.ndarray | None:
        """float32 [n, c], the logits that came with the rows, or None."""

    def decoder(self) -> types.Decoder | None:
        """What makes the rows of fake; see `Shape.decoder`."""

    def steps(self, total: int) -> AbstractContextManager[Callable[[int], Any]]:
        """Shows the progress of a metric's own long work: it yields what is told of steps done."""

    def kept(self, role: Role, name: str, make: Callable[[], Any]) -> Any:
        """`make()`, kept with the role: what depends on `real` or `train` alone is computed once for all fakes."""

    def lay_out(
        self, role: Role, features: np.ndarray, rows: np.ndarray | None = None, *, blocked: bool = True
    ) -> layout_lib.Layout:
        """Layout of mapped features, float32 [n, d'] about zero: one row for each of the role, in the role's blocks.

        With `rows`, int [m], only those of the role; features [m, d'] are theirs. Not `blocked`: all in one block,
        which is faster where no leave-one-block-out follows.
        """

    def sweep(
        self,
        rows: layout_lib.Layout,
        cols: layout_lib.Layout,
        jobs: Sequence[fold_lib.Job],
        col_jobs: Sequence[fold_lib.Job] = (),
    ) -> tuple[list[Any], list[Any]]:
        """One further pass (`ops.stream.stream`), which shows in the progress and the timings of the metric."""


class Metric(NamedTuple):
    """Pure functions; made by a factory with keyword-only switches.

    needs(shape): the passes. finish(inputs): the estimate; called where `least` found nothing amiss.
    least(shape): None, or why these sets are too small or lack something.
    about: one sentence on how to read the number. cites: source. train: whether the training set is needed.
    costly: whether it takes minutes: `all` leaves it out.
    smooth: whether its bias is c/n to first order, as for smooth functions of moments: its curve may be extrapolated.
    """

    needs: Callable[[Shape], tuple[Need, ...]]
    finish: Callable[[Inputs], types.Estimate]
    least: Callable[[Shape], str | None]
    about: str
    cites: str
    unit: str
    better: Literal["lower", "higher", "target"]
    train: bool = False
    costly: bool = False
    smooth: bool = False


def require(holds: bool, name: str, value: object, rule: str) -> None:
    """UserError where the value of a switch breaks its rule."""
    if not holds:
        raise types.UserError(f"--{name}={value}: must be {rule}")


def two_rows(*roles: Role) -> Callable[[Shape], str | None]:
    """`least` of a metric that needs two rows of each role."""

    def least(shape: Shape) -> str | None:
        return next((f"{role} needs at least 2 rows" for role in roles if shape.rows.get(role, 0) < 2), None)

    return least


def more_than(k: int) -> Callable[[Shape], str | None]:
    """`least` of a metric that needs k neighbours of each row of real and of fake."""

    def least(shape: Shape) -> str | None:
        few = [role for role in ("real", "fake") if shape.rows[role] < k + 1]
        return f"{few[0]} has {shape.rows[few[0]]} rows, fewer than k+1={k + 1}: lower --k" if few else None

    return least

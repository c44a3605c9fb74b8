"""1-nearest-neighbour fits (paper 000, section 2.2, on MNIST): a test item takes the class of the closest row."""

from collections.abc import Callable, Sequence

import numpy as np

from gan_probe import parallel
from gan_probe.diversity import fits, task
from gan_probe.ops import fold, layout, moments, nearest, stream

__all__ = ["learn"]


def learn(
    given: task.Task,
    wanted: Sequence[fits.Fit],
    left: Sequence[fits.Fit],
    done: Callable[[fits.Fit, fits.Outcome], None],
) -> None:
    """Finds the neighbours of every one of `left`, and tells `done` of each."""
    del wanted
    mesh = parallel.mesh()
    centre = moments.row_mean(given.embedded["train"].features)

    def lay_out(name: str, rows: np.ndarray) -> layout.Layout:
        features, hashes = given.embedded[name].features[rows], given.embedded[name].hashes[rows]
        blocks = np.zeros(len(rows), np.int32)
        return layout.lay_out(features, hashes, blocks, blocks=1, centre=centre, panel=2048, devices=mesh.size)

    truth = given.labels["real"]
    items = lay_out("real", np.arange(len(truth)))
    for fit in left:
        rows = np.unique(fit.rows)  # copies of a row have no say
        columns = lay_out(fit.source, rows)
        job = fold.Job(nearest.nearest(k=1))
        found = stream.stream(items, columns, [job], mesh=mesh)[0][0]
        correct = given.labels[fit.source][rows][found.indices[:, 0]] == truth
        done(fit, fits.Outcome(correct, float("nan"), 0, True))

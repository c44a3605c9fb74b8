"""Thin drivers, one a figure or table of the papers: `gan-probe reproduce ID`."""

from collections.abc import Mapping

from gan_probe.experiments import dynamics, embeddings, identities, likelihoods, parzen_windows, theorems
from gan_probe.experiments.experiment import Experiment

__all__ = ["EXPERIMENTS"]

EXPERIMENTS: Mapping[str, Experiment] = {
    "002-dynamics": dynamics.EXPERIMENT,
    "002-identities": identities.EXPERIMENT,
    "003-theorems": theorems.EXPERIMENT,
    "004-ais": likelihoods.EXPERIMENT,
    "004-embeddings": embeddings.EXPERIMENT,
    "004-parzen": parzen_windows.EXPERIMENT,
}

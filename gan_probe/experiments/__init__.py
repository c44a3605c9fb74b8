"""Thin drivers, one a figure or table of the papers: `gan-probe reproduce ID`."""

from collections.abc import Mapping

from gan_probe.experiments import (
    classifier,
    dynamics,
    embeddings,
    encoder,
    identities,
    interpolation,
    inversion,
    likelihoods,
    parzen_windows,
    spectrum,
    theorems,
    toy,
)
from gan_probe.experiments.experiment import Experiment

__all__ = ["EXPERIMENTS"]

EXPERIMENTS: Mapping[str, Experiment] = {
    "001-classifier": classifier.EXPERIMENT,
    "001-inversion": inversion.EXPERIMENT,
    "001-toy": toy.EXPERIMENT,
    "002-dynamics": dynamics.EXPERIMENT,
    "002-identities": identities.EXPERIMENT,
    "002-interpolation": interpolation.EXPERIMENT,
    "002-spectrum": spectrum.EXPERIMENT,
    "003-encoder": encoder.EXPERIMENT,
    "003-theorems": theorems.EXPERIMENT,
    "004-ais": likelihoods.EXPERIMENT,
    "004-embeddings": embeddings.EXPERIMENT,
    "004-parzen": parzen_windows.EXPERIMENT,
}

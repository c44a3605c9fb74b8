"""What `encoder` draws: the gaps that discriminators find, and the images of a memorising generator."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import figure, ticker

from gan_probe.experiments import experiment, figures, memorising_networks
from gan_probe.theory import memorising

__all__ = ["draw", "shown"]

_SHOWN = 10


def draw(
    tables: Mapping[str, experiment.Table],
    shown: Sequence[tuple[str, np.ndarray]],
    *,
    code: int,
    eps: float,
) -> figure.Figure:
    """Gaps against m, how far values lie from their mean, and images, with noises of `code` pixels."""
    sheet = figure.Figure(figsize=(11, 7.5), layout="constrained")
    places = sheet.subplot_mosaic([["gap", "tail"], ["images", "images"]], height_ratios=[3, 2])
    gap, tail = places["gap"], places["tail"]
    for colour, p in enumerate(dict.fromkeys(row[0] for row in tables["gap"].rows)):
        m, law, *ends = figures.columns(tables["gap"], p)
        for between, style in (("the laws", "-"), ("m samples of each", ":")):
            here = law == between
            figures.bars(gap, m[here], [x[here] for x in ends], fmt="o", ls=style, ms=3, capsize=2, color=f"C{colour}",
                         label=f"p = {p:,}" if style == "-" else None)  # fmt: skip
    gap.axhline(eps, color="black", ls="--", lw=0.8, label=f"eps = {eps:g}")
    gap.set(title="gap that discriminators of p parameters find (dotted: on m images and m codes)", ylabel="gap",
            xscale="log", yscale="log", ylim=(1e-3, 3))  # fmt: skip
    m, *ends, bound = figures.columns(tables["tail"])
    figures.bars(tail, m, ends, fmt="o-", ms=3, capsize=2, label="simulated")
    tail.plot(m, bound, "--", color="black", label="at most (McDiarmid)")
    tail.set(title=f"share of generators whose value before one D is further than {eps:g} from its mean", xscale="log")
    for axes in (gap, tail):
        axes.set_xticks(m, [f"{x:,.0f}" for x in m])
        axes.xaxis.set_minor_formatter(ticker.NullFormatter())
        axes.set_xlabel("images of the generator, m")
        axes.legend()
    title = f"data, {code} pixels of each noise; two samples from each of {_SHOWN} blocks of codes"
    figures.images(places["images"], shown, title)
    return sheet


def shown(
    data: memorising_networks.Data, built: memorising_networks.Built, *, side: int
) -> Sequence[tuple[str, np.ndarray]]:
    """Noised data, and the generator's images for two codes from each of some blocks; of `side` pixels."""
    rng = data.rng(10)
    block = rng.permutation(len(built.memorised))[:_SHOWN]
    made = memorising.apply(built.generator, data.in_blocks(rng, np.tile(block, 2), built.parts, within=0.9))
    noised = memorising.noised(data.images[-_SHOWN:], data.codes(rng, _SHOWN))
    lines = (np.concatenate([noised, made]).reshape(3, _SHOWN, side, side, -1) + 1) / 2
    return list(zip(("x ⊛ z", "G(z)", "G(z'), same block"), lines, strict=True))

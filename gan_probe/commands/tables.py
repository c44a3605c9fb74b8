"""gan-probe list: what the tables of the package hold."""

import textwrap
from collections.abc import Callable, Mapping

from absl import flags

from gan_probe import types
from gan_probe.commands import command

__all__ = ["COMMAND"]


def _list(values: flags.FlagValues, words: list[str], line: str) -> None:
    del values, line
    from gan_probe import embed, gans, metrics, sets
    from gan_probe.classifiers import recipes, solved
    from gan_probe.experiments import EXPERIMENTS

    tables: Mapping[str, Callable[[], list[tuple[str, str]]]] = {
        "metrics": lambda: [(n, make().about) for n, make in metrics.METRICS.items()],
        "embeddings": lambda: (
            [(m.example, m.description) for m in embed.EMBEDDINGS.values()]
            + [("module:function", "your own map of uint8 images [b, h, w, c] to features [b, d]")]
        ),
        "classifiers": lambda: [
            (
                name,
                "the optimum of a convex loss, computed"
                if name == solved.NAME
                else f"{r.optimizer}, rate {r.rate:g}, batch {r.batch}, at most {r.epochs} epochs",
            )
            for name, r in recipes.CLASSIFIERS.items()
        ],
        "gans": lambda: [(name, system.about) for name, system in gans.GANS.items()],
        "experiments": lambda: [
            (name, f"{e.about} (paper {e.paper}, {e.place}; {_minutes(e.minutes)})") for name, e in EXPERIMENTS.items()
        ],
        "data": lambda: [(k.example, k.description) for k in sets.SOURCES.values()],
    }
    for word in words or tables:
        if word not in tables:
            raise types.UserError(f"list {word}: unknown{types.hint(word, tables)}; one of {', '.join(tables)}")
        print(f"{word}\n")
        for name, about in tables[word]():
            if len(name) > 22:
                print(f"  {name}")
                name = ""
            print(textwrap.fill(f"{name:22} {about}", 80, initial_indent="  ", subsequent_indent=" " * 25))
        print()


def _minutes(minutes: Mapping[str, float]) -> str:
    return ", ".join(f"{preset} {m:g} min" for preset, m in minutes.items())


COMMAND = command.Command(
    "what there is: metrics, embeddings, classifiers, gans, experiments, data",
    "gan-probe list [metrics|embeddings|classifiers|gans|experiments|data]",
    lambda values: None,
    _list,
)

"""gan-probe diversity: train on synthetic, test on real."""

import functools
import pathlib

from absl import flags

from gan_probe import types
from gan_probe.commands import command

__all__ = ["COMMAND"]


def _define(values: flags.FlagValues) -> None:
    text, whole = functools.partial(command.text, values), functools.partial(command.whole, values)
    text("train", None, "labelled real data (SRC); its random subsets make the true curve")
    text("real", None, "labelled held-out real data (SRC); every classifier is tested on it")
    flags.DEFINE_multi_string(
        "fake", None, "generated samples, [NAME=]SRC; with labels, or labelled by the annotator", flag_values=values
    )
    text("out", None, "folder for diversity.json, diversity.html and every finished fit")
    text("arch", "linear", "linear, nearest (1-NN), or a network of gan-probe list classifiers, such as resnet32")
    text(
        "annotator", None, "run of gan-probe classify that labels unlabelled fakes; a linear model of train by default"
    )
    text("embed", None, "what linear and nearest see: pixels, pca:K, features, prelogits:RUN, module:function")
    whole("repeats", None, "random subsets of each size [10; networks 3]", lower_bound=1)
    text("oversample", "1,10", "sizes of the synthetic training sets, as multiples of train")
    for name, about in (
        ("fresh", "also a network that sees new samples in every epoch (paper 001)"),
        ("balance", "equal numbers of all classes in train and real, chosen at random (paper 000)"),
        ("resume", "go on with a run that was stopped"),
    ):
        flags.DEFINE_boolean(name, False, about, flag_values=values)
    flags.DEFINE_float("ridge", 5e-5, "linear: strength of the penalty, features of mean squared norm 1, in nats",
                       flag_values=values)  # fmt: skip
    text("recipe", None, command.RECIPE)
    command.define_images(values)
    whole("seed", 0, "of subsets, initial weights and orders", lower_bound=0, upper_bound=2**31)
    flags.DEFINE_float(
        "memory_gb", 4.0, "memory for features and solvers", lower_bound=0.1, upper_bound=1e6, flag_values=values
    )


def _run(values: flags.FlagValues, words: list[str], line: str) -> None:
    command.no_words(words)
    command.required(
        values, "diversity", train="labelled real data (SRC)", real="labelled held-out real data (SRC)",
        fake="generated samples, [NAME=]SRC", out="the folder of the run",
    )  # fmt: skip
    try:
        oversample = [int(part) for part in values.oversample.split(",")]
    except ValueError:
        raise types.UserError(f"--oversample={values.oversample}: give whole numbers with commas, as 1,10") from None

    from gan_probe import diversity
    from gan_probe.classifiers import recipes
    from gan_probe.report import diversity as report

    recipe = recipes.changed(values.arch, values.recipe) if values.recipe else None
    if values.embed:
        command.find_own_modules()
    out = pathlib.Path(values.out)
    results = diversity.diversity(
        train=values.train, real=values.real, fake=command.named(values.fake), out=out, arch=values.arch,
        annotator=values.annotator, embed=values.embed, repeats=values.repeats, oversample=oversample,
        fresh=values.fresh, balance=values.balance, ridge=values.ridge, recipe=recipe, seed=values.seed,
        **command.images(values), memory_gb=values.memory_gb, resume=values.resume, command=line,
        progress=command.progress,
    )  # fmt: skip
    for name, given in results["inputs"].items():
        for note in given["notes"]:
            if note.startswith("warning: "):
                command.say(f"{name}: {note}")
    report.write(out, results)
    print(report.summary(results, out), end="")


COMMAND = command.Command(
    "train on synthetic, test on real: how many real images samples are worth",
    """gan-probe diversity --train=SRC --real=SRC --fake=[NAME=]SRC --out=DIR [--arch=linear|nearest|resnet32|mlp|...]

Classifiers are trained on random subsets of train, down-sampled by 1, 2, 4, .. 4096, and on as many samples of each
fake (and 10 times as many); all are tested on real. Where a fake's accuracy meets the curve of the subsets, so many
real images it is worth, with a 95 % interval. Labels of samples: their own, else --annotator's.

  gan-probe diversity --train=digits/train --real=digits/real --fake=digits/lowsupport --out=runs/worth
  gan-probe diversity --train=tfds:mnist/train --real=tfds:mnist/test --fake=gan=samples.npz --out=runs/mnist
  gan-probe diversity --train='celeba/img[0:6000]' --real='celeba/img[6000:8000]' --fake=gan=samples.npz \\
      --label=Smiling --crop=108 --resize=64 --balance --out=runs/smiling --resume""",
    _define,
    _run,
)

"""gan-probe classify: train a classifier to convergence."""

import functools
import pathlib

from absl import flags

from gan_probe.commands import command

__all__ = ["COMMAND"]

_LISTED = 20  # most classes whose accuracy is printed; accuracy.json has all


def _define(values: flags.FlagValues) -> None:
    text, whole = functools.partial(command.text, values), functools.partial(command.whole, values)
    text("arch", "mnist_cnn", "network; see gan-probe list classifiers")
    text("data", None, "labelled images to train on (SRC)")
    text("real", None, "labelled held-out images that tell the accuracy (SRC); no part in training")
    text("out", None, "folder of the run: run.json and checkpoints")
    command.define_images(values)
    text("recipe", None, command.RECIPE)
    whole("seed", 0, "of the validation split, initial weights and order of rows", lower_bound=0, upper_bound=2**31 - 1)
    flags.DEFINE_boolean("resume", False, "go on with a run that was stopped", flag_values=values)


def _run(values: flags.FlagValues, words: list[str], line: str) -> None:
    del line
    command.no_words(words)
    command.required(values, "classify", data="labelled images to train on (SRC)", out="the folder of the run")
    from gan_probe import annotation, sets
    from gan_probe.classifiers import recipes, solved

    recipe = recipes.changed(values.arch, values.recipe) if values.recipe else None
    given = {"data": values.data} if values.real is None else {"data": values.data, "real": values.real}
    opened = {
        name: sets.opened(src, name=name, seed=values.seed, **command.images(values)) for name, src in given.items()
    }
    trained, found = annotation.classify(
        pathlib.Path(values.out), values.arch, opened["data"], opened.get("real"), seed=values.seed,
        resume=values.resume, recipe=recipe, progress=command.progress,
        report=lambda e: print(
            f"epoch {e.epoch:3}  rate {e.rate:.0e}  train loss {e.train_loss:.4f}  validation loss {e.loss:.4f}  "
            f"accuracy {e.accuracy:.2%}",
            flush=True,
        ),
    )  # fmt: skip
    if found is not None:
        low, high = found["ci95"]
        print(f"accuracy on {values.real}: {found['value']:.2%} [{low:.2%}, {high:.2%}] (Wilson)")
        for name, one in zip(found["classes"], found["per_class"], strict=True):
            if one["n"] and len(found["classes"]) <= _LISTED:
                print(f"  {name}: {one['value']:.2%} [{one['ci95'][0]:.2%}, {one['ci95'][1]:.2%}] of {one['n']}")
    if not trained.converged and trained.arch != solved.NAME:
        command.say(
            f"{values.out}: training ended at its limit of {trained.epochs} epochs, before the loss stopped falling; "
            "more of them (--recipe=epochs=N) may do better"
        )
    print(f"The run: {values.out}; use it with --embed=logits:{values.out} or prelogits:{values.out}")


COMMAND = command.Command(
    "train a classifier on labelled images, to label and embed others",
    """gan-probe classify --data=SRC --out=DIR [--arch=NAME] [--real=SRC] [--resume]

Trains to convergence: no augmentation, a falling rate, and a tenth of the rows held out (by content) that says when to
stop; --real only tells the accuracy at the end. A checkpoint an epoch; --resume goes on bit for bit.

  gan-probe classify --arch=mnist_cnn --data=tfds:mnist/train --real=tfds:mnist/test --out=runs/mnist
  gan-probe evaluate --real=tfds:mnist/test --fake=samples.npz --embed=prelogits:runs/mnist""",
    _define,
    _run,
)

"""gan-probe modes: a trained annotator counts the classes of every set."""

import pathlib

from absl import flags

from gan_probe.commands import command

__all__ = ["COMMAND"]


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_multi_string(
        "annotator", None, "run of gan-probe classify; several of different attributes are combined", flag_values=values
    )
    command.text(values, "real", None, "held-out real images (SRC); their labels, where given, measure the annotator")
    flags.DEFINE_multi_string(
        "fake",
        None,
        "generated samples, [NAME=]SRC; names NAME@STEP, or the folder of a run, are a curve over training",
        flag_values=values,
    )
    command.text(values, "out", "gan-probe-modes", "folder for modes.json and modes.html")
    command.define_images(values)
    command.whole(values, "seed", 0, "of embedded draws and of the examples shown", lower_bound=0)


def _run(values: flags.FlagValues, words: list[str], line: str) -> None:
    command.no_words(words)
    command.required(
        values, "modes", annotator="the run of a classifier", real="held-out real images (SRC)",
        fake="generated samples, [NAME=]SRC",
    )  # fmt: skip
    fakes = command.named(values.fake)
    from gan_probe import modes
    from gan_probe.report import files, modes_page, modes_summary

    out = pathlib.Path(values.out)
    files.check_out(out, files.MODES)
    found, pictures = modes.compared(
        annotator=values.annotator, real=values.real, fake=fakes, seed=values.seed, **command.images(values),
        command=line, progress=command.progress,
    )  # fmt: skip
    for name, about in found["inputs"].items():
        for note in about["notes"]:
            if note.startswith("warning: "):
                command.say(f"{name}: {note}")
    if (out / files.MODES).exists():
        command.say(f"{out}: the report in it will be replaced")
    modes_page.write(out, found, pictures)
    print(modes_summary.summary(found, out))


COMMAND = command.Command(
    "class histograms: a trained annotator counts what each set holds",
    """gan-probe modes --annotator=RUN --real=SRC --fake=[NAME=]SRC [--out=DIR]

The annotator, a run of gan-probe classify, names the class of every image. Class fractions are compared with real's as
annotated and corrected for the annotator's confusion matrix, which is measured on real's labels (or, without them, on
the held-out images that classify --real was given). Several annotators of binary attributes are combined into the
classes that they make together. Where a fake has labels, the share of right ones is told.

  gan-probe classify --arch=linear --data=tfds:mnist/train --real=tfds:mnist/test --out=runs/mnist
  gan-probe modes --annotator=runs/mnist --real=tfds:mnist/test --fake=samples.npz
  gan-probe modes --annotator=runs/mnist --real=tfds:mnist/test --fake=gan@1000=a.npz --fake=gan@2000=b.npz
  gan-probe modes --annotator=runs/mnist --real=tfds:mnist/test --fake=runs/gan
  gan-probe modes --annotator=runs/smiling --annotator=runs/male --label=Smiling,Male \\
      --real='img_align_celeba[5000:6500]' --crop=108 --resize=64 --fake=samples.npz""",
    _define,
    _run,
)

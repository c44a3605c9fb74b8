"""gan-probe report and compare: pages from report folders that stand."""

import contextlib
import pathlib
from collections.abc import Iterator

from absl import flags

from gan_probe import types, whole_file
from gan_probe.commands import command

__all__ = ["COMPARE", "REPORT"]


def _report(values: flags.FlagValues, words: list[str], line: str) -> None:
    del values, line
    if len(words) != 1:
        raise types.UserError("give one folder that gan-probe evaluate wrote: gan-probe report DIR")
    from gan_probe import metrics
    from gan_probe.report import files, summary

    out = pathlib.Path(words[0])
    results, pictures = files.read(out)
    with _reports_of_others():
        files.write(out, results, pictures, explain={n: make().about for n, make in metrics.METRICS.items()})
        print(summary.summary(results, out))


@contextlib.contextmanager
def _reports_of_others() -> Iterator[None]:
    """A results.json that was edited, or that another program wrote, may lack or mistype anything."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise types.UserError(f"results.json is not as gan-probe writes it ({reason}); evaluate again") from error


def _define_compare(values: flags.FlagValues) -> None:
    flags.DEFINE_string("out", "gan-probe-compare.html", "the page to write", flag_values=values)


def _compare(values: flags.FlagValues, words: list[str], line: str) -> None:
    del line
    if len(words) < 2:
        raise types.UserError("give two folders or more: gan-probe compare DIR DIR")
    from gan_probe.report import compare

    with _reports_of_others():
        page = compare.compare([pathlib.Path(w) for w in words])
    out = pathlib.Path(values.out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        whole_file.put(out, page.encode("utf-8", "replace"))
    except OSError as error:
        raise types.UserError(f"{out}: cannot be written ({error.strerror}); give --out another path") from error
    print(f"The page: {out}")


REPORT = command.Command("rebuild the page of a report folder", "gan-probe report DIR", lambda values: None, _report)
COMPARE = command.Command("one page over several reports", "gan-probe compare DIR DIR ...", _define_compare, _compare)

"""report.html: one file, no network, no script. The data come from page_data, the layout from templates/."""

import pathlib
from collections.abc import Mapping
from typing import Any

import jinja2
import numpy as np

from gan_probe.report import page_data

__all__ = ["page", "render"]


def page(results: Mapping[str, Any], pictures: Mapping[str, np.ndarray], explain: Mapping[str, str]) -> str:
    """The page of one run.

    Args:
      results: the content of results.json.
      pictures: as for `files.write`; empty when the sets are features.
      explain: how to read each metric, a sentence by metric name.

    Returns:
      A self-contained HTML document.
    """
    return render("report.html.j2", explain=explain, **page_data.page_data(results, pictures))


def render(template: str, **data: Any) -> str:
    """A template of `templates/` filled with data, everything escaped that is not marked safe there."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(pathlib.Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**data)

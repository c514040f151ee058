"""Templates: every page of the report, and of `make compare`, is filled in here.

A page is one file: style and script are in it, and its policy lets a browser load nothing else. The script only adds
buttons (copy, sort, filter) and opens what is folded before printing; without it everything is readable.
"""

from __future__ import annotations

import base64
import hashlib
import platform
import re
from collections.abc import Collection
from importlib import metadata
from pathlib import Path
from typing import Any

from pipeline.common.errors import escaped
from pipeline.report.wording import baseline, number, score, thousands

FOLDER = Path(__file__).parent
_PACKAGES = (
    "keras",
    "tensorflow",
    "jax",
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "pyarrow",
    "statsmodels",
    "arch",
    "jinja2",
    "dvc",
    "snakemake",
)
_BACKENDS = ("tensorflow", "jax")


def fill(template: Path, style: str = "", script: str = "", **shown: Any) -> str:
    """Render a template; everything that it does not mark `safe` is escaped.

    A template in another folder can use the report's macros and layout; its style follows the report's.

    Args:
        template: The file.
        style: CSS that follows that of all pages.
        script: JavaScript that follows that of all pages.
        shown: What the template names.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folders = list(dict.fromkeys([FOLDER, template.parent]))
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    filters = {
        "number": number,
        "score": score,
        "thousands": thousands,
        "baseline": baseline,
        "code": code,
        "breakable": breakable,
    }
    environment.filters.update(filters)
    script = (FOLDER / "script.js").read_text(encoding="utf-8") + script
    environment.globals |= {
        "style": "\n".join([*((folder / "style.css").read_text(encoding="utf-8") for folder in folders), style]),
        "script": script,
        "policy": policy(script),
    }
    return environment.get_template(template.name).render(**shown)


def policy(script: str) -> str:
    """Return the content security policy of a page: nothing from outside, and no script but this one."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def versions(backends: Collection[str]) -> list[tuple[str, str]]:
    """Return name and version of Python and of the libraries behind the numbers.

    Args:
        backends: Those on which the networks were trained; the versions of others are left out.
    """
    result = [("python", platform.python_version())]
    for package in _PACKAGES:
        if package in _BACKENDS and package not in backends:
            continue
        try:
            result.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    return result


def code(text: str) -> Any:
    """Return the text, escaped, with everything in backticks set as code."""
    from markupsafe import Markup, escape

    shown = str(escape(_shown(text)))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", shown))  # noqa: S704 - escaped just before


def breakable(name: str) -> Any:
    """Return a name, escaped, with a possible line break after each underscore."""
    from markupsafe import Markup, escape

    return Markup(str(escape(_shown(name))).replace("_", "_<wbr>"))  # noqa: S704 - escaped just before


def _shown(value: Any) -> Any:
    """Return a value for a page; in text, characters that would act on the text around them are written out."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return "\n".join(map(escaped, value.split("\n")))

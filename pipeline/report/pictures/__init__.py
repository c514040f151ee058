"""The pictures of the report, by kind: pure functions from what a stage measured to `Picture`.

Their colours and their size on narrow screens are in `STYLE`, what they do under the pointer in `SCRIPT`; a page
carries both once. Without the script, and in print, the pictures are what they are.
"""

from pathlib import Path

from pipeline.report.pictures.classes import confusion, reliability
from pipeline.report.pictures.findings import for_finding
from pipeline.report.pictures.rows import missing_cell, parts
from pipeline.report.pictures.skills import controls, references
from pipeline.report.pictures.svg import Picture
from pipeline.report.pictures.training import curves, range_test
from pipeline.report.pictures.windows import predictions, residuals, scatter

STYLE = (Path(__file__).parent / "pictures.css").read_text(encoding="utf-8")
SCRIPT = (Path(__file__).parent / "pictures.js").read_text(encoding="utf-8")

__all__ = [
    "SCRIPT",
    "STYLE",
    "Picture",
    "confusion",
    "controls",
    "curves",
    "for_finding",
    "missing_cell",
    "parts",
    "predictions",
    "range_test",
    "references",
    "reliability",
    "residuals",
    "scatter",
]

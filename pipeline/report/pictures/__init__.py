"""The pictures of the report, by kind: pure functions from what a stage measured to SVG."""

from pipeline.report.pictures.rows import split
from pipeline.report.pictures.training import curves
from pipeline.report.pictures.windows import stretch

__all__ = ["curves", "split", "stretch"]

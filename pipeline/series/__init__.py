"""Series of rows: their form, their settings, and how to read them from a source."""

from pipeline.series.random_streams import autoregress, streams
from pipeline.series.series import ORACLE, Series, select
from pipeline.series.settings import SettingError, check_names, counted, listing, number, whole_number

__all__ = [
    "ORACLE",
    "Series",
    "SettingError",
    "autoregress",
    "check_names",
    "counted",
    "listing",
    "number",
    "select",
    "streams",
    "whole_number",
]

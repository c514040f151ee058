"""How the report writes numbers, names and lists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pipeline.common import yaml_text

_BASELINES = {
    "persistence": "persistence",
    "train_mean": "train mean",
    "seasonal_naive": "seasonal naive",
    "drift": "drift",
    "window_average": "window average",
    "ridge": "ridge",
    "ridge_last": "ridge, less the last row",
    "majority": "majority class",
    "logistic": "logistic regression",
    "logistic_last": "logistic regression, less the last row",
    "trees": "boosted trees",
    "theta": "Theta",
    "ets": "ETS",
}

METRICS = {
    "r2": "R²",
    "mse": "MSE",
    "mae": "MAE",
    "rmse": "RMSE",
    "mase": "MASE",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "log_loss": "Log loss",
    "brier": "Brier",
    "mcc": "MCC",
}
# Metrics of which 1 is the best: as small as 0.0001 they say no more than 0. Losses have units, and may be that small.
_OF_ONE = ("r2", "accuracy", "balanced_accuracy", "mcc")
_LEAST_SKILL = -1000
# Numbers with more digits before the point get an exponent.
_DIGITS = 9


def baseline(name: str) -> str:
    """Return the display name of a baseline."""
    return _BASELINES.get(name, name)


def metric(name: str) -> str:
    """Return the display name of a metric."""
    return METRICS.get(name, name)


def number(value: float | None, digits: int = 3) -> str:
    """Format with `digits` significant digits, without an exponent where possible; None is `NaN`."""
    if value is None:
        return "NaN"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size < -4 or size >= _DIGITS:
        text = f"{value:.{digits - 1}e}"
    elif size >= digits:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.{max(digits - 1 - size, 0)}f}"
    return text.replace("-", "−")


def short_score(value: float | None) -> str:
    """Format a score as a person reads it: two decimals, three where it is nearly 1; None is `NaN`."""
    if value is None:
        return "NaN"
    if value < _LEAST_SKILL:
        return skill(value)
    size = abs(value)
    text = f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"
    if 0.99 <= size < 1:
        text = f"{math.copysign(min(size, 0.999), value):.3f}"
    return (text.lstrip("-") if not float(text.replace(",", "")) else text).replace("-", "−")


def code_title(code: str) -> str:
    """Return the code of a finding as a title: `too_few_updates` is `Too few updates`."""
    return code.replace("_", " ").capitalize()


def plain(value: Any) -> str:
    """Format a number of a finding's evidence for a sentence, with three digits at most; as `quantity` otherwise."""
    if isinstance(value, float) and 1e-4 <= abs(value) < 1000:
        return f"{value:.3g}".replace("-", "−")
    return quantity(value)


def score(value: float | None, metric: str = "r2") -> str:
    """Format a score; a dash if it is missing. Near 0 one of which 1 is the best has four decimals: −0.0001, 0.0000."""
    if value is None:
        return "–"
    return _near_zero(value) if metric in _OF_ONE and 0 < abs(value) < 0.001 else number(value)


def _near_zero(value: float) -> str:
    text = f"{value:.4f}"
    return text.replace("-", "−" if float(text) else "")


def thousands(value: float | None) -> str:
    """Format as a whole number with thousands separators."""
    return "–" if value is None else f"{value:,.0f}"


def count_range(counts: Sequence[int]) -> str:
    """Return the smallest and the largest count, or one number if they are equal; a dash if there is none."""
    if not counts:
        return "–"
    low, high = thousands(min(counts)), thousands(max(counts))
    return low if low == high else f"{low} to {high}"


def score_range(values: Sequence[float | None], digits: int = 3, metric: str | None = None) -> str:
    """Return the smallest and the largest score, and how many are NaN; as `score` if the metric is named."""
    finite = [value for value in values if value is not None]
    if not finite:
        return "NaN"
    low, high = (score(end, metric) if metric else number(end, digits) for end in (min(finite), max(finite)))
    text = low if low == high else f"{low} to {high}"
    return text if len(finite) == len(values) else f"{text}; {len(values) - len(finite)} of {len(values)} NaN"


def signed(value: float | None) -> str:
    """Format with three significant digits and an explicit plus."""
    return ("+" if value is not None and value > 0 else "") + number(value)


def skill(value: float | None) -> str:
    """Format with three decimals, near 0 with four; below -1,000 a skill is cut, for its digits say nothing."""
    if value is None:
        return "–"
    if value < _LEAST_SKILL:
        return f"below {_LEAST_SKILL:,}".replace("-", "−")
    if 0 < abs(value) < 0.001:
        return _near_zero(value)
    return (f"{value:.3f}" if abs(value) < 10 else number(value)).replace("-", "−")


def interval(low: float | None, high: float | None) -> str:
    """Format an interval, or a dash if an end is unknown."""
    return "–" if low is None or high is None else f"{number(low)} to {number(high)}"


def skills(low: float | None, high: float | None) -> str:
    """Format an interval of a skill; its ends may be unknown."""
    if low is None and high is None:
        return "–"
    if low is None:
        return f"up to {skill(high)}"
    if high is not None and high < _LEAST_SKILL:
        return f"all {skill(high)}"
    return f"{skill(low)} to {skill(high)}"


def percent(share: float | None, digits: int = 0) -> str:
    """Format a share as a percentage."""
    return "–" if share is None else f"{100 * share:.{digits}f} %".replace("-", "−")


def p_value(value: float | None) -> str:
    """Format a p-value with three decimals."""
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def joined(words: Sequence[str]) -> str:
    """Return `a, b and c`."""
    return " and ".join([*([", ".join(words[:-1])] if len(words) > 1 else []), *words[-1:]])


def setting(value: Any) -> str:
    """Return a parameter's value as params.yaml writes it, on one line."""
    return yaml_text.dump(value)


def quantity(value: Any) -> str:
    """Format a number, a name or a list of them; integers in full, since they may be row numbers."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return thousands(value).replace("-", "−")
    if isinstance(value, float) and 1e-4 <= abs(value) < 1e4:
        return f"{value:.4g}".replace("-", "−")
    if isinstance(value, float) or value is None:
        return number(value, 4)
    if isinstance(value, dict):
        return ", ".join(f"{str(key).replace('_', ' ')} {quantity(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(quantity(item) for item in value) or "none"
    return str(value)


def address(url: str | None) -> str:
    """Return the URL if it is http(s), else an empty string, so that no other scheme becomes a link."""
    return url if url and url.startswith(("https://", "http://")) else ""

"""Numbers and names as the report writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from pipeline.report.symptoms import number

_BASELINES = {
    "persistence": "persistence",
    "train_mean": "train mean",
    "seasonal_naive": "seasonal naive",
    "ridge": "ridge",
    "majority": "majority class",
    "logistic": "logistic regression",
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
_LEAST = -1000

__all__ = [
    "METRICS",
    "address",
    "baseline",
    "interval",
    "joined",
    "metric",
    "number",
    "p_value",
    "percent",
    "quantity",
    "setting",
    "signed",
    "skill",
    "skills",
    "thousands",
]


def baseline(name: str) -> str:
    return _BASELINES.get(name, name)


def metric(name: str) -> str:
    return METRICS.get(name, name)


def thousands(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def signed(value: float | None) -> str:
    """Three significant digits, with a plus where there is no minus."""
    return ("+" if value is not None and value > 0 else "") + number(value)


def skill(value: float | None) -> str:
    """Three decimals; beside a nearly perfect baseline a skill is a huge negative number whose digits say nothing."""
    if value is None:
        return "–"
    if value < _LEAST:
        return f"below {_LEAST:,}".replace("-", "−")
    return (f"{value:.3f}" if abs(value) < 10 else number(value)).replace("-", "−")


def interval(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{number(low)} to {number(high)}"


def skills(low: float | None, high: float | None) -> str:
    """An interval of a skill; its ends may be unknown."""
    if low is None and high is None:
        return "–"
    if low is None:
        return f"up to {skill(high)}"
    if high is not None and high < _LEAST:
        return f"all {skill(high)}"
    return f"{skill(low)} to {skill(high)}"


def percent(share: float | None, digits: int = 0) -> str:
    return "–" if share is None else f"{100 * share:.{digits}f} %".replace("-", "−")


def p_value(value: float | None) -> str:
    """A probability; below a thousandth its size says nothing that a reader could use."""
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def joined(words: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([*([", ".join(words[:-1])] if len(words) > 1 else []), *words[-1:]])


def setting(value: Any) -> str:
    """A parameter's value as params.yaml writes it, on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6)
    return text.removesuffix("...\n").strip()


def quantity(value: Any) -> str:
    """A number, a name or a list of them; whole numbers in full, for they may be the number of a row."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return thousands(value).replace("-", "−")
    if isinstance(value, float) and 1e-4 <= abs(value) < 1e4:
        return f"{value:.4g}".replace("-", "−")
    if isinstance(value, float) or value is None:
        return number(value, 4)
    if isinstance(value, dict):
        return ", ".join(f"{str(key).replace('_', ' ')} {quantity(one)}" for key, one in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(quantity(one) for one in value) or "none"
    return str(value)


def address(url: str | None) -> str:
    """The address if it is one of the web, else nothing: no other kind becomes a link."""
    return url if url and url.startswith(("https://", "http://")) else ""

"""A skill and its interval as a small picture for a cell of the leaderboard; the numbers stand beside it as text."""

from __future__ import annotations

# In pixels; the scale leads from -1 (left) over 0 to 1 (right), and what lies beyond is cut at an arrow.
_WIDTH, _HEIGHT, _EDGE = 96, 14, 6


def drawn(skill: float | None, low: float | None, high: float | None) -> str:
    """Return the picture as an `<svg>` element; empty without a skill.

    Args:
        skill: 1 - loss / the baseline's loss; None if there is none.
        low: Lower end of the interval, or None.
        high: Upper end of the interval, or None.
    """
    if skill is None:
        return ""
    middle, centre = _HEIGHT / 2, _WIDTH / 2
    parts = [f'<path class="zero" d="M{centre:g} 1V{_HEIGHT - 1}"/>']
    if low is not None and high is not None:
        parts.append(f'<path class="range" d="M{_at(low):g} {middle:g}H{_at(high):g}"/>')
    if low is not None and low < -1:
        parts.append(_arrow(_EDGE, -1))
    if high is not None and high > 1:
        parts.append(_arrow(_WIDTH - _EDGE, 1))
    beyond = abs(skill) > 1
    parts.append(
        _arrow(_at(skill), 1 if skill > 0 else -1, "dot")
        if beyond
        else f'<circle class="dot" cx="{_at(skill):g}" cy="{middle:g}" r="3"/>'
    )
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return f'<svg class="interval" {size} aria-hidden="true">{"".join(parts)}</svg>'


def _at(value: float) -> float:
    """Return the place of a skill, in pixels, rounded to tenths."""
    share = (min(max(value, -1.0), 1.0) + 1) / 2
    return round(_EDGE + share * (_WIDTH - 2 * _EDGE), 1)


def _arrow(at: float, side: int, kind: str = "range") -> str:
    middle = _HEIGHT / 2
    return f'<path class="{kind} full" d="M{at + 5 * side:g} {middle:g}L{at:g} {middle - 3:g}V{middle + 3:g}Z"/>'

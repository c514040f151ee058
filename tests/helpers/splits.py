"""Random settings of `split`, for hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st


@st.composite
def drawn(draw: st.DrawFn) -> tuple[dict[str, Any], int]:
    scheme = draw(st.sampled_from(["holdout", "expanding", "sliding"]))
    rows = draw(st.integers(30, 400))
    chosen: dict[str, Any] = {
        "scheme": scheme,
        "gap": draw(st.integers(0, 12)),
        "policy": draw(st.sampled_from(["strict", "carry"])),
    }
    if scheme == "holdout":
        chosen |= {"test": draw(st.floats(0.05, 0.5)), "validation": draw(st.floats(0.05, 0.4))}
    else:
        chosen |= {
            "folds": draw(st.integers(1, 4)),
            "test_size": draw(st.integers(1, 20)),
            "validation_size": draw(st.integers(0, 20)),
        }
        if scheme == "sliding":
            chosen["train_size"] = draw(st.integers(1, 40))
    return chosen, rows

"""Small parts made by hand."""

import numpy as np

from pipeline import dataset
from pipeline.dataset import labels, windowing


def make_part(
    values,
    *,
    length,
    horizon=1,
    kind="value",
    of="value",
    name="train",
    first_row=0,
    period=None,
    thresholds=None,
    center=0.0,
    scale=1.0,
    oracle=None,
    score_units="original",
    sequence_length=None,
    stride=1,
):
    """Make a part of one column, feature and target at once; `oracle` is (distribution, degrees, location, scale)."""
    series = np.asarray(values, dtype=float)
    columns = ["x"]
    rows = series[:, None]
    if oracle is not None:
        columns += ["oracle_location", "oracle_scale"]
        rows = np.column_stack([series, *(np.broadcast_to(o, series.shape) for o in oracle[2:])])
    target = {"kind": kind, "of": of}
    classes = len(thresholds) + 1 if kind == "label" else labels.count({"kind": kind}, None)
    ahead = windowing.rows_ahead({"target": target, "horizon": horizon})
    intervals = [(0, len(series))]
    if sequence_length:
        intervals = [(at, at + sequence_length) for at in range(0, len(series), sequence_length)]
    start = windowing.starts(intervals, length, ahead, stride)
    targets = windowing.label(windowing.quantity(rows, start, length, horizon, target, 0), kind, thresholds)
    inside = np.stack([series[at : at + length] for at in start]) if len(start) else np.zeros((0, length))
    first_rows = np.arange(len(series)) + first_row
    table = {"start": start, "row": first_rows[start + length - (0 if ahead else 1)]}
    table |= {f"target_{h}": targets[:, h].copy() for h in range(targets.shape[1])}
    table |= {"last": inside[:, -1].copy(), "mean": inside.mean(axis=1), "spread": inside.std(axis=1)}
    if not horizon:
        table |= dict.fromkeys(("last", "mean", "spread"), np.full(len(start), np.nan))
    level = not classes
    spec = dataset.Spec(
        length=length,
        horizon=horizon,
        features=["x"],
        target=target,
        classes=classes,
        outputs=classes if classes and classes > 2 else targets.shape[1],
        columns=columns,
        target_column=0,
        thresholds=thresholds,
        shares=None,
        period=period,
        sequence_length=sequence_length,
        oracle={"distribution": oracle[0], "degrees": oracle[1]} if oracle else None,
        scaling={"features": "standard", "target": "standard", "window": "none"},
        target_center=center if level else 0.0,
        target_scale=scale if level else 1.0,
        score_units=score_units,
        stride={"train": stride, "evaluation": stride},
        first_rows=first_rows,
    )
    return dataset.Part(name, rows, ((series - center) / scale).astype(np.float32)[:, None], table, spec)

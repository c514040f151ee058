"""Experiments whose rows, windows or targets are wrong, each from a random seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.corpus.bases import Rows, change, mix, own, price_, season, sign, sunspots
from benchmarks.workshop import Work


def rows(work: Work) -> Rows:
    """Return a copy of the columns."""
    return {name: column.copy() for name, column in (work.rows or {}).items()}


def with_rows(work: Work, changed: Rows, **changes: object) -> Work:
    """Return the work with other rows and the same features."""
    return change(work, rows=changed, **changes)


def with_features(work: Work, names: list[str], **changes: object) -> Work:
    """Return the work with these features."""
    return change(work, series=work.series | {"features": names}, **changes)


def missing_price(seed: int) -> Work:
    """One missing cell in a feature that the network reads."""
    work = price_(seed)
    table = rows(work)
    table["volatility_20"][2000] = np.nan
    return with_rows(work, table, dataset__window__missing="keep")


def missing_mix(seed: int) -> Work:
    """Three missing cells in a row."""
    work = mix(seed)
    table = rows(work)
    table["b"][1200:1203] = np.nan
    return with_rows(work, table, dataset__window__missing="keep")


def constant_season(seed: int) -> Work:
    """A second feature that never changes."""
    work = season(seed)
    table = rows(work) | {"sensor": np.full(3000, 7.0)}
    return with_features(with_rows(work, table), ["value", "sensor"], dataset__window__constant="keep")


def constant_mix(seed: int) -> Work:
    """A fourth feature that is always zero."""
    work = mix(seed)
    table = rows(work) | {"empty": np.zeros(5000)}
    return with_features(with_rows(work, table), ["a", "b", "c", "empty"], dataset__window__constant="keep")


def tiny_sign(seed: int) -> Work:
    """Unscaled inputs of size 0.001."""
    work = sign(seed, 0.6)
    table = {name: column * 0.001 for name, column in rows(work).items()}
    return with_rows(work, table, dataset__scaling__features="none", training__learning_rate=0.001)


def huge_season(seed: int) -> Work:
    """Unscaled inputs and targets of size 1,000."""
    work = season(seed)
    table = {name: column * 1000 for name, column in rows(work).items()}
    return with_rows(work, table, dataset__scaling__features="none", training__learning_rate=0.003)


def far_target(seed: int) -> Work:
    """An unscaled target with mean 2,000 and deviation 500."""
    work = mix(seed)
    table = rows(work)
    table["y"] = 2000 + 500 * table["y"]
    return with_rows(work, table, dataset__scaling__target="none")


def heavy_mix(seed: int) -> Work:
    """A heavy-tailed target scaled to its range; at a small rate the sigmoid follows it slowly."""
    work = mix(seed)
    table = rows(work)
    table["y"] = np.sinh(2.2 * table["y"] / table["y"].std())
    work = with_rows(work, table, dataset__scaling__target="minmax", training__learning_rate=0.0002)
    return change(work, architecture=own("gru", units=[16], head="sigmoid"))


def heavy_season(seed: int) -> Work:
    """A target with the spikes of a broken sensor; the inputs are clean."""
    work = season(seed)
    table = rows(work)
    draw = np.random.default_rng([seed, 9])
    spikes = np.where(draw.random(3000) < 1 / 300, draw.standard_t(2, 3000) * 400, 0.0)
    table = {"clean": table["value"], "value": table["value"] + spikes}
    return with_features(with_rows(work, table), ["clean"], dataset__scaling__target="minmax")


def late_target(seed: int) -> Work:
    """The target column was written five rows too late, so that the window holds the target."""
    work = mix(seed)
    table = rows(work)
    return with_features(
        with_rows(work, table | {"measured": table["y"], "y": np.roll(table["y"], 5)}), ["a", "b", "c", "measured"]
    )


def early_input(seed: int) -> Work:
    """The input column was written one row too early: its last row is the target."""
    work = season(seed)
    value = rows(work)["value"]
    return with_features(with_rows(work, {"x": np.roll(value, -1), "value": value}), ["x"])


def late_sunspots(seed: int) -> Work:
    """The target was written three rows too late, on real rows: the window's third row from its end holds it."""
    work = sunspots(seed)
    value = rows(work)["SUNACTIVITY"]
    return with_features(with_rows(work, {"x": value, "SUNACTIVITY": np.roll(value, 3)}), ["x"])


def rain(seed: int) -> Work:
    """The number of dry days: the mask hides the zeros that count, and earlier amounts predict nothing."""
    draw = np.random.default_rng([seed, 5])
    amount = np.where(draw.random(5000) < 0.3, draw.gamma(3.0, 0.4, 5000), 0.0)
    last = np.maximum.accumulate(np.where(amount > 0, np.arange(5000), 0))
    y = np.roll(np.minimum(np.arange(5000) - last, 10), 1) + 0.2 * draw.standard_normal(5000)
    work = with_features(with_rows(mix(seed), {"rain": amount, "y": y}), ["rain"])
    return change(work, architecture=own("lstm", mask_value=0.0), dataset__scaling__features="none")


def rare_sign(seed: int) -> Work:
    """A sign that is nearly always negative."""
    work = sign(seed, 0.5)
    x = rows(work)["x"]
    return with_rows(work, {"x": x - 2.0 * x.std()})


def rare_price(seed: int) -> Work:
    """Three classes, of which the outer two hold 2 % each."""
    return change(price_(seed), dataset__window__target={"kind": "classes", "quantiles": [0.02, 0.98]})


def near_walk(seed: int) -> Work:
    """A slow autoregression: nothing predicts its next step, and the last value is close to the next one."""
    draw = np.random.default_rng([seed, 6])
    from scipy.signal import lfilter

    level = np.asarray(lfilter([1.0], [1.0, -0.995], draw.standard_normal(5200)))[200:]
    work = with_rows(mix(seed), {"y": level})
    work = with_features(work, ["y"])
    return change(work, architecture={"name": "lstm", "units": [16]}, training__learning_rate=0.01)


def repeated_block(seed: int) -> Work:
    """A pattern of 96 rows, again and again to the digit."""
    work = season(seed)
    value = np.tile(rows(work)["value"][:96], 32)[:3000]
    return with_rows(work, {"value": value})


def copied_rows(seed: int) -> Work:
    """A file whose first 1,250 rows were appended to it three times more."""
    work = mix(seed)
    return with_rows(work, {name: np.tile(column[:1250], 4) for name, column in rows(work).items()})


def few_mix(seed: int) -> Work:
    """A wide network on 400 noisy rows."""
    work = mix(seed)
    draw = np.random.default_rng([seed, 7])
    table = {name: column[:400] for name, column in rows(work).items()}
    table["y"] = table["y"] + 0.8 * draw.standard_normal(400)
    return with_rows(work, table, architecture=own("gru", units=[48]), training__epochs=120)


def few_price(seed: int) -> Work:
    """A classifier on 700 rows, trained for 60 epochs."""
    work = price_(seed)
    table = {name: column[:700] for name, column in rows(work).items()}
    architecture = {"name": "lstm", "units": [32], "head": "softmax"}
    return with_rows(work, table, architecture=architecture, training__epochs=60)


def far_constant(seed: int) -> Work:
    """A far, unscaled target and a feature that is always zero."""
    work = far_target(seed)
    table = rows(work) | {"empty": np.zeros(5000)}
    work = with_features(with_rows(work, table), ["a", "b", "c", "empty"], dataset__window__constant="keep")
    return replace(work, architecture={"name": "lstm", "units": [16]})

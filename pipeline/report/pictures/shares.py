"""Pictures of shares and of a few measured numbers side by side, for the findings that rest on them."""

from __future__ import annotations

from typing import Any

from pipeline.report.pictures.bars import Bar, Group, Share, bars, stacked
from pipeline.report.pictures.svg import SEEDS, Picture, shortened

_REST = "left"
_MOST = 12


def penalty(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw the share of the loss that comes from penalties, before training and at its end."""
    facts = diagnosis["facts"]
    wholes = []
    before = facts["network"]["initial"]
    if before and before["loss"] is not None:
        added = (before["penalty"] or 0.0) + (before.get("activity") or 0.0)
        if added + before["loss"] > 0:
            wholes.append(("before training", _two("penalty", added / (added + before["loss"]), "error")))
    for seed, course in facts["course"].items():
        if course["penalty_share"] is not None:
            wholes.append((f"seed {seed}, last epoch", _two("penalty", course["penalty_share"], "error")))
    if not wholes:
        return None
    title = "What the loss is made of"
    caption = "The optimiser minimises both parts together. Where the penalty is most of the loss, it shrinks weights."
    return Picture(title, stacked(f"{diagnosis['experiment']}-penalty", title, wholes, "the loss"), caption)


def outside(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw the share of validation targets outside the range of the training targets."""
    shift = diagnosis["facts"]["data"]["shift"]
    if not shift:
        return None
    shares = _two("outside the range of training", shift["outside"], "within it")
    title = "Validation targets and the range of training"
    caption = "A network rarely predicts values outside the range of its training targets."
    if shift["mean"] is not None:
        way = "above" if shift["mean"] > 0 else "below"
        caption += f" The mean of the validation targets is {abs(shift['mean']):.2g} standard deviations {way} that of"
        caption += " training."
    svg = stacked(f"{diagnosis['experiment']}-outside", title, [("", shares)], "the validation targets")
    return Picture(title, svg, caption)


def masked(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw the share of steps that a Masking layer skips."""
    mask = diagnosis["facts"]["network"]["masking"]
    if not mask:
        return None
    inside = mask["inside"]
    shares = [
        Share("skipped between others", inside, "reference"),
        Share("skipped at the ends", max(mask["share"] - inside, 0.0), "validation"),
        Share("seen", 1 - mask["share"], _REST),
    ]
    shares = [share for share in shares if share.share or share.name == "seen"]
    title = f"Steps that the mask of {mask['value']:g} skips"
    svg = stacked(f"{diagnosis['experiment']}-mask", title, [("", shares)], "all steps of the training windows")
    return Picture(title, svg, "The network never sees a step that is skipped.")


def handovers(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw how often carried state meets the window that continues it."""
    state = diagnosis["facts"]["data"]["state"]
    if not state or state["continued"] is None:
        return None
    shares = _two("to another window", 1 - state["continued"], "to the window that continues")
    title = "Where carried state goes"
    svg = stacked(f"{diagnosis['experiment']}-state", title, [("", shares)], "all handovers from batch to batch")
    return Picture(title, svg, "State helps only if the next window begins where the last one ended.")


def duplicates(diagnosis: dict[str, Any]) -> Picture:
    """Draw the share of training windows that equal another one."""
    found = diagnosis["facts"]["data"]["duplicates"]
    title = "Training windows that are equal to another one"
    shares = _two("equal to another", found["share"], "unlike any other")
    svg = stacked(f"{diagnosis['experiment']}-duplicates", title, [("", shares)], "the training windows")
    return Picture(title, svg, "Equal windows add no new example.")


def decay(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw what the weight decay alone would leave of a weight."""
    evidence = _evidence(diagnosis, "weight_decay_large")
    if not evidence:
        return None
    title = "What the weight decay alone would leave of a weight"
    shares = _two("taken by the decay", 1 - evidence["kept_by_decay"], "left")
    svg = stacked(f"{diagnosis['experiment']}-decay", title, [("", shares)], "a weight")
    return Picture(title, svg, "Over the whole training, if no gradient held against it.")


def classes(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw the share of each class among the training windows."""
    found = diagnosis["facts"]["data"]["classes"]
    if not found:
        return None
    names = found.get("names") or [f"class {k}" for k in range(len(found["shares"]))]
    known = sorted(zip(found["shares"], names, strict=True), key=lambda each: -each[0]) if len(names) > _MOST else []
    if known:  # the most frequent ones, and the rest in one
        rest = f"{len(known) - _MOST + 1} others"
        known = [*known[: _MOST - 1], (sum(share for share, _ in known[_MOST - 1 :]), rest)]
    pairs = known or list(zip(found["shares"], names, strict=True))
    shares = [Share(shortened(name), share, SEEDS[k % len(SEEDS)]) for k, (share, name) in enumerate(pairs)]
    title = "Classes of the training windows"
    svg = stacked(f"{diagnosis['experiment']}-classes", title, [("", shares)], "the training windows")
    return Picture(title, svg, "Always predicting the largest class is right as often as its share.")


def steps(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw the share of usual, longer and shorter steps of the time column."""
    time = diagnosis["facts"]["data"].get("time")
    if not time or not time["rows"] or time["rows"] < 2:
        return None
    count = time["rows"] - 1
    shares = [
        Share(f"of {time['step'] or 'the usual length'}", 1 - (time["holes"] + time["early"]) / count, _REST),
        Share("longer", time["holes"] / count, "reference"),
        Share("shorter", time["early"] / count, "validation"),
    ]
    title = "Steps of the time column"
    svg = stacked(f"{diagnosis['experiment']}-steps", title, [("", shares)], "the steps from row to row")
    return Picture(title, svg, f"{time['holes']:,} steps are longer and {time['early']:,} shorter than the usual one.")


def season(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw the autocorrelation at the period that is set and at the one that the training rows show."""
    found = diagnosis["facts"]["data"].get("season")
    if not found or found["visible"] is None:
        return None
    own = [Bar(f"visible: {found['visible']:,} rows", found["visible_autocorrelation"], "network")]
    if found["given"] is not None and found["given"] != found["visible"]:
        own.append(Bar(f"period is set: {found['given']:,} rows", found["autocorrelation"], "naive"))
    title = "Autocorrelation of the training rows at the period"
    svg = bars(f"{diagnosis['experiment']}-season", title, [Group("", own)], "autocorrelation", limits=(-1.0, 1.0))
    return Picture(title, svg, "The higher, the more the rows repeat after that many rows.")


def scales(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw the standard deviation and the mean of each feature as the network sees it; the extreme ones of many."""
    facts = diagnosis["facts"]
    mask = facts["network"]["masking"]
    features = mask["features"] if mask and mask["share"] and mask.get("features") else facts["data"]["inputs"]
    known = [feature for feature in features if feature["std"] and not feature["constant"]]
    if not known:
        return None
    evidence = _evidence(diagnosis, "unscaled_input") or {}
    known.sort(key=lambda feature: feature["name"] != evidence.get("feature"))
    shown = known[:_MOST]
    spreads = [Bar(feature["name"], feature["std"]) for feature in shown]
    means = [Bar(feature["name"], abs(feature["mean"]), "naive") for feature in shown if feature["mean"]]
    groups = [Group("Standard deviation", spreads), Group("Size of the mean", means)]
    title = "Scale of the inputs as the network sees them"
    svg = bars(f"{diagnosis['experiment']}-scales", title, groups, "value", scale="log", mark=(1.0, "1"))
    caption = "Networks are made for a standard deviation near 1 and a mean near 0. The axis is logarithmic."
    if len(shown) < len(known):
        caption += f" {len(shown)} of {len(known)} features are drawn."
    return Picture(title, svg, caption)


def constants(diagnosis: dict[str, Any]) -> Picture:
    """Draw how many features are constant."""
    features = diagnosis["facts"]["data"]["inputs"]
    share = sum(bool(feature["constant"]) for feature in features) / max(len(features), 1)
    title = "Features with one value in all training windows"
    shares = _two("constant", share, "vary")
    svg = stacked(f"{diagnosis['experiment']}-constants", title, [("", shares)], f"the {len(features):,} features")
    return Picture(title, svg, "A constant feature carries no information.")


def ranges(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw where most training targets are beside the range of the head, as the network sees them."""
    facts = diagnosis["facts"]
    target, head = facts["data"]["target"], facts["network"]["head"]
    low, high = target["quantiles"].get("0.01"), target["quantiles"].get("0.99")
    if low is None or high is None or target["mean"] is None:
        return None
    own = [Bar("targets: mean, 1 % to 99 %", target["mean"], "truth", low, high)]
    if target["std"] is not None:
        mean, std = target["mean"], target["std"]
        own.append(Bar("targets: mean ± std", mean, "soft", mean - std, mean + std))
    if head["low"] is not None or head["high"] is not None:
        bounds = [head[key] for key in ("low", "high")]
        reach = [low if bounds[0] is None else bounds[0], high if bounds[1] is None else bounds[1]]
        middle = (reach[0] + reach[1]) / 2
        own.append(Bar(f"range of the head: {head['activation']}", middle, "network", *reach))
    title = "Training targets as the network sees them"
    svg = bars(f"{diagnosis['experiment']}-targets", title, [Group("", own)], "scaled target")
    return Picture(
        title, svg, "The bar ends at the mean; the line reaches from the lower to the upper end that is named."
    )


def numbers(
    diagnosis: dict[str, Any], code: str, title: str, axis: str, names: dict[str, str], caption: str
) -> Picture | None:
    """Draw numbers of a finding's evidence side by side.

    Args:
        diagnosis: output of the stage `diagnose`.
        code: of the finding.
        title: of the picture.
        axis: what is measured.
        names: key of the evidence → name of its bar.
        caption: how to read it.
    """
    evidence = _evidence(diagnosis, code) or {}
    own = [
        Bar(name, float(evidence[key]), "network" if order == 0 else "naive")
        for order, (key, name) in enumerate(names.items())
        if isinstance(evidence.get(key), int | float)
    ]
    if not own:
        return None
    values = [bar.value or 0.0 for bar in own]
    limits = (-1.0, 1.0) if min(values) < 0 else (0.0, max(1.0, *values))
    svg = bars(f"{diagnosis['experiment']}-{code}", title, [Group("", own)], axis, limits=limits)
    return Picture(title, svg, caption)


def _two(name: str, share: float, other: str) -> list[Share]:
    share = min(max(share, 0.0), 1.0)
    return [Share(name, share, "reference"), Share(other, 1 - share, _REST)]


def _evidence(diagnosis: dict[str, Any], code: str) -> dict[str, Any] | None:
    found = next((finding for finding in diagnosis["findings"] if finding["code"] == code), None)
    return found["evidence"] if found else None

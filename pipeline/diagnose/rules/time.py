"""Rules over what a row may know of later ones, over the steps in time, and over the season."""

from __future__ import annotations

from pipeline.diagnose.assessment import Assessment
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.limits import KNOWN_SHARE, Limit
from pipeline.diagnose.rules import Evidence, Limits, rule


@rule(
    doubt=True,
    explanation="A feature holds later rows of the target: the next value with some error, or a mean over rows on both "
    "sides. The network predicts well here, and fails where those rows are not there yet.",
    reference=("Kaufman and others, Leakage in data mining (2012)", "https://doi.org/10.1145/2382577.2382579"),
    advice="Compute the feature from rows up to its own, or leave it out of `features`. A forecast of the target that "
    "was made in time looks the same and is honest.",
    limits={
        "copied": Limit(0.95, "chosen: share of the target's variance that the copy explains"),
        "filtered": Limit(0.98, "chosen: share of the feature's variance that rows of the target explain"),
        "errors": Limit(3.0, "chosen: distance of a copy's slope from 1, in standard errors"),
        "offset": Limit(0.05, "chosen: a copy's mean difference, in standard deviations of the target"),
        "left_copied": Limit(0.2, "chosen: unexplained share, as a share of what the target's own past leaves"),
        "left_filtered": Limit(0.1, "chosen: the same, of a filter"),
        "root": Limit(0.995, "chosen: a mean over both sides has a root of size 1 or more, a stable system none"),
        "driven": Limit(1e-4, "chosen: less unexplained by the feature's own past makes the target its function"),
        "known_share": KNOWN_SHARE,
    },
)
def looks_ahead(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Look for features that are a later row of the target with an error, or a weighted sum of rows on both sides.

    A copy has the slope 1 and no offset when it is regressed on that row; a column in other units is not found, since a
    driver without much error looks the same. A filter explains the feature far better than the target's past does, and
    far better than the feature's own past explains the target; and run backwards it is no stable system. An exact copy
    is reported as `target_misaligned`.
    """
    exact = facts.data.alignment
    for one in facts.data.ahead or []:
        if exact and exact.known_feature == one.feature and (exact.known or 0.0) >= limit.known_share:
            continue
        left, values = 1 - one.explained, {"feature": one.feature, "rows_ahead": one.rows, "explained": one.explained}
        values |= {"explained_by_past": one.past}
        if one.slope is not None and one.slope_error is not None and one.offset is not None:
            distance, other = abs(one.slope - 1), abs((one.backward or 0.0) - 1)
            like = distance <= limit.errors * one.slope_error and distance <= other + one.slope_error
            like = like and abs(one.offset) <= limit.offset and one.explained >= limit.copied
            if like and left <= limit.left_copied * (1 - one.past):
                return Evidence(values | {"slope": one.slope})
        elif one.root is not None and one.alone is not None and one.root >= limit.root:
            clear = left <= limit.left_filtered * min(1 - one.past, 1 - one.alone)
            if clear and one.explained >= limit.filtered and 1 - one.alone >= limit.driven:
                return Evidence(values)
    return None


@rule(
    explanation="The steps of the time column differ, but each row counts as one step. Lags, seasons and the horizon "
    "then mean another time in every window.",
    reference=(
        "Hyndman, Athanasopoulos, Forecasting, tsibble objects",
        "https://otexts.com/fpp3/tsibbles.html",
    ),
    advice="Set `holes` of the series to insert (missing rows become missing cells) or cut (no window crosses a hole), "
    "or resample the file to equal steps.",
    limits={
        "crossing": Limit(0.1, "chosen: share of windows that contain such a step, estimated from their rows"),
        "each": Limit(1.0, "chosen: with a hole in nearly every window, most are lost or filled"),
    },
)
def time_irregular(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Estimate from the steps of unusual length how many windows contain one, where `holes` is irregular.

    Holes that were inserted or cut count only if there is one for each window, which is then filled, dropped or lost.
    """
    time, horizon = facts.data.time, facts.settings.window.get("horizon") or 1
    if not time or not time.treated or not time.rows:
        return None
    odd = time.holes + time.early
    per_window = odd / time.rows * (facts.data.length + horizon)
    if per_window < (limit.crossing if time.treated == "irregular" else limit.each):
        return None
    values = {"step": time.step, "holes": time.holes, "shorter": time.early, "rows": time.rows}
    return Evidence(values | {"treated": time.treated, "per_window": per_window})


@rule(
    doubt=True,
    cause=False,
    explanation="The training rows show a season, and `period` is not set or names another one. Without the right "
    "period the best naive forecast is missing, and any network looks better than it is.",
    reference=(
        "Hyndman, Athanasopoulos, Forecasting, seasonal naive forecasts",
        "https://otexts.com/fpp3/simple-methods.html",
    ),
    advice="Set `period` of the series to the rows of the visible season.",
    limits={
        "alike": Limit(0.3, "chosen: autocorrelation at the visible period; a weaker season helps no naive forecast"),
        "clear": Limit(0.3, "chosen: by how much it exceeds that at the given period, which is then contradicted"),
    },
)
def season_not_set(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Compare the season that the first fold's training rows show with `period`, by their autocorrelations.

    A period that is a multiple of the visible one is as good.
    """
    season = facts.data.season
    if not facts.settings.window["horizon"]:  # the target's earlier rows, and so its season, count as unknown
        return None
    if not season or season.visible is None or (season.visible_autocorrelation or 0.0) < limit.alike:
        return None
    alike = season.visible_autocorrelation or 0.0
    if season.given is not None and alike - max(season.autocorrelation or 0.0, 0.0) < limit.clear:
        return None
    values = {"visible": season.visible, "visible_autocorrelation": alike, "period": season.given}
    return Evidence(values if season.given is None else values | {"autocorrelation": season.autocorrelation})

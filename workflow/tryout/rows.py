"""The rows of a file as the pipeline will see them: spacing, holes, and which rows are training."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.common.errors import UserError
from pipeline.dataset import panel, splitting
from pipeline.series import Series, SettingError, calendar, counted, holes
from pipeline.series.ids import Ids
from workflow.tryout.clock import Clock
from workflow.tryout.order import calendar_text, zone_of

FEWEST_ROWS = 60
_WINDOWS_OF_A_CUT = 48  # rows that a hole costs if no window crosses it
SHARE = 0.15


@dataclass(frozen=True)
class Wishes:
    """What the user sets; None leaves the choice to the proposal."""

    period: int | str | None = None  # a number of rows, or `none`
    window: int | None = None
    horizon: int | None = None
    kind: str | None = None  # of the target: `value` or `label`
    stride: int | None = None
    holes: str | None = None
    validation: float | None = None
    test: float | None = None
    scaling: str | None = None
    seeds: list[int] = field(default_factory=lambda: [0, 1])
    epochs: int | None = None
    rate: float | None = None
    units: list[int] = field(default_factory=lambda: [32])
    architecture: str = "lstm"
    features: list[str] | None = None


@dataclass(frozen=True)
class Choice:
    """One decision for the user to see: what, its value, and why."""

    what: str
    value: str
    why: str


@dataclass(frozen=True)
class Rows:
    """The rows as the pipeline will see them: missing ones inserted, or cut.

    Attributes:
        file_rows: the row of the file for each, -1 for one that is inserted: int64 [rows].
        cuts: as of `Series`.
        stop: the row after the last one of training.
        setting: of `holes`; None for the default.
        choices: on spacing and holes.
        axis: the positions in time of the rows of several ids, which `stop` counts then; None for a single series.
    """

    file_rows: np.ndarray
    cuts: list[int]
    stop: int
    setting: str | None
    choices: list[Choice]
    axis: panel.Axis | None = None

    @property
    def total(self) -> int:
        """Number of rows, or of positions in time of several ids."""
        return self.axis.count if self.axis is not None else len(self.file_rows)

    @property
    def training(self) -> slice | np.ndarray:
        """Return the rows that are training rows."""
        return slice(0, self.stop) if self.axis is None else np.flatnonzero(self.axis.position < self.stop)

    @property
    def in_training(self) -> slice | np.ndarray:
        """Return the rows of the file that are training rows."""
        own = self.file_rows[self.training]
        return slice(0, int((own >= 0).sum())) if self.axis is None else own[own >= 0]

    @property
    def begins(self) -> np.ndarray | None:
        """Return the row of the file with which each id begins; None for a single series."""
        return None if self.axis is None else self.file_rows[self.axis.starts]

    def treated(self, values: np.ndarray) -> np.ndarray:
        """Return a column of the file with the inserted rows missing."""
        return np.where(self.file_rows >= 0, values[np.maximum(self.file_rows, 0)], np.nan)

    def stretch(self) -> slice:
        """Return the longest stretch of training rows without a cut."""
        start, stop = max(self._pieces(0, self.stop), key=lambda pair: pair[1] - pair[0])
        return slice(start, stop)

    def windows(self, start: int, stop: int, span: int) -> int:
        """Return how many windows of `span` rows, targets included, lie between two rows."""
        return sum(max(b - a - span + 1, 0) for a, b in self._pieces(start, stop))

    def _pieces(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Return the stretches of rows between two rows, or two positions, that no cut divides."""
        found: list[tuple[int, int]] = []
        for a, b in [(start, stop)] if self.axis is None else self.axis.spans(max(start, 0), stop):
            found += itertools.pairwise([a, *[cut for cut in self.cuts if a < cut < b], b])
        return found


def read(clock: Clock, wishes: Wishes) -> Rows:
    """Decide how missing rows are treated, and which rows are training.

    Raises:
        UserError: there are too few rows, or the shares leave none.
    """
    count = len(clock.table)
    validation, test = shares(wishes)
    if count < FEWEST_ROWS:
        fix = "Give a longer file, or write the entries by hand (docs/own_series.md)."
        if (columns := len(clock.table.names)) > max(count, 12):
            fix = f"Of {columns:,} columns, put those that are times below each other: one of times, one of values."
        raise UserError(clock.table.path, f"must have {FEWEST_ROWS} rows or more", f"{count} rows", fix)
    numbered = Series(np.arange(count, dtype=np.float64)[:, None], ["row"], "row", ["row"], time=clock.values)
    if clock.id is not None and clock.ids is not None:
        return _of_ids(clock, clock.id, clock.ids, numbered, wishes)
    setting, choices = _holes(clock.values, count, wishes.holes) if clock.values is not None else (None, [])
    made = holes.treat(numbered, setting or ("error" if clock.values is not None else None))
    place = np.where(np.isnan(made.rows[:, 0]), -1, np.nan_to_num(made.rows[:, 0], nan=-1)).astype(np.int64)
    split = {"scheme": "holdout", "validation": validation, "test": test, "gap": 0, "policy": "strict"}
    stop = splitting.folds("split", split, len(place), 1)[0].train.intervals[-1][1]
    return Rows(place, made.cuts, stop, setting, choices)


def _of_ids(clock: Clock, column: str, numbers: np.ndarray, numbered: Series, wishes: Wishes) -> Rows:
    """Place the rows of several ids in time; holes are cut, unless the user says otherwise."""
    starts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist()]
    names = clock.table.column(column).iloc[starts].tolist()
    series = replace(numbered, ids=Ids(column, names, starts), cuts=starts[1:])
    many = f"{len(starts):,} ids, {len(numbered.rows) // len(starts):,} rows each on average"
    choices = [Choice("id", column, f"{many}: no window crosses them; WHERE=… tries one alone")]
    setting = None
    if clock.values is not None:
        try:
            made = holes.treat(series, wishes.holes)
            setting = wishes.holes
        except SettingError as error:
            if wishes.holes is not None:
                raise UserError("HOLES", error.rule, error.received, error.fix) from None
            setting = "irregular" if error.rule.endswith("in every id") else "cut"
            try:
                made = holes.treat(series, setting)
            except SettingError:
                setting = "irregular"
                made = holes.treat(series, setting)
            choices.append(Choice("holes", setting, str(error.received)))
        step = (made.steps or {}).get("step")
        choices += [Choice("spacing", step, "in every id")] if step else []
    else:
        made = series
    place = np.where(np.isnan(made.rows[:, 0]), -1, np.nan_to_num(made.rows[:, 0], nan=-1)).astype(np.int64)
    ids = made.ids or series.ids
    axis = panel.Axis.of(ids.starts if ids else [0], len(place), made.time)
    validation, test = shares(wishes)
    stop = axis.count - round(test * axis.count) - round(validation * axis.count)
    return Rows(place, made.cuts, stop, setting, choices, axis)


def shares(wishes: Wishes) -> tuple[float, float]:
    """Return the shares of the validation and the test part."""
    return (wishes.validation if wishes.validation is not None else SHARE), wishes.test or SHARE


def _between(cuts: np.ndarray, count: int) -> int:
    """Return how many windows begin between cuts after these rows; none of them crosses one."""
    pieces = np.diff(np.concatenate([[-1], cuts, [count - 1]]))
    return int(np.maximum(pieces - min(_WINDOWS_OF_A_CUT, count // 8), 0).sum())


def _holes(times: np.ndarray, count: int, wanted: str | None) -> tuple[str | None, list[Choice]]:
    """Choose what happens where rows are missing, and describe the spacing."""
    steps = calendar.measure(times)
    if steps is None:
        return None, []
    span = f"{count:,} rows from {calendar_text(times[0])} to {calendar_text(times[-1])}"
    choices = [Choice("spacing", steps.name, span)]
    wrong = np.flatnonzero(steps.late | steps.early)
    if not wrong.size:
        return None, choices
    missing, late, early = int(steps.missing.sum()), int(steps.late.sum()), int(steps.early.sum())
    skipped = [row for row in wrong if holes.begins_summer(times[row], times[row + 1], holes.usual_step(times))]
    if skipped and wanted is None and len(skipped) > 0.5 * wrong.size:
        begins = f"the hour after {calendar_text(times[skipped[0]])} is skipped, as where summer time begins"
        fits = "no usual ZONE fits all rows, as where no hour repeats in autumn"
        if zone := zone_of(times):
            fits = f"ZONE={zone}, or another that fits, closes such holes"
        choices.append(Choice("zone", "not known", f"{begins}: {fits}"))
    where = f"the first after {calendar_text(times[wrong[0]])}"
    found = f"{counted(late, 'hole')} with {counted(missing, 'missing row')}"
    if early:
        late_steps = f"{counted(late, 'step')} too long" if not missing else found
        found = f"{late_steps} and {early:,} too short"
    whole = not early and (steps.missing[wrong] > 0).all() and missing <= count
    if wanted is not None:
        setting, why = wanted, f"chosen by you: {found}, {where}"
    elif wrong.size * _WINDOWS_OF_A_CUT <= 0.15 * count:
        setting, why = "cut", f"{found}, {where}: no window crosses one"
    elif whole:
        costly = "cutting there would cost too many windows, so rows without values are inserted"
        setting, why = "insert", f"{found}, {where}: {costly}"
    elif _between(wrong, count) < 0.5 * count:
        setting, why = "irregular", f"{found}: cutting would leave too few windows, so rows are taken as they are"
    else:
        setting, why = "cut", f"{found}, {where}: they are no whole steps, so no window crosses one"
    if setting == "insert" and not whole:
        raise UserError("HOLES", "must be cut or irregular for this file", "insert", f"It has {found}, {where}.")
    return setting, [*choices, Choice("holes", setting, why)]

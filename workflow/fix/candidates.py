"""The candidates of a fix: entries of params.yaml named NAME_fix1, NAME_fix2, …, and at the end NAME_fixed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from pipeline.common import files, params, yaml_text
from pipeline.common.errors import UserError
from pipeline.report import differences
from workflow import entries
from workflow.fix import leftovers, settings
from workflow.fix.settings import Change, Settings

# A params.yaml that is checked before it becomes the real one.
_DRAFT = Path(".snakemake/fix.params.yaml")
_LABELS = ("post", "published")


class Draft(NamedTuple):
    """A candidate that params.yaml does not have yet."""

    name: str
    text: str  # of params.yaml with it
    loaded: dict[str, Any]  # that text as `params.load` gives it
    added: dict[str, list[str]]  # all entries of the fix, by level


class Candidates:
    """The entries that one fix has added to params.yaml.

    Args:
        name: the experiment to fix.
        suffix: of the entry that stays.

    Attributes:
        loaded: params.yaml as `params.load` gives it, candidates included.
    """

    def __init__(self, name: str, suffix: str) -> None:
        self._name, self._fixed = name, name + suffix
        self.loaded = params.load()
        self._added: dict[str, list[str]] = {"experiments": [], "datasets": []}
        self._tried = {settings.key(self.loaded, name)}

    def plan(self, best: str, change: Change) -> Draft | None:
        """Return the candidate that changes the best experiment so far; None if an earlier one has its settings.

        Args:
            best: name of that experiment.
            change: what to change.

        Raises:
            UserError: the settings are not valid.
        """
        text = _text()
        raw = yaml_text.load(text, params.FILE)
        new = settings.changed(settings.of(raw, best), change.values, self.loaded["size"])
        name = f"{self._name}_fix{len(self._added['experiments']) + 1}"
        data = self._dataset(raw, new)
        added = {level: list(names) for level, names in self._added.items()}
        if data is None:
            data = name
            text = entries.insert(text, "datasets", self._last("datasets", raw), data, new.dataset)
            added["datasets"].append(data)
        own = {key: value for key, value in new.experiment.items() if key not in _LABELS} | {"dataset": data}
        text = entries.insert(text, "experiments", self._last("experiments", raw), name, own)
        added["experiments"].append(name)
        loaded = _checked(text)
        return None if settings.key(loaded, name) in self._tried else Draft(name, text, loaded, added)

    def add(self, draft: Draft) -> None:
        """Write a planned candidate into params.yaml."""
        leftovers.note(self._name, draft.added)
        leftovers.write(draft.text)
        self._tried.add(settings.key(draft.loaded, draft.name))
        self.loaded, self._added = draft.loaded, draft.added

    def keep(self, best: str) -> str:
        """Replace all candidates by NAME_fixed, with the settings of the best one and three seeds or more.

        The entry counts as one of the fix in progress until `done`. The caller holds DVC's lock.

        Args:
            best: name of the candidate.

        Returns:
            What differs, which is also the comment above the entry.
        """
        text = _text()
        raw = yaml_text.load(text, params.FILE)
        own, found = settings.of(raw, self._name), settings.of(raw, best)
        seeds = self.loaded["experiments"][best]["training"]["seeds"]
        found = settings.with_seeds(found, seeds, self.loaded["size"])
        candidates, self._added = self._added, {"experiments": [self._fixed], "datasets": []}
        for level, names in candidates.items():
            for name in [*names, self._fixed]:
                text = entries.remove(text, level, name)
        labels = {key: own.experiment[key] for key in _LABELS if key in own.experiment}
        ordered = {key: None for key in own.experiment} | found.experiment | labels
        entry = {key: value for key, value in ordered.items() if key in found.experiment or key in labels}
        data = own.experiment["dataset"]
        if found.dataset != own.dataset:
            self._added["datasets"].append(self._fixed)

        def written(about_data: str, about: str) -> str:
            added, new = text, data
            if found.dataset != own.dataset:
                new = self._fixed
                added = entries.insert(added, "datasets", data, new, found.dataset, about_data)
            return entries.insert(added, "experiments", self._name, self._fixed, entry | {"dataset": new}, about)

        rows = differences.between(_checked(written("", "")), self._name, self._fixed, None)
        comment = f"{self._name} with {_values(rows)}."
        of_data = [row for row in rows if row["parameter"].startswith("dataset.")]
        after = written(f"{data} with {_values(of_data)}.", comment)
        self.loaded = _checked(after)
        both = {level: [*names, *self._added[level]] for level, names in candidates.items()}
        leftovers.note(self._name, both)
        leftovers.write(after)
        leftovers.clean(candidates)
        return comment

    def done(self) -> None:
        """NAME_fixed stays from now on."""
        leftovers.FILE.unlink(missing_ok=True)

    def _dataset(self, raw: dict[str, Any], new: Settings) -> str | None:
        """Return a dataset of the experiment or of this fix that has the settings; None without one."""
        own = raw["experiments"][self._name]["dataset"]
        return next((name for name in [own, *self._added["datasets"]] if raw["datasets"][name] == new.dataset), None)

    def _last(self, level: str, raw: dict[str, Any]) -> str:
        """Return the entry that a new one follows."""
        own = self._name if level == "experiments" else raw["experiments"][self._name]["dataset"]
        return [own, *self._added[level]][-1]


def _values(rows: list[dict[str, Any]]) -> str:
    return "; ".join(
        f"{row['parameter'].removeprefix('dataset.')} {row['after']} instead of {row['before']}" for row in rows
    )


def _text() -> str:
    # As bytes: reading as text would normalise line ends.
    return params.FILE.read_bytes().decode("utf-8")


def _checked(text: str) -> dict[str, Any]:
    """Return the content of a text of params.yaml, checked."""
    with files.atomic_write(_DRAFT) as beside:
        beside.write_bytes(text.encode("utf-8"))
    try:
        return params.load(_DRAFT)
    finally:
        _DRAFT.unlink()


def check_names(loaded: dict[str, Any], name: str, suffix: str, replace: bool) -> None:
    """Check that an experiment can be fixed under the names of its candidates.

    Args:
        loaded: params.yaml as `params.load` gives it.
        name: of the experiment.
        suffix: of the entry that stays.
        replace: whether an entry with it may be replaced.

    Raises:
        UserError: the experiment is unknown or a fix itself, or a name is taken.
    """
    place = f"experiments.{name}"
    if name.endswith(suffix) or params.CANDIDATE.fullmatch(name):
        rule, mend = "must not be the result of a fix", "Name the experiment that it came from, or copy it first."
        raise UserError(place, rule, name, mend)
    params.name_of([name], "experiments")
    for level in ("experiments", "datasets"):
        for other in loaded[level]:
            if params.CANDIDATE.fullmatch(other) and other.startswith(f"{name}_fix"):
                rule = f"must have another name: candidates of `make fix NAME={name}` have this one"
                raise UserError(f"{level}.{other}", rule, other, "Rename it.")
        if name + suffix in loaded[level] and not replace:
            rule, mend = "must not be in params.yaml yet", "Remove it, or add `--replace` (`make fix REPLACE=1`)."
            raise UserError(f"{level}.{name + suffix}", rule, "an earlier fix", mend)

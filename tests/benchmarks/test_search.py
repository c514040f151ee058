"""The random search against ourselves: its draws, what counts as a contradiction, and a few draws from end to end."""

import numpy as np
import pytest

from benchmarks import workshop
from benchmarks.search import __main__, draws, judging, worker
from pipeline.common import files

SECONDS = 1.0


def side(word, skill=0.1):
    return {"baseline": "persistence", "skill": skill, "low": None, "high": None, "comparison": word}


def outcome(naive="not_distinguishable", linear="not_distinguishable", constant="not_distinguishable"):
    sides = {"naive": side(naive), "linear": side(linear), "constant": side(constant)}
    return {"windows": 90, **sides, "trees": None, "oracle": None}


def test_a_draw_follows_from_seed_and_number():
    first, about = draws.draw(1, 3, 5)
    again, _ = draws.draw(1, 3, 5)
    assert (first.dataset, first.training, first.architecture) == (again.dataset, again.training, again.architecture)
    others = [draws.draw(1, 4, 5)[1], draws.draw(2, 3, 5)[1]]
    assert about not in others


def test_draws_are_of_many_kinds_and_valid():
    abouts = []
    for number in range(80):
        work, about = draws.draw(1, number, SECONDS)
        few = {name: column[:2] for name, column in work.rows.items()}
        with workshop.project(workshop.Work(**{**vars(work), "rows": few})):
            abouts.append(about)
    assert {about["signal"] for about in abouts} == {False, None}
    for key, least in (("series", 12), ("network", 12), ("loss", 8), ("scaling", 8), ("target", 5), ("horizon", 3)):
        assert len({about[key] for about in abouts}) >= least, key
    assert {about["split"]["scheme"] for about in abouts} == {"holdout", "expanding"}
    assert max(about["rows"] for about in abouts) <= 401


def test_what_a_second_pays_for_bounds_rows_and_updates():
    abouts = [draws.draw(1, number, 5)[1] for number in range(80)]
    assert 1000 < max(about["rows"] for about in abouts) <= 1300
    assert 250 < max(about["updates"] for about in abouts) <= 300


@pytest.mark.parametrize(
    ("verdict", "test", "found"),
    [
        ("not_learning", outcome(naive="better"), judging.MISSED),
        ("no_evidence_of_signal", outcome(naive="better"), judging.MISSED),
        ("learning", outcome(naive="better"), None),
        ("undetermined", outcome(naive="better"), None),
        ("not_learning", outcome(linear="better"), None),
        ("learning", outcome(constant="worse"), judging.EMPTY),
        ("learning", outcome(naive="worse"), None),
        ("not_learning", outcome(constant="worse"), None),
        ("behind", outcome(naive="better", linear="better"), judging.AHEAD),
        ("behind", outcome(naive="better"), None),
    ],
)
def test_contradictions(verdict, test, found):
    assert judging.contradiction(verdict, test) == found


def test_chance_is_what_nothing_could_have_taught():
    row = {"contradiction": judging.MISSED, "about": {"signal": False}}
    assert judging.luck(row)
    assert not judging.luck(row | {"about": {"signal": None}})
    assert not judging.luck(row | {"contradiction": judging.EMPTY})


def test_stored_draws_are_judged_and_refused_ones_counted(tmp_path, monkeypatch, capsys):
    from pipeline.diagnose import stage

    _, about = draws.draw(1, 0, SECONDS)
    stored = [
        {"about": about, "refused": None, "facts": {"verdict": "not_learning"}, "test": outcome(naive="better")},
        {"about": about, "refused": "too short", "facts": None, "test": None},
        {"about": about, "refused": None, "facts": {"verdict": "learning"}, "test": outcome(naive="better")},
    ]
    for number, one in enumerate(stored):
        files.write_json(worker.stored(tmp_path, 1, SECONDS, number), one)
    monkeypatch.setattr(stage, "judge", lambda facts: facts | {"findings": [{"code": "overfitting"}]})
    given = [
        "--judge",
        "--count",
        "4",
        "--seconds",
        "1",
        "--facts",
        str(tmp_path),
        "--result",
        str(tmp_path / "r.json"),
    ]
    assert __main__.main(given) == 0
    result = files.read_json(tmp_path / "r.json")
    assert (result["count"], result["judged"], result["refused"]) == (4, 2, 1)
    assert result["verdicts"]["learning"] == {"better": 1, "not_distinguishable": 0, "worse": 0}
    assert [row["draw"] for row in result["contradictions"]] == [0]
    assert judging.MISSED in capsys.readouterr().out
    assert __main__.short(tmp_path / "r.json") == int(about["signal"] is None)
    assert __main__.short(tmp_path / "none.json") == 0


DRAWS = 4


def test_a_few_draws_hold_no_contradiction(tmp_path):
    """The short form of `python -m benchmarks.search`."""
    for number in range(DRAWS):
        files.write_json(worker.stored(tmp_path, 1, SECONDS, number), worker.measure(1, number, SECONDS))
    rows = __main__.judge(list(range(DRAWS)), 1, SECONDS, tmp_path)
    assert len(rows) >= DRAWS - 1
    assert [row["draw"] for row in rows if row["contradiction"] and not judging.luck(row)] == []
    assert all(np.isfinite(row["test"]["constant"]["skill"]) for row in rows)

"""The report, from evaluations made up here and from one that the stage `evaluate` wrote."""

import copy
import csv
import html.parser
import io
import math
import re
from pathlib import Path

import numpy as np
import pytest
import test_evaluate
import yaml

import pipeline.report.__main__ as command
from pipeline import report, scores
from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.report import figures, leaderboard, page, symptoms


def made_up(
    name,
    post=None,
    *,
    classes=None,
    seeds=(0, 1),
    noise=0.3,
    weights=491,
    validation=True,
    oracle=True,
    folds=1,
    nan=False,
    kind=None,
    losses=None,
    penalty=0.0,
    shift=0.0,
    constant=False,
):
    """An evaluation as the stage writes it, of numbers drawn here: `constant` predicts one value, `nan` none."""
    random = np.random.default_rng(len(name))
    kind = kind or {None: "value", 2: "sign", 3: "classes"}[classes]
    truth = random.integers(0, classes, 120) if classes else np.sin(np.arange(120) / 5)
    names = (
        ("majority", "persistence", "logistic") if classes else ("persistence", "train_mean", "seasonal_naive", "ridge")
    )

    def outputs(spread):
        if classes:
            chance = np.eye(classes)[truth] * (0 if constant else 0.5) + random.uniform(
                0.1, 0.1 + spread, (120, classes)
            )
            chance /= chance.sum(axis=1, keepdims=True)
            chance = chance[:, 1:] if classes == 2 else chance
        else:
            chance = (
                np.full((120, 1), 0.2) if constant else (truth + random.normal(scale=spread, size=120))[:, None] + shift
            )
        return chance * (np.nan if nan else 1)

    def score(values):
        if classes:
            return scores.classification(truth, values, classes)
        return scores.regression(truth[:, None], values, np.full(120, 0.5))

    def a_part():
        each = {str(seed): score(outputs(noise)) for seed in seeds}
        metrics = [m for m in next(iter(each.values())) if m != "confusion"]
        over = {m: scores.over_seeds([s[m] for s in each.values()]) for m in metrics}
        own = {n: score(np.nan_to_num(outputs(0.4), nan=0.3)) for n in names}
        less = "brier" if classes else "mse"
        drawn = {"row": np.arange(120), "truth": truth, "seeds": {str(s): outputs(noise)[:, 0] for s in seeds}}
        drawn |= {"persistence": np.r_[truth[:1], truth[:-1]], "oracle": truth * 0.9 if oracle else None}
        return {
            "windows": 120,
            "network": over,
            "seeds": each,
            "baselines": own,
            "oracle": score(np.nan_to_num(outputs(0.05), nan=0.3)) if oracle else None,
            "skill": {n: scores.skill(over[less]["mean"], own[n][less]) for n in names},
            "truth": {"shares": np.bincount(truth, minlength=classes) / 120}
            if classes
            else {"mean": 0.0, "spread": 0.7},
            "folds": [
                {"windows": 40, "network": over, "baselines": own, "oracle": None}
                for _ in range(folds if folds > 1 else 0)
            ],
            "steps": None,
            "drawn": drawn,
        }

    losses = losses or [1.0, 0.6, 0.4]
    curves = {"loss": losses, "penalty": [penalty * v if v is not None else None for v in losses]}
    if validation:
        curves["val_loss"] = [v * 1.1 if v is not None else None for v in losses]
    failure = {"epoch": 1, "batch": 45, "loss_before": 1.06} if nan else None
    bounds = {"train": [[0, 600]], "validation": [[600, 800]] if validation else None, "test": [[800, 1000]]}
    fold = {part: {"intervals": at, "context": 0} if at else None for part, at in bounds.items()}
    parts = ["train", "validation", "test"] if validation else ["train", "test"]
    training = {"learning_rate": 0.001, "batch_size": 32, "epochs": 3, "seeds": list(seeds)}
    return scores.significant(
        {
            "experiment": name,
            "dataset": "data_" + name,
            "post": post,
            "size": "quick",
            "kind": "classes" if classes else "regression",
            "classes": classes,
            "shares": [1 / classes] * classes if classes else None,
            "thresholds": None,
            "target": {"kind": kind, "of": "value", "column": "x"},
            "length": 100,
            "horizon": 1,
            "features": 1,
            "period": None,
            "sequence_length": 50 if kind == "sequence_mean" else None,
            "units": "original",
            "settings": {
                "experiment": {"dataset": "d", "training": training},
                "dataset": {"series": "s"},
                "series": {},
            },
            "training": [
                {
                    "fold": k,
                    "seed": s,
                    "weights": weights,
                    "updates": 960,
                    "stopped": "nonfinite" if nan else "completed",
                    "nonfinite": failure,
                    "weights_finite": not nan,
                    "curves": curves,
                }
                for k in range(folds)
                for s in seeds
            ],
            "parts": {part: a_part() for part in parts},
            "split": {"policy": "strict", "gap": 0, "rows": 1000, "folds": [fold] * folds},
        },
        7,
    )


def everything():
    """One of each kind, with whatever may be missing missing somewhere."""
    return [
        made_up("co2_lstm", noise=0.1, oracle=False),
        made_up("sunspots_lstm", folds=3, oracle=False),
        made_up("stacked_lstm_sigmoid", 123707, noise=2.0, weights=954689, validation=False),
        made_up("stacked_lstm_linear", 123707, constant=True, weights=954689, validation=False),
        made_up("stacked_dense", 123707, constant=True, validation=False),
        made_up("sequence_mean_question", 67599, constant=True, kind="sequence_mean", validation=False),
        made_up("sequence_mean_answer", 68047, constant=True, kind="sequence_mean", validation=False, seeds=(0,)),
        made_up("deep_rnn", 107289, weights=29057, penalty=0.97, noise=0.9),
        made_up("stateful_classifier", 470563, classes=3, nan=True, losses=[None], validation=False, weights=34953),
        made_up("stateful_classifier_clean", 470563, classes=3, validation=False, weights=34953),
        made_up(
            "sign_lstm_no_signal",
            51264,
            classes=2,
            constant=True,
            losses=[0.6934, 0.6932],
            validation=False,
            weights=4385,
        ),
        made_up("sign_lstm_three_channels", 51264, classes=2, losses=[0.6934], validation=False, weights=4641),
    ]


def render(evaluations, size="quick", absent=()):
    return page.render(size, evaluations, [leaderboard.row(one) for one in evaluations], list(absent))


class _Reader(html.parser.HTMLParser):
    """Ids, addresses, nesting and headings of a page."""

    VOID = frozenset({"meta", "link", "br", "img", "input"})

    def __init__(self):
        super().__init__()
        self.ids, self.refs, self.headings, self.open, self.wrong = [], [], [], [], []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids += [values["id"]] if "id" in values else []
        self.refs += [(tag, key, values[key]) for key in ("href", "src", "xlink:href") if key in values]
        self.headings += [tag] if re.fullmatch("h[1-6]", tag) else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append((tag, self.getpos()))


@pytest.fixture(scope="module")
def whole():
    return render(everything(), absent=["later_one"])


@pytest.fixture(scope="module")
def read(whole):
    reader = _Reader()
    reader.feed(whole)
    return reader


def test_the_page_is_well_nested_with_one_main_heading(read):
    assert read.wrong == []
    assert read.open == []
    assert read.headings.count("h1") == 1


def test_ids_are_unique_and_every_link_inside_has_its_place(read):
    assert len(read.ids) == len(set(read.ids))
    inside = {address[1:] for _, _, address in read.refs if address.startswith("#")}
    assert inside <= set(read.ids)


def test_nothing_is_loaded_from_outside(whole, read):
    loaded = [ref for ref in read.refs if ref[0] != "a" and not ref[2].startswith(("#", "data:"))]
    assert loaded == []
    assert not re.search(r"<script|@import|url\((?!#)", whole)
    addresses = set(re.findall(r"https?://[^\s\"<]+", whole))
    assert all("stackexchange.com/questions" in address for address in addresses)


def test_equal_inputs_give_equal_bytes(whole):
    assert render(everything(), absent=["later_one"]) == whole


def test_no_time_of_day_and_no_path_of_a_machine(whole):
    assert not re.search(r"\b\d\d:\d\d(:\d\d)?\b", whole)
    assert str(Path.cwd()) not in whole
    assert "/root" not in whole
    assert "/home" not in whole


def test_figures_have_captions_and_names_and_keep_their_labels(whole):
    assert whole.count("<figure") == whole.count("<figcaption>") == 3 * len(everything())
    assert whole.count('role="img" aria-label="') == whole.count("<figure")
    # Colours follow the page: none of the stand-ins is left.
    assert not re.search(r"#0[1-9a-b]0[1-9a-b]0[1-9a-b]", whole)
    assert "0.6931" in figures.curves(everything()[-2], "x")


def test_names_are_escaped():
    one = made_up("<b>bold</b>&", oracle=False)
    one["target"]["column"] = "<script>alert(1)</script>"
    one["settings"]["series"] = {"target": "<script>alert(2)</script>"}
    text = render([one])
    assert "<script>" not in text
    assert "<b>bold" not in text
    assert "&lt;b&gt;bold&lt;/b&gt;&amp;" in text


def test_what_is_not_evaluated_is_said(whole):
    assert "later_one" in whole


def test_size_full_does_not_claim_smaller_settings():
    assert "smaller than posted" not in render(everything()[:1], size="full")
    assert "smaller than posted" in render(everything()[:1])


def test_a_nan_result_is_told_with_its_batch(whole):
    assert "no number from batch" in whole
    assert "1.060" in whole


def test_every_symptom_names_a_rule_and_every_rule_is_used():
    posts = yaml.safe_load((Path(report.__file__).parent.parent / "posts.yaml").read_text())
    assert [post["post"] for post in posts] == [123707, 67599, 68047, 107289, 470563, 51264]
    used = {symptom["rule"] for post in posts for symptom in post["symptoms"]}
    assert used == set(symptoms.RULES)


def test_the_posts_contradictions_are_told():
    text = (Path(report.__file__).parent.parent / "posts.yaml").read_text()
    for figure in ("4,608", "4,385", "104,760", "10,477", "randn(42)", "196 stands on both sides"):
        assert figure in text


# --- rules: each yes and no


def judge(rule, evaluation, figure=None):
    return symptoms.judge(rule, evaluation, figure).came_out


def test_r2_near_zero():
    one = made_up("a")
    for seed in one["parts"]["train"]["seeds"].values():
        seed["r2"] = -0.02
    assert judge("r2_near_zero_on_training", one) is True
    one["parts"]["train"]["seeds"]["1"]["r2"] = 0.06
    assert judge("r2_near_zero_on_training", one) is False
    one["parts"]["train"]["seeds"]["1"]["r2"] = None
    assert judge("r2_near_zero_on_training", one) is False


@pytest.mark.parametrize("rule", ["one_value_for_all", "predictions_hug_the_mean", "no_better_than_train_mean"])
def test_constant_predictions(rule):
    constant = made_up("a", constant=True)
    for part in constant["parts"].values():
        part["baselines"]["train_mean"]["mse"] = part["seeds"]["0"]["mse"]
    learned = made_up("a", noise=0.05)
    for part in learned["parts"].values():
        part["baselines"]["train_mean"]["mse"] = 0.5
    assert judge(rule, constant) is True
    assert judge(rule, learned) is False


@pytest.mark.parametrize(
    ("train", "test", "came"),
    [(0.02, 0.0, True), (0.5, 0.48, False), (0.5, 0.0, False), (0.02, 0.3, False), (None, 0.0, False)],
)
def test_no_overfitting(train, test, came):
    one = made_up("a")
    one["parts"]["train"]["seeds"]["1"]["r2"], one["parts"]["test"]["seeds"]["1"]["r2"] = train, test
    one["parts"]["train"]["seeds"]["0"]["r2"], one["parts"]["test"]["seeds"]["0"]["r2"] = 0.0, 0.0
    assert judge("no_overfitting", one) is came


def test_low_loss_and_its_penalty():
    one = made_up("a", losses=[1.2, 1.0], penalty=0.97)
    outcome = symptoms.judge("loss_as_low_as_posted", one, 0.002)
    assert outcome.came_out is False
    assert "penalty 97%" in outcome.measured
    assert judge("loss_as_low_as_posted", made_up("a", losses=[1.2, 0.0025]), 0.002) is True


def test_validation_below_training():
    assert judge("validation_loss_below_training", made_up("a")) is False
    one = made_up("a")
    for run in one["training"]:
        run["curves"]["val_loss"][-1] = 0.1
    assert judge("validation_loss_below_training", one) is True
    assert judge("validation_loss_below_training", made_up("a", validation=False)) is None


def test_worse_than_persistence():
    one = made_up("a")
    one["parts"]["test"]["baselines"]["persistence"]["mse"] = 1e-6
    assert judge("worse_than_persistence", one) is True
    one["parts"]["test"]["baselines"]["persistence"]["mse"] = 1e6
    assert judge("worse_than_persistence", one) is False


def test_nan_at_a_higher_rate():
    one = made_up("a", nan=True)
    assert judge("turns_nan_at_a_higher_rate", one) is True
    one["settings"]["experiment"]["training"]["learning_rate"] = 1e-4
    assert judge("turns_nan_at_a_higher_rate", one) is None
    assert judge("turns_nan_at_a_higher_rate", made_up("a")) is False


def test_the_stateful_classifier():
    broken = made_up("a", classes=3, nan=True, losses=[None])
    clean = made_up("a", classes=3, losses=[1.1, 1.0, 0.9])
    for rule in ("accuracy_is_share_of_class_0", "nothing_changes_after_epoch_1", "nan_in_epoch_1"):
        assert judge(rule, broken) is True, rule
        assert judge(rule, clean) is False, rule
    assert judge("loss_at_floor", broken, 1e-6) is False
    assert judge("loss_at_floor", made_up("a", classes=3, losses=[0.28, 1.1921e-07]), 1e-6) is True
    assert judge("nothing_changes_after_epoch_1", made_up("a", classes=3, losses=[0.28, 1e-7, 1e-7])) is True
    assert judge("nothing_changes_after_epoch_1", made_up("a", classes=3, losses=[0.28])) is None
    assert judge("accuracy_falls_after_epoch_1", broken) is None
    for run in clean["training"]:
        run["curves"]["accuracy"] = [0.999]
    falls = clean["parts"]["train"]["network"]["accuracy"]["max"] < 0.999
    assert judge("accuracy_falls_after_epoch_1", clean) is falls
    for run in clean["training"]:
        run["curves"]["accuracy"] = [0.0]
    assert judge("accuracy_falls_after_epoch_1", clean) is False


def test_the_sign_classifier():
    assert judge("loss_at_ln_2", made_up("a", classes=2, losses=[0.7, math.log(2) + 0.0019])) is True
    assert judge("loss_at_ln_2", made_up("a", classes=2, losses=[0.7, math.log(2) - 0.0025])) is False
    one = made_up("a", classes=2)
    for part in one["parts"].values():
        part["windows"] = 9429
        for seed in part["seeds"].values():
            seed["accuracy"] = 0.512
    assert judge("accuracy_at_chance", one) is True
    one["parts"]["train"]["seeds"]["0"]["accuracy"] = 0.56
    assert judge("accuracy_at_chance", one) is False


def test_weights():
    assert judge("weights_as_posted", made_up("a", weights=4641), 4641) is True
    assert judge("weights_as_posted", made_up("a", weights=4385), 4641) is False


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.123"),
        (-0.5, "−0.500"),
        (0, "0"),
        (1234.5, "1,234"),
        (12.34, "12.3"),
        (1.1921e-07, "1.19e−07"),
        (None, "not a number"),
    ],
)
def test_numbers_for_people(value, text):
    assert symptoms.number(value) == text


# --- leaderboard


def test_leaderboard_by_hand():
    one = made_up("a")
    for name, r2 in (("persistence", 0.5), ("train_mean", -0.1), ("seasonal_naive", 0.6), ("ridge", 0.8)):
        one["parts"]["test"]["baselines"][name] |= {"r2": r2, "mse": 1 - r2}
        one["parts"]["test"]["skill"][name] = 1 - 0.3 / (1 - r2)
    row = leaderboard.row(one)
    assert (row["naive"], row["naive_score"], row["linear"], row["linear_score"]) == (
        "seasonal_naive",
        0.6,
        "ridge",
        0.8,
    )
    assert row["skill_against"] == "seasonal_naive"
    assert row["skill"] == pytest.approx(0.25)
    assert row["accuracy"] is None
    assert row["post"] is None


def test_leaderboard_file_has_a_row_per_experiment_in_order():
    rows = [leaderboard.row(one) for one in everything()]
    read = list(csv.DictReader(io.StringIO(leaderboard.text(rows))))
    assert [row["experiment"] for row in read] == [one["experiment"] for one in everything()]
    broken = next(row for row in read if row["experiment"] == "stateful_classifier")
    assert broken["log_loss"] == ""
    assert float(broken["accuracy"]) > 0


# --- the stage


def test_the_stage_writes_both_files_from_what_evaluate_wrote(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(test_evaluate.params.architecture_options, "check", lambda place, architecture: None)
    settings = test_evaluate.build(
        test_evaluate.WAVE, split_settings=test_evaluate.HOLDOUT, window_settings={"length": 5, "horizon": 2}, period=19
    )
    test_evaluate.predict(lambda part, seed: part.raw_targets() + 0.1 * (seed + 1))
    test_evaluate.run(settings)
    report.report(settings)
    assert "tiny" in files.REPORT.read_text()
    assert "Each step of the test part" in files.REPORT.read_text()
    assert files.LEADERBOARD.read_text().splitlines()[1].startswith("tiny,tiny,,value,r2,")
    before = files.REPORT.read_bytes()
    report.report(settings)
    assert files.REPORT.read_bytes() == before


def test_no_evaluation_at_all_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="must hold at least one evaluation"):
        report.report({"size": "quick", "experiments": {"a": {}}})
    assert not files.REPORT.exists()


def test_the_command_takes_no_argument():
    with pytest.raises(UserError, match="takes no argument"):
        command.main(["co2_lstm"])


def test_made_up_evaluations_have_the_shape_of_real_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(test_evaluate.params.architecture_options, "check", lambda place, architecture: None)
    settings = test_evaluate.build(
        test_evaluate.WAVE, split_settings=test_evaluate.HOLDOUT, window_settings={"length": 5}, period=19
    )
    test_evaluate.predict(lambda part, seed: part.raw_targets())
    real, _ = test_evaluate.run(settings)
    ours = made_up("tiny", oracle=False)
    assert set(ours) == set(real)
    assert set(ours["parts"]["test"]) == set(real["parts"]["test"])
    assert set(ours["parts"]["test"]["drawn"]) == set(real["parts"]["test"]["drawn"])
    assert set(ours["training"][0]) == set(real["training"][0])
    assert copy.deepcopy(ours)["parts"]["test"]["network"].keys() == real["parts"]["test"]["network"].keys()

"""Made-up evaluations, diagnoses, proofs and studies for the tests of the report, and pages rendered from them."""

import copy
import functools
import html
import html.parser
import re

import numpy as np

from pipeline.common.numbers import significant
from pipeline.evaluate import plot_tables
from pipeline.report import cards, comparison, diagnosis, index, leaderboard, page, pairs
from pipeline.scoring import scores


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
    compared=None,
    backend="tensorflow",
):
    """Return an evaluation with random numbers: `constant` predicts one value, `nan` predicts NaN.

    `compared` has values for the comparison that replace the usual ones; False leaves the comparison out.
    """
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
        less = scores.main_loss(classes)
        drawn = {"row": np.arange(120), "truth": truth, "seeds": {str(s): outputs(noise)[:, 0] for s in seeds}}
        others = {n: np.nan_to_num(outputs(0.4)[:, 0], nan=0.3) for n in references(classes)}
        others["persistence"] = np.r_[truth[:1], truth[:-1]]
        drawn |= {"time": None, "baselines": others, "oracle": truth * 0.9 if oracle else None}
        seen = {"step": 1, "windows": 120, "seeds": {}}
        for s in seeds:
            seen["seeds"][str(s)] = {"mean": 0.1, "std": 0.2, "autocorrelation": [0.5, 0.3, 0.1]}
        answers = {seed: outputs(noise) for seed in seeds}
        table = None if nan or not classes else plot_tables.calibration(truth[:, None], answers, classes)
        reliability = list(table) if table is not None else [] if classes else None
        sample = {"windows": 120, "truth": truth, "seeds": {str(s): outputs(noise)[:, 0] for s in seeds}}
        return {
            "windows": 120,
            "dropped": 0,
            "dropped_targets": 0,
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
            "sample": None if classes else sample,
            "reliability": reliability,
            "residuals": None if classes == 3 or kind == "sequence_mean" else seen,
        }

    losses = losses or [1.0, 0.6, 0.4]
    curves = {"loss": losses, "penalty": [penalty * v if v is not None else None for v in losses]}
    if validation:
        curves["val_loss"] = [v * 1.1 if v is not None else None for v in losses]
    failure = {"epoch": 1, "batch": 45, "loss_before": 1.06} if nan else None
    bounds = {"train": [[0, 600]], "validation": [[600, 800]] if validation else None, "test": [[800, 1000]]}
    fold = {part: {"intervals": at, "context": 0} if at else None for part, at in bounds.items()}
    parts = ["train", "validation", "test"] if validation else ["train", "test"]
    training = {"backend": backend, "learning_rate": 0.001, "batch_size": 32, "epochs": 3, "seeds": list(seeds)}
    return significant(
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
            "overlap": 1,
            "sequence_length": 50 if kind == "sequence_mean" else None,
            "units": "original",
            "score_scale": 1.0,
            "chosen": {
                side: {"baseline": one, "chosen_on": "validation", "losses": {one: 0.5}}
                for side, one in zip(("naive", "linear"), references(classes), strict=True)
            },
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
            "comparison": None
            if compared is False
            else {**a_comparison(name, classes, seeds, nan), **(compared or {})},
            "state": {"state": "none", "windows": 32, "difference": 2e-7, "tolerance": 1e-5, "result": "pass"},
            "parts": {part: a_part() for part in parts},
            "split": {
                "policy": "strict",
                "gap": 0,
                "rows": 1000,
                "folds": [fold] * folds,
                "season": None,
                "time": None,
            },
        },
        7,
    )


def side(baseline, skill=0.3, p_value=0.2, outcome=None, seeds=(0, 1), **more):
    """Return one side of a comparison; the uncorrected outcome follows from the p-value by default."""
    outcome = outcome or ("not_distinguishable" if p_value >= 0.05 else "better" if skill > 0 else "worse")
    return {
        "baseline": baseline,
        "skill": skill,
        "low": None if skill is None else skill - 0.2,
        "high": None if skill is None else skill + 0.25,
        "p_value": p_value,
        "degrees": 60.0,
        "comparison": outcome,
        "reason": "interval" if outcome == "not_distinguishable" else None,
        "windows": 120,
        "diebold_mariano": None if skill is None else {"statistic": -1.234, "p_value": 0.217, "lags": 7},
        "seeds": {str(seed): skill for seed in seeds},
        **more,
    }


def references(classes):
    return ("majority", "logistic") if classes else ("train_mean", "ridge")


def a_comparison(name, classes=None, seeds=(0, 1), nan=False):
    skill, p_value = (None, 0.0) if nan else (0.3, 0.2)
    outcome = "worse" if nan else None
    naive, linear = references(classes)
    return {
        "naive": {**side(naive, skill, p_value, outcome, seeds), "chosen_on": "validation"},
        "linear": {**side(linear, skill, p_value, outcome, seeds), "chosen_on": "validation"},
        "oracle_share": None,
        "accuracy": {"score": 0.51, "binomial": [0.48, 0.54], "block": [0.45, 0.57]}
        | {"baseline_score": 0.47, **side("persistence", skill, p_value, outcome, ())}
        if classes
        else None,
        "signs": {"statistic": 1.5, "p_value": 0.134, "hits": 0.512} if classes == 2 else None,
        "windows": 120,
        "unanswered": 120 if nan else 0,
        "effective_windows": None if nan else 31.4,
        "unit": "window",
        "block_length": 9,
        "resamples": 1000,
        "level": 0.05,
        "windows_key": "key of " + name,
    }


def proof(name, result="pass", fold=0, found=(), compared=None):
    about = "What was done, by `name`."
    compared = compared or {"windows": 1546, "test_rows": 84}
    return {"name": name, "fold": fold, "result": result, "compared": compared, "found": list(found), "about": about}


def a_leak(name="no_gap", **more):
    return {
        "name": name,
        "about": "What the mistake is.",
        "proof": "intervals",
        "caught": True,
        "clean_passes": True,
        "found": ["row 140 is in two parts"],
        "metric": "r2",
        "clean": 0.11,
        "leaky": 0.46,
        "gain": 0.35,
        "learner": "ridge regression",
        **more,
    }


def calibrated():
    def rate(series, better, upper):
        return {"series": series, "better": better, "rate": better / series, "lower": 0.01, "upper": upper}

    both = {"series": 90, "better": 2, "better_rate": 2 / 90, "worse": 3, "worse_rate": 3 / 90, "upper": 0.101}
    return {
        "level": 0.05,
        "resamples": 1000,
        "learner": "ridge regression on random features",
        "null": [
            {"windows": 12, **rate(2000, 10, 0.0114), "kinds": {"random_walk": rate(667, 4, 0.0151)}},
            {"windows": 500, **rate(2000, 20, 0.0194), "kinds": {"random_walk": rate(667, 40, 0.0951)}},
        ],
        "planted": [
            {"kind": "autoregression", "windows": 500, "oracle_r2": 0.1, **rate(400, 300, 0.79), "lower": 0.712},
            {"kind": "independent", "windows": 12, "oracle_r2": 0.9, **rate(400, 40, 0.79), "lower": 0.081},
        ],
        "equal": [{"windows": size, **both, "kinds": {"overlapping": both}} for size in (12, 500)],
    }


REFERENCE = "https://arxiv.org/abs/1506.01186"
TABLE = {
    "title": "A published table",
    "source": "Somebody (2021), table 1.",
    "url": "https://arxiv.org/abs/2012.07436",
    "windows": 120,
    "horizon": 1,
    "units": "original",
    "rows": [{"name": "LSTMa", "mse": 0.114, "mae": 0.272}, {"name": "Informer", "mse": 0.098, "mae": 0.247}],
}


def everything():
    """Return evaluations of every kind; each optional part is missing in one of them."""
    return copy.deepcopy(_everything())


@functools.cache
def _everything():
    return [
        made_up("co2_lstm", noise=0.1, oracle=False),
        made_up("sunspots_lstm", folds=3, oracle=False),
        made_up("stacked_lstm_sigmoid", 123707, noise=2.0, weights=954689, validation=False),
        made_up("stacked_lstm_linear", 123707, constant=True, weights=954689, validation=False),
        made_up("stacked_dense", 123707, constant=True, validation=False),
        made_up("sequence_mean_question", 67599, constant=True, kind="sequence_mean", validation=False),
        made_up("sequence_mean_answer", 68047, constant=True, kind="sequence_mean", validation=False, seeds=(0,)),
        made_up("deep_rnn", 107289, weights=29057, penalty=0.97, noise=0.9),
        made_up("deep_rnn_fixed", 107289, weights=29057, noise=0.1),
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


def diagnosed(name, verdict="not_learning", findings=None, cannot_tell=("What other steps do.",)):
    finding = {
        "code": "learning_rate_too_low",
        "weight": "cause",
        "evidence": {"best_rate": 0.001, "row": 4500, "column": "x", "first": True, "ratio": None},
        "explanation": "Ten times the rate of `training` does it.",
        "reference": {"title": "Smith 2017", "url": REFERENCE},
        "remedy": {
            "set": {f"experiments.{name}.training.learning_rate": 0.001},
            "command": f"dvc exp run -S 'experiments.{name}.training.learning_rate=0.001'",
        },
        "advice": None,
    }
    return {
        "experiment": name,
        "verdict": verdict,
        "reasons": ["The skill is −0.62."],
        "findings": [finding] if findings is None else findings,
        "facts": {},
        "cannot_tell": list(cannot_tell),
    }


def symptom(code):
    return {"code": code, "weight": "symptom", "evidence": {}, "explanation": "", "reference": None, "remedy": None}


def stored(name, *, rows=120, seeds=(0, 1), factor=1.0, first=0):
    """Return a table of reports/losses, correlated between experiments, with `factor` times the usual losses."""
    base = np.random.default_rng(5).random(rows) + 0.5
    table = {"row": np.arange(first, first + rows)}
    return table | {f"loss_{seed}": factor * base * (1 + 0.001 * seed) for seed in seeds}


def configured(*experiments, **changed):
    """Return settings of experiments with one dataset each; `changed` are changes to the last one."""
    settings = {"experiments": {}, "datasets": {}, "series": {"s": {"rows": 10}}}
    for name in experiments:
        settings["datasets"]["data_" + name] = {"series": "s", "scaling": {"target": "none"}, "window": {"length": 5}}
        settings["experiments"][name] = {
            "dataset": "data_" + name,
            "architecture": {"name": "lstm", "units": [4], "head": "linear"},
            "training": {"learning_rate": 0.0001, "early_stopping": None},
        }
    for path, value in changed.items():
        place = settings["experiments"][experiments[-1]]
        *above, last = path.split("__")
        for key in above:
            place = place[key]
        place[last] = value
    return settings


def a_pair(factor=0.5, **more):
    """Return the section of one pair, without and with the fix."""
    settings = configured("a", "a_fixed", training__learning_rate=0.001)
    settings["experiments"]["a"]["post"] = 107289
    evaluations = {name: made_up(name, 107289) for name in settings["experiments"]}
    losses = {"a": stored("a"), "a_fixed": stored("a_fixed", factor=factor)}
    diagnoses = {"a": diagnosed("a"), "a_fixed": diagnosed("a_fixed", "learning", [])}
    given = {"settings": settings, "evaluations": evaluations, "losses": losses, "diagnoses": diagnoses, **more}
    return pairs.sections(*given.values())[0]


STUDIES = {
    "studies": [
        {
            "name": "left_out",
            "post": 67599,
            "question": "Which of the changes matters?",
            "command": "python -m benchmarks.studies left_out",
            "size": "Full size.",
            "columns": ["mae", "r2_unseen"],
            "rows": [
                {"label": "all", "set": {"head": "linear"}, "seeds": [0, 1], "figures": {"mae": [0.001, 0.002]}},
                {"label": "none", "set": {}, "seeds": [0, 1], "figures": {"mae": [0.15, None], "r2_unseen": [0, 0]}},
            ],
            "bar": {"text": "MAE at most 0.01", "met": False},
            "answer": "All of them.",
        }
    ]
}

POSTED = {
    "command": "python -m benchmarks.posts",
    "experiments": [
        {
            "experiment": "deep_rnn",
            "post": 107289,
            "size": "full",
            "seeds": [0],
            "epochs": {"posted": 150, "set": 150, "run": [150]},
            "minutes": 60,
            "device": "NVIDIA H200, JAX 0.11.2",
            "windows": {"train": 8794, "validation": 1838, "test": 1838},
            "loss": [0.0021],
            "penalty": [0.001],
            "nonfinite": [None],
            "scores": {"train": 0.31, "validation": -0.1, "test": -0.12},
            "metric": "r2",
            "score": -0.12,
            "naive": "seasonal_naive",
            "naive_score": 0.65,
            "linear": "ridge",
            "linear_score": 0.79,
            "oracle": 0.81,
            "comparison": "worse",
            "verdict": "not_learning",
            "causes": ["over_regularised", "dead_output"],
            "symptoms": [{"text": "The loss is low", "reproduced": True, "measured": "loss 0.0021"}],
        }
    ],
}

CORPUS = {
    "halves": {
        half: {
            "cases": 46,
            "faulty": {"cases": 20, "wrong": 1, "not_learning": 0},
            "healthy": {"cases": 15, "wrong": 1, "not_learning": 1},
            "null": {"cases": 11, "wrong": 1, "not_learning": 0},
            "recall": 0.93,
            "precision": 0.91,
            "false_alarms": 2,
            "verdict_right": 0.957,
        }
        for half in ("tuning", "reported")
    },
    "codes": {"dead_output": {"cases": 2, "found": 2}, "memory_too_short": {"cases": 3, "found": 1}},
    "kinds": {
        "healthy": {"solar": {"cases": 2, "right": 1, "wrong": {"not_learning": 1}}},
        "null": {"noise": {"cases": 3, "right": 3, "wrong": {}}},
    },
    "notes": {"class_imbalance": 2, "duplicate_windows": 1},
    "cases": [
        {
            "name": "season_nan",
            "half": "reported",
            "base": "season",
            "faults": ["nan_cell"],
            "acceptable": [["nonfinite_input", "nonfinite_weights"]],
            "verdicts": ["numerical_failure"],
            "found": ["nonfinite_input"],
            "verdict": "numerical_failure",
        },
        {"name": "of_tuning", "half": "tuning"},
    ],
    "command": "python -m benchmarks.corpus",
}


def leaderboard_rows(evaluations):
    verdicts = {evaluations[0]["experiment"]: "not_learning"}
    return leaderboard.rows(evaluations, comparison.corrected(evaluations), verdicts)


def render(evaluations, **results):
    """Return the page of these evaluations and `page.Results`."""
    outcomes = comparison.corrected(evaluations)
    diagnoses = results.get("diagnoses", {})
    verdicts = {name: diagnosis.verdict(each) for name, each in diagnoses.items()}
    rows = leaderboard.rows(evaluations, outcomes, verdicts)
    missing = {"leakage": {}, "leaks": None, "calibration": None, "published": {}, "diagnoses": {}}
    missing |= {"pairs": [], "studies": None, "corpus": None, "size": "quick"}
    known = {each["experiment"]: each for each in evaluations} | dict.fromkeys(results.pop("absent", []))
    shown = cards.in_order([cards.card(name, each, diagnoses.get(name)) for name, each in known.items()])
    ready = {"evaluations": evaluations, "leaderboard": rows, "outcomes": outcomes, "cards": shown}
    return index.render(index.Results(**(missing | ready | results)))


def render_page(evaluation, found=None, proofs=()):
    """Return the page of one experiment, with its diagnosis and these proofs of its dataset."""
    found = found or diagnosed(evaluation["experiment"])
    leakage = {"proofs": list(proofs) or [proof("intervals")]}
    return page.render(page.content(evaluation, found, leakage))


BENCHMARKS = {
    "bars": [
        {"what": "`make run`", "against": "before", "bar": "at most 0.65x", "figure": "0.612x", "met": True},
        {"what": "the same five", "against": "PyTorch", "bar": "at least 1.1x", "figure": "0.901x", "met": False},
        {"what": "`make demo`", "against": "", "bar": "at most 60 s", "figure": None, "met": None},
    ]
}


def render_all():
    evaluations = everything()
    evaluations[0]["settings"]["experiment"]["published"] = "table"
    return render(
        evaluations,
        absent=["later_one"],
        leakage={"data_a": {"proofs": [proof(name, fold=k) for name in ("intervals", "prefix") for k in (0, 1)]}},
        leaks={"leaks": [a_leak()]},
        calibration=calibrated(),
        published={"table": TABLE},
        diagnoses={
            "deep_rnn": diagnosed("deep_rnn"),
            "deep_rnn_fixed": diagnosed("deep_rnn_fixed", "learning", []),
            "co2_lstm": diagnosed("co2_lstm", "learning", []),
            "stateful_classifier": diagnosed("stateful_classifier", "numerical_failure"),
        },
        pairs=[{**a_pair(), "names": ("deep_rnn", "deep_rnn_fixed")}],
        studies=STUDIES,
        posted=POSTED,
        corpus=CORPUS,
        benchmarks=BENCHMARKS,
    )


def visible_text(text):
    """Return a page's text without style, script and tags, with single spaces."""
    text = re.sub(r"<(style|script)>.*?</\1>", " ", text, flags=re.S)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))


class PageReader(html.parser.HTMLParser):
    """The ids, addresses, nesting errors and headings of a page."""

    VOID = frozenset({"meta", "link", "br", "img", "input", "wbr"})

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

"""Datascience 67599 and 68047: one value for every sequence, and the advice of an answer."""

from __future__ import annotations

from benchmarks.studies import figures
from benchmarks.studies.runs import Row
from benchmarks.studies.study import Study, Table
from benchmarks.studies.wording import every, listed, mean, span
from pipeline import dataset
from pipeline.scoring import scores

SEEDS = (0, 1, 2, 3, 4)
# The question's counts of ones: 45 in training, then the five of its test part.
TRAINING = [
    *(1087, 280, 1013, 300, 311, 260, 960, 281, 417, 311, 102, 251, 748, 428, 802, 512, 61, 80, 1700, 693, 147, 577),
    *(
        280,
        196,
        377,
        281,
        88,
        359,
        250,
        330,
        679,
        201,
        284,
        1129,
        151,
        285,
        722,
        1014,
        153,
        202,
        256,
        99,
        661,
        415,
        134,
    ),
]
POSTED_TEST = [269, 196, 137, 436, 617]
UNSEEN = [count for count in range(50, 1901, 25) if count not in TRAINING]

_TEST = [*POSTED_TEST, *UNSEEN]
MORE_SEQUENCES = {
    "series.step_sequences.counts": TRAINING + _TEST,
    "datasets.step_sequences_posted.split.test": len(_TEST) / len(TRAINING + _TEST),
}
# steps_per_execution changes only the speed: the weights are the same without it.
ONE_BY_ONE = {"training.batch_size": 1, "training.steps_per_execution": 15}
CHRONO = {"architecture.gate_initializer": "chrono"}
LINEAR = {"architecture.head": "linear"}
FIXED = {**CHRONO, **LINEAR, **ONE_BY_ONE}


def read(experiment: str, data: str, seed: int) -> figures.Figures:
    """Compute figures of the question's five test sequences and of the unseen counts after them."""
    training = figures.read_seed(experiment, data, seed)
    part = dataset.load(data, 0, "test")
    truth, outputs = part.raw_targets(), figures.outputs(experiment, "test", seed)
    five = len(POSTED_TEST)
    posted, unseen = (scores.regression(truth[a:b], outputs[a:b]) for a, b in ((0, five), (five, len(truth))))
    return {
        "updates": training["updates"],
        "loss": training["loss"],
        "mae_posted": posted["mae"],
        "mae_unseen": unseen["mae"],
        "r2_unseen": unseen["r2"],
        "spread_unseen": unseen["spread"],
    }


def _fixed(table: Table) -> tuple[str, bool]:
    rows = ("question, fixed", "answer, fixed")
    met = all(
        every(table[row]["mae_posted"], most=0.01)
        and every(table[row]["mae_unseen"], most=0.02)
        and every(table[row]["r2_unseen"], least=0.99)
        for row in rows
    )
    return (
        "MAE at most 0.01 on the question's five test sequences, at most 0.02 and R² at least 0.99 over unseen counts "
        "50 … 1,900, in every seed.",
        met,
    )


def _which_matter(table: Table) -> str:
    kept = table["question, fixed"]
    left = {
        label.removeprefix("fixed without "): each
        for label, each in table.items()
        if label.startswith("fixed without ")
    }
    broken = [name for name, each in left.items() if not every(each["r2_unseen"], least=0.99)]
    return (
        f"Remedied, the question's own 45 training sequences give MAE {span(kept['mae_posted'])} on its five test "
        f"sequences and {span(kept['mae_unseen'])} over {len(UNSEEN)} unseen counts, from "
        f"{span(table['question, posted']['mae_unseen'])} as posted. "
        f"Left out one by one, these changes are missed in at least one seed: {listed(broken)}."
    )


MEAN = Study(
    name="sequence_mean",
    post=68047,
    question="Are 50 sequences of 2,000 steps too few, and which change makes the network learn from them?",
    size=f"Full: the question's own 45 training sequences of 2,000 steps, 50 epochs, five seeds. To its five test "
    f"sequences {len(UNSEEN)} are added whose counts (50 to 1,900, every 25th) are not in training.",
    columns=["mae_posted", "mae_unseen", "r2_unseen", "spread_unseen", "loss", "updates"],
    rows=[
        Row("question, posted", "sequence_mean_question", MORE_SEQUENCES, SEEDS),
        Row("answer, posted", "sequence_mean_answer", MORE_SEQUENCES, SEEDS),
        Row("question, fixed", "sequence_mean_question", MORE_SEQUENCES | FIXED, SEEDS),
        Row("answer, fixed", "sequence_mean_answer", MORE_SEQUENCES | CHRONO | LINEAR, SEEDS),
        Row("fixed without chrono gates", "sequence_mean_question", MORE_SEQUENCES | LINEAR | ONE_BY_ONE, SEEDS),
        Row("fixed without linear head", "sequence_mean_question", MORE_SEQUENCES | CHRONO | ONE_BY_ONE, SEEDS),
        Row("fixed without batch 1", "sequence_mean_question", MORE_SEQUENCES | CHRONO | LINEAR, SEEDS),
    ],
    answer=_which_matter,
    bar=_fixed,
    read=read,
)


def _alone(table: Table) -> str:
    posted = table["as posted"]["r2_unseen"]
    helped = [name for name, each in table.items() if name != "as posted" and every(each["r2_unseen"], least=0.9)]
    return (
        f"As posted R² over unseen counts is {span(posted)}. Alone, these pieces of the answer's advice bring it to "
        f"0.9 in every seed: {listed(helped)}. An unit_forget_bias left out is True, Keras's default."
    )


ADVICE = Study(
    name="sequence_mean_advice",
    post=68047,
    question="What does each piece of the answer's advice do alone?",
    size="Full: the question's 45 training sequences, 50 epochs; three seeds.",
    columns=["mae_posted", "mae_unseen", "r2_unseen", "spread_unseen", "loss", "updates"],
    rows=[
        Row("as posted", "sequence_mean_question", MORE_SEQUENCES, (0, 1, 2)),
        Row("batch 1", "sequence_mean_question", MORE_SEQUENCES | ONE_BY_ONE, (0, 1, 2)),
        Row(
            "orthogonal kernel, gain 0.01",
            "sequence_mean_question",
            MORE_SEQUENCES | {"architecture.kernel_initializer": "orthogonal", "architecture.kernel_gain": 0.01},
            (0, 1, 2),
        ),
        Row(
            "unit_forget_bias false",
            "sequence_mean_question",
            MORE_SEQUENCES | {"architecture.unit_forget_bias": False},
            (0, 1, 2),
        ),
    ],
    answer=_alone,
    read=read,
)


def _claim(sequences: int, length: int, seeds: tuple[int, ...], steps: int, fixed: bool = False) -> Row:
    """Make a row whose counts are drawn as by the answer's generator: each at most once, zero included."""
    return Row(
        f"{sequences:,} of {length:,} steps" + (", fixed" if fixed else ""),
        "sequence_mean_answer",
        {
            "series.step_sequences": {
                "source": "pipeline/sources/steps.py",
                "length": length,
                "counts": "unique",
                "sequences": sequences,
                "seed": 1,
            },
            "training.steps_per_execution": steps,
        }
        | (CHRONO | LINEAR if fixed else {}),
        seeds,
    )


def _claims(table: Table) -> str:
    def converged(row: str) -> str:
        values = table[row]["r2"]
        return f"{sum(v is not None and v >= 0.9 for v in values)} of {len(values)}"

    counts = [f"{row}: {converged(row)}" for row in table]
    least = mean(table["80 of 200 steps, fixed"]["r2"])
    return (
        f"Seeds that converge (test R² of 0.9 or more) with the answer's settings: {'; '.join(counts)}. "
        f"With gates for the length and a linear head 80 sequences of 200 steps reach a mean R² of {least:.3f}."
    )


CLAIMS = Study(
    name="sequence_mean_claims",
    post=68047,
    question="Do 80 sequences of 200 steps fail where 130 converge, as the answer says? And do 300 of 500?",
    size="Full: the answer's settings, 50 epochs, counts drawn as its generator does; five seeds.",
    columns=["r2", "mae", "spread", "train_r2", "loss", "updates"],
    rows=[
        _claim(80, 200, SEEDS, 12),
        _claim(130, 200, SEEDS, 13),
        _claim(300, 500, SEEDS, 15),
        _claim(80, 200, SEEDS, 12, fixed=True),
    ],
    answer=_claims,
)

PERHAPS = Study(
    name="sequence_mean_1200",
    post=68047,
    question="Do 1,200 sequences of 2,000 steps converge, which the answer leaves open?",
    size="Full: the answer's settings, 50 epochs, counts drawn as its generator does. One seed, at ten minutes.",
    columns=CLAIMS.columns,
    rows=[_claim(1200, 2000, (0,), 15)],
    answer=lambda table: (
        f"Test R² {span(table['1,200 of 2,000 steps']['r2'])}, predictions of "
        f"{span(table['1,200 of 2,000 steps']['spread'])} of the target's spread."
    ),
)

STUDIES = [MEAN, ADVICE, CLAIMS, PERHAPS]

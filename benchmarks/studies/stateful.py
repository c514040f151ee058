"""Stats 470563: a loss of 1.1921e-07 while the accuracy stays at 0.2020."""

from __future__ import annotations

from benchmarks.studies import figures
from benchmarks.studies.runs import Row
from benchmarks.studies.study import Study, Table
from benchmarks.studies.wording import every, mean, span

# What the post prints.
LOSS_1, ACCURACY_1, LATER_ACCURACY = 0.2838, 0.2484, 0.2020
BATCHES = 168
# float32 -log(1 - 1e-7), the least value of Keras's clipped cross-entropy.
FLOOR = 1.1921e-07
DROP = {"datasets.price_classes_missing.window.missing": "drop"}
EPOCHS = {"training.epochs": 6}


def fractions(loss: float, accuracy: float, class_0: float) -> tuple[float, float]:
    """Return the shares of the first epoch's batches before the NaN that give the post's loss and its accuracy.

    After the NaN, a kernel that drops NaN leaves the loss at its floor, and the accuracy is the share of class 0.

    Args:
        loss: mean loss of the batches before the NaN.
        accuracy: mean accuracy of the same batches.
        class_0: share of class 0 among the training windows.
    """
    return (LOSS_1 - FLOOR) / (loss - FLOOR), (ACCURACY_1 - class_0) / (accuracy - class_0)


def read(experiment: str, data: str, seed: int) -> figures.Figures:
    """Compute figures of one training, and the post's first epoch from them where a loss became NaN."""
    result = figures.read_seed(experiment, data, seed)
    loss, accuracy, class_0 = result["loss_before"], result["accuracy_before"], result["class_0"]
    if loss is None or accuracy is None or class_0 is None or result["nonfinite_batch"] is None:
        return result
    before = (result["nonfinite_batch"] - 1) / BATCHES
    by_loss, by_accuracy = fractions(loss, accuracy, class_0)
    return result | {
        "share_before": before,
        "share_by_loss": by_loss,
        "share_by_accuracy": by_accuracy,
        "loss_as_on_gpu": before * loss + (1 - before) * FLOOR,
        "accuracy_as_on_gpu": before * accuracy + (1 - before) * class_0,
    }


def _beats(table: Table) -> tuple[str, bool]:
    row = table["fixed"]
    return "Accuracy and Brier score better than the majority class, the skill's interval above zero, in every seed.", (
        every(row["low"], least=1e-12)
        and all(a is not None and a > m for a, m in zip(row["accuracy"], row["majority"], strict=True))
    )


def _fixed(table: Table) -> str:
    posted, row = table["as posted"], table["fixed"]
    return (
        f"With one missing cell the loss is NaN from batch {span(posted['nonfinite_batch'])} of {BATCHES} of the first "
        f"epoch. Without the windows that touch it the network reaches accuracy {span(row['accuracy'])}; the majority "
        f"class has {span(row['majority'])} and the oracle {span(row['oracle_accuracy'])}; skill {span(row['skill'])}."
    )


FIXED = Study(
    name="stateful",
    post=470563,
    question="With one missing cell among 84,000 windows, does the network learn once the cell is out?",
    size="Full: 84,000 windows in batches of 500; 6 of the post's 2,000 epochs; five seeds.",
    columns=["accuracy", "majority", "oracle_accuracy", "skill", "low", "skill_share", "nonfinite_batch", "updates"],
    rows=[
        Row("as posted", "stateful_classifier", EPOCHS, (0, 1)),
        Row("fixed", "stateful_classifier", EPOCHS | DROP, (0, 1, 2, 3, 4)),
    ],
    answer=_fixed,
    bar=_beats,
    read=read,
)


def _figures(table: Table) -> str:
    row = table["cell in batch 45"]
    return (
        f"Before the NaN our first epoch has loss {span(row['loss_before'])} and accuracy "
        f"{span(row['accuracy_before'])}. The post's loss of {LOSS_1} is that of a NaN after "
        f"{mean(row['share_by_loss']):.3f} of the batches, its accuracy of {ACCURACY_1} that of one after "
        f"{mean(row['share_by_accuracy']):.3f}; here it comes after {mean(row['share_before']):.3f} of them. On a CPU "
        f"the loss from there on is NaN and not {FLOOR}; the accuracy is the share of class 0, "
        f"{mean(row['class_0']):.4f}, in both."
    )


FIGURES = Study(
    name="stateful_figures",
    post=470563,
    question="Do one NaN and its place explain the loss and accuracy that the post prints for epoch 1 and after?",
    size="Full, one epoch: every later one is the same. Two seeds.",
    columns=[
        "nonfinite_batch",
        "loss_before",
        "accuracy_before",
        "class_0",
        "accuracy",
        "share_before",
        "share_by_loss",
        "share_by_accuracy",
        "loss_as_on_gpu",
        "accuracy_as_on_gpu",
    ],
    rows=[
        Row(
            f"cell in batch {batch}",
            "stateful_classifier",
            {"training.epochs": 1, "series.price_classes_missing_cell.missing_row": batch * 500},
            (0, 1),
        )
        for batch in (25, 45, 65)
    ],
    answer=_figures,
    read=read,
)


def _order(table: Table) -> str:
    scores = {label: mean(row["accuracy"]) for label, row in table.items()}
    accuracies = "; ".join(f"{label}: {score:.4f}" for label, score in scores.items())
    skills = "; ".join(f"{label}: {span(row['skill'])}" for label, row in table.items())
    return f"Accuracy on the clean series, mean over seeds: {accuracies}. Skill over the majority class: {skills}."


ORDER = Study(
    name="stateful_order",
    post=470563,
    question="What does the order in which state is carried change: as posted, in true lanes, or none?",
    size="Full: 84,000 windows in batches of 500 of the series without a missing cell; 6 epochs; two seeds.",
    columns=["accuracy", "skill", "low", "skill_share", "log_loss", "train_accuracy"],
    rows=[
        Row(label, "stateful_classifier_clean", EPOCHS | changes, (0, 1))
        for label, changes in {
            "as posted": {},
            "true lanes": {"training.state": "lanes"},
            "no state": {"training.state": "none"},
        }.items()
    ],
    answer=_order,
)

STUDIES = [FIXED, FIGURES, ORDER]

"""Facts of recorded trainings."""

import pytest

from pipeline.diagnose.facts import course


def history(**epochs):
    count = len(next(iter(epochs.values())))
    rows = [{key: values[i] for key, values in epochs.items()} for i in range(count)]
    return {"updates": 10 * count, "epochs": rows, "stopped": "completed", "nonfinite": None, "weights_finite": True}


def facts(**epochs):
    return course.facts({3: history(**epochs)})["3"]


def test_a_smooth_fall():
    found = facts(loss=[4.0, 2.0], penalty=[1.0, 1.0], slices=[[4.0, 3.0], [2.0, 1.0]], val_loss=[3.0, 6.0])
    assert (found.updates, found.last) == (20, 2.0)
    assert found.penalty_share == 0.5
    assert found.fall == pytest.approx(0.75)  # of the slices, which hold no penalty
    assert found.late_fall == pytest.approx(0.5)
    assert found.noise == pytest.approx(1 / 3, rel=1e-4)
    assert found.val_rise == 2.0


def test_validation_beside_the_end_of_the_training():
    found = facts(loss=[9.0, 4.0], penalty=[1.0, 1.0], slices=[[9.0] * 4, [5.0, 4.0, 3.0, 1.0]], val_loss=[3.0, 1.5])
    assert found.val_to_train == 0.75  # 1 and its penalty at the end
    assert facts(loss=[2.0], penalty=[0.0], val_loss=[1.0]).val_to_train == 0.5
    assert facts(loss=[2.0], penalty=[0.0]).val_to_train is None


def test_a_loss_that_jumps():
    found = facts(loss=[1.0] * 5, penalty=[0.0] * 5, slices=[[1.0], [4.0], [0.5], [4.0], [1.0]])
    assert found.worst_rise == 8.0
    assert found.noise == pytest.approx((3 + 3.5) / 2 / 3.5, rel=1e-4)
    assert found.fall == 0.0


def test_a_history_without_slices_has_one_per_epoch():
    found = facts(loss=[5.0, 3.0, 2.0], penalty=[1.0, 1.0, 1.0])
    assert found.fall == pytest.approx(0.75)
    assert found.update_ratio is None


def test_updates_are_told_by_layer():
    ratios = [{"lstm": 0.1, "skip": None}, {"lstm": 0.3, "skip": 0.2}, {"lstm": 0.2, "skip": 0.4}]
    found = facts(loss=[3.0, 2.0, 1.0], penalty=[0.0] * 3, slices=[[1.0]] * 3, update_ratio=ratios).update_ratio
    assert found == {"lstm": course.UpdateRatio(0.2), "skip": course.UpdateRatio(pytest.approx(0.3))}


def test_a_training_that_failed_in_its_first_batch():
    failure = {"epoch": 1, "batch": 1, "batches_per_report": 1, "loss_before": None, "accuracy_before": None}
    broken = history(loss=[None], penalty=[None], accuracy=[None], slices=[[]], update_ratio=[{"lstm": None}])
    found = course.facts({0: broken | {"nonfinite": failure, "weights_finite": False, "stopped": "nonfinite"}})["0"]
    assert found.nonfinite == course.Failure(epoch=1, batch=1)
    assert not found.weights_finite
    for key in ("last", "fall", "late_fall", "noise", "worst_rise", "penalty_share", "val_rise"):
        assert getattr(found, key) is None

import numpy as np
import pytest

from training.class_balance import ClassBalance


def test_labels_are_counted_by_class():
    balance = ClassBalance.of(np.array([0, 0, 1, 2, 2, 2]))

    assert balance == ClassBalance(2, 1, 3)
    assert balance.rows == 6
    assert balance.shares == pytest.approx((1 / 3, 1 / 6, 1 / 2))


def test_no_rows_have_no_shares():
    assert ClassBalance.of(np.array([], dtype=np.int64)).shares == (0.0, 0.0, 0.0)


def test_drift_is_the_share_of_rows_that_changed_class():
    before, after = ClassBalance(50, 25, 25), ClassBalance(20, 50, 30)

    assert before.drift(before) == 0.0
    assert before.drift(after) == pytest.approx(0.3)
    assert ClassBalance(9, 0, 0).drift(ClassBalance(0, 5, 0)) == 1.0

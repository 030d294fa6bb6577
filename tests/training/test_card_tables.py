import re

import numpy as np

from training.card_tables import confusion_table, shares_text, threshold_text
from training.class_balance import ClassBalance
from training.threshold import NEVER


def test_a_threshold_that_is_never_reached_is_told_in_words():
    assert threshold_text(NEVER) == "never acts"
    assert threshold_text(0.5) == "0.50"


def test_shares_are_told_in_the_order_of_the_drawing():
    assert shares_text(ClassBalance(none=20, long=50, short=30)) == "50.0% / 20.0% / 30.0%"


def test_right_answers_are_green_and_wrong_ones_red_the_more_the_larger_their_share():
    table = confusion_table(np.array([[8, 1, 1], [0, 5, 5], [2, 0, 8]]))
    looks = re.findall(r'<td class="(\w+)" style="--much:(\d+)%">(\d+)<br>(\d+%)</td>', table)

    assert [look for look, *_ in looks] == ["gain", "pain", "pain", "pain", "gain", "pain", "pain", "pain", "gain"]
    assert looks[0] == ("gain", "60", "8", "80%")
    assert looks[5] == ("pain", "38", "5", "50%")


def test_a_class_that_never_came_is_no_division_by_nothing():
    assert confusion_table(np.array([[0, 0, 0], [0, 1, 0], [0, 0, 1]])).count("<br>0%") == 7

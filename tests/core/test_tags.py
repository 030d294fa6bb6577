import re
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.orders import Purpose
from core.tags import LENGTH, Tagger, is_ours, log_id_from, order_tag, purpose_of

DAY = date(2026, 1, 6)
FORM = re.compile(r"[A-Z0-9]{16}")

tags = st.builds(
    order_tag,
    st.dates(date(2020, 1, 1), date(2100, 1, 1)),
    st.integers(0, 1023).map(log_id_from),
    st.integers(0, 32**3 - 1),
    st.integers(0, 32**4 - 1),
    st.sampled_from(Purpose),
)


@pytest.mark.hazard("S10")
@given(tags)
def test_a_tag_has_the_form_the_broker_takes_and_is_recognised(tag):
    assert FORM.fullmatch(tag)
    assert len(tag) == LENGTH
    assert is_ours(tag)


@given(st.sampled_from(Purpose), st.integers(1, 1000))
def test_the_purpose_can_be_read_back(purpose, number):
    assert purpose_of(order_tag(DAY, "A1", 1, number, purpose)) is purpose


@pytest.mark.hazard("S10")
def test_no_two_tags_of_many_are_equal():
    made = [
        order_tag(DAY + timedelta(days=day), log, boot, number, purpose)
        for day, log, boot, number, purpose in product(range(3), ("A1", "B2"), range(1, 4), range(2_000), Purpose)
    ]
    assert len(set(made)) == len(made)


def test_nearly_every_single_wrong_character_is_noticed():
    tag = order_tag(DAY, "A1", 3, 17, Purpose.STOP)
    wrong = [
        tag[:place] + character + tag[place + 1 :]
        for place in range(LENGTH)
        for character in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        if character != tag[place]
    ]
    assert sum(map(is_ours, wrong)) <= len(wrong) // 100


@pytest.mark.hazard("O11")
@pytest.mark.parametrize("tag", ["", "1:Q", "Untagged", "GTT12345", "X" * 16, "q24la10010001e19"])
def test_other_peoples_tags_are_not_ours(tag):
    assert not is_ours(tag)


def test_a_counter_that_no_longer_fits_is_refused():
    with pytest.raises(ValueError, match="1048576 does not fit into 4"):
        order_tag(DAY, "A1", 1, 32**4, Purpose.ENTRY)
    with pytest.raises(ValueError, match="does not fit"):
        order_tag(date(2019, 12, 31), "A1", 1, 1, Purpose.ENTRY)


@pytest.mark.hazard("S10", "O10")
def test_a_tagger_never_repeats_itself_across_boots():
    seen = set()
    for boot in range(1, 20):
        tagger = Tagger()
        for number in range(50):
            seen.add(tagger.next(DAY, "A1", boot, list(Purpose)[number % 3]))
    assert len(seen) == 19 * 50


def test_one_tagger_counts_on_while_the_boot_is_the_same():
    tagger = Tagger()
    first, second = (tagger.next(DAY, "A1", 1, Purpose.ENTRY) for _ in range(2))
    assert (first[9:13], second[9:13]) == ("0001", "0002")
    assert tagger.next(DAY, "A1", 2, Purpose.ENTRY)[9:13] == "0001"


@given(st.integers(min_value=0))
def test_any_number_names_a_log(seed):
    assert re.fullmatch(r"[0-9A-V]{2}", log_id_from(seed))

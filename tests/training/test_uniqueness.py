from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from training.uniqueness import average_uniqueness, sample_weights

from .invented_rows import rows_of_market

SPANS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 30), st.integers(1, 10)), min_size=1, max_size=40)


def uniqueness_of(spans):
    symbols, begins, lengths = (np.array(each) for each in zip(*spans, strict=True))
    return average_uniqueness(symbols, begins * 1_000, (begins + lengths) * 1_000)


def counted_bar_by_bar(spans):
    """Snippets 4.1 and 4.2 of the book, in words: bars that a label spans, and labels that span each bar."""
    bars = [(symbol, range(begin, begin + length)) for symbol, begin, length in spans]
    return [
        np.mean([1 / sum(bar in other and symbol == theirs for theirs, other in bars) for bar in span])
        for symbol, span in bars
    ]


@given(SPANS)
def test_it_is_the_mean_over_the_bars_of_one_over_the_labels_that_span_them(spans):
    assert uniqueness_of(spans) == pytest.approx(counted_bar_by_bar(spans))


def test_labels_that_share_nothing_are_whole_and_twins_are_halves():
    assert uniqueness_of([(0, 0, 3), (0, 3, 3)]).tolist() == [1.0, 1.0]
    assert uniqueness_of([(0, 0, 3), (0, 0, 3)]).tolist() == [0.5, 0.5]
    assert uniqueness_of([(0, 0, 3), (1, 0, 3)]).tolist() == [1.0, 1.0]


def test_weights_are_one_on_average_and_follow_uniqueness():
    rows = rows_of_market(1, sessions=5)
    weights = sample_weights(rows)

    assert weights.mean() == pytest.approx(1.0)
    assert weights[:25].argmax() in {0, 24}  # the ends of a session have fewer neighbours


def test_years_of_nanoseconds_lose_no_digit_that_matters():
    symbols = np.zeros(3, dtype=np.int64)
    begins = np.array([0, 5 * 365, 5 * 365]) * 86_400 * 10**9 + 1_600_000_000 * 10**9
    assert average_uniqueness(symbols, begins, begins + 3 * 10**11) == pytest.approx([1.0, 0.5, 0.5], rel=1e-9)


def test_a_label_known_before_its_row_is_refused():
    rows = rows_of_market(1, sessions=2)
    with pytest.raises(DataError, match="was known no later than the row"):
        sample_weights(replace(rows, resolved_at=rows.closed_at))

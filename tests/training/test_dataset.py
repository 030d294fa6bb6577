from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from core.errors import DataError
from core.instants import minute_of_day
from core.market import Timeframe
from features.specification import FeatureSpecification
from training.dataset import Dataset, build
from training.sources import generated

from .label_rules import RULE


@pytest.fixture(scope="module")
def histories(calendar):
    symbols = ("NSE:SBIN-EQ", "NSE:INFY-EQ")
    return generated(symbols, Timeframe.M5, date(2025, 1, 1), date(2025, 1, 20), 3, calendar)


@pytest.fixture(scope="module")
def dataset(histories, calendar) -> Dataset:
    return build(histories, FeatureSpecification.default(), Timeframe.M5, calendar, lambda _: RULE)


def by_symbol_and_time(dataset):
    keys = zip(dataset.symbols.tolist(), dataset.closed_at.tolist(), strict=True)
    rows = zip(dataset.features, dataset.directions.tolist(), dataset.net.tolist(), strict=True)
    return {key: (row.tobytes(), direction, net) for key, (row, direction, net) in zip(keys, rows, strict=True)}


def test_rows_come_in_order_of_time_and_labels_are_known_after_them(dataset):
    assert (np.diff(dataset.closed_at) >= 0).all()
    assert (dataset.resolved_at > dataset.closed_at).all()
    assert (dataset.resolved_at == dataset.free_at.max(axis=1)).all()
    assert np.isfinite(dataset.features).all()
    assert set(dataset.symbols) == {0, 1}


def test_the_last_hour_of_a_session_is_known_when_the_session_ends(calendar):
    hours = generated(("NSE:SBIN-EQ",), Timeframe.M60, date(2024, 1, 1), date(2025, 3, 31), 3, calendar)
    rule = replace(RULE, stop_atr=20.0, target_atr=20.0)  # held to the end
    dataset = build(hours, FeatureSpecification.of(("return_1",)), Timeframe.M60, calendar, lambda _: rule)

    ends = {minute_of_day(at) for at in dataset.resolved_at.tolist()}
    assert 15 * 60 + 30 in ends
    assert max(ends) == 15 * 60 + 30


def test_what_lies_in_the_future_of_a_row_changes_neither_row_nor_earlier_labels(histories, calendar, dataset):
    shorter = [replace(each, candles=each.candles.slice(0, 700)) for each in histories]
    part = build(shorter, FeatureSpecification.default(), Timeframe.M5, calendar, lambda _: RULE)

    whole = by_symbol_and_time(dataset)
    rows = by_symbol_and_time(part)
    assert len(rows) > 1_000
    assert all(whole[key] == row for key, row in rows.items())


def test_a_label_that_never_occurs_is_refused(histories, calendar):
    ruinous = replace(RULE, cost=lambda bought, sold: 10**9)
    with pytest.raises(DataError, match="no row is labelled long"):
        build(histories, FeatureSpecification.default(), Timeframe.M5, calendar, lambda _: ruinous)


def test_a_feature_without_a_value_is_named_and_more_candles_are_not_asked_for(histories, calendar):
    still = replace(
        histories[1], candles=replace(histories[1].candles, volumes=np.zeros_like(histories[1].candles.volumes))
    )
    with pytest.raises(
        DataError, match=r"NSE:INFY-EQ: no candle has a value of .*volume_zscore_20.*leave the symbol out"
    ):
        build([histories[0], still], FeatureSpecification.default(), Timeframe.M5, calendar, lambda _: RULE)


def test_no_history_at_all_is_refused(calendar):
    with pytest.raises(DataError, match="0 usable rows"):
        build([], FeatureSpecification.default(), Timeframe.M5, calendar, lambda _: RULE)


def test_the_fingerprint_knows_every_row(dataset):
    changed = dataset.features.copy()
    changed[-1, -1] += 1e-9

    assert replace(dataset, features=changed).fingerprint() != dataset.fingerprint()

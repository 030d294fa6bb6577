"""A run for programs: strict JSON whatever the run was."""

import json
from dataclasses import replace

import numpy as np
import pytest

from reporting.analysis import analyse
from reporting.report_data import report_data
from reporting.run_record import RunRecord

from .conftest import MakeRecord


def test_the_data_are_strict_json_and_have_what_every_program_asks_for(record: RunRecord) -> None:
    data = json.loads(json.dumps(report_data(analyse(record), with_trades=True), allow_nan=False))
    assert {"run_id", "trades", "net_pnl", "charges", "candles", "seconds"} <= set(data)
    assert data["net_pnl"] == record.net / 100
    assert sum(round(trade["net"] * 100) for trade in data["trade_list"]) == record.net
    assert data["summary"]["Total trades"] == data["trades"] == len(record.trades)
    assert data["summary"]["Absolute profit"] == data["net_pnl"]
    assert sum(round(group["net"] * 100) for group in data["groups"]["symbol"]) == record.net


@pytest.mark.parametrize("final", [1, 0, -1, 2**61])
def test_no_run_makes_a_number_that_json_lacks(make_record: MakeRecord, final: int) -> None:
    record = make_record(days=3, trades=1)
    equity = np.linspace(record.facts.capital, final, len(record.at)).astype(np.int64)
    json.dumps(report_data(analyse(replace(record, equity=equity))), allow_nan=False)


def test_drawing_the_trades_again_can_be_left_out(record: RunRecord) -> None:
    assert report_data(analyse(record, runs=0))["monte_carlo"] == []


def test_the_same_trades_have_the_same_luck_whatever_their_run_is_called(record):
    again, other = (
        replace(record, facts=replace(record.facts, started_at=record.facts.started_at + 1)),
        replace(record, trades=record.trades[:-1]),
    )

    drawn, drawn_again, drawn_other = (report_data(analyse(each))["monte_carlo"] for each in (record, again, other))

    assert drawn == drawn_again
    assert drawn != drawn_other

"""The simulator as a program and as part of one: start, restart, port, clock, and keeping up at full speed."""

import json
import os
import signal
import socket
import subprocess
import sys
from datetime import date, time
from pathlib import Path
from urllib.request import urlopen

import pytest
from filelock import FileLock

from core.errors import ConfigurationError, StorageError
from core.instants import instant_at
from core.ports import Calendar
from simulator.options import SimulatorOptions
from simulator.server import run_simulator, running_simulator

MORNING = instant_at(date(2026, 1, 6), time(10, 0))
PROGRAM = """
from datetime import date, time
from core.instants import instant_at
from core.sessions import TradingDay
from simulator.options import SimulatorOptions
from simulator.server import run_simulator

class EveryDay:
    def trading_day(self, day):
        hours = dict(open=(9, 15), no_entry_after=(14, 45), square_off=(15, 5), flat_by=(15, 10), close=(15, 30))
        return TradingDay(date=day, **{name: instant_at(day, time(*at)) for name, at in hours.items()})

run_simulator(SimulatorOptions(day=date(2026, 1, 6), clock_speed=10), EveryDay())
"""


def test_the_program_prints_one_json_line_and_ends_on_sigterm() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        try:
            assert running.stdout is not None
            endpoints = json.loads(running.stdout.readline())
            assert endpoints["clock"]["start"] == "2026-01-06T09:00:00+05:30"
            assert endpoints["clock"]["speed"] == 10
            assert set(endpoints) >= {"rest", "data", "data_socket", "order_socket", "symbol_master", "control"}
            with urlopen(f"{endpoints['control']}/state", timeout=5) as state:
                assert json.load(state)["market_time"].startswith("2026-01-06 09:0")
            running.send_signal(signal.SIGTERM)
            rest, errors = running.communicate(timeout=10)
        finally:
            running.kill()
    assert (running.returncode, rest, errors) == (0, b"", b"")


def test_a_second_simulator_on_the_same_books_is_refused(calendar: Calendar, tmp_path: Path) -> None:
    with FileLock(tmp_path / "simulator.lock"), pytest.raises(ConfigurationError, match="another simulator keeps"):
        run_simulator(SimulatorOptions(state=tmp_path), calendar)


def test_a_state_folder_that_is_a_file_is_named(calendar: Calendar, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(StorageError, match="taken cannot be used"):
        run_simulator(SimulatorOptions(state=tmp_path / "taken"), calendar)


def test_a_port_in_use_is_named(calendar: Calendar) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        in_use = pytest.raises(ConfigurationError, match=rf"127\.0\.0\.1:{port} is in use")
        with in_use, running_simulator(SimulatorOptions(port=port), calendar):
            pass


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"host": "0.0.0.0"}, "0.0.0.0"),
        ({"port": 70_000}, "70000"),
        ({"clock_speed": 0}, "speed 0"),
        ({"clock_speed": float("inf")}, "speed inf"),
        ({"clock_speed": float("nan")}, "speed nan"),
        ({"seed": -1}, "seed -1"),
        ({"clock_epoch": 1e300}, r"epoch 1e\+300: must be seconds since 1970, .* 2000 and 2100"),
        ({"clock_epoch": float("nan")}, "epoch nan"),
        ({"clock_start": 253402300799 * 10**9}, "start 253402300799 .* between the years 2000 and 2100"),
        ({"day": date(9999, 12, 31)}, "between the years 2000 and 2100"),
    ],
)
def test_options_that_cannot_be_served_are_refused(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        SimulatorOptions(**wrong)  # type: ignore[arg-type]


def test_a_speed_needs_a_start() -> None:
    with pytest.raises(ConfigurationError, match=r"clock\.start"):
        SimulatorOptions(clock_speed=20).clock()
    assert SimulatorOptions(clock_speed=20, day=date(2026, 1, 6)).clock().start == instant_at(
        date(2026, 1, 6), time(9, 0)
    )


def test_a_restarted_simulator_has_the_same_books_and_knows_the_old_token(
    connect, calendar: Calendar, tmp_path: Path
) -> None:
    options = SimulatorOptions(clock_start=MORNING, clock_speed=20, clock_epoch=None, state=tmp_path / "state", seed=7)
    with running_simulator(options, calendar) as first:
        epoch = first.endpoints.clock["epoch"]
        old = connect(first.endpoints)
        order_id = old.place(qty=2, orderTag="keepme").body["id"]
        trades = old.call("GET", "/api/v3/tradebook").body["tradeBook"]
    again = SimulatorOptions(clock_start=MORNING, clock_speed=20, clock_epoch=epoch, state=tmp_path / "state", seed=7)
    with running_simulator(again, calendar) as second:
        new = connect(second.endpoints)
        (order,) = new.call("GET", "/api/v3/orders", order_tag="1:keepme", token=old.authorization).body["orderBook"]
        assert (order["id"], order["filledQty"]) == (order_id, 2)
        assert new.call("GET", "/api/v3/tradebook").body["tradeBook"] == trades
        (position,) = new.call("GET", "/api/v3/positions").body["netPositions"]
        assert position["netQty"] == 2


def test_a_market_that_cannot_go_on_ends_the_program(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "books.jsonl").write_text("not a ledger\nat all\n")
    code = PROGRAM.replace("clock_speed=10", f"clock_speed=10, state=__import__('pathlib').Path({str(folder)!r})")
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, env=dict(os.environ), check=False
    )
    assert ended.returncode != 0
    assert "StorageError" in ended.stderr
    assert str(folder) in ended.stderr

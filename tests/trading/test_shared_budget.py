"""Two programs on one account: the broker counts their calls together, so each must hear of the other's."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, time
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.instants import MINUTE, SECOND, Instant, instant_at, ist_date
from runtime.clock import MarketClock
from runtime.settings import RateSettings
from trading.call_journal import Call, CallJournal
from trading.rate_budget import Lane, RateBudget

RATES = RateSettings()
SMALL = RateSettings(per_second=8, per_minute=40, calls_per_day=120)
READS_PER_SECOND, READS_PER_MINUTE = 5, 108
"""What the settings above leave to reads."""
MORNING = instant_at(date(2026, 11, 20), time(9, 15))

PROGRAM = """
import sys
from pathlib import Path
from core.instants import instant_of
from datetime import datetime
from runtime.clock import MarketClock
from runtime.settings import RateSettings
from trading.call_journal import CallJournal
from trading.rate_budget import Lane, RateBudget

folder, lane, start, epoch, until = sys.argv[1:]
clock = MarketClock(int(start), 20.0, float(epoch))
budget = RateBudget(RateSettings(), CallJournal(Path(folder)))
made = 0
while clock.now() < int(until):
    wait = budget.reserve(Lane(lane), False, clock.now())
    if wait:
        clock.sleep(wait)
    made += wait == 0
print(made)
"""


def most_in_any(instants: list[Instant], window: int) -> int:
    return max((sum(start <= other < start + window for other in instants) for start in instants), default=0)


def fill(budget: RateBudget, lane: Lane, now: Instant) -> int:
    taken = 0
    while budget.reserve(lane, False, now) == 0:
        taken += 1
    return taken


@pytest.mark.hazard("S9")
@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from(Lane),
            st.one_of(st.integers(0, SECOND // 4), st.integers(0, 20 * SECOND), st.just(7 * 3600 * SECOND)),
        ),
        max_size=300,
    )
)
def test_three_budgets_on_one_journal_exceed_no_window_together(wishes):
    with TemporaryDirectory() as folder:
        budgets = [RateBudget(SMALL, CallJournal(Path(folder))) for _ in range(3)]
        now, made = MORNING, []
        for who, lane, pause in wishes:
            now += pause
            if budgets[who].reserve(lane, False, now) == 0:
                made.append(now)
    assert most_in_any(made, SECOND) <= SMALL.per_second
    assert most_in_any(made, MINUTE) <= SMALL.per_minute
    days = [ist_date(at) for at in made]
    assert max(map(days.count, days), default=0) <= SMALL.calls_per_day


@pytest.mark.hazard("S9")
def test_a_bot_and_a_download_at_full_speed_stay_within_the_limits_of_the_account(tmp_path: Path):
    clock = MarketClock(MORNING, 20.0)
    until = MORNING + 90 * SECOND
    lanes = (Lane.READ, Lane.DOWNLOAD, Lane.DOWNLOAD)
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, tmp_path, lane.value, str(MORNING), repr(clock.epoch), str(until)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for lane in lanes
    ]
    made = [int(program.communicate()[0]) for program in programs]

    noted = [call.at for call in CallJournal(tmp_path).calls(ist_date(MORNING))]
    assert len(noted) == sum(made)
    assert most_in_any(noted, SECOND) <= READS_PER_SECOND
    assert most_in_any(noted, MINUTE) <= READS_PER_MINUTE


def test_a_download_leaves_half_of_what_reads_may_use_to_a_bot(tmp_path: Path):
    bot, download = (RateBudget(RATES, CallJournal(tmp_path)) for _ in range(2))

    assert fill(download, Lane.DOWNLOAD, MORNING) == 2
    assert fill(bot, Lane.READ, MORNING) == 3
    assert fill(bot, Lane.EXIT, MORNING) == 3
    assert download.reserve(Lane.DOWNLOAD, False, MORNING + SECOND // 2) == 0.5


def test_a_download_waits_while_a_bot_uses_what_both_may(tmp_path: Path):
    bot, download = (RateBudget(RATES, CallJournal(tmp_path)) for _ in range(2))
    reads = sum(fill(bot, Lane.READ, MORNING + second * SECOND) for second in range(20))

    assert reads == 100
    assert download.reserve(Lane.DOWNLOAD, False, MORNING + 30 * SECOND) > 20


def test_a_download_alone_makes_54_calls_a_minute():
    budget = RateBudget(RATES)
    assert sum(fill(budget, Lane.DOWNLOAD, MORNING + second * SECOND) for second in range(60)) == 54


def test_calls_of_others_around_midnight_count(tmp_path: Path):
    midnight = instant_at(date(2026, 11, 21), time())
    ours, theirs = (RateBudget(RATES, CallJournal(tmp_path)) for _ in range(2))
    assert ours.reserve(Lane.EXIT, False, midnight - 2 * SECOND) == 0
    assert fill(theirs, Lane.EXIT, midnight - SECOND // 4) == RATES.per_second

    assert ours.reserve(Lane.EXIT, False, midnight + SECOND // 4) == 0.5


def test_nobody_looks_at_the_windows_while_another_process_is_about_to_note_a_call(tmp_path: Path):
    other = CallJournal(tmp_path)
    budget = RateBudget(RateSettings(per_second=1), CallJournal(tmp_path))
    with ThreadPoolExecutor(1) as pool:
        with other.turn(1.0):
            waiting = pool.submit(budget.reserve, Lane.READ, False, MORNING)
            sleep(0.1)
            other.add(Call(MORNING, False))
        assert waiting.result() == 1.0


def test_a_process_that_was_stopped_in_its_turn_does_not_keep_an_exit_waiting(tmp_path: Path):
    stopped = CallJournal(tmp_path)
    budget = RateBudget(RATES, CallJournal(tmp_path))
    with stopped.turn(1.0):
        assert budget.reserve(Lane.EXIT, True, MORNING) == 0
    assert list(stopped.calls(ist_date(MORNING))) == [Call(MORNING, True)]


def test_what_others_noted_is_heard_once_and_what_we_noted_never(tmp_path: Path):
    ours, theirs = CallJournal(tmp_path), CallJournal(tmp_path)
    theirs.add(Call(MORNING, False))
    ours.follow(ist_date(MORNING))
    ours.add(Call(MORNING + 1, False))
    theirs.add(Call(MORNING + 2, True))
    ours.add(Call(MORNING + 3, False))

    assert ours.others() == [Call(MORNING + 2, True)]
    assert ours.others() == []


def test_a_record_that_is_written_in_two_pieces_is_heard_when_it_is_whole(tmp_path: Path):
    ours = CallJournal(tmp_path)
    ours.add(Call(MORNING, False))
    ours.follow(ist_date(MORNING))
    [path] = tmp_path.iterdir()
    record = b"\n%do" % (MORNING + 1)
    for piece in (record[:7], record[7:-1]):
        with path.open("ab") as file:
            file.write(piece)
        assert ours.others() == []
    with path.open("ab") as file:
        file.write(record[-1:])
    assert ours.others() == [Call(MORNING + 1, True)]

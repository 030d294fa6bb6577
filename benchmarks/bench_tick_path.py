"""How long a tick takes from the inbox to the exit decision, at 50 symbols with an open position each.

Every tick comes through the inbox from another thread, those that cross a stop or a target too. The writer's work is
measured in the writer thread, from the tick taken out: noted on the tape and then decided on, to the end for every
tick, and for one that exits also to the moment it is decided. Writing the tape is measured by itself, per tick; the hop
from the feed's thread is reported beside it, and what the recorder adds there. `--without-recorder` leaves that out.
Prints one JSON line.
"""

import gc
import json
import queue
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import date
from datetime import time as day_time
from pathlib import Path
from typing import TypeAlias

from core import events
from core.charges import ChargeRates
from core.events import EntryPlan
from core.fold import apply
from core.instants import MINUTE, SECOND, Instant, instant_at
from core.market import Candle, Instrument, Side, Tick, Timeframe
from core.orders import OrderIntent, OrderReport, OrderStatus, OrderType, Product, Purpose
from core.rules import TradingRules
from core.sessions import TradingDay
from core.signals import Direction, FeatureRow, Needs, Signal
from core.sizing import SizingMethod, SizingRule
from core.state import BotState
from market_data.ticks.tick_recorder import SqliteTickRecorder
from runtime.clock import MarketClock
from trading.kernel import Kernel
from trading.tick_tape import FileTickTape

SYMBOLS = [f"NSE:SHARE{number}-EQ" for number in range(50)]
GOAL_P99_US = 50
ROUNDS = 20
"""Each with 50 fresh positions, because a position exits once."""
ROUND_TICKS = 10_000
TICKS = ROUNDS * ROUND_TICKS
WRITE_EVERY = 250
"""Ticks between two looks of the writer, at a thousand a second."""
FIRST_CROSSING = 150
"""Ticks that each symbol has before the first position is stopped out; after each further one another symbol exits."""
RECORDS = "--without-recorder" not in sys.argv
"""Whether the feed's thread hands each tick to the recorder too, as the bot does by default."""
STOP, TARGET = 99_000, 101_500
DAY = date(2026, 1, 6)
OPEN = instant_at(DAY, day_time(9, 15))
PLAN = EntryPlan(direction=Direction.LONG, probability=0.6, atr=500.0, stop_atr=2.0, target_atr=3.0)
Inbox: TypeAlias = "queue.SimpleQueue[tuple[int, Tick]]"
"""When a tick was put in, by the clock of the measurement, and the tick."""


@dataclass(slots=True)
class Times:
    """What was measured, in nanoseconds."""

    work: list[int] = field(default_factory=list)
    """Of the writer, for each tick: from the tick taken out to the end of its decision."""
    notes: list[int] = field(default_factory=list)
    """The part of it that notes the tick on the tape."""
    hops: list[int] = field(default_factory=list)
    """From the feed's thread to the writer, for each tick."""
    hand_overs: list[int] = field(default_factory=list)
    """What the recorder adds in the feed's thread, for each tick."""
    exits: list[int] = field(default_factory=list)
    """To the decision that a position goes, for each tick that makes one go."""
    exit_steps: list[int] = field(default_factory=list)
    """The whole work of the same ticks."""
    writing: int = 0
    """All writing of the tape."""


class Silent:
    """A provider that never wants anything."""

    name = "silent"
    needs = Needs(features=())

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        return None


class NoRows:
    """A stream that never warms up."""

    def update(self, candle: Candle) -> FeatureRow | None:
        return None


def rules() -> TradingRules:
    """Ordinary rules with a loss limit that this benchmark does not reach."""
    return TradingRules(
        timeframe=Timeframe.M5,
        product=Product.INTRADAY,
        sizing=SizingRule(
            method=SizingMethod.FIXED, quantity=10, capital_ppm=10**6, risk_ppm=2500, max_order_value=10**9
        ),
        charges=ChargeRates(
            brokerage=3000,
            brokerage_cap=2000,
            stt_buy=0,
            stt_sell=2500,
            exchange=297,
            sebi=10,
            ipft=10,
            stamp_buy=300,
            gst_percent=18,
        ),
        stop_atr=2.0,
        target_atr=3.0,
        limit_offset=0.005,
        price_buffer=0.002,
        capital=10**9,
        max_loss=10**9,
        max_positions=50,
        max_order_value=10**9,
        max_orders_per_day=10**6,
        max_price_age=MINUTE,
        entry_timeout=20 * SECOND,
        stop_patience=3 * SECOND,
        verify_after=2 * SECOND,
        protect_within=30 * SECOND,
        books_busy=5 * SECOND,
        books_idle=MINUTE,
        transit=41 * SECOND,
    )


def kernel_with_positions() -> Kernel:
    """A kernel that holds ten shares of every symbol, with stop and target."""
    instruments = {
        symbol: Instrument(symbol=symbol, token=f"1010000000{n:04}", tick=5) for n, symbol in enumerate(SYMBOLS)
    }
    kernel = Kernel(rules(), instruments, Silent(), lambda _symbol: NoRows())
    day = TradingDay(
        date=DAY,
        open=OPEN,
        close=OPEN + 375 * MINUTE,
        no_entry_after=OPEN + 330 * MINUTE,
        square_off=OPEN + 350 * MINUTE,
        flat_by=OPEN + 355 * MINUTE,
    )
    state = kernel.state
    apply(state, events.DayBegan(at=OPEN, day=day))
    for number, symbol in enumerate(SYMBOLS):
        apply_order(state, symbol, Purpose.ENTRY, f"entry{number}")
        apply_order(state, symbol, Purpose.STOP, f"stop{number}")
        apply(state, events.LevelsSet(at=OPEN, symbol=symbol, stop=STOP, target=TARGET))
    apply(state, events.Reconciled(at=OPEN, why="benchmark"))
    return kernel


def apply_order(state: BotState, symbol: str, purpose: Purpose, tag: str) -> None:
    """Let ten shares be bought by an entry, which fills, or be covered by a stop, which rests."""
    is_entry = purpose is Purpose.ENTRY
    side, filled = (Side.BUY, 10) if is_entry else (Side.SELL, 0)
    intent = OrderIntent(
        tag=tag,
        symbol=symbol,
        side=side,
        quantity=10,
        type=OrderType.LIMIT,
        limit_price=100_000,
        product=Product.INTRADAY,
        purpose=purpose,
        reason="benchmark",
    )
    apply(state, events.OrderIntended(at=OPEN, intent=intent, plan=PLAN))
    report = OrderReport(
        broker_id=tag,
        tag=tag,
        symbol=symbol,
        side=side,
        type=OrderType.LIMIT,
        product="INTRADAY",
        quantity=10,
        filled=filled,
        filled_value=filled * 100_000,
        limit_price=100_000,
        trigger_price=0,
        status=OrderStatus.FILLED if is_entry else OrderStatus.PENDING,
    )
    apply(state, events.OrderReported(at=OPEN, report=report))


def tick_of(number: int) -> Tick:
    """One tick of a round: a walk between the levels, and for every symbol once a price on its stop or its target."""
    turn, place = divmod(number % ROUND_TICKS, 50)
    price = 100_000 + (number * 7919 % 181 - 90) * 5
    if turn == FIRST_CROSSING + place:
        price = STOP if place % 2 else TARGET
    return Tick(SYMBOLS[place], OPEN + number, price, price - 5, price + 5, number)


def note_exits(kernel: Kernel, decided: list[int]) -> None:
    """Have the kernel's engine note when it has decided that a position goes."""
    decide = kernel.engine.on_tick

    def on_tick(state: BotState, tick: Tick, now: Instant) -> list[events.Decision]:
        decisions = decide(state, tick, now)
        if decisions:
            decided.append(time.perf_counter_ns())
            assert isinstance(decisions[0], events.ExitDecided)
        return decisions

    kernel.engine.on_tick = on_tick


def feed(inbox: Inbox, recorder: SqliteTickRecorder, times: Times) -> None:
    """Put every tick into the inbox, and hand it to the recorder."""
    now = MarketClock(OPEN).now
    for number in range(TICKS):
        tick = tick_of(number)
        inbox.put((time.perf_counter_ns(), tick))
        if RECORDS:
            begin = time.perf_counter_ns()
            recorder.take(tick, now())
            times.hand_overs.append(time.perf_counter_ns() - begin)
        if number % 20 == 0:
            time.sleep(0)


def decide_on(inbox: Inbox, kernels: list[Kernel], decided: list[int], tape: FileTickTape, times: Times) -> None:
    """Take every tick out of the inbox, note it, decide on it, and write the tape now and then."""
    for number in range(TICKS):
        kernel = kernels[number // ROUND_TICKS]
        sent, tick = inbox.get()
        begin = time.perf_counter_ns()
        tape.note(tick, tick.at)
        noted = time.perf_counter_ns()
        step = kernel.on_tick(tick, tick.at)
        end = time.perf_counter_ns()
        times.work.append(end - begin)
        times.notes.append(noted - begin)
        times.hops.append(begin - sent)
        if step is not None:
            assert any(isinstance(event, events.ChangeIntended) for event in step.events)
            times.exits.append(decided.pop() - begin)
            times.exit_steps.append(end - begin)
        if step is not None or number % WRITE_EVERY == 0:
            begin = time.perf_counter_ns()
            tape.write()
            times.writing += time.perf_counter_ns() - begin


def measure(folder: Path) -> Times:
    """Feed ticks through a thread; one in two hundred crosses a level, and its position goes."""
    decided: list[int] = []
    kernels = [kernel_with_positions() for _ in range(ROUNDS)]
    for kernel in kernels:
        note_exits(kernel, decided)
    gc.collect()
    gc.freeze()  # as the bot does once its day is built
    times, inbox = Times(), queue.SimpleQueue[tuple[int, Tick]]()
    recorder = SqliteTickRecorder(folder / "live.sqlite", DAY, dict.fromkeys(SYMBOLS, 2), most_waiting=TICKS)
    thread = threading.Thread(target=feed, args=(inbox, recorder, times))
    thread.start()
    tape = FileTickTape(folder, DAY)
    decide_on(inbox, kernels, decided, tape, times)
    thread.join()
    tape.close()
    recorder.close()
    assert (recorder.counts.written, recorder.counts.lost) == (len(times.hand_overs), 0)
    assert len(times.exits) == ROUNDS * len(SYMBOLS)
    return times


def median_us(times: list[int], digits: int) -> float:
    """Return the median in microseconds."""
    return round(statistics.median(times) / 1e3, digits)


def p99_us(times: list[int]) -> float:
    """Return the 99th percentile in microseconds."""
    return sorted(times)[int(len(times) * 0.99)] / 1e3


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        times = measure(Path(folder))
    decision_p99, exit_p99 = p99_us(times.work), p99_us(times.exits)
    result = {
        "benchmark": "tick_path",
        "symbols": 50,
        "ticks": TICKS,
        "decision_p50_us": median_us(times.work, 2),
        "decision_p99_us": round(decision_p99, 2),
        "tape_note_p50_us": median_us(times.notes, 2),
        "tape_write_us_per_tick": round(times.writing / TICKS / 1e3, 2),
        "exit_decided_p50_us": median_us(times.exits, 1),
        "exit_decided_p99_us": round(exit_p99, 1),
        "exit_step_p50_us": median_us(times.exit_steps, 1),
        "exit_step_p99_us": round(p99_us(times.exit_steps), 1),
        "hop_p50_us": median_us(times.hops, 1),
        "recorder_adds_p50_us": median_us(times.hand_overs, 2) if RECORDS else 0,
        "goal_decision_p99_us": GOAL_P99_US,
        "holds": max(decision_p99, exit_p99) < GOAL_P99_US,
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()

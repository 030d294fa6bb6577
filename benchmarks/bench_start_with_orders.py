"""How long a bot that was killed takes to find, reconcile and protect what it holds, with 500 orders in the day's book.

The bot died after its entry went out and before it heard of the fill: its log ends with the intent, the broker holds
shares and no stop. Each round starts the real process on such a log, against a real simulator at the wall's speed, and
ends when the stop rests at the broker. Prints one JSON line.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench_start_and_memory import SYMBOLS, TEN, Run, silent

from core import events
from core.instants import ist_date
from core.market import Side
from core.orders import OrderIntent, OrderStatus, OrderType, Outcome, OutcomeKind, Product, Purpose
from core.signals import Direction
from core.tags import Tagger
from market_data.calendar import NseCalendar
from simulator.books import PlaceRequest
from simulator.exchange import Exchange
from simulator.options import SimulatorOptions
from simulator.server import RunningSimulator, running_simulator
from trading.event_log import SqliteEventLog
from training.recipe import Recipe
from training.train import TrainingOptions, train_model

ORDERS = 500
ROUNDS = 10
PATIENCE_SECONDS = 60.0
GOAL_SECONDS = 15.0
QUANTITY = 10


class Past:
    """What the dead bot did: told to the broker and to its log alike."""

    def __init__(self, simulator: RunningSimulator, exchange: Exchange, calendar: NseCalendar) -> None:
        self.simulator, self.exchange = simulator, exchange
        self.now = simulator.clock.now()
        self.day = calendar.trading_day(ist_date(self.now))
        self.tagger = Tagger()
        self.happened: list[events.Event] = [
            events.Booted(
                at=self.now,
                boot=1,
                log_id="A1",
                mode="live",
                account=simulator.endpoints.account,
                version="1",
                config_digest="d",
            ),
            events.DayBegan(at=self.now, day=self.day),
        ]

    def place(self, symbol: str, share_of_price: float) -> str:
        """Buy a little at a share of the last price; return the broker's id."""
        limit = (
            int(self.exchange._floor.last_price(symbol) * share_of_price) // 100 * 100
        )  # whole rupees suit every tick
        tag = self.tagger.next(self.day.date, "A1", 1, Purpose.ENTRY)
        intent = OrderIntent(
            tag=tag,
            symbol=symbol,
            side=Side.BUY,
            quantity=QUANTITY,
            type=OrderType.LIMIT,
            limit_price=limit,
            product=Product.INTRADAY,
            purpose=Purpose.ENTRY,
            reason="benchmark",
        )
        plan = events.EntryPlan(direction=Direction.LONG, probability=0.6, atr=500.0, stop_atr=2.0, target_atr=3.0)
        self.happened.append(events.OrderIntended(at=self.now, intent=intent, plan=plan))
        request = PlaceRequest(
            symbol=symbol,
            side=Side.BUY,
            type=OrderType.LIMIT,
            quantity=QUANTITY,
            limit_price=limit,
            product="INTRADAY",
            tag=tag,
        )
        reply, _ = self.exchange.place(request, self.simulator.clock.now())
        assert reply.ok, reply
        return reply.broker_id

    def place_and_cancel(self, symbol: str) -> None:
        """An order of the morning, long over."""
        broker_id = self.place(symbol, 0.97)
        intent = self.happened[-1].intent
        acknowledged = Outcome(kind=OutcomeKind.ACK, broker_id=broker_id)
        self.happened += [
            events.OutcomeArrived(at=self.now, verb=events.Verb.PLACE, tag=intent.tag, outcome=acknowledged),
            events.CancelIntended(at=self.now, tag=intent.tag, broker_id=broker_id, why="benchmark"),
        ]
        self.exchange.cancel(broker_id, self.simulator.clock.now())

    def write(self, folder: Path) -> None:
        """Leave the log where the next start looks for it."""
        folder.mkdir(parents=True)
        with SqliteEventLog(folder / "live.sqlite") as log:
            log.append(self.happened)


def seconds_to_protect(folder: Path, model: Path, calendar: NseCalendar) -> float:
    """One death and one start."""
    with running_simulator(SimulatorOptions(symbols=SYMBOLS, clock_start=TEN, seed=7), calendar) as simulator:
        exchange = simulator._server.venue.exchange

        def live_through() -> Past:
            past = Past(simulator, exchange, calendar)
            for number in range(ORDERS - 1):
                past.place_and_cancel(SYMBOLS[number % len(SYMBOLS)])
            past.place(SYMBOLS[0], 1.01)
            return past

        simulator._call(live_through).write(folder / "bot")
        run = Run(folder, model, simulator.endpoints)
        while not simulator._call(lambda: is_protected(exchange)):
            if run.process.poll() is not None or time.perf_counter() - run.began > PATIENCE_SECONDS:
                sys.exit(f"the bot did not protect its position: {(folder / 'said').read_text()[-3000:]}")
            time.sleep(0.01)
        taken = time.perf_counter() - run.began
        assert len(simulator._call(exchange.orders)) >= ORDERS
        run.end()
    return taken


def is_protected(exchange: Exchange) -> bool:
    """Whether a stop of the position's size rests."""
    return any(
        order.is_stop and order.status is OrderStatus.PENDING and order.quantity == QUANTITY
        for order in exchange.orders()
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        calendar = NseCalendar(cache=Path("data/cache"))
        model = train_model(
            TrainingOptions(models=Path("models"), recipe=Recipe.quick(trees=200, depth=8)), calendar, progress=silent
        ).resolve()
        taken = [seconds_to_protect(Path(work, str(number)), model, calendar) for number in range(ROUNDS)]
    result = {
        "benchmark": "start_with_orders",
        "orders": ORDERS,
        "starts": ROUNDS,
        "protected_s": round(statistics.median(taken), 2),
        "protected_worst_s": round(max(taken), 2),
        "goal_protected_s": GOAL_SECONDS,
        "holds": max(taken) < GOAL_SECONDS,
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()

"""Two real programs on one market clock: the simulator, and the bot that trades against it. Both can be killed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from core import events
from core.instants import Instant, instant_at, ist_datetime
from core.market import Side, Timeframe
from core.positions import Trade
from core.tags import is_ours
from market_data.calendar import NseCalendar
from runtime.project import CONFIG, ROOT
from simulator.books import ExchangeOrder, OrderChanged, Traded
from simulator.books import Trade as Fill
from simulator.ledger import FileLedger
from trading.event_log import SqliteEventLog
from trading.rehearsal import bot_environment, sign_in
from trading.rehearsal_plan import Rehearsal
from training.recipe import Recipe
from training.train import TrainingOptions, train_model

DAY = date(2026, 1, 6)
"""A Tuesday."""
SYMBOLS = ("NSE:SBIN-EQ", "NSE:RELIANCE-EQ", "NSE:INFY-EQ")
PATIENCE_SECONDS = 60.0
"""Wall seconds to wait for anything; a machine may be slow."""
_POLL_SECONDS = 0.02
_CALL_SECONDS = 0.25
"""Between calls to the broker, which counts ours and the bot's together."""
_LIMIT_REACHED = -429
FOLLOW = '''"""Go with every candle: long after one that closed higher than its average, else short."""
from dataclasses import dataclass
from core.signals import Direction, FeatureRow, Needs, Signal

@dataclass(frozen=True)
class Follow:
    name: str = "follow"

    @property
    def needs(self) -> Needs:
        return Needs(features=("ema_gap_5",))

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        direction = Direction.LONG if now["ema_gap_5"] > 0 else Direction.SHORT
        return Signal(symbol=now.symbol, at=now.closed_at, direction=direction, probability=1.0,
                      source=self.name, reason="follows the candle")
'''
"""A user's own strategy, which signals at every candle."""


def moment(clock: str, day: date = DAY) -> Instant:
    """The instant of a time of day in India, `13:30` or `13:30:15`."""
    return instant_at(day, ist_datetime(0).time().fromisoformat(clock))


@dataclass
class Market:
    """The simulator as a program that keeps its books on disk, so that it can be killed and started again."""

    home: Path
    start_at: Instant
    speed: float
    flags: Sequence[str] = ()
    endpoints: dict[str, Any] = field(default_factory=dict)
    process: "subprocess.Popen[str] | None" = None

    def start(self) -> None:
        """Start it; again on the same port and clock if it ran before."""
        port = urlsplit(self.endpoints["rest"]).port if self.endpoints else 0
        command = [sys.executable, "-m", "cli", "simulator", "--port", str(port), "--state", str(self.books_folder)]
        command += ["--clock-start", ist_datetime(self.start_at).isoformat(), "--clock-speed", str(self.speed)]
        command += ["--clock-epoch", str(self.endpoints["clock"]["epoch"])] if self.endpoints else []
        command += self.flags
        with (self.home / "simulator.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.home, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (self.home / "simulator.log").read_text()
        self.endpoints = json.loads(line)

    @property
    def books_folder(self) -> Path:
        return self.home / "broker"

    @property
    def plan(self) -> Rehearsal:
        return Rehearsal(folder=self.home, clock_start=self.start_at, market_close=0, speed=self.speed)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate()

    def stop(self) -> None:
        """End it in good order."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                self.kill()

    def arm(self, kind: str, **details: object) -> None:
        """Switch a fault on."""
        self._control("POST", "/faults", {"kind": kind, **details})

    def clear(self) -> None:
        """Switch every fault off."""
        self._control("DELETE", "/faults")

    def working_orders(self) -> list[dict[str, Any]]:
        """What rests at the broker now, as its order book shows it."""
        book = self._ask("GET", f"{self.endpoints['rest']}/orders")["orderBook"]
        return [order for order in book if order["status"] == 6]

    def net_positions(self) -> dict[str, int]:
        """Open quantities by symbol, as its position book shows them."""
        rows = self._ask("GET", f"{self.endpoints['rest']}/positions")["netPositions"]
        return {row["symbol"]: row["netQty"] for row in rows if row["netQty"]}

    def is_protected(self) -> bool:
        """Whether for every open position a stop of the same size rests at the broker, and nothing else does."""
        resting = {order["symbol"]: order["side"] * order["remainingQuantity"] for order in self.working_orders()}
        return resting == {symbol: -quantity for symbol, quantity in self.net_positions().items()}

    def wait_until_protected(self, symbols: Iterable[str] = ()) -> None:
        """Wait until that is so while positions in `symbols` are open."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (self.is_protected() and set(symbols) <= self.net_positions().keys()):
            assert time.monotonic() < deadline, self.working_orders()
            time.sleep(_CALL_SECONDS)

    def _control(self, method: str, path: str, body: object = None) -> None:
        self._ask(method, self.endpoints["control"] + path, body)

    def _ask(self, method: str, url: str, body: object = None) -> dict[str, Any]:
        """Return an answer; whoever watches shares the account's limits with the bot, and waits its turn."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (answer := self._answer(method, url, body)).get("code") == _LIMIT_REACHED:
            assert time.monotonic() < deadline, answer
            time.sleep(1.0)
        assert answer["s"] == "ok", answer
        return answer

    def _answer(self, method: str, url: str, body: object = None) -> dict[str, Any]:
        parts = urlsplit(url)
        headers = {"Authorization": f"{self.endpoints['client_id']}:{self.endpoints['access_token']}"}
        connection = HTTPConnection(parts.netloc, timeout=10)
        try:
            connection.request(method, parts.path, None if body is None else json.dumps(body), headers)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer


@dataclass
class Bot:
    """The bot as a program."""

    market: Market
    settings: dict[str, Any]
    mode: str = "live"
    days: int | None = 1
    starts: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def environment(self) -> dict[str, str]:
        """What points it at its market."""
        return bot_environment(self.market.plan, self.market.endpoints)

    def sign_in(self) -> None:
        """Sign in at the simulator, as its account's owner would."""
        sign_in(self.environment)

    def start(self) -> None:
        """Start it, or start it again on the state it left."""
        self.starts += 1
        (self.market.home / "bot.yaml").write_text(yaml.safe_dump(self.settings))
        command = [sys.executable, str(ROOT / "run_live_bot.py"), "--mode", self.mode, "--json", "--config", "bot.yaml"]
        command += ["--days", str(self.days)] if self.days else []
        with self._said.open("wb") as errors, self._summary.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=self.market.home,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )

    @property
    def pid(self) -> int:
        """Its process."""
        assert self.process is not None
        return self.process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process is not None and self.process.poll() is None

    @property
    def said(self) -> str:
        """What it has logged since this start."""
        return self._said.read_text(errors="replace")

    @property
    def summaries(self) -> list[dict[str, Any]]:
        """The objects that it printed, one at the end of each day."""
        return [json.loads(line) for line in self._summary.read_text().splitlines()]

    @property
    def summary(self) -> dict[str, Any]:
        """The only one of them."""
        [summary] = self.summaries
        return summary

    def wait_for(self, pattern: str, seconds: float = PATIENCE_SECONDS) -> "re.Match[str]":
        """Wait until a line of its log matches; fails when it ends before or takes too long."""
        assert self.process is not None
        deadline = time.monotonic() + seconds
        while True:
            is_over = self.process.poll() is not None
            found = re.search(pattern, self.said)
            if found is not None:
                return found
            assert not is_over, f"it ended before it said {pattern!r}:\n{self.said[-4000:]}"
            assert time.monotonic() < deadline, f"it did not say {pattern!r}:\n{self.said[-4000:]}"
            time.sleep(_POLL_SECONDS)

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for its end and return the exit code."""
        assert self.process is not None
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"it does not end:\n{self.said[-4000:]}")

    def stop(self) -> int:
        """Ask it to end, and return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def events(self) -> list[events.Event]:
        """Everything in its log; raises when the chain of hashes is broken."""
        with SqliteEventLog(self.market.home / "bot" / f"{self.mode}.sqlite") as log:
            return list(log.read())

    @property
    def _said(self) -> Path:
        return self.market.home / f"bot-{self.starts}.log"

    @property
    def _summary(self) -> Path:
        return self.market.home / f"bot-{self.starts}.json"


@dataclass(frozen=True)
class Books:
    """What the simulator wrote down: every order as it ended, every fill."""

    orders: dict[str, ExchangeOrder]
    fills: tuple[Fill, ...]

    @classmethod
    def of(cls, market: Market) -> "Books":
        """Read a copy of the books, because opening them repairs them."""
        copied = Path(shutil.copy(market.books_folder / "books.jsonl", market.home / "copy.jsonl"))
        ledger = FileLedger(copied)
        facts = [fact for batch in ledger.read() for fact in batch.facts]
        ledger.close()
        orders = {fact.order.broker_id: fact.order for fact in facts if isinstance(fact, OrderChanged)}
        return cls(orders, tuple(fact.trade for fact in facts if isinstance(fact, Traded)))

    @property
    def tags(self) -> list[str]:
        """The tags of every order that carries one of ours, rejected ones included."""
        tags = [order.tag.removeprefix("1:") for order in self.orders.values()]
        return [tag for tag in tags if is_ours(tag)]

    def net(self, symbol: str) -> int:
        """Shares bought less shares sold."""
        return sum(fill.side.value * fill.quantity for fill in self.fills if fill.symbol == symbol)

    def value(self, symbol: str, side: Side) -> int:
        """Money paid or received for a symbol, in paise."""
        return sum(fill.value for fill in self.fills if fill.symbol == symbol and fill.side is side)


def assert_books_agree(bot: Bot, books: Books) -> None:
    """Our closed trades and the broker's fills are the same to the paisa, and no order was sent twice."""
    trades = [event.trade for event in bot.events() if isinstance(event, events.TradeClosed)]
    assert len(books.tags) == len(set(books.tags))
    for symbol in {fill.symbol for fill in books.fills} | {trade.symbol for trade in trades}:
        assert books.net(symbol) == 0
        for side in Side:
            assert books.value(symbol, side) == sum(_value(trade, symbol, side) for trade in trades)


def _value(trade: Trade, symbol: str, side: Side) -> int:
    if trade.symbol != symbol:
        return 0
    return trade.entry_value if trade.side is side else trade.exit_value


def assert_nothing_came_from_the_future(happened: Iterable[events.Event], timeframe: Timeframe = Timeframe.M5) -> None:
    """Every candle had closed when it arrived."""
    arrived = [event for event in happened if isinstance(event, events.HistoryArrived)]
    assert arrived
    for event in arrived:
        assert all(candle.start + timeframe.duration <= event.at for candle in event.candles)


@pytest.fixture(scope="session")
def calendar_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The holidays, looked up once."""
    folder = tmp_path_factory.mktemp("calendar")
    NseCalendar(cache=folder).trading_day(DAY)
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, calendar_cache: Path) -> Path:
    """A model small enough to train in a second."""
    options = TrainingOptions(
        models=tmp_path_factory.mktemp("models"),
        symbols=SYMBOLS[:1],
        first=date(2025, 1, 1),
        last=date(2025, 1, 31),
        recipe=Recipe.quick(trees=20, depth=4, folds=2),
        jobs=1,
    )
    return train_model(options, NseCalendar(cache=calendar_cache), progress=lambda _stage, _done: None)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calendar_cache: Path) -> Path:
    """A folder to start both programs in, with nothing set and a strategy that signals at every candle."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.upper().startswith("FYERSBOT__"):
            monkeypatch.delenv(name)
    shutil.copytree(calendar_cache, tmp_path / "data" / "cache")
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "follow.py").write_text(FOLLOW)
    return tmp_path


Open = Callable[..., Market]


@pytest.fixture
def open_market(home: Path) -> Iterator[Open]:
    """Start a simulator; it ends with the test."""
    markets: list[Market] = []

    def start(clock: str, speed: float, *flags: str, day: date = DAY) -> Market:
        market = Market(home, moment(clock, day), speed, flags or [f"--symbol={symbol}" for symbol in SYMBOLS])
        markets.append(market)
        market.start()
        return market

    yield start
    for market in markets:
        market.stop()


Hire = Callable[..., Bot]


@pytest.fixture
def hire() -> Iterator[Hire]:
    """Make a bot for a market and sign it in; what of it still runs ends with the test."""
    bots: list[Bot] = []

    def make(market: Market, mode: str = "live", days: int | None = 1, **settings: Any) -> Bot:
        bot = Bot(market, settings, mode, days)
        bots.append(bot)
        bot.sign_in()
        return bot

    yield make
    for bot in bots:
        if bot.is_running:
            bot.kill()


def short_day(home: Path, no_entry_after: str, square_off: str, flat_by: str) -> dict[str, Any]:
    """Settings of a bot whose own day ends early, so that a test need not wait for the afternoon."""
    rules = yaml.safe_load((CONFIG / "sessions.yaml").read_text())
    rules["intraday"] = [{**rules["intraday"][0], "no_entry_after": no_entry_after}]
    rules["intraday"][0] |= {"square_off": square_off, "flat_by": flat_by}
    path = home / "sessions.yaml"
    path.write_text(yaml.safe_dump(rules))
    return {
        "timeframe": "1m",
        "strategy": {"name": "follow", "folder": "strategies"},
        "history": {"candles": 100},
        "paths": {"sessions": str(path)},
    }

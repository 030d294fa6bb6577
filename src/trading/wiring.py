"""Which edges this run has: the only file that asks for the mode.

Everything is built from the settings once; a desk is built for each trading day, because instruments, bands and
charges belong to a day.
"""

import gc
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version

from auth.fyers_auth import FyersAuth
from core import events
from core.errors import ConfigurationError
from core.events import DATA_FEED
from core.instants import Instant
from core.market import Instrument, Tick
from core.orders import OrderReport
from core.ports import Broker, Calendar, TickFeed
from core.sessions import TradingDay
from core.tags import log_id_from
from market_data.symbols.symbol_master import SymbolMaster
from market_data.ticks.tick_recorder import SqliteTickRecorder, TickRecorder, recorded, with_last_batch
from runtime.charge_rates import ChargeTable
from runtime.clock import MarketClock, steady_ns
from runtime.configuration import show_config
from runtime.project import CONFIG
from runtime.service_notice import ServiceNotice
from runtime.setting_rules import all_loopback
from runtime.settings import Mode, Settings
from simulator.exchange import Exchange
from simulator.exchange_rules import ExchangeRules
from simulator.ledger import FileLedger
from trading.broker_word import BrokerWord, ClosedDayWatch
from trading.call_journal import CallJournal
from trading.command_queue import CommandQueue
from trading.data_feed import DataFeed
from trading.day_bands import with_bands
from trading.desk import Desk, Habits, Put
from trading.desk_record import desk_of, kernel_of
from trading.disk_watch import DiskWatch
from trading.errands import Errands
from trading.event_bus import EventBus
from trading.event_log import SqliteEventLog
from trading.fyers_client import FyersClient
from trading.fyers_mapping import MarketStatus
from trading.kernel import Kernel
from trading.live_trader import LiveTrader
from trading.narrator import tell
from trading.obedience import Obedience
from trading.order_feed import OrderFeed
from trading.paper_broker import PaperBroker
from trading.rate_budget import RateBudget
from trading.self_watch import self_watch_of
from trading.server_clock import ServerClock
from trading.state_files import log_path, tape_folder
from trading.state_snapshots import SqliteSnapshots
from trading.state_store import StateStore
from trading.strategy_choice import check_history, check_model, choose_strategy
from trading.tick_market import TickMarket
from trading.tick_tape import FileTickTape
from trading.trading_rules import check_quantity, check_tradable, product_of, rules_of
from trading.writer import Writer


@dataclass(frozen=True, slots=True)
class Feeds:
    """What brings prices and order reports in during a session."""

    open: Callable[[], None]
    close: Callable[[], None]

    def within(self, start: Callable[[], None], stop: Callable[[], None]) -> "Feeds":
        """Return the same with something else around them: started before they open, stopped after they close."""

        def open_all() -> None:
            start()
            self.open()

        def close_all() -> None:
            self.close()
            stop()

        return Feeds(open=open_all, close=close_all)


class Wiring:
    """The parts of one run, made from its settings."""

    def __init__(
        self, settings: Settings, clock: MarketClock, calendar: Calendar, on_secret: Callable[[str], object]
    ) -> None:
        """`on_secret` is told every token, so that the logs leave it out. Raises `BotError` and its children."""
        self.settings = settings
        self.clock = clock
        self.calendar = calendar
        self.auth = FyersAuth(settings, clock, on_secret)
        self.budget = RateBudget(settings.broker.rates, CallJournal(settings.paths.call_journal).ready())
        self._server_clock = ServerClock()
        hear = self._server_clock.hear if settings.clock.start is None else lambda *_: None  # market time is no date
        self.client = FyersClient(settings, clock, calendar, self.auth.current_token, self.budget, self._own_feed, hear)
        self.charges = ChargeTable.load(CONFIG / "charges.yaml")
        self.master = SymbolMaster(settings, clock)
        self.choice = choose_strategy(settings)
        is_money = settings.mode is Mode.LIVE and not all_loopback(settings.broker.endpoints)
        check_model(settings, self.choice, clock.now(), is_money=is_money)
        check_history(settings, self.choice)
        self._digest = _config_digest(settings)

    def trader(
        self,
        habits: Habits,
        on_moment: Callable[[Kernel], None],
        on_day_end: Callable[[Kernel], None],
        service: ServiceNotice,
    ) -> LiveTrader:
        """Return the bot of this run."""
        closed_days = ClosedDayWatch(partial(self._market_status, service), self.calendar, self.clock)

        def idle() -> None:
            if self.settings.clock.start is None:
                self.clock.follow_wall()  # with nothing at stake the wall's clock is right, whoever set it
            closed_days.look()

        return LiveTrader(
            self.assemble,
            self.calendar,
            self.clock,
            habits,
            check_access=self.check_access,
            on_moment=on_moment,
            on_day_end=on_day_end,
            on_idle=idle,
            service=service,
        )

    def _market_status(self, service: ServiceNotice) -> tuple[MarketStatus, ...]:
        with service.patience():
            return self.client.get_market_status()

    def check_access(self) -> None:
        """Prove the token, for live trading that it opens the account meant, and that the day's contracts are known.

        Raises `ConfigurationError`, and `BrokerError` for what may be different when asked again.
        """
        profile = self.client.get_profile()
        account = self.settings.live.account
        if self.settings.mode is Mode.LIVE and profile.account_id != account:
            raise ConfigurationError(
                f"live.account is {account or 'not set'}, the token opens {profile.account_id}; set live.account to it"
            )
        instruments = self.master.instruments(self.settings.symbols)
        check_tradable(instruments)
        check_quantity(self.settings.sizing, instruments)
        if any(instrument.is_index for instrument in instruments.values()):
            self.master.index_names()  # the data feed will need them

    def assemble(self, day: TradingDay, put: Put) -> Desk:
        """Build the desk of one trading day."""
        settings, clock = self.settings, self.clock
        instruments = with_bands(self.master.instruments(settings.symbols), self.client.get_price_band)
        rules = rules_of(settings, self.charges.rates_on(day.date, product_of(settings)).rates, clock)
        desk = desk_of(settings, rules, tuple(instruments.values()), self.choice, clock.now())
        kernel = kernel_of(desk, self.choice, self.calendar)
        broker, feeds = self._edges(instruments, put, self._recorder(day, instruments))
        word = BrokerWord(self.client.get_market_status, day, clock, put)
        feeds = feeds.within(word.start, word.stop)
        self.budget.on_refusal = partial(self._report_refusal, put)
        errands = Errands(
            broker,
            self.client,
            clock,
            put,
            timeframe=settings.timeframe,
            warm_up=settings.history.candles,
            grace_seconds=settings.history.grace,
        )
        gc.collect()
        gc.freeze()  # what lives as long as the day is not walked again by every collection
        path = log_path(settings.paths.state, settings.mode)
        log, bus = SqliteEventLog(path), EventBus()
        bus.subscribe(tell)
        store = StateStore(kernel, log, SqliteSnapshots(path), bus)
        tape = FileTickTape(tape_folder(settings.paths.state, settings.mode), day.date)
        return Desk(
            writer=Writer(kernel, log, errands.run, [bus.publish], tape, store),
            errands=errands,
            obedience=Obedience(CommandQueue(settings.paths.state, settings.mode.value)),
            boot=partial(self._boot, kernel),
            set_up=lambda at: replace(desk, at=at),
            open_feeds=feeds.open,
            close_feeds=feeds.close,
            without_reads=self.client.without_reads,
            watch=self_watch_of(settings, clock, self._server_clock),
        )

    # --- edges --------------------------------------------------------------------------------------------------

    def _edges(
        self, instruments: dict[str, Instrument], put: Put, recorder: TickRecorder | None
    ) -> tuple[Broker, Feeds]:
        """Return the broker of the mode and its feeds."""

        def on_order(report: OrderReport) -> None:
            put(events.OrderReported(at=self.clock.now(), report=report))

        def on_state(name: str, state: events.FeedState) -> None:
            put(events.FeedChanged(at=self.clock.now(), feed=name, state=state))

        data = self._data_feed(instruments, partial(on_state, DATA_FEED))

        def prices_to(on_tick: Callable[[Tick], None]) -> Feeds:
            on_price = recorded(on_tick, recorder, self.clock)
            return Feeds(open=partial(data.start, list(instruments), on_price), close=data.stop)

        broker: Broker
        match self.settings.mode:
            case Mode.PAPER:
                broker = paper = self._paper_broker(instruments, on_order)

                def on_tick(tick: Tick) -> None:
                    paper.on_tick(tick)
                    put(tick)

                feeds = prices_to(on_tick)
            case Mode.LIVE:
                broker = self.client
                token, on_change = self.auth.current_token, partial(on_state, "orders")
                orders = OrderFeed(self.settings, self.clock, token, on_order, on_change)
                feeds = prices_to(put).within(orders.start, orders.stop)
        return broker, replace(feeds, close=with_last_batch(feeds.close, recorder))

    def _recorder(self, day: TradingDay, instruments: Mapping[str, Instrument]) -> TickRecorder | None:
        """Return what keeps the day's ticks for research, if anybody wants them."""
        if not self.settings.ticks.record:
            return None
        path = self.settings.paths.live_ticks
        room = DiskWatch(path.parent, self.settings.disk.floor_mb)
        scales = {symbol: instrument.scale for symbol, instrument in instruments.items()}
        return SqliteTickRecorder(path, day.date, scales, no_room=lambda: room.look(steady_ns()))

    def _paper_broker(self, instruments: dict[str, Instrument], on_order: Callable[[OrderReport], None]) -> PaperBroker:
        market = TickMarket(instruments, self.calendar)
        ledger = FileLedger(self.settings.paths.state / "paper_account.jsonl")
        cash = int(self.settings.risk.capital * 100)
        exchange = Exchange(market, self.calendar, ledger, cash, ExchangeRules())
        return PaperBroker(exchange, market, self.clock, on_order)

    def _data_feed(
        self, instruments: Mapping[str, Instrument], on_state: Callable[[events.FeedState], None]
    ) -> DataFeed:
        return DataFeed(
            self.settings,
            self.clock,
            self.auth.current_token,
            instruments,
            self.client.get_quotes,
            on_state,
            self.master.index_names,
        )

    def _report_refusal(self, put: Put) -> None:
        why = "the broker refused a call for the number of calls"
        put(events.ConditionChanged(at=self.clock.now(), condition=events.Condition.RATE, holds=True, why=why))

    def _own_feed(self) -> TickFeed:
        """Return a feed for whoever uses the client by itself, as a notebook does."""
        return self._data_feed(self.master.instruments(self.settings.symbols), lambda _state: None)

    def _boot(self, kernel: Kernel, at: Instant) -> events.Booted:
        """Make the first event of a run; the log's own id is drawn once, when the log is new."""
        state = kernel.state
        return events.Booted(
            at=at,
            boot=state.boot + 1,
            log_id=state.log_id or log_id_from(int.from_bytes(os.urandom(4))),
            mode=self.settings.mode.value,
            account=self.settings.live.account if self.settings.mode is Mode.LIVE else "PAPER",
            version=version("fyersbot"),
            config_digest=self._digest,
            is_rehearsal=all_loopback(self.settings.broker.endpoints),
        )


def _config_digest(settings: Settings) -> str:
    return hashlib.sha256(json.dumps(show_config(settings), sort_keys=True).encode()).hexdigest()[:16]

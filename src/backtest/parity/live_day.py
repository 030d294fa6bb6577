"""What the bot did on a day, read from its event log: the word on each candle, and what became of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from backtest.parity.causes import Cause, cause_of_refusal
from backtest.parity.opinions import Key, Opinion
from backtest.parity.prices import Market, When
from core import events
from core.drift import DriftStep
from core.events import Command, Condition, FeedState, SafetyLevel
from core.fold import apply
from core.instants import Instant
from core.order_states import THOUGHT_DEAD
from core.orders import Purpose
from core.positions import Trade
from core.signals import Direction
from core.state import BotState
from core.tracking import OpenPosition
from trading.event_log import Row

BROKER_REFUSED = "BROKER_REFUSED"
"""Code of an entry that passed our gate and that the broker did not take."""
_FEED_DOUBTS = frozenset({Condition.FEED, Condition.GAP})


@dataclass(frozen=True, slots=True)
class Filled:
    """What an entry really got."""

    quantity: int
    value: int
    """In units; so for the levels."""
    at: Instant
    watched_from: int
    """The moment from which stop and target were watched."""
    stop: int
    target: int


@dataclass(frozen=True, slots=True)
class LiveWord:
    """What the bot said of one candle, and what came of it."""

    opinion: Opinion
    at: Instant
    moment: int
    refused: str = ""
    """Code of the refusal; empty where there was none."""
    refused_for: Cause = Cause.GATE
    ordered: int = 0
    """Shares that were ordered."""
    filled: Filled | None = None

    @property
    def was_sent(self) -> bool:
        """Whether an order of it came to the market."""
        return bool(self.ordered) and not self.refused


@dataclass(frozen=True, slots=True)
class LiveTrade:
    """A closed trade, with what is known of its end."""

    trade: Trade
    exit_moment: int
    closed: When
    """When the bot knew that all of it was gone; until then the symbol was busy."""
    by_hand: bool
    """Whether it was not the rules of the bot that closed it, but a person, the broker or an operator's command."""
    had_gap: bool
    """Whether prices were missing or doubted while it was open."""


class Standing(NamedTuple):
    """A step that drift had led to, from an instant on."""

    since: Instant
    step: DriftStep


@dataclass(slots=True)
class LiveDay:
    """Everything that a day is compared by."""

    words: dict[Key, LiveWord] = field(default_factory=dict)
    trades: dict[Key, LiveTrade] = field(default_factory=dict)
    """Closed trades; one without a word on a candle, an adopted position's, stands under its own entry."""
    drift: list[Standing] = field(default_factory=list)
    """Each step as it worked on the strategy, in order of time; empty where there was none all day."""
    restored: int = 0
    """Losses of the day that the log does not know the trades of, negative, in units."""

    @property
    def net(self) -> int:
        """What the day came to, in units, charges included."""
        return sum(each.trade.net for each in self.trades.values()) + self.restored


def read_day(before: Iterable[Row], rows: Iterable[Row], market: Market) -> LiveDay:
    """Read the rows of a day; those `before` it only make the state that it began with."""
    state = BotState()
    for row in before:
        apply(state, row.event)
    reading = _Reading(state, market)
    for row in rows:
        reading.take(row)
    return reading.finished()


@dataclass(slots=True)
class _Open:
    """What is noted of a position while it is open."""

    key: Key | None
    watched_from: int = 0
    exit_moment: int | None = None
    by_hand: bool = False
    had_gap: bool = False


class _Reading:
    """Follows the log row by row; the fold knows the rest."""

    def __init__(self, state: BotState, market: Market) -> None:
        self._state = state
        self._market = market
        self._day = LiveDay()
        self._open: dict[str, _Open] = {}
        self._tags: dict[str, Key] = {}
        self._level_by_hand = False
        self._command_is_heard = False

    def take(self, row: Row) -> None:
        """Take one row; the state that is looked at is that before it."""
        event = row.event
        self._hear_of_the_operator(event)
        self._hear_of_candles(event, self._market.moment_of(row))
        self._hear_of_positions(event, self._market.moment_of(row))
        apply(self._state, event)
        self._hear_of_drift(row.at)
        if self._has_gap():
            for noted in self._open.values():
                noted.had_gap = True

    def finished(self) -> LiveDay:
        """Return the day, with the fills of what is still open and the fate of what never filled."""
        for symbol, position in self._state.positions.items():
            self._note_fill(self._open.get(symbol), position)
        for tag, key in self._tags.items():
            order, word = self._state.orders.get(tag), self._day.words[key]
            if order is not None and not order.filled and (order.rejection or order.state in THOUGHT_DEAD):
                self._day.words[key] = replace(word, refused=BROKER_REFUSED)
        return self._day

    def _hear_of_the_operator(self, event: events.Event) -> None:
        match event:
            case events.CommandGiven(command=command, key=key):
                self._command_is_heard = bool(key) or command is not Command.HALT  # the bot itself only ever halts
            case events.LevelChanged():
                self._level_by_hand = self._command_is_heard
            case events.LossRestored(amount=amount):
                self._day.restored += amount
            case _ if isinstance(event, events.Input):
                self._command_is_heard = False

    def _hear_of_drift(self, at: Instant) -> None:
        steps, step = self._day.drift, self._state.drift.standing
        if step is not (steps[-1].step if steps else DriftStep.NONE):
            steps.append(Standing(at, step))

    def _hear_of_candles(self, event: events.Event, moment: int) -> None:
        words, decided = self._day.words, self._state.decided
        match event:
            case events.Decided():
                key = Key(event.symbol, event.candle)
                words[key] = LiveWord(_opinion(event), event.at, moment)
            case events.EntryRefused(symbol=symbol, code=code, detail=detail):
                key = Key(symbol, decided[symbol].candle)
                cause = cause_of_refusal(code, detail, level_by_hand=self._level_by_hand)
                words[key] = replace(words[key], refused=code, refused_for=cause)
            case events.OrderIntended(intent=intent) if intent.purpose is Purpose.ENTRY:
                key = self._tags[intent.tag] = Key(intent.symbol, decided[intent.symbol].candle)
                words[key] = replace(words[key], ordered=intent.quantity)
                self._open[intent.symbol] = _Open(key)
            case _:
                pass

    def _hear_of_positions(self, event: events.Event, moment: int) -> None:
        match event:
            case events.PositionAdopted(symbol=symbol):
                self._open[symbol] = _Open(None, moment)
            case events.LevelsSet(symbol=symbol) if symbol in self._open:
                self._open[symbol].watched_from = self._open[symbol].watched_from or moment
            case events.ExitDecided(symbol=symbol) if symbol in self._open:
                noted = self._open[symbol]
                if noted.exit_moment is None:
                    noted.exit_moment = moment
                    noted.by_hand = noted.by_hand or self._leaves_by_command()
            case events.PositionAdjusted(symbol=symbol) if symbol in self._open:
                noted = self._open[symbol]
                noted.by_hand = True
                noted.exit_moment = moment if noted.exit_moment is None else noted.exit_moment
            case events.TradeClosed(at=at, trade=trade):
                self._close(trade, When(moment, at))
            case _:
                pass

    def _leaves_by_command(self) -> bool:
        state = self._state
        return state.closing or (state.level is SafetyLevel.FLATTEN and self._level_by_hand)

    def _close(self, trade: Trade, closed: When) -> None:
        noted = self._open.pop(trade.symbol, None) or _Open(None)
        self._note_fill(noted, self._state.positions[trade.symbol])
        moment = self._market.moment_at(trade.exit_at) if noted.exit_moment is None else noted.exit_moment
        key = noted.key or Key(trade.symbol, trade.entry_at)
        self._day.trades[key] = LiveTrade(trade, moment, closed, noted.by_hand, noted.had_gap)

    def _note_fill(self, noted: _Open | None, position: OpenPosition) -> None:
        if noted is None or noted.key is None:
            return
        filled = Filled(
            quantity=position.entry_filled,
            value=position.entry_value,
            at=position.opened_at,
            watched_from=noted.watched_from,
            stop=position.first_stop,
            target=position.target,
        )
        self._day.words[noted.key] = replace(self._day.words[noted.key], filled=filled)

    def _has_gap(self) -> bool:
        state = self._state
        feed = state.feeds.get(events.DATA_FEED, FeedState.LIVE)
        return bool(_FEED_DOUBTS & state.conditions.keys()) or feed is not FeedState.LIVE


def directional(opinions: Mapping[Key, Opinion]) -> Iterable[tuple[Key, Opinion]]:
    """Yield the opinions that ask for a position."""
    return ((key, each) for key, each in opinions.items() if each.direction is not Direction.NONE)


def _opinion(decided: events.Decided) -> Opinion:
    return Opinion(decided.direction, decided.probability, decided.reason, decided.features, decided.atr)

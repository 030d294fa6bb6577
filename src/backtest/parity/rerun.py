"""A day traded again as the backtest would, on the prices that were seen: the rules of the core, and nothing late.

An entry trades at once at the best price of the other side. Stop, target and loss limit are looked at with each price,
by `core.exits.decide`; what has to go trades at that price, or, in a bar, where the rule says. No order is refused by a
broker, waits or fills in part. What really happened is put in piece by piece, through the `Plan`.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from backtest.account import Account, BarFill, Holding
from backtest.parity.causes import follows_from_others
from backtest.parity.live_day import Filled, LiveTrade, Standing
from backtest.parity.opinions import Key, Opinion
from backtest.parity.prices import Market, Price, When
from core import exits
from core.drift import DriftStep
from core.entry_pricing import TOO_SMALL, PricedEntry, less_for_drift, priced_entry
from core.gatekeeper import refuse_entry
from core.instants import Instant
from core.market import Instrument, Tick
from core.positions import Trade
from core.pricing import stop_trigger
from core.rules import TradingRules
from core.segments import Segment
from core.sessions import TradingDay
from market_data.days import number_of
from runtime.charge_rates import ChargeTable

NO_PRICE = "STALE_PRICE"
"""Code of a signal before any price, as live."""


@dataclass(frozen=True, slots=True)
class TimedSignal:
    """A signal, and when it is acted on."""

    key: Key
    opinion: Opinion
    at: Instant
    moment: int
    """How many prices were known then."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a re-run is told instead of finding out. An empty one leaves everything to the rules."""

    signals: tuple[TimedSignal, ...]
    """In the order in which they are acted on."""
    verdicts: Mapping[Key, bool] = field(default_factory=dict)
    """Whether an entry is made, whatever the gate says."""
    passed: frozenset[Key] = frozenset()
    """Entries that the gate has nothing against but what other positions and the day so far bring about."""
    fills: Mapping[Key, Filled] = field(default_factory=dict)
    """What entries got; a quantity of 0 for nothing."""
    ends: Mapping[Key, LiveTrade] = field(default_factory=dict)
    """How positions ended, whatever the rules say."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What all re-runs of a day stand on."""

    rules: TradingRules
    instruments: Mapping[str, Instrument]
    day: TradingDay
    market: Market
    until: Instant
    """The end of what was recorded. Before the square-off, what is open by then is open on both sides."""
    drift: Sequence[Standing] = ()
    """The steps of drift on the day, in order of time: days of evidence led to them, which one day cannot tell."""

    def drift_at(self, at: Instant) -> DriftStep:
        """Return the step that stood at an instant."""
        place = bisect_right(self.drift, at, key=lambda standing: standing.since)
        return self.drift[place - 1].step if place else DriftStep.NONE


@dataclass(frozen=True, slots=True)
class Rerun:
    """What came of a plan."""

    trades: Mapping[Key, Trade]
    exit_moments: Mapping[Key, int]
    refusals: Mapping[Key, str]
    """Codes by decision."""


@dataclass(slots=True)
class _Held:
    """A position, and the account's number of it."""

    key: Key
    number: int
    holding: Holding
    watched_from: int
    end: LiveTrade | None
    """How it ends; None where the rules decide it."""


def rerun(plan: Plan, ground: Ground) -> Rerun:
    """Trade a day by a plan, up to its square-off or to the end of what was recorded."""
    walk, end = _Walk(plan, ground), ground.day.square_off
    for number, signal in enumerate(plan.signals):
        if signal.at >= end:
            walk.square_off()
        walk.advance(signal.moment)
        walk.enter(number, signal)
    if ground.until >= end:
        walk.square_off()
    walk.advance(len(ground.market.prices))
    walk.end_as_told()
    return Rerun(walk.trades, walk.exit_moments, walk.refusals)


class _Walk:
    """Goes through the prices with one account."""

    def __init__(self, plan: Plan, ground: Ground) -> None:
        rules, product = ground.rules, ground.rules.product
        self._plan = plan
        self._ground = ground
        cards = {(Segment.EQUITY, product): ((date.min, rules.charges),)}
        self._account = Account(rules, product, ChargeTable(cards, "the desk of the day"))
        self._ordinal = number_of(ground.day.date)
        self._seen = 0
        self._held: dict[str, list[_Held]] = {}
        self.trades: dict[Key, Trade] = {}
        self.exit_moments: dict[Key, int] = {}
        self.refusals: dict[Key, str] = {}

    def advance(self, moment: int) -> None:
        """Let the prices up to a moment meet what is held."""
        prices, day = self._ground.market.prices, self._ground.day
        for place in range(self._seen, moment):
            if not self._held:
                break
            price = prices[place]
            for held in tuple(self._held.get(price.symbol, ())):
                if place >= held.watched_from and day.is_open(price.at) and held.key not in self.trades:
                    self._meet(held, price, place + 1)
        self._seen = max(self._seen, moment)

    def square_off(self) -> None:
        """Close everything at the prices that stand when its time comes."""
        ground = self._ground
        moment = ground.market.moment_at(ground.day.square_off)
        self.advance(moment)
        self._leave_all(exits.REASONS[exits.SQUARE_OFF], moment, ground.day.square_off)

    def enter(self, number: int, signal: TimedSignal) -> None:
        """Size a signal, ask the gate, and take the position."""
        key, ground = signal.key, self._ground
        self.end_as_told(When(signal.moment, signal.at))
        price, verdict = ground.market.last(key.symbol, signal.moment), self._plan.verdicts.get(key)
        filled = self._plan.fills.get(key)
        if verdict is False:
            return
        if price is None:
            self.refusals[key] = NO_PRICE
            return
        opinion, instrument = signal.opinion, ground.instruments[key.symbol]
        full = priced_entry(opinion.direction.side, opinion.atr, price.tick, instrument, ground.rules)
        quantity = less_for_drift(full.quantity, ground.drift_at(signal.at), ground.rules, instrument)
        entry = replace(full, quantity=quantity)
        code = TOO_SMALL if entry.quantity == 0 else self._refusal(number, signal, entry, price.tick)
        if code and not verdict and (key not in self._plan.passed or follows_from_others(code)):
            self.refusals[key] = code
            return
        fill = self._fill(signal, entry, price) if filled is None else filled
        self._account.orders_today += 1
        if fill.quantity:
            self._open(number, signal, fill)

    # --- entries ------------------------------------------------------------------------------------------------

    def _refusal(self, number: int, signal: TimedSignal, entry: PricedEntry, tick: Tick) -> str:
        """Ask the gate; return the code of its refusal, or nothing. To a backtest no price is old."""
        held, rules = self._held.get(entry.symbol, []), self._ground.rules
        instrument, tick = self._ground.instruments[entry.symbol], tick._replace(at=signal.at)
        facts = self._account.facts(number, instrument, self._ground.day, tick, entry.stop, entry.target)
        facts = facts._replace(
            busy=bool(held),
            symbol_value=sum(each.holding.worth for each in held),
            drift="as on the day" if self._ground.drift_at(signal.at) is DriftStep.STOP else "",
        )
        refused = refuse_entry(entry.intent("", rules.product, signal.opinion.reason), facts, rules)
        return refused.code.value if refused else ""

    def _fill(self, signal: TimedSignal, entry: PricedEntry, price: Price) -> Filled:
        """Fill an order whole at the price that stands."""
        paid = price.touch(entry.side)
        stop, target = self._levels(signal, paid)
        stop = stop_trigger(entry.side.opposite, stop, self._ground.instruments[entry.symbol])
        return Filled(entry.quantity, entry.quantity * paid, signal.at, signal.moment, stop, target)

    def _levels(self, signal: TimedSignal, entry: int) -> tuple[int, int]:
        rules, tick = self._ground.rules, self._ground.instruments[signal.key.symbol].tick
        sign = signal.opinion.direction.side.sign
        return exits.levels(sign, entry, signal.opinion.atr, rules.stop_atr, rules.target_atr, tick)

    def _open(self, number: int, signal: TimedSignal, fill: Filled) -> None:
        account, side = self._account, signal.opinion.direction.side
        charges = account.bill(side, fill.value, self._ordinal)
        levels = (fill.stop, fill.target) if fill.stop else self._levels(signal, fill.value // fill.quantity)
        holding = Holding(
            instrument=self._ground.instruments[signal.key.symbol],
            side=side,
            filled=fill.quantity,
            quantity=fill.quantity,
            entry_at=fill.at,
            entry_day=self._ordinal,
            entry_value=fill.value,
            entry_charges=charges,
            first_stop=levels[0],
            stop=levels[0],
            target=levels[1],
            atr=signal.opinion.atr,
            probability=signal.opinion.probability,
        )
        account.holdings[number] = holding
        account.orders_today += 1  # its stop
        account.book(BarFill(number, 0, side.sign * fill.quantity, fill.value // fill.quantity, charges))
        held = _Held(
            signal.key, number, holding, max(fill.watched_from, signal.moment), self._plan.ends.get(signal.key)
        )
        self._held.setdefault(signal.key.symbol, []).append(held)

    # --- exits --------------------------------------------------------------------------------------------------

    def end_as_told(self, now: When | None = None) -> None:
        """Close the positions whose end is known, as far as it lies not later than now; None closes all of them."""
        for held in [each for group in self._held.values() for each in group]:
            if held.end is not None and (now is None or held.end.closed <= now):
                self._close(held, held.end.trade, held.end.exit_moment)

    def _meet(self, held: _Held, price: Price, moment: int) -> None:
        """Let a price meet a position: its end, stop, target, a stop that trails, and the loss of the day."""
        account = self._account
        if held.end is not None:
            self.end_as_told(When(moment, 0))
        else:
            self._meet_levels(held, price, moment)
        if held.key not in self.trades:
            profits = (each.holding.profit_at(price.last) for each in self._held[price.symbol])
            account.open_profit.mark(price.symbol, sum(profits))
        if account.profit_today <= -min(account.rules.soft_loss, account.rules.max_loss):
            account.watch_loss()
            if any(each.leaving for each in account.holdings.values()):
                self._leave_all(exits.FORCE_EXIT, moment, price.now)

    def _meet_levels(self, held: _Held, price: Price, moment: int) -> None:
        holding = held.holding
        sign, levels = holding.side.sign, (holding.stop, holding.target)
        code, at = exits.decide(sign, *levels, price.open, price.high, price.low, False)
        if code != exits.HOLD:
            paid = at if price.is_bar else price.touch(holding.side.opposite)
            self._leave(held, exits.REASONS[code], paid, moment, price.now)
        elif self._account.rules.trail_atr:
            holding.trail(self._account.rules.trail_atr, price.high, price.low)

    def _leave_all(self, reason: str, moment: int, at: Instant) -> None:
        for held in [each for group in self._held.values() for each in group]:
            price = self._ground.market.last(held.key.symbol, moment)
            if price is not None and held.end is None:
                self._leave(held, reason, price.touch(held.holding.side.opposite), moment, at)

    def _leave(self, held: _Held, reason: str, paid: int, moment: int, at: Instant) -> None:
        """Close a position whole at a price."""
        holding, side = held.holding, held.holding.side
        value = holding.quantity * paid
        charges = self._account.bill(side.opposite, value, self._ordinal)
        trade = holding.trade(max(at, holding.entry_at), value, reason, charges)
        self._close(held, trade, moment)

    def _close(self, held: _Held, trade: Trade, moment: int) -> None:
        quantity, account = held.holding.quantity, self._account
        charges, paid = trade.charges - held.holding.entry_charges, trade.exit_value // quantity
        account.book(BarFill(held.number, 0, -trade.side.sign * quantity, paid, charges))
        account.close(held.number, trade)
        self._held[held.key.symbol].remove(held)
        if not self._held[held.key.symbol]:
            del self._held[held.key.symbol]
        self.trades[held.key] = trade
        self.exit_moments[held.key] = moment

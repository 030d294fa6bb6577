"""From the profit of the backtest to the profit of the day, cause by cause, so that the sum is exact.

The day is traded again many times. Each time one thing more is what it really was: the candles, the numbers that the
strategy saw, its word, when it was acted on, who refused it, what the entry got, how the position ended. What a step
changes is its cause's. The last step is the day itself, so nothing can be lost on the way; and what one thing brings
about elsewhere, a symbol that is still busy, a limit that is reached, counts as its own: such refusals are left to the
rules until all that could bring them about is in.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from backtest.parity.causes import Cause, follows_from_others
from backtest.parity.live_day import Filled, LiveDay, LiveTrade, LiveWord, directional
from backtest.parity.opinions import Key, Opinion
from backtest.parity.rerun import Ground, Plan, Rerun, TimedSignal, rerun
from core.charges import charges_for
from core.exits import EMERGENCY_EXIT, FORCE_EXIT
from core.positions import Trade
from core.signals import Direction

Opinions: TypeAlias = Mapping[Key, Opinion]
Step: TypeAlias = tuple[Cause, Plan]
Part: TypeAlias = tuple[Cause, int]
_NO_PARTS: Mapping[Key, tuple[Part, ...]] = {}
_NOT_FILLED = Filled(quantity=0, value=0, at=0, watched_from=0, stop=0, target=0)


@dataclass(frozen=True, slots=True)
class Pair:
    """One decision on both sides."""

    key: Key
    opinion: Opinion | None
    """What the backtest's strategy says; None where it has no row."""
    refused: str
    """Code by which the backtest's gate refused it; empty where it did not."""
    trade: Trade | None
    word: LiveWord | None
    """What the bot said; None where it said nothing."""
    live_trade: Trade | None
    amounts: Mapping[Cause, int]
    """What the two differ by, in units, by cause; causes without any are left out."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the backtest made of the day, what the bot did, and the way from one to the other. Money in units."""

    backtest: int
    live: int
    amounts: Mapping[Cause, int]
    """By cause, in the order of the enumeration, all of them."""
    pairs: tuple[Pair, ...]
    """Decisions for a position on either side, in order of time."""
    decisions: int
    """Candles on which both sides decided."""
    same: int
    """Those on which both said the same."""

    @property
    def unexplained(self) -> int:
        """What nothing in the log explains, without a sign: amounts of two pairs do not hide each other."""
        odd = sum(abs(pair.amounts.get(Cause.UNEXPLAINED, 0)) for pair in self.pairs)
        return odd + abs(self.amounts[Cause.UNEXPLAINED] - sum(_unexplained(pair) for pair in self.pairs))


def explain(official: Opinions, recorded: Opinions, live: LiveDay, ground: Ground) -> Receipt:
    """Compare a day with the backtest of it.

    `official` is what the strategy says of the candles as they are known now, `recorded` what it says of those that the
    bot decided on.
    """
    first = Plan(_ideal(official, ground))
    backtest = rerun(first, ground)
    way = _Way(live, ground, first, backtest)
    for cause, plan in _steps(first, recorded, live, ground):
        way.go(plan, cause)
    way.end_as_live()
    way.go(replace(way.plan, verdicts={key: word.was_sent for key, word in live.words.items()}), Cause.GATE)
    way.end_as_live()
    for key in way.reached.trades.keys() ^ live.trades.keys():
        way.part(key, _ways_out(key, way.reached, live, ground))
    return _receipt(official, backtest, live, way.amounts)


@dataclass(slots=True)
class _Way:
    """How far the backtest has become the day, and what that came to by decision and cause."""

    live: LiveDay
    ground: Ground
    plan: Plan
    reached: Rerun
    amounts: dict[Key, Counter[Cause]] = field(default_factory=dict)

    def go(self, plan: Plan, cause: Cause, own: Mapping[Key, tuple[Part, ...]] = _NO_PARTS) -> None:
        """Trade by another plan. What that changes is a cause's; what now ends as it did has parts of its `own`."""
        if plan == self.plan:
            return
        before, self.plan, self.reached = self.reached.trades, plan, rerun(plan, self.ground)
        after = self.reached.trades
        for key in before.keys() | after.keys():
            is_live = key in own and key in after and after[key] is self.live.trades[key].trade
            whole = ((cause, _net(after.get(key)) - _net(before.get(key))),)
            self.part(key, own[key] if is_live else whole)

    def end_as_live(self) -> None:
        """Let the positions that both sides have end as they did, cause by cause, until no other one comes up."""
        while ends := self._other_ends():
            cause = next(each for each in Cause if each in ends.values())
            keys = [key for key, each in ends.items() if each is cause]
            own = {key: tuple(_ways_out(key, self.reached, self.live, self.ground)) for key in keys}
            told = {**self.plan.ends, **{key: self.live.trades[key] for key in keys}}
            self.go(replace(self.plan, ends=told), cause, own)

    def part(self, key: Key, parts: Iterable[Part]) -> None:
        """Note what a decision comes to."""
        for cause, amount in parts:
            if amount:
                self.amounts.setdefault(key, Counter())[cause] += amount

    def _other_ends(self) -> dict[Key, Cause]:
        """Return the trades of both sides whose end is still that of the rules, and why it is another."""
        both = self.reached.trades.keys() & self.live.trades.keys() - self.plan.ends.keys()
        return {key: _cause_of_exit(self.reached.trades[key], self.live.trades[key], self.ground) for key in both}


def _steps(first: Plan, recorded: Opinions, live: LiveDay, ground: Ground) -> Iterator[Step]:
    """Yield plans, each with one thing more as it really was, and the cause of what that changes."""
    said = {key: word.opinion for key, word in live.words.items()}
    other_row = {key: each for key, each in said.items() if key not in recorded or not each.saw_the_same(recorded[key])}
    yield Cause.DATA_REVISION, replace(first, signals=_ideal(recorded, ground))
    yield Cause.FEATURES, replace(first, signals=_ideal({**recorded, **other_row}, ground))
    yield Cause.UNEXPLAINED, replace(first, signals=_ideal({**recorded, **said}, ground))
    plan = Plan(_as_acted_on(live))
    refused = {key: word.refused_for for key, word in live.words.items() if word.refused}
    for cause in (Cause.TIMING, Cause.FEED_GAP, Cause.MANUAL_ACTION):
        plan = replace(plan, verdicts={**plan.verdicts, **{key: False for key in refused if refused[key] is cause}})
        yield cause, plan
    sent = {key: word for key, word in live.words.items() if word.was_sent}
    own = [key for key, word in live.words.items() if not word.was_sent and not follows_from_others(word.refused)]
    plan = replace(plan, verdicts={**plan.verdicts, **dict.fromkeys(own, False)}, passed=frozenset(sent))
    yield Cause.GATE, plan
    whole = {key: _whole(word.filled, word.ordered) for key, word in sent.items() if word.filled}
    yield Cause.FILL_PRICE, replace(plan, fills=whole)
    yield Cause.PARTIAL_FILL, replace(plan, fills={key: word.filled or _NOT_FILLED for key, word in sent.items()})


def _whole(filled: Filled, ordered: int) -> Filled:
    """Return a fill as it would have been whole, at its average price."""
    return replace(filled, quantity=ordered, value=round(filled.value * ordered / filled.quantity))


def _ideal(opinions: Opinions, ground: Ground) -> tuple[TimedSignal, ...]:
    """Act on each signal when its candle closes, the symbols in the order of the desk."""
    places = {symbol: place for place, symbol in enumerate(ground.instruments)}
    signals = []
    for key, opinion in directional(opinions):
        at = ground.day.candle_close(key.candle, ground.rules.timeframe)
        signals.append(TimedSignal(key, opinion, at, ground.market.moment_at(at)))
    return tuple(sorted(signals, key=lambda signal: (signal.at, places[signal.key.symbol])))


def _as_acted_on(live: LiveDay) -> tuple[TimedSignal, ...]:
    """Act on each signal when the bot did; the order is that of its log."""
    words = live.words.items()
    signals = (TimedSignal(key, word.opinion, word.at, word.moment) for key, word in words)
    return tuple(signal for signal in signals if signal.opinion.direction is not Direction.NONE)


def _ways_out(key: Key, before: Rerun, live: LiveDay, ground: Ground) -> Iterator[Part]:
    """Yield what the way out of a position comes to: when, at what price, and what it was billed."""
    trade, ended = before.trades.get(key), live.trades.get(key)
    if trade is None or ended is None:
        yield _missing_end(ended), _net(ended.trade if ended else None) - _net(trade)
        return
    real = ended.trade
    moved = _moved(trade, before.exit_moments[key], ended, ground)
    cause = _cause_of_exit(trade, ended, ground)
    is_in_time = cause is Cause.TIMING or (cause is Cause.FEED_GAP and moved is trade)
    billed = [_billed(each, ground) for each in (trade, moved, real)]
    yield cause, moved.gross - billed[1] - (trade.gross - billed[0])
    # For an exit by hand, or one without an explanation, the price counts to the same cause.
    yield Cause.FILL_PRICE if is_in_time else cause, real.gross - billed[2] - (moved.gross - billed[1])
    yield Cause.CHARGES, billed[2] - real.charges + trade.charges - billed[0]


def _moved(trade: Trade, moment: int, ended: LiveTrade, ground: Ground) -> Trade:
    """Return a trade that leaves when the bot left, at the price that stood then.

    Bars do not say when inside them a level was met: there it is the same moment if it was for the same reason.
    """
    is_same = trade.exit_reason == ended.trade.exit_reason and not ground.market.has_ticks
    price = ground.market.last(trade.symbol, ended.exit_moment)
    if moment == ended.exit_moment or is_same or price is None:
        return trade
    return replace(trade, exit_value=trade.quantity * price.touch(trade.side.opposite))


def _missing_end(ended: LiveTrade | None) -> Cause:
    """Return why only one side has the end of a trade."""
    if ended is not None and ended.by_hand:
        return Cause.MANUAL_ACTION
    return Cause.FEED_GAP if ended is not None and ended.had_gap else Cause.UNEXPLAINED


def _cause_of_exit(trade: Trade, ended: LiveTrade, ground: Ground) -> Cause:
    """Return why a position left when it did. Bars do not say what came first, so there the moment is all there is."""
    reasons = {trade.exit_reason, ended.trade.exit_reason}
    if ended.by_hand:
        return Cause.MANUAL_ACTION
    if ended.had_gap:
        return Cause.FEED_GAP
    if len(reasons) == 1 or not ground.market.has_ticks or EMERGENCY_EXIT in reasons:
        return Cause.TIMING  # a stop that came to rest too late, or never, is a late one
    return Cause.GATE if FORCE_EXIT in reasons else Cause.UNEXPLAINED


def _billed(trade: Trade, ground: Ground) -> int:
    """Return the bill of a trade of one order in and one out."""
    rates = ground.rules.charges
    way_in = charges_for(trade.side, trade.entry_value, rates)
    return way_in.total + charges_for(trade.side.opposite, trade.exit_value, rates).total


def _receipt(official: Opinions, backtest: Rerun, live: LiveDay, amounts: dict[Key, Counter[Cause]]) -> Receipt:
    total = Counter({Cause.UNEXPLAINED: live.restored})
    for each in amounts.values():
        total.update(each)
    wanted = {key for key, _ in directional(official)} | {
        key for key, word in live.words.items() if word.opinion.direction is not Direction.NONE
    }
    keys = wanted | backtest.trades.keys() | live.trades.keys() | amounts.keys()
    both = official.keys() & live.words.keys()
    return Receipt(
        backtest=sum(trade.net for trade in backtest.trades.values()),
        live=live.net,
        amounts={cause: total[cause] for cause in Cause},
        pairs=tuple(
            Pair(
                key=key,
                opinion=official.get(key),
                refused=backtest.refusals.get(key, ""),
                trade=backtest.trades.get(key),
                word=live.words.get(key),
                live_trade=live.trades[key].trade if key in live.trades else None,
                amounts={cause: amounts[key][cause] for cause in Cause if key in amounts and amounts[key][cause]},
            )
            for key in sorted(keys, key=lambda key: (key.candle, key.symbol))
        ),
        decisions=len(both),
        same=sum(official[key].direction is live.words[key].opinion.direction for key in both),
    )


def _net(trade: Trade | None) -> int:
    return trade.net if trade else 0


def _unexplained(pair: Pair) -> int:
    return pair.amounts.get(Cause.UNEXPLAINED, 0)

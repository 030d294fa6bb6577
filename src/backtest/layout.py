"""Everything that the compiled walk takes, as columns and plain numbers; laid out once for any number of walks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from backtest.assumptions import EntryFill, FillAssumptions, Mode
from backtest.bars import SessionRows, SymbolBars, in_order_of_time
from backtest.fast_tables import CANDLE, HIGHEST_PRICE, Bars, CandleArray, Contracts, Rates, Signals, Steps, Terms
from backtest.signal_rows import columns_of
from core.charges import delivery_sale
from core.errors import ConfigurationError
from core.rules import TradingRules
from core.signals import SignalProvider
from core.sizing import NO_FREEZE
from features.columns import BoolArray, FloatArray, IntArray
from market_data.days import number_of
from runtime.charge_rates import ChargeTable
from strategies.base_strategy import DirectionArray, SignalColumns

_WHOLE = 2**63 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """The candles of all symbols in the order in which they are walked."""

    symbols: tuple[str, ...]
    bars: Bars
    contracts: Contracts
    steps: Steps
    starts: IntArray
    closed_at: IntArray

    def signals(self, directions: DirectionArray, probabilities: FloatArray, ranges: FloatArray) -> Signals:
        """Return what a strategy wants, of what it says after each candle."""
        order, ends = self.steps
        places = np.flatnonzero(directions[order])
        rows, steps = order[places], np.searchsorted(ends, places, side="right")
        return Signals(
            steps=np.append(steps, len(ends)).astype(np.int32),
            rows=rows,
            directions=directions[rows],
            probabilities=probabilities[rows],
            ranges=ranges[rows],
        )

    def instants(self, moments: IntArray) -> IntArray:
        """Return the times of some moments of a walk."""
        rows = moments >> 1
        times: IntArray = np.where(moments & 1, self.closed_at[rows], self.starts[rows])
        return times

    def step_ends_at(self) -> IntArray:
        """Return when all candles of each step were known."""
        closed_at = self.closed_at[self.steps.order]
        if len(self.steps.ends) == len(closed_at):
            return closed_at
        latest: IntArray = np.maximum.reduceat(closed_at, self._step_begins())
        return latest

    def until(self, step: int) -> "Market":
        """Return the same up to a step, that included, and no candle less: what is open there stays open."""
        return replace(self, steps=Steps(self.steps.order, self.steps.ends[: step + 1]))

    def days_of(self, steps: IntArray) -> IntArray:
        """Return the date of each of some steps, as days since 1970-01-01."""
        days: IntArray = self.bars.candles.day[self.steps.order[self.steps.ends[steps] - 1]].astype(np.int64)
        return days

    def _step_begins(self) -> IntArray:
        return np.concatenate(([0], self.steps.ends[:-1]))


def laid_out(symbols: Sequence[SymbolBars], mode: Mode) -> Market:
    """Put the candles of all symbols one after another. Raises `ConfigurationError` for prices beyond 32 bits."""
    instruments = [each.instrument for each in symbols]
    ends = np.cumsum([len(each) for each in symbols])
    contracts = Contracts(
        ticks=np.array([each.tick for each in instruments], dtype=np.int64),
        lots=np.array([each.lot for each in instruments], dtype=np.int64),
        freezes=np.array([NO_FREEZE if each.freeze is None else each.freeze for each in instruments], dtype=np.int64),
        is_index=np.array([each.is_index for each in instruments]),
        ends=ends,
    )
    return Market(
        symbols=tuple(each.symbol for each in instruments),
        bars=Bars(_candles(symbols, mode), _joined([each.candles.volumes for each in symbols])),
        contracts=contracts,
        steps=_steps(symbols, ends),
        starts=_joined([each.candles.starts for each in symbols]),
        closed_at=_joined([each.sessions.closed_at for each in symbols]),
    )


def signals_of(market: Market, symbols: Sequence[SymbolBars], provider: SignalProvider) -> Signals:
    """Ask a strategy about every candle: at once if it can answer so, else one by one. Raises `StrategyError`."""
    return signals_from(market, symbols, [columns_of(each, provider) for each in symbols])


def signals_from(market: Market, symbols: Sequence[SymbolBars], answers: Sequence[SignalColumns]) -> Signals:
    """Turn what a strategy said of each symbol into what the walk looks up."""
    return market.signals(
        directions=_joined([each.directions for each in answers]),
        probabilities=_joined([each.probabilities for each in answers]),
        ranges=_joined([each.features.atr for each in symbols]),
    )


def terms_of(rules: TradingRules, assumptions: FillAssumptions, mode: Mode) -> Terms:
    """Return rules and assumptions in plain numbers. Raises `ConfigurationError` for sums beyond 64 bits."""
    sizing = rules.sizing
    if rules.capital * max(sizing.capital_ppm, sizing.risk_ppm, 1) > _WHOLE:
        raise ConfigurationError(
            f"risk.capital {rules.capital / 100:.0f}: more than the fast engine can count with; use --engine event"
        )
    return Terms(
        is_intraday=mode is Mode.INTRADAY,
        capital=rules.capital,
        max_loss=rules.max_loss,
        soft_loss=rules.soft_loss,
        max_positions=rules.max_positions,
        max_orders_per_day=rules.max_orders_per_day,
        max_order_value=rules.max_order_value,
        max_symbol_value=rules.max_symbol_value,
        max_exposure=rules.max_exposure,
        max_open_value=rules.max_open_value,
        max_turnover=rules.max_turnover,
        margin=float(rules.margin),
        price_buffer=float(rules.price_buffer),
        limit_offset=float(rules.limit_offset),
        stop_atr=float(rules.stop_atr),
        target_atr=float(rules.target_atr),
        trail_atr=float(rules.trail_atr),
        sizing=sizing.method.code,
        quantity=sizing.quantity,
        capital_ppm=sizing.capital_ppm,
        risk_ppm=sizing.risk_ppm,
        sizing_max_value=sizing.max_order_value,
        entry_is_limit=assumptions.entry is EntryFill.LIMIT,
        spread_ticks=assumptions.spread_ticks,
        slippage_ticks=assumptions.slippage_ticks,
        slippage_share=float(assumptions.slippage_share),
        volume_share=float(assumptions.volume_share),
    )


def rates_of(charges: ChargeTable, mode: Mode) -> Rates:
    """Return the rate cards of the mode's product. Raises `ConfigurationError` where there are none."""
    cards = charges.cards(mode.product)
    return Rates(
        days=np.array([number_of(starts) for starts, _ in cards], dtype=np.int64),
        figures=np.array([rates.figures for _, rates in cards], dtype=np.int64),
        delivery=np.array([delivery_sale(rates).total for _, rates in cards], dtype=np.int64),
    )


def _candles(symbols: Sequence[SymbolBars], mode: Mode) -> CandleArray:
    table = np.recarray(sum(len(each) for each in symbols), dtype=CANDLE)
    first = 0
    for place, each in enumerate(symbols):
        _fill_in(table[first : first + len(each)].view(np.recarray), place, each, mode)
        first += len(each)
    return table


def _fill_in(rows: CandleArray, place: int, symbol: SymbolBars, mode: Mode) -> None:
    candles, sessions = symbol.candles, symbol.sessions
    highest = max(candles.highs.max(), sessions.close_before.max())
    if highest > HIGHEST_PRICE:
        raise ConfigurationError(
            f"{symbol.instrument.symbol}: a price of {highest} units; the fast engine counts up to {HIGHEST_PRICE}, so"
            f" use --engine event"
        )
    rows.open, rows.high, rows.low, rows.close = candles.opens, candles.highs, candles.lows, candles.closes
    rows.close_before, rows.day, rows.place = sessions.close_before, sessions.days, place
    rows.may_enter, rows.is_last = sessions.may_enter & sessions.follows, sessions.is_last
    rows.squares_off = sessions.squares_off & (mode is Mode.INTRADAY)
    rows.entries_open, rows.session_open = _hours(sessions, mode)
    is_special = (np.diff(sessions.days, prepend=-1) != 0) | rows.squares_off | rows.is_last
    is_special[-1] = True
    rows.is_special = is_special


def _hours(sessions: SessionRows, mode: Mode) -> tuple[BoolArray, BoolArray]:
    """Return whether entries, and the session, are open when each candle closes; in a pause neither is.

    For delivery a signal at the end of a session waits for the next one.
    """
    firsts = np.flatnonzero(np.diff(sessions.days, prepend=sessions.days[0] - 1))
    lengths = np.diff(firsts, append=len(sessions.days))
    days = [sessions.calendar[day] for day in sessions.days[firsts].tolist()]
    entries_open = sessions.closed_at < np.repeat([day.no_entry_after for day in days], lengths)
    session_open = sessions.closed_at < np.repeat([day.close for day in days], lengths)
    if mode is Mode.POSITIONAL:
        session_open[:] = True
    for day, first, length in zip(days, firsts.tolist(), lengths.tolist(), strict=True):
        for row in range(first, first + length) if day.breaks else ():
            if day.resumes_at(int(sessions.closed_at[row])):
                entries_open[row] = session_open[row] = False
    return entries_open, session_open


def _steps(symbols: Sequence[SymbolBars], ends: IntArray) -> Steps:
    if len(symbols) == 1:
        numbers = np.arange(len(symbols[0]) + 1, dtype=np.int32)
        return Steps(numbers[:-1], numbers[1:])
    places, rows = in_order_of_time(symbols)
    begins = ends - np.array([len(each) for each in symbols], dtype=np.int64)
    order = (rows + begins[places]).astype(np.int32)
    starts = np.concatenate([each.candles.starts for each in symbols])[order]
    step_ends = np.flatnonzero(np.diff(starts, append=starts[-1] + 1)) + 1
    return Steps(order, step_ends.astype(np.int32))


def _joined(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Put the columns of all symbols one after another, contiguous and writable: so numba compiles for one layout."""
    return np.require(columns[0], requirements=["C", "W"]) if len(columns) == 1 else np.concatenate(columns)

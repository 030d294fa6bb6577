"""Everything about a finished backtest that a report needs, so that it can be kept and reported again years later."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from core.charges import Charges
from core.instants import Instant, ist_datetime
from core.positions import Trade
from features.columns import CandleColumns, IntArray

DRAWN_CANDLES = 300
"""Candles of each symbol that a record keeps to be drawn: four sessions of five minutes."""
_AFTER_THE_LAST_TRADE = 12
"""Candles drawn behind the end of the newest trade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What was run. Mappings hold plain values (numbers, texts, truth values) that JSON can hold."""

    started_at: Instant
    """When, by the clock of whoever started it."""
    strategy: str
    parameters: Mapping[str, Any]
    symbols: tuple[str, ...]
    timeframe: str
    mode: str
    """`intraday` or `positional`."""
    engine: str
    """`event` or `fast`; both give the same trades."""
    first: Instant
    """Start of the first candle."""
    last: Instant
    """Start of the last candle."""
    capital: int
    """In paise."""
    assumptions: Mapping[str, Any] = field(default_factory=dict)
    """Of fills, as they were in force; see docs/backtest-assumptions.md."""
    config_hash: str = ""
    """SHA-256 of the resolved settings, a user's own strategy file and the model's manifest."""
    data_hash: str = ""
    """SHA-256 of the candles that were walked."""
    code_version: str = ""
    """Release and, in a checkout, commit."""

    @property
    def run_id(self) -> str:
        """The name of the run, made from all facts: date and time in India, and eight digits of their hash."""
        facts = {each.name: getattr(self, each.name) for each in fields(self)}
        content = json.dumps(facts, sort_keys=True, separators=(",", ":"), default=dict)
        digest = hashlib.sha256(content.encode()).hexdigest()[:8]
        return f"{ist_datetime(self.started_at):%Y%m%d-%H%M%S}-{digest}"


@dataclass(frozen=True, slots=True, eq=False)
class SymbolCandles:
    """What a record keeps of a symbol's candles: the change of the market, and some candles to draw."""

    symbol: str
    first_close: int
    last_close: int
    drawn: CandleColumns

    @classmethod
    def of(cls, symbol: str, candles: CandleColumns, trades: tuple[Trade, ...]) -> "SymbolCandles":
        """Keep the candles around the symbol's newest trades. Raises `ValueError` when there are no candles."""
        if not len(candles):
            raise ValueError(f"{symbol}: a record needs at least one candle")
        newest = max((trade.exit_at for trade in trades if trade.symbol == symbol), default=int(candles.starts[-1]))
        end = int(candles.starts.searchsorted(newest, side="right")) + _AFTER_THE_LAST_TRADE
        end = min(len(candles), max(end, DRAWN_CANDLES))
        drawn = candles.slice(max(0, end - DRAWN_CANDLES), end)
        return cls(symbol, int(candles.closes[0]), int(candles.closes[-1]), drawn)

    @property
    def market_change(self) -> float:
        """The last close over the first one, less 1."""
        return self.last_close / self.first_close - 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunRecord:
    """A finished run. Money is paise, times are nanoseconds since 1970."""

    facts: RunFacts
    trades: tuple[Trade, ...]
    """In the order of their ends."""
    at: IntArray
    """When the candles of each step were known, oldest first."""
    equity: IntArray
    """Capital, what was realised, and open positions marked to the close, at each step."""
    exposure: IntArray
    """Value of the open positions at the close of each step, long and short alike."""
    charges: Charges
    refusals: Mapping[str, int]
    """How often an entry was refused or lapsed, by code."""
    candles: int
    """How many candles were walked, over all symbols."""
    seconds: float
    """How long the engine took."""
    notes: tuple[str, ...] = ()
    """Sentences that a reader has to know: older charge rates, a suspected split."""
    markets: tuple[SymbolCandles, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a curve without shape. Raises `ValueError`."""
        if not len(self.at) == len(self.equity) == len(self.exposure):
            lengths = f"{len(self.at)} times, {len(self.equity)} equities, {len(self.exposure)} exposures"
            raise ValueError(f"an equity curve of {lengths}: give one of each for a step")

    @property
    def run_id(self) -> str:
        """The name of the run."""
        return self.facts.run_id

    @property
    def net(self) -> int:
        """Profit after charges."""
        return sum(trade.net for trade in self.trades)

"""The candles that a training goes through, a symbol at a time: fifty symbols of five years need not lie in memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from backtest.candle_sources import Range, Sourced, from_store
from backtest.run import instrument_of
from core.errors import ConfigurationError, DataError
from core.instants import ist_date
from core.market import Timeframe, is_index
from market_data.candles.candle_store import Holding, Series
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.symbols.parquet_symbols import ParquetSymbolArchive
from trading.bundle import MarketKind
from training.dataset import History
from training.sources import from_parquet, symbol_of, timeframe_of

STORE = "store"
"""The word for the candles that `download-data` and `import-data` keep."""
_MOST_NAMES = 5


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """Candles of some symbols in one timeframe. They are read anew each time they are gone through."""

    symbols: tuple[str, ...]
    timeframe: Timeframe
    source: str
    """What they are of, in words; no path, for the same training gives the same bytes anywhere."""
    read: Callable[[str], History]
    notes: tuple[str, ...] = ()
    """What was left out of what was asked for."""
    market: MarketKind = MarketKind.RECORDED

    def __iter__(self) -> Iterator[History]:
        """Read one symbol after the other. Raises `DataError` for candles that cannot be read."""
        return map(self.read, self.symbols)

    def __len__(self) -> int:
        return len(self.symbols)


def stored(archive: Path, symbols: Sequence[str], timeframe: Timeframe, span: Range) -> Histories:
    """Return the candles that the store has of some symbols; those before the range warm up the features.

    Raises `DataError` for an empty store, and for a symbol that it has not, not in this timeframe or not in the range.
    """
    store, masters = ParquetCandleStore(archive), ParquetSymbolArchive(archive)
    _require_held(archive, store.holdings(), symbols, timeframe, span)

    def read(symbol: str) -> History:
        [source] = from_store(store, [symbol], timeframe, span)
        return History(symbol, instrument_of(source, masters).tick, source.candles, source.first, source.notes)

    return Histories(tuple(symbols), timeframe, f"candle store, {span}", read)


def in_files(paths: Sequence[Path], wanted: Timeframe | None, span: Range) -> Histories:
    """Return the candles of parquet files, one for each symbol; those before the range warm up the features.

    Raises `DataError` for a file that cannot be learned from, `ConfigurationError` for files that do not fit together
    or are of another timeframe than the one that is wanted.
    """
    by_symbol: dict[str, Path] = {}
    for path in paths:
        symbol = symbol_of(path)
        if is_index(symbol):
            raise ConfigurationError(f"{path}: {symbol} is an index, which is not traded; give files of shares")
        if symbol in by_symbol:
            raise ConfigurationError(
                f"{path}: {symbol} was given already with {by_symbol[symbol]}; give one file for each"
            )
        by_symbol[symbol] = path
    found = {path: _timeframe_of(path, from_parquet(path, symbol)) for symbol, path in by_symbol.items()}
    timeframes = set(found.values())
    if len(timeframes) > 1:
        lengths = ", ".join(sorted(each.value for each in timeframes))
        raise ConfigurationError(f"training files of different timeframes ({lengths}): train a model for each")
    timeframe = timeframes.pop()
    if wanted not in {None, timeframe}:
        raise ConfigurationError(
            f"{paths[0]}: holds {timeframe.value} candles; leave out --timeframe, or give files of that"
        )

    def read(symbol: str) -> History:
        return _within(by_symbol[symbol], from_parquet(by_symbol[symbol], symbol), timeframe, span)

    names = ", ".join(each.name for each in paths)
    source = names if span == Range() else f"{names} {span}"
    return Histories(tuple(by_symbol), timeframe, source, read)


def shares_of(symbols: Sequence[str]) -> tuple[str, ...]:
    """Return the symbols without the indices, which are watched and not traded.

    Raises `ConfigurationError` where nothing is left.
    """
    shares = tuple(each for each in symbols if not is_index(each))
    if not shares:
        named = ", ".join(symbols[:_MOST_NAMES]) or "no symbol"
        raise ConfigurationError(
            f"{named}: nothing to train on, as an index is not traded; name shares (NSE:...-EQ) with --symbols or in "
            "the settings"
        )
    return shares


def in_memory(histories: Sequence[History], timeframe: Timeframe, source: str) -> Histories:
    """Return the candles of a generated market, which are there already."""
    by_symbol = {each.symbol: each for each in histories}
    return Histories(tuple(by_symbol), timeframe, source, by_symbol.__getitem__, market=MarketKind.GENERATED)


def _within(path: Path, history: History, timeframe: Timeframe, span: Range) -> History:
    try:
        part = Sourced(series=Series(history.symbol, timeframe), candles=history.candles).within(span)
    except DataError as error:
        raise DataError(f"{path}: {error}; give another --timerange") from None
    return History(history.symbol, history.tick, part.candles, part.first, part.notes)


def _timeframe_of(path: Path, history: History) -> Timeframe:
    try:
        return timeframe_of(history.candles)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _require_held(
    archive: Path, holdings: Sequence[Holding], symbols: Sequence[str], timeframe: Timeframe, span: Range
) -> None:
    """Refuse what the store has not before anything is computed. Raises `DataError` that says what it has."""
    if not holdings:
        raise DataError(
            f"the store {archive} holds no candles yet; `fyersbot download-data` or `fyersbot import-data` brings "
            "them in"
        )
    for symbol in symbols:
        lengths = {each.series.timeframe: each for each in holdings if each.series.symbol == symbol}
        if not lengths:
            there = list(dict.fromkeys(each.series.symbol for each in holdings))
            names = ", ".join(there[:_MOST_NAMES]) + (", ..." if len(there) > _MOST_NAMES else "")
            raise DataError(
                f"{symbol}: the store {archive} has no candles of it, it has {names}; `fyersbot download-data` or "
                "`fyersbot import-data` brings them in"
            )
        if timeframe not in lengths:
            others = ", ".join(each.value for each in lengths)
            raise DataError(
                f"{symbol}: the store {archive} has {others} candles of it and none of {timeframe.value}; give another "
                "--timeframe, or bring them in"
            )
        _require_overlap(lengths[timeframe], span)


def _require_overlap(holding: Holding, span: Range) -> None:
    if holding.first is None or holding.last is None:
        return  # a file that cannot be read, or has no candle: reading it says so
    first, last = ist_date(holding.first), ist_date(holding.last)
    if last < span.first or span.last < first:
        raise DataError(
            f"{holding.series}: the store has no candles {span}, it has some from {first} to {last}; give another "
            "--timerange"
        )

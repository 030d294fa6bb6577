"""The candles that are official once a day is over: from a file or a folder that was named, else from the archive."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from backtest.candle_sources import Range, from_path
from core.errors import ConfigurationError
from core.instants import Instant
from core.market import Timeframe
from core.ports import Calendar
from features.columns import CandleColumns
from market_data.candles.candle_store import Series
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.days import Days

_FIRST_DAY = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class OfficialCandles:
    """Candles up to the end of a day, symbol by symbol, because all together may be large."""

    source: str
    of: Callable[[str], CandleColumns | None]
    """Those of a symbol, back to the oldest; None where there are none of the day itself."""

    @classmethod
    def archived(cls, archive: Path, timeframe: Timeframe, day: date) -> "OfficialCandles":
        """Take the archive's."""
        store = ParquetCandleStore(archive)

        def read(symbol: str) -> CandleColumns | None:
            series = Series(symbol, timeframe)
            has_day = len(store.read(series, Days(day, day))) > 0
            return store.read(series, Days(_FIRST_DAY, day)) if has_day else None

        return cls(f"the archive {archive}", read)

    @classmethod
    def in_files(
        cls, data: Path, symbols: Sequence[str], timeframe: Timeframe, day: date, calendar: Calendar, now: Instant
    ) -> "OfficialCandles":
        """Take those of a file, or of a folder of them.

        Raises `ConfigurationError` when none is of the symbols, `DataError` for files that cannot be read.
        """
        sourced = from_path(data, (), timeframe, Range(first=day, last=day), calendar, now)
        found = {each.series.symbol: each.candles for each in sourced if each.series.timeframe is timeframe}
        if not found.keys() & set(symbols):
            raise ConfigurationError(
                f"--data {data}: no {timeframe.value} candles of what was traded ({', '.join(symbols)})"
            )
        return cls(str(data), found.get)

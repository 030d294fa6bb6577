"""The history call: reads its parameters with FYERS' own complaints and cuts candles out of the market.

An intraday row is stamped by the candle's start, a daily row by midnight UTC of its date. The forming candle is among
them; what lies after the market's present never is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import groupby
from typing import TypeAlias

from core.errors import DataError
from core.instants import DAY, MINUTE, SECOND, Instant, from_epoch_seconds, instant_at, ist_date
from core.market import Candle, Timeframe
from simulator.market import Market
from simulator.replies import BAD_PARAMETER, Refusal

Row: TypeAlias = list[float]
"""`[stamp, open, high, low, close, volume]`."""

_MINUTES = frozenset({1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 120, 180, 240})
_LONGEST_DAYS = {True: (366, "1 year for day resolution"), False: (100, "100 days for minute resolution")}
_RANGE_TOO_LONG = -339
_SEARCH_BACK = timedelta(days=10)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """A well-formed question."""

    symbol: str
    minutes: int
    """Length of a candle; 1440 for a day."""
    start: Instant
    end: Instant
    """Exclusive."""

    @property
    def is_daily(self) -> bool:
        """Whether whole days are asked for."""
        return self.minutes == Timeframe.D.minutes


def read_query(query: Mapping[str, str], now: Instant) -> HistoryQuery:
    """Read the parameters of a history call. Raises `Refusal` that lists everything wrong at once, as FYERS does."""
    wrong: dict[str, str] = {}
    minutes = _minutes(query.get("resolution", ""))
    if minutes is None:
        wrong["resolution"] = f"{query.get('resolution', '')!r} is not a supported resolution"
    as_dates = query.get("date_format") == "1"
    if query.get("date_format") not in {"0", "1"}:
        wrong["date_format"] = "date_format must be 0 or 1"
    first, last = (_moment(query.get(name, ""), as_dates) for name in ("range_from", "range_to"))
    if first is None or last is None:
        wrong["date_format"] = (
            "date timestamps (YYYY-MM-DD) needed for range_from and range_to since date_format is 1"
            if as_dates
            else "epoch timestamps needed for range_from and range_to since date_format is 0"
        )
    else:
        if first > last:
            wrong["from"] = "from range cannot be greater than to range"
        if ist_date(first) > ist_date(now):
            wrong["range_from"] = "range_from cannot be greater than current date"
    if wrong or minutes is None or first is None or last is None:
        raise Refusal(422, BAD_PARAMETER, "Invalid input", data=wrong)
    daily = minutes == Timeframe.D.minutes
    longest, words = _LONGEST_DAYS[daily]
    if (ist_date(last) - ist_date(first)).days > longest:
        raise Refusal(422, _RANGE_TOO_LONG, f"The range cannot be more than {words}")
    if daily:
        first = _midnight(ist_date(first))
    whole_day = daily or as_dates
    end = _midnight(ist_date(last) + timedelta(days=1)) if whole_day else last + SECOND
    return HistoryQuery(symbol=query.get("symbol", ""), minutes=minutes, start=first, end=end)


def rows_of(query: HistoryQuery, market: Market, now: Instant) -> list[Row]:
    """The row of every candle in range. Raises `Refusal` for what cannot be made."""
    scale = market.instruments[query.symbol].rupees
    return [
        [_stamp(candle, query.is_daily), *map(scale, _prices(candle)), candle.volume]
        for candle in _candles(query, market, now)
    ]


def stamp_before(query: HistoryQuery, market: Market, now: Instant) -> int | None:
    """Stamp of the last candle before the range: where FYERS tells the asker of an empty range to look next."""
    earlier = _midnight(ist_date(query.start) - _SEARCH_BACK)
    before = HistoryQuery(symbol=query.symbol, minutes=query.minutes, start=earlier, end=query.start)
    candles = _candles(before, market, now)
    return _stamp(candles[-1], query.is_daily) if candles else None


def _candles(query: HistoryQuery, market: Market, now: Instant) -> list[Candle]:
    source = max((frame for frame in Timeframe if query.minutes % frame.minutes == 0), key=lambda frame: frame.minutes)
    start = query.start if source.minutes == query.minutes else _midnight(ist_date(query.start))
    try:
        candles = market.candles(query.symbol, source, start, query.end, now)
    except DataError as error:
        raise Refusal(422, BAD_PARAMETER, "Invalid input", data={"resolution": str(error)}) from error
    if source.minutes == query.minutes:
        return candles
    return [candle for candle in _merged(candles, query.minutes, market) if candle.start >= query.start]


def _merged(candles: list[Candle], minutes: int, market: Market) -> Iterator[Candle]:
    def bucket(candle: Candle) -> Instant:
        day = market.calendar.trading_day(ist_date(candle.start))
        open_ = day.open if day is not None else candle.start
        return open_ + (candle.start - open_) // (minutes * MINUTE) * (minutes * MINUTE)

    for start, group in groupby(candles, key=bucket):
        parts = list(group)
        yield Candle(
            start=start,
            open=parts[0].open,
            high=max(part.high for part in parts),
            low=min(part.low for part in parts),
            close=parts[-1].close,
            volume=sum(part.volume for part in parts),
        )


def _stamp(candle: Candle, daily: bool) -> int:
    if daily:
        return (ist_date(candle.start).toordinal() - _EPOCH_ORDINAL) * DAY // SECOND
    return candle.start // SECOND


def _prices(candle: Candle) -> tuple[int, int, int, int]:
    return candle.open, candle.high, candle.low, candle.close


def _minutes(resolution: str) -> int | None:
    if resolution in {"D", "1D"}:
        return Timeframe.D.minutes
    return int(resolution) if resolution.isdecimal() and int(resolution) in _MINUTES else None


def _moment(text: str, as_date: bool) -> Instant | None:
    if not as_date:
        return from_epoch_seconds(int(text)) if text.isdecimal() else None
    try:
        year, month, day = map(int, text.split("-"))
        return _midnight(date(year, month, day))
    except ValueError:
        return None


def _midnight(day: date) -> Instant:
    return instant_at(day, time())

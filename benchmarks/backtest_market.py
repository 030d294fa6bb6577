"""One-minute candles on which backtesters can be compared: seeded, on session dates of NSE, the same for all of them.

A session has 375 candles. Prices move most after the open and before the close, more on some days than on others, and
jump over night. `python benchmarks/backtest_market.py FOLDER` saves five years, for a look with other tools.
"""

import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from core.instants import MINUTE
from core.market import Timeframe
from core.ports import Calendar
from features.columns import CandleColumns, FloatArray, IntArray
from market_data.calendar import NseCalendar

SEED = 41
LAST_DAY = date(2025, 12, 31)
SESSIONS_A_YEAR = 250
CANDLES_A_SESSION = 375
TICK = 5
"""In paise: the grid of shares between 250 and 1,000 rupees."""
TIMEFRAME = Timeframe.M1

_MIDDLE_PRICE = 55_000.0
"""In paise. A weak pull back to it keeps the price on one tick grid through any number of years."""
_PULL = 0.02
_PRICES_A_CANDLE = 8
_MINUTE_VOLATILITY = 0.0007
_NIGHT_VOLATILITY = 0.005
_MEDIAN_VOLUME = 4_000.0
_SESSION_RULES = """\
hours:
  - from: 2005-01-01
    open: "09:15"
    close: {shares: "15:30", shares_with_derivatives: "15:30", derivatives: "15:30"}
intraday:
  - from: 2005-01-01
    no_entry_after: "15:15"
    square_off: "15:15"
    flat_by: "15:20"
short_session_minutes:
  no_entry_after: 30
  square_off: 15
  flat_by: 10
"""


def session_rules(folder: Path) -> Path:
    """Write the rules of sessions that are all alike, today's hours on every date, and return the file."""
    path = folder / "sessions.yaml"
    path.write_text(_SESSION_RULES, encoding="utf-8")
    return path


def like_sessions(folder: Path) -> NseCalendar:
    """Return the calendar by these rules: NSE's dates without its special sessions, square-off at 15:15."""
    return NseCalendar(session_rules(folder), folder)


def made_candles(sessions: int, calendar: Calendar, seed: int = SEED) -> CandleColumns:
    """Make the candles of that many sessions, the last of them in December 2025."""
    generator = np.random.default_rng(seed)
    shape = sessions, CANDLES_A_SESSION
    smile = _smile()
    days = _volatility_of_days(generator, sessions)
    spread = _MINUTE_VOLATILITY / np.sqrt(_PRICES_A_CANDLE) * np.outer(days, smile)
    moves = generator.standard_normal((*shape, _PRICES_A_CANDLE)) * spread[:, :, np.newaxis]
    paths = moves.reshape(sessions, -1).cumsum(axis=1)
    paths += _opens(generator, days, paths[:, -1])[:, np.newaxis]
    grid = (np.rint(np.exp(paths) * _MIDDLE_PRICE / TICK) * TICK).astype(np.int64)
    prices = grid.reshape(-1, _PRICES_A_CANDLE)
    volumes = generator.lognormal(np.log(_MEDIAN_VOLUME), 0.6, shape) * np.outer(days, smile)
    return CandleColumns(
        _starts(session_dates(sessions, calendar), calendar),
        prices[:, 0].copy(),
        prices.max(axis=1),
        prices.min(axis=1),
        prices[:, -1].copy(),
        volumes.reshape(-1).astype(np.int64) + 1,
    )


def session_dates(sessions: int, calendar: Calendar) -> list[date]:
    """Return the dates of the last sessions up to the last day, oldest first."""
    found: list[date] = []
    day = LAST_DAY
    while len(found) < sessions:
        if calendar.trading_day(day) is not None:
            found.append(day)
        day -= timedelta(days=1)
    return found[::-1]


def save_candles(path: Path, candles: CandleColumns) -> None:
    """Write a file of candles as `fyersbot` reads them: start of the bar with its zone, prices in rupees."""
    import pyarrow as pa  # noqa: PLC0415 - only a run on a file needs it
    import pyarrow.parquet  # noqa: PLC0415

    rupees = {name: getattr(candles, f"{name}s") / 100 for name in ("open", "high", "low", "close")}
    starts = pa.array(candles.starts, pa.timestamp("ns", "Asia/Kolkata"))
    pa.parquet.write_table(pa.table({"timestamp": starts, **rupees, "volume": candles.volumes}), path)


def _smile() -> FloatArray:
    """Return how much a minute of the session moves against the others: most at both ends, 1 on average."""
    place = np.linspace(0.0, 1.0, CANDLES_A_SESSION)
    shape = 0.6 + 1.5 * np.exp(-12.0 * place) + 0.6 * np.exp(-9.0 * (1.0 - place))
    smile: FloatArray = shape / np.sqrt(np.square(shape).mean())
    return smile


def _volatility_of_days(generator: np.random.Generator, sessions: int) -> FloatArray:
    """Return a factor a day: calm and wild days come in spells."""
    surprise = generator.standard_normal(sessions) * 0.18
    logarithms = np.zeros(sessions)
    for day in range(1, sessions):
        logarithms[day] = 0.88 * logarithms[day - 1] + surprise[day]
    return np.exp(logarithms)


def _opens(generator: np.random.Generator, days: FloatArray, moved: FloatArray) -> FloatArray:
    """Return where each session starts: where the one before ended, a gap with fat tails, and the pull."""
    gaps = generator.standard_t(4, len(days)) * days * _NIGHT_VOLATILITY / np.sqrt(2.0)
    opens = np.zeros(len(days))
    for day in range(1, len(days)):
        opens[day] = (opens[day - 1] + moved[day - 1]) * (1.0 - _PULL) + gaps[day]
    return opens


def _starts(days: Sequence[date], calendar: Calendar) -> IntArray:
    opens = [session.open for session in map(calendar.trading_day, days) if session is not None]
    minutes = np.arange(CANDLES_A_SESSION, dtype=np.int64) * MINUTE
    return (np.array(opens, dtype=np.int64)[:, np.newaxis] + minutes).reshape(-1)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python benchmarks/backtest_market.py FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    candles = made_candles(5 * SESSIONS_A_YEAR, like_sessions(folder))
    path = folder / "NSE_SBIN-EQ_1m.parquet"
    save_candles(path, candles)
    print(f"{path}: {len(candles)} candles, closes {candles.closes.min() / 100} to {candles.closes.max() / 100}")


if __name__ == "__main__":
    main()

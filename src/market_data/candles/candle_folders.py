"""What lies in the folder of the candles: a folder a series, a file a year, and what somebody else put between them.

A folder that is none of ours must neither hide the good ones nor pass for candles, so it is named and passed over.
Names that begin with a dot are passed over in silence, as by every reader of Parquet: locks, what a desktop leaves, and
half-written files of a process that was killed, which the next write of their series takes away.
"""

from collections.abc import Iterator
from pathlib import Path

from core.market import Timeframe
from market_data.archive_files import symbol_folder, symbol_of
from market_data.candles.candle_store import Series

_YEAR = "[0-9][0-9][0-9][0-9].parquet"


def folder_of(table: Path, series: Series) -> Path:
    """Return the folder of a series."""
    return table / _timeframe_folder(series.timeframe) / symbol_folder(series.symbol)


def years_in(folder: Path) -> dict[int, Path]:
    """Return the file of each year of a series, oldest first."""
    return {int(path.stem): path for path in sorted(folder.glob(_YEAR))}


def series_in(table: Path) -> Iterator[Series]:
    """Yield every series that has a year: a first write that failed or was killed leaves a folder without."""
    for upper in _visible(table):
        for folder in _visible(upper):
            series = _series_of(folder)
            if series is not None and years_in(folder):
                yield series


def strays_in(table: Path) -> Iterator[str]:
    """Yield a line for each file and folder that is none of the store's, with what would be."""
    for upper in _visible(table):
        if _timeframe_of(upper) is None:
            yield _stray(upper, f"folder of a timeframe (timeframe={', '.join(each.value for each in Timeframe)})")
            continue
        for folder in _visible(upper):
            if _series_of(folder) is None:
                yield _stray(folder, f"folder of a symbol (as {symbol_folder('NSE:SBIN-EQ')})")
                continue
            for file in _visible(folder):
                if not file.match(_YEAR):
                    yield _stray(file, "year of candles (as 2026.parquet)")


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if not path.name.startswith("."))


def _timeframe_folder(timeframe: Timeframe) -> str:
    return f"timeframe={timeframe.value}"


def _timeframe_of(folder: Path) -> Timeframe | None:
    named = (timeframe for timeframe in Timeframe if folder.name == _timeframe_folder(timeframe))
    return next(named, None) if folder.is_dir() else None


def _series_of(folder: Path) -> Series | None:
    """Return what a folder is of; None where no series of that name would be written there."""
    timeframe = _timeframe_of(folder.parent)
    if timeframe is None or not folder.is_dir():
        return None
    series = Series(symbol_of(folder), timeframe)
    return series if folder == folder_of(folder.parent.parent, series) else None


def _stray(path: Path, expected: str) -> str:
    return f"{path}: is no {expected}; passed over, move it away"

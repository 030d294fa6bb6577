"""What the times in a file say: which way round the date is, in which zone, and whether they name start or end.

Nothing here is taken for granted. A date is day-first only when some row has a 13 or more there; a zone is proven by
the hours of the session, 09:15 to 15:30 in India and 03:45 to 10:00 in UTC; labels by the days that have a candle at
09:15 and none at 15:30, or the other way round. What the rows leave open comes back as unknown.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from core.errors import DataError
from core.instants import DAY, HOUR, MINUTE
from core.market import Timeframe
from features.columns import IST_OFFSET, IntArray
from market_data.candles.parquet_columns import Moments

if TYPE_CHECKING:
    import pandas as pd

    Cells: TypeAlias = "pd.Series[Any]"

_OPEN = 9 * 60 + 15
_CLOSE = 15 * 60 + 30
"""Minutes of the day in India between which nearly every candle since 2010 lies."""
_MOST = 0.9
_FEW = 0.5
_CLEARLY = 9
"""So many times as many days must speak for one kind of label as for the other."""
_DAILY_MINUTES = frozenset({0, 5 * 60 + 30, _OPEN, _CLOSE})
"""When vendors stamp a day, in India: midnight, midnight in UTC, open or close."""
_YEAR_1990, _YEAR_2100 = 631_152_000, 4_102_444_800
_EPOCH_UNITS = {"seconds": 1_000_000_000, "milliseconds": 1_000_000, "microseconds": 1_000, "nanoseconds": 1}
_SHAPE = re.compile(
    r"(?P<date>\d{8}|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ]\d{1,2}[-/. ]\d{4}"
    r"|\d{1,2}[-/. ][A-Za-z]{3}[-/. ](?:\d{4}|\d{2}))"
    r"(?:(?P<gap>T| +|)(?P<time>\d{1,2}:\d{2}(?::\d{2})?(?P<part>\.\d+)?(?P<half> ?[AaPp][Mm])?|\d{4}|\d{6}))?"
    r"(?P<zone> ?(?:Z|[+-]\d{2}:?\d{2}))?"
)


class Zone(Enum):
    """Whose wall clock a time without a zone was read from."""

    INDIA = "india"
    UTC = "utc"


class Labels(Enum):
    """What the time of a candle names."""

    START = "start"
    END = "end"


class DateOrder(Enum):
    """Which number of 01-02-2024 is the day."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


@dataclass(frozen=True, slots=True, eq=False)
class Stamps:
    """The times of a file as they are written."""

    digits: IntArray
    """Nanoseconds since the epoch, as if the digits were UTC."""
    stated: Zone | None
    """UTC where the file says so, as an epoch or a `Z` does: programs often say it of Indian time."""
    is_certain: bool
    """Whether the file states an offset of its own; then `digits` are true."""
    form: str
    """For people."""

    @property
    def are_dates(self) -> bool:
        """Whether there is a date and no time of the day."""
        return not self.is_certain and self.stated is None and not (self.digits % DAY).any()

    def instants(self, zone: Zone) -> IntArray:
        """Return the true instants, when the digits are of a zone."""
        return self.digits if self.is_certain or zone is Zone.UTC else self.digits - IST_OFFSET


def order_of_dates(cells: "Cells") -> tuple[DateOrder | None, bool]:
    """Return which number is the day, None while both may be, and whether the question arises at all.

    Raises `DataError` when some rows say one thing and some the other.
    """
    if not _is_text(cells):
        return None, False
    parts = cells.astype(str).str.strip().str.extract(r"^(\d{1,2})[-/. ](\d{1,2})[-/. ]\d{4}")
    if parts.isna().any(axis=None):
        return None, False
    first, second = (int(parts[place].astype(int).max()) for place in (0, 1))
    if first > 12 and second > 12:
        raise DataError("some dates have the day first and some the month; write all of them one way")
    if max(first, second) <= 12:
        return None, True
    return (DateOrder.DAY_FIRST if first > 12 else DateOrder.MONTH_FIRST), True


def stamps_of(cells: "Cells", times: "Cells | None", order: DateOrder | None) -> Stamps:
    """Read a column of moments, or one of dates and one of times. Raises `DataError` with the first cell that is none.

    `order` must be given where `order_of_dates` says that the question arises.
    """
    import pandas as pd  # noqa: PLC0415 - a third of a second that only those who read such files pay for

    if pd.api.types.is_datetime64_any_dtype(cells):
        if times is None:
            return _typed(cells)
        cells = cells.dt.strftime("%Y-%m-%d")
    numbers = pd.to_numeric(cells, errors="coerce")
    if times is None and numbers.notna().all():
        for unit, size in _EPOCH_UNITS.items():
            if numbers.between(_YEAR_1990 * 1_000_000_000 // size, _YEAR_2100 * 1_000_000_000 // size).all():
                digits = _epoch(numbers, size)
                return Stamps(digits, stated=Zone.UTC, is_certain=False, form=f"{unit} since 1970")
    text = _plain_text(cells)
    if times is not None:
        text = text.str.replace(r"[T ]00:00:00$", "", regex=True) + " " + _clock_text(times)
    return _written(text, order)


def typed_stamps(moments: Moments) -> Stamps:
    """Return a column of which its type says that it is of times, and of which zone."""
    digits, zone = moments
    if zone is None:
        return Stamps(digits, stated=None, is_certain=False, form="times without a zone")
    is_utc = zone == "UTC"
    return Stamps(digits, stated=Zone.UTC if is_utc else None, is_certain=not is_utc, form=f"times with zone {zone}")


def timeframe_of(stamps: Stamps) -> Timeframe | None:
    """Return the timeframe whose step most rows keep to, or None."""
    gaps = np.diff(stamps.digits)
    if (gaps < 0).any():
        gaps = np.diff(np.sort(stamps.digits))
    steps, counts = np.unique(gaps[gaps > 0], return_counts=True)
    if not len(steps):
        return Timeframe.D if stamps.are_dates else None
    usual = int(steps[np.argmax(counts)])
    found = next((each for each in Timeframe if each.duration == usual), None)
    return found if counts.max() * 2 >= counts.sum() else None


def zone_of(stamps: Stamps, timeframe: Timeframe) -> tuple[Zone | None, str]:
    """Return the zone that the rows prove, or None, and why."""
    if stamps.is_certain:
        return Zone.UTC, "the times carry their offset"
    if stamps.are_dates:
        return Zone.INDIA, "dates without a time"
    minutes = stamps.digits % DAY // MINUTE
    if timeframe is Timeframe.D:
        return _zone_of_days(minutes)
    shares = {Zone.INDIA: _share_in_hours(minutes), Zone.UTC: _share_in_hours((minutes + IST_OFFSET // MINUTE) % 1440)}
    told = ", ".join(f"{share:.0%} within the session as {zone.value}" for zone, share in shares.items())
    for zone, other in ((Zone.INDIA, Zone.UTC), (Zone.UTC, Zone.INDIA)):
        if shares[zone] >= _MOST and shares[other] <= _FEW:
            contradicted = stamps.stated is not None and stamps.stated is not zone
            return (None, f"the file says {other.value}, its hours say {zone.value}") if contradicted else (zone, told)
    return stamps.stated, "an epoch or Z is UTC" if stamps.stated else told


def labels_of(instants: IntArray, timeframe: Timeframe) -> tuple[Labels | None, str]:
    """Return what the times name, None while both fit, and why."""
    if timeframe is Timeframe.D:
        return Labels.START, "a day is named by its date"
    walls = instants + IST_OFFSET
    minutes = walls % DAY // MINUTE
    at_open, at_close = (set((walls[minutes == edge] // DAY).tolist()) for edge in (_OPEN, _CLOSE))
    starts, ends = len(at_open - at_close), len(at_close - at_open)
    why = f"{starts} days have a candle at 09:15 and none at 15:30, {ends} days the reverse"
    if starts > _CLEARLY * ends:
        return Labels.START, why
    return (Labels.END if ends > _CLEARLY * starts else None), why


def starts_of(instants: IntArray, timeframe: Timeframe, labels: Labels) -> IntArray:
    """Return the starts of candles; of a day: midnight in India.

    The last hour of a session is cut short by the close: labelled by its end, 15:30, it began at 15:15.
    """
    if timeframe is Timeframe.D:
        return (instants + IST_OFFSET) // DAY * DAY - IST_OFFSET
    if labels is Labels.START:
        return instants
    starts = instants - timeframe.duration
    if timeframe is Timeframe.M60:
        is_short = (instants + IST_OFFSET) % DAY == _CLOSE * MINUTE
        starts = np.where(is_short, instants - HOUR // 4, starts)
    return starts


def _typed(cells: "Cells") -> Stamps:
    if cells.isna().any():
        raise DataError(f"row {int(np.argmax(cells.isna())) + 1} has no time; remove it")
    zone = cells.dt.tz
    naive = cells if zone is None else cells.dt.tz_convert("UTC").dt.tz_localize(None)
    return typed_stamps(Moments(_nanoseconds(naive), None if zone is None else str(zone)))


def _nanoseconds(moments: "Cells") -> IntArray:
    """Return times without a zone as nanoseconds. Raises `DataError` for one that 64 bits of these do not hold."""
    try:
        digits: IntArray = moments.dt.as_unit("ns").to_numpy().astype(np.int64)
    except ValueError:  # pandas' own word for it, and numpy's is to begin again at the other end
        row = int(np.argmax(~moments.dt.year.between(1678, 2261)))
        raise DataError(f"row {row + 1}: {moments.iloc[row]} is no time of a market's; mend or remove it") from None
    return digits


def _written(text: "Cells", order: DateOrder | None) -> Stamps:
    import pandas as pd  # noqa: PLC0415 - see stamps_of

    shape = _SHAPE.fullmatch(text.iloc[0])
    if shape is None:
        raise DataError(f"row 1: {text.iloc[0]!r} is no time; known are 2024-01-31 09:15, 31-01-2024, 31-Jan-2024, ...")
    pattern = _pattern(shape, order)
    try:
        moments = pd.to_datetime(text, format=pattern, errors="coerce", utc=shape["zone"] is not None)
    except ValueError as error:
        raise DataError(f"the times cannot be read as those of row 1, {text.iloc[0]!r}: {error}") from None
    if moments.isna().any():
        row = int(np.argmax(moments.isna()))
        raise DataError(f"row {row + 1}: {text.iloc[row]!r} is no time of the form of row 1, {text.iloc[0]!r}; mend it")
    if shape["zone"]:
        moments = moments.dt.tz_localize(None)
    digits = _nanoseconds(moments)
    says_utc = (shape["zone"] or "").strip() in {"Z", "+00:00", "+0000"}
    stated = Zone.UTC if says_utc else None
    form = f"as {text.iloc[0]}"
    return Stamps(digits, stated=stated, is_certain=bool(shape["zone"]) and not says_utc, form=form)


def _pattern(shape: "re.Match[str]", order: DateOrder | None) -> str:
    """Return the format of the cell that a file's first row has."""
    day, clock = shape["date"], shape["time"]
    if re.fullmatch(r"\d{4}-\d\d-\d\d", day) and not shape["half"] and (clock is None or ":" in clock):
        return "ISO8601"
    if re.fullmatch(r"\d{8}", day):
        pattern = "%Y%m%d"
    elif day[:4].isdigit():
        pattern = f"%Y{day[4]}%m{day[4]}%d"
    else:
        middle = re.sub(r"[^A-Za-z]", "", day)
        gaps = re.sub(r"[A-Za-z0-9]", "", day)
        year = "%Y" if re.search(r"\d{4}$", day) else "%y"
        first, second = ("%d", "%b") if middle else ("%m", "%d") if order is DateOrder.MONTH_FIRST else ("%d", "%m")
        pattern = f"{first}{gaps[0]}{second}{gaps[1]}{year}"
    if clock is not None:
        pattern += shape["gap"] + _clock_pattern(shape)
    if shape["zone"]:
        pattern += (" " if shape["zone"].startswith(" ") else "") + "%z"
    return pattern


def _clock_pattern(shape: "re.Match[str]") -> str:
    clock, half = shape["time"], shape["half"]
    if ":" not in clock:
        return "%H%M" if len(clock) == 4 else "%H%M%S"
    hours = "%I:%M" if half else "%H:%M"
    seconds = ":%S" if clock.count(":") == 2 else ""
    return hours + seconds + (".%f" if shape["part"] else "") + (half[:-2] + "%p" if half else "")


def _epoch(numbers: "Cells", size: int) -> IntArray:
    whole = np.floor(numbers.to_numpy(dtype=np.float64)).astype(np.int64) if numbers.dtype.kind == "f" else None
    return (numbers.to_numpy(dtype=np.int64) if whole is None else whole) * size


def _plain_text(cells: "Cells") -> "Cells":
    """Return cells as text; whole numbers, as 20240131 is, without a fraction."""
    if cells.dtype.kind == "f":
        cells = cells.astype("int64", errors="ignore")
    return cells.astype(str).str.strip()


def _clock_text(cells: "Cells") -> "Cells":
    """Return times of the day as text; 915 and 91500 are 0915 and 091500."""
    text = _plain_text(cells)
    width = 4 if int(text.str.len().max()) <= 4 else 6
    return text.where(~text.str.fullmatch(r"\d+"), text.str.zfill(width))


def _is_text(cells: "Cells") -> bool:
    return cells.dtype.kind not in "iufbmM" and isinstance(cells.iloc[0], str)


def _share_in_hours(minutes: IntArray) -> float:
    return float(((minutes >= _OPEN) & (minutes <= _CLOSE)).mean())


def _zone_of_days(minutes: IntArray) -> tuple[Zone | None, str]:
    values = set(minutes.tolist())
    told = ", ".join(f"{minute // 60:02}:{minute % 60:02}" for minute in sorted(values)[:3])
    if values <= _DAILY_MINUTES:
        return Zone.INDIA, f"days are stamped {told}"
    if {(minute + IST_OFFSET // MINUTE) % 1440 for minute in values} <= _DAILY_MINUTES:
        return Zone.UTC, f"days are stamped {told}, which is midnight, open or close in India"
    return None, f"days are stamped {told}"

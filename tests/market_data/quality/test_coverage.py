"""Series of the archive and of files, and the pictures that are drawn of them."""

import re
from dataclasses import replace
from datetime import date, time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from core.errors import DataError
from core.instants import MINUTE, instant_at
from core.market import Timeframe
from features.columns import CandleColumns
from market_data.calendar import NseCalendar
from market_data.candles.candle_store import MemoryCandleStore, Series, within
from market_data.candles.list_data import listed
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.candles.raw_candles import RawCandles
from market_data.days import Days, midnight
from market_data.history.download import Download
from market_data.history.download_plan import plan_download
from market_data.quality.coverage import Coverage, coverage_of
from market_data.quality.coverage_page import coverage_page
from market_data.quality.coverage_table import coverage_tables
from market_data.quality.findings import Kind
from market_data.quality.heat_map import heat_map
from market_data.quality.sources import MOST_KEPT, LeftOut, Source, Wish, archive_sources, file_sources
from market_data.symbol_calendars import SymbolCalendars
from market_data.trading_hours import HoursOf
from runtime.settings import Settings

from .conftest import MONDAY, SYMBOL, WEEK, Judge, Make, changed, stacked, without, write

SERIES = Series(SYMBOL, Timeframe.M5)


def in_paise(raw: RawCandles) -> CandleColumns:
    prices = (np.rint(column * 100).astype(np.int64) for column in raw.columns[1:5])
    return CandleColumns(raw.starts, *prices, raw.volumes.astype(np.int64))


def archive(raw: RawCandles, days: Days = WEEK) -> MemoryCandleStore:
    store = MemoryCandleStore()
    store.put(SERIES, days, in_paise(raw))
    return store


def printed(coverage: Coverage, width: int = 100) -> str:
    console = Console(width=width, record=True, quiet=True)
    console.quiet = False
    with console.capture() as capture:
        for each in coverage_tables(coverage, width):
            console.print(each)
    return capture.get()


def test_the_archive_is_judged_in_rupees_and_over_the_days_it_knows(make: Make, hours_of: HoursOf) -> None:
    store = archive(make(), Days(date(2025, 6, 2), date(2025, 6, 13)))
    (judgement,) = coverage_of(archive_sources(store, Wish())[0], hours_of, Wish()).judgements
    assert (judgement.sessions, judgement.whole, judgement.absent, judgement.empty) == (10, 5, 0, 5)
    assert [each.kind.value for each in judgement.findings] == ["sessions known to be empty"]


class _Closed:
    """A clock that stands on a Saturday."""

    def now(self) -> int:
        return midnight(date(2025, 6, 21))

    def steady(self) -> int:
        return 0


@pytest.mark.parametrize("timeframe", [Timeframe.M5, Timeframe.D])
def test_every_verb_counts_the_same_sessions(
    make: Make, hours_of: HoursOf, calendar: NseCalendar, timeframe: Timeframe
) -> None:
    series, days, raw = Series(SYMBOL, timeframe), Days(date(2025, 6, 2), date(2025, 6, 20)), make(timeframe=timeframe)
    store = MemoryCandleStore()
    store.put(series, Days(date(2025, 6, 2), date(2025, 6, 10)), within(in_paise(raw), Days(MONDAY, date(2025, 6, 10))))
    store.put(series, Days(date(2025, 6, 13), days.last), within(in_paise(raw), Days(date(2025, 6, 13), days.last)))
    (judgement,) = coverage_of(archive_sources(store, Wish())[0], hours_of, Wish()).judgements
    (listing,) = listed(store.holdings(), lambda _symbol: calendar)
    plan = replace(plan_download(series, days, store.known(series), calendar, _Closed().now()), calls=())
    (report,) = Download(None, store, _Closed(), print).run([plan]).reports  # type: ignore[arg-type]
    counts = (judgement.sessions, judgement.absent, judgement.empty)
    assert counts == (15, 2, 10)
    assert counts == (report.sessions, report.sessions - report.known, report.empty)
    assert counts[:2] == (listing.sessions, listing.missing)


def test_a_session_of_unknown_hours_is_counted_by_no_verb(hours_of: HoursOf, calendar: NseCalendar) -> None:
    muhurat, store = date(2026, 11, 8), MemoryCandleStore()
    daily = Series(SYMBOL, Timeframe.D)
    price = np.array([80_000], dtype=np.int64)
    candle = CandleColumns(np.array([midnight(muhurat)]), price, price, price, price, price)
    store.put(daily, Days(muhurat, muhurat), candle)
    (judgement,) = coverage_of(archive_sources(store, Wish())[0], hours_of, Wish()).judgements
    (listing,) = listed(store.holdings(), lambda _symbol: calendar)
    plan = plan_download(daily, Days(muhurat, muhurat), (), calendar, midnight(date(2026, 11, 20)))
    assert (judgement.sessions, listing.sessions, len(plan.sessions)) == (0, 0, 0)
    assert [each.kind for each in judgement.findings] == [Kind.UNKNOWN_HOURS]


def test_a_torn_file_of_the_archive_is_named_and_the_rest_judged(make: Make, hours_of: HoursOf, tmp_path: Path) -> None:
    store = ParquetCandleStore(tmp_path)
    for symbol in (SYMBOL, "NSE:TCS-EQ"):
        store.put(Series(symbol, Timeframe.M5), WEEK, in_paise(make()))
    next(tmp_path.rglob("*SBIN*/2025.parquet")).write_bytes(b"PAR1")
    sources, left_out = archive_sources(store, Wish())
    coverage = coverage_of(sources, hours_of, Wish(), left_out)
    assert [each.series.symbol for each in coverage.judgements] == ["NSE:TCS-EQ"]
    (unread,) = coverage.left_out.unread
    assert "2025.parquet: cannot be read" in unread


def test_each_symbol_is_judged_by_the_hours_of_its_market(calendar: NseCalendar) -> None:
    after_the_auction, store = date(2026, 8, 4), MemoryCandleStore()
    for symbol, end in (("NSE:SBIN-EQ", time(15, 15)), ("NSE:NIFTY26AUGFUT", time(15, 40))):
        starts = np.arange(instant_at(after_the_auction, time(9, 15)), instant_at(after_the_auction, end), 5 * MINUTE)
        price = 80_000 + np.arange(len(starts)) % 3
        columns = (price, price + 2, price - 2, price, price)
        store.put(
            Series(symbol, Timeframe.M5), Days(after_the_auction, after_the_auction), CandleColumns(starts, *columns)
        )
    calendars = SymbolCalendars.beside(calendar, Settings())
    judgements = coverage_of(archive_sources(store, Wish())[0], calendars.of, Wish()).judgements
    assert [(each.series.symbol, each.whole, each.findings) for each in judgements] == [
        ("NSE:NIFTY26AUGFUT", 1, ()),
        ("NSE:SBIN-EQ", 1, ()),
    ]


def test_daily_closes_of_the_archive_are_held_against_its_minutes_in_rupees(make: Make, hours_of: HoursOf) -> None:
    raw, daily = make(), make(timeframe=Timeframe.D)
    last = raw.rows(np.arange(74, 375, 75))
    store = archive(raw)
    official = RawCandles(daily.starts, last.opens, last.highs + 1, last.lows, last.closes + 0.4, last.volumes)
    store.put(Series(SYMBOL, Timeframe.D), WEEK, in_paise(official))
    (comparison,) = coverage_of(archive_sources(store, Wish())[0], hours_of, Wish()).comparisons
    assert comparison.largest == pytest.approx(0.4)


def test_days_asked_for_bound_what_is_judged(make: Make, hours_of: HoursOf) -> None:
    wish = Wish(first=MONDAY, last=date(2025, 6, 10))
    (judgement,) = coverage_of(archive_sources(archive(make()), wish)[0], hours_of, wish).judgements
    assert (judgement.sessions, judgement.rows) == (2, 150)


def test_a_symbol_the_archive_lacks_is_named() -> None:
    with pytest.raises(DataError, match="no candles of NSE:TCS-EQ"):
        archive_sources(MemoryCandleStore(), Wish(symbols=("NSE:TCS-EQ",)))


def test_a_series_without_rows_in_the_days_is_skipped_by_name(make: Make, hours_of: HoursOf) -> None:
    wish = Wish(first=date(2025, 7, 1), last=date(2025, 7, 4))
    with pytest.raises(DataError, match="no rows in the days asked for"):
        coverage_of(archive_sources(archive(make()), wish)[0], hours_of, wish)


def test_a_folder_is_read_through_and_what_is_no_candle_file_is_named(
    make: Make, hours_of: HoursOf, tmp_path: Path
) -> None:
    write(tmp_path / "deep" / "NSE_SBIN-EQ_5m.parquet", make())
    write(tmp_path / "notes.parquet", make())
    (tmp_path / "README.txt").write_text("no candles\n")
    (tmp_path / "NSE_SBIN-EQ_5m.changes.csv").write_text("file,row,time,what,before,after\n")
    (tmp_path / "._NSE_SBIN-EQ_5m.csv").write_bytes(b"\0\5\x16\7")
    (tmp_path / "old.csv").mkdir()
    sources, left_out = file_sources([tmp_path], Wish())
    assert [each.series for each in sources] == [SERIES]
    assert left_out.unread == ()
    assert [re.split(r"[:;] ", each)[1] for each in left_out.skipped] == [
        "no separator splits every line into 5 columns or more",
        "not the candles of one symbol",
    ]
    with pytest.raises(DataError, match=r"no file of the candles asked for; read are .*; skipped 2, the first: "):
        file_sources([tmp_path], Wish(timeframe=Timeframe.D))


@pytest.mark.parametrize("name", ["NSE_SBIN-EQ_5m.csv", "NSE_SBIN-EQ_5m.csv.gz", "mine.csv"])
def test_whatever_the_import_reads_is_judged(make: Make, hours_of: HoursOf, tmp_path: Path, name: str) -> None:
    frame = pq.read_table(write(tmp_path / "source.parquet", make())).to_pandas()
    frame["timestamp"] = frame["timestamp"].dt.strftime("%d-%b-%Y %H:%M")
    frame.insert(0, "Symbol", SYMBOL)
    frame.to_csv(tmp_path / name, index=False)
    sources, _ = file_sources([tmp_path / name], Wish())
    (judgement,) = coverage_of(sources, hours_of, Wish()).judgements
    assert (judgement.series, judgement.rows, judgement.whole, judgement.findings) == (SERIES, 375, 5, ())


@pytest.mark.parametrize(("room", "reads"), [(MOST_KEPT, 1), (374, 2)])
def test_a_file_whose_name_tells_no_series_is_read_once_while_there_is_room(
    make: Make, hours_of: HoursOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, reads: int
) -> None:
    frame = pq.read_table(write(tmp_path / "source.parquet", make())).to_pandas().assign(Symbol=SYMBOL)
    frame.to_csv(tmp_path / "mine.csv", index=False)
    read: list[str] = []
    reading = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: (read.append(path.name), reading(path))[1])
    monkeypatch.setattr("market_data.quality.sources.MOST_KEPT", room)
    (judgement,) = coverage_of(*_sourced(tmp_path / "mine.csv", hours_of)).judgements
    assert (judgement.series, judgement.rows) == (SERIES, 375)
    assert read == ["mine.csv"] * reads


@pytest.mark.parametrize("name", ["NSE_INFY-EQ_5m.parquet", "torn.parquet"])
def test_an_unreadable_file_is_named_and_the_rest_is_judged(
    make: Make, hours_of: HoursOf, tmp_path: Path, name: str
) -> None:
    write(tmp_path / "NSE_SBIN-EQ_5m.parquet", make())
    torn = write(tmp_path / name, make())
    torn.write_bytes(torn.read_bytes()[:-100])
    coverage = coverage_of(*_sourced(tmp_path, hours_of))
    assert [each.series for each in coverage.judgements] == [SERIES]
    (reason,) = coverage.left_out.unread
    assert f"{torn}: not readable as Parquet" in reason
    assert name in printed(coverage)
    assert name in coverage_page(coverage)
    torn.rename(tmp_path / "NSE_SBIN-EQ_5m.parquet")
    with pytest.raises(DataError, match="not readable as Parquet"):
        coverage_of(*_sourced(tmp_path, hours_of))


def _sourced(folder: Path, hours_of: HoursOf) -> tuple[list[Source], HoursOf, Wish, LeftOut]:
    sources, left_out = file_sources([folder], Wish())
    return sources, hours_of, Wish(), left_out


@pytest.mark.parametrize(
    ("name", "columns", "reason"),
    [
        ("NSE_SBIN-EQ_5m.parquet", ["timestamp", "price"], "ticks"),
        ("NSE_SBIN-EQ_5m.parquet", ["timestamp", "calls_oi", "strike_price"], "rows of many contracts|option chain"),
        ("NSE_SBIN-EQ_5m.parquet", ["timestamp", "open", "high", "low", "close", "StrkPric"], "rows of many contracts"),
        ("mine.parquet", ["timestamp", "price"], "row 1: '1' is no time"),
        ("mine.parquet", ["timestamp", "calls_oi", "puts_oi"], "snapshots of an option chain"),
        ("mine.parquet", ["timestamp", "open", "high", "low", "close", "StrkPric"], "row 1: '1' is no time"),
        ("mine.parquet", ["timestamp", "open", "high", "low", "volume"], "its columns are not those of candles"),
    ],
)
def test_a_file_named_here_must_hold_candles(
    hours_of: HoursOf, tmp_path: Path, name: str, columns: list[str], reason: str
) -> None:
    path = tmp_path / name
    pq.write_table(pa.table({name: [1.0] for name in columns}), path)
    with pytest.raises(DataError, match=reason):
        coverage_of(*_sourced(path, hours_of))


def test_files_of_one_symbol_are_compared(make: Make, hours_of: HoursOf, tmp_path: Path) -> None:
    raw = make()
    names = ("NSE_SBIN-EQ_5m.parquet", "NSE_SBIN-EQ_5m_fyers.parquet", "NSE_INFY-EQ_5m.parquet")
    paths = [write(tmp_path / name, raw) for name in names]
    sources, _ = file_sources(paths, Wish())
    (comparison,) = coverage_of(sources, hours_of, Wish()).comparisons
    assert (comparison.first, comparison.second, comparison.common) == (*names[:2], 375)


def test_a_series_that_ends_before_its_fellows_is_told(make: Make, hours_of: HoursOf, tmp_path: Path) -> None:
    raw = make(Days(date(2025, 4, 1), date(2025, 6, 30)), Timeframe.D)
    lengths = {"A": len(raw), "B": len(raw), "C": len(raw) - 5, "D": len(raw), "E": 30}
    for name, length in lengths.items():
        write(tmp_path / f"NSE_{name}-EQ_1d.parquet", raw.rows(np.arange(length)))
    sources, _ = file_sources([tmp_path], Wish())
    judgements = coverage_of(sources, hours_of, Wish()).judgements
    assert [each.series.symbol for each in judgements if each.of_kind(Kind.SHORTER)] == ["NSE:E-EQ"]
    few = [each for each in sources if each.series.symbol in {"NSE:A-EQ", "NSE:E-EQ"}]
    assert not any(each.of_kind(Kind.SHORTER) for each in coverage_of(few, hours_of, Wish()).judgements)


def test_the_picture_is_read_without_colour(make: Make, judged: Judge) -> None:
    raw = without(make(Days(date(2025, 6, 2), date(2025, 6, 15))), slice(75, 150))
    raw = without(changed(raw, "highs", 10, 1.0), slice(380, 425))
    lines = [line.plain.rstrip() for line in heat_map(judged(raw).days, 100)]
    assert lines == ["2025 Jun", "Mon  ! ■", "Tue  x ▃", "Wed  ■ ■", "Thu  ■ ■", "Fri  ■ ■"]


def test_sessions_known_to_be_empty_have_a_sign_of_their_own(make: Make, judged: Judge) -> None:
    judgement = judged(without(make(), slice(75, 150)), known=(WEEK,))
    assert [line.plain.rstrip()[-1] for line in heat_map(judgement.days, 100)[1:]] == ["■", "-", "■", "■", "■"]


def test_many_years_are_drawn_by_month(make: Make, judged: Judge) -> None:
    raw = make(Days(date(2021, 1, 1), date(2024, 12, 31)), Timeframe.D)
    lines = [line.plain for line in heat_map(judged(without(raw, slice(0, 5)), Timeframe.D).days, 80)]
    assert len(lines) == 5
    assert lines[1].split()[:3] == ["2021", "100", "100"]
    gone = judged(without(raw, slice(300, 310)), Timeframe.D)
    share = next(line.plain for line in heat_map(gone.days, 80) if line.plain.startswith("2022"))
    assert re.findall(r"\d+", share)[3] == "57", "nine of 21 sessions of March are gone"


def test_a_year_never_grows_wider_than_the_terminal(make: Make, judged: Judge) -> None:
    days = judged(make(Days(date(2023, 7, 1), date(2024, 12, 31)), Timeframe.D), Timeframe.D).days
    for width in (60, 80, 120):
        assert max(len(line.plain) for line in heat_map(days, width)) <= width


def test_the_tables_name_defects_places_and_the_sum(make: Make, hours_of: HoursOf, tmp_path: Path) -> None:
    raw = make()
    write(tmp_path / "NSE_SBIN-EQ_5m.parquet", stacked(raw, raw.rows(np.arange(75))))
    write(tmp_path / "NSE_SBIN-EQ_5m_fyers.parquet", raw)
    sources, skipped = file_sources([tmp_path], Wish())
    text = printed(coverage_of(sources, hours_of, Wish(), skipped))
    assert "75 rows there already with the same values" in text
    assert "2025-06-09" in text
    assert "nothing found" in text
    assert "2 series: 2 defects, 0 doubts" in text


class _Page(HTMLParser):
    """What a page loads, and whether every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        self.loads += [value or "" for name, value in attrs if name in {"src", "href"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_loads_nothing_and_escapes_names(make: Make, hours_of: HoursOf, tmp_path: Path) -> None:
    raw = without(changed(make(), "highs", 10, 1.0), slice(75, 150))
    names = ("NSE_M&M-EQ_5m.parquet", "NSE_M&M-EQ_5m_fyers.parquet")
    sources, skipped = file_sources([write(tmp_path / name, raw) for name in names], Wish())
    page = coverage_page(coverage_of(sources, hours_of, Wish(), skipped))
    parser = _Page()
    parser.feed(page)
    assert parser.open == []
    assert all(each.startswith("#") for each in parser.loads)
    assert "http" not in page
    assert "url(" not in page
    assert "NSE_M&amp;M-EQ_5m.parquet" in page
    assert "NSE_M&M" not in page
    assert page.count('<td class="day">') == 4, "a date is not broken over two lines"
    assert page.count('class="absent"') == 3, "one in the legend and one in each series"
    assert "2025-06-10: absent, 0 of 75 candles" in page

"""From a file into the store: shown, agreed to, all or nothing."""

import io
from datetime import date, time
from pathlib import Path

import pytest
from rich.console import Console

from core.errors import ConfigurationError, DataError
from core.instants import MINUTE, Instant, instant_at
from core.market import Timeframe
from market_data.calendar import NseCalendar
from market_data.candles.candle_files import Wishes
from market_data.candles.candle_store import MemoryCandleStore, Series
from market_data.candles.candle_times import DateOrder, Labels, Zone
from market_data.candles.import_data import Imported, import_file, wishes_of
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.days import Days

SBIN = Series("NSE:SBIN-EQ", Timeframe.M15)
DAY = date(2024, 1, 15)
BOTH_WAYS = date(2024, 2, 5)
AGREED, ASKED = True, False


class AtNoon:
    """A clock that stands in June 2024."""

    def now(self) -> Instant:
        return instant_at(date(2024, 6, 3), time(12, 0))


def text(day: date = DAY, form: str = "%Y-%m-%d", close: float = 100.5) -> str:
    starts = [time((555 + 15 * step) // 60, (555 + 15 * step) % 60) for step in range(25)]
    lines = [f"{day.strftime(form)} {at:%H:%M},100,101,99,{close},{10 + number}" for number, at in enumerate(starts)]
    return "\n".join(["timestamp,open,high,low,close,volume", *lines]) + "\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "NSE_SBIN-EQ_15m.csv"
    path.write_text(text())
    return path


@pytest.fixture
def store() -> MemoryCandleStore:
    return MemoryCandleStore()


@pytest.fixture
def run(store: MemoryCandleStore, tmp_path_factory, monkeypatch: pytest.MonkeyPatch):
    calendar = NseCalendar(cache=tmp_path_factory.mktemp("calendar"))

    def imported(
        path: Path, wishes: Wishes | None = None, *, agreed: bool = AGREED, answers: str | None = None
    ) -> tuple[Imported, str]:
        said = io.StringIO()
        console = Console(file=said, force_terminal=answers is not None, width=120, color_system=None)
        monkeypatch.setattr("sys.stdin", io.StringIO(answers or ""))
        done = import_file(path, wishes or Wishes(), store, calendar, AtNoon(), console, agreed=agreed)
        return done, said.getvalue()

    return imported


def test_what_was_agreed_to_beforehand_is_shown_and_in_the_store(run, file: Path, store: MemoryCandleStore):
    done, said = run(file)
    candles = store.read(SBIN, Days(DAY, DAY))
    assert len(candles) == 25
    assert (candles.starts[0], candles.closes[0], candles.volumes[-1]) == (instant_at(DAY, time(9, 15)), 10_050, 34)
    assert store.known(SBIN) == (Days(DAY, DAY),)
    assert "1 days have a candle at 09:15 and none at 15:30" in said
    assert done.data["days"] == [["2024-01-15", "2024-01-15"]]
    assert done.lines == ["NSE:SBIN-EQ 15m: 25 candles from 2024-01-15 to 2024-01-15 are in the store"]


def test_without_a_terminal_and_without_agreement_nothing_is_written(run, file: Path, store: MemoryCandleStore):
    with pytest.raises(DataError, match=r"nothing was imported yet; if it was understood as above, add --yes"):
        run(file, agreed=ASKED)
    assert store.holdings() == ()


@pytest.mark.parametrize("answer", ["y\n", "n\n", ""])
def test_at_a_terminal_the_answer_decides(run, file: Path, store: MemoryCandleStore, answer: str):
    if answer == "y\n":
        run(file, agreed=ASKED, answers=answer)
    else:
        with pytest.raises(DataError, match="nothing was imported"):
            run(file, agreed=ASKED, answers=answer)
    assert len(store.holdings()) == (answer == "y\n")


def test_at_a_terminal_what_is_not_proven_is_asked_first(run, tmp_path: Path, store: MemoryCandleStore):
    path = tmp_path / "mine.csv"
    path.write_text(text(BOTH_WAYS, "%d/%m/%Y"))
    _, said = run(path, agreed=ASKED, answers="NSE:SBIN-EQ\nday-first\ny\n")
    assert store.known(SBIN) == (Days(BOTH_WAYS, BOTH_WAYS),)
    assert "mine.csv leaves open: dates ('05/02/2024 09:15' may be either" in said


def test_agreement_beforehand_does_not_answer_an_open_question(run, tmp_path: Path, store: MemoryCandleStore):
    path = tmp_path / "mine.csv"
    path.write_text(text(BOTH_WAYS, "%d/%m/%Y"))
    with pytest.raises(DataError, match=r"dates .*: --dates day-first\|month-first; nothing was imported"):
        run(path)
    assert store.holdings() == ()
    run(path, Wishes(symbol="NSE:SBIN-EQ", dates=DateOrder.MONTH_FIRST))
    assert store.known(SBIN) == (Days(date(2024, 5, 2), date(2024, 5, 2)),)


@pytest.mark.parametrize("symbol", ["SBIN", "BSE:SBIN-A", "NSE:../../SBIN-EQ", "MCX:GOLD24FEBFUT", "NSE:sbin-EQ"])
def test_only_shares_funds_and_indices_of_nse_are_taken(run, file: Path, store: MemoryCandleStore, symbol: str):
    with pytest.raises(DataError, match="is no NSE share, fund or index; give --symbol as NSE:SBIN-EQ"):
        run(file, Wishes(symbol=symbol))
    assert store.holdings() == ()


def test_the_same_file_again_replaces_its_days_and_leaves_the_others(run, file: Path, store: MemoryCandleStore):
    run(file)
    other = file.with_name("NSE_SBIN-EQ_15m_other.csv")
    other.write_text(text(date(2024, 1, 16)))
    run(other)
    file.write_text(text(close=100.25))
    done, said = run(file)
    assert done.replaced == 25
    assert "25 candles that it has of the same days are replaced" in said
    assert sorted(set(store.read(SBIN, Days(DAY, date(2024, 1, 16))).closes.tolist())) == [10_025, 10_050]


@pytest.mark.parametrize(("days", "gaps"), [((15, 17), "1 place"), ((15, 17, 19), "2 places")])
def test_holes_between_the_sessions_of_a_file_are_counted(run, file: Path, days: tuple[int, ...], gaps: str):
    first, *others = (text(date(2024, 1, day)) for day in days)
    file.write_text(first + "".join(each.partition("\n")[2] for each in others))
    assert run(file)[0].lines[0].endswith(f" are in the store; sessions are missing in {gaps}")


def test_a_refused_file_leaves_the_store_as_it_was(run, file: Path, store: MemoryCandleStore):
    run(file)
    before = store.holdings()
    file.write_text(text(close=102.0))
    with pytest.raises(DataError, match="25 rows that no market makes"):
        run(file)
    assert store.holdings() == before
    assert set(store.read(SBIN, Days(DAY, DAY)).closes.tolist()) == {10_050}


def test_the_options_of_the_command_line_become_wishes():
    assert wishes_of(
        symbol="NSE:SBIN-EQ",
        timeframe="15m",
        zone="india",
        labels="end",
        dates="day-first",
        columns="open=o, high = h",
    ) == Wishes(
        symbol="NSE:SBIN-EQ",
        timeframe=Timeframe.M15,
        zone=Zone.INDIA,
        labels=Labels.END,
        dates=DateOrder.DAY_FIRST,
        columns={"open": "o", "high": "h"},
    )


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("timeframe", "2m", "--timeframe 2m: must be one of 1m, 3m, 5m, 15m, 60m, D"),
        ("zone", "gmt", "--zone gmt: must be one of india, utc"),
        ("labels", "middle", "--labels middle: must be one of start, end"),
        ("dates", "iso", "--dates iso: must be one of day-first, month-first"),
        ("columns", "open", "--columns open: write it as open=NAME,high=NAME"),
        ("columns", "open=", "--columns open=: write it as open=NAME,high=NAME"),
    ],
)
def test_an_option_that_cannot_be_meant_is_named(option: str, value: str, named: str):
    given = dict.fromkeys(("symbol", "timeframe", "zone", "labels", "dates", "columns"))
    with pytest.raises(ConfigurationError) as refused:
        wishes_of(**{**given, option: value})
    assert str(refused.value) == named


def test_recorded_files_go_in_whole_or_are_refused_for_their_known_defects(real_data: Path, tmp_path: Path):
    calendar, console = NseCalendar(cache=tmp_path / "cache"), Console(file=io.StringIO())
    store = ParquetCandleStore(tmp_path)

    class Now:
        def now(self) -> Instant:
            return instant_at(date(2026, 6, 1), time())

    def put(name: str) -> Imported:
        return import_file(real_data / name, Wishes(), store, calendar, Now(), console, agreed=AGREED)

    fives = put("NSE_SBIN-EQ_5m.parquet").admitted
    assert (fives.candles, fives.repeated, fives.disordered, fives.outside) == (13_983 - 150, 150, 2, 0)
    ones = put("NSE_TCS-EQ_1m.parquet").admitted
    assert (ones.candles, ones.repeated, ones.outside) == (18 * 375, 0, 0)
    assert 2 <= ones.disordered <= 13
    index = put("NSE_FINNIFTY-INDEX_1m.parquet").admitted
    assert (index.candles, index.outside) == (32 * 375, 21)
    with pytest.raises(DataError, match="377 rows that no market makes"):
        put("NSE_NIFTYBANK-INDEX_15m.parquet")
    assert [each.series.symbol for each in store.holdings()] == [
        "NSE:FINNIFTY-INDEX",
        "NSE:SBIN-EQ",
        "NSE:TCS-EQ",
    ]
    read = store.read(Series("NSE:TCS-EQ", Timeframe.M1), Days(date(2016, 1, 1), date(2016, 12, 31)))
    assert len(read) == 6_750
    assert int(read.starts[1] - read.starts[0]) == MINUTE

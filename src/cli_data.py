"""The verbs of market data: candles, ticks, symbols and the calendar. They are part of `fyersbot` like all others."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli_options import ConfigOption, JsonOption, calendar_of, settings_of
from runtime.json_answer import print_json

if TYPE_CHECKING:
    from market_data.candles.parquet_candles import ParquetCandleStore
    from market_data.symbols.symbols_verb import SymbolsVerb
    from runtime.settings import Settings

app = typer.Typer()
symbols = typer.Typer(no_args_is_help=True, help="Symbol masters: what is listed, and what was, as of a date.")
app.add_typer(symbols, name="symbols")

SegmentOption = Annotated[
    str | None, typer.Option("--segment", "--segments", help="NSE_CM, NSE_FO ..; several with commas; none: all.")
]
AsOfOption = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="As it was on a day; none: today.")
]
_MARKETS = "shares, shares_with_derivatives, derivatives, or commodity (hours only)."


@app.command("download-data")
def download_data(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")],
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day; none: today.")
    ] = None,
    symbols: Annotated[
        list[str] | None, typer.Option(help="Symbols between commas; repeat for more; none: the settings'.")
    ] = None,
    timeframe: Annotated[
        str | None, typer.Option(help="Timeframes between commas, as 1m,5m,D; none: the settings'.")
    ] = None,
    with_empty: Annotated[
        bool, typer.Option("--with-empty", help="Ask again for sessions of which the broker had no candles.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch candles from FYERS into the store: only what is missing, and the newest session once more."""
    from runtime.clock import clock_of
    from trading.history_download import print_download, wish_of

    settings = settings_of(config)
    clock = clock_of(settings.clock)
    wish = wish_of(
        settings,
        clock,
        symbols=symbols or (),
        timeframes=timeframe,
        first=first.date(),
        last=last.date() if last else None,
        with_empty=with_empty,
    )
    print_download(settings, wish, clock, calendar_of(settings), as_json=as_json)


@app.command("import-data")
def import_data(
    file: Annotated[Path, typer.Argument(help="CSV (also .csv.gz) or Parquet file of candles, prices in rupees.")],
    symbol: Annotated[str | None, typer.Option(help="Whose candles, as NSE:SBIN-EQ; none: the file tells.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="1m, 3m, 5m, 15m, 60m or D; none: the rows tell.")] = None,
    zone: Annotated[str | None, typer.Option(help="india or utc, of times without a zone.")] = None,
    labels: Annotated[str | None, typer.Option(help="start or end: what the time of a candle names.")] = None,
    dates: Annotated[str | None, typer.Option(help="day-first or month-first, of dates like 01-02-2024.")] = None,
    columns: Annotated[str | None, typer.Option(help="Which column is what, as open=o,timestamp=when.")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Agree to how the file is understood, without a question.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put candles of your own into the store, after showing how the file is understood."""
    from rich.console import Console

    from market_data.candles.import_data import import_file, wishes_of
    from runtime.clock import clock_of

    wishes = wishes_of(symbol=symbol, timeframe=timeframe, zone=zone, labels=labels, dates=dates, columns=columns)
    settings = settings_of(config)
    console = Console(stderr=True)
    clock = clock_of(settings.clock)
    done = import_file(file, wishes, _candle_store(settings), calendar_of(settings), clock, console, agreed=yes)
    if as_json:
        print_json(done.data)
    else:
        typer.echo("\n".join(done.lines))


@app.command("list-data")
def list_data(
    show_timerange: Annotated[bool, typer.Option("--show-timerange", help="Also from when to when.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the candles that the store holds."""
    from rich.console import Console

    from market_data.candles.list_data import holdings_data, holdings_view, listed, require_readable, stray_lines
    from market_data.symbol_calendars import SymbolCalendars

    settings = settings_of(config)
    store = _candle_store(settings)
    holdings, strays = store.holdings(), store.strays()
    series = listed(holdings, SymbolCalendars.beside(calendar_of(settings), settings).of)
    if as_json:
        not_read = [each.error for each in holdings if each.error]
        answer = {"archive": str(settings.paths.archive), "series": holdings_data(series), "not_read": not_read}
        print_json({**answer, "skipped": list(strays)})
    elif series:
        console = Console()
        console.print(holdings_view(series, console, shows_time_range=show_timerange))
    elif not holdings:
        typer.echo(
            f"{settings.paths.archive} holds no candles yet; `fyersbot download-data` or `fyersbot import-data FILE` "
            "brings some in"
        )
    for line in stray_lines(strays):
        typer.echo(line, err=True)
    require_readable(holdings)


@app.command()
def coverage(
    symbols: Annotated[list[str] | None, typer.Argument(help="Tickers, as NSE:SBIN-EQ; none: all there are.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="1m, 5m, D ..; none: all.")] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = None,
    data: Annotated[list[Path] | None, typer.Option(help="A candle file or a folder instead of the archive.")] = None,
    html: Annotated[Path | None, typer.Option(help="Draw everything on a page of its own.")] = None,
    fix: Annotated[Path | None, typer.Option(help="Folder for cleaned copies of --data and lists of changes.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge candles: sessions missing and partial, rows twice or outside hours, bad prices, unadjusted splits."""
    from market_data.quality.coverage_verb import Request, show_coverage
    from market_data.symbol_calendars import SymbolCalendars
    from runtime.clock import clock_of

    settings = settings_of(config)
    calendars = SymbolCalendars.beside(calendar_of(settings), settings)
    request = Request(
        symbols=tuple(symbols or ()),
        timeframe=timeframe,
        first=first.date() if first else None,
        last=last.date() if last else None,
        data=tuple(data or ()),
        html=html,
        fix=fix,
    )
    now = clock_of(settings.clock).now()
    show_coverage(request, settings.paths.archive, calendars.of, now, as_json=as_json)


@app.command("archive-ticks")
def archive_ticks(
    day: Annotated[
        datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="One recorded day; none: all that are over.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move recorded days whose market has closed into the archive; a running bot does it by itself each evening."""
    from market_data.ticks.archive_verb import print_archived
    from runtime.clock import clock_of

    settings = settings_of(config)
    now = clock_of(settings.clock).now()
    only = day.date() if day else None
    print_archived(settings.paths, calendar_of(settings), now, only, as_json=as_json)


@app.command("calendar")
def calendar_verb(
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day; none: --from.")] = None,
    month: Annotated[datetime | None, typer.Option(formats=["%Y-%m"], help="A whole month; none: this one.")] = None,
    market: Annotated[str, typer.Option(help=_MARKETS)] = "shares_with_derivatives",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show sessions, their hours, special days and holidays, and until when they are known."""
    from core.instants import ist_date
    from market_data.calendar_page import CalendarPage, market_of, range_of
    from runtime.clock import clock_of

    settings = settings_of(config)
    today = ist_date(clock_of(settings.clock).now())
    span = range_of(first and first.date(), last and last.date(), month and month.date(), today)
    page = CalendarPage.of(settings, market_of(market), span, today)
    if as_json:
        print_json(page.data())
    else:
        page.print()


@symbols.command("download")
def symbols_download(
    segment: SegmentOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Take today's again, and keep one with far fewer contracts too.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep today's symbol masters in the archive; those that are there already are not asked for."""
    _symbols_verb(config, as_json=as_json).download(segment, force=force)


@symbols.command("import")
def symbols_import(
    file: Annotated[Path, typer.Argument(help="A master of FYERS, CSV or JSON, or Kite's dump of NFO; also .gz.")],
    day: Annotated[
        datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The day that the file was published on.")
    ],
    segment: Annotated[str | None, typer.Option(help="What it must be of; none: what it says itself.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Keep one with far fewer contracts than before too.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep an old symbol master in the archive, as of its day."""
    _symbols_verb(config, as_json=as_json).take(file, day.date(), segment, force=force)


@symbols.command("list")
def symbols_list(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List what the archive holds: masters of each segment, from when to when, and the bytes they take."""
    _symbols_verb(config, as_json=as_json).list()


@symbols.command("search")
def symbols_search(
    text: Annotated[str, typer.Argument(help="Part of a ticker, a name, an underlying or an ISIN.")],
    segment: SegmentOption = None,
    as_of: AsOfOption = None,
    expired: Annotated[bool, typer.Option("--expired", help="Also what the newest master has no longer.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 20,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find contracts by name, the likeliest first."""
    verb = _symbols_verb(config, as_json=as_json)
    verb.search(text, segment, as_of.date() if as_of else None, limit, expired=expired)


@symbols.command("show")
def symbols_show(
    symbol: Annotated[str, typer.Argument(help="A ticker, for example NSE:SBIN-EQ.")],
    as_of: AsOfOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what the masters say of one contract, listed or expired."""
    _symbols_verb(config, as_json=as_json).show(symbol, as_of.date() if as_of else None)


@symbols.command("changes")
def symbols_changes(
    segment: SegmentOption = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day; none: today.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List changes of lot, tick size, freeze quantity, expiry, token and ISIN between the masters kept."""
    verb = _symbols_verb(config, as_json=as_json)
    verb.changes(segment, first.date() if first else None, last.date() if last else None)


def _symbols_verb(config: Path | None, *, as_json: bool) -> "SymbolsVerb":
    from market_data.symbols.symbols_verb import SymbolsVerb
    from runtime.clock import clock_of

    settings = settings_of(config)
    return SymbolsVerb(settings, clock_of(settings.clock), as_json=as_json)


def _candle_store(settings: "Settings") -> "ParquetCandleStore":
    from market_data.candles.parquet_candles import ParquetCandleStore

    return ParquetCandleStore(settings.paths.archive)

"""`fyersbot import-data`: a file of one's own into the store, after its reader has seen how it was understood.

A program may read a file wrongly without an error, a person sees it at once. So what was found is shown and agreed to,
at the terminal or by `--yes`; what the rows leave open must be said. Nothing is written before all of it is admitted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from rich import box
from rich.console import Console
from rich.prompt import Confirm, Prompt
from rich.table import Table
from rich.text import Text

from core.errors import ConfigurationError, DataError
from core.market import Timeframe
from core.ports import Calendar, Clock
from market_data.candles.candle_admission import Admitted, admit, told
from market_data.candles.candle_files import CandleFile, Clue, Wishes, read_candles
from market_data.candles.candle_store import CandleStore, Series
from market_data.candles.candle_times import DateOrder, Labels, Zone
from market_data.candles.timeframe_option import chosen_timeframe

Choice = TypeVar("Choice", bound=Enum)

_SYMBOL = re.compile(r"NSE:[A-Z0-9&_-]{1,40}-(EQ|INDEX)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did."""

    file: CandleFile
    series: Series
    admitted: Admitted
    replaced: int
    """Candles that the store had on the same days."""

    @property
    def data(self) -> dict[str, Any]:
        """The same for programs."""
        admitted = self.admitted
        return {
            "file": str(self.file.path),
            "symbol": self.series.symbol,
            "timeframe": self.series.timeframe.value,
            "candles": admitted.candles,
            "replaced": self.replaced,
            "days": [[days.first.isoformat(), days.last.isoformat()] for days, _ in admitted.runs],
            "rows": admitted.rows,
            "repeated": admitted.repeated,
            "disordered": admitted.disordered,
            "outside": admitted.outside,
            "days_outside": [day.isoformat() for day in admitted.days_outside],
            "unfinished": admitted.unfinished,
            "rounded_prices": admitted.rounded,
            "rounded_volumes": admitted.rounded_volumes,
            "findings": {clue.what: clue.value for clue in self.file.clues},
        }

    @property
    def lines(self) -> list[str]:
        """The same for people."""
        runs = self.admitted.runs
        days = f"from {runs[0][0].first} to {runs[-1][0].last}"
        places = "1 place" if len(runs) == 2 else f"{len(runs) - 1} places"
        gaps = f"; sessions are missing in {places}" if len(runs) > 1 else ""
        return [
            f"{self.series}: {self.admitted.candles} candles {days} are in the store{gaps}",
            *([f"{self.replaced} candles of the same days were replaced"] if self.replaced else []),
            *notes_of(self.admitted),
        ]


def wishes_of(
    *,
    symbol: str | None,
    timeframe: str | None,
    zone: str | None,
    labels: str | None,
    dates: str | None,
    columns: str | None,
) -> Wishes:
    """Read the options of the command line. Raises `ConfigurationError` that names the option and what it may be."""
    return Wishes(
        symbol=symbol,
        timeframe=chosen_timeframe(timeframe) if timeframe is not None else None,
        zone=_choice("zone", zone, Zone),
        labels=_choice("labels", labels, Labels),
        dates=_choice("dates", dates, DateOrder),
        columns=_columns(columns),
    )


def import_file(
    path: Path, wishes: Wishes, store: CandleStore, calendar: Calendar, clock: Clock, console: Console, *, agreed: bool
) -> Imported:
    """Read a file, show how it was understood, have that agreed to, and write its candles.

    `agreed` is the answer given beforehand. Without it the console is asked, if it is a terminal. Raises `DataError`
    for a file that is refused or an answer that is missing: then nothing was written.
    """
    asks = console.is_terminal and not agreed
    found = _understood(path, wishes, console, asks=asks)
    symbol, timeframe, candles = found.symbol, found.timeframe, found.candles
    if symbol is None or timeframe is None or candles is None:
        raise DataError(f"{path}: {_open_questions(found)}; nothing was imported")
    if _SYMBOL.fullmatch(symbol) is None:
        raise DataError(f"{symbol!r} is no NSE share, fund or index; give --symbol as NSE:SBIN-EQ")
    series = Series(symbol, timeframe)
    admitted = admit(path, series, candles, calendar, clock.now())
    replaced = sum(len(store.read(series, days)) for days, _ in admitted.runs)
    _show_plan(console, series, admitted, replaced)
    if not agreed:
        _agree(path, console, asks=asks)
    store.put_all(series, admitted.runs)
    return Imported(file=found, series=series, admitted=admitted, replaced=replaced)


def notes_of(admitted: Admitted) -> list[str]:
    """Return what was mended or left out, a line for each."""
    days = f": no session on {told(admitted.days_outside)}" if admitted.days_outside else ""
    notes = (
        (admitted.repeated, "rows repeat another one; left out"),
        (admitted.disordered, "rows were out of order; sorted"),
        (admitted.outside, f"rows lie outside the sessions; left out{days}"),
        (admitted.unfinished, "rows are of a first or last day that is cut short; left out"),
        (admitted.rounded, "prices are no whole paise; rounded"),
        (admitted.rounded_volumes, "volumes are no whole shares; rounded"),
    )
    return [f"{count} {what}" for count, what in notes if count]


def _understood(path: Path, wishes: Wishes, console: Console, *, asks: bool) -> CandleFile:
    """Read the file, and ask about what it leaves open where somebody can answer."""
    while True:
        with console.status(f"reading {path.name}"):
            found = read_candles(path, wishes)
        if not found.questions or not asks:
            _show_clues(console, found)
            return found
        question = found.questions[0]
        console.print(f"{path.name} leaves open: {question.what} ({question.why})", highlight=False, markup=False)
        wishes = _wish(wishes, question.what, _answer(question, console))


def _wish(wishes: Wishes, what: str, answer: str) -> Wishes:
    match what:
        case "timeframe":
            return replace(wishes, timeframe=Timeframe(answer))
        case "zone":
            return replace(wishes, zone=Zone(answer))
        case "labels":
            return replace(wishes, labels=Labels(answer))
        case "dates":
            return replace(wishes, dates=DateOrder(answer))
        case _:
            return replace(wishes, symbol=answer)


def _answer(question: Clue, console: Console) -> str:
    try:
        return Prompt.ask(question.what, console=console, choices=list(question.choices) or None)
    except EOFError:
        raise DataError("nothing was imported: a question was left open") from None


def _agree(path: Path, console: Console, *, asks: bool) -> None:
    if not asks:
        raise DataError(f"{path}: nothing was imported yet; if it was understood as above, add --yes")
    try:
        is_right = Confirm.ask("Is all of this right? Import it", console=console, default=False)
    except EOFError:
        is_right = False
    if not is_right:
        raise DataError(f"{path}: nothing was imported")


def _show_clues(console: Console, found: CandleFile) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("found", "value", "because"):
        table.add_column(heading, overflow="fold")
    for clue in found.clues:
        value = Text("?", style="bold red") if clue.value is None else Text(clue.value)
        table.add_row(Text(clue.what), value, Text(clue.why))
    console.print(table)


def _show_plan(console: Console, series: Series, admitted: Admitted, replaced: int) -> None:
    runs = admitted.runs
    lines = [
        f"{series}: {admitted.candles} candles from {runs[0][0].first} to {runs[-1][0].last} go into the store",
        *([f"{replaced} candles that it has of the same days are replaced"] if replaced else []),
        *notes_of(admitted),
    ]
    console.print("\n".join(lines), highlight=False, markup=False)


def _open_questions(found: CandleFile) -> str:
    asked = (f"{each.what} ({each.why}): {' '.join([each.option, '|'.join(each.choices)])}" for each in found.questions)
    return "not proven by its rows: " + "; ".join(text.strip() for text in asked)


def _choice(option: str, given: str | None, kind: type[Choice]) -> Choice | None:
    if given is None:
        return None
    found = next((each for each in kind if each.value == given), None)
    if found is None:
        raise ConfigurationError(f"--{option} {given}: must be one of {', '.join(str(each.value) for each in kind)}")
    return found


def _columns(given: str | None) -> Mapping[str, str]:
    pairs = [part.partition("=") for part in (given or "").split(",") if part.strip()]
    if any(not equals or not name.strip() for _, equals, name in pairs):
        raise ConfigurationError(f"--columns {given}: write it as open=NAME,high=NAME")
    return {role.strip(): name.strip() for role, _, name in pairs}

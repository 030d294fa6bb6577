"""The verbs of `fyersbot symbols`: they turn what was typed into questions to the archive, and print the answers."""

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from core.errors import ConfigurationError
from core.instants import ist_date
from core.ports import Clock
from market_data.days import Days
from market_data.symbols.contract import SEGMENTS, require_segment
from market_data.symbols.parquet_symbols import ParquetSymbolArchive
from market_data.symbols.symbol_archive import find, kept_segments
from market_data.symbols.symbol_changes import changes
from market_data.symbols.symbol_intake import download_masters, import_master
from market_data.symbols.symbol_master import SymbolMaster
from market_data.symbols.symbol_search import search
from market_data.symbols.symbol_text import (
    Kept,
    change_data,
    change_lines,
    contract_lines,
    data_of,
    found_data,
    found_lines,
    kept_data,
    kept_lines,
    taken_data,
)
from runtime.json_answer import print_json
from runtime.settings import Settings


class SymbolsVerb:
    """What every verb needs: the archive, the day, and how to print."""

    def __init__(self, settings: Settings, clock: Clock, *, as_json: bool) -> None:
        """Answers go to standard output: lines, or one JSON object with `as_json`."""
        self._settings = settings
        self._clock = clock
        self._archive = ParquetSymbolArchive(settings.paths.archive)
        self._as_json = as_json

    def download(self, segments: str | None, *, force: bool) -> None:
        """Keep today's masters of some segments, separated by commas; None: of all. Raises as `download_masters`."""
        wanted = _segments(segments) or tuple(SEGMENTS)
        master = SymbolMaster(self._settings, self._clock)
        taken = download_masters(self._archive, master, self._clock, wanted, _progress, force=force)
        kept = sum(1 for each in taken if each.contracts is not None)
        self._print(
            {"masters": [taken_data(each) for each in taken]},
            [f"{kept} masters kept, {len(taken) - kept} were there already: {self._settings.paths.archive}"],
        )

    def take(self, path: Path, day: date, segment: str | None, *, force: bool) -> None:
        """Keep an old file. Raises as `import_master`."""
        named = require_segment(segment) if segment else None
        taken = import_master(self._archive, path, day, self._today(), named, force=force)
        self._print(taken_data(taken), [f"{taken.segment} {taken.day}: {taken.contracts} contracts kept"])

    def search(self, text: str, segments: str | None, as_of: date | None, limit: int, *, expired: bool) -> None:
        """Print what a text may mean. Raises as `symbol_search.search`."""
        wanted = _segments(segments) or kept_segments(self._archive) or tuple(SEGMENTS)
        found = search(self._archive, text, wanted, self._day(as_of), expired=expired)
        data = {"found": len(found), "contracts": [found_data(each) for each in found[:limit]]}
        self._print(data, found_lines(found, limit))

    def show(self, symbol: str, as_of: date | None) -> None:
        """Print what is known of a contract. Raises as `symbol_archive.find`."""
        day = self._day(as_of)
        segment, contract = find(self._archive, symbol, day)
        newest = max(kept for kept in self._archive.days(segment) if kept <= day)
        dates = {"as_of": day.isoformat(), "newest_master": newest.isoformat()}
        self._print(dates | data_of(segment, contract), contract_lines(segment, contract, day, newest))

    def list(self) -> None:
        """Print how many masters are kept of each segment, and the bytes they take. Raises `DataError`."""
        kept = [
            Kept(segment=segment, days=self._archive.days(segment), bytes=self._archive.size(segment))
            for segment in kept_segments(self._archive)
        ]
        archive = str(self._settings.paths.archive)
        data = {"archive": archive, "bytes": sum(each.bytes for each in kept), "segments": [*map(kept_data, kept)]}
        nothing = [f"{archive} holds no symbol master yet; `fyersbot symbols download` brings some in"]
        self._print(data, kept_lines(kept) or nothing)

    def changes(self, segments: str | None, first: date | None, last: date | None) -> None:
        """Print what changed between masters. Raises `ConfigurationError`, `DataError`."""
        wanted = _segments(segments) or kept_segments(self._archive)
        if not any(self._archive.days(segment) for segment in wanted):
            raise ConfigurationError("no symbol master is kept; run `fyersbot symbols download`")
        days = Days(first or date.min, last or self._today())
        found = [each for segment in wanted for each in changes(segment, self._archive.versions(segment), days)]
        self._print({"changes": [change_data(each) for each in found]}, change_lines(found))

    def _day(self, as_of: date | None) -> date:
        """Return the day that is asked about. Raises `ConfigurationError` for one that is still to come."""
        today = self._today()
        if as_of is not None and as_of > today:
            raise ConfigurationError(f"--as-of {as_of} lies in the future: today is {today}; name a day up to it")
        return as_of or today

    def _today(self) -> date:
        return ist_date(self._clock.now())

    def _print(self, data: object, lines: Sequence[str]) -> None:
        if self._as_json:
            print_json(data)
        else:
            sys.stdout.write("\n".join(lines) + "\n")
            sys.stdout.flush()


def _segments(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(require_segment(name) for name in text.split(","))) if text else ()


def _progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()

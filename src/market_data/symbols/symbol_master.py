"""Tick size, lot, freeze quantity and price bands change by decree: ask the broker's symbol master every day.

The day's file of a segment is fetched once, kept on disk and searched there, so that a master of many megabytes
costs no memory. Only what can be read is kept: an error page served as a master is asked for again.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from mmap import ACCESS_READ, mmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from core.errors import BrokerError, ConfigurationError, DataError, StorageError
from core.instants import ist_date
from core.market import Instrument
from core.ports import Clock
from market_data.lost_cache import warn_once
from market_data.symbols.contract import scale_of
from market_data.symbols.symbol_files import SymbolFile
from market_data.symbols.ticker import segments_of
from runtime.endpoints import is_loopback, require_base
from runtime.fetch import Deadlines, download
from runtime.settings import Settings

Content = TypeVar("Content")

LARGEST_MASTER = 256_000_000
_DOWNLOAD_SECONDS = 120.0
_FILES = ("{segment}_sym_master.json", "{segment}.csv")
"""JSON first: only it has freeze quantity and bands."""
_INDEX_NAMES = "index_hsm_mapping.json"
_ABSENT = (403, 404)
"""Public buckets say 403 for a name they do not hold."""


class SymbolMaster:
    """The instruments of the day, as the broker publishes them."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """The day's files are kept under `paths.cache`."""
        self._broker = settings.broker
        self._cache = settings.paths.cache
        self._clock = clock

    @property
    def is_on_this_machine(self) -> bool:
        """Whether the masters are a simulator's: it may have none in a segment."""
        return is_loopback(self._broker.endpoints.symbol_master)

    def instruments(self, symbols: Iterable[str]) -> dict[str, Instrument]:
        """Look up contracts by ticker, in the order asked for.

        Raises `ConfigurationError` that names an unknown ticker and its neighbours, `BrokerError` when the master
        cannot be fetched or read, `StorageError` when neither the cache nor a temporary folder can take it.
        """
        wanted = list(dict.fromkeys(symbols))
        segments = {symbol: segments_of(symbol) for symbol in wanted}
        found: dict[str, Instrument] = {}
        unknown: dict[str, ConfigurationError] = {}
        for segment in dict.fromkeys(segment for names in segments.values() for segment in names):
            asked = [symbol for symbol in wanted if segment in segments[symbol] and symbol not in found]
            for symbol, answer in self._look_up(segment, asked).items():
                if isinstance(answer, Instrument):
                    found[symbol] = answer
                else:
                    unknown.setdefault(symbol, answer)
        for symbol in wanted:
            if symbol not in found:
                raise unknown[symbol]
        return {symbol: found[symbol] for symbol in wanted}

    def read_whole(self, segment: str, read: Callable[[Path], Content]) -> Content:
        """Read all of today's master of a segment, from the cache if it is there already.

        What `read` refuses with a `DataError` is not kept. Raises `BrokerError` when the master cannot be fetched or
        read, or there is none; `StorageError` as `instruments` does.
        """
        content = self._read_today(segment, [pattern.format(segment=segment) for pattern in _FILES], read)
        if content is None:
            raise self._no_file(segment)
        return content

    def index_names(self) -> dict[str, str]:
        """Return the data socket's own names of indices by ticker: `NSE:NIFTY50-INDEX` is `Nifty 50` there.

        Empty when the broker publishes none. Raises `BrokerError` when they cannot be fetched or read, `StorageError`.
        """
        return self._read_today("index_names", (_INDEX_NAMES,), _index_names) or {}

    def _look_up(self, segment: str, symbols: Sequence[str]) -> dict[str, Instrument | ConfigurationError]:
        """Return each ticker's contract, or why the segment has none."""
        if not symbols:
            return {}

        def find_all(path: Path) -> dict[str, Instrument | ConfigurationError]:
            with _mapped(path) as content:
                file = SymbolFile(content, str(path), scale_of(segment))
                if not file.has_contracts and not self.is_on_this_machine:
                    raise DataError(f"{path}: holds no contracts")
                return {symbol: _found(file, symbol) for symbol in symbols}

        answers = self._read_today(segment, [pattern.format(segment=segment) for pattern in _FILES], find_all)
        if answers is None:
            raise self._no_file(segment)
        return answers

    def _no_file(self, segment: str) -> BrokerError:
        base = self._broker.endpoints.symbol_master
        return BrokerError(f"broker.endpoints.symbol_master = {base}: has no file for {segment}; check the address")

    def _read_today(self, stem: str, names: Sequence[str], read: Callable[[Path], Content]) -> Content | None:
        """Read today's copy of the first document the server has; None when it has none. Older copies are removed.

        A copy that `read` refuses with a `DataError` is not kept: a maintenance page must not stand for the day's file.
        """
        base = self._broker.endpoints.symbol_master
        require_base(base, "broker.endpoints.symbol_master", "http")
        today = ist_date(self._clock.now()).isoformat()
        source = sha256(base.encode()).hexdigest()[:12]
        for name in names:
            path = self._cache / f"{stem}-{today}-{source}{Path(name).suffix}"
            # A simulator on this machine is asked every time: its market may be another one since.
            if os.access(path, os.R_OK) and not is_loopback(base):
                with suppress(DataError):
                    return read(path)
            url = f"{base}/{name}"
            try:
                is_there = self._fetch(url, path)
            except StorageError:
                warn_once(self._cache)
                with self._spare_folder() as folder:
                    spare = folder / path.name
                    if self._fetch(url, spare):
                        return self._read_fresh(spare, url, read)
                continue
            if is_there:
                content = self._read_fresh(path, url, read)
                for older in self._cache.glob(f"{stem}-*"):
                    if older != path:
                        older.unlink(missing_ok=True)
                return content
        return None

    @contextmanager
    def _spare_folder(self) -> Iterator[Path]:
        """Yield a temporary folder for a document that the cache cannot take. Raises `StorageError`."""
        try:
            with TemporaryDirectory(prefix="fyersbot-") as folder:
                yield Path(folder)
        except (StorageError, OSError) as error:
            raise StorageError(
                f"neither paths.cache = {self._cache} nor the temporary folder can be written ({error}); make room or "
                "set paths.cache"
            ) from error

    def _read_fresh(self, path: Path, url: str, read: Callable[[Path], Content]) -> Content:
        """Read what was just fetched. Raises `BrokerError`, because the server may have mended it when asked again."""
        try:
            return read(path)
        except DataError as error:
            path.unlink(missing_ok=True)
            why = str(error).removeprefix(str(path)).lstrip(": ")  # the file is gone
            raise BrokerError(f"{url}: cannot be used and was not kept: {why}") from error

    def _fetch(self, url: str, path: Path) -> bool:
        """Store a document; False when the server does not have it. Raises `BrokerError` for other refusals."""
        seconds = self._clock.deadline_seconds
        deadlines = Deadlines(
            connect=seconds(self._broker.connect_seconds),
            read=seconds(self._broker.read_seconds),
            total=seconds(_DOWNLOAD_SECONDS),
        )
        status = download(url, path, deadlines, LARGEST_MASTER)
        if status not in {200, *_ABSENT}:
            raise BrokerError(f"{url}: HTTP {status}; try again later")
        return status == 200


@contextmanager
def _mapped(path: Path) -> Iterator[mmap]:
    """Open a file without holding it in memory. Raises `DataError` for an empty one, which cannot be mapped."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            raise DataError(f"{path} is empty")
        with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            yield content


def _found(file: SymbolFile, symbol: str) -> Instrument | ConfigurationError:
    try:
        return file.find(symbol)
    except ConfigurationError as error:
        return error


def _index_names(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content.values()):
        raise DataError(f"{path}: not a list of names by ticker; its layout has changed")
    return content

"""People know half a name: find contracts by ticker, underlying, description or ISIN, the likeliest first.

What a master calls a thing exactly comes before what merely begins so, shares and indices before what derives from
them, and near expiries before far ones.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from core.errors import ConfigurationError
from core.market import is_index
from market_data.symbols.contract import Contract, contract_of
from market_data.symbols.contract_versions import standing

if TYPE_CHECKING:
    from market_data.symbols.symbol_archive import SymbolArchive

MOST_NEIGHBOURS = 3
_MOST_COMPARED = 20_000
"""Names that an unknown one is compared with: likeness is slow work."""
_LONGEST_TEXT = 100
_LIKENESS = 0.6
"""Least ratio of `difflib` for a name to count as alike: its own default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One answer to a search."""

    segment: str
    contract: Contract
    first: date
    """The first master of the year that has it so, and the last."""
    last: date
    rank: int
    """0 for the very name; the higher the less alike."""


def search(
    archive: "SymbolArchive", text: str, segments: Sequence[str], as_of: date, *, expired: bool = False
) -> list[Found]:
    """Return the contracts whose names have all the words of a text, the likeliest first.

    As of a date: by the newest master up to it; with `expired` by all masters up to it. Raises `ConfigurationError` for
    an empty text, for masters that are not there, and, with names that look alike, when nothing is found.
    """
    words = text.upper().split()
    if not words or len(text) > _LONGEST_TEXT:
        raise ConfigurationError(f"search for a name of 1 to {_LONGEST_TEXT} characters, for example RELIANCE")
    tables = [(segment, _known(archive, segment, as_of, expired=expired)) for segment in segments]
    if not any(table.num_rows for _, table in tables):
        raise ConfigurationError(_nothing_kept(archive, segments, as_of))
    found = [each for segment, table in tables for each in _matches(segment, table, words)]
    if not found:
        near = _alike(words[0], (name for _, table in tables for name in _names(table)))
        raise ConfigurationError(
            f"no contract of {', '.join(segments)} has {_shown(text)!r} in its names"
            + (f"; did you mean {' or '.join(near)}?" if near else "")
        )
    return sorted(found, key=_order)


def neighbours(archive: "SymbolArchive", segments: Iterable[str], symbol: str) -> list[str]:
    """Return the tickers that look most like one, of those that begin the same way."""
    import pyarrow.compute as pc  # noqa: PLC0415 - a tenth of a second that only those who search pay for

    symbol = symbol.upper()
    head = symbol[: symbol.find(":") + 2]
    near: list[str] = []
    for segment in segments:
        symbols = pc.unique(archive.versions(segment)["symbol"])
        near += symbols.filter(pc.starts_with(symbols, head)).to_pylist()[:_MOST_COMPARED]
    return difflib.get_close_matches(symbol, near, n=MOST_NEIGHBOURS, cutoff=_LIKENESS)


def _known(archive: "SymbolArchive", segment: str, as_of: date, *, expired: bool) -> Any:
    """Return the last version of each contract up to a date; without `expired` of those in the newest master only."""
    import pyarrow.compute as pc  # noqa: PLC0415 - see neighbours

    versions = archive.versions(segment)
    days = [day for day in archive.days(segment) if day <= as_of]
    if not expired:
        return standing(versions, days[-1]) if days else versions.slice(0, 0)
    begun = versions.filter(pc.less_equal(versions["first"], as_of))
    if not begun.num_rows:
        return begun
    symbols = begun["symbol"].combine_chunks()
    is_last = pc.not_equal(symbols.slice(0, len(symbols) - 1), symbols.slice(1)).to_pylist()
    return begun.filter([*is_last, True])


def _matches(segment: str, table: Any, words: Sequence[str]) -> list[Found]:
    import pyarrow.compute as pc  # noqa: PLC0415 - see neighbours

    text = pc.utf8_upper(
        pc.binary_join_element_wise(
            *(pc.fill_null(table[name], "") for name in ("symbol", "underlying", "description", "isin")), " "
        )
    )
    for word in words:
        has = pc.match_substring(text, word)
        text, table = text.filter(has), table.filter(has)
    asked = " ".join(words)
    return [
        Found(
            segment=segment,
            contract=(contract := contract_of(row)),
            first=row["first"],
            last=row["last"],
            rank=_rank(contract, asked),
        )
        for row in table.to_pylist()
    ]


def _rank(contract: Contract, asked: str) -> int:
    """Return how far a name is from what was asked for."""
    name = contract.symbol.partition(":")[2].upper()
    underlying = (contract.underlying or "").upper()
    description = (contract.description or "").upper()
    if asked in {contract.symbol.upper(), name, contract.isin}:
        return 0
    if asked in {underlying, name.partition("-")[0], description}:
        return 1
    for rank, text in enumerate((name, underlying, description), start=2):
        if text.startswith(asked):
            return rank
    return 5 if asked in name else 6


def _order(found: Found) -> tuple[Any, ...]:
    contract = found.contract
    # The main board before the many bonds and rights of the same name.
    is_main = contract.symbol.endswith("-EQ") or is_index(contract.symbol)
    expiry = contract.expiry or date.min
    return (found.rank, expiry, not is_main, contract.option or "", contract.strike or 0, contract.symbol)


def _names(table: Any) -> list[str]:
    import pyarrow.compute as pc  # noqa: PLC0415 - see neighbours

    return [name for name in pc.unique(table["underlying"]).to_pylist() if name]


def _alike(word: str, names: Iterable[str]) -> list[str]:
    unique = list(dict.fromkeys(names))[:_MOST_COMPARED]
    return difflib.get_close_matches(word, unique, n=MOST_NEIGHBOURS, cutoff=_LIKENESS)


def _nothing_kept(archive: "SymbolArchive", segments: Sequence[str], as_of: date) -> str:
    first = min((days[0] for segment in segments if (days := archive.days(segment))), default=None)
    if first is None:
        return f"no master of {', '.join(segments)} is kept; run `fyersbot symbols download`"
    return f"the first master kept of {', '.join(segments)} is of {first}, so nothing is known of {as_of}"


def _shown(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)

"""What the verbs of `fyersbot symbols` print: rows for people, objects for programs.

Names were cleaned of control characters when their master was read (`master_file`), so a hostile master cannot speak
to the terminal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from market_data.symbols.contract import Contract, scale_of
from market_data.symbols.symbol_changes import Change
from market_data.symbols.symbol_intake import Taken
from market_data.symbols.symbol_search import Found

_WIDEST = 44
_PRICES = ("tick", "strike")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the archive holds of one segment."""

    segment: str
    days: tuple[date, ...]
    """Of its masters, oldest first; at least one."""
    bytes: int


def data_of(segment: str, contract: Contract) -> dict[str, Any]:
    """Return a contract for a program; prices in rupees, as text without loss, dates as YYYY-MM-DD."""
    data: dict[str, Any] = {"segment": segment}
    for name in contract.__slots__:
        value = getattr(contract, name)
        if name in _PRICES and value is not None:
            value = rupees(value, segment)
        data[name] = value.isoformat() if isinstance(value, date) else value
    return data


def found_data(found: Found) -> dict[str, Any]:
    """Return an answer of a search for a program."""
    span = {"first": found.first.isoformat(), "last": found.last.isoformat()}
    return data_of(found.segment, found.contract) | span


def found_lines(found: Sequence[Found], limit: int) -> list[str]:
    """Return the answers of a search as a table, at most `limit` of them, and what was left out."""
    rows = [("ticker", "what it is", "lot", "tick", "expires")]
    for each in found[:limit]:
        contract = each.contract
        expires = contract.expiry.isoformat() if contract.expiry else ""
        what = (contract.description or contract.underlying or "")[:_WIDEST]
        rows.append((contract.symbol, what, _text(contract.lot), _price(contract.tick, each.segment), expires))
    lines = _aligned(rows)
    if len(found) > limit:
        lines.append(f"{len(found) - limit} more; narrow it down or raise --limit")
    return lines


def contract_lines(segment: str, contract: Contract, as_of: date, newest: date) -> list[str]:
    """Return everything known of a contract, a fact a line, and the newest master up to then, which may be old."""
    is_over = contract.expiry is not None and contract.expiry < as_of
    expiry = f"{contract.expiry}{' (expired)' if is_over else ''}" if contract.expiry else ""
    facts = (
        ("ticker", contract.symbol),
        ("what it is", contract.description),
        ("segment", segment),
        ("fyToken", contract.token),
        ("lot", contract.lot),
        ("tick", _price(contract.tick, segment)),
        ("freeze quantity", contract.freeze),
        ("expires", expiry),
        ("strike", _price(contract.strike, segment)),
        ("option", contract.option),
        ("underlying", contract.underlying),
        ("ISIN", contract.isin),
        ("hours", (contract.session or "").partition("|")[0]),
        ("newest master", newest),
    )
    return _aligned([(name, str(value)) for name, value in facts if value not in {None, ""}])


def change_data(change: Change) -> dict[str, Any]:
    """Return a change for a program; ticks in rupees, as text."""
    return {
        "segment": change.segment,
        "symbol": change.symbol,
        "fact": change.fact,
        "before": _fact(change.before, change),
        "after": _fact(change.after, change),
        "last_seen": change.last_seen.isoformat(),
        "seen": change.seen.isoformat(),
    }


def change_lines(changes: Sequence[Change]) -> list[str]:
    """Return changes as a table, by day."""
    if not changes:
        return ["no change of lot, tick, freeze quantity, expiry, token or ISIN"]
    rows = [
        (each.seen.isoformat(), each.symbol, each.fact, str(_fact(each.before, each)), str(_fact(each.after, each)))
        for each in changes
    ]
    return _aligned([("seen", "ticker", "fact", "before", "after"), *rows])


def taken_data(taken: Taken) -> dict[str, Any]:
    """Return what became of a master for a program."""
    return {"segment": taken.segment, "date": taken.day.isoformat(), "contracts": taken.contracts}


def kept_data(kept: Kept) -> dict[str, Any]:
    """Return what is held of a segment for a program."""
    return {
        "segment": kept.segment,
        "masters": len(kept.days),
        "first": kept.days[0].isoformat(),
        "last": kept.days[-1].isoformat(),
        "bytes": kept.bytes,
        "bytes_per_master": round(kept.bytes / len(kept.days)),
    }


def kept_lines(kept: Sequence[Kept]) -> list[str]:
    """Return what is held as a table, a segment a line, the bytes of all below; nothing when nothing is held."""
    if not kept:
        return []
    rows = [("segment", "masters", "first", "last", "bytes", "a master")]
    for each in map(kept_data, kept):
        counts = (f"{each['masters']:,}", f"{each['bytes']:,}", f"{each['bytes_per_master']:,}")
        rows.append((each["segment"], counts[0], each["first"], each["last"], *counts[1:]))
    return [*_aligned(rows), f"{sum(each.bytes for each in kept):,} bytes in all"]


def rupees(units: int, segment: str) -> str:
    """Return a price in rupees as text, without loss: 25 units of NSE_CD are 0.0025."""
    scale = scale_of(segment)
    whole, rest = divmod(units, 10**scale)
    return f"{whole}.{rest:0{scale}}"


def _price(units: int | None, segment: str) -> str:
    return "" if units is None else rupees(units, segment)


def _fact(value: int | str | date, change: Change) -> int | str:
    if change.fact == "tick" and isinstance(value, int):
        return rupees(value, change.segment)
    return value.isoformat() if isinstance(value, date) else value


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]

"""The skew of a day as people and programs read it: a verdict, and by name whatever differs."""

from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from backtest.parity.opinions import Key
from backtest.skew.skew import LIMIT, Cause, DaySkew, Difference, FeatureSkew, Revision, Unmatched
from core.instants import ist_datetime
from core.market import Candle
from trading.rupee_text import short_symbol

_WIDE = 110
"""Columns from which there is room for the numbers themselves."""
_SHOWN = 10
"""Rows of a table for people; programs get all."""
_NUMBERS = frozenset({"Rows", "Deviations", "Live", "Batch"})
_BECAUSE = {
    Cause.CODE: "the live path makes another number of the same candles",
    Cause.CANDLES: "the official candles are others",
    Cause.WARM_UP: "the live history is shorter: raise history.candles",
    Cause.STRATEGY: "the strategy says otherwise of the same row",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was found, with what it is about."""

    day: date
    mode: str
    strategy: str
    model_sha256: str
    """Of the model's manifest at the first start; empty without a model."""
    candles_from: str
    """Where the official candles are from."""
    found: DaySkew


def skew_data(measured: Measured) -> dict[str, Any]:
    """Return the report for programs; prices in units, times in IST with their offset."""
    found = measured.found
    return {
        "day": measured.day.isoformat(),
        "mode": measured.mode,
        "strategy": measured.strategy,
        "model_sha256": measured.model_sha256 or None,
        "official_candles": measured.candles_from,
        "sound": found.is_sound,
        "limit": LIMIT,
        "rows": found.rows,
        "decision_changes": [
            {
                **_key_data(change.key),
                "recorded": change.recorded.value,
                "of_live_row": change.of_live_row.value,
                "of_batch_row": change.of_batch_row.value,
                "cause": change.cause.value,
                "features": list(change.features),
            }
            for change in found.changes
        ],
        "features_beyond": [each.name for each in found.beyond],
        "features": [_feature_data(each) for each in found.features.values()],
        "unmatched": [
            {**_key_data(each.key), "row_of": "live" if each.is_live else "batch", "cause": each.cause.value}
            for each in found.unmatched
        ],
        "revised_candles": [
            {**_key_data(key), "had": _candle_data(each.had), "official": _candle_data(each.official)}
            for key, each in sorted(found.revisions.items())
        ],
        "candles_from_log": len(found.filled),
    }


def skew_text(measured: Measured, width: int) -> RenderableType:
    """Draw the report for a terminal of a width in characters."""
    found = measured.found
    heading = Text.assemble(
        (f"\n Skew of {measured.day:%a %d %b %Y}", "bold"), f"  {measured.mode}  ", (measured.strategy, "cyan"), "\n"
    )
    parts: list[RenderableType] = [heading, Text(f" {_counted(found.rows, 'row')} of {len(found.features)} features")]
    parts.append(Text(f" Official candles from {measured.candles_from}", "dim"))
    if found.filled:
        told = f" {_counted(len(found.filled), 'candle')} that these lack came from the log"
        parts.append(Text(told, "yellow"))
    if found.beyond:
        parts += [Text(), _feature_table(found.beyond, is_wide=width >= _WIDE)]
    if found.changes:
        parts += [Text(), _decision_table(found)]
    parts += [Text(f" {line}", "yellow") for line in _unmatched_lines(found.unmatched)]
    parts += [Text(f" {line}", "yellow") for line in _revision_lines(found.revisions)]
    causes = {each for skew in found.beyond for each in skew.beyond}
    causes |= {each.cause for each in found.changes} | {each.cause for each in found.unmatched}
    parts += [Text(f" {cause.value}: {_BECAUSE[cause]}", "dim") for cause in Cause if cause in causes]
    return Group(*parts, _verdict(found))


def _feature_table(skews: list[FeatureSkew], *, is_wide: bool) -> Table:
    numbers = ("Live", "Batch") if is_wide else ()
    table = _table("Feature", "Rows", "Deviations", *numbers, "Farthest at", "Because of")
    for skew in skews:
        if (far := skew.farthest) is not None:
            causes = ", ".join(f"{_words(cause)} {skew.beyond[cause]}" for cause in Cause if skew.beyond[cause])
            shown = [f"{each:.9g}" for each in (far.live, far.batch)] if is_wide else []
            rows = f"{skew.beyond.total()} of {skew.rows}"
            table.add_row(skew.name, rows, f"{far.deviations:.2g}", *shown, _clock(far.key), causes)
    return table


def _decision_table(found: DaySkew) -> Table:
    table = _table("Decision at", "Recorded", "Live row", "Batch row", "Because of", "Features")
    for change in found.changes[:_SHOWN]:
        said = (change.recorded, change.of_live_row, change.of_batch_row)
        words = [each.name.lower() for each in said]
        table.add_row(_clock(change.key), *words, _words(change.cause), ", ".join(change.features))
    if len(found.changes) > _SHOWN:
        table.add_row(Text(f"+ {len(found.changes) - _SHOWN} more", "dim"))
    return table


def _unmatched_lines(unmatched: list[Unmatched]) -> list[str]:
    """Say where only one side has a row."""
    lines = []
    for is_live, told in ((True, "decided on live and without a row in batch"), (False, "with a row in batch only")):
        places = [_place(each.key) for each in unmatched if each.is_live is is_live]
        if places:
            lines.append(f"{_counted(len(places), 'candle')} {told}: {_listed(places)}")
    return lines


def _revision_lines(revisions: dict[Key, Revision]) -> list[str]:
    """Say which candles are others by now, and what of them."""
    if not revisions:
        return []
    told = [f"{_place(key)} ({_changed(each)})" for key, each in sorted(revisions.items())]
    return [f"Official candles that differ from what the bot had, {len(told):,}: {_listed(told)}"]


def _changed(revision: Revision) -> str:
    had, official = revision.had, revision.official
    if had is None:
        return "the bot had none"
    names = ("open", "high", "low", "close", "volume")
    pairs = ((name, getattr(had, name), getattr(official, name)) for name in names)
    return ", ".join(
        f"{name} {one} to {other}" if name == "volume" else f"{name} {one / 100:.2f} to {other / 100:.2f}"
        for name, one, other in pairs
        if one != other
    )


def _verdict(found: DaySkew) -> Text:
    if found.is_sound:
        return Text(f"\n No decision changed, and every feature is within {LIMIT:g} of its deviation\n", "green")
    told = [f"{_counted(len(found.changes), 'decision')} changed"]
    if found.beyond:
        told.append(f"beyond {LIMIT:g} deviations: {', '.join(each.name for each in found.beyond)}")
    if found.unmatched:
        told.append(f"{_counted(len(found.unmatched), 'candle')} with a row on one side only")
    return Text(f"\n {'; '.join(told)}\n", "bold red")


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold dim", border_style="dim", pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in _NUMBERS else "left", no_wrap=name in {"Feature", *_NUMBERS})
    return table


def _feature_data(skew: FeatureSkew) -> dict[str, Any]:
    return {
        "name": skew.name,
        "rows": skew.rows,
        "beyond": {cause.value: count for cause, count in skew.beyond.items()},
        "farthest": skew.farthest and _difference_data(skew.farthest),
    }


def _difference_data(difference: Difference) -> dict[str, Any]:
    return {
        **_key_data(difference.key),
        "deviations": _finite(difference.deviations),
        "live": _finite(difference.live),
        "batch": _finite(difference.batch),
        "cause": difference.cause.value,
    }


def _finite(number: float) -> float | None:
    """JSON has no other numbers."""
    return number if isfinite(number) else None


def _key_data(key: Key) -> dict[str, Any]:
    return {"symbol": key.symbol, "candle": ist_datetime(key.candle).isoformat()}


def _candle_data(candle: Candle | None) -> dict[str, int] | None:
    if candle is None:
        return None
    return {name: getattr(candle, name) for name in ("open", "high", "low", "close", "volume")}


def _listed(places: list[str]) -> str:
    more = f", + {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return ", ".join(places[:_SHOWN]) + more


def _place(key: Key) -> str:
    return f"{short_symbol(key.symbol)} {ist_datetime(key.candle):%d %b %H:%M}"


def _clock(key: Key) -> str:
    """Name a candle of the day itself."""
    return f"{short_symbol(key.symbol)} {ist_datetime(key.candle):%H:%M}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _words(cause: Cause) -> str:
    return cause.value.replace("_", " ")

"""What `fyersbot skew` found on a day, for the log and for `status`: in a line, and in a few figures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SKEW = "skew.json"
"""In the day's folder of the logs, beside `summary.json`: the whole report."""


def newest_skew(logs: Path, mode: str) -> dict[str, Any] | None:
    """Return the newest report of a mode that can be read; None without one."""
    for path in sorted(logs.glob(f"*/{SKEW}"), reverse=True):
        try:
            content = json.loads(path.read_bytes())
            if content["mode"] == mode:
                return _figures(content)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def skew_line(content: Mapping[str, Any] | None) -> str:
    """Say it in words; empty without a report. Takes a report, or its figures."""
    if content is None:
        return ""
    found = _figures(content)
    if found["sound"]:
        return (
            f"skew of {found['day']}: no decision changed, every feature of {found['rows']:,} rows is within "
            f"{found['limit']:g} of its deviation"
        )
    told = [f"decisions changed: {found['decision_changes']}"]
    if found["features_beyond"]:
        told.append(f"beyond {found['limit']:g} deviations: {', '.join(found['features_beyond'])}")
    if found["unmatched"]:
        told.append(f"candles with a row on one side only: {found['unmatched']}")
    return f"skew of {found['day']}: {'; '.join(told)}; look with `fyersbot skew --day {found['day']}`"


def _figures(content: Mapping[str, Any]) -> dict[str, Any]:
    """Count what a report lists. Raises `KeyError` and `TypeError` for what is none."""
    kept = {name: content[name] for name in ("day", "sound", "limit", "rows", "features_beyond")}
    return kept | {name: _count(content[name]) for name in ("decision_changes", "unmatched")}


def _count(listed: int | list[Any]) -> int:
    return listed if isinstance(listed, int) else len(listed)

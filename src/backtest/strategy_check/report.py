"""What a check found, for people and for programs."""

from collections.abc import Sequence
from typing import Any

from backtest.strategy_check.check import Checked
from backtest.strategy_check.finding import Finding
from backtest.strategy_check.warm_up import TOLERANCE
from core.instants import ist_text


def report_lines(name: str, results: Sequence[Checked], history_candles: int) -> list[str]:
    """Return the report, line by line."""
    lines = []
    for each in results:
        lines += [f"{name} on {each.symbol}: {'green' if each.ok else 'RED'}", _covered(each)]
        for finding in each.findings:
            lines += _told(finding)
        lines.append(_warm_up(each, history_candles))
    return lines


def report_data(name: str, results: Sequence[Checked]) -> dict[str, Any]:
    """Return the same as plain data; the warm-up is the longest that any symbol needs."""
    safe = [each.warm_up.smallest_safe if each.warm_up else None for each in results]
    return {
        "strategy": name,
        "ok": all(each.ok for each in results),
        "findings": [_finding_data(finding) for each in results for finding in each.findings],
        "smallest_safe_warm_up": None if None in safe else max(filter(None, safe), default=None),
        "stated_warm_up": max((each.warm_up.stated for each in results if each.warm_up), default=None),
        "symbols": [
            {
                "symbol": each.symbol,
                "ok": each.ok,
                "candles": each.coverage.rows,
                "cuts": each.coverage.cuts,
                "every_row_cut": [each.coverage.all_cut_from, each.coverage.all_cut_to],
                "futures": each.coverage.futures,
                "training": each.training,
            }
            for each in results
        ],
    }


def _covered(checked: Checked) -> str:
    coverage = checked.coverage
    training = "; labels, rows, folds and fits of training, and it on shuffled time" if checked.training else ""
    return (
        f"  {coverage.rows} candles, all of them live against history; cut at {coverage.cuts} rows, at each from "
        f"{coverage.all_cut_from} to {coverage.all_cut_to}; other futures after {coverage.futures} rows{training}"
    )


def _told(finding: Finding) -> list[str]:
    where = (
        "" if finding.row is None or finding.at is None else f", first at {ist_text(finding.at)} (row {finding.row})"
    )
    return [
        f"  {finding.column}{where} [{finding.kind.value}]",
        f"    {finding.detail}",
        f"    {finding.remedy}",
    ]


def _warm_up(checked: Checked, history_candles: int) -> str:
    found = checked.warm_up
    if found is None:
        return "  smallest safe warm-up: not measured; what is found above comes first"
    if found.smallest_safe is None:
        return f"  smallest safe warm-up: none up to {found.longest_tried} candles"
    return (
        f"  smallest safe warm-up: {found.smallest_safe} candles (first decision after {found.stated}; live trading "
        f"starts from {history_candles}): {found.samples} decisions are the same, features to {TOLERANCE:g} of their "
        "standard deviation"
    )


def _finding_data(finding: Finding) -> dict[str, Any]:
    is_bar = finding.row is not None and finding.at is not None
    return {
        "kind": finding.kind.value,
        "column": finding.column,
        "symbol": finding.symbol,
        "bar": {"row": finding.row, "time": ist_text(finding.at or 0)} if is_bar else None,
        "cause": finding.cause.value,
        "detail": finding.detail,
        "remedy": finding.remedy,
    }

"""Which strategies there are and what each can be given, for people and for programs."""

from pathlib import Path
from typing import Any

from core.errors import ConfigurationError
from strategies.base_strategy import Parameter
from strategies.catalogue import file_of, parameters_named, strategy_names


def listing_lines(folder: Path | None) -> list[str]:
    """Return one line a strategy and one a parameter; a user's file that cannot be loaded says why."""
    lines = []
    for name in strategy_names(folder):
        path = file_of(name, folder)
        lines.append(f"{name}{f' ({path})' if path else ''}")
        try:
            lines += [f"  {_line(each)}" for each in parameters_named(name, folder)]
        except ConfigurationError as error:
            lines.append(f"  cannot be used: {error}")
    return lines


def listing_data(folder: Path | None) -> list[dict[str, Any]]:
    """Return the same as plain data."""
    strategies = []
    for name in strategy_names(folder):
        path = file_of(name, folder)
        entry: dict[str, Any] = {"name": name, "file": str(path) if path else None, "error": None, "parameters": []}
        try:
            entry["parameters"] = [_data(each) for each in parameters_named(name, folder)]
        except ConfigurationError as error:
            entry["error"] = str(error)
        strategies.append(entry)
    return strategies


def _line(each: Parameter) -> str:
    default = "needed" if each.is_required else f"default {each.default}"
    return ", ".join(filter(None, (f"{each.name}: {_type(each) or 'any'}", default, each.limits)))


def _data(each: Parameter) -> dict[str, Any]:
    return {
        "name": each.name,
        "type": _type(each),
        "required": each.is_required,
        "default": list(each.default) if isinstance(each.default, tuple) else each.default,
        "low": each.low,
        "high": each.high,
        "step": each.step,
        "choices": list(each.choices),
        "unit": each.unit,
    }


def _type(each: Parameter) -> str | None:
    return each.type.__name__ if each.type else None

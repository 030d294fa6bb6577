"""YAML without its traps: the files people edit by hand are the ones that must not surprise them.

Plain YAML 1.1 reads `12:30` as 750, `NO` as false, `010` as 8, builds objects from tags, lets the last of two equal
keys win and expands aliases without end. Here: only the types of JSON, equal keys refused, no aliases, no tags, a
limit on size, depth and number of values, and each refusal says file and line.
"""

import math
import re
from pathlib import Path
from typing import Any, NoReturn

import yaml

from core.errors import ConfigurationError

LARGEST_FILE = 256 * 1024
DEEPEST_NESTING = 20
MOST_VALUES = 50_000
"""Each takes some fifty microseconds: a megabyte of commas would take minutes."""
_NUMBER_START = list("-+.0123456789")


class _StrictLoader(yaml.SafeLoader):
    """The safe loader with the resolvers of the JSON types only."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own name

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._values = 0

    def get_event(self) -> Any:
        """Refuse aliases, tags, depth and number while they are still events and nothing has been built from them."""
        event: Any = super().get_event()  # type: ignore[no-untyped-call]  # missing from PyYAML's stubs
        if getattr(event, "anchor", None) is not None:
            raise _trap(event, "anchors (&name) and aliases (*name) are not allowed")
        if getattr(event, "tag", None) is not None:
            raise _trap(event, "tags (!name) are not allowed")
        self._depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if self._depth > DEEPEST_NESTING:
            raise _trap(event, f"nested deeper than {DEEPEST_NESTING} levels")
        self._values += isinstance(event, yaml.NodeEvent)
        if self._values > MOST_VALUES:
            raise _trap(event, f"more than {MOST_VALUES} keys and values")
        return event

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: ARG002
        """Take every key as text, and refuse equal ones."""
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be a single word", problem_mark=key_node.start_mark)
            key = str(key_node.value)
            if key in mapping:
                raise yaml.MarkedYAMLError(problem=f"the key {key!r} appears twice", problem_mark=key_node.start_mark)
            mapping[key] = self.construct_object(value_node, deep=True)
        return mapping


_StrictLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), ["n", "~", ""])
_StrictLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])
_StrictLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9_]*)$"), _NUMBER_START)
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:(?:0|[1-9][0-9_]*)(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?$"),
    _NUMBER_START,
)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a file whose top level is a mapping; an empty file is an empty mapping.

    Raises `ConfigurationError` that names file, line and reason.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: there is no such file; create it, or name another") from None
    except IsADirectoryError:
        raise ConfigurationError(f"{path}: cannot be read: it is a folder; name a YAML file that exists") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > LARGEST_FILE:
        raise ConfigurationError(f"{path}: larger than the limit of {LARGEST_FILE} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: byte {error.start} is not UTF-8 text") from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, name: str) -> dict[str, Any]:
    """Parse text as `read_yaml` does; `name` stands for the file in messages."""
    try:
        loader = _StrictLoader(text)
        try:
            content = loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        _refuse(name, error)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{name}: not readable as YAML: {str(error).splitlines()[0]}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{name}: the top level is a {type(content).__name__}, expected `key: value` lines")
    _refuse_endless_numbers(content, name)
    return content


def _trap(event: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


def _refuse(name: str, error: yaml.MarkedYAMLError) -> NoReturn:
    mark = error.problem_mark
    where = f"{name}, line {mark.line + 1}, column {mark.column + 1}" if mark else name
    raise ConfigurationError(f"{where}: {error.problem or error.context}") from None


def _refuse_endless_numbers(content: Any, name: str) -> None:
    """`1e999` is a float by its form and infinity by its value."""
    children = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    if isinstance(content, float) and not math.isfinite(content):
        raise ConfigurationError(f"{name}: a number is too large to be meant")
    for child in children:
        _refuse_endless_numbers(child, name)

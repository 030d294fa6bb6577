"""Where settings come from beside the YAML file: the environment, a private `.env`, systemd's credentials, flags.

Each source becomes a tree of the same shape as the YAML file, so that one merge and one check serve them all.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from core.errors import ConfigurationError
from runtime.atomic_files import read_owner_only

PREFIX = "FYERSBOT__"
ENV_FILE = Path(".env")
_CREDENTIALS = "CREDENTIALS_DIRECTORY"
_CREDENTIAL_PERMISSIONS = 0o640
_ROOT = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One value that somebody gave, before any check."""

    key: tuple[str, ...]
    value: Any
    source: str
    """File, variable or flag, for messages."""
    may_be_secret: bool
    """Whether this source is private enough for tokens and keys."""


def process_environment(env_file: Path = ENV_FILE) -> dict[str, str]:
    """Return the environment of this process, completed from a private `.env` file where there is one.

    A variable that is really set wins over the file. Raises `ConfigurationError` when the file could be read by
    others, or holds a line that is not `NAME=value`.
    """
    try:
        text = read_owner_only(env_file).decode("utf-8")
    except FileNotFoundError:
        return dict(os.environ)
    except UnicodeDecodeError:
        raise ConfigurationError(f"{env_file}: not UTF-8 text") from None
    return {**_variables(text, env_file), **os.environ}


def from_environment(settings: type[BaseModel], environ: Mapping[str, str]) -> Iterator[Given]:
    """Yield what `FYERSBOT__SECTION__KEY` variables give; an empty one gives nothing. Lists and sections are JSON."""
    for name, text in sorted(environ.items()):
        if not name.upper().startswith(PREFIX) or not text.strip():
            continue
        key = tuple(name[len(PREFIX) :].lower().split("__"))
        field = field_at(settings, key)
        value: Any = _json(name, text) if field is not None and _is_composite(field) else text
        yield Given(key=key, value=value, source=f"environment variable {name}", may_be_secret=True)


def from_credentials(settings: type[BaseModel], environ: Mapping[str, str]) -> Iterator[Given]:
    """Yield the files systemd's `LoadCredential=` provides, named like the key: `auth.access_token`."""
    folder = environ.get(_CREDENTIALS)
    if not folder:
        return
    for file in sorted(Path(folder).iterdir()):
        key = tuple(file.name.split("."))
        if field_at(settings, key) is not None:
            raw = read_owner_only(file, allowed=_CREDENTIAL_PERMISSIONS, owners=(_ROOT,))
            text = raw.decode("utf-8", errors="replace").strip()
            yield Given(key=key, value=text, source=f"credential {file}", may_be_secret=True)


def from_tree(tree: Mapping[str, Any], source: str) -> Iterator[Given]:
    """Yield the top level of a tree as the YAML file has it. Dotted keys are allowed; None means not given."""
    for name, value in tree.items():
        if value is not None:
            yield Given(key=tuple(str(name).split(".")), value=value, source=source, may_be_secret=False)


def field_at(settings: type[BaseModel], key: tuple[str, ...]) -> FieldInfo | None:
    """Return the field under a key, or None when there is no such setting."""
    field = settings.model_fields.get(key[0])
    if field is None or len(key) == 1:
        return field
    section = section_of(field)
    return field_at(section, key[1:]) if section is not None else None


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """Return the group of settings a field stands for, or None for a single setting."""
    annotation = field.annotation
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting must never appear in a file that others read, a log or a message."""
    return field.annotation is SecretStr


def _is_composite(field: FieldInfo) -> bool:
    return section_of(field) is not None or get_origin(field.annotation) in {tuple, list, dict}


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigurationError(f'{name}: not JSON; write a list as ["a", "b"] and a mapping as {{"a": 1}}') from None


def _variables(text: str, env_file: Path) -> Mapping[str, str]:
    variables: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not name.isidentifier():
            raise ConfigurationError(f"{env_file}, line {number}: expected NAME=value")
        if name in variables:
            raise ConfigurationError(f"{env_file}, line {number}: {name} is given twice")
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        variables[name] = value[1:-1] if quoted else value
    return variables

"""One answer to "what did the bot run with": sources merged in one order, checked once, frozen, shown without secrets.

Command line over environment over private `.env` over systemd credentials over YAML over defaults. Nothing is
guessed: an unknown key, a wrong type or a contradiction stops the start with one line that says where and what.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from core.errors import ConfigurationError
from runtime.setting_rules import check_settings
from runtime.setting_sources import (
    PREFIX,
    Given,
    field_at,
    from_credentials,
    from_environment,
    from_tree,
    is_secret,
    process_environment,
    section_of,
)
from runtime.settings import Settings
from runtime.strict_yaml import read_yaml


def load_settings(
    path: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Resolve the settings of one run.

    `path` is the YAML file (None: no file), `overrides` what the command line gives, nested or with dotted keys
    (`{"clock.speed": 60}`; None means not given), `environ` the variables to look at (None: this process' own and
    those of a private `.env`). Raises `ConfigurationError`.
    """
    variables = process_environment() if environ is None else environ
    given = [
        *(from_tree(read_yaml(path), str(path)) if path is not None else ()),
        *from_credentials(Settings, variables),
        *from_environment(Settings, variables),
        *from_tree(overrides or {}, "command line"),
    ]
    chosen: dict[tuple[str, ...], Given] = {}
    for one in given:
        chosen.update((leaf.key, leaf) for leaf in _leaves(one))
    try:
        settings = Settings.model_validate(_tree(chosen.values()))
    except ValidationError as error:
        raise ConfigurationError(_first_complaint(error, chosen)) from None
    check_settings(settings)
    return settings


def show_config(settings: Settings) -> dict[str, Any]:
    """Return every resolved setting in plain types; of a secret only whether it is set."""
    return _without_secrets(settings)


def _without_secrets(section: BaseModel) -> dict[str, Any]:
    plain = section.model_dump(mode="json")
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            plain[name] = _without_secrets(value)
        elif isinstance(value, SecretStr):
            plain[name] = "(set)" if value.get_secret_value() else "(not set)"
    return plain


def _leaves(given: Given) -> Iterator[Given]:
    """Break a given section into single settings, refusing what cannot be one."""
    field = field_at(Settings, given.key)
    if field is None:
        raise ConfigurationError(f"{given.source}: {'.'.join(given.key)} is not a setting{_suggestion(given)}")
    section = section_of(field)
    if section is not None:
        if isinstance(given.value, BaseModel):
            given = replace(given, value={name: getattr(given.value, name) for name in given.value.model_fields_set})
        if not isinstance(given.value, Mapping):
            raise ConfigurationError(
                f"{given.source}: {'.'.join(given.key)} is a group with the keys {', '.join(section.model_fields)}"
            )
        for name, value in given.value.items():
            if value is not None:
                yield from _leaves(replace(given, key=(*given.key, *str(name).split(".")), value=value))
        return
    if is_secret(field) and not given.may_be_secret and not isinstance(given.value, SecretStr):
        variable = PREFIX + "__".join(given.key).upper()
        raise ConfigurationError(
            f"{given.source}: {'.'.join(given.key)} is a secret and must not stand there; give it as {variable} in the "
            "environment or in a .env file with permissions 0600"
        )
    if isinstance(given.value, bool) and field.annotation is not bool:
        raise ConfigurationError(f"{given.source}: {'.'.join(given.key)} = {str(given.value).lower()}: not a yes or no")
    yield given


def _tree(leaves: Iterable[Given]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for leaf in leaves:
        branch = tree
        for name in leaf.key[:-1]:
            branch = branch.setdefault(name, {})
        branch[leaf.key[-1]] = leaf.value
    return tree


def _first_complaint(error: ValidationError, chosen: Mapping[tuple[str, ...], Given]) -> str:
    """Put pydantic's first error into our words: source, key, value, limit. A secret's value is left out."""
    complaints = error.errors(include_url=False)
    first = complaints[0]
    location = tuple(str(part) for part in first["loc"])
    leaf = next((chosen[location[:n]] for n in range(len(location), 0, -1) if location[:n] in chosen), None)
    source = leaf.source if leaf is not None else "settings"
    field = field_at(Settings, leaf.key) if leaf is not None else None
    value = "" if field is not None and is_secret(field) else f" = {repr(first['input'])[:60]}"
    reason = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
    return f"{source}: {'.'.join(location)}{value}: {reason}{more}"


def _suggestion(given: Given) -> str:
    """Name the setting that was probably meant: near in full, or the same last word elsewhere."""
    wanted, known = ".".join(given.key), list(_all_keys(Settings))
    near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.75)
    if not near:
        last_words = {key.rpartition(".")[2]: key for key in reversed(known)}
        near = [last_words[word] for word in difflib.get_close_matches(given.key[-1], last_words, n=1, cutoff=0.75)]
    return f"; did you mean {near[0]}?" if near else "; `fyersbot show-config` lists all settings"


def _all_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name
        section = section_of(field)
        if section is not None:
            yield from _all_keys(section, f"{prefix}{name}.")

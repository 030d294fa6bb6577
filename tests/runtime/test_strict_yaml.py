from pathlib import Path

import pytest

from core.errors import ConfigurationError
from runtime.strict_yaml import LARGEST_FILE, parse_yaml, read_yaml


def test_plain_values_have_the_types_of_json() -> None:
    text = "a: 5\nb: -1.5\nc: .5\nd: 1e3\ne: true\nf: null\ng: [1, two]\nh:\n  i: 1_000\n"
    assert parse_yaml(text, "x") == {
        "a": 5,
        "b": -1.5,
        "c": 0.5,
        "d": 1000.0,
        "e": True,
        "f": None,
        "g": [1, "two"],
        "h": {"i": 1000},
    }


@pytest.mark.hazard("C4")
@pytest.mark.parametrize(
    "word", ["12:30", "09:15", "010", "0x1F", "NO", "yes", "On", "2026-01-06", ".inf", ".nan", "1e"]
)
def test_words_that_older_yaml_turns_into_something_else_stay_text(word: str) -> None:
    assert parse_yaml(f"key: {word}", "x") == {"key": word}


@pytest.mark.hazard("C1")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\na: 2", "line 2, column 1: the key 'a' appears twice"),
        ("a: {b: 1, b: 2}", "the key 'b' appears twice"),
        ("a: &x [1]\nb: *x", "line 1, column 4: anchors"),
        ("b: *x", "line 1, column 4: anchors (&name) and aliases (*name) are not allowed"),
        ("a: [" + "1," * 60_000 + "1]", "more than 50000 keys and values"),
        ("a: !!python/object/apply:os.system [id]", "line 1, column 4: tags"),
        ("a: !!binary aGk=", "tags"),
        ("a: " + "[" * 25 + "]" * 25, "nested deeper than 20"),
        ("a: " + "[" * 100_000, "nested deeper than 20"),
        ("a: 1e999", "too large"),
        ("a: [1, {b: -1e999}]", "too large"),
        ("- 1", "the top level is a list"),
        ("just words", "the top level is a str"),
        ("[1, 2]: x", "a key must be a single word"),
        ("a: [", "line 1, column 5"),
        ("a: \x01", "not readable as YAML"),
        ("a: 1\n---\nb: 2", "another document"),
    ],
)
def test_a_trap_is_refused_with_file_and_reason(text: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        parse_yaml(text, "bot.yaml")
    message = str(refusal.value)
    assert message.startswith("bot.yaml")
    assert reason in message
    assert "\n" not in message


def test_keys_are_text_whatever_they_look_like() -> None:
    assert parse_yaml("2027: 1\ntrue: 2\nnull: 3", "x") == {"2027": 1, "true": 2, "null": 3}


def test_an_empty_file_is_an_empty_mapping(tmp_path: Path) -> None:
    file = tmp_path / "empty.yaml"
    file.write_text("# nothing yet\n")
    assert read_yaml(file) == {}


def test_a_missing_a_binary_and_a_huge_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no such file"):
        read_yaml(tmp_path / "missing.yaml")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_yaml(tmp_path)
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"a: \xff\xfe")
    with pytest.raises(ConfigurationError, match="byte 3 is not UTF-8"):
        read_yaml(binary)
    huge = tmp_path / "huge.yaml"
    huge.write_text("# " + "x" * LARGEST_FILE)
    with pytest.raises(ConfigurationError, match="larger than the limit of 262144 bytes"):
        read_yaml(huge)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: it is a folder; name a YAML file that exists"):
        read_yaml(tmp_path)

import pytest

from trading.strict_json import is_deeper_than, strict_json


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "{"])
def test_what_json_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the decoder's own words, or ours
        strict_json(text)


@pytest.mark.parametrize(("text", "levels"), [("1", 0), ("[]", 1), ('{"a": [1, {"b": 2}], "c": 3}', 3)])
def test_objects_and_arrays_count_as_levels_and_plain_values_do_not(text: str, levels: int) -> None:
    content = strict_json(text)
    assert not is_deeper_than(content, levels)
    assert levels == 0 or is_deeper_than(content, levels - 1)

import json

import pytest

from core.errors import DataError
from trading.answers import MAX_BODY_BYTES, MAX_DEPTH, Answer, json_object


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


@pytest.mark.hazard("O14")
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>Bad gateway</html>", "without readable JSON"),
        (b"", "without readable JSON"),
        (b'{"s":"ok","id":"2611', "without readable JSON"),
        (b'\xff\xfe{"s":"ok"}', "without readable JSON"),
        (b'{"qty":NaN}', "without readable JSON"),
        (b'{"qty":-Infinity}', "without readable JSON"),
        (b'{"qty":' + b"9" * 5000 + b"}", "without readable JSON"),
        (b"[]", "a JSON list"),
        (b"null", "a JSON NoneType"),
        (b'"ok"', "a JSON str"),
        (nested(MAX_DEPTH + 1), "nested deeper"),
        (nested(100_000), "nested deeper"),
        (b"[" * 100_000, "nested deeper"),
        (b" " * (MAX_BODY_BYTES + 1), "at most"),
    ],
)
def test_a_body_that_is_not_one_plain_object_is_refused(body, words):
    with pytest.raises(DataError, match=f"HTTP 200.*{words}"):
        json_object(Answer(200, {}, body))


def test_an_object_within_the_limits_is_decoded():
    body = nested(MAX_DEPTH - 1)

    assert json_object(Answer(200, {}, body)) == json.loads(body)


@pytest.mark.hazard("S8")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"retry-after": "3"}, 3.0),
        ({"x-retry-after-ms": "250"}, 0.25),
        ({"retry-after": "1", "x-retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "inf"}, 0.0),
        ({"retry-after": "nan"}, 0.0),
        ({"retry-after": "9" * 400}, 0.0),
    ],
)
def test_how_long_to_stay_away_is_read_from_the_headers(headers, seconds):
    assert Answer(429, headers, b"").retry_after_seconds == seconds


def test_an_answer_does_not_show_its_body():
    assert "private" not in repr(Answer(200, {}, b'{"name":"private"}'))

import json
from base64 import b64encode
from urllib.parse import quote

import pytest

from runtime.redaction import LONGEST_TEXT, MARK, Redactor

JWT = "eyJ0eXAiOiJKV1Qi.eyJpc3MiOiJhcGkuZnllcnMi.c2lnbmF0dXJl-_x"


@pytest.mark.hazard("X12")
@pytest.mark.parametrize("secret", ["S3cr3tKey0", 'with "quotes" & spaces/é', "=plus+and=more"])
def test_a_registered_secret_is_found_in_each_of_its_forms(secret: str) -> None:
    redact = Redactor(secret)
    for form in (secret, quote(secret), json.dumps(secret), b64encode(secret.encode()).decode()):
        cleaned = redact(f"before {form} after")
        assert secret not in cleaned
        assert form.strip('"').rstrip("=") not in cleaned
        assert cleaned.startswith("before ")
        assert cleaned.endswith(" after")


def test_a_secret_learned_later_is_found_from_then_on() -> None:
    redact = Redactor()
    assert redact("token abcdef-1") == "token abcdef-1"
    redact.add("abcdef-1")
    assert redact("token abcdef-1") == f"token {MARK}"


def test_an_empty_or_short_secret_does_not_blot_out_words() -> None:
    assert Redactor("", "the")("the price") == "the price"


@pytest.mark.hazard("X12")
@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (f"Authorization {JWT}.", f"Authorization {MARK}."),
        (f"\\n{JWT}\\n", f"\\n{MARK}\\n"),
        ("eyJhbGciOi.eyJpc3Mi", MARK),
        ("ABCD1234XY-100:opaque-token-value", f"ABCD1234XY-100:{MARK}"),
        ("id " + "0f" * 16 + " end", f"id {MARK} end"),
        ("GET /callback?s=ok&auth_code=abc.def&state=x", f"GET /callback?s=ok&auth_code={MARK}&state=x"),
        ('{"access_token": "abc", "code": 200}', f'{{"access_token": "{MARK}", "code": 200}}'),
        ('{\\"appIdHash\\":\\"abc\\"}', f'{{\\"appIdHash\\":\\"{MARK}\\"}}'),
        ("Authorization: Bearer abc", f"Authorization: Bearer {MARK}"),
        ("secret_key=abc", f"secret_key={MARK}"),
    ],
)
def test_what_looks_like_a_secret_is_replaced(text: str, cleaned: str) -> None:
    assert Redactor()(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T09:15:00+05:30 NSE:SBIN-EQ bought 25 at 812.40, order 26112000000017",
        "code -16: Could not authenticate the user",
        "manifest 0f0f0f0f0f0f",
        "candle 2026-11-20 09:15:00-09:20:00",
    ],
)
def test_ordinary_lines_stay_as_they_are(text: str) -> None:
    assert Redactor()(text) == text


def test_a_cut_text_never_ends_in_half_a_token() -> None:
    redact = Redactor()
    for shift in range(0, len(JWT) + 2, 5):
        cleaned = redact("x " * ((LONGEST_TEXT - shift) // 2) + JWT + " tail" * 20)
        assert "eyJ0" not in cleaned
        assert len(cleaned) < LONGEST_TEXT + 100


def test_hostile_text_is_cleaned_in_bounded_work() -> None:
    assert "[cut from 3000000 characters]" in Redactor()("eyJ" * 1_000_000)

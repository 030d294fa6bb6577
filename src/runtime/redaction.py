"""A token in a log is an account given away, so every line is cleaned before it leaves, by value and by shape.

By value: every secret that was registered, also as it looks in a URL, in base64 and in JSON. By shape: what looks
like a JWT, like `appid:token`, like a long hexadecimal key, or stands behind a name such as `access_token=`.
"""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from string import ascii_letters, digits
from urllib.parse import quote, quote_plus

MARK = "[redacted]"
SHORTEST_SECRET = 6
"""Shorter values would blot out ordinary words."""
LONGEST_TEXT = 32_768

_TOKEN_CHARACTERS = f"{ascii_letters}{digits}._:=-"
_SHAPES = (
    (re.compile(r"eyJ[\w-]{4,4096}+\.[\w-]{4,4096}+(?:\.[\w-]{1,4096}+)?", re.ASCII), MARK),
    (re.compile(r"\b([A-Za-z0-9]{4,32}-\d{3}):[^\s\"'\\,;&]{8,}"), rf"\1:{MARK}"),
    (re.compile(r"\b[0-9a-fA-F]{32,}\b"), MARK),
    (
        re.compile(
            r"\b(access_?token|refresh_?token|secret_?key|auth_?code|app_?id_?hash|hsm_?key|authorization)\b"
            r"(\\?[\"']?\s{0,4}[=:]\s{0,4}(?:Bearer\s|Basic\s)?\\?[\"']?)(?!\[redacted\])[^\s\"'\\,;&}\]]+",
            re.IGNORECASE,
        ),
        rf"\1\2{MARK}",
    ),
)


class Redactor:
    """Cleans text of secrets. Safe to use from many threads; secrets may be added while it works."""

    def __init__(self, *secrets: str) -> None:
        self._forms: tuple[str, ...] = ()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Remember a secret, so that no later text shows it. Values under six characters are too short to look for."""
        if len(secret) < SHORTEST_SECRET:
            return
        raw = secret.encode()
        forms = {
            secret,
            quote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
            json.dumps(secret)[1:-1],
            b64encode(raw).decode().rstrip("="),
            urlsafe_b64encode(raw).decode().rstrip("="),
        }
        self._forms = tuple(sorted({*self._forms, *forms}, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        """Return the text with every secret replaced, cut at 32,768 characters."""
        for form in self._forms:
            text = text.replace(form, MARK)
        if len(text) > LONGEST_TEXT:
            # Half a token at the cut would no longer have the shape of one, so the last word goes too.
            text = f"{text[:LONGEST_TEXT].rstrip(_TOKEN_CHARACTERS)} [cut from {len(text)} characters]"
        for shape, replacement in _SHAPES:
            text = shape.sub(replacement, text)
        return text

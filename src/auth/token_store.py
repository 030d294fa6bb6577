"""Keeps the day's access token between programs: `fyersbot login` writes it, the bot picks it up without a restart."""

import json
from pathlib import Path

from auth.access_token import LOGIN_HINT, AccessToken, read_token
from core.errors import AuthenticationError, StorageError
from core.instants import ist_text
from runtime.atomic_files import read_owner_only, write_owner_only


class TokenStore:
    """One token in one file that only its owner can read."""

    def __init__(self, path: Path, client_id: str) -> None:
        """`client_id` is the app the token must belong to."""
        self._path = path
        self._client_id = client_id
        self._known: tuple[tuple[int, int, int], AccessToken] | None = None

    def save(self, token: AccessToken) -> None:
        """Replace the stored token in one step, 0600. Raises `ConfigurationError` for a link or a folder of others."""
        content = {
            "client_id": self._client_id,
            "account_id": token.account_id,
            "expires_at": f"{ist_text(token.expires_at)} IST",
            "access_token": token.text.get_secret_value(),
        }
        write_owner_only(self._path, json.dumps(content, indent=1).encode())

    def load(self) -> AccessToken | None:
        """Return the stored token, or None when nobody has signed in yet. Cheap while the file stays the same.

        Raises `ConfigurationError` when others could have read or changed it, `AuthenticationError` when it is
        unreadable or belongs to another app.
        """
        try:
            facts = self._path.lstat()
            version = (facts.st_ino, facts.st_mtime_ns, facts.st_mode)
            if self._known is None or self._known[0] != version:
                self._known = (version, self._read())
        except FileNotFoundError:
            return None
        except NotADirectoryError as error:
            raise StorageError(f"{self._path}: {error.strerror}; change auth.token_file") from None
        return self._known[1]

    def forget(self) -> None:
        """Remove the stored token, because the server has refused it."""
        self._known = None
        self._path.unlink(missing_ok=True)

    def _read(self) -> AccessToken:
        raw = read_owner_only(self._path)
        try:
            content = json.loads(raw)
            client_id, text = content["client_id"], content["access_token"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise AuthenticationError(f"{self._path} is not a token file; {LOGIN_HINT}") from None
        if client_id != self._client_id:
            raise AuthenticationError(
                f"{self._path} holds a token of the app {str(client_id)[:40]!r}, but auth.client_id is "
                f"{self._client_id!r}; {LOGIN_HINT}"
            )
        return read_token(str(text))

"""The Sentinel: nobody trades on a token that is missing, expired or dead, and nobody but the broker sees it.

A person signs in once a day (SEBI's rule; nothing here stores a PIN or a one-time secret). The token's own expiry is
only an upper bound: what counts is that the server answers a call made with it.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO
from urllib.parse import urlencode

from auth.access_token import LOGIN_HINT, AccessToken, read_token
from auth.callback import CallbackListener, SignInState, auth_code_of, can_listen
from auth.token_store import TokenStore
from core.errors import AuthenticationError, BrokerError, ConfigurationError
from core.instants import Instant, instant_of, ist_datetime, ist_text
from core.orders import Profile
from core.ports import Clock
from runtime.endpoints import require_base
from runtime.fetch import Deadlines, fetch
from runtime.settings import Settings

_EXCHANGE_SECONDS = 30.0
_LONGEST_ANSWER_LINE = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Whose account a sign-in opened, and until when at most."""

    profile: Profile
    expires_at: Instant

    @property
    def data(self) -> dict[str, str]:
        """The same for programs; the time in IST with its offset."""
        expiry = ist_datetime(self.expires_at).isoformat()
        return {"account": self.profile.account_id, "name": self.profile.name, "expires_at": expiry}


class FyersAuth:
    """Sign-in, the token in force, and whether it still lives."""

    def __init__(self, settings: Settings, clock: Clock, on_secret: Callable[[str], object] = lambda _: None) -> None:
        """`on_secret` is told every token as soon as it is known, so that logs can leave it out."""
        self._auth = settings.auth
        self._broker = settings.broker
        self._clock = clock
        self._on_secret = on_secret
        self._store = TokenStore(settings.auth.token_file, settings.auth.client_id)
        self._given: AccessToken | None = None
        self._told = ""

    def current_token(self) -> str:
        """Return the token to use now: `auth.access_token`, else the one `fyersbot login` stored.

        Raises `AuthenticationError` when there is none or it has expired, `ConfigurationError` when the token file is
        open to others.
        """
        token = self._token()
        if token is None:
            raise AuthenticationError(f"nobody has signed in: {self._auth.token_file} does not exist; {LOGIN_HINT}")
        if token.expires_at <= self._wall_now():
            raise AuthenticationError(f"the access token expired at {ist_text(token.expires_at)} IST; {LOGIN_HINT}")
        text = token.text.get_secret_value()
        if self._told != text:
            self._tell(token)
        return text

    def verify(self, ask_profile: Callable[[], Profile]) -> Profile:
        """Prove the token by a call to the server and return whose account it opens.

        Raises `AuthenticationError` when the server refuses it, `BrokerError` when there is no answer.
        """
        self.current_token()
        return ask_profile()

    def sign_in_url(self, state: str) -> str:
        """Return the address of FYERS' sign-in page for this app.

        Raises `ConfigurationError` without an app id or its secret: a second factor must not be spent for nothing.
        """
        if not self._auth.client_id:
            raise ConfigurationError(
                "auth.client_id is missing: set FYERSBOT__AUTH__CLIENT_ID to the app id, ABCD1234XY-100"
            )
        self._secret()
        query = {
            "client_id": self._auth.client_id,
            "redirect_uri": self._auth.redirect_uri,
            "response_type": "code",
            "state": state,
        }
        return f"{self._broker.endpoints.rest}/generate-authcode?{urlencode(query)}"

    def exchange(self, auth_code: str) -> AccessToken:
        """Change the auth code for the day's access token and store it, 0600.

        Raises `ConfigurationError` without the app's secret, `AuthenticationError` when FYERS refuses, `BrokerError`
        when there is no usable answer.
        """
        secret = self._secret()
        self._on_secret(auth_code)
        require_base(self._broker.endpoints.rest, "broker.endpoints.rest", "http")
        app_id_hash = hashlib.sha256(f"{self._auth.client_id}:{secret}".encode()).hexdigest()
        answer = fetch(
            "POST",
            f"{self._broker.endpoints.rest}/validate-authcode",
            self._deadlines(),
            {"grant_type": "authorization_code", "appIdHash": app_id_hash, "code": auth_code},
        )
        if answer.status >= 500:
            raise BrokerError(f"FYERS answers HTTP {answer.status} to the sign-in; try again later")
        content = answer.json()
        text = content.get("access_token")
        if content.get("s") != "ok" or not isinstance(text, str) or not text:
            why = "".join(filter(str.isprintable, f"code {content.get('code')}, {content.get('message')}"))[:200]
            raise AuthenticationError(f"FYERS refused the sign-in ({why}); {LOGIN_HINT} again")
        token = read_token(text)
        self._tell(token)
        self._store.save(token)
        return token

    def forget(self) -> None:
        """Drop the stored token, because the server has refused it."""
        self._store.forget()

    def _secret(self) -> str:
        secret = self._auth.secret_key.get_secret_value()
        if not secret:
            raise ConfigurationError(
                "auth.secret_key is missing: set FYERSBOT__AUTH__SECRET_KEY in the environment or in a 0600 .env file"
            )
        return secret

    def _token(self) -> AccessToken | None:
        given = self._auth.access_token.get_secret_value()
        if not given:
            return self._store.load()
        if self._given is None:
            self._given = read_token(given)
        return self._given

    def _tell(self, token: AccessToken) -> None:
        self._on_secret(token.text.get_secret_value())
        self._on_secret(token.hsm_key.get_secret_value())
        self._told = token.text.get_secret_value()

    def _wall_now(self) -> Instant:
        """Tokens expire by the wall's clock even when the market's runs from another day."""
        return instant_of(self._clock.wall_at(self._clock.now()))

    def _deadlines(self) -> Deadlines:
        seconds = self._clock.deadline_seconds
        return Deadlines(
            connect=seconds(self._broker.connect_seconds),
            read=seconds(self._broker.read_seconds),
            total=seconds(_EXCHANGE_SECONDS),
        )


def run_login(
    settings: Settings,
    clock: Clock,
    *,
    verify: Callable[[FyersAuth], Profile],
    stdin: TextIO,
    stdout: TextIO,
    open_browser: Callable[[str], bool] | None = None,
    on_secret: Callable[[str], object] = lambda _: None,
) -> SignedIn:
    """Sign a person in, store the day's token and prove it by a call to the server.

    With a browser, a terminal and a loopback redirect address a listener waits for the answer; otherwise the person
    pastes the redirect address into `stdin`. `verify` asks the broker for the profile with the new token. Raises
    `ConfigurationError`, `AuthenticationError`, `BrokerError`; a token that the server refuses is not kept.
    """
    if settings.auth.access_token.get_secret_value():
        raise ConfigurationError(
            "auth.access_token is set and would win over the token of this sign-in: remove it first"
        )
    auth = FyersAuth(settings, clock, on_secret)
    state = SignInState()
    url = auth.sign_in_url(state.value)
    if open_browser is not None and stdin.isatty() and can_listen(settings.auth.redirect_uri):
        with CallbackListener(settings.auth.redirect_uri, state) as listener:
            _say(stdout, f"Opening the sign-in page of FYERS. If no window appears, open this address:\n\n{url}\n")
            code = listener.wait() if open_browser(url) else _pasted(settings, state, stdin, stdout)
    else:
        _say(stdout, f"Open this address, sign in, and you will be sent to another address:\n\n{url}\n")
        code = _pasted(settings, state, stdin, stdout)
    token = auth.exchange(code)
    try:
        profile = auth.verify(lambda: verify(auth))
    except AuthenticationError:
        auth.forget()
        raise
    _say(stdout, f"Signed in as {profile.account_id} until {ist_text(token.expires_at)} IST.")
    return SignedIn(profile=profile, expires_at=token.expires_at)


def _pasted(settings: Settings, state: SignInState, stdin: TextIO, stdout: TextIO) -> str:
    _say(stdout, "Paste that whole address here (the page itself may show an error):")
    line = stdin.readline(_LONGEST_ANSWER_LINE)
    if not line.strip():
        raise AuthenticationError(f"no address was given; {LOGIN_HINT} again")
    return auth_code_of(line, settings.auth.redirect_uri, state)


def _say(stdout: TextIO, text: str) -> None:
    stdout.write(f"{text}\n")
    stdout.flush()

"""Which addresses may be talked to: encrypted anywhere, in plain text only to this machine.

A token in a plain request to a foreign host is a lost account, so the rule is checked where settings are read and
again where bytes leave.
"""

from ipaddress import ip_address
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from core.errors import ConfigurationError

Protocol = Literal["http", "ws"]
_LONGEST_URL = 500


def is_loopback_host(host: str) -> bool:
    """Whether a host name or address is this machine. Only `localhost` counts as a name; nothing is looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Whether an address leads to this machine."""
    return is_loopback_host(_split(url, "address").hostname or "")


def require_allowed(url: str, name: str, protocol: Protocol) -> SplitResult:
    """Check one address and return its parts; `name` stands for it in messages, for example the settings key.

    Allowed are `https`/`wss` to anyone and `http`/`ws` to loopback, without a user name. Raises `ConfigurationError`.
    """
    parts = _split(url, name)
    if parts.scheme not in {protocol, f"{protocol}s"}:
        raise ConfigurationError(f"{name} = {url}: must start with {protocol}s:// ({protocol}:// for loopback)")
    if not parts.hostname:
        raise ConfigurationError(f"{name} = {url}: has no host")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"{name}: an address must not carry a user name or password")
    if parts.scheme == protocol and not is_loopback_host(parts.hostname):
        raise ConfigurationError(f"{name} = {url}: plain {protocol} is allowed to this machine only; use {protocol}s")
    return parts


def require_base(url: str, name: str, protocol: Protocol) -> SplitResult:
    """Check an address to which paths will be added: allowed, and without final slash, query and fragment."""
    parts = require_allowed(url, name, protocol)
    if parts.query or parts.fragment or url.endswith(("/", "?", "#")):
        raise ConfigurationError(f"{name} = {url}: give the base only, without final slash, query or fragment")
    return parts


def _split(url: str, name: str) -> SplitResult:
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise ConfigurationError(f"{name} = {url[:80]!r}: not an address")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ConfigurationError(f"{name} = {url}: not an address ({error})") from None
    return parts

"""The rules that bind settings to each other and to the broker's limits; a single value's own limits are its field's.

Each refusal is one line that names the key, the value, the limit and what to do.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from core.errors import ConfigurationError
from core.instants import instant_of
from core.market import CandleSource, Timeframe
from runtime.clock import is_epoch, is_start
from runtime.endpoints import is_loopback, require_allowed, require_base
from runtime.settings import EndpointSettings, Settings

MOST_SYMBOLS = 500
BROKER_LIMITS = {"per_second": 10, "per_minute": 200, "orders_per_day": 10_000, "calls_per_day": 100_000}
"""FYERS' published ceilings; the fourth breach of the minute limit blocks the account for the day."""

_SYMBOL = re.compile(r"(NSE|BSE|MCX):[A-Z0-9&_-]{1,40}", re.ASCII)
_TRADED = re.compile(r"NSE:.+-(EQ|INDEX)", re.ASCII)
"""Charges, sessions and the scale of prices are those of NSE's cash market; an index is only watched."""
_CLIENT_ID = re.compile(r"[A-Za-z0-9]{4,32}-[0-9]{1,4}", re.ASCII)
_FILE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
_HEX_64 = re.compile(r"[0-9a-f]{64}", re.ASCII)


def check_settings(settings: Settings) -> None:
    """Refuse settings that contradict each other, the broker or safety. Raises `ConfigurationError`."""
    _check_endpoints(settings)
    _check_clock(settings)
    _check_rates(settings)
    _check_risk(settings)
    _check_drift(settings)
    _check_symbols(settings)
    _check_candles(settings)
    _check_names(settings)
    for key, path in _paths(settings):
        _check_path(key, path)


def all_loopback(endpoints: EndpointSettings) -> bool:
    """Whether every endpoint is this machine, so that neither real money nor a real token can be at stake."""
    return all(is_loopback(url) for url in endpoints.model_dump().values())


def _check_endpoints(settings: Settings) -> None:
    for name, url in settings.broker.endpoints.model_dump().items():
        require_base(url, f"broker.endpoints.{name}", "ws" if name.endswith("socket") else "http")
    require_allowed(settings.auth.redirect_uri, "auth.redirect_uri", "http")


def _check_clock(settings: Settings) -> None:
    clock = settings.clock
    if clock.start is None and (clock.speed != 1 or clock.epoch is not None):
        raise ConfigurationError(
            f"clock.speed = {clock.speed:g}, clock.epoch = {clock.epoch}: both need clock.start; without it the clock "
            "is the wall's own"
        )
    if clock.epoch is not None and not is_epoch(clock.epoch):
        raise ConfigurationError(
            f"clock.epoch = {clock.epoch:g}: must be seconds since 1970, of a time between the years 2000 and 2100"
        )
    if clock.start is not None and not is_start(instant_of(clock.start)):
        raise ConfigurationError(f"clock.start = {clock.start.isoformat()}: must lie between the years 2000 and 2100")
    if clock.start is None or all_loopback(settings.broker.endpoints):
        return
    foreign = [name for name, url in settings.broker.endpoints.model_dump().items() if not is_loopback(url)]
    raise ConfigurationError(
        f"clock.start = {clock.start.isoformat()}: a clock other than the wall's is for a simulator on this machine "
        f"only, and broker.endpoints.{foreign[0]} is not on this machine"
    )


def _check_symbols(settings: Settings) -> None:
    symbols = settings.symbols
    if not 1 <= len(symbols) <= MOST_SYMBOLS:
        raise ConfigurationError(f"symbols: {len(symbols)} given, allowed are 1 to {MOST_SYMBOLS}")
    for symbol in symbols:
        if _SYMBOL.fullmatch(symbol) is None:
            raise ConfigurationError(f"symbols: {symbol[:60]!r} is not a FYERS ticker such as NSE:SBIN-EQ")
        if _TRADED.fullmatch(symbol) is None:
            raise ConfigurationError(
                f"symbols: {symbol} cannot be traded by this bot: only NSE shares and funds (NSE:...-EQ) and NSE "
                "indices (NSE:...-INDEX, watched only) are supported; take it off the list"
            )
        if symbols.count(symbol) > 1:
            raise ConfigurationError(f"symbols: {symbol} is listed twice")
    per_candle = settings.broker.rates.per_minute * settings.timeframe.minutes // 2
    if len(symbols) > per_candle:
        raise ConfigurationError(
            f"symbols: {len(symbols)} history calls at each {settings.timeframe.value} candle do not fit half the call "
            f"budget ({settings.broker.rates.per_minute} a minute: {per_candle} calls); list at most {per_candle} "
            "symbols or use a longer timeframe"
        )


def _check_drift(settings: Settings) -> None:
    drift = settings.drift
    if not drift.warn >= drift.shrink >= drift.stop:
        raise ConfigurationError(
            f"drift.warn = {drift.warn:g}, drift.shrink = {drift.shrink:g}, drift.stop = {drift.stop:g}: a rarer false "
            "alarm takes more evidence, so none may be above the one before it; put them in this order"
        )


def _check_candles(settings: Settings) -> None:
    if settings.candles.source is CandleSource.TICKS and settings.timeframe is Timeframe.D:
        raise ConfigurationError(
            "candles.source = ticks: a daily candle's close is set by the closing auction and not by a price; use "
            "candles.source = history, or a timeframe of minutes"
        )


def _check_rates(settings: Settings) -> None:
    simulated = all_loopback(settings.broker.endpoints)
    for name, limit in BROKER_LIMITS.items():
        value = getattr(settings.broker.rates, name)
        if value < 1 or (value > limit and not simulated):
            raise ConfigurationError(f"broker.rates.{name} = {value}: allowed are 1 to {limit}, the broker's own limit")


def _check_risk(settings: Settings) -> None:
    """Keep limits in the order in which they are meant to be met."""
    risk = settings.risk
    if risk.soft_loss_fraction >= risk.max_loss_fraction:
        raise ConfigurationError(
            f"risk.soft_loss_fraction = {risk.soft_loss_fraction:g}: must be below risk.max_loss_fraction = "
            f"{risk.max_loss_fraction:g}, or entries would go on until everything is closed"
        )
    if risk.max_symbol_fraction > risk.max_exposure_fraction:
        raise ConfigurationError(
            f"risk.max_symbol_fraction = {risk.max_symbol_fraction:g}: must not be above risk.max_exposure_fraction = "
            f"{risk.max_exposure_fraction:g}, the limit over all symbols"
        )


def _check_names(settings: Settings) -> None:
    client_id, strategy = settings.auth.client_id, settings.strategy.name
    if client_id and _CLIENT_ID.fullmatch(client_id) is None:
        raise ConfigurationError(
            f"auth.client_id = {client_id[:40]!r}: expected the app id with its suffix, ABCD1234XY-100"
        )
    for key in ("manifest_sha256", "signed_by"):
        digits = getattr(settings.model, key)
        if digits and _HEX_64.fullmatch(digits) is None:
            raise ConfigurationError(f"model.{key} = {digits[:70]!r}: expected 64 hexadecimal digits, or nothing")
    if settings.live.account != settings.live.account.strip():
        raise ConfigurationError(f"live.account = {settings.live.account[:40]!r}: take away the blanks around it")
    if _FILE_NAME.fullmatch(strategy) is None:
        raise ConfigurationError(f"strategy.name = {strategy[:60]!r}: a name without folder, dot or blank")


def _paths(settings: Settings) -> Iterator[tuple[str, Path]]:
    yield "auth.token_file", settings.auth.token_file
    yield "model.path", settings.model.path
    for name in ("state", "logs", "cache", "archive", "live_ticks"):
        yield f"paths.{name}", getattr(settings.paths, name)
    if settings.paths.sessions is not None:
        yield "paths.sessions", settings.paths.sessions
    if settings.paths.calls is not None:
        yield "paths.calls", settings.paths.calls
    if settings.strategy.folder is not None:
        yield "strategy.folder", settings.strategy.folder


def _check_path(key: str, path: Path) -> None:
    text = str(path)
    if ".." in path.parts or text.startswith("~") or not text.isprintable() or "\\" in text:
        raise ConfigurationError(
            f"{key} = {text[:80]!r}: give a path below the working folder or an absolute one, without '..' and '~'"
        )

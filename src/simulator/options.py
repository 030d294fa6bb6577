"""What can be chosen about a simulator, and where it can be found once it runs."""

import math
import re
from dataclasses import asdict, dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any

from core.errors import ConfigurationError
from core.instants import SECOND, Instant, instant_at
from runtime.clock import MarketClock, is_epoch, is_start
from runtime.endpoints import is_loopback_host
from simulator.exchange_rules import ExchangeRules
from simulator.rate_limits import Limits
from simulator.tokens import AppCredentials

TIME_NOTE = "market_time.json"
"""File in the state folder that tells how far the market has come: one that was killed can be started from there."""
LOCK = "simulator.lock"
"""File in the state folder that is locked as long as a simulator keeps its books there."""
_DAY_STARTS = time(9, 0)
_TICKER = re.compile(r"[A-Z]+:[A-Z0-9&_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """Everything that can be chosen about a simulator."""

    host: str = "127.0.0.1"
    """A loopback address: tokens travel in plain text."""
    port: int = 0
    """0 takes a free one."""
    symbols: tuple[str, ...] = ("NSE:SBIN-EQ", "NSE:RELIANCE-EQ", "NSE:INFY-EQ", "NSE:NIFTY50-INDEX")
    """What the generated market lists; a tape lists the symbol it holds."""
    seed: int = 0
    """The same seed gives the same market."""
    tape: Path | None = None
    """A candle or tick file to play instead of a generated market."""
    day: date | None = None
    """The market day to start on, at 09:00 IST, when `clock_start` is not given."""
    clock_start: Instant | None = None
    """Market time at `clock_epoch`; without it and `day`, the wall's own time."""
    clock_speed: float = 1.0
    clock_epoch: float | None = None
    """Wall seconds since 1970 at which `clock_start` holds; None: now."""
    state: Path | None = None
    """Folder of the books; without it they live as long as the process."""
    funds: int = 50_000_000
    """Cash of a new account, in paise."""
    account_id: str = "SIM0001"
    credentials: AppCredentials = field(default_factory=AppCredentials)
    token_expires_at: time = time(6, 0)
    """Wall time in India at which tokens die."""
    limits: Limits | None = field(default_factory=Limits)
    """Limits on calls; None switches them off."""
    most_topics: int = 5_000
    """Subscriptions one data connection may have."""
    rules: ExchangeRules | None = None
    """What broker and exchange allow; None: the defaults with our seed."""

    def __post_init__(self) -> None:
        """Refuse what cannot be served. Raises `ConfigurationError`."""
        if not is_loopback_host(self.host):
            raise ConfigurationError(f"simulator host {self.host}: must be a loopback address such as 127.0.0.1")
        if not 0 <= self.port <= 65_535:
            raise ConfigurationError(f"simulator port {self.port}: must lie within 0 and 65535; 0 takes a free one")
        for symbol in self.symbols:
            if _TICKER.fullmatch(symbol) is None:
                raise ConfigurationError(f"simulator symbol {symbol[:60]!r}: must look like NSE:SBIN-EQ")
        if not 0 < self.clock_speed < math.inf:
            raise ConfigurationError(f"simulator speed {self.clock_speed}: must be above 0 and finite")
        if self.seed < 0:
            raise ConfigurationError(f"simulator seed {self.seed}: must not be below 0")
        if self.clock_epoch is not None and not is_epoch(self.clock_epoch):
            raise ConfigurationError(
                f"simulator clock epoch {self.clock_epoch:g}: must be seconds since 1970, of a time between the years "
                "2000 and 2100"
            )
        start = self._start()
        if start is not None and not is_start(start):
            raise ConfigurationError(
                f"simulator clock start {start // SECOND} (seconds since 1970): must lie between the years 2000 and "
                "2100"
            )

    def clock(self) -> MarketClock:
        """The clock of this simulator. Raises `ConfigurationError` for a speed without a start."""
        try:
            return MarketClock(self._start(), self.clock_speed, self.clock_epoch)
        except ValueError as error:
            raise ConfigurationError(f"simulator: {error}") from error

    def _start(self) -> Instant | None:
        if self.clock_start is None and self.day is not None:
            return instant_at(self.day, _DAY_STARTS)
        return self.clock_start


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where a simulator listens and how to sign in: the line it prints."""

    rest: str
    data: str
    data_socket: str
    order_socket: str
    symbol_master: str
    control: str
    clock: dict[str, Any]
    """`start` (ISO text in IST), `speed`, `epoch` (wall seconds since 1970)."""
    symbols: tuple[str, ...]
    """What is listed, indices included."""
    account: str
    client_id: str
    access_token: str

    def to_json(self) -> dict[str, Any]:
        """The endpoints as one JSON object."""
        return asdict(self)

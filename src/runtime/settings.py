"""Every setting of the bot, with unit and reason. One tree, frozen after start; an unknown key is an error.

Order of precedence: command line, environment (`FYERSBOT__SECTION__KEY`), a private `.env`, systemd credentials, the
YAML file, the defaults here. Secrets come from the environment, a private `.env` or a credential, never from YAML.
"""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from core.market import CandleSource, Timeframe


class Section(BaseModel):
    """A group of settings: frozen, strict about names, and without infinite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Mode(Enum):
    """Where orders go. Only `trading.wiring` asks."""

    PAPER = "paper"
    LIVE = "live"


class OnStop(Enum):
    """What a graceful stop does with open positions."""

    PROTECT = "protect"
    """Leave them with their resting stop at the broker; the next start takes over."""
    FLATTEN = "flatten"
    """Close them first."""


class AuthSettings(Section):
    """Sign-in at FYERS."""

    client_id: str = ""
    """App id with its suffix, for example `ABCD1234XY-100`."""
    secret_key: SecretStr = SecretStr("")
    redirect_uri: str = "http://127.0.0.1:8721/callback"
    """Must equal the one registered with the app; a loopback address is listened on during `fyersbot login`."""
    access_token: SecretStr = SecretStr("")
    """A token given directly; wins over the token file."""
    token_file: Path = Path("data/sign-in/token.json")
    """Where `fyersbot login` keeps the day's token, readable by its owner only."""


class EndpointSettings(Section):
    """Bases with path. Plain http and ws are accepted for loopback only."""

    rest: str = "https://api-t1.fyers.in/api/v3"
    data: str = "https://api-t1.fyers.in/data"
    data_socket: str = "wss://socket.fyers.in/hsm/v1-5/prod"
    order_socket: str = "wss://socket.fyers.in/trade/v3"
    symbol_master: str = "https://public.fyers.in/sym_details"


class RateSettings(Section):
    """Our own ceilings, below the broker's (10/s, 200/min, 100,000/day; the 4th minute breach blocks the account)."""

    per_second: int = 8
    per_minute: int = 160
    orders_per_day: int = 9_000
    """Over place, modify, cancel and exit."""
    calls_per_day: int = 90_000
    """Over everything."""
    exit_reserve: float = Field(default=0.25, ge=0, lt=1)
    """Share of every window that only exits, stops and cancels may use."""


class BrokerSettings(Section):
    """How the broker is reached."""

    endpoints: EndpointSettings = EndpointSettings()
    connect_seconds: float = Field(default=3.0, gt=0)
    read_seconds: float = Field(default=5.0, gt=0)
    desk_phone: str = Field(default="", max_length=40, pattern=r"^[0-9 +()/-]*$")
    """The broker's dealing desk; stands in the alarm of an exit that does not get through."""
    rates: RateSettings = RateSettings()


class ClockSettings(Section):
    """Market time, for rehearsals against a simulator. Anything but the wall's clock needs loopback endpoints."""

    start: datetime | None = None
    """Market instant (with zone) shown at `epoch`; none: the wall's own time."""
    speed: float = Field(default=1.0, gt=0)
    """Market seconds per wall second."""
    epoch: float | None = None
    """Wall instant, in seconds since 1970, at which `start` holds; none: when the process starts."""

    @field_validator("start")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("give the zone too, for example 2026-01-06T09:00:00+05:30")
        return value


class HistorySettings(Section):
    """The candles a decision is made from."""

    grace: float = Field(default=5.0, ge=0)
    """Market seconds during which a candle that is not yet in the history answer is asked for again."""
    candles: int = Field(default=600, ge=50, le=5_000)
    """Closed candles fetched at start to warm the features."""


class CandleSettings(Section):
    """What the bot decides on."""

    source: CandleSource = CandleSource.HISTORY
    """`history`: the broker's candles, when they arrive; `ticks`: its own, made of the prices seen, at the close."""
    wait: float = Field(default=1.0, ge=0, le=30)
    """Market seconds for which a candle of `ticks` is kept open for prices that are still on their way."""


class StrategySettings(Section):
    """What makes the signals."""

    name: str = "model"
    """`model`, `simple_ma_crossover`, `opening_price_crossover`, or the file name of a strategy in `folder`."""
    params: dict[str, Any] = {}
    folder: Path | None = None
    """A folder with your own strategy files."""


class ModelSettings(Section):
    """The bundle that the `model` strategy uses."""

    path: Path = Path("models/default/latest")
    """Folder of the version; or in its place `promoted`, or `latest` for the newest under the name."""
    manifest_sha256: str = ""
    """When set, only a manifest with this hash is opened."""
    signed_by: str = ""
    """Public Ed25519 key. When set, only a manifest that the holder of its private half signed is opened."""
    signing_key: SecretStr = SecretStr("")
    """Private half, as PEM, for `fyersbot models sign` without `--key`. The bot has no use for it."""


class SizingSettings(Section):
    """How many shares."""

    method: Literal["fixed", "capital", "risk"] = "risk"
    """`fixed`: `quantity` shares; `capital`: a share of capital; `risk`: lose `risk_fraction` at the stop."""
    quantity: int = Field(default=1, ge=1, le=10_000_000)
    capital_fraction: float = Field(default=0.2, gt=0, le=1)
    """Largest position value as a share of capital; also caps the other methods."""
    risk_fraction: float = Field(default=0.0025, gt=0, le=0.05)
    """Share of capital lost when the stop is hit, before charges."""


class ExitSettings(Section):
    """Stop and target, in multiples of the average true range at entry."""

    stop_atr: float = Field(default=2.0, gt=0, le=100)
    target_atr: float = Field(default=3.0, gt=0, le=1_000)
    limit_offset: float = Field(default=0.005, gt=0, le=0.05)
    """Distance of the resting stop's limit price beyond its trigger, as a share of price."""
    trail_atr: float = Field(default=0.0, ge=0, le=100)
    """Distance at which the stop trails behind the best price since the entry; 0: it stays where it is."""


class RiskSettings(Section):
    """Money limits. The gatekeeper never refuses to reduce risk."""

    capital: Decimal = Field(default=Decimal(500_000), gt=0, le=10**12)
    """Rupees the bot may think of as its own."""
    max_positions: int = Field(default=3, ge=1)
    max_loss_fraction: float = Field(default=0.02, gt=0, le=0.2)
    """Realised plus marked-to-market loss of the day, as a share of capital, that closes everything."""
    soft_loss_fraction: float = Field(default=0.01, gt=0, le=0.2)
    """The same, ending entries only, until an operator resumes; below `max_loss_fraction`."""
    max_order_value: Decimal = Field(default=Decimal(250_000), gt=0, le=10**12)
    """Rupees."""
    max_symbol_fraction: float = Field(default=0.5, gt=0, le=10)
    """Value held or ordered in one symbol, as a share of capital."""
    max_exposure_fraction: float = Field(default=1.0, gt=0, le=10)
    """Value held or ordered over all symbols, as a share of capital; an entry of unknown fate counts as filled."""
    max_open_order_fraction: float = Field(default=2.0, gt=0, le=20)
    """Value of all orders that may still trade, stops included, as a share of capital."""
    max_turnover_fraction: float = Field(default=20.0, gt=0, le=1_000)
    """Value of all fills of the day, both sides, as a share of capital."""
    margin_fraction: float = Field(default=0.2, gt=0, le=1)
    """Share of an intraday order's value that must be free at the broker; of delivery it is the whole."""
    margin_buffer: float = Field(default=0.05, ge=0, le=1)
    """Share of that money which must be left over."""
    max_orders_per_second: int = Field(default=6, ge=1, le=10)
    """Orders, changes and cancels; then an entry is refused, an exit never."""
    max_orders_per_minute: int = Field(default=60, ge=1, le=200)
    max_orders_per_day: int = Field(default=200, ge=1)
    """The same over the day: moves of a trailing stop count, so that it may end entries before the strategy does."""
    price_buffer: float = Field(default=0.002, gt=0, le=0.02)
    """A market order becomes a limit order this share of price beyond the last price."""
    max_price_age: float = Field(default=60.0, gt=0)
    """Market seconds after which a price is too old to enter on."""


class DriftSettings(Section):
    """When the market has left the model. The rates are of false alarms, over the whole life of a model."""

    warn: float = Field(default=0.05, ge=1e-6, le=0.5)
    """People are told."""
    shrink: float = Field(default=0.01, ge=1e-6, le=0.5)
    """Entries are smaller."""
    stop: float = Field(default=0.001, ge=1e-6, le=0.5)
    """No entries until an operator resumes, or a new model comes."""
    size: float = Field(default=0.5, gt=0, le=1)
    """What is left of an entry at `shrink`."""


class LiveSettings(Section):
    """The second switch for real money."""

    account: str = ""
    """Must equal the id of the profile the token opens."""


class PathSettings(Section):
    """Where run-time files go."""

    state: Path = Path("data/state")
    """Event log, tick tapes, lock and command queue of this bot; without `calls` its journal of calls, too."""
    calls: Path | None = None
    """Journal of the calls to the broker, which several bots on one account share; none: `state`."""
    logs: Path = Path("logs")
    cache: Path = Path("data/cache")
    """What can be fetched or computed again: the day's symbol master, the year's sessions."""
    archive: Path = Path("data/archive")
    """Candles, closed ticks and symbol masters of the past."""
    live_ticks: Path = Path("data/live_market_data.sqlite")
    """Recorded ticks of the days that are not in the archive yet; a file, not a folder."""
    sessions: Path | None = None
    """Dated session rules; none: `config/sessions.yaml` of this installation."""

    @field_validator("*", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            raise ValueError("give a path, or leave the key out for its default")
        return value

    @property
    def call_journal(self) -> Path:
        """The folder of the journal of calls."""
        return self.calls or self.state


class TickSettings(Section):
    """Ticks kept for research, beside the tape that a replay needs."""

    record: bool = True
    """Whether every tick that the feed delivers is kept, and moved to the archive after the close."""


class LogSettings(Section):
    """How much is written, and how much of it is kept."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    megabytes: int = Field(default=20, ge=1, le=1_000)
    """Size at which a log file is put aside for a fresh one."""
    files: int = Field(default=10, ge=1, le=100)
    """Files put aside that are kept."""


class DiskSettings(Section):
    """Room on the disk that holds `paths.state`."""

    floor_mb: int = Field(default=256, ge=0, le=1_000_000)
    """Free megabytes below which no entries are made."""
    reserve_mb: int = Field(default=64, ge=0, le=10_000)
    """Megabytes set aside in a file, and given back when the event log cannot be written, for the start after that."""


class StartSettings(Section):
    """How often the bot may start before it is taken for one that crashes again and again."""

    crash_limit: int = Field(default=5, ge=1, le=10_000)
    """More starts within ten minutes: no entries until that has passed."""


class BacktestSettings(Section):
    """What a backtest assumes of its fills: docs/backtest-assumptions.md."""

    entry: Literal["limit", "open"] = "limit"
    """`limit`: no farther from the close than the live bot's limit; `open`: at the next open, wherever it is."""
    spread_ticks: int = Field(default=1, ge=0, le=1_000)
    """Ticks between bid and ask; half of it, rounded up, is paid on each fill at the market."""
    slippage_ticks: int = Field(default=0, ge=0, le=1_000)
    """Ticks by which the market moves away on top of it."""
    slippage_share: float = Field(default=0.0, ge=0, lt=0.1)
    """Share of the price by which it moves away on top of that."""
    volume_share: float = Field(default=0.1, ge=0, le=1)
    """Largest share of a bar's volume that one fill takes; 0: no limit, for data without volumes."""


class OptimiseSettings(Section):
    """How `fyersbot hyperopt` and `walk-forward` share their work: docs/hyperopt.md."""

    backend: Literal["loky", "threading"] = "loky"
    """joblib's: `loky` processes; `threading` threads of this one, which share memory and seldom gain time."""
    workers: int = Field(default=0, ge=0, le=1_000)
    """How many try combinations at once; 0: one for each core."""


class Settings(Section):
    """The whole tree."""

    mode: Mode = Mode.PAPER
    symbols: tuple[str, ...] = ("NSE:SBIN-EQ", "NSE:RELIANCE-EQ", "NSE:INFY-EQ")
    timeframe: Timeframe = Timeframe.M5
    on_stop: OnStop = OnStop.PROTECT
    auth: AuthSettings = AuthSettings()
    broker: BrokerSettings = BrokerSettings()
    clock: ClockSettings = ClockSettings()
    history: HistorySettings = HistorySettings()
    candles: CandleSettings = CandleSettings()
    strategy: StrategySettings = StrategySettings()
    model: ModelSettings = ModelSettings()
    sizing: SizingSettings = SizingSettings()
    exits: ExitSettings = ExitSettings()
    risk: RiskSettings = RiskSettings()
    drift: DriftSettings = DriftSettings()
    live: LiveSettings = LiveSettings()
    paths: PathSettings = PathSettings()
    ticks: TickSettings = TickSettings()
    log: LogSettings = LogSettings()
    disk: DiskSettings = DiskSettings()
    start: StartSettings = StartSettings()
    backtest: BacktestSettings = BacktestSettings()
    optimise: OptimiseSettings = OptimiseSettings()

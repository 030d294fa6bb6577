"""What one trade is, by the settings: its exits and its size. A model learns such trades and should trade no others."""

from dataclasses import dataclass

from core import exits
from core.errors import ConfigurationError
from core.pricing import limit_beyond
from core.sizing import MILLION, SizingMethod, SizingRule, quantity_for
from runtime.settings import Settings
from trading.trading_rules import sizing_of

_RUPEE = 100
_USUAL = SizingRule(
    method=SizingMethod.RISK, quantity=1, capital_ppm=200_000, risk_ppm=2_500, max_order_value=250_000 * _RUPEE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeTerms:
    """Exits in average true ranges at the entry, money in paise. The defaults are those of the settings."""

    stop_atr: float = 2.0
    target_atr: float = 3.0
    trail_atr: float = 0.0
    """Distance of a trailing stop behind the best price; 0: it stays where it is."""
    sizing: SizingRule = _USUAL
    capital: int = 500_000 * _RUPEE
    price_buffer: float = 0.002
    """Distance of an entry's limit beyond the close, as a share of it: an entry is sized by its limit."""

    def __post_init__(self) -> None:
        """Refuse what is no trade. Raises `ConfigurationError`."""
        if min(self.stop_atr, self.target_atr) <= 0 or self.trail_atr < 0:
            raise ConfigurationError("stop and target must be above 0, and a trailing stop's distance not below it")
        if self.most_rupees < 1:
            raise ConfigurationError(
                f"the largest position is of {self.most_value} paise; give more risk.capital, sizing.capital_fraction "
                "or risk.max_order_value"
            )

    @classmethod
    def of(cls, settings: Settings) -> "TradeTerms":
        """Return the terms that these settings trade on."""
        return cls(
            stop_atr=settings.exits.stop_atr,
            target_atr=settings.exits.target_atr,
            trail_atr=settings.exits.trail_atr,
            sizing=sizing_of(settings),
            capital=int(settings.risk.capital * _RUPEE),
            price_buffer=settings.risk.price_buffer,
        )

    @property
    def most_value(self) -> int:
        """The most that a position is worth."""
        return min(self.capital * self.sizing.capital_ppm // MILLION, self.sizing.max_order_value)

    @property
    def most_rupees(self) -> int:
        """The same in whole rupees."""
        return self.most_value // _RUPEE

    @property
    def exit_words(self) -> str:
        """Stop, target and trail, for people."""
        return exit_words(self.stop_atr, self.target_atr, self.trail_atr)

    @property
    def sizing_words(self) -> str:
        """How many shares there are, for people; two rules with the same words size alike."""
        worth = f"{_rupees(self.most_value)} rupees"
        match self.sizing.method:
            case SizingMethod.FIXED:
                shares = f"a fixed quantity of {self.sizing.quantity}, worth at most {worth}"
            case SizingMethod.CAPITAL:
                shares = f"as many shares as {worth} buy"
            case SizingMethod.RISK:
                risked = self.capital * self.sizing.risk_ppm // MILLION
                shares = f"as many shares as lose {_rupees(risked)} rupees at the stop, worth at most {worth}"
        return f"{shares}, at a limit {self.price_buffer * 100:g} % beyond the close"

    def shares(self, side: int, price: int, atr: float, tick: int) -> int:
        """Return how many shares an entry asks for that is decided at a price; 0 where it is not made.

        It is `core.entry_pricing.priced_entry` without book and band, for lots of one share and any number of them.
        """
        limit = limit_beyond(side, price, self.price_buffer, tick)
        stop, _ = exits.levels(side, price, atr, self.stop_atr, self.target_atr, tick)
        distance = max(abs(limit - stop), tick)
        return quantity_for(self.sizing, capital=self.capital, price=limit, stop_distance=distance, lot=1, freeze=None)


def exit_words(stop_atr: float, target_atr: float, trail_atr: float) -> str:
    """Return the exits of a trade, for people."""
    trails = f" that trails by {trail_atr:g}" if trail_atr else ""
    return f"a stop of {stop_atr:g}{trails} and a target of {target_atr:g} average true ranges"


def _rupees(paise: int) -> str:
    whole, rest = divmod(paise, _RUPEE)
    return f"{whole:,}.{rest:02}" if rest else f"{whole:,}"

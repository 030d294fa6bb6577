"""A seeded market that never existed: for demonstration, tests and the default model's training.

Same seed, same market, whatever is asked in whatever order: each (symbol, day) has its own generator of chance, and
`price_chain` tells it where the day starts and ends. One path of prices per second is sampled into quotes, and every
candle of every length is made of those quotes.

It looks like NSE where a bot could tell: sessions of the calendar, opening gaps, volatility and volume high at the open
and rising into the close, bursts, a tick grid by price, a touch one tick wide, a few hundred shares on display.

The planted edge (`price_chain.PlantedEdge`) is the only thing in it that can be learned: trends of random sign that
last 45 to 120 minutes with a drift of 0.20 standard deviations of a minute per minute, calm in between. Entering with
the right sign of a running trend reaches 3 average true ranges before losing 2 far more often than the 40 % of a
random walk; half an hour of momentum is right about the sign most of the time and cannot know when the trend ends. A
plain rule that goes with a move of 3 average ranges in six five-minute candles wins 62 % of its trades and earns 0.16 %
of turnover gross (a year of three symbols, seed 7; `benchmarks/bench_planted_edge.py` prints it); the charges of a
round trip are about 0.1 %. With `NO_EDGE` prices are a random walk: the same rule wins 44 %, earns next to nothing and
loses its charges.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from core.instants import MILLISECOND, SECOND
from core.market import Timeframe
from core.ports import Calendar
from core.sessions import TradingDay
from features.columns import FloatArray, IntArray
from simulator.day_path import Bars, DayPath, no_touch, on_the_clock, touch_around
from simulator.listings import DEFAULT_SYMBOLS, Listing, listings
from simulator.path_market import PathMarket
from simulator.price_chain import ORIGIN, Backbone, PlantedEdge, PriceChain, volatility_profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Texture:
    """How the quotes of a generated day are spaced and sized."""

    shortest_gap_seconds: int = 1
    longest_gap_seconds: int = 3
    """Every symbol is quoted each one to three seconds."""
    bursts_per_day: float = 4.0
    """Mean number of sudden volume bursts."""
    burst_minutes: float = 3.0
    """A burst fades with this time constant."""
    burst_volume: float = 4.0
    """What a burst adds to the volume, times the ordinary."""
    burst_volatility: float = 0.6
    """What a burst adds to the volatility, times the ordinary."""

    def __post_init__(self) -> None:
        """Refuse gaps that leave a minute without a quote. Raises `ValueError`."""
        if not 1 <= self.shortest_gap_seconds <= self.longest_gap_seconds <= 30:
            raise ValueError(
                f"gaps of {self.shortest_gap_seconds} to {self.longest_gap_seconds} seconds: must lie within 1 and 30"
            )


class GeneratedMarket(PathMarket):
    """A market of any symbols on any day between 2015 and 2040, from one seed."""

    def __init__(
        self,
        calendar: Calendar,
        seed: int,
        symbols: Sequence[str] = DEFAULT_SYMBOLS,
        edge: PlantedEdge | None = None,
        texture: Texture | None = None,
    ) -> None:
        """Prepare symbols; days are made when they are asked for. Without `edge` the documented default is planted."""
        self._listings = listings(symbols)
        super().__init__({name: row.instrument for name, row in self._listings.items()}, calendar, Timeframe.M1)
        self._seed = seed
        self._edge = edge or PlantedEdge()
        self._texture = texture or Texture()
        self._chains: dict[str, PriceChain] = {}
        self._minutes: dict[tuple[str, date], Bars] = {}
        self._paths: dict[tuple[str, date], DayPath] = {}

    @property
    def first_day(self) -> date:
        """The second day of the chain: the first has no day before it."""
        return ORIGIN + timedelta(days=1)

    def path(self, symbol: str, session: TradingDay) -> DayPath:
        """Every update of a symbol in a session."""
        key = symbol, session.date
        path = self._paths.get(key)
        if path is None:
            path = self._make(symbol, session)
            while len(self._paths) > len(self._listings):
                del self._paths[next(iter(self._paths))]
            self._paths[key] = path
        return path

    def bars(self, symbol: str, session: TradingDay) -> Bars:
        """The whole session in minutes."""
        key = symbol, session.date
        bars = self._minutes.get(key)
        if bars is None:
            path = self._paths.get(key) or self._make(symbol, session)
            bars = self._minutes[key] = path.bars(session, Timeframe.M1)
        return bars

    def previous_close(self, symbol: str, session: TradingDay) -> int:
        """Last price of the session before, in units."""
        before = next(self.sessions_back(session.date - timedelta(days=1)), None)
        level = self._chain(symbol).end(before.date if before else ORIGIN)
        return int(self._on_grid(self._listings[symbol], np.array([level]))[0])

    def _chain(self, symbol: str) -> PriceChain:
        chain = self._chains.get(symbol)
        if chain is None:
            volatility = self._listings[symbol].daily_volatility
            chain = self._chains[symbol] = PriceChain(symbol, self._seed, volatility, self._edge)
        return chain

    def _make(self, symbol: str, session: TradingDay) -> DayPath:
        listing = self._listings[symbol]
        day = self._chain(symbol).day(session.date)
        chance = np.random.default_rng((self._seed, zlib.crc32(symbol.encode()), session.date.toordinal()))
        seconds = session.trading_time(session.open, session.close) // SECOND
        elapsed = np.arange(1, seconds + 1) / seconds
        burst = self._bursts(elapsed, chance)
        level = self._level(day, elapsed, burst, chance)
        picked = self._quote_seconds(seconds, chance)
        lower, upper = self.band(symbol, session)
        ltp = np.clip(self._on_grid(listing, level[picked]), lower, upper)
        at = on_the_clock(session, picked * SECOND + chance.integers(0, 1_000, len(picked)) * MILLISECOND)
        if listing.instrument.is_index:
            quantity, touch = np.zeros(len(picked), dtype=np.int64), no_touch(len(picked))
        else:
            lift = np.where(day.trending(elapsed[picked]) != 0, self._edge.volume_lift, 1.0)
            activity = lift * (1 + self._texture.burst_volume * burst[picked])
            quantity = _quantities(listing, elapsed[picked], activity, chance)
            touch = touch_around(ltp, listing.instrument.tick, (lower, upper), chance)
        return DayPath(at, ltp, quantity, touch.bid, touch.ask, touch.bid_size, touch.ask_size)

    def _level(self, day: Backbone, elapsed: FloatArray, burst: FloatArray, chance: np.random.Generator) -> FloatArray:
        """Logarithm of the price each second: gap, bridged noise, planted trend.

        A bridge in variance time plus an independent Gaussian end is Brownian motion again: pinning the day's end
        plants no reversion.
        """
        weight = volatility_profile(elapsed) * (1 + self._texture.burst_volatility * burst)
        variance = weight**2 / np.sum(weight**2)
        walk = np.cumsum(np.sqrt(variance) * chance.standard_normal(len(elapsed)))
        share = np.cumsum(variance)
        noise = day.volatility * (walk - share * walk[-1]) + share * day.noise
        level: FloatArray = day.start + noise + day.trend(elapsed, self._edge)
        return level

    def _bursts(self, elapsed: FloatArray, chance: np.random.Generator) -> FloatArray:
        """How strongly a burst runs each second: 1 at its start, fading."""
        strength = np.zeros(len(elapsed))
        starts = chance.integers(0, len(elapsed), chance.poisson(self._texture.bursts_per_day))
        np.add.at(strength, starts, 1.0)
        fade_seconds = self._texture.burst_minutes * 60
        kernel = np.exp(-np.arange(int(5 * fade_seconds)) / fade_seconds)
        faded = np.zeros(len(elapsed))
        for start in np.flatnonzero(strength):
            part = faded[start : start + len(kernel)]
            part += strength[start] * kernel[: len(part)]
        return faded

    def _quote_seconds(self, seconds: int, chance: np.random.Generator) -> IntArray:
        """The seconds with a quote: the first, the last, and steps between that keep to the texture's gaps."""
        shortest, longest = self._texture.shortest_gap_seconds, self._texture.longest_gap_seconds
        steps = np.cumsum(chance.integers(shortest, longest + 1, seconds // shortest + 1))
        return np.concatenate(([0], steps[steps < seconds - 1], [seconds - 1]))

    def _on_grid(self, listing: Listing, level: FloatArray) -> IntArray:
        tick = listing.instrument.tick
        return np.rint(listing.price * np.exp(level) / tick).astype(np.int64) * tick


def _quantities(listing: Listing, elapsed: FloatArray, activity: FloatArray, chance: np.random.Generator) -> IntArray:
    """Shares in each trade: high at the open, rising into the close, with the shape of SBIN's volume in 2022-23."""
    shape = 0.6 + 2.2 * np.exp(-elapsed / 0.03) + 0.7 * np.exp(-elapsed / 0.15) + 1.5 * np.exp((elapsed - 1) / 0.08)
    ordinary = listing.turnover / listing.price / len(elapsed)
    shares = ordinary * shape / shape.mean() * activity * np.exp(0.9 * chance.standard_normal(len(elapsed)) - 0.4)
    quantities: IntArray = np.maximum(1, np.rint(shares)).astype(np.int64)
    return quantities

"""Live prices from the data socket, and from the REST quotes while the socket is in doubt.

The SDK's client subscribes into a socket that may not be open yet, gives up after five failures and does not notice a
server that went silent. This one subscribes only after the server accepted the sign-in, wants an answer, asks again
when prices stop, and connects again for as long as it runs.
"""

import logging
from collections.abc import Callable, Mapping, Sequence

from core.errors import ConfigurationError, InvariantError
from core.events import FeedState
from core.market import Instrument, Tick
from core.ports import Clock
from runtime.endpoints import require_allowed
from runtime.settings import Settings
from trading.data_conversation import MUTE_SECONDS, DataConversation, Listener
from trading.hsm_frames import topic_of
from trading.price_desk import PriceDesk
from trading.price_gate import FeedCounts
from trading.quote_fallback import QuoteFallback
from trading.socket_supervisor import Enter, SocketAddress, SocketSupervisor, Timer
from trading.websocket_link import WebSocketLink

QUIET_SECONDS = 5.0
"""Market seconds without a price after which a feed that is not live is helped out with quotes."""
SILENT_SECONDS = 20.0
"""Market seconds without a word about one symbol after which its quote is asked for, though the feed lives."""
LONGEST_MUTE_SECONDS = 600.0
"""Market seconds that a feed without prices is borne with at most before it is connected anew."""
_SETTING = "broker.endpoints.data_socket"

logger = logging.getLogger("trading.data_feed")


class DataFeed:
    """The port `TickFeed` at FYERS, or at any server that speaks its protocol. May be started again after a stop.

    Ticks arrive on the feed's threads, one call at a time; who takes them must only hand them on. `on_state` runs on
    the socket's thread.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        token: Callable[[], str],
        instruments: Mapping[str, Instrument],
        quotes: Callable[[Sequence[str]], Mapping[str, Tick]],
        on_state: Enter,
        index_names: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """`token` is asked at each connection; `quotes` is the REST call that helps out and may raise `BotError`.

        `index_names` gives the feed's own names of indices by ticker, for example `Nifty 50`; it is asked at the start
        and only when an index is among the symbols. An index it does not know is asked for by its ticker's stem.
        Raises `ConfigurationError` for an address that is not allowed.
        """
        require_allowed(settings.broker.endpoints.data_socket, _SETTING, "ws")
        self._address = SocketAddress(
            name="data feed",
            url=settings.broker.endpoints.data_socket,
            setting=_SETTING,
            connect_seconds=settings.broker.connect_seconds,
            headers=tuple,  # never an Authorization header: the server would accept it and stay mute
        )
        self._clock = clock
        self._token = token
        self._instruments = instruments
        self._quotes = quotes
        self._on_state = on_state
        self._index_names = index_names
        self._quiet = Timer(clock)
        self._fruitless = 0
        """Connections in a row on which no price came: where nothing trades, a new one is no cure."""
        self._desk = PriceDesk({}, lambda _tick: None, clock)
        self._supervisor: SocketSupervisor | None = None
        self._fallback: QuoteFallback | None = None

    @property
    def counts(self) -> FeedCounts:
        """What the latest run received and did not deliver."""
        return self._desk.counts

    @property
    def frozen(self) -> Mapping[str, str]:
        """Symbols whose socket prices cannot be used on this connection, and why; quotes stand in for them."""
        return dict(self._desk.frozen)

    def start(self, symbols: Sequence[str], on_tick: Callable[[Tick], object]) -> None:
        """Connect, subscribe and deliver ticks until stopped.

        Raises `ConfigurationError` for a symbol without instrument or of a segment the feed does not carry, and
        `InvariantError` when the feed runs already.
        """
        if self._supervisor is not None:
            raise InvariantError("the data feed runs already: stop it before starting it again")
        self._desk = PriceDesk(self._topics(symbols), on_tick, self._clock)
        self._quiet.start(QUIET_SECONDS)
        self._supervisor = SocketSupervisor(self._address, self._clock, self._converse, self._on_state)
        self._fallback = QuoteFallback(self._quotes, self._clock, self._symbols_in_doubt, self._desk.take_quotes)
        self._fallback.start()  # first: a callback of the connection may stop both at once
        self._supervisor.start()

    def stop(self) -> None:
        """Disconnect and join the threads. Safe to call twice."""
        supervisor, fallback = self._supervisor, self._fallback
        self._supervisor = self._fallback = None
        if supervisor is None or fallback is None:
            return
        supervisor.stop()
        fallback.stop()
        logger.info("data feed stopped; received and not delivered: %s", self.counts)

    def age_seconds(self, symbol: str) -> float:
        """Market seconds since anything was heard that vouches for this symbol's price; infinity before the first."""
        return self._desk.age_seconds(symbol)

    def _topics(self, symbols: Sequence[str]) -> dict[str, Instrument]:
        unknown = [symbol for symbol in symbols if symbol not in self._instruments]
        if unknown:
            raise ConfigurationError(f"symbols {', '.join(unknown)}: not among the instruments of the data feed")
        listed = [self._instruments[symbol] for symbol in symbols]
        names = self._index_names() if any(each.is_index for each in listed) else {}
        return {topic_of(each, names): each for each in listed}

    def _converse(self, link: WebSocketLink, enter: Enter) -> DataConversation:
        desk = self._desk
        broken_before = desk.broken_frames
        patience = min(MUTE_SECONDS * 2**self._fruitless, LONGEST_MUTE_SECONDS)
        self._fruitless += 1
        listener = Listener(
            token=self._token,
            topics=desk.topics,
            decode=desk.new_connection(),
            broken_frames=lambda: desk.broken_frames - broken_before,
            note_prices=self._note_prices,
            mute_seconds=patience,
        )
        return DataConversation(link, enter, self._clock, listener)

    def _note_prices(self) -> None:
        self._fruitless = 0
        self._quiet.start(QUIET_SECONDS)

    def _symbols_in_doubt(self) -> list[str]:
        supervisor = self._supervisor
        if supervisor is not None and supervisor.state is not FeedState.LIVE and self._quiet.is_over:
            return self._desk.symbols
        silent = (symbol for symbol in self._desk.symbols if self._desk.age_seconds(symbol) > SILENT_SECONDS)
        return list(dict.fromkeys([*self._desk.frozen, *silent]))

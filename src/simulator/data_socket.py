"""The binary data socket: subscriptions in, snapshots and updates out.

Every connection has its own topic numbers and its own idea of what it was last told, so that an update names exactly
the values that are news to it. No quote is left out: those of one step travel together in one frame.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from core.errors import DataError
from core.market import Instrument
from simulator import wire
from simulator.connection import Connection, Frame
from simulator.faults import FaultKind, Faults
from simulator.market import Quote
from simulator.symbol_files import topic_of
from simulator.tokens import TokenDesk
from simulator.venue import Venue
from simulator.wire import FrameType

PATH = "/hsm/v1-5/prod"
_LIMIT_CODE = 51_001
_SPOILED = (FaultKind.DUPLICATE_TICK, FaultKind.OUT_OF_ORDER_TICK, FaultKind.ZERO_TICK, FaultKind.NEGATIVE_TICK)

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Topic:
    """One subscription of one connection."""

    number: int
    name: str
    instrument: Instrument
    channels: set[int]
    told: tuple[int, ...] | None = None
    """The values last sent; None before the snapshot."""

    def values(self, quote: Quote) -> tuple[int, ...]:
        match self.name[:2]:
            case "if":
                return wire.index_values(quote)
            case "dp":
                return wire.depth_values(quote, self.instrument)
            case _:
                return wire.symbol_values(quote, self.instrument)

    def entry(self, quote: Quote, lite: bool) -> bytes | None:
        """The entry that tells this quote, or None when there is nothing to tell in this mode."""
        values = self.values(quote)
        before, self.told = self.told, values
        if before is None:
            return wire.snapshot_entry(self.number, self.name, values, self.instrument)
        if lite and not self.name.startswith("dp"):
            return wire.lite_entry(self.number, quote.ltp) if quote.ltp != before[0] else None
        return wire.update_entry(self.number, values, before)


@dataclass(slots=True, eq=False)
class _Client:
    """One data connection."""

    connection: Connection
    is_signed_in: bool = False
    topics: dict[str, _Topic] = field(default_factory=dict)
    by_symbol: dict[str, list[_Topic]] = field(default_factory=dict)
    paused: frozenset[int] = frozenset()
    lite: frozenset[int] = frozenset()
    topics_numbered: int = 0
    frames_sent: int = 0

    def add(self, name: str, instrument: Instrument, channel: int) -> _Topic:
        topic = self.topics.get(name)
        if topic is None:
            self.topics_numbered += 1
            topic = self.topics[name] = _Topic(self.topics_numbered, name, instrument, set())
            self.by_symbol.setdefault(instrument.symbol, []).append(topic)
        topic.channels.add(channel)
        return topic

    def remove(self, name: str, channel: int) -> None:
        topic = self.topics.get(name)
        if topic is None:
            return
        topic.channels.discard(channel)
        if not topic.channels:
            del self.topics[name]
            self.by_symbol[topic.instrument.symbol].remove(topic)

    def switch_mode(self, channels: frozenset[int], lite: bool) -> None:
        self.lite = self.lite | channels if lite else self.lite - channels
        for topic in self.topics.values():
            # What a lite client was told is the last price only: back in full mode it needs a whole snapshot.
            topic.told = topic.told if lite or topic.channels.isdisjoint(channels) else None

    def tell(self, quotes: Sequence[Quote]) -> None:
        self.send(entry for quote in quotes for entry in self._entries(quote))

    def send(self, entries: Iterable[bytes]) -> None:
        for frame in wire.data_frames(self.frames_sent + 1, entries):
            self.frames_sent += 1
            self.connection.send(frame)

    def _entries(self, quote: Quote) -> Iterator[bytes]:
        for topic in self.by_symbol.get(quote.symbol, ()):
            heard = topic.channels - self.paused
            if heard:
                entry = topic.entry(quote, lite=heard <= self.lite)
                if entry is not None:
                    yield entry


class DataSocket:
    """All data connections and what is published to them."""

    def __init__(self, venue: Venue, desk: TokenDesk, faults: Faults, most_topics: int):
        self._venue = venue
        self._desk = desk
        self._faults = faults
        self._most_topics = most_topics
        self._clients: set[_Client] = set()
        self._last: dict[str, Quote] = {}
        self._listed = _topics(venue)
        venue.listeners.quotes.append(self.publish)
        faults.when_armed(FaultKind.DROP_DATA_SOCKET, lambda _: self.drop())

    @property
    def connected(self) -> int:
        """How many clients there are."""
        return len(self._clients)

    def routes(self) -> list[web.RouteDef]:
        """The one path."""
        return [web.get(PATH, self.serve)]

    def drop(self) -> None:
        """Cut every connection."""
        for client in self._clients:
            client.connection.cut()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One client from its handshake to its end. An Authorization header gets it a socket that never answers."""
        client = _Client(Connection(request))
        if "Authorization" in request.headers:
            return await client.connection.serve(lambda _: None)
        self._clients.add(client)
        try:
            return await client.connection.serve(lambda frame: self._hear(client, frame))
        finally:
            self._clients.discard(client)

    def publish(self, quotes: Sequence[Quote]) -> None:
        """Send quotes to whoever subscribed; an armed fault spoils one or silences all."""
        spoiled = list(self._spoil(quotes))
        if self._faults.is_on(FaultKind.STALL_DATA_SOCKET):
            return
        for client in self._clients:
            if client.by_symbol:
                client.tell(spoiled)

    def _spoil(self, quotes: Sequence[Quote]) -> Iterator[Quote]:
        for quote in quotes:
            before = self._last.get(quote.symbol)
            self._last[quote.symbol] = quote
            fault = self._faults.strike(*_SPOILED, symbol=quote.symbol)
            match fault.kind if fault is not None else None:
                case FaultKind.ZERO_TICK:
                    yield quote._replace(ltp=0)
                case FaultKind.NEGATIVE_TICK:
                    yield quote._replace(ltp=-quote.ltp)
                case FaultKind.DUPLICATE_TICK:
                    yield from (quote, quote)
                case FaultKind.OUT_OF_ORDER_TICK:
                    yield from (quote, before or quote)
                case _:
                    yield quote

    def _hear(self, client: _Client, frame: Frame) -> None:
        if self._faults.is_on(FaultKind.STALL_DATA_SOCKET):
            return
        try:
            message = wire.decode_client_frame(frame if isinstance(frame, bytes) else frame.encode())
        except DataError as error:
            _logger.warning("data socket: %s", error)
            return
        match message:
            case wire.Authenticate():
                client.is_signed_in = self._desk.accepts_hsm_key(message.hsm_key)
                client.connection.send(wire.authentication_frame(client.is_signed_in))
            case wire.Subscribe():
                self._subscribe(client, message)
            case wire.SwitchChannels():
                client.paused = client.paused | message.channels if message.paused else client.paused - message.channels
                kind = FrameType.PAUSE if message.paused else FrameType.RESUME
                client.connection.send(wire.reply_frame(kind, client.is_signed_in))
            case wire.SetMode():
                client.switch_mode(message.channels, message.lite)
                client.connection.send(wire.reply_frame(FrameType.MODE, client.is_signed_in))
            case wire.Acknowledge() | wire.Ping():
                pass

    def _subscribe(self, client: _Client, message: wire.Subscribe) -> None:
        kind = FrameType.SUBSCRIBE if message.wanted else FrameType.UNSUBSCRIBE
        too_many = message.wanted and len(client.topics.keys() | set(message.topics)) > self._most_topics
        if too_many:
            text = f"You can subscribe to at most {self._most_topics} symbols"
            client.connection.send(wire.message_frame(_LIMIT_CODE, text, kind))
        accepted = client.is_signed_in and not too_many
        client.connection.send(wire.reply_frame(kind, accepted))
        if not accepted:
            return
        listed = [name for name in message.topics if name in self._listed]
        if message.wanted:
            self._introduce(client, listed, message.channel)
        else:
            for name in listed:
                client.remove(name, message.channel)

    def _introduce(self, client: _Client, names: Sequence[str], channel: int) -> None:
        """Subscribe and send a snapshot of every topic that has a price, also to a client that had it before."""
        self._venue.advance()
        today = self._venue.market.instruments_at(self._venue.reached)
        snapshots = []
        for name in names:
            topic = client.add(name, today[self._listed[name]], channel)
            topic.told = None
            quote = self._venue.quote(topic.instrument.symbol)
            snapshot = topic.entry(quote, lite=False) if quote is not None else None
            if snapshot is not None:
                snapshots.append(snapshot)
        client.send(snapshots)


def _topics(venue: Venue) -> dict[str, str]:
    listed: dict[str, str] = {}
    for symbol, instrument in venue.market.instruments.items():
        kinds = ("if",) if instrument.is_index else ("sf", "dp")
        listed |= {topic_of(instrument, kind): symbol for kind in kinds}
    return listed

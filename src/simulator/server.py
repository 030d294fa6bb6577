"""The FYERS look-alike as one server: REST, both sockets, symbol files and control on one loopback port.

`run_simulator` is the program; `running_simulator` is the same thing in a thread of the caller's process, for tests and
the demonstration. Everything of FYERS' side happens in one event loop.
"""

import asyncio
import contextlib
import errno
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web
from filelock import FileLock, Timeout

from core.errors import ConfigurationError, StorageError
from core.instants import ist_date, ist_datetime
from core.ports import Calendar
from runtime.atomic_files import write_text
from simulator import data_socket, order_socket
from simulator.control import Control
from simulator.data_socket import DataSocket
from simulator.exchange import Exchange
from simulator.exchange_rules import ExchangeRules
from simulator.faults import Fault, FaultKind, Faults
from simulator.gate import access_gate, fault_gate, refusal_gate
from simulator.generator import GeneratedMarket
from simulator.ledger import FileLedger, Ledger, MemoryLedger
from simulator.market import Market
from simulator.market_rest import MarketApi
from simulator.options import LOCK, TIME_NOTE, Endpoints, SimulatorOptions
from simulator.order_socket import OrderSocket
from simulator.rate_limits import RateLimiter
from simulator.rest import AccountApi
from simulator.signin import SignIn
from simulator.tokens import TokenDesk
from simulator.venue import Venue

T = TypeVar("T")

_NOTE_SECONDS = 1.0
_PATIENCE_SECONDS = 1.0
_THREAD_SECONDS = 30.0
_CHUNK = 1024


class SimulatorServer:
    """One simulator in the running event loop."""

    def __init__(self, options: SimulatorOptions, calendar: Calendar, market: Market | None = None):
        """Build market, books and servers; nothing listens yet. `market` replaces the one the options describe.

        Raises `ConfigurationError` or `DataError` for a tape that cannot be played, `StorageError` for broken books.
        """
        self.options = options
        self.clock = options.clock()
        self.faults = Faults()
        self.desk = TokenDesk(options.credentials, options.account_id, self.clock, options.token_expires_at)
        market = market or _market(options, calendar)
        self._ledger = _ledger(options.state)
        rules = options.rules or ExchangeRules(seed=options.seed)
        exchange = Exchange(market, market.calendar, self._ledger, options.funds, rules)
        self.venue = Venue(market, exchange, self.clock)
        self._runner = web.AppRunner(
            self._application(rules), access_log=None, handle_signals=False, shutdown_timeout=_PATIENCE_SECONDS
        )
        self._port = options.port
        self._site: web.TCPSite | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.faults.when_armed(FaultKind.EXPIRE_TOKENS, lambda _: self.desk.expire_all())
        self.faults.when_armed(FaultKind.REFUSE_CONNECTIONS, self._refuse)

    def _application(self, rules: ExchangeRules) -> web.Application:
        options = self.options
        data = DataSocket(self.venue, self.desk, self.faults, options.most_topics)
        orders = OrderSocket(self.venue, self.desk, self.faults, options.account_id)
        account = AccountApi(self.venue, self.desk, self.faults, options.account_id, rules.intraday_margin_percent)
        limiter = RateLimiter(options.limits) if options.limits is not None else None
        gates = (fault_gate(self.faults, self.clock), refusal_gate, access_gate(self.desk, limiter, self.clock))
        application = web.Application(middlewares=gates)
        control = Control(self.venue, self.desk, self.faults, data, orders)
        for part in (SignIn(self.desk), account, MarketApi(self.venue, self.faults), data, orders, control):
            application.add_routes(part.routes())
        return application

    async def start(self) -> Endpoints:
        """Listen. Raises `ConfigurationError` when the port is taken."""
        await self._runner.setup()
        await self._listen()
        self._keep(self.venue.pump())
        if self.options.state is not None:
            self._keep(self._note_time(self.options.state))
        return self._endpoints()

    async def run(self) -> None:
        """Serve until the market cannot go on."""
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)

    async def stop(self) -> None:
        """Let go of clients, port and books. Raises what stopped the market, if anything did (`StorageError`)."""
        for task in self._tasks:
            task.cancel()
        self.faults.clear()
        await self._runner.cleanup()
        self._ledger.close()
        for ending in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ending, Exception):
                raise ending

    async def _note_time(self, folder: Path) -> None:
        """Write down the market time every second, and once more at the end."""
        try:
            while True:
                self._write_time(folder)
                await asyncio.sleep(_NOTE_SECONDS)
        finally:
            self._write_time(folder)

    def _write_time(self, folder: Path) -> None:
        write_text(folder / TIME_NOTE, json.dumps({"market_time": self.clock.now()}) + "\n")

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._runner, self.options.host, self._port)
        try:
            await self._site.start()
        except OSError as error:
            where = f"{self.options.host}:{self._port}"
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be listened on ({error.strerror})"
            raise ConfigurationError(f"{where} {why}: choose another port, or 0 for a free one") from error
        self._port = self._runner.addresses[0][1]

    def _refuse(self, fault: Fault) -> None:
        self._keep(self._close_the_door(self.clock.pause_seconds(fault.seconds)))

    async def _close_the_door(self, seconds: float) -> None:
        if self._site is not None:
            await self._site.stop()
            await asyncio.sleep(seconds)
            await self._listen()

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.add(asyncio.get_running_loop().create_task(work))

    def _endpoints(self) -> Endpoints:
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        where = f"{host}:{self._port}"
        start = ist_datetime(self.clock.start).isoformat()
        return Endpoints(
            rest=f"http://{where}/api/v3",
            data=f"http://{where}/data",
            data_socket=f"ws://{where}{data_socket.PATH}",
            order_socket=f"ws://{where}{order_socket.PATH}",
            symbol_master=f"http://{where}/sym_details",
            control=f"http://{where}/simulator",
            clock={"start": start, "speed": self.clock.speed, "epoch": self.clock.epoch},
            symbols=tuple(self.venue.market.instruments),
            account=self.options.account_id,
            client_id=self.options.credentials.client_id,
            access_token=self.desk.issue(),
        )


def _ledger(folder: Path | None) -> Ledger:
    if folder is None:
        return MemoryLedger()
    return FileLedger(folder / "books.jsonl")


def _market(options: SimulatorOptions, calendar: Calendar) -> Market:
    if options.tape is None:
        try:
            return GeneratedMarket(calendar, options.seed, options.symbols)
        except ValueError as error:
            raise ConfigurationError(f"simulator symbols: {error}") from error
    from simulator.tape import TapeMarket  # noqa: PLC0415 - reading tapes needs pandas, which starts slowly

    market = TapeMarket.from_file(options.tape, calendar=calendar, seed=options.seed)
    market.require(ist_date(options.clock().now()))
    sys.stderr.write(f"{market.report}\n")
    return market


class RunningSimulator:
    """A simulator in its own thread, as its host program sees it."""

    def __init__(self, server: SimulatorServer, endpoints: Endpoints, loop: asyncio.AbstractEventLoop):
        self.endpoints = endpoints
        self.clock = server.clock
        self._server = server
        self._loop = loop

    def arm(self, kind: FaultKind, **details: Any) -> None:
        """Switch a fault on; `details` are fields of `Fault`. It is on when this returns."""
        self._call(lambda: self._server.faults.arm(Fault(kind=kind, **details)))

    def clear(self, kind: FaultKind | None = None) -> None:
        """Switch off one kind of fault, or all."""
        self._call(lambda: self._server.faults.clear(kind))

    def access_token(self) -> str:
        """A new token, as a fresh sign-in would give."""
        return self._call(self._server.desk.issue)

    def _call(self, work: Callable[[], T]) -> T:
        async def run() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(_THREAD_SECONDS)


@contextlib.contextmanager
def running_simulator(
    options: SimulatorOptions, calendar: Calendar, market: Market | None = None
) -> Iterator[RunningSimulator]:
    """Run a simulator in a thread for the length of a `with` block.

    Raises what `SimulatorServer` and its start raise.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulator", daemon=True)
    thread.start()

    async def start() -> tuple[SimulatorServer, Endpoints]:
        server = SimulatorServer(options, calendar, market)
        return server, await server.start()

    try:
        server, endpoints = asyncio.run_coroutine_threadsafe(start(), loop).result(_THREAD_SECONDS)
        try:
            yield RunningSimulator(server, endpoints, loop)
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(_THREAD_SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_THREAD_SECONDS)
        loop.close()


def run_simulator(options: SimulatorOptions, calendar: Calendar, *, until_input_ends: bool = False) -> None:
    """Run a simulator until SIGTERM or Ctrl-C; prints its endpoints as one JSON line on standard output.

    With `until_input_ends` the end of standard input, a pipe, ends it too. Raises `ConfigurationError`, `DataError` or
    `StorageError` for what cannot be served.
    """
    with _sole_keeper(options.state) if options.state else contextlib.nullcontext():
        asyncio.run(_serve(options, calendar, until_input_ends=until_input_ends))


@contextlib.contextmanager
def _sole_keeper(folder: Path) -> Iterator[None]:
    """Hold the kernel's lock on the books: two simulators that write them would corrupt them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigurationError(f"another simulator keeps its books in {folder}; stop it, or name another") from None
    except OSError as error:
        raise StorageError(f"state folder {folder} cannot be used: {error.strerror}; name another") from error
    try:
        yield
    finally:
        lock.release()


def _watch_input(ended: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), _CHUNK):
        ended.set()


async def _serve(options: SimulatorOptions, calendar: Calendar, *, until_input_ends: bool) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if until_input_ends:
        loop.add_reader(sys.stdin.fileno(), _watch_input, stopped)
    server = SimulatorServer(options, calendar)
    try:
        endpoints = await server.start()
        sys.stdout.write(json.dumps(endpoints.to_json()) + "\n")
        sys.stdout.flush()
        endings = [asyncio.create_task(server.run()), asyncio.create_task(stopped.wait())]
        await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
        for ending in endings:
            ending.cancel()
    finally:
        await server.stop()

"""What comes from outside at any moment: the operator, people in the broker's program, and the machine itself.

Every five seconds each of these has one chance.
"""

from collections.abc import Callable

from core import events
from core.events import Command, SafetyLevel
from core.instants import SECOND, Instant
from core.market import Side
from simulation.broker import SimulatedBroker
from simulation.fates import Fates
from simulation.network import Network
from simulation.plan import FaultKind
from simulation.prices import Prices
from simulation.process import Process
from simulation.setting import SYMBOLS
from simulation.truth import Truth
from simulation.virtual_time import VirtualTime

_K = FaultKind
_EVERY = 5 * SECOND
_RESUMED_AFTER = 30 * SECOND
_COMMANDS = (Command.HALT, Command.FLATTEN, Command.FLATTEN, Command.HALT)


class Hands:
    """All that acts on the bot from outside."""

    def __init__(
        self,
        time: VirtualTime,
        fates: Fates,
        broker: SimulatedBroker,
        network: Network,
        truth: Truth,
        prices: Prices,
        process: Process,
    ) -> None:
        self._time = time
        self._fates = fates
        self._broker = broker
        self._network = network
        self._truth = truth
        self._prices = prices
        self._process = process
        self._commands = 0
        self._raised_at: Instant = 0
        self._deeds: tuple[tuple[FaultKind, Callable[[int], None]], ...] = (
            (_K.TOKEN_DEATH, self._kill_token),
            (_K.ADDRESS_BLOCKED, self._block_address),
            (_K.ORDER_SOCKET_DROP, self._drop_socket),
            (_K.ORDER_SOCKET_STALL, self._stall_socket),
            (_K.FEED_STALL, self._stall_feed),
            (_K.MANUAL_ORDER, self._trade_by_hand),
            (_K.MANUAL_CANCEL, self._cancel_by_hand),
            (_K.BROKER_SQUARE_OFF, self._square_off),
            (_K.CONVERSION, self._convert),
            (_K.GAP_MOVE, self._gap),
            (_K.CIRCUIT_LOCK, self._lock),
            (_K.CLOCK_STEP, self._step_clock),
            (_K.PAUSE, self._pause),
            (_K.COMMAND, self._command),
            (_K.KILL, self._kill),
        )
        time.after(_EVERY, self._look_around)

    def _look_around(self) -> None:
        for kind, deed in self._deeds:
            use = self._fates.strikes(kind)
            if use:
                deed(use)
        self._resume_in_time()
        self._time.after(_EVERY, self._look_around)

    # --- the account --------------------------------------------------------------------------------------------

    def _kill_token(self, use: int) -> None:
        self._network.has_token = False

        def sign_in() -> None:
            self._network.has_token, self._network.token_since = True, self._time.now

        self._time.after(int(self._fates.size(_K.TOKEN_DEATH, use, 10, 70) * SECOND), sign_in)

    def _block_address(self, use: int) -> None:
        self._network.is_address_allowed = False

        def allow() -> None:
            self._network.is_address_allowed = True

        self._time.after(int(self._fates.size(_K.ADDRESS_BLOCKED, use, 3, 45) * SECOND), allow)

    def _trade_by_hand(self, use: int) -> None:
        """Close all, close a part, add, or begin something of one's own."""
        symbol = SYMBOLS[self._fates.choice(_K.MANUAL_ORDER, use, len(SYMBOLS))]
        net = self._truth.net[symbol]
        way = self._fates.size(_K.MANUAL_ORDER, use, 0, 1)
        if not net:
            self._broker.by_hand(symbol, Side.BUY if way < 0.5 else Side.SELL, 10)
            return
        side = Side.SELL if net > 0 else Side.BUY
        quantity = abs(net) if way < 0.5 else max(1, abs(net) // 3)
        self._broker.by_hand(symbol, side if way < 0.8 else side.opposite, quantity)

    def _cancel_by_hand(self, use: int) -> None:
        working = [
            order
            for symbol in SYMBOLS
            for order in (*self._truth.exits[symbol].values(), *self._truth.entries[symbol].values())
        ]
        if working:
            self._broker.cancel(working[self._fates.choice(_K.MANUAL_CANCEL, use, len(working))].broker_id)

    def _square_off(self, _use: int) -> None:
        for symbol in SYMBOLS:
            self._truth.touch(symbol, self._time.now)
        self._broker.square_off()

    def _convert(self, use: int) -> None:
        symbol = SYMBOLS[self._fates.choice(_K.CONVERSION, use, len(SYMBOLS))]
        net = self._truth.net[symbol]
        if net > 0:
            self._truth.touch(symbol, self._time.now)
            self._broker.convert(symbol, net)

    # --- the market ---------------------------------------------------------------------------------------------

    def _gap(self, use: int) -> None:
        symbol = SYMBOLS[self._fates.choice(_K.GAP_MOVE, use, len(SYMBOLS))]
        self._prices.gap(symbol, self._fates.size(_K.GAP_MOVE, use, -0.02, 0.02))

    def _lock(self, use: int) -> None:
        symbol = SYMBOLS[self._fates.choice(_K.CIRCUIT_LOCK, use, len(SYMBOLS))]
        size = self._fates.size(_K.CIRCUIT_LOCK, use, -1, 1)
        if symbol not in self._broker.locked:
            self._prices.lock(symbol, Side.BUY if size > 0 else Side.SELL, 5 + 55 * abs(size))

    # --- the machine --------------------------------------------------------------------------------------------

    def _drop_socket(self, use: int) -> None:
        if self._process.is_alive:
            self._process.socket.drop(self._fates.size(_K.ORDER_SOCKET_DROP, use, 0.5, 15))

    def _stall_socket(self, use: int) -> None:
        if self._process.is_alive:
            self._process.socket.stall(self._fates.size(_K.ORDER_SOCKET_STALL, use, 1, 40))

    def _stall_feed(self, use: int) -> None:
        if self._process.is_alive:
            self._process.prices.stall(self._fates.size(_K.FEED_STALL, use, 1, 30))

    def _step_clock(self, use: int) -> None:
        self._process.wall_offset += int(20 * self._fates.size(_K.CLOCK_STEP, use, -1, 1) ** 3 * SECOND)

    def _pause(self, use: int) -> None:
        if self._process.is_alive and not self._process.stands_still:
            self._process.pause(self._fates.size(_K.PAUSE, use, 0.5, 20))

    def _kill(self, use: int) -> None:
        self._process.die(self._fates.size(_K.KILL, use, 1, 15))

    # --- the operator -------------------------------------------------------------------------------------------

    def _command(self, use: int) -> None:
        self._give(_COMMANDS[self._fates.choice(_K.COMMAND, use, len(_COMMANDS))])

    def _resume_in_time(self) -> None:
        """Lift a latch half a minute after it was seen: the operator is awake, and the session goes on."""
        process = self._process
        if not process.is_alive or process.kernel.state.level is SafetyLevel.RUN:
            self._raised_at = 0
        elif not self._raised_at:
            self._raised_at = self._time.now
        elif self._time.now - self._raised_at >= _RESUMED_AFTER and process.kernel.state.reconciled:
            self._give(Command.RESUME)

    def _give(self, command: Command) -> None:
        self._commands += 1
        key = f"{self._commands}"
        self._process.put(lambda at: events.CommandGiven(at=at, command=command, why="the operator", key=key))

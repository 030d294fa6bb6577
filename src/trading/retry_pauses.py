"""How long a symbol rests after a call that never reached the market.

A broker that refuses the caller refuses every order, and a dead network takes none. Sent again each second, such
orders would use up the day's budget, and then not even a healed account could be left. So each failure in a row
doubles the pause.
"""

from dataclasses import dataclass

from core.instants import SECOND, Instant

LONGEST = 32 * SECOND


@dataclass(frozen=True, slots=True)
class _Pause:
    until: Instant
    failures: int
    is_refusal: bool


class RetryPauses:
    """The pauses of all symbols."""

    def __init__(self) -> None:
        self._pauses: dict[str, _Pause] = {}

    def failed(self, symbol: str, at: Instant, *, is_refusal: bool) -> None:
        """Begin a pause: a second after the first failure, twice the last one after each further."""
        last = self._pauses.get(symbol)
        failures = last.failures + 1 if last else 1
        length = min(SECOND << (failures - 1), LONGEST)
        self._pauses[symbol] = _Pause(at + length, failures, is_refusal)

    def reached(self, symbol: str) -> None:
        """Note that a call came through; whatever was decided about the order itself."""
        self._pauses.pop(symbol, None)

    def broker_answers(self) -> None:
        """End the pauses that stood for a dead network. A caller who was refused is refused still."""
        self._pauses = {symbol: pause for symbol, pause in self._pauses.items() if pause.is_refusal}

    def clear(self) -> None:
        """End all pauses: the caller is another one now."""
        self._pauses.clear()

    def until(self, symbol: str) -> Instant:
        """Return when a symbol may be tried again; 0 when at any time."""
        pause = self._pauses.get(symbol)
        return pause.until if pause else 0

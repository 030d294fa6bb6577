"""The loss of a day whose log is gone: were it forgotten, the new log would allow the whole loss limit once more.

Own orders stand in the broker's book under their tags, whoever remembers them. What they came to is counted once, at
the first agreement with the books; a profit is not, because a limit that is too early costs less than one too late.
"""

from collections import defaultdict

from core import events
from core.charges import ChargeRates, charges_for
from core.events import Decision, LossRestored
from core.orders import OrderReport
from core.rules import TradingRules
from core.state import BotState
from core.tags import is_ours


class LostLog:
    """Counts what our own orders came to that the log does not know."""

    def __init__(self, rules: TradingRules) -> None:
        self._rules = rules

    def decide(self, state: BotState, event: events.Event) -> list[Decision]:
        """Return the loss to count when the books first agree in a day."""
        if not isinstance(event, events.Reconciled) or state.books is None or state.loss_restored:
            return []
        lost = [
            report
            for report in state.books.orders
            if report.filled and report.tag not in state.orders and is_ours(report.tag)
        ]
        result = result_of(lost, self._rules.charges)
        if result >= 0:
            return []
        why = f"{len(lost)} orders of the bot that its log does not know lost {-result / 100:.2f} rupees today"
        return [LossRestored(at=event.at, amount=result, why=why)]


def result_of(reports: list[OrderReport], rates: ChargeRates) -> int:
    """Return what filled orders came to, in units: what each closed against the average it was opened at, and charges.

    Orders are taken in the order of their ids, which the broker counts up through the day; what is open still counts
    for its charges only.
    """
    held: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))  # signed quantity and what it was opened for
    result = 0
    for report in sorted(reports, key=lambda report: (len(report.broker_id), report.broker_id)):
        result -= charges_for(report.side, report.filled_value, rates).total
        quantity, value = held[report.symbol]
        signed = report.side.value * report.filled
        closed = min(abs(quantity), report.filled) if quantity * signed < 0 else 0
        if closed:
            opened_for = value * closed // abs(quantity)
            result += report.side.opposite.value * (report.filled_value * closed // report.filled - opened_for)
            quantity, value = quantity + report.side.value * closed, value - opened_for
        opened = report.filled - closed
        held[report.symbol] = (
            quantity + report.side.value * opened,
            value + report.filled_value * opened // report.filled,
        )
    return result

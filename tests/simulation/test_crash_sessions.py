"""The sessions that are crashed everywhere are short: they must still hold all that a crash can interrupt."""

from collections import Counter

from core import events
from core.orders import OutcomeKind, Purpose
from simulation.campaign import CRASH_MINUTES
from simulation.plan import Plan
from simulation.session import Session

SESSIONS = 10


def test_ten_of_them_have_entries_stops_exits_and_orders_of_unknown_fate():
    seen: Counter[object] = Counter()
    writes = []
    for seed in range(1, 1 + SESSIONS):
        session = Session(Plan(seed, CRASH_MINUTES), None)
        writes.append(session.play().writes)
        for event in session.disk.read():
            match event:
                case events.OrderIntended(intent=intent):
                    seen[intent.purpose] += 1
                case events.OutcomeArrived(outcome=outcome):
                    seen[outcome.kind] += 1
                case events.ExitDecided() | events.ChangeIntended() | events.TradeClosed():
                    seen[type(event)] += 1
                case _:
                    pass
    assert all(150 <= each <= 300 for each in writes)
    assert min(seen[Purpose.ENTRY], seen[Purpose.STOP], seen[events.ExitDecided], seen[events.TradeClosed]) >= 40
    assert seen[events.ChangeIntended] >= 20
    assert min(seen[OutcomeKind.UNKNOWN], seen[OutcomeKind.NOT_SENT], seen[OutcomeKind.REJECTED]) >= 3

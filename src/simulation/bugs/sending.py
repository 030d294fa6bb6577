"""Bugs in sending: what an answer means, what is written before it leaves, and whose number an order has."""

from simulation.plan import FaultKind
from simulation.planted_bugs import PlantedBug

_LOST_ANSWERS = frozenset({FaultKind.RESPONSE_LOST, FaultKind.RESPONSE_SLOW, FaultKind.REQUEST_LATE})
_ODD_ANSWERS = frozenset({FaultKind.RESPONSE_5XX, FaultKind.RESPONSE_HTML, FaultKind.RESPONSE_TRUNCATED})

BUGS = (
    PlantedBug(
        name="resend_on_unknown",
        module="core.order_states",
        old='_LIVE = frozenset({"sent", "unknown", ',
        new='_LIVE = frozenset({"sent", ',
        why="An order without an answer counts as gone, so that the next one is sent beside it.",
        exposed_by=_LOST_ANSWERS,
    ),
    PlantedBug(
        name="time_out_is_not_sent",
        module="trading.order_outcomes",
        old="""        case Failure(reason=reason):
            return Outcome(kind=OutcomeKind.UNKNOWN""",
        new="""        case Failure(reason=reason):
            return Outcome(kind=OutcomeKind.NOT_SENT""",
        why="A call that failed is taken for one that did nothing.",
        exposed_by=_LOST_ANSWERS,
    ),
    PlantedBug(
        name="gateway_error_is_a_refusal",
        module="trading.order_outcomes",
        old="""    if answer.status >= 500:
        return _unknown(answer, reply)
""",
        new="""    if answer.status >= 500:
        return Outcome(kind=OutcomeKind.REJECTED, rejection=RejectionKind.ORDER, message=reply.message)
""",
        why="A 5xx is read as the broker's no, although the order may rest in its book.",
        exposed_by=frozenset({FaultKind.RESPONSE_5XX}),
    ),
    PlantedBug(
        name="unreadable_answer_is_a_refusal",
        module="trading.order_outcomes",
        old="""    except DataError as error:
        return Outcome(kind=OutcomeKind.UNKNOWN, message""",
        new="""    except DataError as error:
        return Outcome(kind=OutcomeKind.REJECTED, rejection=RejectionKind.ORDER, message""",
        why="An answer that is no JSON is taken for an error page, and an error page for a refusal.",
        exposed_by=_ODD_ANSWERS,
    ),
    PlantedBug(
        name="not_acknowledged_is_acknowledged",
        module="trading.order_outcomes",
        old="_SUCCESS_CODES = frozenset({200, 1101,",
        new="_SUCCESS_CODES = frozenset({200, 201, 1101,",
        why="Code 201 looks like HTTP's 201 Created; FYERS means that nobody has confirmed the order.",
        exposed_by=frozenset({FaultKind.NOT_ACKNOWLEDGED}),
    ),
    PlantedBug(
        name="refused_is_working",
        module="core.order_states",
        old="OutcomeKind.REJECTED: OrderNews.REFUSED,",
        new="OutcomeKind.REJECTED: OrderNews.ACKED,",
        why="Any answer of the broker is taken for one that accepts: 429 and a refused stop leave a position bare.",
        exposed_by=frozenset({FaultKind.RATE_LIMITED, FaultKind.REJECT_STOP, FaultKind.REJECT_MARGIN}),
    ),
    PlantedBug(
        name="acts_before_it_writes",
        module="trading.writer",
        old="""        try:
            self._tape.write()
            self._log.append(""",
        new="""        for effect in step.effects:
            self._act(effect)
        try:
            self._tape.write()
            self._log.append(""",
        why="The order leaves before its intent is on the disk (and once more after it).",
        exposed_by=frozenset({FaultKind.KILL, FaultKind.DISK_FULL}),
    ),
    PlantedBug(
        name="sends_although_the_disk_is_full",
        module="trading.writer",
        old="""stops rest at the broker: %s", error)
            raise
""",
        new="""stops rest at the broker: %s", error)
""",
        why="An error while logging is logged, and trading goes on without a log.",
        exposed_by=frozenset({FaultKind.DISK_FULL}),
    ),
    PlantedBug(
        name="tag_without_boot",
        module="core.tags",
        old="{_base32(boot, 3)}",
        new="{_base32(0, 3)}",
        why="Order numbers begin anew at every start, so that a restart gives a tag a second time.",
        exposed_by=frozenset({FaultKind.KILL}),
    ),
    PlantedBug(
        name="rate_counters_reset_at_boot",
        module="trading.rate_budget",
        old="list(self._journal.calls(today)) if self._journal is not None else []",
        new="[]",
        why="A crash loop begins with an empty budget each time and breaks the broker's limit.",
        exposed_by=frozenset({FaultKind.KILL, FaultKind.DISK_FULL}),
    ),
    PlantedBug(
        name="budget_counts_answers_only",
        module="trading.rate_budget",
        old="                self._minute.add(steady)\n",
        new="",
        why="The window of a minute is never filled, so that it never closes.",
        exposed_by=frozenset({FaultKind.NO_FILL, FaultKind.CIRCUIT_LOCK, FaultKind.REQUEST_REFUSED}),
    ),
)

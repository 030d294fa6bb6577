"""What became of a call that changes orders. The one table on which "never send an order twice" rests.

Only a refusal in words that we decoded ourselves, or for the number of calls, proves that the broker does not have the
order. Everything else that is not a clean success is UNKNOWN, and the books decide.
"""

from core.errors import DataError
from core.orders import Outcome, OutcomeKind, RejectionKind
from trading.answers import Answer, CallResult, Failure, json_object
from trading.broker_row import plain_text
from trading.fyers_reply import Reply, reply_from

AUTHENTICATION_CODES = frozenset({-8, -15, -16, -17})
RATE_CODES = frozenset({429, -429})
_FORBIDDEN_CODES = frozenset({-373, -403})
_FORBIDDEN_WORDS = ("whitelisted ip", "not allowed from this app")
_SUCCESS_CODES = frozenset({200, 1101, 1102, 1103})
_NOT_ACKNOWLEDGED = 201
_GATEWAY_GAVE_UP = 408
_TOO_MANY = 429


def outcome_of(result: CallResult, names_order: bool = True) -> Outcome:
    """Classify the answer to an order verb. A success must carry the order's id where the verb `names_order`."""
    match result:
        case Failure(sent=False, reason=reason):
            return Outcome(kind=OutcomeKind.NOT_SENT, message=plain_text(reason))
        case Failure(reason=reason):
            return Outcome(kind=OutcomeKind.UNKNOWN, message=plain_text(reason))
        case Answer() as answer:
            return _outcome_of_answer(answer, names_order)


def _outcome_of_answer(answer: Answer, names_order: bool) -> Outcome:
    if answer.status == _TOO_MANY:
        return _throttled(answer)
    try:
        reply = reply_from(json_object(answer))
    except DataError as error:
        return Outcome(kind=OutcomeKind.UNKNOWN, message=plain_text(str(error)))
    if answer.status >= 500:
        return _unknown(answer, reply)
    rejection = rejection_kind(answer.status, reply)
    if rejection is not None:
        return Outcome(
            kind=OutcomeKind.REJECTED,
            rejection=rejection,
            broker_id=reply.broker_id,
            code=reply.code,
            message=reply.message,
        )
    if _is_acknowledged(answer, reply, names_order):
        return Outcome(kind=OutcomeKind.ACK, broker_id=reply.broker_id, code=reply.code, message=reply.message)
    return _unknown(answer, reply)


def _throttled(answer: Answer) -> Outcome:
    """Too many calls: said before anybody looked at the order, mostly by a page of the gateway's, so in any words."""
    try:
        reply = reply_from(json_object(answer))
    except DataError as error:
        reply = Reply(word="", code=0, message=plain_text(str(error)), broker_id="")
    return Outcome(
        kind=OutcomeKind.REJECTED,
        rejection=RejectionKind.RATE,
        broker_id=reply.broker_id,
        code=reply.code,
        message=reply.message,
    )


def rejection_kind(status: int, reply: Reply) -> RejectionKind | None:
    """Say how a decoded answer refuses, or None when it is no proof of a refusal.

    The address that is not whitelisted has been seen as HTTP 400 with code -50 and only its words to tell it by.
    """
    if status == 401 or reply.code in AUTHENTICATION_CODES:
        return RejectionKind.AUTHENTICATION
    if status == _TOO_MANY or reply.code in RATE_CODES:
        return RejectionKind.RATE
    if status == 403 or reply.code in _FORBIDDEN_CODES:
        return RejectionKind.FORBIDDEN
    # FYERS documents the words of a refusal, not its HTTP status; the words are the proof. A 4xx with them needs no
    # code of FYERS' own, but for 408: there a gateway gave up waiting for whoever has the order.
    is_refused = 400 <= status < 500 and status != _GATEWAY_GAVE_UP
    if reply.word != "error" or not (is_refused or (200 <= status < 300 and reply.code < 0)):
        return None
    if any(words in reply.message.lower() for words in _FORBIDDEN_WORDS):
        return RejectionKind.FORBIDDEN
    return RejectionKind.ORDER


def _is_acknowledged(answer: Answer, reply: Reply, names_order: bool) -> bool:
    succeeded = 200 <= answer.status < 300 and reply.word == "ok" and reply.code in _SUCCESS_CODES
    return succeeded and bool(reply.broker_id or not names_order)


def _unknown(answer: Answer, reply: Reply) -> Outcome:
    why = "sent, not acknowledged" if reply.code == _NOT_ACKNOWLEDGED else "no proof of success or refusal"
    return Outcome(
        kind=OutcomeKind.UNKNOWN,
        broker_id=reply.broker_id,
        code=reply.code,
        message=plain_text(f"HTTP {answer.status}, {why}: {reply.message}"),
    )

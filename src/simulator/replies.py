"""FYERS' envelope around every JSON answer, and the exception with which a handler refuses a call."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from aiohttp import web

from simulator.books import Reply

BAD_PARAMETER = -50
REJECTED = -99
BAD_SYMBOL = -300
BAD_APP = -352
BAD_AUTH_CODE = -437


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error of the simulator
    """A call FYERS would refuse: HTTP status, code, words, headers, and what else the body carries."""

    def __init__(
        self, status: int, code: int, message: str, *, headers: Mapping[str, str] = MappingProxyType({}), **extra: Any
    ):
        super().__init__(message)
        self._status = status
        self._headers = headers
        self._body = {"s": "error", "code": code, "message": message, **extra}

    def response(self) -> web.Response:
        """The refusal as it goes out."""
        return web.json_response(self._body, status=self._status, headers=self._headers)


def bad_parameter(name: str, why: str) -> Refusal:
    """The refusal of an order call whose body has a wrong field."""
    return Refusal(400, BAD_PARAMETER, f"{name}: {why}")


def answer(code: int = 200, message: str = "", **payload: Any) -> web.Response:
    """A successful answer."""
    return web.json_response({"s": "ok", "code": code, "message": message, **payload})


def exchange_answer(reply: Reply) -> web.Response:
    """The exchange's reply to an order call. Raises `Refusal` for a no, with the order's id if the book has it."""
    named: dict[str, Any] = {"id": reply.broker_id} if reply.broker_id else {}
    if not reply.ok:
        raise Refusal(400, reply.code, reply.message, **named)
    return answer(reply.code, reply.message, **named)

"""What stands between the network and the handlers: armed faults, the token check and the rate limits."""

import asyncio
import math

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from core.ports import Clock
from simulator.faults import Fault, FaultKind, Faults
from simulator.rate_limits import RateLimiter
from simulator.replies import Refusal
from simulator.tokens import TokenDesk, TokenState

_BROKER_PATHS = ("/api/v3", "/data", "/hsm", "/trade", "/sym_details")
_OPEN_PATHS = ("generate-authcode", "validate-authcode", "validate-refresh-token")
_PRICE_PATHS = ("/data/quotes", "/data/depth", "/data/marketStatus")
_ORDER_PATHS = ("/api/v3/orders", "/api/v3/positions", "/api/v3/multiorder")
_SOCKET_PATHS = ("/hsm", "/trade")

_BEFORE = (FaultKind.HTTP_500, FaultKind.HTTP_502, FaultKind.HTTP_429, FaultKind.HANG, FaultKind.HTML_BODY)
_BROKEN_ANSWERS = (*_BEFORE, FaultKind.TRUNCATED_BODY, FaultKind.LOST_REQUEST, FaultKind.LOST_ANSWER)
_PAGE = "<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>"


@web.middleware
async def refusal_gate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn a refusal into its answer; a path or method that is not served is one too."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return refusal.response()
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as missing:
        return Refusal(missing.status, missing.status, missing.reason).response()


def fault_gate(faults: Faults, clock: Clock) -> Middleware:
    """Make the middleware that plays the armed faults on the broker's paths."""

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(_BROKER_PATHS):
            return await handler(request)
        if request.path.startswith(_SOCKET_PATHS):
            delay = faults.strike(FaultKind.HANDSHAKE_DELAY, path=request.path)
            if delay is not None:
                await asyncio.sleep(clock.pause_seconds(delay.seconds))
        fault = faults.strike(*_BROKEN_ANSWERS, path=request.path, method=request.method)
        if fault is None:
            return await handler(request)
        return await _play(fault, request, handler, faults)

    return gate


async def _play(fault: Fault, request: web.Request, handler: Handler, faults: Faults) -> web.StreamResponse:
    if fault.carried_out or fault.kind in {FaultKind.TRUNCATED_BODY, FaultKind.LOST_ANSWER}:
        response = await handler(request)
    else:
        response = web.Response()
    match fault.kind:
        case FaultKind.HTTP_500:
            return web.json_response({"s": "error", "code": 500, "message": "Internal server error"}, status=500)
        case FaultKind.HTTP_502:
            return _page(502, "502 Bad Gateway")
        case FaultKind.HTTP_429:
            return too_many_calls(request.path, 1.0).response()
        case FaultKind.HANG:
            await faults.calm()
            _reset(request)
        case FaultKind.HTML_BODY:
            return _page(200, "Scheduled maintenance")
        case FaultKind.TRUNCATED_BODY:
            return await _truncated(request, response)
        case _:
            _reset(request)
    return response


def _page(status: int, title: str) -> web.Response:
    return web.Response(status=status, content_type="text/html", text=_PAGE.format(title=title))


def _reset(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _truncated(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    body = whole.body if isinstance(whole, web.Response) and isinstance(whole.body, bytes) else b'{"s":"ok"}'
    half = web.StreamResponse(status=whole.status, headers={"Content-Type": "application/json; charset=utf-8"})
    half.content_length = len(body)
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return half


def access_gate(desk: TokenDesk, limiter: RateLimiter | None, clock: Clock) -> Middleware:
    """Make the middleware that asks every REST call for its token and counts it."""

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(("/api/v3", "/data")) or request.path.endswith(_OPEN_PATHS):
            return await handler(request)
        header = request.headers.get("Authorization", "")
        # The SDK asks for socket tokens with the bare token.
        bare = request.path == "/data/symbol-token" and ":" not in header
        state = desk.check(header) if bare else desk.check_header(header)
        if state is not TokenState.VALID:
            raise _unauthorised(state, request.path)
        wait = limiter.admit(clock.now()) if limiter is not None else 0
        if wait:
            raise too_many_calls(request.path, wait)
        return await handler(request)

    return gate


def _unauthorised(state: TokenState, path: str) -> Refusal:
    if state is TokenState.EXPIRED:
        return Refusal(401, -8, "Your token has expired. Please generate a token")
    if path.startswith(_PRICE_PATHS):
        return Refusal(401, -15, "Please provide valid token")
    if path.endswith("/logout"):
        return Refusal(401, -16, "Token is Invalid or Expired")
    return Refusal(401, -16, "Could not authenticate the user")


def too_many_calls(path: str, wait_seconds: float) -> Refusal:
    """The refusal of a call above the limits; order calls say when to come back."""
    code = -429 if path.startswith("/api/v3") else 429
    headers = {}
    if path.startswith(_ORDER_PATHS):
        milliseconds = math.ceil(wait_seconds * 1000)
        headers = {"Retry-After": str(math.ceil(wait_seconds)), "X-Retry-After-Ms": str(milliseconds)}
    return Refusal(429, code, "request limit reached", headers=headers)

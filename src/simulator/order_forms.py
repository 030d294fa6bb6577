"""Reads the bodies of order calls: a field that is missing or cannot be read is refused with -50 and its name.

So is a field that the look-alike does not know, lest a misspelt one pass unseen. Whether a readable order makes sense
is the exchange's business.
"""

import json
from collections.abc import Callable, Collection, Iterable
from enum import Enum
from typing import Any, TypeVar

from aiohttp import web

from core.market import Instrument, Side
from core.orders import OrderType, Product, Validity
from simulator.books import ConvertRequest, ExitRequest, ModifyRequest, PlaceRequest
from simulator.replies import BAD_PARAMETER, BAD_SYMBOL, Refusal, bad_parameter
from simulator.rows import Json

_Choice = TypeVar("_Choice", bound=Enum)
_Item = TypeVar("_Item", int, str)

_PLACE_FIELDS = frozenset(
    {"symbol", "qty", "type", "side", "productType", "limitPrice", "stopPrice", "validity", "disclosedQty"}
    | {"offlineOrder", "orderTag", "isSliceOrder", "takeProfit", "stopLoss", "legType"}
)
_MODIFY_FIELDS = frozenset({"id", "type", "limitPrice", "stopPrice", "qty", "disclosedQty", "offlineOrder", "side"})
_EXIT_FIELDS = frozenset({"exit_all", "id", "segment", "side", "productType", "pending_orders_cancel"})
_CONVERT_FIELDS = frozenset({"symbol", "positionSide", "convertQty", "convertFrom", "convertTo", "overnight"})
_FOR_LATER = ("isSliceOrder", "takeProfit", "stopLoss")
_CONVERTIBLE = frozenset({Product.INTRADAY.value, Product.CNC.value, Product.MARGIN.value})


async def read_json(request: web.Request) -> Any:
    """The body of a request. Raises `Refusal` when it is not JSON."""
    try:
        return json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise Refusal(400, BAD_PARAMETER, "Invalid input: the body is not JSON") from error


def place_request(body: Json, find: Callable[[str], Instrument | None], client_id: str) -> PlaceRequest:
    """Read the body of a new order. Raises `Refusal`."""
    _only(body, _PLACE_FIELDS)
    for name in _FOR_LATER:
        if body.get(name):
            raise bad_parameter(name, "not supported by the simulator")
    instrument = known_instrument(body.get("symbol"), find)
    return PlaceRequest(
        symbol=instrument.symbol,
        side=_choice(body, "side", Side),
        type=_choice(body, "type", OrderType),
        quantity=_whole(body, "qty"),
        limit_price=_price(body, "limitPrice", instrument),
        trigger_price=_price(body, "stopPrice", instrument),
        product=_choice(body, "productType", Product).value,
        validity=_choice(body, "validity", Validity),
        tag=_tag(body, client_id),
        disclosed=_whole({"disclosedQty": 0} | body, "disclosedQty", least=0),
        offline=_flag(body, "offlineOrder"),
    )


def modify_request(body: Json, instrument_of_order: Callable[[str], Instrument | None]) -> ModifyRequest:
    """Read the body of a change; an absent field stays as it is. Raises `Refusal`."""
    _only(body, _MODIFY_FIELDS)
    broker_id = order_id(body)
    if body.get("disclosedQty"):
        raise bad_parameter("disclosedQty", "cannot be changed in the simulator")
    instrument = instrument_of_order(broker_id)
    if instrument is None:
        return ModifyRequest(broker_id=broker_id)
    return ModifyRequest(
        broker_id=broker_id,
        type=_choice(body, "type", OrderType) if "type" in body else None,
        quantity=_whole(body, "qty") if "qty" in body else None,
        limit_price=_price(body, "limitPrice", instrument) if "limitPrice" in body else None,
        trigger_price=_price(body, "stopPrice", instrument) if "stopPrice" in body else None,
    )


def order_id(body: Json) -> str:
    """The id of an order call. Raises `Refusal` when it is missing."""
    broker_id = body.get("id")
    if not isinstance(broker_id, str) or not broker_id:
        raise bad_parameter("id", "Please provide a valid order id")
    return broker_id


def exit_request(body: Json) -> ExitRequest:
    """Read which positions to close; no filter at all means every one, as at FYERS. Raises `Refusal`."""
    _only(body, _EXIT_FIELDS)
    return ExitRequest(
        ids=tuple(_listed(body, "id", str)),
        segments=tuple(_listed(body, "segment", int)),
        sides=tuple(_listed(body, "side", int)),
        products=tuple(_listed(body, "productType", str)),
        cancel_pending=_flag(body, "pending_orders_cancel"),
    )


def convert_request(body: Json, find: Callable[[str], Instrument | None]) -> ConvertRequest:
    """Read a conversion; `symbol` is a ticker or a position id. Raises `Refusal`."""
    _only(body, _CONVERT_FIELDS)
    for name in ("convertFrom", "convertTo"):
        if body.get(name) not in _CONVERTIBLE:
            raise bad_parameter(name, f"must be one of {', '.join(sorted(_CONVERTIBLE))}")
    symbol = str(body.get("symbol", "")).removesuffix(f"-{body['convertFrom']}")
    return ConvertRequest(
        symbol=known_instrument(symbol, find).symbol,
        side=_choice(body, "positionSide", Side),
        quantity=_whole(body, "convertQty"),
        product_from=body["convertFrom"],
        product_to=body["convertTo"],
    )


def known_instrument(symbol: object, find: Callable[[str], Instrument | None], status: int = 400) -> Instrument:
    """The contract of a ticker. Raises `Refusal` with -300."""
    instrument = find(symbol) if isinstance(symbol, str) else None
    if instrument is None:
        raise Refusal(status, BAD_SYMBOL, "Invalid symbol provided")
    return instrument


def _only(body: object, known: Collection[str]) -> None:
    if not isinstance(body, dict):
        raise Refusal(400, BAD_PARAMETER, "Invalid input: the body is not an object")
    for name in body:
        if name not in known:
            raise bad_parameter(name, "Unknown parameter")


def _choice(body: Json, name: str, kind: type[_Choice]) -> _Choice:
    try:
        return kind(body.get(name))
    except ValueError as error:
        raise bad_parameter(name, f"Please provide a valid value, not {body.get(name)!r}") from error


def _whole(body: Json, name: str, least: int = 1) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise bad_parameter(name, f"Please provide a whole number of at least {least}, not {value!r}")
    return value


def _flag(body: Json, name: str) -> bool:
    value = body.get(name, False)
    if value not in {True, False}:
        raise bad_parameter(name, f"must be true or false, not {value!r}")
    return bool(value)


def _price(body: Json, name: str, instrument: Instrument) -> int:
    value = body.get(name, 0)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 10_000_000:
        raise bad_parameter(name, f"Please provide a valid price, not {value!r}")
    units = instrument.units(value)
    if abs(instrument.rupees(units) - value) > 1e-6:
        raise bad_parameter(name, f"{value} is not a multiple of the tick size {instrument.rupees(instrument.tick)}")
    return units


def _tag(body: Json, client_id: str) -> str:
    tag = body.get("orderTag", "")
    if not isinstance(tag, str) or (tag and tag.lower() in {"untagged", client_id.lower()}):
        raise bad_parameter("orderTag", f"{tag!r} is not allowed")
    return tag


def _listed(body: Json, name: str, kind: type[_Item]) -> Iterable[_Item]:
    value = body.get(name, [])
    items = value if isinstance(value, list) else [value]
    for item in items:
        if not isinstance(item, kind):
            raise bad_parameter(name, f"Please provide a valid value, not {item!r}")
        yield item

"""A program as FYERS' users write it: the unmodified SDK's sockets, pointed at a simulator. Prints what it heard.

It is a process of its own because the SDK's sockets are singletons with threads that never end.

    python sdk_socket_program.py full|lite|depth|orders ENDPOINTS_JSON LOG_FOLDER
"""

import json
import os
import sys
import threading
from typing import Any

from fyers_apiv3 import fyersModel
from fyers_apiv3.FyersWebsocket import data_ws, defines, order_ws

SHARES = ["NSE:SBIN-EQ", "NSE:INFY-EQ"]
INDEX = "NSE:NIFTY50-INDEX"
LONGEST_SECONDS = 20
heard: list[Any] = []
enough = threading.Event()


def listen(endpoints: dict[str, Any], folder: str, kind: str, symbols: list[str], lite: bool) -> None:
    """Collect data until there are thirty ticks, then pause, resume, unsubscribe."""

    def hear(message: dict[str, Any]) -> None:
        heard.append(message)
        if sum("ltp" in known or "bid_price1" in known for known in heard) >= 30:
            enough.set()

    socket = data_ws.FyersDataSocket(
        access_token=endpoints["access_token"],
        log_path=folder,
        litemode=lite,
        reconnect=False,
        on_message=hear,
        on_error=heard.append,
        on_connect=lambda: socket.subscribe(symbols=symbols, data_type=kind),
    )
    socket._FyersDataSocket__url = endpoints["data_socket"]
    socket.connect()
    enough.wait(LONGEST_SECONDS)
    socket.unsubscribe(symbols=symbols, data_type=kind)
    socket.channel_resume(12)
    threading.Event().wait(1)


def trade(endpoints: dict[str, Any], folder: str) -> None:
    """Place one order and collect what the order socket says of it."""

    def hear(message: dict[str, Any]) -> None:
        heard.append(message)
        if any("positions" in known for known in heard):
            enough.set()

    def place() -> None:
        socket.subscribe(data_type="OnOrders,OnTrades,OnPositions,OnGeneral")
        threading.Event().wait(0.5)
        model = fyersModel.FyersModel(
            client_id=endpoints["client_id"], token=endpoints["access_token"], log_path=folder
        )
        order = {"symbol": SHARES[0], "qty": 3, "type": 2, "side": 1, "productType": "INTRADAY", "limitPrice": 0}
        order |= {"stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": False, "orderTag": "socket1"}
        heard.append({"placed": model.place_order(order)})

    socket = order_ws.FyersOrderSocket(
        access_token=f"{endpoints['client_id']}:{endpoints['access_token']}",
        log_path=folder,
        reconnect=False,
        on_connect=place,
        on_orders=hear,
        on_trades=hear,
        on_positions=hear,
        on_general=hear,
        on_error=heard.append,
    )
    socket._FyersOrderSocket__url = endpoints["order_socket"]
    socket.connect()
    enough.wait(LONGEST_SECONDS)


def main() -> None:
    """Point the SDK at the simulator, run one part, print, and leave without waiting for the SDK's threads."""
    part, text, folder = sys.argv[1:]
    endpoints = json.loads(text)
    fyersModel.Config.API, fyersModel.Config.DATA_API = endpoints["rest"], endpoints["data"]
    defines.INDEX_HSM_MAPPING_API = f"{endpoints['symbol_master']}/index_hsm_mapping.json"
    conversion = data_ws.SymbolConversion.__init__

    def convert_here(self: Any, *arguments: Any) -> None:
        conversion(self, *arguments)
        self.symbols_token_api = f"{endpoints['data']}/symbol-token"

    data_ws.SymbolConversion.__init__ = convert_here
    match part:
        case "full":
            listen(endpoints, folder, "SymbolUpdate", [*SHARES, INDEX, "NSE:NOPE-EQ"], lite=False)
        case "lite":
            listen(endpoints, folder, "SymbolUpdate", [*SHARES, INDEX], lite=True)
        case "depth":
            listen(endpoints, folder, "DepthUpdate", SHARES, lite=False)
        case "orders":
            trade(endpoints, folder)
    print(json.dumps({"heard": heard}, default=repr), flush=True)
    os._exit(0)


main()

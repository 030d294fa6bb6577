"""The account's calls, over HTTP."""

from simulator.server import RunningSimulator

SBIN = "NSE:SBIN-EQ"


def row_of(program, order_id):
    (row,) = program.call("GET", "/api/v3/orders", id=order_id).body["orderBook"]
    return row


def position_of(program, product):
    rows = program.call("GET", "/api/v3/positions").body["netPositions"]
    return next((row for row in rows if row["id"] == f"{SBIN}-{product}"), None)


def resting_buy(program, **changes):
    limit = round(program.last_price() * 0.95)
    reply = program.place(type=1, limitPrice=limit, **changes)
    assert reply.body["code"] == 1101
    return reply.body["id"], limit


def test_the_profile_names_the_account(program) -> None:
    answer = program.call("GET", "/api/v3/profile")
    assert (answer.status, answer.body["s"], answer.body["data"]["fy_id"]) == (200, "ok", "SIM0001")


def test_the_funds_are_ten_rows_in_rupees(program) -> None:
    rows = program.call("GET", "/api/v3/funds").body["fund_limit"]
    assert [row["id"] for row in rows] == list(range(1, 11))
    by_title = {row["title"]: row["equityAmount"] for row in rows}
    assert by_title["Limit at start of the day"] == 500_000.0
    assert by_title["Available Balance"] <= by_title["Total Balance"]


def test_a_new_account_holds_nothing(program) -> None:
    body = program.call("GET", "/api/v3/holdings").body
    assert body["holdings"] == []
    assert body["overall"]["count_total"] == 0


def test_a_market_order_is_filled_and_stands_in_all_three_books(program) -> None:
    reply = program.place(qty=3, orderTag="bot7f3a91")
    assert (reply.status, reply.body["s"], reply.body["code"]) == (200, "ok", 1101)
    order_id = reply.body["id"]
    assert reply.body["message"].endswith(order_id)
    order = row_of(program, order_id)
    assert (order["status"], order["filledQty"], order["remainingQuantity"]) == (2, 3, 0)
    assert (order["orderTag"], order["source"]) == ("1:bot7f3a91", "ITS")
    trades = program.call("GET", "/api/v3/tradebook", order_tag="1:bot7f3a91").body["tradeBook"]
    assert sum(trade["tradedQty"] for trade in trades) == 3
    assert {trade["orderNumber"] for trade in trades} == {order_id}
    assert position_of(program, "INTRADAY")["netQty"] >= 3


def test_orders_are_found_by_their_prefixed_tag_alone(program) -> None:
    order_id, _ = resting_buy(program, orderTag="needle1")
    found = program.call("GET", "/api/v3/orders", order_tag="1:needle1").body["orderBook"]
    assert [row["id"] for row in found] == [order_id]
    assert program.call("GET", "/api/v3/orders", order_tag="needle1").body["orderBook"] == []


def test_a_resting_order_is_changed_and_cancelled(program) -> None:
    order_id, limit = resting_buy(program)
    change = {"id": order_id, "limitPrice": limit + 1, "qty": 2}
    assert program.call("PATCH", "/api/v3/orders/sync", change).body["code"] == 1102
    row = row_of(program, order_id)
    assert (row["limitPrice"], row["qty"], row["status"]) == (limit + 1, 2, 6)
    assert program.call("DELETE", "/api/v3/orders/sync", {"id": order_id}).body["code"] == 1103
    assert row_of(program, order_id)["status"] == 1
    again = program.call("DELETE", "/api/v3/orders/sync", {"id": order_id})
    assert (again.status, again.body["s"]) == (400, "error")


def test_an_order_is_cancelled_by_its_id_in_the_path(program) -> None:
    order_id, _ = resting_buy(program)
    assert program.call("DELETE", f"/api/v3/orders/{order_id}/sync").body["code"] == 1103


def test_an_unknown_order_id_is_refused_with_its_own_code(program) -> None:
    for method in ("PATCH", "DELETE"):
        answer = program.call(method, "/api/v3/orders/sync", {"id": "26010699999999"})
        assert (answer.status, answer.body["code"]) == (400, -51)


def test_stops_rest_on_the_far_side_of_the_price_only(program) -> None:
    price = round(program.last_price())
    stop = program.place(type=3, side=-1, stopPrice=price - 20)
    limit = program.place(type=4, side=-1, stopPrice=price - 20, limitPrice=price - 22)
    assert [reply.body["code"] for reply in (stop, limit)] == [1101, 1101]
    assert row_of(program, stop.body["id"])["status"] == 6
    through = program.place(type=3, side=-1, stopPrice=price + 20)
    assert (through.status, through.body["code"]) == (400, -99)
    assert "rigger" in through.body["message"]
    assert row_of(program, through.body["id"])["status"] == 5


def test_an_order_beyond_the_margin_is_rejected_into_the_book(program) -> None:
    answer = program.place(qty=20_000)
    assert (answer.status, answer.body["code"]) == (400, -99)
    assert "argin" in answer.body["message"]


def test_a_body_that_is_not_json_or_misspells_a_field_is_refused(program) -> None:
    assert program.place(quantity=1).body["message"].startswith("quantity: ")
    answer = program.call("POST", "/api/v3/orders/sync", "just text")
    assert (answer.status, answer.body["code"]) == (400, -50)


def test_a_position_is_converted_and_closed(program) -> None:
    program.place(qty=2)
    body = {"symbol": f"{SBIN}-INTRADAY", "positionSide": 1, "convertQty": 1, "overnight": 0}
    converted = program.call("POST", "/api/v3/positions", body | {"convertFrom": "INTRADAY", "convertTo": "CNC"})
    assert converted.body["s"] == "ok"
    assert position_of(program, "CNC")["netQty"] == 1
    closed = program.call("DELETE", "/api/v3/positions", {"id": f"{SBIN}-INTRADAY"})
    assert closed.body["code"] in {200, 201}
    assert position_of(program, "CNC")["netQty"] == 1


def test_an_exit_without_any_filter_closes_everything(program) -> None:
    program.place(qty=1)
    assert program.call("DELETE", "/api/v3/positions", {}).body["s"] == "ok"
    rows = program.call("GET", "/api/v3/positions").body
    assert rows["overall"]["count_open"] == 0
    nothing = program.call("DELETE", "/api/v3/positions", {"exit_all": 1})
    assert (nothing.status, nothing.body["code"]) == (400, -352)


def test_the_margin_of_an_intraday_order_is_a_fifth_of_its_value(program) -> None:
    order = {"symbol": SBIN, "qty": 10, "side": 1, "type": 1, "productType": "INTRADAY", "limitPrice": 800}
    data = program.call("POST", "/api/v3/multiorder/margin", {"data": [order]}).body["data"]
    assert data["margin_new_order"] == 1_600.0
    delivery = program.call("POST", "/api/v3/multiorder/margin", {"data": [order | {"productType": "CNC"}]}).body
    assert delivery["data"]["margin_new_order"] == 8_000.0
    sale = order | {"productType": "CNC", "side": -1}
    assert program.call("POST", "/api/v3/multiorder/margin", {"data": [sale]}).body["data"]["margin_new_order"] == 0
    assert program.call("POST", "/api/v3/multiorder/margin", {"data": [3]}).body["message"].startswith("data: ")


def test_an_order_made_by_hand_is_told_apart(program) -> None:
    body = {"symbol": SBIN, "qty": 1, "type": 2, "side": 1, "productType": "INTRADAY", "validity": "DAY"}
    assert program.call("POST", "/simulator/foreign-order", body | {"qty": 20_000}).status == 400
    order_id = program.call("POST", "/simulator/foreign-order", body).body["id"]
    row = row_of(program, order_id)
    assert (row["source"], row["orderTag"]) == ("M", "2:Untagged")


def test_a_signed_out_token_is_dead(program, simulator: RunningSimulator) -> None:
    token = f"{program.endpoints.client_id}:{simulator.access_token()}"
    assert program.call("GET", "/api/v3/profile", token=token).status == 200
    assert program.call("POST", "/api/v3/logout", token=token).body["s"] == "ok"
    dead = program.call("GET", "/api/v3/profile", token=token)
    assert (dead.status, dead.body["code"]) == (401, -16)

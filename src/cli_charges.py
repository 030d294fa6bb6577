"""The verb of charges: part of `fyersbot` like all others."""

from datetime import datetime
from typing import Annotated

import typer

from cli_options import JsonOption
from core.orders import Product
from core.segments import Segment
from runtime.json_answer import print_json

app = typer.Typer()


@app.command("charges")
def charges_verb(
    day: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The day of the trade.")],
    buy: Annotated[float, typer.Option(help="What an order bought for, in rupees; of an option its premium.")] = 0.0,
    sell: Annotated[float, typer.Option(help="What an order sold for, in rupees.")] = 0.0,
    product: Annotated[
        Product, typer.Option(case_sensitive=False, help="Within the day, shares for keeps, derivatives over night.")
    ] = Product.INTRADAY,
    segment: Annotated[Segment, typer.Option(case_sensitive=False, help="What is traded.")] = Segment.EQUITY,
    squared_off: Annotated[
        bool, typer.Option("--squared-off", help="The broker closes it, and takes its fee.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Print what an order or a round trip costs on a day, line by line: brokerage, taxes and fees."""
    from runtime.charge_page import ChargePage, Deal
    from runtime.charge_rates import ChargeTable
    from runtime.project import CONFIG

    deal = Deal(day=day.date(), segment=segment, product=product, buy=buy, sell=sell, is_squared_off=squared_off)
    page = ChargePage(deal, ChargeTable.load(CONFIG / "charges.yaml"))
    if as_json:
        print_json(page.data())
    else:
        page.print()

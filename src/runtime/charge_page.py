"""What an order or a round trip costs on a day, line by line, for a person or a program."""

import sys
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table

from core.charges import Charges, broker_square_off, charges_for, delivery_sale
from core.errors import ConfigurationError
from core.market import Side
from core.orders import Product
from core.segments import Segment
from runtime.charge_rates import ChargeTable, DatedRates

_LARGEST = 10**12
"""In rupees: more than the whole exchange trades in a day is a slip."""
BILL_LINES = {
    "brokerage": "Brokerage",
    "stt": "STT or CTT",
    "exchange": "Exchange",
    "clearing": "Clearing",
    "sebi": "SEBI fee",
    "ipft": "IPFT",
    "gst": "GST",
    "stamp": "Stamp duty",
    "dp": "Depository, with GST",
    "square_off": "Square-off by the broker, with GST",
}
"""Parts of the bill in the order of a contract note, and what the ledger has beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """What is to be charged: one order bought, one sold, or both. Money in rupees; 0 for no such order."""

    day: date
    segment: Segment
    product: Product
    buy: float = 0.0
    sell: float = 0.0
    is_squared_off: bool = False
    """The broker closes it, and takes its fee."""


class ChargePage:
    """The bill of a deal."""

    def __init__(self, deal: Deal, table: ChargeTable) -> None:
        """Raises `ConfigurationError` for a deal of nothing, of too much, or of what the table has no rates for."""
        self._deal = deal
        self._card = table.rates_on(deal.day, deal.product, deal.segment)
        bought, sold = _paise("--buy", deal.buy), _paise("--sell", deal.sell)
        if not bought and not sold:
            raise ConfigurationError("nothing to charge: give --buy, --sell or both, in rupees")
        rates = self._card.rates
        self._buy = charges_for(Side.BUY, bought, rates)
        self._sell = charges_for(Side.SELL, sold, rates) + (delivery_sale(rates) if sold else Charges())
        self._all = self._buy + self._sell + (broker_square_off(rates) if deal.is_squared_off else Charges())

    def data(self) -> dict[str, Any]:
        """Return the bill for a program: money in rupees, dates as `YYYY-MM-DD`."""
        deal = self._deal
        return {
            "date": str(deal.day),
            "segment": deal.segment.value,
            "product": deal.product.value,
            "rates_from": str(self._card.valid_from),
            "is_assumed": self._card.is_assumed,
            "buy": {"value": deal.buy} | _rupees(self._buy),
            "sell": {"value": deal.sell} | _rupees(self._sell),
            "together": _rupees(self._all),
        }

    def print(self) -> None:
        """Write the bill to standard output."""
        deal = self._deal
        table = Table(box=None, pad_edge=False, show_footer=True)
        table.add_column(f"{deal.segment.value} {deal.product.value}, {deal.day}", "Total")
        for name, charges in (("Buy", self._buy), ("Sell", self._sell), ("Together", self._all)):
            table.add_column(name, f"{charges.total / 100:,.2f}", justify="right", min_width=12)
        for part, title in BILL_LINES.items():
            amounts = [getattr(charges, part) for charges in (self._buy, self._sell, self._all)]
            if any(amounts):
                table.add_row(title, *(f"{amount / 100:,.2f}" for amount in amounts))
        console = Console(file=sys.stdout, highlight=False)
        console.print(table)
        console.print(_origin(self._card), soft_wrap=True)


def _paise(option: str, rupees: float) -> int:
    if not 0 <= rupees <= _LARGEST:
        raise ConfigurationError(f"{option} {rupees:g}: must lie within 0 and {_LARGEST:,} rupees; give one that does")
    return round(rupees * 100)


def _rupees(charges: Charges) -> dict[str, float]:
    amounts = {field.name: getattr(charges, field.name) / 100 for field in fields(charges)}
    return amounts | {"total": charges.total / 100}


def _origin(card: DatedRates) -> str:
    if card.is_assumed:
        return f"No rates are known for that day: it is charged by the first ones, of {card.valid_from}."
    return f"Rates of {card.valid_from}; sources: config/charges.yaml."

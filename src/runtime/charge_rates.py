"""The dated rate cards of `config/charges.yaml`: which charges held on a day, for a segment and product."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from core.charges import ChargeRates
from core.errors import ConfigurationError
from core.orders import Product
from core.segments import Segment
from runtime.settings import Section
from runtime.strict_yaml import read_yaml

Cards = tuple[tuple[date, ChargeRates], ...]
"""Rate cards with the first day of each, oldest first; each holds until the next one begins."""

_Amount = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]
"""At most 100 %, or a lakh of rupees: so much is a slip."""
_DERIVATIVE_PRODUCTS = (Product.INTRADAY, Product.MARGIN)


class _RateCard(Section):
    """One entry of the file, filled up by those before it; the amounts are the fields of `core.charges.ChargeRates`."""

    starts: date = Field(alias="from")
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    brokerage: _Amount
    brokerage_cap: _Amount
    brokerage_flat: _Amount = 0
    stt_buy: _Amount
    stt_sell: _Amount
    exchange: _Amount
    clearing: _Amount = 0
    sebi: _Amount
    ipft: _Amount
    stamp_buy: _Amount
    gst_percent: Annotated[int, Field(ge=0, le=100, strict=True)]
    dp_charge: _Amount = 0
    square_off_fee: _Amount = 0

    def rates(self) -> ChargeRates:
        return ChargeRates(**self.model_dump(exclude={"starts", "sources"}))


def _filled_up(entries: Any) -> Any:
    """Give each entry the rates of the one before it that it does not change; sources belong to one entry alone."""
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return entries
    whole: list[dict[str, Any]] = []
    for entry in entries:
        before = whole[-1] if whole else {}
        whole.append({key: value for key, value in before.items() if key not in {"from", "sources"}} | entry)
    return whole


_CardList = Annotated[tuple[_RateCard, ...], Field(min_length=1), BeforeValidator(_filled_up)]


class _RateFile(Section):
    """The file. A segment that it leaves out is not traded."""

    sources: dict[str, str]
    """Publisher, date and address, by a short name."""
    equity: dict[Product, _CardList] = Field(default_factory=dict)
    futures: _CardList = ()
    options: _CardList = ()
    commodity_futures: _CardList = ()
    commodity_options: _CardList = ()

    def lists(self) -> Iterator[tuple[str, Segment, Sequence[Product], tuple[_RateCard, ...]]]:
        """Yield each list of cards with its place in the file and what is charged by it."""
        for product, cards in self.equity.items():
            yield f"equity.{product.value}", Segment.EQUITY, (product,), cards
        for segment in Segment:
            if segment is not Segment.EQUITY and (cards := getattr(self, segment.value)):
                yield segment.value, segment, _DERIVATIVE_PRODUCTS, cards


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedRates:
    """A rate card as it applies to one day."""

    rates: ChargeRates
    valid_from: date
    is_assumed: bool
    """The day lies before the first card we know, so that the first is used in its place."""


class ChargeTable:
    """All rate cards we know, by segment, product and first day of validity."""

    def __init__(self, cards: Mapping[tuple[Segment, Product], Cards], source: str) -> None:
        """`cards` are never empty; `source` is named in errors."""
        self._cards = cards
        self._source = source

    @classmethod
    def load(cls, path: Path) -> "ChargeTable":
        """Read the file. Raises `ConfigurationError` that names the file, the entry and what is wrong with it."""
        try:
            file = _RateFile.model_validate(read_yaml(path))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ConfigurationError(f"{path}: {place or 'file'}: {first['msg']}") from error
        table: dict[tuple[Segment, Product], Cards] = {}
        for place, segment, products, cards in file.lists():
            _check(cards, file.sources, f"{path}: {place}")
            dated = tuple((card.starts, card.rates()) for card in cards)
            table |= {(segment, product): dated for product in products}
        return cls(table, str(path))

    def rates_on(self, day: date, product: Product, segment: Segment = Segment.EQUITY) -> DatedRates:
        """Return the card of a day. Raises `ConfigurationError` for a product that the file does not have."""
        cards = self.cards(product, segment)
        starts, rates = next((card for card in reversed(cards) if card[0] <= day), cards[0])
        return DatedRates(rates=rates, valid_from=starts, is_assumed=day < starts)

    def cards(self, product: Product, segment: Segment = Segment.EQUITY) -> Cards:
        """Return all cards of a product, for who walks many days: the days before the first are charged by it too.

        Raises `ConfigurationError` for a product that the file does not have.
        """
        cards = self._cards.get((segment, product))
        if cards is None:
            known = ", ".join(f"{each.value} {kind.value}" for each, kind in self._cards)
            raise ConfigurationError(
                f"{self._source}: no charges for {segment.value} {product.value}; it has {known or 'none'}"
            )
        return cards


def _check(cards: Sequence[_RateCard], sources: Mapping[str, str], place: str) -> None:
    """Refuse entries out of order and figures from nowhere. Raises `ConfigurationError`."""
    if any(later.starts <= earlier.starts for earlier, later in pairwise(cards)):
        raise ConfigurationError(f"{place}: dates must rise from entry to entry")
    for number, card in enumerate(cards):
        unknown = [name for name in card.sources if name not in sources]
        if unknown:
            raise ConfigurationError(
                f"{place}.{number}.sources: {unknown[0]} is not in the list of sources; add it there"
            )

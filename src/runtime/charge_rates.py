"""The dated rate cards of `config/charges.yaml`: which charges held on a day, for a product."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from core.charges import ChargeRates
from core.errors import ConfigurationError
from core.orders import Product
from runtime.settings import Section
from runtime.strict_yaml import read_yaml

_PerCrore = Annotated[int, Field(ge=0, strict=True)]


class _RateCard(Section):
    """One entry of the file; the fields are those of `core.charges.ChargeRates`."""

    starts: date = Field(alias="from")
    brokerage: _PerCrore
    brokerage_cap: _PerCrore
    stt_buy: _PerCrore
    stt_sell: _PerCrore
    exchange: _PerCrore
    sebi: _PerCrore
    ipft: _PerCrore
    stamp_buy: _PerCrore
    gst_percent: _PerCrore

    def rates(self) -> ChargeRates:
        return ChargeRates(**self.model_dump(exclude={"starts"}))


class _RateFile(Section):
    equity: dict[Product, Annotated[tuple[_RateCard, ...], Field(min_length=1)]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedRates:
    """A rate card as it applies to one day."""

    rates: ChargeRates
    valid_from: date
    is_assumed: bool
    """The day lies before the first card we know, so that the first is used in its place."""


class ChargeTable:
    """All rate cards we know, by product and first day of validity."""

    def __init__(self, cards: Mapping[Product, Sequence[tuple[date, ChargeRates]]], source: str) -> None:
        """`cards` lists each product's rates by first day, oldest first; `source` is named in errors."""
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
        for product, cards in file.equity.items():
            starts = [card.starts for card in cards]
            if any(later <= earlier for earlier, later in pairwise(starts)):
                raise ConfigurationError(f"{path}: equity.{product.value}: dates must rise from entry to entry")
        return cls(
            {product: [(card.starts, card.rates()) for card in cards] for product, cards in file.equity.items()},
            str(path),
        )

    def rates_on(self, day: date, product: Product) -> DatedRates:
        """Return the card of a day. Raises `ConfigurationError` for a product that the file does not have."""
        cards = self._cards.get(product)
        if cards is None:
            known = ", ".join(each.value for each in self._cards)
            raise ConfigurationError(f"{self._source}: no charges for product {product.value}; it has {known}")
        starts, rates = next((card for card in reversed(cards) if card[0] <= day), cards[0])
        return DatedRates(rates=rates, valid_from=starts, is_assumed=day < starts)

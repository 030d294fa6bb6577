"""Futures and currency contracts that stand in the symbol master only: listed, so that lists can be tried, not traded.

What is listed on a day follows from the day alone: the three nearest months of every share and index, each until the
last Tuesday of its month, and of the US dollar with two options. A month later other contracts stand there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from core.market import Instrument
from simulator.rows import stem

_MONTHS = 3
_TUESDAY = 1
_INDEX_LOT, _SHARE_LOT = 65, 500
_NAMES = {"NIFTY50": "NIFTY", "NIFTYBANK": "BANKNIFTY"}
_SHARE_FUTURE, _INDEX_FUTURE, _CURRENCY_FUTURE, _CURRENCY_OPTION = 13, 11, 16, 19
_DOLLAR_TOKEN = "10120000001"  # noqa: S105 - the number of a contract
_DOLLAR_STRIKES = (880_000, 882_500)
"""In units of 10^-4 rupee."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a derivative is, beside what an order needs to know of it."""

    kind: int
    underlying: str
    underlying_token: str
    expiry: date
    strike: int | None = None
    """In units of the contract's scale; None for a future."""
    option: str = "XX"


Derivative = tuple[Instrument, Terms]


def equity_futures(cash: Iterable[Instrument], today: date) -> Iterator[Derivative]:
    """Return the futures of NSE shares and indices that are listed on a day."""
    for instrument in cash:
        exchange_token = int(instrument.token[10:])
        name = _NAMES.get(stem(instrument.symbol), stem(instrument.symbol))
        for number, expiry in enumerate(_expiries(today)):
            yield (
                Instrument(
                    symbol=f"NSE:{name}{expiry:%y%b}FUT".upper(),
                    token=f"1011{expiry:%y%m%d}{exchange_token * 10 + number}",
                    tick=instrument.tick,
                    lot=_INDEX_LOT if instrument.is_index else _SHARE_LOT,
                    freeze=_INDEX_LOT * 27 if instrument.is_index else _SHARE_LOT * 40,
                ),
                Terms(
                    kind=_INDEX_FUTURE if instrument.is_index else _SHARE_FUTURE,
                    underlying=name,
                    underlying_token=instrument.token,
                    expiry=expiry,
                ),
            )


def currency_contracts(today: date) -> Iterator[Derivative]:
    """Return the dollar's futures and options that are listed on a day; their unit is a hundredth of a paisa."""
    for number, expiry in enumerate(_expiries(today)):
        yield _dollar(expiry, f"{2_000 + number}", "FUT", None, "XX")
        for strike in _DOLLAR_STRIKES:
            for option in ("CE", "PE"):
                name = f"{strike / 10_000:g}{option}"
                yield _dollar(expiry, f"{strike + 10 * number + (option == 'PE')}", name, strike, option)


def _dollar(expiry: date, exchange_token: str, end: str, strike: int | None, option: str) -> Derivative:
    contract = Instrument(
        symbol=f"NSE:USDINR{expiry:%y%b}".upper() + end,
        token=f"1012{expiry:%y%m%d}{exchange_token}",
        tick=25,
        freeze=10_001,
        scale=4,
    )
    kind = _CURRENCY_FUTURE if strike is None else _CURRENCY_OPTION
    terms = Terms(
        kind=kind, underlying="USDINR", underlying_token=_DOLLAR_TOKEN, expiry=expiry, strike=strike, option=option
    )
    return contract, terms


def _expiries(today: date) -> list[date]:
    """Return the last Tuesdays of the next months, the first not before a day."""
    months = (divmod(today.year * 12 + today.month + ahead, 12) for ahead in range(_MONTHS + 1))
    ends = (date(year, month + 1, 1) - timedelta(days=1) for year, month in months)
    tuesdays = [end - timedelta(days=(end.weekday() - _TUESDAY) % 7) for end in ends]
    return [each for each in tuesdays if each >= today][:_MONTHS]

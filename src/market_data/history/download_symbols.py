"""Which symbols have a history that can be fetched and kept; of the others, why not and what can be done about it.

FYERS answers history of what is listed. Contracts that have expired it serves by a call of its own, since 2022 only,
which is not used here. And the store keeps whole paise, which the steps of currencies are not.
"""

from collections.abc import Iterable
from datetime import date

from core.errors import ConfigurationError
from market_data.symbols.symbol_archive import SymbolArchive
from market_data.symbols.symbol_master import SymbolMaster
from market_data.symbols.ticker import is_derivative, segments_of

STORE_SCALE = 2
"""Decimal digits of the prices that are kept."""


def require_downloadable(symbols: Iterable[str], master: SymbolMaster, archive: SymbolArchive, today: date) -> None:
    """Refuse a symbol that is not listed, has expired, or whose prices would lose digits.

    `archive` may hold older masters, which know when a contract ended. Raises `ConfigurationError` that names the
    symbol, the reason and what can be done, and what `SymbolMaster.instruments` and `SymbolArchive.contract` raise.
    """
    names = list(dict.fromkeys(symbols))
    derivatives = [symbol for symbol in names if is_derivative(symbol)]
    for symbol in derivatives:
        _refuse_expired(symbol, archive, today)
    listed = master.instruments(symbol for symbol in names if symbol not in derivatives)
    try:
        listed |= master.instruments(derivatives)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{error} (if it has expired: FYERS' history answers for listed contracts only)"
        ) from None
    for instrument in listed.values():
        if instrument.scale != STORE_SCALE:
            raise ConfigurationError(
                f"{instrument.symbol} has prices of {instrument.scale} decimal digits, and the store keeps "
                f"{STORE_SCALE}: currency cannot be downloaded yet; leave it out"
            )


def _refuse_expired(symbol: str, archive: SymbolArchive, today: date) -> None:
    for segment in segments_of(symbol):
        contract = archive.contract(segment, symbol, today)
        if contract is not None and contract.expiry is not None and contract.expiry < today:
            raise ConfigurationError(
                f"{symbol} expired on {contract.expiry}, and FYERS' history answers for listed contracts only: leave "
                "it out, or bring candles of it in with `fyersbot import-data`"
            )

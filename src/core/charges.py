"""What a trade costs besides the price: brokerage, taxes and exchange fees, to the paisa and in whole numbers.

Rates are rupees per crore (10^7) of turnover, the unit of the exchange's own circulars, so that every published
percentage is a whole number: 0.03 % is 3,000, 0.00297 % is 297. Each part is rounded half up to the paisa per executed
order, and GST is taken from the rounded parts. A contract note may round STT and stamp duty of the whole day to the
rupee, so that a day can differ from it by up to half a rupee for each of the two.
"""

from dataclasses import dataclass

from core.market import Side

CRORE = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRates:
    """One product's rate card. Rates are rupees per crore of turnover."""

    brokerage: int
    """The broker's share of turnover."""
    brokerage_cap: int
    """The most one executed order pays in brokerage, in paise."""
    stt_buy: int
    """Securities transaction tax on purchases (Finance (No. 2) Act 2004, chapter VII, as amended)."""
    stt_sell: int
    """Securities transaction tax on sales."""
    exchange: int
    """The exchange's transaction charge, both sides."""
    sebi: int
    """SEBI turnover fee, both sides."""
    ipft: int
    """NSE Investor Protection Fund Trust, both sides."""
    stamp_buy: int
    """Stamp duty, on purchases only since 2020-07-01 (Indian Stamp Act 1899, section 9A)."""
    gst_percent: int
    """Goods and services tax on brokerage, exchange charge and IPFT; FYERS takes none on the SEBI fee."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charges:
    """The parts of the bill, in paise."""

    brokerage: int = 0
    stt: int = 0
    exchange: int = 0
    sebi: int = 0
    ipft: int = 0
    gst: int = 0
    stamp: int = 0

    @property
    def total(self) -> int:
        """The sum of all parts."""
        return self.brokerage + self.stt + self.exchange + self.sebi + self.ipft + self.gst + self.stamp

    def __add__(self, other: "Charges") -> "Charges":
        return Charges(
            brokerage=self.brokerage + other.brokerage,
            stt=self.stt + other.stt,
            exchange=self.exchange + other.exchange,
            sebi=self.sebi + other.sebi,
            ipft=self.ipft + other.ipft,
            gst=self.gst + other.gst,
            stamp=self.stamp + other.stamp,
        )


def charges_for(side: Side, value: int, rates: ChargeRates) -> Charges:
    """Return the bill of one executed order whose fills sum to `value` paise.

    Brokerage is the lesser of the share and the cap; STT and stamp duty depend on the side; GST comes last. Source of
    the formula: FYERS' articles on statutory charges and on GST. Raises `ValueError` for a negative value.
    """
    if value < 0:
        raise ValueError(f"executed value {value} paise: below zero; give the sum of price times quantity")
    is_buy = side is Side.BUY
    brokerage = min(_share(value, rates.brokerage), rates.brokerage_cap)
    exchange = _share(value, rates.exchange)
    ipft = _share(value, rates.ipft)
    return Charges(
        brokerage=brokerage,
        stt=_share(value, rates.stt_buy if is_buy else rates.stt_sell),
        exchange=exchange,
        sebi=_share(value, rates.sebi),
        ipft=ipft,
        gst=((brokerage + exchange + ipft) * rates.gst_percent + 50) // 100,
        stamp=_share(value, rates.stamp_buy) if is_buy else 0,
    )


def round_trip(buy_value: int, sell_value: int, rates: ChargeRates) -> Charges:
    """Return the bill of one bought and one sold order, values in paise, whichever came first."""
    return charges_for(Side.BUY, buy_value, rates) + charges_for(Side.SELL, sell_value, rates)


def _share(value: int, per_crore: int) -> int:
    return (value * per_crore + CRORE // 2) // CRORE

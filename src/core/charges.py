"""What a trade costs besides the price: brokerage, taxes and exchange fees, to the paisa and in whole numbers.

Rates are rupees per crore (10^7) of turnover, the unit of the exchange's own circulars, so that every published
percentage is a whole number: 0.03 % is 3,000, 0.00297 % is 297. Each part is rounded half up to the paisa per executed
order, and GST is taken from the rounded parts. A contract note may round STT and stamp duty of the whole day to the
rupee, so that a day can differ from it by up to half a rupee for each of the two.

`bill` is the formula: a plain function of whole numbers, so that numba can compile this same function.
"""

from dataclasses import dataclass

from core.market import Side

CRORE = 10_000_000
_HALF = CRORE // 2

Figures = tuple[int, ...]
"""A rate card as `bill` reads it: `ChargeRates.figures`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRates:
    """The rate card of a segment and product. Rates are rupees per crore of turnover; of an option, of its premium."""

    brokerage: int
    """The broker's share of turnover."""
    brokerage_cap: int
    """The most one executed order pays of that share, in paise."""
    stt_buy: int
    """Securities transaction tax on purchases (Finance (No. 2) Act 2004, chapter VII, as amended)."""
    stt_sell: int
    """The same on sales; for commodities the commodities transaction tax (Finance Act 2013, chapter VII)."""
    exchange: int
    """The exchange's transaction charge, both sides."""
    sebi: int
    """SEBI turnover fee, both sides."""
    ipft: int
    """NSE Investor Protection Fund Trust, both sides."""
    stamp_buy: int
    """Stamp duty, on purchases only since 2020-07-01 (Indian Stamp Act 1899, section 9A)."""
    gst_percent: int
    """Goods and services tax on brokerage, exchange and clearing charge and IPFT; FYERS takes none on the SEBI fee."""
    # Rate cards stand in event logs: a new field goes last, with a default for the logs of before.
    brokerage_flat: int = 0
    """What one executed order pays whatever its value, in paise."""
    clearing: int = 0
    """The clearing member's charge on derivatives, both sides."""
    dp_charge: int = 0
    """The depository's charge, in paise before GST, for each share and day of which something held is sold."""
    square_off_fee: int = 0
    """The broker's fee, in paise before GST, for each order by which it squares off a position itself."""

    @property
    def figures(self) -> Figures:
        """The numbers that an order is billed by, as `bill` takes them."""
        return (
            self.brokerage_flat,
            self.brokerage,
            self.brokerage_cap,
            self.stt_buy,
            self.stt_sell,
            self.exchange,
            self.clearing,
            self.sebi,
            self.ipft,
            self.stamp_buy,
            self.gst_percent,
        )


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
    clearing: int = 0
    dp: int = 0
    """With its GST: it comes with the ledger, not with the contract note."""
    square_off: int = 0
    """The same of the broker's fee for squaring off."""

    @property
    def total(self) -> int:
        """The sum of all parts."""
        return self.contract_note + self.dp + self.square_off

    @property
    def contract_note(self) -> int:
        """What the contract note lists: everything but what the broker books in the ledger."""
        taxes = self.stt + self.sebi + self.gst + self.stamp
        return self.brokerage + self.exchange + self.clearing + self.ipft + taxes

    def __add__(self, other: "Charges") -> "Charges":
        return Charges(
            brokerage=self.brokerage + other.brokerage,
            stt=self.stt + other.stt,
            exchange=self.exchange + other.exchange,
            sebi=self.sebi + other.sebi,
            ipft=self.ipft + other.ipft,
            gst=self.gst + other.gst,
            stamp=self.stamp + other.stamp,
            clearing=self.clearing + other.clearing,
            dp=self.dp + other.dp,
            square_off=self.square_off + other.square_off,
        )


def bill(is_buy: bool, value: int, figures: Figures) -> tuple[int, int, int, int, int, int, int, int]:
    """Return brokerage, STT, exchange, clearing, SEBI, IPFT, GST and stamp of an executed order of `value` paise.

    Brokerage is the flat part and the lesser of share and cap; STT and stamp duty depend on the side; GST comes last.
    Source of the formula: FYERS' articles on statutory charges and on GST. In 64 bits a value may be up to 10^14 paise.
    """
    flat, share, cap, stt_buy, stt_sell, exchange_rate, clearing_rate, sebi_rate, ipft_rate, stamp_rate, gst = figures
    brokerage = min((value * share + _HALF) // CRORE, cap)
    if value > 0:
        brokerage += flat
    stt = (value * (stt_buy if is_buy else stt_sell) + _HALF) // CRORE
    exchange = (value * exchange_rate + _HALF) // CRORE
    clearing = (value * clearing_rate + _HALF) // CRORE
    sebi = (value * sebi_rate + _HALF) // CRORE
    ipft = (value * ipft_rate + _HALF) // CRORE
    stamp = (value * stamp_rate + _HALF) // CRORE if is_buy else 0
    taxed = brokerage + exchange + clearing + ipft
    return brokerage, stt, exchange, clearing, sebi, ipft, (taxed * gst + 50) // 100, stamp


def charges_for(side: Side, value: int, rates: ChargeRates) -> Charges:
    """Return the bill of one executed order whose fills sum to `value` paise, as `bill` has it.

    Raises `ValueError` for a negative value.
    """
    if value < 0:
        raise ValueError(f"executed value {value} paise: below zero; give the sum of price times quantity")
    brokerage, stt, exchange, clearing, sebi, ipft, gst, stamp = bill(side is Side.BUY, value, rates.figures)
    return Charges(
        brokerage=brokerage,
        stt=stt,
        exchange=exchange,
        clearing=clearing,
        sebi=sebi,
        ipft=ipft,
        gst=gst,
        stamp=stamp,
    )


def round_trip(buy_value: int, sell_value: int, rates: ChargeRates) -> Charges:
    """Return the bill of one bought and one sold order, values in paise, whichever came first."""
    return charges_for(Side.BUY, buy_value, rates) + charges_for(Side.SELL, sell_value, rates)


def delivery_sale(rates: ChargeRates) -> Charges:
    """Return what the depository takes, once for a share and a day, when shares held over night are sold."""
    return Charges(dp=_with_gst(rates.dp_charge, rates))


def broker_square_off(rates: ChargeRates) -> Charges:
    """Return what the broker takes for an order by which it closed an intraday position itself."""
    return Charges(square_off=_with_gst(rates.square_off_fee, rates))


def _with_gst(fee: int, rates: ChargeRates) -> int:
    return fee + (fee * rates.gst_percent + 50) // 100

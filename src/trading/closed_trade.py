"""What a position came to once it is flat: the trade, with the charges of all its orders."""

from core import exits
from core.charges import ChargeRates, Charges, charges_for, delivery_sale
from core.instants import ist_date
from core.market import Side
from core.positions import Trade
from core.state import BotState
from core.tracking import OpenPosition


def trade_of(state: BotState, position: OpenPosition, rates: ChargeRates) -> Trade:
    """Return the trade that a position became; its stop is the one it began with."""
    return Trade(
        symbol=position.symbol,
        side=position.side,
        quantity=position.entry_filled,
        entry_at=position.opened_at,
        entry_value=position.entry_value,
        exit_at=max(position.last_fill_at, position.opened_at),
        exit_value=position.exit_value,
        exit_reason=position.exit_reason or exits.REASONS[exits.STOP],
        charges=_bill(state, position, rates).total,
        stop=position.first_stop or position.stop,
        target=position.target,
        probability=position.plan.probability if position.plan else 0.0,
    )


def _bill(state: BotState, position: OpenPosition, rates: ChargeRates) -> Charges:
    """Return the charges of a position: brokerage is capped per executed order, and an exit may take several.

    What our own orders of the day do not account for counts as one order of somebody else. Shares held over night leave
    the depository, which takes its charge; several orders of a day pay it once.
    """
    ours = [
        order
        for order in state.orders.values()
        if order.intent.symbol == position.symbol and order.filled and order.last_fill_at >= position.opened_at
    ]
    bill = Charges()
    for side, whole in ((position.side, position.entry_value), (position.side.opposite, position.exit_value)):
        values = [order.filled_value for order in ours if order.intent.side is side]
        for value in (*values, max(0, whole - sum(values))):
            bill += charges_for(side, value, rates)
    if position.side is Side.BUY and ist_date(position.opened_at) < ist_date(position.last_fill_at):
        bill += delivery_sale(rates)
    return bill

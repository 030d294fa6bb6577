"""What does a new process, or a new day, still believe of what was known before it?"""

from core import events
from core.candle_quality import CandleQuality
from core.order_states import ON_ITS_WAY, OrderNews
from core.orders import Product
from core.sessions import TradingDay
from core.state import START_WINDOW, BotState


def boot(state: BotState, event: events.Booted) -> None:
    """Begin a process: connections and agreements of the one before it are gone, orders and positions are not."""
    state.boot, state.log_id, state.mode, state.account = event.boot, event.log_id, event.mode, event.account
    state.starts = (*(at for at in state.starts if event.at - at < START_WINDOW), event.at)
    state.access = True  # nobody starts without a proven token
    state.reconciled = False
    state.stopping = state.closing = False
    state.books = None
    state.funds = None
    state.strategy_fault = ""
    state.feeds.clear()
    state.conditions = {held: why for held, why in state.conditions.items() if held is events.Condition.RATE}
    for order in state.orders.values():
        order.hear(OrderNews.RESTARTED, event.at)
    for position in state.positions.values():
        if position.unprotected_since:
            position.unprotected_since += event.at - state.last_at  # the deadline is for what we can act on


def begin_day(state: BotState, day: TradingDay) -> None:
    """Begin a day with clean books and what is carried into it; a day that goes on is not begun again."""
    if state.day is not None and state.day.date == day.date:
        return
    state.day = day
    state.phase = None
    unresolved = (order for order in state.orders.values() if order.state in ON_ITS_WAY)
    state.unresolved |= {order.intent.tag: order.intent.symbol for order in unresolved}
    state.orders.clear()
    state.unsettled.clear()
    state.trades.clear()
    state.blocked.clear()
    state.strays.clear()
    state.rung.clear()
    state.meter.begin_day()
    state.orders_today = state.signals_today = state.realised = 0
    state.activity.begin_day()
    state.candles = CandleQuality()
    state.soft_loss_hit = state.loss_restored = False
    state.flat_verified = False
    state.reconciled = False
    state.carried = {symbol: position.signed_quantity for symbol, position in state.positions.items()}
    for position in state.positions.values():
        position.forget_the_broker()  # orders live for a day
        position.unprotected_since = day.open  # stop orders live for a day
        if position.product is Product.INTRADAY:
            position.product = Product.CNC  # what could not be squared off has become delivery

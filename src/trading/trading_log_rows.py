"""What one row of the trading log says of an event, or of the fold after it."""

import json
from typing import Any

from core import events
from core.positions import Trade
from core.signals import Direction
from core.state import BotState
from trading.row_times import times


def portfolio_of(fold: BotState) -> dict[str, Any]:
    """Return what makes a new row of the portfolio when it changes."""
    return {
        "day": fold.day.date.isoformat() if fold.day else None,
        "realised_paise": fold.realised,
        "level": fold.level.name,
        "positions": len(fold.positions),
        "unprotected": sum(bool(position.unprotected_since) for position in fold.positions.values()),
        "trades": len(fold.trades),
    }


def position_row(fold: BotState, symbol: str) -> dict[str, Any]:
    """Return the row of an open position."""
    position, order = fold.positions[symbol], fold.exit_order(symbol)
    bought = position.entry_filled
    return {
        "symbol": symbol,
        "side": position.side.name,
        "quantity": position.quantity,
        "entry_price_paise": position.entry_value / bought if bought else None,
        "stop_paise": position.stop,
        "target_paise": position.target,
        "is_protected": not position.unprotected_since,
        "exit_reason": position.exit_reason,
        "exit_order": order.intent.tag if order else None,
        **times("entry", position.opened_at),
        **times("unprotected", position.unprotected_since),
    }


def trade_row(trade: Trade) -> dict[str, Any]:
    """Return the row of a closed trade."""
    return {
        "symbol": trade.symbol,
        "side": trade.side.name,
        "quantity": trade.quantity,
        "entry_price_paise": trade.entry_price,
        "entry_value_paise": trade.entry_value,
        "exit_price_paise": trade.exit_price,
        "exit_value_paise": trade.exit_value,
        "gross_paise": trade.gross,
        "charges_paise": trade.charges,
        "net_paise": trade.net,
        "reason": trade.exit_reason,
        "stop_paise": trade.stop,
        "target_paise": trade.target,
        "probability": trade.probability,
        **times("entry", trade.entry_at),
        **times("exit", trade.exit_at),
    }


def signal_row(event: events.Decided) -> dict[str, Any]:
    """Return the row of a candle that the strategy spoke on."""
    return {
        "symbol": event.symbol,
        "direction": event.direction.name,
        "probability": event.probability,
        "source": event.source,
        "reason": event.reason,
        "atr_paise": event.atr,
        "features": json.dumps(event.features),
        "verdict": "no_signal" if event.direction is Direction.NONE else "waiting",
        **times("decided", event.at),
        **times("candle", event.candle),
    }


def missed_row(event: events.HistoryFailed) -> dict[str, Any]:
    """Return the row of a candle on which nothing could be decided."""
    nothing = dict.fromkeys(("direction", "probability", "source", "reason", "atr_paise", "features"))
    return nothing | {
        "symbol": event.symbol,
        "verdict": "no_candle",
        "reason": event.why,
        **times("decided", event.at),
        **times("candle", event.due),
    }

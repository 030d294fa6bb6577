"""What the kernel looks like from outside: snapshots for the live view, taken by the writer thread."""

from collections.abc import Sequence

from core.events import Decided
from core.instants import SECOND, Instant
from core.signals import Direction
from core.tracking import OpenPosition
from core.unattended import loss_if_left_alone
from trading.broker_row import plain_text
from trading.kernel import Kernel
from trading.snapshot import LiveSnapshot, PositionView, SymbolView


def snapshot_of(kernel: Kernel, now: Instant, log: Sequence[str], *, is_rehearsal: bool = False) -> LiveSnapshot:
    """Return one moment of the bot as plain facts."""
    state = kernel.state
    return LiveSnapshot(
        at=now,
        day=state.day,
        mode=state.mode,
        account=plain_text(state.account),
        strategy=plain_text(kernel.engine.provider.name),
        level=state.effective_level,
        level_why=plain_text(state.effective_why),
        is_rehearsal=is_rehearsal,
        feeds=tuple(state.feeds.items()),
        symbols=tuple(_symbol(kernel, symbol, now) for symbol in kernel.engine.instruments),
        realised=state.realised,
        max_loss=kernel.engine.rules.max_loss,
        loss_if_left=loss_if_left_alone(state, kernel.engine.instruments),
        protected=state.meter.share if state.meter.held else None,
        trades=len(state.trades),
        wins=sum(trade.net > 0 for trade in state.trades),
        signals=state.signals_today,
        log=tuple(log),
    )


def _symbol(kernel: Kernel, symbol: str, now: Instant) -> SymbolView:
    state, tick = kernel.state, kernel.engine.ticks.get(symbol)
    decided: Decided | None = state.decided.get(symbol)
    position = state.positions.get(symbol)
    return SymbolView(
        symbol=symbol,
        last_price=tick.ltp if tick else 0,
        age_seconds=(now - tick.at) / SECOND if tick else 0.0,
        direction=decided.direction if decided else Direction.NONE,
        probability=decided.probability if decided else 0.0,
        decided_at=decided.at if decided else 0,
        position=_position(position, tick.ltp) if position and position.quantity > 0 and tick else None,
        note=plain_text(state.blocked.get(symbol, "")),
        scale=kernel.engine.instruments[symbol].scale,
    )


def _position(position: OpenPosition, price: int) -> PositionView:
    return PositionView(
        side=position.side,
        quantity=position.quantity,
        entry_price=position.entry_value / position.entry_filled,
        stop=position.stop,
        target=position.target,
        profit=position.profit_at(price),
        is_protected=not position.unprotected_since,
    )

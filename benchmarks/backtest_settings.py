"""The case of `backtest_case` as settings, so that `fyersbot backtest` itself trades it."""

from pathlib import Path

from backtest_case import QUANTITY, STOP_ATR, TARGET_ATR
from backtest_market import session_rules

_SETTINGS = """\
sizing: {{method: fixed, quantity: {quantity}, capital_fraction: 1.0}}
exits: {{stop_atr: {stop_atr}, target_atr: {target_atr}}}
backtest: {{entry: open, spread_ticks: 0, volume_share: 0.0}}
risk:
  capital: 50000000
  max_positions: 100
  max_loss_fraction: 0.2
  soft_loss_fraction: 0.19
  max_order_value: 50000000
  max_symbol_fraction: 10.0
  max_exposure_fraction: 10.0
  max_open_order_fraction: 20.0
  max_turnover_fraction: 1000.0
  max_orders_per_day: 1000000
model: {{path: {folder}/models/default/latest}}
paths:
  state: {folder}/state
  logs: {folder}/logs
  cache: {folder}
  archive: {folder}/archive
  sessions: {sessions}
"""


def save_settings(folder: Path) -> Path:
    """Write the settings of the case, everything that a run writes inside the folder, and return the file."""
    path = folder / "bot.yaml"
    path.write_text(
        _SETTINGS.format(
            folder=folder,
            quantity=QUANTITY,
            stop_atr=STOP_ATR,
            target_atr=TARGET_ATR,
            sessions=session_rules(folder),
        ),
        encoding="utf-8",
    )
    return path

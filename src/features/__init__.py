"""Candles become feature rows: one specification, the same numbers in training, backtest and live."""

"""The bot over candles of the past: the same rules, without a broker, a clock or a network."""

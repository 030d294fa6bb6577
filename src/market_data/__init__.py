"""What is known of the market: its calendar, and candles, ticks and contracts of the past."""

"""From candles to a certified model bundle."""

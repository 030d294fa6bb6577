"""Is a strategy honest: does it know, at each candle, only what was knowable then? One check of everything it reads."""

"""Did the bot trade the day as the backtest would have? Every rupee between the two, and where it went."""

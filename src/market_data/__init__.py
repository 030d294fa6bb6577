"""What the bot believes about the market: calendar, symbol master, history."""

"""Symbol masters: today's for the bot, and those of the past, asked as of a date."""

"""Sign-in at FYERS and the token of the day."""

"""A FYERS look-alike on loopback: exchange, market and the servers around them."""

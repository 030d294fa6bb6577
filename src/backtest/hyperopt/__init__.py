"""Searches for parameters, and says what the best of many tries is still worth."""

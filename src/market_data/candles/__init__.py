"""Candles of the past: where they are kept, and how a file of one's own gets there."""

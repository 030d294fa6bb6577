"""Are the candles any good? What is judged, how it is shown, and the copies that are mended."""

"""Ticks for research: recorded as they come, archived when their day has closed."""

"""Where the project's own data files are, whatever directory a program is started from."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config"
"""Dated rules and the example settings: data, not code."""

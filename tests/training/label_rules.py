"""The trade that labels stand for where a test does not care which."""

from features.labels import LabelRule

RULE = LabelRule(
    stop_atr=2.0,
    target_atr=3.0,
    tick=5,
    spread=5,
    shares=lambda side, close, atr: 10_000_000 // close,
    cost=lambda b, s: 8_000,
)

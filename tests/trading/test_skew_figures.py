"""The newest report of skew, read and said in a line."""

import json
from pathlib import Path

import pytest

from trading.skew_figures import SKEW, newest_skew, skew_line

SOUND = {
    "day": "2026-01-06",
    "mode": "paper",
    "sound": True,
    "limit": 1e-9,
    "rows": 1_234,
    "features_beyond": [],
    "decision_changes": [],
    "unmatched": [],
}
SKEWED = SOUND | {
    "sound": False,
    "features_beyond": ["rsi_14", "adx_14"],
    "decision_changes": [{"symbol": "NSE:SBIN-EQ"}, {"symbol": "NSE:INFY-EQ"}],
    "unmatched": [{"symbol": "NSE:SBIN-EQ"}],
}


def keep(logs: Path, day: str, content: object) -> None:
    (logs / day).mkdir(parents=True)
    (logs / day / SKEW).write_text(content if isinstance(content, str) else json.dumps(content))


def test_the_newest_report_of_a_mode_is_read_as_figures(tmp_path):
    keep(tmp_path, "2026-01-05", SKEWED | {"day": "2026-01-05"})
    keep(tmp_path, "2026-01-06", SKEWED)
    keep(tmp_path, "2026-01-07", SOUND | {"day": "2026-01-07", "mode": "live"})
    assert newest_skew(tmp_path, "paper") == {
        "day": "2026-01-06",
        "sound": False,
        "limit": 1e-9,
        "rows": 1_234,
        "features_beyond": ["rsi_14", "adx_14"],
        "decision_changes": 2,
        "unmatched": 1,
    }


@pytest.mark.parametrize("damaged", ["", "[]", "{}", '{"mode": "paper"}', "\x00", '{"mode": "paper", "day": 1'])
def test_a_report_that_cannot_be_read_is_passed_over(tmp_path, damaged):
    keep(tmp_path, "2026-01-06", SOUND)
    keep(tmp_path, "2026-01-07", damaged)
    assert newest_skew(tmp_path, "paper")["day"] == "2026-01-06"


def test_without_a_report_nothing_is_said(tmp_path):
    assert newest_skew(tmp_path / "none", "paper") is None
    assert skew_line(None) == ""


def test_a_sound_day_is_said_with_its_limit():
    assert skew_line(SOUND) == (
        "skew of 2026-01-06: no decision changed, every feature of 1,234 rows is within 1e-09 of its deviation"
    )


def test_a_skewed_day_is_said_with_the_names_of_its_features(tmp_path):
    said = (
        "skew of 2026-01-06: decisions changed: 2; beyond 1e-09 deviations: rsi_14, adx_14; candles with a row on one "
        "side only: 1; look with `fyersbot skew --day 2026-01-06`"
    )
    keep(tmp_path, "2026-01-06", SKEWED)
    assert skew_line(SKEWED) == skew_line(newest_skew(tmp_path, "paper")) == said

import pytest

from trading.mode_badge import mode_badge


@pytest.mark.parametrize(
    ("mode", "is_rehearsal", "word", "is_red"),
    [
        ("live", False, " LIVE ", True),
        ("live", True, " REHEARSAL ", False),
        ("paper", False, " PAPER ", False),
        ("paper", True, " PAPER ", False),
    ],
)
def test_only_real_money_is_red(mode: str, is_rehearsal: bool, word: str, is_red: bool) -> None:
    badge = mode_badge(mode, is_rehearsal=is_rehearsal)

    assert badge.plain == word
    assert ("red" in str(badge.style)) is is_red

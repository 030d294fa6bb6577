"""The broker's clock by the `Date` of its answers: only what road and rounding cannot explain counts."""

import logging
from email.utils import format_datetime

import pytest

from core.instants import SECOND, Instant, from_epoch_seconds, ist_datetime
from trading.server_clock import ServerClock

NOW = from_epoch_seconds(1_767_600_000)


def date_at(instant: Instant) -> str:
    """The header of a server whose clock shows an instant: whole seconds only."""
    return format_datetime(ist_datetime(instant))


def heard(skew: float, road: float = 0.1) -> ServerClock:
    """A clock that got one answer from a server that is `skew` seconds ahead, over a road of so many seconds."""
    clock = ServerClock()
    asked_at, heard_at = NOW, NOW + int(road * SECOND)
    clock.hear(date_at((asked_at + heard_at) // 2 + int(skew * SECOND)), asked_at, heard_at)
    return clock


@pytest.mark.parametrize("skew", [-600, -7, 7, 600])
@pytest.mark.hazard("A9", "V9")
def test_a_clock_far_from_the_brokers_is_doubted(skew: float) -> None:
    side = "ahead of" if skew > 0 else "behind"
    assert f"s {side} ours" in heard(skew).doubt()


@pytest.mark.parametrize("skew", [-4, -3, 0, 3, 4])
def test_a_small_difference_is_not(skew: float) -> None:
    assert heard(skew).doubt() == ""


@pytest.mark.parametrize("road", [0.0, 0.5, 10.0, 60.0])
@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.999])
def test_equal_clocks_never_differ_however_long_the_answer_took(road: float, fraction: float) -> None:
    clock = ServerClock()
    heard_at = NOW + int(road * SECOND)
    for made_at in (NOW + int(fraction * SECOND), heard_at):
        clock.hear(date_at(made_at), min(NOW, made_at), max(heard_at, made_at))
        assert clock._ahead == 0


@pytest.mark.hazard("A9")
def test_a_difference_of_seconds_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    clock = heard(4)
    with caplog.at_level(logging.WARNING):
        assert [clock.doubt() for _ in range(3)] == ["", "", ""]
    assert len(caplog.records) == 1
    assert "s ahead of ours; set this machine's clock by NTP" in caplog.text


def test_a_doubt_ends_when_the_clocks_agree_again_and_not_at_its_own_edge() -> None:
    clock = heard(10)
    assert clock.doubt()
    clock.hear(date_at(NOW + 4 * SECOND), NOW, NOW)
    assert clock.doubt()
    clock.hear(date_at(NOW), NOW, NOW)
    assert clock.doubt() == ""


@pytest.mark.parametrize("nonsense", ["", "today", "Tue, 99 Jan 2026 09:00:00 GMT", "Tue, 06 Jan 2026 09:00:00", "\0"])
def test_a_header_that_is_no_time_with_a_zone_says_nothing(nonsense: str) -> None:
    clock = heard(10)
    clock.hear(nonsense, NOW, NOW)
    assert clock.doubt()
    assert ServerClock().doubt() == ""

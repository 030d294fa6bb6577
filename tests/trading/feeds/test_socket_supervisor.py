"""How long the owner of a socket waits after each kind of failure, and when it rings."""

import logging

import pytest

from core.errors import AuthenticationError
from core.events import FeedState
from runtime.clock import MarketClock
from trading.socket_supervisor import ALARM_EVERY, RETRY_SECONDS, SocketAddress, SocketSupervisor


def supervisor(refuses_token: bool) -> SocketSupervisor:
    def headers() -> tuple[str, ...]:
        if refuses_token:
            raise AuthenticationError("the token is dead; run `fyersbot login`")
        return ()

    address = SocketAddress(
        name="data feed", url="ws://127.0.0.1:1", setting="a.setting", connect_seconds=1.0, headers=headers
    )
    return SocketSupervisor(address, MarketClock(), lambda _link, _enter: None, lambda _state: None)


@pytest.mark.hazard("A6")
def test_a_dead_token_is_tried_twice_a_minute_at_most_and_rings_at_every_fifth_failure(caplog) -> None:
    caplog.set_level(logging.WARNING)
    owner = supervisor(refuses_token=True)
    assert {owner._attempt() for _ in range(2 * ALARM_EVERY)} == {30.0}
    assert owner.state is FeedState.AUTH_REFUSED
    assert [record.levelname for record in caplog.records].count("ERROR") == 2


@pytest.mark.hazard("A6", "D3")
def test_a_server_that_is_away_is_tried_ever_more_rarely_up_to_a_longest_pause(caplog) -> None:
    caplog.set_level(logging.WARNING)
    owner = supervisor(refuses_token=False)
    pauses = [owner._attempt() for _ in range(len(RETRY_SECONDS) + 3)]
    assert pauses == [*RETRY_SECONDS, *[RETRY_SECONDS[-1]] * 3]
    assert pauses == sorted(pauses)
    assert owner.state is FeedState.DOWN
    assert "ERROR" in [record.levelname for record in caplog.records]

"""What the service manager hears, and when it hears nothing."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.service_notice import ServiceNotice


class Manager:
    """The other end: a datagram socket."""

    def __init__(self, address: str, name: str) -> None:
        self.name = name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.setblocking(False)

    @property
    def heard(self) -> list[str]:
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    if request.param == "file":
        address = name = str(tmp_path / "notify")
    else:
        address, name = f"\0fyersbot-test-{os.getpid()}", f"@fyersbot-test-{os.getpid()}"
    manager = Manager(address, name)
    yield manager
    manager.close()


def test_ready_alive_and_stopping_arrive_word_for_word(manager: Manager) -> None:
    service = ServiceNotice({"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "20000000"})
    service.ready()
    service.alive()
    service.stopping()
    assert manager.heard == ["READY=1", "WATCHDOG=1", "STOPPING=1"]


@pytest.mark.hazard("R6")
def test_signs_of_life_come_four_times_in_the_interval_however_often_they_are_given(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("runtime.service_notice.monotonic", lambda: now[0])
    service = ServiceNotice({"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "20000000"})
    for _ in range(80):
        service.alive()
        now[0] += 0.25
    assert manager.heard == ["WATCHDOG=1"] * 4


def test_long_work_asks_for_patience_and_gives_it_back_even_when_it_fails(manager: Manager) -> None:
    service = ServiceNotice({"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "20000000"})
    with pytest.raises(ValueError, match="the broker"), service.patience():
        raise ValueError("the broker")
    assert manager.heard == ["WATCHDOG_USEC=600000000\nWATCHDOG=1", "WATCHDOG_USEC=20000000\nWATCHDOG=1"]


@pytest.mark.parametrize(
    "variables", [{}, {"WATCHDOG_USEC": ""}, {"WATCHDOG_USEC": "20", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "-1"}]
)
def test_who_is_not_watched_gives_no_signs(variables: dict[str, str], manager: Manager) -> None:
    service = ServiceNotice({"NOTIFY_SOCKET": manager.name, **variables})
    service.alive()
    with service.patience():
        service.ready()
    assert manager.heard == ["READY=1"]


def test_the_variables_are_for_us_and_no_child_inherits_them(manager: Manager) -> None:
    environ = {
        "NOTIFY_SOCKET": manager.name,
        "WATCHDOG_USEC": "20000000",
        "WATCHDOG_PID": str(os.getpid()),
        "HOME": "/",
    }
    ServiceNotice(environ).alive()
    assert environ == {"HOME": "/"}
    assert manager.heard == ["WATCHDOG=1"]


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@nobody-listens", "x" * 500])
def test_nobody_to_speak_to_is_no_reason_to_stop(address: str) -> None:
    service = ServiceNotice({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "20000000"})
    service.ready()
    service.alive()
    with service.patience():
        service.stopping()

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from runtime.configuration import load_settings
from runtime.service_notice import SIGNS_PER_INTERVAL
from runtime.setting_sources import PREFIX, process_environment
from trading.session_loop import STOP_PATIENCE
from trading.single_instance import ALREADY_RUNNING

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "fyersbot.service"


def directives() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if re.match(r"[A-Za-z]+=", line):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("ProtectKernelModules", "yes"),
        ("ProtectKernelTunables", "yes"),
        ("RestrictAddressFamilies", "AF_INET AF_UNIX"),
        ("RestrictNamespaces", "yes"),
        ("LockPersonality", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("CapabilityBoundingSet", ""),
        ("UMask", "0077"),
        ("LimitCORE", "0"),
        ("StateDirectory", "fyersbot"),
        ("Restart", "on-failure"),
        ("Type", "notify"),
        ("NotifyAccess", "main"),
        ("WatchdogSec", "20"),
        ("StartLimitIntervalSec", "0"),
        ("RestartPreventExitStatus", "2 3"),
        ("ProtectProc", "invisible"),
        ("SystemCallFilter", "@system-service"),
        ("RestrictSUIDSGID", "yes"),
        ("MemoryMax", "1G"),
        ("KillSignal", "SIGTERM"),
        ("User", "fyersbot"),
        ("StateDirectoryMode", "0700"),
        ("AmbientCapabilities", ""),
        ("PrivateUsers", "yes"),
        ("PrivateMounts", "yes"),
        ("ProtectClock", "yes"),
        ("ProtectControlGroups", "yes"),
        ("ProtectHostname", "yes"),
        ("ProtectKernelLogs", "yes"),
        ("RestrictRealtime", "yes"),
        ("RemoveIPC", "yes"),
        ("SystemCallArchitectures", "native"),
    ],
)
def test_the_unit_keeps_its_locks(name: str, value: str) -> None:
    assert directives()[name][0] == value


def test_a_second_instance_is_not_tried_again() -> None:
    assert str(ALREADY_RUNNING) in directives()["RestartPreventExitStatus"][0].split()


def test_the_unit_waits_longer_for_a_stop_than_the_bot_and_for_a_sign_of_life_than_it_is_silent() -> None:
    unit = directives()
    assert int(unit["TimeoutStopSec"][0]) > STOP_PATIENCE
    assert int(unit["WatchdogSec"][0]) > 2 * SIGNS_PER_INTERVAL


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_knows_every_directive_or_is_too_old_for_it() -> None:
    told = subprocess.run(["systemd-analyze", "verify", str(UNIT)], capture_output=True, text=True, check=False).stderr
    of_254 = {"RestartSteps", "RestartMaxDelaySec"}
    assert set(re.findall(r"Unknown key(?: name)? '(\w+)'", told)) <= of_254, told


@pytest.mark.hazard("R5", "R7")
def test_the_unit_bounds_memory_threads_descriptors_and_restarts() -> None:
    unit = directives()
    assert unit["MemoryMax"] == ["1G"]
    assert int(unit["OOMScoreAdjust"][0]) < 0
    assert int(unit["TasksMax"][0]) <= 256
    assert int(unit["LimitNOFILE"][0]) <= 8_192
    assert unit["StartLimitIntervalSec"] == ["0"], "somebody must manage what is open, however often it has to start"
    assert int(unit["RestartSec"][0]) >= 10
    assert (unit["RestartSteps"], unit["RestartMaxDelaySec"]) == (["5"], ["5min"])


def test_the_unit_allows_no_more_system_calls_than_a_service_needs() -> None:
    assert directives()["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]


def test_each_directive_of_the_unit_is_spelt_as_one_that_exists_and_given_once() -> None:
    several = {"Environment", "SystemCallFilter"}
    assert {name for name, values in directives().items() if len(values) > 1} <= several
    known = {
        "Description", "Documentation", "Wants", "After", "StartLimitIntervalSec", "StartLimitBurst", "Type", "User",
        "Group", "WorkingDirectory", "ExecStart", "EnvironmentFile", "Environment", "Restart", "RestartSec",
        "RestartPreventExitStatus", "KillMode", "KillSignal", "TimeoutStopSec", "StateDirectory", "StateDirectoryMode",
        "UMask", "LimitCORE", "LimitNOFILE", "MemoryMax", "TasksMax", "OOMScoreAdjust", "NoNewPrivileges",
        "CapabilityBoundingSet", "AmbientCapabilities", "ProtectSystem", "ProtectHome", "ProtectClock",
        "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables",
        "ProtectProc", "ProcSubset", "PrivateDevices", "PrivateTmp", "PrivateUsers", "PrivateMounts", "RemoveIPC",
        "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality",
        "MemoryDenyWriteExecute", "SystemCallArchitectures", "SystemCallFilter", "SystemCallErrorNumber", "WantedBy",
        "WatchdogSec", "NotifyAccess", "RestartSteps", "RestartMaxDelaySec",
    }  # fmt: skip
    assert set(directives()) <= known


def test_the_unit_holds_no_secret_and_starts_the_front_door() -> None:
    unit = directives()
    assert "run_live_bot.py --mode live" in unit["ExecStart"][0]
    assert not any("SECRET" in value or "TOKEN" in value for values in unit.values() for value in values)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_itself_finds_little_exposure() -> None:
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    found = re.search(r"Overall exposure level.*: ([\d.]+)", told)
    if found is None:
        pytest.skip("this systemd cannot rate a unit file")
    assert float(found[1]) <= 2.5


def test_the_example_environment_is_accepted_as_it_is_and_names_only_real_settings(tmp_path: Path) -> None:
    private = tmp_path / ".env"
    private.write_text((ROOT / ".env.example").read_text())
    private.chmod(0o600)
    given = {name: value for name, value in process_environment(private).items() if name.startswith(PREFIX)}
    assert len(given) >= 5
    load_settings(environ=given)
    filled = {
        name: value or '"x"' if name.endswith("TOKEN") else value or "ABCD1234XY-100" for name, value in given.items()
    }
    assert load_settings(environ=filled).auth.client_id == "ABCD1234XY-100"


MANY = [f"NSE:S{number}-EQ" for number in range(501)]


@pytest.mark.parametrize(
    ("on_the_page", "settings", "refusal"),
    [
        (
            "risk.max_postions is not a setting; did you mean risk.max_positions?",
            {"risk.max_postions": 3},
            "risk.max_postions is not a setting; did you mean risk.max_positions?",
        ),
        ("More than 500 symbols", {"symbols": MANY, "timeframe": "15m"}, "501 given, allowed are 1 to 500"),
        ("80 symbols at `1m`", {"symbols": MANY[:81], "timeframe": "1m"}, "list at most 80 symbols"),
        ("400 at `5m`", {"symbols": MANY[:401], "timeframe": "5m"}, "list at most 400 symbols"),
        ("a symbol twice", {"symbols": [MANY[0], MANY[0]]}, "NSE:S0-EQ is listed twice"),
        ("an infinite number", {"risk.max_price_age": "inf"}, "must be a finite number"),
        ("Plain `http://`", {"broker.endpoints.rest": "http://a.example/v3"}, "plain http is allowed to this machine"),
        ("A clock other than the wall's", {"clock.start": "2026-01-06T09:00:00+05:30"}, "simulator on this machine"),
        ("Rate limits above the broker's own", {"broker.rates.per_minute": 201}, "allowed are 1 to 200"),
        ("Paths with `..` or `~`", {"paths.logs": "../logs"}, "without '..' and '~'"),
        ("on the command line they are refused", {"auth.secret_key": "x"}, "is a secret and must not stand there"),
    ],
)
def test_the_page_on_configuration_names_refusals_that_really_happen(
    on_the_page: str, settings: dict[str, object], refusal: str
) -> None:
    page = " ".join((ROOT / "docs" / "configuration.md").read_text().split())
    assert on_the_page in page
    with pytest.raises(ConfigurationError) as refused:
        load_settings(overrides=settings, environ={})
    assert refusal in str(refused.value)


def test_the_variables_on_the_page_on_configuration_are_settings() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    values = {"SYMBOLS": '["NSE:SBIN-EQ"]', "REST": "https://a.example", "MODE": "live"}
    named = set(re.findall(r"FYERSBOT__[A-Z_]+", page)) - {"FYERSBOT__SECTION__KEY"}
    assert len(named) == len(values)
    for name in named:
        load_settings(environ={name: values[name.rpartition("__")[2]]})

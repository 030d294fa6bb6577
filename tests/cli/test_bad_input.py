"""Bad input gets one line that names the file, the key or the limit and what to do, and nothing is lost by it."""

import base64
import json
import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from core.market import Instrument
from market_data.calendar import NseCalendar
from simulator.faults import FaultKind
from simulator.options import SimulatorOptions
from simulator.scripted_market import Print, ScriptedMarket
from simulator.server import RunningSimulator, running_simulator

from .conftest import SPEED, TEN, Run

Spoil = Callable[[Path], None]


def nothing_was_begun(home: Path) -> bool:
    """Neither an event log nor a file that somebody did not finish; the empty tables for people record nothing."""
    files = [path for path in home.rglob("*") if path.name != "trading_log.sqlite"]
    return not [path for path in files if path.suffix == ".sqlite" or path.name.startswith(".")]


# --- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.hazard("C3")
@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("mode: [paper\n", r"bot\.yaml, line 2, column 1: "),
        ("risk: {max_positions: 3}\nrisk: {}\n", r"bot\.yaml, line 2, .*'risk' appears twice"),
        ("- paper\n", r"bot\.yaml: the top level is a list, expected `key: value` lines"),
        ("riskk:\n  max_positions: 3\n", r"bot\.yaml: riskk is not a setting; did you mean risk\?"),
        ("risk: {max_position: 3}\n", r"bot\.yaml: risk\.max_position .*; did you mean risk\.max_positions\?"),
        ("mode: real\n", r"bot\.yaml: mode = 'real': must be 'paper' or 'live'"),
        ("risk: {max_loss_fraction: 2}\n", r"bot\.yaml: risk\.max_loss_fraction = 2: must be less than or equal"),
        ("sizing: {quantity: 0}\n", r"bot\.yaml: sizing\.quantity = 0: must be greater than or equal to 1"),
        ("symbols: [SBIN]\n", r"symbols: 'SBIN' is not a FYERS ticker such as NSE:SBIN-EQ"),
        ("symbols: ['NSE:A-EQ', 'NSE:A-EQ']\n", r"symbols: NSE:A-EQ is listed twice"),
        ("auth: {access_token: abc}\n", r"auth\.access_token is a secret .*FYERSBOT__AUTH__ACCESS_TOKEN"),
        ("clock: {speed: 60}\n", r"clock\.speed = 60, .*need clock\.start"),
        (
            "clock: {start: '2026-01-06T09:00:00+05:30', speed: 60}\n",
            r"clock\.start = 2026-01-06T09:00:00\+05:30: .*simulator on this machine only, and broker\.endpoints\.rest",
        ),
        ("broker: {endpoints: {rest: 'http://api.example.com/v3'}}\n", r"plain http is allowed to this machine only"),
        ("broker: {rates: {per_minute: 500}}\n", r"broker\.rates\.per_minute = 500: allowed are 1 to 200"),
        ("model: {path: ../model}\n", r"model\.path = '\.\./model': give a path below the working folder"),
    ],
)
def test_settings_that_cannot_be_meant_stop_the_start(content: str, named: str, run: Run, home: Path) -> None:
    (home / "bot.yaml").write_text(content)
    for verb in ("show-config", "trade"):
        assert re.search(named, run(verb, "--config", "bot.yaml").complaint)
    assert nothing_was_begun(home)


def test_a_missing_file_of_settings_is_named(run: Run) -> None:
    assert run("trade", "--config", "bott.yaml").complaint == (
        "bott.yaml: there is no such file; create it, or name another"
    )


def test_more_symbols_than_the_call_budget_serves_are_refused(run: Run, home: Path) -> None:
    content = {"timeframe": "1m", "symbols": [f"NSE:S{number}-EQ" for number in range(81)]}
    (home / "bot.yaml").write_text(yaml.safe_dump(content))
    assert "list at most 80 symbols or use a longer timeframe" in run("trade", "--config", "bot.yaml").complaint


def test_an_environment_variable_that_is_no_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FYERSBOT__RISK__MAX_POSITION", "3")
    assert run("trade").complaint == (
        "environment variable FYERSBOT__RISK__MAX_POSITION: risk.max_position is not a setting; "
        "did you mean risk.max_positions?"
    )


def test_a_secret_file_that_others_can_read_is_refused(run: Run, home: Path) -> None:
    (home / ".env").write_text("FYERSBOT__AUTH__SECRET_KEY=abc\n")
    (home / ".env").chmod(0o644)
    assert run("trade").complaint == ".env has permissions 0644: run `chmod 0600 .env`"


# --- the market -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("signed_in")
def test_an_unknown_symbol_is_named_with_its_neighbours(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FYERSBOT__SYMBOLS", '["NSE:SBIN-EQ", "NSE:RELIANC-EQ"]')
    assert re.search(r"symbols: NSE:RELIANC-EQ is not in .*NSE:RELIANCE-EQ", run("trade").complaint)
    assert nothing_was_begun(home)


@pytest.mark.hazard("S12")
@pytest.mark.usefixtures("signed_in")
def test_a_quantity_the_exchange_would_freeze_is_refused(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FYERSBOT__SIZING__METHOD", "fixed")
    monkeypatch.setenv("FYERSBOT__SIZING__QUANTITY", "900000")
    assert run("trade").complaint == (
        "sizing.quantity = 900000: NSE:SBIN-EQ takes less than 25000 in one order; give less"
    )
    assert nothing_was_begun(home)


@pytest.mark.hazard("S13")
@pytest.mark.usefixtures("signed_in")
def test_a_quantity_that_is_no_multiple_of_the_lot_is_refused(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, calendar_cache: Path
) -> None:
    listed = Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=5, lot=25)
    script = {listed.symbol: [Print(at=TEN, ltp=80_000, bid=79_995, ask=80_005)]}
    calendar = NseCalendar(cache=calendar_cache)
    market = ScriptedMarket(calendar, script, {listed.symbol: listed})
    options = SimulatorOptions(clock_start=TEN, clock_speed=SPEED)
    monkeypatch.setenv("FYERSBOT__SYMBOLS", json.dumps([listed.symbol]))
    monkeypatch.setenv("FYERSBOT__SIZING__METHOD", "fixed")
    monkeypatch.setenv("FYERSBOT__SIZING__QUANTITY", "60")
    with running_simulator(options, calendar, market) as simulator:
        monkeypatch.setenv("FYERSBOT__BROKER__ENDPOINTS__SYMBOL_MASTER", simulator.endpoints.symbol_master)
        complaint = run("trade").complaint
    assert complaint == "sizing.quantity = 60: NSE:SBIN-EQ trades in lots of 25; give a multiple of it"
    assert nothing_was_begun(home)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--from", "2099-01-01"), "the holidays of 2099 are not known: "),
        (("--from", "2004-12-31"), "2004-12-31 lies before the first hours in "),
        (("--from", "2026-01-02", "--to", "2026-01-01"), "--to 2026-01-01 lies before --from 2026-01-02"),
        (("--market", "currency"), "currency: its hours are not known here"),
    ],
)
def test_days_and_markets_that_the_calendar_does_not_know_are_refused(
    run: Run, home: Path, arguments: tuple[str, ...], reason: str
) -> None:
    assert run("calendar", *arguments).complaint.startswith(reason)
    assert nothing_was_begun(home)


@pytest.mark.hazard("T4")
@pytest.mark.usefixtures("signed_in")
def test_live_trading_on_a_day_that_nobody_knows_is_refused(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FYERSBOT__CLOCK__START", "2099-01-06T09:00:00+05:30")
    complaint = run("trade", "--mode", "live").complaint
    assert complaint.startswith("live trading is not armed on 2099-01-06: the holidays of 2099 are not known")
    assert nothing_was_begun(home)


# --- the model ------------------------------------------------------------------------------------------------------


def _rewritten(change: Callable[[dict[str, dict[str, object]]], object]) -> Spoil:
    def spoil(bundle: Path) -> None:
        content = yaml.safe_load((bundle / "manifest.yaml").read_text())
        change(content)
        (bundle / "manifest.yaml").write_text(yaml.safe_dump(content, sort_keys=False))

    return spoil


@pytest.mark.hazard("M1")
@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (shutil.rmtree, r"models/default: no trained model here; run `fyersbot train`"),
        (lambda bundle: (bundle / "forest.npz").unlink(), r"0001/forest\.npz: missing; restore it or run"),
        (lambda bundle: (bundle / "manifest.yaml").write_bytes(b"\xff"), r"manifest\.yaml: unreadable manifest"),
        (lambda bundle: (bundle / "model.joblib").write_bytes(b"other"), r"0001/model\.joblib: 5 bytes .*the manifest"),
        (
            _rewritten(lambda manifest: manifest["features"].update(schema_sha256="0" * 64)),
            r"manifest\.yaml: made for other features: schema 0000.*; train again",
        ),
        (
            _rewritten(lambda manifest: manifest["features"]["names"].__setitem__(0, "moon_phase")),
            r"manifest\.yaml: made for features this program does not have .*moon_phase.*; train again",
        ),
        (_rewritten(lambda manifest: manifest.update(format=99)), r"format 99, this program reads 2; update it or"),
    ],
)
def test_a_model_that_cannot_be_trusted_is_not_opened(
    spoil: Spoil, named: str, run: Run, bundle: Path, home: Path
) -> None:
    spoil(bundle)
    assert re.search(named, run("trade").complaint)
    assert nothing_was_begun(home)


@pytest.mark.usefixtures("bundle")
def test_another_model_than_the_pinned_one_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FYERSBOT__MODEL__MANIFEST_SHA256", "a" * 64)
    assert "model.manifest_sha256 demands aaaa" in run("trade").complaint


def test_an_unknown_strategy_is_named_with_those_there_are(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FYERSBOT__STRATEGY__NAME", "simple_ma_crosover")
    assert "simple_ma_crossover" in run("trade").complaint


# --- the account ----------------------------------------------------------------------------------------------------


@pytest.mark.hazard("A3")
def test_a_dead_token_is_refused_with_what_to_do(
    run: Run, home: Path, simulator: RunningSimulator, signed_in: dict[str, str]
) -> None:
    simulator.arm(FaultKind.EXPIRE_TOKENS)
    complaint = run("trade").complaint
    assert complaint.endswith("run `fyersbot login`")
    assert signed_in["FYERSBOT__AUTH__ACCESS_TOKEN"] not in complaint
    assert nothing_was_begun(home)


def test_an_expired_token_is_refused_before_anything_is_sent(
    run: Run, signed_in: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    header, body, _ = signed_in["FYERSBOT__AUTH__ACCESS_TOKEN"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "===")) | {"exp": 1_700_000_000}
    expired = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    monkeypatch.setenv("FYERSBOT__AUTH__ACCESS_TOKEN", f"{header}.{expired}.x")
    assert run("trade").complaint == "the access token expired at 2023-11-15 03:43:20 IST; run `fyersbot login`"


@pytest.mark.usefixtures("signed_in")
def test_nobody_signed_in_is_said_with_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FYERSBOT__AUTH__ACCESS_TOKEN")
    assert re.fullmatch(
        r"nobody has signed in: .*token\.json does not exist; run `fyersbot login`", run("trade").complaint
    )


@pytest.mark.usefixtures("signed_in")
def test_something_else_than_a_token_is_refused_without_being_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FYERSBOT__AUTH__ACCESS_TOKEN", "hunter2hunter2")
    complaint = run("trade").complaint
    assert complaint.endswith("run `fyersbot login`")
    assert "hunter2" not in complaint


@pytest.mark.hazard("S20")
@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize("account", ["", "XX00001"])
def test_live_needs_the_account_that_the_token_opens(
    account: str, run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FYERSBOT__LIVE__ACCOUNT", account)
    said = account or "not set"
    expected = f"live.account is {said}, the token opens SIM0001; set live.account to it"
    assert run("trade", "--mode", "live").complaint == expected
    assert nothing_was_begun(home)


NOT_BY_NAME = "mode = live in the settings is not enough for real orders: type --mode live too, or set mode to paper"


@pytest.mark.hazard("S20", "V10")
@pytest.mark.usefixtures("signed_in")
def test_live_in_the_settings_alone_is_refused(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "bot.yaml").write_text("mode: live\n")
    assert run("trade", "--config", "bot.yaml").complaint == NOT_BY_NAME
    monkeypatch.setenv("FYERSBOT__MODE", "live")
    assert run("trade").complaint == NOT_BY_NAME
    assert json.loads(run("show-config", "--json").out)["mode"] == "live"
    assert nothing_was_begun(home)
    assert not (home / "bot").exists()


@pytest.mark.usefixtures("signed_in")
def test_live_typed_by_name_goes_on_to_the_second_switch(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "bot.yaml").write_text("mode: live\n")
    monkeypatch.setenv("FYERSBOT__LIVE__ACCOUNT", "")
    complaint = run("trade", "--mode", "live", "--config", "bot.yaml").complaint
    assert complaint.startswith("live.account is not set")


def test_signing_in_without_an_app_says_which_settings_are_missing(run: Run) -> None:
    assert run("login").complaint == (
        "auth.client_id is missing: set FYERSBOT__AUTH__CLIENT_ID to the app id, ABCD1234XY-100"
    )


# --- the machine ----------------------------------------------------------------------------------------------------


@pytest.mark.hazard("R1")
@pytest.mark.usefixtures("signed_in")
def test_a_second_bot_on_the_same_state_ends_with_3(run: Run, home: Path) -> None:
    (home / "bot").mkdir()
    with FileLock(home / "bot" / "bot.lock"):
        answer = run("trade")
    assert answer.code == 3
    assert re.fullmatch(r"another bot runs on .*/bot; stop it, or choose another paths\.state", answer.complaint)
    assert nothing_was_begun(home)


@pytest.mark.hazard("R1")
@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize("kind", ["a folder", "a link"])
def test_a_lock_that_is_no_plain_file_is_named(kind: str, run: Run, home: Path) -> None:
    (home / "bot").mkdir()
    lock = home / "bot" / "bot.lock"
    lock.mkdir() if kind == "a folder" else lock.symlink_to(home / "elsewhere")
    complaint = run("trade").complaint
    assert complaint.endswith(f"bot/bot.lock is {kind}, so nobody can tell whether a bot runs; remove it")
    assert nothing_was_begun(home)


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize("key", ["state", "logs"])
def test_a_folder_that_cannot_be_written_is_named(
    key: str, run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv(f"FYERSBOT__PATHS__{key.upper()}", str(home / "file" / key))
    complaint = run("trade").complaint
    assert str(home / "file" / key) in complaint
    assert "choose another" in complaint
    assert nothing_was_begun(home)


def test_a_port_in_use_is_named(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        complaint = run("simulator", "--port", str(port)).complaint
    assert complaint == f"127.0.0.1:{port} is in use: choose another port, or 0 for a free one"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--port", "99999"), "simulator port 99999: must lie within 0 and 65535; 0 takes a free one"),
        (("--clock-speed", "0"), "simulator speed 0.0: must be above 0"),
        (("--clock-speed", "60"), "give clock.start, or leave the speed at 1"),
        (("--clock-start", "2026-01-06T09:00:00"), "give it a zone, for example +05:30"),
        (("--symbol", "SBIN"), "SBIN"),
    ],
)
def test_a_simulator_that_cannot_be_meant_does_not_start(arguments: tuple[str, ...], named: str, run: Run) -> None:
    assert named in run("simulator", *arguments).complaint


def test_books_that_cannot_be_kept_are_named(run: Run, home: Path) -> None:
    (home / "file").write_text("")
    complaint = run("simulator", "--state", "file/books").complaint
    assert re.search(r"file/books cannot be used: Not a directory", complaint)


def test_a_folder_that_cannot_be_made_is_named_in_one_line(run: Run, home: Path) -> None:
    (home / "data" / "runs").write_text("")
    complaint = run("demo").complaint
    assert re.search(r"data/runs/\S+: Not a directory; check the path and its permissions", complaint)


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (("demo", "--resume", "elsewhere", "--seed", "3"), "--resume goes on with the run's own seed and speed"),
        (("demo", "--resume", "elsewhere", "--speed", "60"), "--resume goes on with the run's own seed and speed"),
        (("trade", "--speed", "60"), "--speed needs --tape: without one the clock is the wall's"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(command: tuple[str, ...], named: str, run: Run) -> None:
    assert named in run(*command).complaint


def test_a_folder_without_a_run_cannot_be_resumed(run: Run) -> None:
    assert "elsewhere does not exist; name the folder of a run" in run("demo", "--resume", "elsewhere").complaint


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--mutants", "--crash-everywhere"), "--crash-everywhere, --mutants and --plan are three different runs"),
        (("--only", "tag_without_boot"), "--only says nothing about the plain run, only about --mutants: leave it out"),
        (("--sessions", "5"), "--sessions says nothing about the plain run, only about --crash-everywhere"),
        (("--mutants", "--sessions", "5"), "--sessions says nothing about --mutants"),
        (("--crash-everywhere", "--seeds", "5"), "--seeds says nothing about --crash-everywhere, only about the plain"),
        (("--plan", "plan.json", "--seeds", "5"), "--seeds says nothing about --plan"),
        (("--plan", "plan.json", "--first-seed", "0"), "--first-seed says nothing about --plan"),
        (("--plan", "plan.json", "--processes", "1"), "--processes says nothing about --plan"),
        (("--mutants", "--failures", "there"), "--failures says nothing about --mutants"),
        (("--mutants", "--only", "nonsense"), "there is no planted bug nonsense; known are"),
        (("--plan", "missing.json"), "missing.json: No such file or directory; check the path"),
        (("--plan", "plan.json"), "plan.json is not a plan in JSON"),
        (("--plan", "unknown.json"), "the plan's faults name 'earthquake'; known are request_refused"),
    ],
)
def test_a_simulation_that_cannot_be_meant_is_refused_at_once(
    arguments: tuple[str, ...], named: str, run: Run, home: Path
) -> None:
    (home / "plan.json").write_text("{")
    (home / "unknown.json").write_text('{"seed": 1, "faults": [["earthquake", 1]]}')
    assert named in run("simulate", *arguments).complaint
    assert not (home / "simulation-failures").exists()

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr, ValidationError

from core.errors import ConfigurationError
from core.market import Timeframe
from runtime.configuration import load_settings, show_config
from runtime.setting_sources import process_environment
from runtime.settings import Mode, RiskSettings, Settings

BOT_YAML = Path(__file__).parents[2] / "config" / "bot.yaml"
LOOPBACK = {
    "rest": "http://127.0.0.1:9001/api/v3",
    "data": "http://127.0.0.1:9001/data",
    "data_socket": "ws://127.0.0.1:9002/hsm",
    "order_socket": "ws://127.0.0.1:9003/trade",
    "symbol_master": "http://localhost:9001/sym_details",
}


def load(yaml_text: str = "", overrides: Mapping[str, Any] | None = None, **environ: str) -> Settings:
    """Load from text by way of a real file, with these variables and no others."""
    return load_settings(_file(yaml_text), overrides, environ)


def _file(text: str) -> Path:
    path = Path("bot.yaml")
    path.write_text(text)
    return path


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refusal(yaml_text: str = "", overrides: Mapping[str, Any] | None = None, **environ: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(yaml_text, overrides, **environ)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.hazard("C6")
def test_the_shipped_file_gives_exactly_the_defaults() -> None:
    assert load_settings(BOT_YAML, environ={}) == Settings() == load_settings(environ={})


def test_the_shipped_file_shows_every_setting_that_is_not_a_secret() -> None:
    def keys(tree: Mapping[str, Any], prefix: str = "") -> set[str]:
        return {
            key
            for name, value in tree.items()
            for key in (keys(value, f"{prefix}{name}.") if isinstance(value, dict) and value else {prefix + name})
        }

    secrets = {"auth.secret_key", "auth.access_token", "model.signing_key"}
    assert keys(yaml.safe_load(BOT_YAML.read_text())) == keys(show_config(Settings())) - secrets


def test_the_command_line_wins_over_the_environment_over_the_file_over_the_default() -> None:
    text = "risk: {max_positions: 4, max_orders_per_day: 44, capital: 400000}\nsizing: {quantity: 4}"
    settings = load(
        text,
        {"risk.max_positions": 6, "mode": None},
        FYERSBOT__RISK__MAX_POSITIONS="5",
        FYERSBOT__RISK__MAX_ORDERS_PER_DAY="55",
    )
    assert settings.risk.max_positions == 6
    assert settings.risk.max_orders_per_day == 55
    assert settings.risk.capital == Decimal(400_000)
    assert settings.sizing.quantity == 4
    assert settings.sizing.risk_fraction == Settings().sizing.risk_fraction
    assert settings.mode is Mode.PAPER


def test_the_environment_gives_texts_numbers_lists_and_sections() -> None:
    settings = load(
        FYERSBOT__BROKER__ENDPOINTS__REST="http://127.0.0.1:1/api",
        FYERSBOT__SYMBOLS='["NSE:M&M-EQ", "NSE:NIFTY50-INDEX"]',
        FYERSBOT__TIMEFRAME="15m",
        FYERSBOT__STRATEGY__PARAMS='{"fast": 5}',
        FYERSBOT__SIZING='{"method": "fixed", "quantity": 7}',
        FYERSBOT__LIVE__ACCOUNT="",
        PATH="/usr/bin",
    )
    assert settings.broker.endpoints.rest == "http://127.0.0.1:1/api"
    assert settings.symbols == ("NSE:M&M-EQ", "NSE:NIFTY50-INDEX")
    assert settings.timeframe is Timeframe.M15
    assert settings.strategy.params == {"fast": 5}
    assert settings.sizing.quantity == 7


def test_overrides_may_be_nested_and_an_empty_section_changes_nothing() -> None:
    assert load("risk:\n", {"clock": {}, "sizing": {"quantity": 3}}).sizing.quantity == 3


@pytest.mark.hazard("C3")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("risk: {max_postions: 3}", "bot.yaml: risk.max_postions is not a setting; did you mean risk.max_positions?"),
        ("max_positions: 3", "bot.yaml: max_positions is not a setting; did you mean risk.max_positions?"),
        ("symbol: [x]", "bot.yaml: symbol is not a setting; did you mean symbols?"),
        ("auth: {totp_secret: x}", "bot.yaml: auth.totp_secret is not a setting"),
        ("auth: {pin: x}", "bot.yaml: auth.pin is not a setting"),
        ("risk: 5", "bot.yaml: risk is a group with the keys capital, max_positions"),
        ("risk: {max_loss_fraction: 2}", "bot.yaml: risk.max_loss_fraction = 2: must be less than or equal to 0.2"),
        ("risk: {max_loss_fraction: -0.1}", "risk.max_loss_fraction = -0.1: must be greater than 0"),
        ("risk: {max_loss_fraction: .nan}", "risk.max_loss_fraction = '.nan'"),
        ("risk: {max_price_age: .inf}", "risk.max_price_age = '.inf'"),
        ("risk: {max_price_age: inf}", "risk.max_price_age = 'inf': must be a finite number"),
        (
            "risk: {soft_loss_fraction: 0.02}",
            "risk.soft_loss_fraction = 0.02: must be below risk.max_loss_fraction = 0.02",
        ),
        ("risk: {soft_loss_fraction: 0}", "risk.soft_loss_fraction = 0: must be greater than 0"),
        ("drift: {stop: 0}", "drift.stop = 0: must be greater than or equal to 0.000001"),
        ("drift: {size: 1.5}", "drift.size = 1.5: must be less than or equal to 1"),
        ("drift: {stop: 0.02}", "drift.shrink = 0.01, drift.stop = 0.02: a rarer false alarm takes more evidence"),
        ("risk: {max_symbol_fraction: 1.5}", "must not be above risk.max_exposure_fraction = 1, the limit over all"),
        ("risk: {max_exposure_fraction: .inf}", "risk.max_exposure_fraction"),
        ("risk: {capital: 0}", "risk.capital = 0: must be greater than 0"),
        ("exits: {target_atr: 0}", "exits.target_atr = 0: must be greater than 0"),
        ("sizing: {quantity: true}", "bot.yaml: sizing.quantity = true: not a yes or no"),
        ("sizing: {quantity: 1.5}", "sizing.quantity = 1.5: must be a valid integer"),
        ("sizing: {quantity: many}", "sizing.quantity = 'many': must be a valid integer"),
        ("mode: real", "mode = 'real': must be 'paper' or 'live'"),
        ("timeframe: 2m", "timeframe = '2m': must be"),
        ("clock: {start: '2026-01-06 09:00'}", "give the zone too"),
        ("clock: {start: '9999-12-31T23:59:59Z'}", "clock.start = 9999-12-31T23:59:59+00:00: must lie between"),
        ("clock: {start: '2026-01-06 09:00+05:30', epoch: 1e300}", "clock.epoch = 1e+300: must be seconds since 1970"),
        ("clock: {start: '2026-01-06 09:00+05:30', epoch: 1.0}", "clock.epoch = 1: must be seconds since 1970"),
        ("sizing: {quantity: 10000001}", "sizing.quantity = 10000001: must be less than or equal to 10000000"),
        ("risk: {capital: 1e13}", "risk.capital = 10000000000000.0: must be less than or equal to 1000000000000"),
        ("risk: {max_order_value: 1000000000001}", "must be less than or equal to 1000000000000"),
        ("live: {account: ' XY01234'}", "live.account = ' XY01234': take away the blanks around it"),
        ("paths: {cache: ''}", "bot.yaml: paths.cache = '': give a path, or leave the key out for its default"),
        ("paths: {state: '  '}", "paths.state = '  ': give a path"),
        ("paths: {sessions: ''}", "paths.sessions = '': give a path"),
        ("history: {candles: 9}", "history.candles = 9: must be greater than or equal to 50"),
        ("symbols: NSE:SBIN-EQ", "symbols = 'NSE:SBIN-EQ': must be a valid tuple"),
        ("risk: {max_positions: 0, capital: -1}", "(and 1 more)"),
    ],
)
def test_a_wrong_key_type_or_limit_is_one_line_that_names_them(text: str, message: str) -> None:
    assert message in refusal(text)


def test_messages_name_the_variable_or_the_command_line() -> None:
    assert refusal(FYERSBOT__RISK__MAX_POSITIONS="0").startswith("environment variable FYERSBOT__RISK__MAX_POSITIONS:")
    assert refusal(FYERSBOT__RISKS__CAPITAL="1").endswith("did you mean risk.capital?")
    assert refusal(FYERSBOT__SYMBOLS="NSE:SBIN-EQ").startswith("FYERSBOT__SYMBOLS: not JSON")
    assert refusal("", {"risk.max_positions": 0}).startswith("command line: risk.max_positions = 0")


@pytest.mark.parametrize("key", ["secret_key", "access_token"])
def test_a_secret_is_refused_in_the_file_and_on_the_command_line(key: str) -> None:
    for message in (refusal(f"auth: {{{key}: canary}}"), refusal("", {f"auth.{key}": "canary"})):
        assert f"auth.{key} is a secret" in message
        assert f"FYERSBOT__AUTH__{key.upper()}" in message
        assert "canary" not in message


def test_a_secret_comes_from_the_environment_and_is_never_shown() -> None:
    settings = load(FYERSBOT__AUTH__SECRET_KEY="canary-1", FYERSBOT__AUTH__ACCESS_TOKEN="canary-2")
    assert settings.auth.secret_key.get_secret_value() == "canary-1"
    shown = json.dumps(show_config(settings))
    assert "canary" not in shown + repr(settings) + str(settings)
    assert show_config(settings)["auth"]["secret_key"] == "(set)"
    assert show_config(Settings())["auth"]["secret_key"] == "(not set)"


def test_code_may_hand_over_a_secret_that_is_wrapped() -> None:
    assert load("", {"auth.access_token": SecretStr("t")}).auth.access_token.get_secret_value() == "t"


def test_a_secret_of_the_wrong_type_is_not_quoted() -> None:
    message = refusal(FYERSBOT__AUTH='{"secret_key": ["canary"]}')
    assert "auth.secret_key" in message
    assert "canary" not in message


def test_credentials_of_the_service_manager_are_read_by_key(tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    for name, content in {"auth.access_token": "token\n", "another.program": "x"}.items():
        (folder / name).write_text(content)
        (folder / name).chmod(0o400)
    settings = load(CREDENTIALS_DIRECTORY=str(folder))
    assert settings.auth.access_token.get_secret_value() == "token"
    (folder / "auth.access_token").chmod(0o444)
    assert "permissions 0444" in refusal(CREDENTIALS_DIRECTORY=str(folder))


def test_a_private_env_file_completes_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text("# app\nFYERSBOT__AUTH__SECRET_KEY='quoted = canary'\n\nFYERSBOT__LOG__LEVEL=DEBUG\nOTHER=1\n")
    file.chmod(0o600)
    monkeypatch.setenv("FYERSBOT__LOG__LEVEL", "ERROR")
    settings = load_settings()
    assert settings.auth.secret_key.get_secret_value() == "quoted = canary"
    assert settings.log.level == "ERROR"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o666])
def test_an_env_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / ".env"
    file.write_text("FYERSBOT__AUTH__SECRET_KEY=canary\n")
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match=r"\.env has permissions .* run `chmod 0600") as caught:
        load_settings()
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("export X=canary", "line 1: expected NAME=value"),
        ("canary", "line 1"),
        ("A=1\nA=canary", "line 2: A is given twice"),
    ],
)
def test_a_malformed_env_file_is_refused_without_quoting_it(tmp_path: Path, content: str, reason: str) -> None:
    file = tmp_path / ".env"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(ConfigurationError, match=reason) as caught:
        process_environment(file)
    assert "canary" not in str(caught.value)


def test_a_missing_file_is_a_clear_error() -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.yaml: there is no such file"):
        load_settings(Path("absent.yaml"), environ={})


def test_another_clock_is_refused_unless_every_endpoint_is_this_machine() -> None:
    clock = {"start": "2026-01-06T09:00:00+05:30", "speed": 60}
    assert load("", {"clock": clock, "broker": {"endpoints": LOOPBACK}}).clock.speed == 60
    for name in LOOPBACK:
        foreign = {**LOOPBACK, name: getattr(Settings().broker.endpoints, name)}
        message = refusal("", {"clock": clock, "broker": {"endpoints": foreign}})
        assert f"broker.endpoints.{name} is not on this machine" in message


def test_speed_and_epoch_need_a_start() -> None:
    assert "need clock.start" in refusal("clock: {speed: 60}")
    assert "need clock.start" in refusal("clock: {epoch: 1.0}")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("rest", "http://api-t1.fyers.in/api/v3", "plain http is allowed to this machine only"),
        ("data_socket", "ws://socket.fyers.in/hsm", "plain ws is allowed to this machine only"),
        ("data_socket", "https://socket.fyers.in/hsm", "must start with wss://"),
        ("symbol_master", "file:///etc/passwd", "must start with https://"),
    ],
)
def test_endpoints_are_encrypted_or_local(key: str, value: str, reason: str) -> None:
    message = refusal("", {f"broker.endpoints.{key}": value})
    assert message.startswith(f"broker.endpoints.{key}")
    assert reason in message


def test_a_foreign_redirect_address_must_be_encrypted() -> None:
    assert "auth.redirect_uri" in refusal("auth: {redirect_uri: 'http://example.com/callback'}")
    assert load("auth: {redirect_uri: 'https://www.example.com/'}").auth.redirect_uri == "https://www.example.com/"


@pytest.mark.hazard("C2")
@pytest.mark.parametrize(
    "symbol",
    [
        "",
        "SBIN",
        "NSE:",
        "NFO:X",
        "NSE:sbin-EQ",
        "nse:SBIN-EQ",
        "XNSE:SBIN",
        "NSE:A B",
        "NSE:SBIN/EQ",
        "NSE:../../etc",
        "NSE:SBIN-EQ\n",
        "NSE:SBIN-EQ\x00",
        "NSE:\uff33BIN",
        "NSE:" + "A" * 41,
    ],
)
def test_a_name_that_is_no_ticker_is_refused(symbol: str) -> None:
    assert "is not a FYERS ticker" in refusal("", {"symbols": ["NSE:SBIN-EQ", symbol]})


@pytest.mark.hazard("S19")
@pytest.mark.parametrize("symbol", ["NSE:M&M-EQ", "NSE:BAJAJ-AUTO-EQ", "NSE:NIFTYBEES-EQ", "NSE:NIFTY50-INDEX"])
def test_real_tickers_are_accepted(symbol: str) -> None:
    assert load("", {"symbols": [symbol]}).symbols == (symbol,)


@pytest.mark.parametrize(
    "symbol",
    [
        "NSE:USDINR26JANFUT",
        "NSE:NIFTY26JANFUT",
        "NSE:NIFTY2610626000CE",
        "NSE:SUZLON-BE",
        "BSE:SBIN-A",
        "BSE:SENSEX-INDEX",
        "MCX:CRUDEOIL26JANFUT",
    ],
)
def test_what_the_house_cannot_trade_is_refused_by_name(symbol: str) -> None:
    assert refusal("", {"symbols": ["NSE:SBIN-EQ", symbol]}).endswith(
        f"symbols: {symbol} cannot be traded by this bot: only NSE shares and funds (NSE:...-EQ) and NSE indices "
        "(NSE:...-INDEX, watched only) are supported; take it off the list"
    )


@pytest.mark.hazard("P10", "C7")
def test_the_symbol_list_has_limits() -> None:
    many = [f"NSE:S{number}-EQ" for number in range(501)]
    assert "symbols: 0 given, allowed are 1 to 500" in refusal("", {"symbols": []})
    assert "candles.source = ticks: a daily" in refusal("", {"candles": {"source": "ticks"}, "timeframe": "D"})
    assert "symbols: 501 given" in refusal("", {"symbols": many, "timeframe": "D"})
    assert "NSE:S1-EQ is listed twice" in refusal("", {"symbols": [*many[:5], "NSE:S1-EQ"]})
    assert len(load("", {"symbols": many[:500], "timeframe": "D"}).symbols) == 500


@pytest.mark.hazard("C7")
def test_a_list_whose_history_calls_do_not_fit_half_the_budget_is_refused_with_the_numbers() -> None:
    many = [f"NSE:S{number}-EQ" for number in range(401)]
    assert len(load("", {"symbols": many[:80], "timeframe": "1m"}).symbols) == 80
    message = refusal("", {"symbols": many[:81], "timeframe": "1m"})
    assert "81 history calls" in message
    assert "160 a minute: 80 calls" in message
    assert len(load("", {"symbols": many[:400], "timeframe": "5m"}).symbols) == 400
    assert "at most 400 symbols" in refusal("", {"symbols": many, "timeframe": "5m"})


@pytest.mark.parametrize(
    ("name", "value", "limit"),
    [
        ("per_second", 11, 10),
        ("per_minute", 201, 200),
        ("orders_per_day", 10_001, 10_000),
        ("calls_per_day", 100_001, 100_000),
    ],
)
def test_our_ceilings_stay_below_the_brokers_except_against_a_simulator(name: str, value: int, limit: int) -> None:
    assert f"broker.rates.{name} = {value}: allowed are 1 to {limit}" in refusal("", {f"broker.rates.{name}": value})
    assert "allowed are 1" in refusal("", {f"broker.rates.{name}": 0})
    simulated = load("", {f"broker.rates.{name}": value, "broker.endpoints": LOOPBACK})
    assert getattr(simulated.broker.rates, name) == value


@pytest.mark.hazard("C2")
@pytest.mark.parametrize(
    "key",
    [
        "auth.token_file",
        "model.path",
        "paths.state",
        "paths.logs",
        "paths.cache",
        "paths.archive",
        "paths.live_ticks",
        "paths.sessions",
        "strategy.folder",
    ],
)
@pytest.mark.parametrize("path", ["../x", "data/../../etc", "~/x", "a\x00b", "a\nb", "..\\x", "data/..", "/var/../etc"])
def test_a_path_that_leaves_its_place_is_refused(key: str, path: str) -> None:
    assert refusal("", {key: path}).startswith(f"{key} = ")


def test_absolute_paths_are_the_operators_own_choice() -> None:
    assert load("", {"paths.state": "/var/lib/fyersbot/state"}).paths.state == Path("/var/lib/fyersbot/state")


@pytest.mark.hazard("C2")
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("strategy.name", "../evil"),
        ("strategy.name", "a.b"),
        ("strategy.name", ""),
        ("model.manifest_sha256", "abc"),
        ("model.signed_by", "-----BEGIN PUBLIC KEY-----"),
        ("auth.client_id", "ABC"),
        ("auth.client_id", "ABCD1234XY-100:token"),
    ],
)
def test_malformed_names_are_refused(key: str, value: str) -> None:
    assert refusal("", {key: value}).startswith(f"{key} = ")


def test_a_section_can_be_given_whole() -> None:
    settings = load("risk: {max_order_value: 1000}", {"risk": RiskSettings(max_positions=9)})
    assert settings.risk.max_positions == 9
    assert settings.risk.max_order_value == Decimal(1000)


@pytest.mark.hazard("C6")
@pytest.mark.parametrize("limit", RiskSettings.model_fields)
def test_no_limit_can_be_taken_away(limit: str) -> None:
    zero = ("0",) * (limit != "margin_buffer")  # without a buffer its limit stands
    for nothing in (*zero, "-1", "1e999", ".inf", '""'):
        assert refusal(f"risk: {{{limit}: {nothing}}}")
    assert load(f"risk: {{{limit}: null}}").risk == RiskSettings()


@pytest.mark.hazard("A8")
@pytest.mark.parametrize("key", ["pin", "password", "totp", "totp_secret", "refresh_token"])
def test_there_is_no_place_for_what_would_sign_in_without_a_person(key: str) -> None:
    assert f"auth.{key}" in refusal(f"auth: {{{key}: '1234'}}")
    assert f"auth.{key}" in refusal(**{f"FYERSBOT__AUTH__{key.upper()}": "1234"})


@pytest.mark.hazard("C5")
def test_settings_that_were_read_stay_as_they_were_read() -> None:
    settings = load("risk: {max_positions: 2}")
    Path("bot.yaml").write_text("risk: {max_positions: 9}")
    with pytest.raises(ValidationError, match="frozen"):
        settings.risk.max_positions = 9
    with pytest.raises(ValidationError, match="frozen"):
        settings.risk = RiskSettings(max_positions=9)
    assert settings.risk.max_positions == 2

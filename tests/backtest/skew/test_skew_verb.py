"""`fyersbot skew` on a day on disk: nothing differs by itself, and what is planted is named with its cause."""

import json
import shutil
from dataclasses import replace
from datetime import date, time
from math import nan
from pathlib import Path

import pytest

from backtest.skew.skew_verb import SkewRequest, print_skew
from core.errors import ConfigurationError, DataError, ModelError
from core.instants import MINUTE, instant_at
from features.stream import FeatureStream
from runtime.settings import Mode, ModelSettings, StrategySettings
from strategies.guarded import Guarded
from trading.bundle import read_manifest
from trading.recorded_bot import RecordedBot
from training.recipe import Recipe
from training.train import TrainingOptions, train_model

from .conftest import Weekdays

TUESDAY = date(2026, 1, 6)
SBIN = "NSE:SBIN-EQ"
ELEVENTH = instant_at(TUESDAY, time(9, 15)) + 10 * 5 * MINUTE


@pytest.fixture
def skew(calendar, capsys):
    """Return the report of a bot's day for programs; the exit code must agree with its verdict."""

    def call(bot, *, day: date | None = TUESDAY, data: Path | None = None, run: Path | None = None) -> dict:
        recorded = RecordedBot.named(bot.settings, run=run, state=None, mode=None)
        code = print_skew(SkewRequest(bot=recorded, day=day, data=data), bot.settings, calendar, as_json=True)
        said = json.loads(capsys.readouterr().out)
        assert code == (0 if said["sound"] else 1)
        return said

    return call


@pytest.fixture
def spoil_live(monkeypatch):
    """Let the live path add something to one of its features while a day is recorded."""

    def spoil(name: str, error: float) -> None:
        whole = FeatureStream._row

        def spoiled(stream, values):
            row = whole(stream, values)
            column = stream.specification.columns[name]
            return row and (*row[:column], row[column] + error, *row[column + 1 :])

        monkeypatch.setattr(FeatureStream, "_row", spoiled)

    return spoil


def revising(start, **changes):
    """Revise one candle of SBIN."""

    def revise(symbol, candles):
        return [replace(each, **changes) if (symbol, each.start) == (SBIN, start) else each for each in candles]

    return revise


def test_a_sound_day_has_no_skew(bot, skew):
    bot.trade()
    bot.archive()
    said = skew(bot)
    assert said["sound"] is True
    assert said["rows"] == 40
    assert (said["decision_changes"], said["features_beyond"], said["unmatched"]) == ([], [], [])
    assert (said["revised_candles"], said["candles_from_log"]) == ([], 0)
    assert [each["name"] for each in said["features"]] == ["rsi_14", "ema_gap_9", "return_1", "atr"]
    assert all(each["rows"] == 40 for each in said["features"])
    assert all(each["farthest"] is None or each["farthest"]["deviations"] < 1e-12 for each in said["features"])


def test_a_change_in_the_live_path_of_one_feature_is_named_as_code_with_its_feature(bot, skew, spoil_live):
    spoil_live("ema_gap_9", 1e-10)
    bot.trade()
    bot.archive()
    said = skew(bot)
    assert said["features_beyond"] == ["ema_gap_9"]
    [found] = [each for each in said["features"] if each["name"] == "ema_gap_9"]
    assert found["beyond"] == {"code": 40}
    assert found["farthest"]["cause"] == "code"
    assert found["farthest"]["live"] - found["farthest"]["batch"] == pytest.approx(1e-10, rel=1e-3)
    assert said["decision_changes"] == []


def test_a_number_that_is_none_is_infinitely_far_from_any(bot, skew, spoil_live):
    spoil_live("return_1", nan)
    bot.trade(last=4)
    bot.archive()
    said = skew(bot)
    [found] = [each for each in said["features"] if each["name"] == "return_1"]
    assert found["beyond"] == {"code": 8}
    assert (found["farthest"]["deviations"], found["farthest"]["live"]) == (None, None)


def test_a_decision_that_a_feature_changed_is_named_with_it(bot, skew, spoil_live):
    spoil_live("ema_gap_9", 1.0)
    bot.trade()
    bot.archive()
    said = skew(bot)
    changes = said["decision_changes"]
    assert changes
    for change in changes:
        assert change["recorded"] == change["of_live_row"] != change["of_batch_row"] == 0
        assert (change["cause"], change["features"]) == ("code", ["ema_gap_9"])


def test_a_candle_that_the_archive_revised_is_named_as_data_and_not_as_code(bot, skew):
    bot.trade()
    [had] = [each for each in bot.history[SBIN] if each.start == ELEVENTH]
    bot.archive(revising(ELEVENTH, high=had.high + 500, close=had.high + 500))
    said = skew(bot)
    assert set(said["features_beyond"]) == {"rsi_14", "ema_gap_9", "return_1", "atr"}
    assert {cause for each in said["features"] for cause in each["beyond"]} == {"candles"}
    assert {each["cause"] for each in said["decision_changes"]} <= {"candles"}
    [revised] = said["revised_candles"]
    assert (revised["symbol"], revised["candle"]) == (SBIN, "2026-01-06T10:05:00+05:30")
    assert revised["official"]["close"] == had.high + 500 != revised["had"]["close"] == had.close


def test_code_is_named_also_where_the_candle_was_revised_too(bot, skew, spoil_live):
    spoil_live("return_1", 1e-6)
    bot.trade()
    bot.archive(revising(ELEVENTH, volume=1))
    said = skew(bot)
    assert said["features_beyond"] == ["return_1"]
    assert {cause for each in said["features"] for cause in each["beyond"]} == {"code"}
    assert len(said["revised_candles"]) == 1  # of a volume that no feature reads


def test_a_history_too_short_to_forget_its_beginning_is_named_as_warm_up(bot, skew):
    bot.trade(warm_up=75)
    bot.archive()
    said = skew(bot)
    assert set(said["features_beyond"]) == {"rsi_14", "ema_gap_9", "atr"}
    assert {cause for each in said["features"] for cause in each["beyond"]} == {"warm_up"}


@pytest.mark.hazard("M6")
def test_a_candle_that_the_bot_never_had_is_one_that_differs(bot, skew):
    whole = list(bot.history[SBIN])
    missed = whole[-75 - 5]
    bot.history[SBIN] = [each for each in whole if each != missed]
    bot.trade()
    bot.history[SBIN] = whole
    bot.archive()
    said = skew(bot)
    assert "candles" in {cause for each in said["features"] for cause in each["beyond"]}
    assert [each["had"] for each in said["revised_candles"]] == [None]


def test_a_restart_within_the_day_warms_up_anew_and_is_sound(bot, skew):
    bot.trade(0, 8)
    bot.trade(10, 20, warm_up=610)
    bot.archive()
    said = skew(bot)
    assert said["sound"] is True
    assert said["rows"] == 2 * 18


def test_a_candle_that_live_had_no_row_of_is_named(bot, skew, monkeypatch):
    whole = FeatureStream.update

    def forgetful(stream, candle):
        row = whole(stream, candle)
        return None if candle.start == ELEVENTH and stream.symbol == SBIN else row

    monkeypatch.setattr(FeatureStream, "update", forgetful)
    bot.trade()
    bot.archive()
    said = skew(bot)
    assert [each["candle"][11:16] for each in said["unmatched"]] == ["10:05", "10:10"]
    assert {each["row_of"] for each in said["unmatched"]} == {"batch"}
    assert said["features_beyond"] == []


def test_another_word_on_the_same_row_is_the_strategys(bot, skew, monkeypatch):
    bot.trade()
    bot.archive()
    monkeypatch.setattr(Guarded, "on_data", lambda *_rows: None)
    said = skew(bot)
    assert said["features_beyond"] == []
    assert {(each["cause"], each["of_live_row"], each["of_batch_row"]) for each in said["decision_changes"]} == {
        ("strategy", 0, 0)
    }


def test_warm_up_that_the_archive_lacks_is_taken_from_the_log_and_counted(bot, skew):
    bot.trade()
    bot.archive(lambda _symbol, candles: candles[-75:])
    said = skew(bot)
    assert said["sound"] is True
    assert said["candles_from_log"] == 2 * 600


def test_a_rehearsal_is_held_against_its_own_log(new_bot, skew, tmp_path):
    bot = new_bot(state=tmp_path / "run" / "bot", mode=Mode.LIVE)
    bot.trade()
    said = skew(bot, run=tmp_path / "run")
    assert said["sound"] is True
    assert (said["official_candles"], said["mode"]) == ("the log itself", "live")


def test_a_log_says_itself_that_it_is_a_rehearsals(bot, skew):
    bot.trade(is_rehearsal=True)
    assert skew(bot)["official_candles"] == "the log itself"


def test_people_are_told_what_differs(bot, skew, spoil_live, calendar, capsys):
    spoil_live("ema_gap_9", 1.0)
    bot.trade()
    [had] = [each for each in bot.history[SBIN] if each.start == ELEVENTH]
    bot.archive(revising(ELEVENTH, volume=had.volume + 7))
    recorded = RecordedBot.named(bot.settings, run=None, state=None, mode=None)
    assert print_skew(SkewRequest(bot=recorded), bot.settings, calendar, as_json=False) == 1
    said = " ".join(capsys.readouterr().out.split())
    for words in (
        "Skew of Tue 06 Jan 2026",
        "40 rows of 4 features",
        "the live path makes another number of the same candles",
        f"SBIN 06 Jan 10:05 (volume {had.volume} to {had.volume + 7})",
        "beyond 1e-09 deviations: ema_gap_9",
    ):
        assert words in said


class TestWhatCannotBeCompared:
    """Each is one line that says what to do."""

    def test_a_day_that_was_not_recorded(self, bot, skew):
        bot.trade()
        with pytest.raises(ConfigurationError, match="holds no session of 2026-01-07"):
            skew(bot, day=date(2026, 1, 7))

    def test_a_day_without_a_decision(self, bot, skew):
        bot.trade(last=0)
        with pytest.raises(ConfigurationError, match="decided on no candle of 2026-01-06"):
            skew(bot)

    def test_an_archive_without_the_day(self, bot, skew):
        bot.trade()
        with pytest.raises(
            DataError, match=r"lacks 20 of 20 candles of NSE:SBIN-EQ .* 09:15.*download-data --from 2026"
        ):
            skew(bot)

    def test_an_archive_that_lacks_a_candle_of_the_day(self, bot, skew):
        bot.trade()
        bot.archive(lambda _symbol, candles: [each for each in candles if each.start != ELEVENTH])
        with pytest.raises(DataError, match=r"lacks 1 of 20 candles of NSE:SBIN-EQ .* 10:05"):
            skew(bot)

    def test_a_strategy_file_that_is_another_by_now(self, bot, skew, tmp_path):
        bot.trade()
        bot.archive()
        file = tmp_path / "leaning.py"
        file.write_text(file.read_text() + "\n")
        with pytest.raises(ConfigurationError, match=r"strategy file leaning.py is another than on that day"):
            skew(bot)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    options = TrainingOptions(
        models=tmp_path_factory.mktemp("models"),
        symbols=(SBIN,),
        first=date(2025, 1, 1),
        last=date(2025, 1, 31),
        recipe=Recipe.quick(trees=10, depth=4, folds=2),
        jobs=1,
    )
    return train_model(options, Weekdays())


class TestAModel:
    """A day that a trained bundle decided."""

    @pytest.fixture
    def bundle(self, trained, tmp_path) -> Path:
        """A copy of it to spoil."""
        return Path(shutil.copytree(trained, tmp_path / "models" / "0001"))

    @pytest.fixture
    def modelled(self, new_bot, bundle):
        return new_bot(strategy=StrategySettings(name="model"), model=ModelSettings(path=bundle))

    def test_is_sound_and_measured_by_the_deviations_of_its_training(self, modelled, skew, spoil_live, bundle):
        deviation = read_manifest(bundle / "manifest.yaml").reference["rsi_14"].deviation
        spoil_live("rsi_14", 3 * deviation)
        modelled.trade(last=4)
        modelled.archive()
        said = skew(modelled)
        assert said["features_beyond"] == ["rsi_14"]
        [found] = [each for each in said["features"] if each["name"] == "rsi_14"]
        assert found["farthest"]["deviations"] == pytest.approx(3)
        assert len(said["features"]) == 25

    def test_that_is_another_by_now_is_refused(self, modelled, skew, bundle):
        modelled.trade(last=4)
        modelled.archive()
        manifest = bundle / "manifest.yaml"
        manifest.write_text(manifest.read_text() + "# touched\n")
        with pytest.raises(ModelError, match=r"decided by model .* restore that bundle"):
            skew(modelled)

import pytest

from core.errors import ConfigurationError
from core.market import Timeframe
from features.families import FAMILIES
from features.specification import DEFAULT_NAMES, FeatureSpecification


def test_the_default_has_twenty_four_features_in_a_fixed_order():
    specification = FeatureSpecification.default()

    assert specification.names == DEFAULT_NAMES
    assert len(specification.names) == 24
    assert FeatureSpecification.of(()).names == DEFAULT_NAMES


def test_names_carry_their_parameters():
    specification = FeatureSpecification.of(("sma_gap_5", "macd_histogram_12_26_9", "open_gap"))

    assert [each.parameters for each in specification.features] == [(5,), (12, 26, 9), ()]
    assert specification.columns == {"sma_gap_5": 0, "macd_histogram_12_26_9": 1, "open_gap": 2}


def test_an_unknown_name_is_answered_with_the_nearest_and_all_known_families():
    with pytest.raises(
        ConfigurationError, match=r"unknown feature 'sma_gab_5'; did you mean sma_gap_<period>\?"
    ) as error:
        FeatureSpecification.of(("sma_gab_5",))

    assert all(family.pattern in str(error.value) for family in FAMILIES.values())


@pytest.mark.parametrize("name", ["", "SMA", "sma_gap_", "sma-gap-5", "_5"])
def test_a_malformed_name_is_refused(name):
    with pytest.raises(ConfigurationError, match="unknown feature"):
        FeatureSpecification.of((name,))


@pytest.mark.parametrize("name", ["kst", "kst_sig", "ichimoku_a", "trix_15", "dpo_20", "vortex_pos"])
def test_indicators_that_look_ahead_are_refused_by_name(name):
    with pytest.raises(ConfigurationError, match="looks ahead"):
        FeatureSpecification.of((name,))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sma_gap", "write it sma_gap_<period>"),
        ("sma_gap_5_9", "write it sma_gap_<period>"),
        ("sma_gap_1", "period 1 must be 2 to 500"),
        ("ema_gap_501", "period 501 must be 2 to 500"),
        ("sma_spread_20_5", "fast 20 must be below slow 5"),
    ],
)
def test_wrong_parameters_are_refused_with_the_limit(name, words):
    with pytest.raises(ConfigurationError, match=words):
        FeatureSpecification.of((name,))


def test_a_name_given_twice_is_refused():
    with pytest.raises(ConfigurationError, match="twice"):
        FeatureSpecification.of(("rsi_14", "rsi_14"))


@pytest.mark.hazard("M3")
def test_the_schema_hash_knows_order_and_parameters():
    hashes = {
        FeatureSpecification.of(names).schema_hash
        for names in [("rsi_14", "adx_14"), ("adx_14", "rsi_14"), ("rsi_15", "adx_14"), ("rsi_14",)]
    }

    assert len(hashes) == 4
    assert FeatureSpecification.of(("rsi_14",)).schema_hash in hashes


def test_the_default_schema_hash_stays_what_models_were_trained_on():
    expected = "42ace97dfbf6f8a64a3d1300e586d7925e1f64b1135694a7791b31bfb2a6846a"

    assert FeatureSpecification.default().schema_hash == expected


def test_warm_up_counts_a_whole_session_only_where_the_session_matters():
    assert FeatureSpecification.of(("sma_gap_5",)).warm_up(Timeframe.M5) == 15
    assert FeatureSpecification.of(("sma_gap_50",)).warm_up(Timeframe.M1) == 50
    assert FeatureSpecification.of(("open_gap",)).warm_up(Timeframe.M1) == 376
    assert FeatureSpecification.of(("open_gap",)).warm_up(Timeframe.D) == 15


def test_the_longest_indicator_decides_the_lookback():
    assert FeatureSpecification.default().lookback == 49
    assert FeatureSpecification.of(("sma_gap_50", "mfi_60")).lookback == 60


def test_specifications_of_the_same_names_are_equal():
    assert FeatureSpecification.of(("rsi_14", "open_gap")) == FeatureSpecification.of(("rsi_14", "open_gap"))
    assert len({FeatureSpecification.default(), FeatureSpecification.of(())}) == 1
    assert FeatureSpecification.of(("rsi_14",)) != FeatureSpecification.of(("rsi_15",))


def test_one_indicator_serves_all_features_that_ask_for_it():
    specification = FeatureSpecification.of(("vwap_gap", "open_gap", "atr_ratio_14", "body_14"))

    assert len(specification.indicators) == 4

"""The exit rule. A long's stop lies below its entry and its target above; a short's the other way round."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.exits import HOLD, REASONS, SQUARE_OFF, STOP, TARGET, decide, levels, trail

LONG, SHORT = 1, -1


@pytest.mark.parametrize(
    ("bar", "expected"),
    [
        ((100, 104, 96), (HOLD, 0)),
        ((94, 99, 90), (STOP, 94)),
        ((95, 99, 90), (STOP, 95)),
        ((100, 104, 95), (STOP, 95)),
        ((106, 108, 101), (TARGET, 106)),
        ((105, 108, 101), (TARGET, 105)),
        ((100, 105, 96), (TARGET, 105)),
        ((100, 110, 90), (STOP, 95)),
        ((106, 110, 90), (TARGET, 106)),
    ],
)
def test_a_long_leaves_at_its_stop_or_target_and_a_gap_at_the_open(
    bar: tuple[int, int, int], expected: tuple[int, int]
) -> None:
    assert decide(LONG, 95, 105, *bar, False) == expected


@pytest.mark.parametrize(
    ("bar", "expected"),
    [
        ((100, 104, 96), (HOLD, 0)),
        ((106, 110, 101), (STOP, 106)),
        ((105, 110, 101), (STOP, 105)),
        ((100, 105, 96), (STOP, 105)),
        ((94, 99, 92), (TARGET, 94)),
        ((95, 99, 92), (TARGET, 95)),
        ((100, 104, 95), (TARGET, 95)),
        ((100, 110, 90), (STOP, 105)),
        ((94, 110, 90), (TARGET, 94)),
    ],
)
def test_a_short_leaves_at_its_stop_or_target_and_a_gap_at_the_open(
    bar: tuple[int, int, int], expected: tuple[int, int]
) -> None:
    assert decide(SHORT, 105, 95, *bar, False) == expected


@pytest.mark.parametrize(("side", "stop"), [(LONG, 95), (SHORT, 105)])
def test_without_a_target_only_the_stop_counts(side: int, stop: int) -> None:
    assert decide(side, stop, 0, 100, 104, 96, False) == (HOLD, 0)
    assert decide(side, stop, 0, 100, 110, 90, False) == (STOP, stop)


@pytest.mark.parametrize(("side", "stop", "target"), [(LONG, 95, 105), (SHORT, 105, 95)])
def test_squaring_off_leaves_at_the_open_whatever_else_holds(side: int, stop: int, target: int) -> None:
    assert decide(side, stop, target, 100, 110, 90, True) == (SQUARE_OFF, 100)


def test_every_reason_to_leave_has_a_word() -> None:
    assert REASONS == {STOP: "stop_loss", TARGET: "target", SQUARE_OFF: "square_off"}


@st.composite
def positions(draw: st.DrawFn) -> tuple[int, int, int]:
    side = draw(st.sampled_from([LONG, SHORT]))
    entry = draw(st.integers(1_000, 10_000))
    stop = entry - side * draw(st.integers(1, 500))
    target = entry + side * draw(st.integers(1, 500))
    return side, stop, draw(st.sampled_from([target, 0]))


PATHS = st.lists(st.integers(500, 11_000), min_size=1, max_size=12)


def walk(side: int, stop: int, target: int, path: list[int]) -> tuple[int, int]:
    """Decide tick by tick until the first exit."""
    decisions = (decide(side, stop, target, tick, tick, tick, False) for tick in path)
    return next((decision for decision in decisions if decision[0] != HOLD), (HOLD, 0))


@given(position=positions(), path=PATHS)
def test_a_bar_and_its_ticks_agree_on_whether_to_leave(position: tuple[int, int, int], path: list[int]) -> None:
    bar, _ = decide(*position, path[0], max(path), min(path), False)
    ticks, _ = walk(*position, path)

    assert (bar == HOLD) == (ticks == HOLD)


@given(position=positions(), path=PATHS)
def test_a_bar_never_promises_a_target_that_its_ticks_may_miss(position: tuple[int, int, int], path: list[int]) -> None:
    side, _, target = position
    bar, price = decide(*position, path[0], max(path), min(path), False)
    reason, tick_price = walk(*position, path)

    if bar == TARGET:
        assert reason == TARGET
        assert side * tick_price >= side * price >= side * target


@given(position=positions(), path=PATHS)
def test_an_exit_price_lies_inside_the_bar(position: tuple[int, int, int], path: list[int]) -> None:
    reason, price = decide(*position, path[0], max(path), min(path), False)

    assert reason == HOLD or min(path) <= price <= max(path)


ENTRIES = st.integers(20_000, 10_000_000)
MULTIPLES = st.floats(0.1, 5.0)
TICKS = st.sampled_from([1, 5, 10, 50, 100, 500])


@pytest.mark.hazard("S14")
@given(entry=ENTRIES, atr=st.floats(0.0, 3_000.0), stop_atr=MULTIPLES, target_atr=MULTIPLES, tick=TICKS)
def test_stop_and_target_lie_on_the_grid_at_least_one_tick_from_the_entry(
    entry: int, atr: float, stop_atr: float, target_atr: float, tick: int
) -> None:
    for side in (LONG, SHORT):
        stop, target = levels(side, entry, atr, stop_atr, target_atr, tick)

        assert stop % tick == target % tick == 0
        assert side * (entry - stop) >= tick
        assert side * (target - entry) >= tick


@given(entry=ENTRIES, atr=st.floats(0.0, 3_000.0), stop_atr=MULTIPLES, target_atr=MULTIPLES, tick=TICKS)
def test_neither_lies_further_away_than_asked_for_unless_the_grid_forces_it(
    entry: int, atr: float, stop_atr: float, target_atr: float, tick: int
) -> None:
    for side in (LONG, SHORT):
        stop, target = levels(side, entry, atr, stop_atr, target_atr, tick)

        for distance, asked in ((abs(entry - stop), stop_atr * atr), (abs(target - entry), target_atr * atr)):
            assert distance <= asked + 1e-6 or distance < 2 * tick
            assert distance > asked - tick - 1e-6, "rounding takes away less than one tick"


@pytest.mark.hazard("S14")
@pytest.mark.parametrize(
    ("side", "entry", "expected"),
    [
        (LONG, 80_000, (79_700, 80_450)),
        (SHORT, 80_000, (80_300, 79_550)),
        # an average price between two ticks: 80,002 - 300 = 79,702 rounds up, 80,002 + 450 = 80,452 rounds down
        (LONG, 80_002, (79_705, 80_450)),
        (SHORT, 80_002, (80_300, 79_555)),
    ],
)
def test_levels_are_multiples_of_the_range_rounded_towards_the_entry(
    side: int, entry: int, expected: tuple[int, int]
) -> None:
    assert levels(side, entry, 150.0, 2.0, 3.0, 5) == expected


# --- trailing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("best", "expected"),
    [
        (80_000, 79_600),  # nothing gained
        (80_095, 79_600),  # one tick short of a quarter of the risk
        (80_100, 79_700),
        (80_501, 80_100),
        (79_000, 79_600),  # never back
    ],
)
def test_a_stop_trails_behind_the_best_price_in_steps_and_one_way(side, best, expected):
    first, high, low = 79_600, best, best
    if side < 0:
        first, high, low, expected = 160_000 - first, 160_000 - best, 160_000 - best, 160_000 - expected
    assert trail(side, first, first, 400, 400, 5, high, low) == expected
    beyond = expected + side * 1_000
    assert trail(side, first, beyond, 400, 400, 5, high, low) == beyond


def test_a_bar_trails_from_its_best_price_only():
    assert trail(1, 79_600, 79_600, 400, 400, 5, 80_500, 70_000) == 80_100
    assert trail(-1, 80_400, 80_400, 400, 400, 5, 90_000, 79_500) == 79_900


def test_a_stop_that_trails_closely_stays_below_the_price():
    assert trail(1, 79_600, 79_600, 0, 0, 5, 80_500, 80_500) == 80_495


@given(
    ticks=st.lists(st.integers(14_000, 18_000).map(lambda n: n * 5), min_size=1, max_size=12),
    risk=st.integers(5, 2_000),
    reach=st.integers(0, 2_000),
    side=st.sampled_from([1, -1]),
)
def test_the_ticks_of_a_bar_trail_to_just_where_the_bar_does(ticks, risk, reach, side):
    first = stop = 80_000 - side * 400
    for price in ticks:
        stop = trail(side, first, stop, risk, reach, 5, price, price)
    assert stop == trail(side, first, first, risk, reach, 5, max(ticks), min(ticks))
    assert stop % 5 == 0

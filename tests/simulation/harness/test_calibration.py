"""The ratio is made of processor times, so that a busy machine does not look like slow code."""

from simulation.calibration import Speed, calibrate


def test_the_ratio_says_how_many_sessions_one_loop_is_worth() -> None:
    speed = Speed(processes=2, seconds=30.0)
    speed.add((1.0, 0.1), (21.1, 0.3))
    speed.add((1.0, 0.1), (11.1, 0.3))
    figures = speed.content(600)
    assert figures["sessions_per_minute"] == 1_200
    assert figures["calibration_loop_seconds"] == 0.2
    assert figures["calibration_ratio"] == 4.0


def test_nothing_played_is_no_error() -> None:
    figures = Speed(processes=2).content(0)
    assert (figures["sessions_per_minute"], figures["calibration_ratio"]) == (0.0, 0.0)


def test_the_loop_takes_some_time_and_the_clock_goes_on() -> None:
    first, second = calibrate(), calibrate()
    assert first[1] > 0
    assert second[0] >= first[0] + first[1]

"""One program, hyphenated verbs. Each verb reads its options, calls one function and prints; nothing is decided here.

Heavy imports stand inside the verbs, so that `--help` answers at once.
"""

import sys
from collections.abc import Sequence
from datetime import date, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli_backtest import app as backtest_verbs
from cli_charges import app as charge_verbs
from cli_data import app as data_verbs
from cli_models import app as model_verbs
from cli_optimise import app as optimise_verbs
from cli_options import (
    ConfigOption,
    JsonOption,
    LogModeOption,
    RunOption,
    StateOption,
    calendar_of,
    settings_of,
)
from cli_parity import app as parity_verbs
from cli_reports import app as report_verbs
from cli_strategy import app as strategy_verbs
from cli_training import app as training_verbs
from cli_training import trained
from core.errors import BotError, ConfigurationError
from runtime.complaints import complaint_of
from runtime.json_answer import print_json

if TYPE_CHECKING:
    from runtime.settings import Settings

DEFAULT_MODEL = Path("models/default/latest")
DEMO_DAY = date(2026, 1, 6)
DEMO_SEED = 7
DEMO_SPEED = 360.0
TAPE_SPEED = 60.0
INTERRUPTED = 130
"""What a verb ends with that Ctrl-C has ended, as shells have it: 128 and the number of the signal."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A machine-learning trading bot for NSE instruments on FYERS.",
)
app.add_typer(data_verbs)
app.add_typer(charge_verbs)
app.add_typer(report_verbs)
app.add_typer(strategy_verbs)
app.add_typer(model_verbs)
app.add_typer(backtest_verbs)
app.add_typer(optimise_verbs)
app.add_typer(parity_verbs)
app.add_typer(training_verbs)

InputOption = Annotated[
    bool, typer.Option("--until-input-ends", hidden=True, help="End with standard input: for who starts this program.")
]
WhyOption = Annotated[str, typer.Option("--why", help="The reason, in a few words; it stands in the log.")]
ForModeOption = Annotated[
    str | None, typer.Option("--mode", help="paper or live: for that bot only; none: for the one that runs or starts.")
]
DateOption = Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="The day to trade.")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program. Ends the process.

    0 good, 1 failed with one line of why, 2 wrong usage, 3 another bot runs, 130 interrupted by Ctrl-C.
    """
    _never_fail_on_a_letter()
    try:
        app(args=list(arguments) if arguments is not None else None, prog_name="fyersbot")
    except SystemExit as end:
        if end.code == INTERRUPTED:
            sys.stderr.write("fyersbot: interrupted\n")
        raise
    except (BotError, OSError) as error:
        complaint = complaint_of(error)
        if complaint is None:
            raise
        sys.stderr.write(f"fyersbot: {complaint}\n")
        raise SystemExit(1) from None


@app.command()
def demo(
    seed: Annotated[int | None, typer.Option(min=0, help="The same gives the same market; none: 7.")] = None,
    speed: Annotated[float | None, typer.Option(help="Market seconds per wall second; none: 360.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Folder of a run to go on with.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Trade one simulated market day, from sign-in to the day's report."""
    from trading.rehearsal import rehearse
    from trading.rehearsal_plan import new_run, resumed_run

    if resume is not None:
        if seed is not None or speed is not None:
            raise ConfigurationError("--resume goes on with the run's own seed and speed: leave out --seed and --speed")
        raise SystemExit(rehearse(resumed_run(resume, as_json=as_json)))
    settings = settings_of(None)
    market = DEMO_SEED if seed is None else seed
    pace = DEMO_SPEED if speed is None else speed
    plan = new_run(calendar_of(), DEMO_DAY, pace, settings.timeframe, seed=market, as_json=as_json)
    _train_default_model(settings)
    raise SystemExit(rehearse(plan))


@app.command()
def trade(
    mode: Annotated[
        str | None, typer.Option(help="paper or live; real orders are sent only when live is typed here.")
    ] = None,
    config: ConfigOption = None,
    days: Annotated[int | None, typer.Option(min=1, help="End after so many trading days; none: when stopped.")] = None,
    tape: Annotated[
        Path | None, typer.Option(help="Rehearse on a recorded file instead, through the simulator.")
    ] = None,
    day: DateOption = None,
    speed: Annotated[float | None, typer.Option(help="Market seconds per wall second of --tape; none: 60.")] = None,
    wait_for_sign_in: Annotated[
        bool, typer.Option("--wait-for-sign-in", help="Inside a session too, wait for a sign-in instead of ending.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output for each day that was traded.")
    ] = False,
    until_input_ends: InputOption = False,
) -> None:
    """Trade: on paper by default, with money only by --mode live and live.account; or rehearse a day of a tape."""
    if tape is not None:
        if day is None:
            raise ConfigurationError("--tape needs --date, the day of the file to trade, for example 2023-06-01")
        if mode not in {None, "live"} or days not in {None, 1}:
            raise ConfigurationError("--tape trades one day in live mode at the simulator: leave out --mode and --days")
        raise SystemExit(_rehearse_tape(tape, day.date(), speed, config, as_json=as_json))
    if speed is not None:
        raise ConfigurationError("--speed needs --tape: without one the clock is the wall's")
    if day is not None:
        raise ConfigurationError("--date needs --tape, the file that holds the day; without one today is traded")
    from trading.front_door import run_bot

    run_bot(
        settings_of(config, {"mode": mode}),
        typed_mode=mode,
        days=days,
        waits_for_sign_in=wait_for_sign_in,
        as_json=as_json,
        until_input_ends=until_input_ends,
        config=config,
    )


@app.command()
def halt(
    why: WhyOption = "asked for by an operator",
    mode: ForModeOption = None,
    exit_only: Annotated[
        bool, typer.Option("--exit-only", help="Raise EXIT_ONLY, the level above the bot's own doubts and faults.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take no entries until `fyersbot resume`; what is open is managed to its end."""
    _command("exit_only" if exit_only else "halt", why, mode, config, as_json=as_json)


@app.command()
def flatten(
    why: WhyOption = "asked for by an operator",
    mode: ForModeOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close every position of the bot, and take no entries until `fyersbot resume`."""
    _command("flatten", why, mode, config, as_json=as_json)


@app.command()
def resume(
    why: WhyOption, mode: ForModeOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Lift a halt or a safety latch; refused while something must still be closed."""
    _command("resume", why, mode, config, as_json=as_json)


@app.command()
def replay(
    day: Annotated[
        datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="The recorded day; none: the newest.")
    ] = None,
    run: RunOption = None,
    state: StateOption = None,
    mode: LogModeOption = None,
    verify: Annotated[bool, typer.Option("--verify", help="Only say whether every decision is the same.")] = False,
    until: Annotated[str | None, typer.Option(help="Stop at HH:MM:SS and show the bot as it stood then.")] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Change a rule, as stop_atr=1.5; show what would differ first.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide a recorded day again from its inputs and ticks, and compare every decision."""
    from trading.replay_verb import print_replay, request_of

    settings = settings_of(config)
    request = request_of(
        settings, run=run, state=state, mode=mode, day=day.date() if day else None, until=until, changes=change or ()
    )
    raise SystemExit(print_replay(request, settings, calendar_of(settings), verify=verify, as_json=as_json))


@app.command()
def status(mode: ForModeOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Tell from the event log how the bot does: safety level, positions and their stops, live orders, the day."""
    from runtime.clock import clock_of
    from trading.status import status_of

    settings = settings_of(config, {"mode": mode})
    found = status_of(settings, settings.mode if mode else None, clock_of(settings.clock))
    if as_json:
        print_json(found.data)
    else:
        typer.echo("\n".join(found.lines))


@app.command()
def simulator(
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same market.")] = 7,
    symbol: Annotated[list[str] | None, typer.Option(help="Listed symbol; repeat for more.")] = None,
    tape: Annotated[Path | None, typer.Option(help="A candle or tick file to play.")] = None,
    day: DateOption = None,
    clock_start: Annotated[datetime | None, typer.Option(help="Market time at the start, with zone.")] = None,
    clock_speed: Annotated[float, typer.Option(help="Market seconds per wall second.")] = 1.0,
    clock_epoch: Annotated[float | None, typer.Option(help="Wall instant at which the start holds.")] = None,
    state: Annotated[Path | None, typer.Option(help="Folder that keeps the books.")] = None,
    until_input_ends: InputOption = False,
) -> None:
    """Serve a FYERS look-alike on loopback to trade against (not `simulate`); prints its endpoints as one JSON line."""
    from simulator.options import SimulatorOptions
    from simulator.server import run_simulator

    given: dict[str, Any] = {"symbols": tuple(symbol)} if symbol else {}
    options = SimulatorOptions(
        port=port,
        seed=seed,
        tape=tape,
        day=day.date() if day else None,
        clock_start=_instant(clock_start),
        clock_speed=clock_speed,
        clock_epoch=clock_epoch,
        state=state,
        **given,
    )
    run_simulator(options, calendar_of(), until_input_ends=until_input_ends)


@app.command()
def simulate(
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="Sessions to play: 2,000 unless given; with --mutants at most 600 for each."),
    ] = None,
    first_seed: Annotated[int | None, typer.Option(min=0, help="The same gives the same session; none: 1.")] = None,
    crash_everywhere: Annotated[
        bool, typer.Option("--crash-everywhere", help="Crash before and after every durable write of some sessions.")
    ] = False,
    sessions: Annotated[int | None, typer.Option(min=1, help="Sessions of --crash-everywhere; none: 10.")] = None,
    mutants: Annotated[bool, typer.Option("--mutants", help="Prove that planted bugs are found.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="One planted bug, with --mutants; repeat for more.")] = None,
    plan: Annotated[Path | None, typer.Option(help="Play the one session of a JSON file.")] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="None: as many as there are processors.")] = None,
    failures: Annotated[
        Path | None,
        typer.Option(help="Folder for failing sessions, each as a pytest file; simulation-failures unless given."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Test the bot itself: play it against thousands of hostile sessions on a virtual clock (not `simulator`)."""
    from simulation.command import Wish
    from simulation.command import simulate as play

    wish = Wish(
        seeds=seeds,
        first_seed=first_seed,
        crash_everywhere=crash_everywhere,
        sessions=sessions,
        mutants=mutants,
        only=tuple(only or ()),
        plan=plan,
        processes=processes,
        failures=failures,
        as_json=as_json,
    )
    raise SystemExit(play(wish))


@app.command()
def login(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Sign in at FYERS in the browser; without one, paste the address you were sent back to."""
    from trading.front_door import sign_in

    signed_in = sign_in(settings_of(config), sys.stdin, sys.stderr if as_json else sys.stdout)
    if as_json:
        print_json(signed_in.data)


@app.command("rebuild-trading-log")
def rebuild_trading_log(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Fill the tables of trading_log.sqlite in the state folder anew from the event logs; a running bot may go on."""
    from trading.bookkeeper import rebuild_all

    taken = rebuild_all(settings_of(config).paths.state)
    if as_json:
        print_json({"events": taken})
    else:
        for name, count in taken.items():
            typer.echo(f"{name}: {count} events")


@app.command("show-config")
def show_config_verb(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print the resolved settings, secrets left out."""
    import yaml

    from runtime.configuration import show_config

    content = show_config(settings_of(config))
    if as_json:
        print_json(content)
    else:
        typer.echo(yaml.safe_dump(content, sort_keys=False), nl=False)


def _rehearse_tape(tape: Path, day: date, speed: float | None, config: Path | None, *, as_json: bool) -> int:
    """Trade a day of a file at the simulator; return the bot's exit code."""
    from trading.rehearsal import rehearse
    from trading.rehearsal_plan import new_run

    settings = settings_of(config)
    _check_strategy(settings)
    pace = TAPE_SPEED if speed is None else speed
    plan = new_run(calendar_of(), day, pace, settings.timeframe, tape=tape, config=config, as_json=as_json)
    _train_default_model(settings)
    return rehearse(plan)


def _never_fail_on_a_letter() -> None:
    """Print a question mark for what the terminal cannot show: a rupee sign must not lose the report of a long run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _command(verb: str, why: str, mode: str | None, config: Path | None, *, as_json: bool) -> None:
    from core.events import Command
    from trading.operator_verbs import give_command

    settings = settings_of(config, {"mode": mode})
    receipt = give_command(settings, Command(verb), why, settings.mode if mode else None)
    if as_json:
        print_json(receipt.data)
    else:
        typer.echo(receipt.line)


def _instant(moment: datetime | None) -> int | None:
    from core.instants import instant_of

    try:
        return instant_of(moment) if moment is not None else None
    except ValueError as error:
        raise ConfigurationError(f"--clock-start: {error}") from None


def _lacks_default_model(settings: "Settings") -> bool:
    needed = settings.strategy.name == "model" and settings.model.path == DEFAULT_MODEL
    return needed and not any(DEFAULT_MODEL.parent.glob("*/manifest.yaml"))


def _check_strategy(settings: "Settings") -> None:
    """Make the strategy once before anything is started or written, so that a wrong name or model is told at once."""
    from trading.strategy_choice import choose_strategy

    if not _lacks_default_model(settings):
        choose_strategy(settings)


def _train_default_model(settings: "Settings") -> None:
    """Train the model that the defaults name, if these settings need it and there is none yet."""
    if not _lacks_default_model(settings):
        return
    from training.data_wish import DataWish
    from training.recipe import Recipe

    sys.stderr.write("No model yet: training the default one on the simulator's market.\n")
    trained(settings_of(None), DEFAULT_MODEL.parent.name, DataWish(), Recipe.quick())


if __name__ == "__main__":
    main()

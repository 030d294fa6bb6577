"""Each promise about a stretch of time can be found broken, and holds where it is kept."""

from core import events
from core.events import SafetyLevel
from core.instants import SECOND
from core.market import Side
from core.orders import OrderIntent, OrderType, Outcome, OutcomeKind, Product, Purpose
from core.positions import Trade
from core.signals import Direction
from simulation.plan import Fault, FaultKind
from simulation.settling import Settling
from simulation.verdict import Spell
from simulator.books import OrderChanged, PositionChanged, PositionRow

from .conftest import SYMBOL, World, position


class Stage:
    """A world with a watch over it."""

    def __init__(self, square_off_after: int = 10_000) -> None:
        self.world = World()
        self.now = self.world.time.now
        self.acts = True
        self.complaints: list[str] = []
        self.settling = Settling(
            self.world.truth,
            lambda _symbol: self.acts,
            lambda code, _message: self.complaints.append(code),
            self.now,
            self.now + square_off_after * SECOND,
        )

    def hold(self, quantity: int) -> None:
        """Let an entry of ours fill."""
        self.world.fill(Purpose.ENTRY, Side.BUY if quantity > 0 else Side.SELL, abs(quantity))

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += SECOND
            self.settling.look(self.now)

    def decide_exit(self) -> None:
        self.settling.kept([events.ExitDecided(at=self.now, symbol=SYMBOL, reason="target", price=1)])

    def close_trade(self) -> None:
        trade = Trade(
            symbol=SYMBOL,
            side=Side.BUY,
            quantity=10,
            entry_at=1,
            entry_value=1,
            exit_at=2,
            exit_value=2,
            exit_reason="target",
            charges=0,
            stop=0,
            target=0,
            probability=0.0,
        )
        self.settling.kept([events.TradeClosed(at=self.now, trade=trade)])

    def set_level(self, level: SafetyLevel) -> None:
        self.settling.kept([events.LevelChanged(at=self.now, level=level, why="")])


def test_an_exit_that_was_decided_has_to_happen() -> None:
    stage = Stage()
    stage.hold(10)
    stage.wait(200)
    assert stage.complaints == []
    stage.decide_exit()
    stage.wait(150)
    assert stage.complaints == []
    stage.wait(200)
    assert stage.complaints == ["I11"]


def test_time_in_which_nobody_could_act_does_not_count() -> None:
    stage = Stage()
    stage.hold(10)
    stage.decide_exit()
    stage.acts = False
    stage.wait(500)
    stage.acts = True
    stage.wait(100)
    assert stage.complaints == []


def test_each_request_that_is_lost_on_the_way_may_cost_a_proof_and_no_more() -> None:
    stage = Stage()
    stage.hold(10)
    stage.decide_exit()
    stage.wait(1)
    for _ in range(4):
        stage.settling.request_was_lost(SYMBOL)
    stage.wait(208)
    assert stage.complaints == []
    stage.wait(10)
    assert stage.complaints == ["I11"]


def test_a_bot_that_is_frozen_has_called_a_person_and_may_send_nothing() -> None:
    stage = Stage()
    stage.hold(10)
    stage.decide_exit()
    stage.set_level(SafetyLevel.FREEZE)
    stage.wait(500)
    assert stage.complaints == []
    assert stage.settling.is_frozen


def test_a_forced_exit_and_the_square_off_have_to_happen_too() -> None:
    forced, late = Stage(), Stage(square_off_after=10)
    for stage in (forced, late):
        stage.hold(-10)
    forced.set_level(SafetyLevel.FLATTEN)
    for stage in (forced, late):
        stage.wait(170)
    assert forced.complaints == late.complaints == ["I11"]


def test_a_position_that_is_gone_has_nowhere_to_go() -> None:
    stage = Stage()
    stage.hold(10)
    stage.decide_exit()
    stage.world.fill(Purpose.EXIT, Side.SELL, 10)
    stage.wait(200)
    stage.close_trade()
    stage.hold(10)
    stage.wait(200)
    assert stage.complaints == []


def test_a_latch_is_not_lowered_over_an_open_position() -> None:
    stage = Stage()
    stage.set_level(SafetyLevel.FLATTEN)
    stage.set_level(SafetyLevel.RUN)
    assert stage.complaints == []
    stage.hold(10)
    stage.set_level(SafetyLevel.FLATTEN)
    stage.set_level(SafetyLevel.FREEZE)
    assert stage.complaints == []
    stage.set_level(SafetyLevel.NO_ENTRY)
    assert stage.complaints == ["I9"]


def test_an_exit_never_works_on_the_side_of_the_position() -> None:
    stage = Stage()
    stage.hold(-10)
    world = stage.world
    right = world.order(world.tag(Purpose.STOP), Side.BUY, 10, type=OrderType.STOP_LIMIT)
    entry = world.order(world.tag(Purpose.ENTRY), Side.SELL, 10)
    stage.settling.watch([OrderChanged(right), OrderChanged(entry)])
    assert stage.complaints == []
    stage.settling.watch([OrderChanged(world.order(world.tag(Purpose.STOP), Side.SELL, 10))])
    assert stage.complaints == ["I3"]


def test_a_trade_is_not_closed_while_its_stop_is_known_to_rest() -> None:
    for is_known, expected in ((True, ["I10"]), (False, [])):
        stage = Stage()
        tag = stage.world.rest(Purpose.STOP, Side.SELL, 10).tag.removeprefix("1:")
        outcome = Outcome(kind=OutcomeKind.ACK if is_known else OutcomeKind.UNKNOWN, broker_id="1")
        stage.settling.kept([events.OutcomeArrived(at=1, verb=events.Verb.PLACE, tag=tag, outcome=outcome)])
        stage.close_trade()
        assert stage.complaints == expected


def decided(at: int, candle: int) -> events.Decided:
    return events.Decided(
        at=at,
        symbol=SYMBOL,
        candle=candle,
        direction=Direction.NONE,
        probability=0.0,
        source="",
        reason="",
        features=(),
        atr=1.0,
    )


def test_a_candle_is_decided_on_once() -> None:
    stage = Stage()
    stage.settling.kept([decided(1, 20), decided(2, 40)])
    assert stage.complaints == []
    stage.settling.kept([decided(3, 40)])
    assert stage.complaints == ["I1"]


def test_after_the_calm_no_exit_lies_beside_what_it_closes() -> None:
    stage = Stage()
    stage.hold(10)
    stage.world.rest(Purpose.STOP, Side.SELL, 10)
    stage.settling.judge_end([Fault(FaultKind.MANUAL_ORDER, 1)], [], is_rough=False)
    assert stage.complaints == []
    stage.world.truth.take(position(SYMBOL, 4), stage.now)  # a person has sold six, and the stop was left as it was
    stage.settling.judge_end([Fault(FaultKind.MANUAL_ORDER, 1)], [], is_rough=False)
    assert stage.complaints == ["I3"]


def test_shares_of_others_under_another_product_are_no_part_of_what_an_exit_closes() -> None:
    stage = Stage()
    stage.hold(-62)
    stage.world.rest(Purpose.STOP, Side.BUY, 62)
    delivery = PositionRow(symbol=SYMBOL, product=Product.CNC.value, number=2, day_buy_quantity=10)
    stage.world.truth.take(PositionChanged(delivery), stage.now)
    stage.settling.judge_end([Fault(FaultKind.CONVERSION, 1)], [], is_rough=False)
    assert stage.world.truth.net[SYMBOL] == -52
    assert stage.complaints == []


def test_in_fair_weather_an_exit_is_quick() -> None:
    quick, slow, foul = Stage(), Stage(), Stage()
    for stage, seconds in ((quick, 2), (slow, 3), (foul, 3)):
        stage.hold(10)
        stage.decide_exit()
        stage.wait(seconds)
        stage.settling.judge_end([Fault(FaultKind.NO_FILL, 1)] if stage is foul else [], [], is_rough=False)
    assert (quick.complaints, slow.complaints, foul.complaints) == ([], ["I11"], [])


def test_in_fair_weather_a_stop_is_not_cancelled_before_it_is_flat() -> None:
    for held, expected in ((10, ["I0"]), (0, [])):
        stage = Stage()
        if held:
            stage.hold(held)
        tag = stage.world.tag(Purpose.STOP)
        intent = OrderIntent(
            tag=tag,
            symbol=SYMBOL,
            side=Side.SELL,
            quantity=10,
            type=OrderType.STOP_LIMIT,
            product=Product.INTRADAY,
            purpose=Purpose.STOP,
            reason="",
        )
        stage.settling.kept([events.OrderIntended(at=1, intent=intent)])
        stage.settling.kept([events.CancelIntended(at=2, tag=tag, broker_id="1", why="")])
        stage.settling.judge_end([], [], is_rough=False)
        assert stage.complaints == expected


def test_in_fair_weather_there_are_no_emergencies() -> None:
    long_spell, short_spell = Spell(2.1, SYMBOL, 0, 0.0), Spell(1.9, SYMBOL, 0, None)
    alarm = events.Alarm(at=1, code="UNPROTECTED", message="")
    emergency = events.ExitDecided(at=1, symbol=SYMBOL, reason="emergency_exit", price=1)
    loss = events.Alarm(at=1, code=events.SOFT_LOSS_LIMIT, message="trades that the market took the other way")
    request = events.PositionExitIntended(at=1, symbol=SYMBOL, product=Product.INTRADAY, why="")
    for step, spells, expected in [
        ([], [short_spell], []),
        ([], [long_spell], ["I4"]),
        ([alarm], [], ["I0"]),
        ([emergency], [], ["I0"]),
        ([loss], [], []),
        ([request], [], ["I0"]),
    ]:
        fair, foul, crashed = Stage(), Stage(), Stage()
        for stage in (fair, foul, crashed):
            stage.settling.kept(step)
        fair.settling.judge_end([], spells, is_rough=False)
        foul.settling.judge_end([Fault(FaultKind.KILL, 1)], spells, is_rough=False)
        crashed.settling.judge_end([], spells, is_rough=True)
        assert (fair.complaints, foul.complaints, crashed.complaints) == (expected, [], [])

"""Chances: each decided by seed, kind and number alone."""

from simulation.fates import Fates
from simulation.plan import Fault, FaultClass, FaultKind, Plan, fault_class

K = FaultKind
CHANCES = 200


def struck(plan, kind, chances=CHANCES):
    fates = Fates(plan)
    return [use for use in (fates.strikes(kind) for _ in range(chances)) if use]


def test_the_chances_of_one_kind_do_not_depend_on_another():
    plan = Plan(7, kinds=frozenset({K.REQUEST_LOST, K.NO_FILL}))
    alone = struck(Plan(7, kinds=frozenset({K.NO_FILL})), K.NO_FILL)
    fates = Fates(plan)
    beside = []
    for _ in range(CHANCES):
        fates.strikes(K.REQUEST_LOST)
        beside.append(fates.strikes(K.NO_FILL))

    assert alone
    assert [use for use in beside if use] == alone


def test_leaving_one_fault_out_leaves_the_others_where_they_were():
    faults = tuple(Fault(K.NO_FILL, use) for use in (3, 9, 12))
    assert struck(Plan(1, faults=faults), K.NO_FILL) == [3, 9, 12]
    assert struck(Plan(1, faults=faults[:1] + faults[2:]), K.NO_FILL) == [3, 12]


def test_how_big_a_fault_is_follows_from_its_number():
    first, second = Fates(Plan(7)), Fates(Plan(7, faults=()))
    assert first.size(K.REQUEST_LATE, 4, 1, 9) == second.size(K.REQUEST_LATE, 4, 1, 9)
    assert first.size(K.REQUEST_LATE, 4, 1, 9) != first.size(K.REQUEST_LATE, 5, 1, 9)
    assert 1 <= first.size(K.REQUEST_LATE, 4, 1, 9) < 9
    assert first.choice(K.REQUEST_LATE, 4, 3) in range(3)


def test_nothing_strikes_in_the_calm():
    fates = Fates(Plan(1, faults=(Fault(K.KILL, 2),)))
    fates.strikes(K.KILL)
    fates.are_off = True
    assert not any(fates.strikes(K.KILL) for _ in range(10))


def fired_in(seed):
    fates = Fates(Plan(seed))
    for kind in K:
        for _ in range(600):
            fates.strikes(kind)
    return fates.fired


def test_some_runs_have_no_fault_some_one_and_most_a_mix():
    classes = [fault_class(fired_in(seed)) for seed in range(300)]
    shares = {each: classes.count(each) / len(classes) for each in FaultClass}

    assert 0.04 < shares[FaultClass.NONE] < 0.2
    assert 0.08 < shares[FaultClass.ONE] < 0.25
    assert shares[FaultClass.MIX] > 0.6


def test_every_kind_strikes_somewhere():
    struck_kinds = {fault.kind for seed in range(150) for fault in fired_in(seed)}
    assert struck_kinds == set(K)


def test_a_run_may_be_kept_to_chosen_kinds():
    fates = Fates(Plan(3, kinds=frozenset({K.PARTIAL_FILL})))
    for kind in K:
        for _ in range(CHANCES):
            fates.strikes(kind)
    assert {fault.kind for fault in fates.fired} == {K.PARTIAL_FILL}

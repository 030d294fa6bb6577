"""What fills do to book and account, in compiled code. A name without a rule in it: sums and nothing else."""

from backtest.compiled import rule
from backtest.fast_tables import Code, Field, Rates, Run, Sum
from core.bar_fills import available
from core.charges import bill


@rule
def charged(is_buy: bool, value: int, day: int, run: Run) -> int:
    """Book the charges of one order of a day, and return their total; days before the first card have its rates."""
    rates, outcome = run.rates, run.outcome
    card = _card_on(day, rates)
    rate = rates.figures[card]
    figures = (
        rate[0], rate[1], rate[2], rate[3], rate[4], rate[5], rate[6], rate[7], rate[8], rate[9], rate[10],
    )  # fmt: skip
    total = 0
    for place, part in enumerate(bill(is_buy, value, figures)):
        outcome.charges[place] += part
        total += part
    return total


@rule
def delivery_charged(day: int, run: Run) -> int:
    """Book what the depository takes for a sale of shares that were held over night."""
    rates, outcome = run.rates, run.outcome
    fee: int = rates.delivery[_card_on(day, rates)]
    outcome.charges[8] += fee
    return fee


@rule
def _card_on(day: int, rates: Rates) -> int:
    card = len(rates.days) - 1
    while card > 0 and rates.days[card] > day:
        card -= 1
    return card


@rule
def room_for(wanted: int, row: int, place: int, run: Run) -> int:
    """Return how many of the wanted shares a bar has room for; volumes that nobody asks for are not read."""
    bars, contracts, terms = run.bars, run.contracts, run.terms
    if terms.volume_share <= 0:
        return wanted
    return available(wanted, bars.volumes[row], terms.volume_share, contracts.lots[place])


@rule
def lapse(place: int, run: Run) -> None:
    """Let an entry end without a fill."""
    book, outcome = run.book, run.outcome
    book.waiting[place] = 0
    outcome.sums[Sum.WAITING] -= 1
    outcome.refusals[Code.NOT_FILLED] += 1


@rule
def lapse_all(run: Run) -> None:
    """Let every entry that still waits end without a fill."""
    book = run.book
    for place in range(len(book.waiting)):
        if book.waiting[place] > 0:
            lapse(place, run)


@rule
def mark(place: int, close: int, run: Run) -> None:
    """Value a position at a close."""
    book, outcome = run.book, run.outcome
    sums, value = outcome.sums, book.held[place] * close
    profit = book.side[place] * (book.exit_value[place] + value - book.entry_value[place])
    sums[Sum.PROFIT] += profit - book.profit[place]
    sums[Sum.VALUE] += value - book.value[place]
    book.profit[place], book.value[place] = profit, value


@rule
def finish(place: int, moment: int, reason: int, exit_charges: int, run: Run) -> None:
    """Turn a position into a trade."""
    book, outcome = run.book, run.outcome
    sums = outcome.sums
    number = sums[Sum.TRADES]
    charges = book.entry_charges[place] + exit_charges
    trade = outcome.trades[number]
    trade[Field.PLACE], trade[Field.SIDE], trade[Field.QUANTITY] = place, book.side[place], book.entered[place]
    trade[Field.ENTRY_MOMENT], trade[Field.ENTRY_VALUE] = book.entry_moment[place], book.entry_value[place]
    trade[Field.EXIT_MOMENT], trade[Field.EXIT_VALUE], trade[Field.REASON] = moment, book.exit_value[place], reason
    trade[Field.CHARGES], trade[Field.STOP], trade[Field.TARGET] = charges, book.first_stop[place], book.target[place]
    outcome.probabilities[number] = book.probability[place]
    net = book.side[place] * (book.exit_value[place] - book.entry_value[place]) - charges
    sums[Sum.REALISED] += net
    sums[Sum.REALISED_TODAY] += net
    sums[Sum.ENTRY_CHARGES] -= book.entry_charges[place]
    sums[Sum.PROFIT] -= book.profit[place]
    sums[Sum.VALUE] -= book.value[place]
    sums[Sum.HELD] -= 1
    sums[Sum.TRADES] += 1
    book.entered[place] = book.profit[place] = book.value[place] = 0

from core.open_profit import OpenProfit


def test_the_total_is_that_of_the_last_prices_of_what_is_open():
    profit = OpenProfit()
    for symbol, made in (("A", 100), ("B", -30), ("A", -250), ("B", 70), ("C", 5)):
        profit.mark(symbol, made)
    assert profit.total == -250 + 70 + 5
    profit.forget("A")
    assert profit.total == 75
    assert "A" not in profit
    assert "B" in profit


def test_a_position_that_no_price_was_seen_for_leaves_without_a_trace():
    profit = OpenProfit()
    profit.mark("A", 100)
    profit.forget("B")
    assert profit.total == 100

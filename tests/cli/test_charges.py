import json

from .conftest import Run


def test_a_bill_is_printed_line_by_line(run: Run) -> None:
    answer = run("charges", "--date", "2025-06-10", "--product", "INTRADAY", "--buy", "25000", "--sell", "25150")

    assert answer.code == 0
    assert [line.split()[0] for line in answer.out.splitlines() if line.split()[-1] == "26.69"] == ["Total"]


def test_a_program_gets_one_object_in_rupees(run: Run) -> None:
    answer = run("charges", "--date", "2026-04-01", "--segment", "options", "--sell", "11250", "--json")

    content = json.loads(answer.out)
    # 20.00 + 16.88 + 3.94 + 1.01 + 0.01 + 0.06 + 4.50
    assert content["together"]["total"] == content["sell"]["total"] == 46.40
    assert (content["segment"], content["rates_from"]) == ("options", "2026-04-01")


def test_a_product_that_the_segment_does_not_have_is_one_line(run: Run) -> None:
    complaint = run("charges", "--date", "2025-06-10", "--product", "MARGIN", "--buy", "100").complaint

    assert "no charges for equity MARGIN; it has equity INTRADAY, equity CNC" in complaint


def test_a_deal_of_nothing_is_one_line(run: Run) -> None:
    assert run("charges", "--date", "2025-06-10").complaint.startswith("nothing to charge: give --buy, --sell or both")


def test_a_day_that_is_none_is_wrong_usage(run: Run) -> None:
    answer = run("charges", "--date", "2025-06-31", "--buy", "100")

    assert (answer.code, answer.out) == (2, "")

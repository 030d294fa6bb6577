import inspect

import pytest

from core import errors

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_expected_and_says_what_the_bot_does_about_it(kind: type[Exception]) -> None:
    assert issubclass(kind, errors.BotError)
    words = kind.__dict__.get("__doc__") or ""
    assert words.count(".") >= 2, f"{kind.__name__}: one sentence for what went wrong, one for the reaction"


def test_a_dead_token_is_also_a_failed_read() -> None:
    assert issubclass(errors.AuthenticationError, errors.BrokerError)
    assert issubclass(errors.RateLimitError, errors.BrokerError)

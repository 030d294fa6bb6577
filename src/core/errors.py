"""The errors of the house. Each docstring says what the bot does about it."""


class BotError(Exception):
    """Root of all expected errors. A command prints the message on one line and exits with 1."""


class ConfigurationError(BotError):
    """A setting, file or flag is wrong. The bot refuses to start; nothing has been sent or written."""


class DataError(BotError):
    """Market data is malformed or missing. The rows are not used; no decision is made from them."""


class ModelError(BotError):
    """A model bundle is unreadable, altered or made for other features. The bot refuses to start with it."""


class StrategyError(BotError):
    """A strategy raised, or returned something else than a signal. Entries stop until an operator resumes."""


class NoSignalError(StrategyError):
    """A strategy returned something that is no signal. The bot does what it does when one raises."""

    def __init__(self, message: str, at: int | None = None) -> None:
        """`at` is the start of the candle it was asked about; None where it is about no single one."""
        super().__init__(message)
        self.at = at


class StorageError(BotError):
    """The event log or another file cannot be written. No new order is sent; resting stops stay at the broker."""


class InvariantError(BotError):
    """The bot's own facts contradict each other. Trading stops at once; resting stops stay at the broker."""


class UnfinishedError(BotError):
    """A stop, or a session, ended with something open. The process ends and says where a person must look."""


class ThreadDiedError(BotError):
    """A thread of the bot met an error that nobody foresaw. The process ends; resting stops stay at the broker."""


class BrokerError(BotError):
    """A read from the broker failed. It is asked again with back-off; no decision rests on the missing answer."""


class AuthenticationError(BrokerError):
    """The token is dead or refused. Trading stops, the message says how to sign in, and reads probe for a new one."""


class RateLimitError(BrokerError):
    """Our own budget or the broker's limit is used up. The call was not sent; it waits for the next window."""


def one_line(error: BaseException) -> str:
    """Return what an error of a library or of a user's file says, short enough to stand in a message of ours."""
    return " ".join(str(error).split())[:200] or type(error).__name__

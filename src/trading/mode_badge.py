"""The word that says what is at stake: red where real money is, and nowhere else."""

from rich.text import Text


def mode_badge(mode: str, *, is_rehearsal: bool) -> Text:
    """Name the mode; live orders that go to a simulator on this machine are a rehearsal."""
    if mode != "live":
        return Text(f" {mode.upper()} ", "bold white on blue")
    if is_rehearsal:
        return Text(" REHEARSAL ", "bold white on blue")
    return Text(" LIVE ", "bold white on red")

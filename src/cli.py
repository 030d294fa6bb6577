"""One program, hyphenated verbs."""


def main() -> None:
    """Run the command line."""

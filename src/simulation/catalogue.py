"""All planted bugs by name."""

from core.errors import ConfigurationError
from simulation.bugs import guarding, protecting, reading, sending
from simulation.planted_bugs import PlantedBug

BUGS: tuple[PlantedBug, ...] = (*sending.BUGS, *reading.BUGS, *protecting.BUGS, *guarding.BUGS)


def bug_named(name: str) -> PlantedBug:
    """Return the bug of a name. Raises `ConfigurationError` when there is none."""
    bug = next((bug for bug in BUGS if bug.name == name), None)
    if bug is None:
        raise ConfigurationError(f"there is no planted bug {name}; known are {', '.join(each.name for each in BUGS)}")
    return bug

"""A process that dies may leave its memory on the disk, and the token in it. This one does not.

A limit of zero bytes is not enough: where the kernel hands dumps to a program, it writes them whatever the limit is,
but for a limit of one byte, which it takes for "none" (core(5)). One byte is also too small for a file.
"""

import resource

_NONE_AT_ALL = 1


def forbid_core_dumps() -> None:
    """Let this process, and what it starts, leave no core dump; a stricter limit that it was given stays."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    limit = _NONE_AT_ALL if hard == resource.RLIM_INFINITY else min(hard, _NONE_AT_ALL)
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))

"""The memory that a notebook may have, and a little more for saying that it was not enough."""

from __future__ import annotations

import contextlib

_ROOM = 64 << 20


def limit_memory(limit: int) -> None:
    """Let allocations fail beyond ``limit`` bytes of data; a limit from outside stays."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or hard > limit:
        most = limit + _ROOM if hard == resource.RLIM_INFINITY else min(hard, limit + _ROOM)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


def make_room() -> None:
    """Allow a little more: without it, Python itself ends while it describes a MemoryError."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))

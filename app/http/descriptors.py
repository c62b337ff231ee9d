"""File descriptors: each connection takes one, and the operating system allows only so many."""

from typing import Final

import structlog

log = structlog.get_logger()

RESERVED: Final = 256
"""For the database, pushes, files, and connections that are being turned away."""


def allow_connections(wanted: int) -> int:
    """Raise this process's soft limit as far as connections want and the hard one allows; give how many may be open."""
    import resource  # absent on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + RESERVED
    if hard != resource.RLIM_INFINITY:
        needed = min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    allowed = max(1, min(wanted, needed - RESERVED))
    if allowed < wanted:
        log.warning("fewer_connections_than_wanted", wanted=wanted, allowed=allowed, files=hard)
    return allowed

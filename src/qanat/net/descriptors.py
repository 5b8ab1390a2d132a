"""How many files and sockets this process may hold open: the limit it starts with is for programs that hold few."""

import logging
import resource
from typing import Final

from qanat.net.listeners import CONNECTIONS_MAX

logger = logging.getLogger(__name__)

# Logs, listening sockets of endpoints and resolvers, connections about to be refused.
_BESIDES_CONNECTIONS: Final = 1_024


def raise_descriptor_limit() -> None:
    """So that CONNECTIONS_MAX connections can stand, or as many as the system lets us: then it is logged."""
    wanted = CONNECTIONS_MAX + _BESIDES_CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        logger.warning(
            "this system lets a process open %d files, %d would be needed for %d connections (ulimit -Hn)",
            allowed,
            wanted,
            CONNECTIONS_MAX,
        )

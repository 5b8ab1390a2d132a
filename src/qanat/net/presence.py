"""Whether a client is still there, asked of the kernel and not of what has been read so far.

One turn of the event loop reads from many connections. A client's goodbye may lie behind the request of another, by
which a message would be handed to it.
"""

import asyncio
import select
from typing import Final

from qanat.core.way import Presence

_AWAITED: Final = select.POLLIN | select.POLLRDHUP


def presence(transport: asyncio.Transport | None) -> Presence:
    """One system call. A client that will send no more has gone: its connection is closed when that is read."""
    if transport is None or transport.is_closing():
        return Presence.GONE
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), _AWAITED)
    found = poll.poll(0)
    if not found:
        return Presence.HERE
    return Presence.UNREAD if found[0][1] == select.POLLIN else Presence.GONE

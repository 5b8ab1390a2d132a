"""The way by which a request came in: a fact of the socket that accepted it, never of what the client sent."""

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class WayIn:
    """Filled by the listener when it accepts a connection; the same for every request on that connection.

    The four `vpc_...` fields are set together, and only for a socket that lives in a VPC.
    """

    secure: bool
    client_address: str
    vpc_endpoint_id: str | None = None
    vpc_id: str | None = None
    vpc_endpoint_account: str | None = None
    vpc_endpoint_region: str | None = None


class Presence(Enum):
    """Whether who asked is still there, as far as the kernel knows at this moment."""

    HERE = auto()
    GONE = auto()
    UNREAD = auto()
    """It has sent more that was not read yet: over TLS that may be its goodbye."""

"""What is counted of connections and requests. Plain integers: counting must cost next to nothing."""

Answers = list[int]
"""How many answers there were, by the first digit of their status."""


def no_answers() -> Answers:
    return [0] * 6


class Traffic:
    """Of one way in: the public listener, or one VPC endpoint. Bytes are HTTP's own, without those of TLS."""

    __slots__ = ("accepted", "connections", "received_bytes", "requests", "sent_bytes")

    def __init__(self) -> None:
        self.connections = 0
        """That stand now."""
        self.accepted = 0
        self.requests = 0
        self.received_bytes = 0
        self.sent_bytes = 0

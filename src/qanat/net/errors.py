"""Failures of the network under us: each is one line for the person who runs the server, with what to do."""


class NetworkUnavailable(Exception):
    """The system does not give what a VPC needs, or the part that gave it has ended."""


class PeerGone(NetworkUnavailable):
    """The other end of a local socket closed it, or did not answer in time."""


class TlsUnusable(Exception):
    """A certificate or key cannot be read, written or used."""

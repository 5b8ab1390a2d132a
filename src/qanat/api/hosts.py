"""The host that an answer's QueueUrl names: the one by which the client came in, where it is one of ours.

The Host header decides nothing but this, and only among names that are ours anyway.
"""

import re
from collections.abc import Collection, Iterable
from typing import Final, Protocol

from qanat.core.names import sqs_host, sqs_hosts
from qanat.core.network.model import VpcEndpoint
from qanat.core.way import WayIn

# What is repeated in a URL must not be able to end its host early.
_PORT: Final = re.compile(r"[0-9]{1,5}\Z")
_LABEL: Final = re.compile(r"[a-z0-9-]{1,63}\Z")


class Network(Protocol):
    """What is asked of the network part of the control shard."""

    def endpoint(self, vpc_endpoint_id: str) -> VpcEndpoint | None: ...


class Hosts:
    """`public_default` is `host:port`; `public_names`, with port or without, lead to the public listener."""

    def __init__(
        self, regions: Iterable[str], network: Network, public_default: str, public_names: Iterable[str]
    ) -> None:
        self._network = network
        self._public_default = public_default
        self._public: Collection[str] = frozenset(
            {public_default, *public_names, *(name for region in regions for name in sqs_hosts(region))}
        )

    def base_url(self, way: WayIn, host_header: bytes) -> str:
        """`https://sqs.us-east-2.amazonaws.com`, without a slash at the end."""
        scheme = "https" if way.secure else "http"
        host = host_header.decode("latin-1").lower()
        if way.vpc_endpoint_id is None:
            return f"{scheme}://{host if self._is_public(host) else self._public_default}"
        assert way.vpc_endpoint_region is not None
        region = way.vpc_endpoint_region
        return (
            f"{scheme}://{host if self._is_private(host, way.vpc_endpoint_id, region) else sqs_host(region)}"
        )

    def _is_public(self, host: str) -> bool:
        name, _, port = host.rpartition(":")
        return host in self._public or (name in self._public and _PORT.match(port) is not None)

    def _is_private(self, host: str, vpc_endpoint_id: str, region: str) -> bool:
        name, _, port = host.partition(":")
        if port not in ("", "443"):
            return _is_loopback(name) and _PORT.match(port) is not None
        if name in sqs_hosts(region):
            return True
        suffix = f".sqs.{region}.vpce.amazonaws.com"
        endpoint = self._network.endpoint(vpc_endpoint_id)
        if endpoint is None or not name.endswith(suffix):
            return False
        own, label = f"{vpc_endpoint_id}-{endpoint.dns_suffix}", name.removesuffix(suffix)
        return label == own or (label.startswith(f"{own}-") and _LABEL.match(label) is not None)


def _is_loopback(name: str) -> bool:
    """The loopback driver's endpoints have addresses for names."""
    parts = name.split(".")
    return len(parts) == 4 and parts[0] == "127" and all(part.isdigit() for part in parts)

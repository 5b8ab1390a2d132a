"""Which regions a request may be signed for, and which one it is for.

A signature names its region. The way in may leave fewer to choose from: a VPC endpoint serves its own region, and so
does a region's own name of SQS, by which a client may come to the public listener. An anonymous request names none, so
it is for the region of the name that it uses, else for the default one: that says which queue it means, never who asks.
"""

from collections.abc import Collection
from typing import Final

from qanat.core.names import region_of_host
from qanat.core.sigv4 import Claim
from qanat.core.way import WayIn

# IAM has one endpoint, and STS an old one, that belong to no region; clients sign for this one (AWS General Reference).
GLOBAL_REGION: Final = "us-east-1"
_GLOBAL: Final = ("iam", "sts")


class Regions:
    """`served`: the default region first."""

    def __init__(self, served: tuple[str, ...]) -> None:
        self._served = served
        self._served_and_global = tuple(dict.fromkeys((*served, GLOBAL_REGION)))

    def signable(self, way: WayIn, host: bytes, service: str) -> Collection[str]:
        """The regions that a signature may name; `host` is the Host header."""
        if service in _GLOBAL:
            return self._served_and_global
        only = self._only(way, host)
        return self._served if only is None else (only,) if only in self._served else ()

    def meant(
        self, way: WayIn, host: bytes, service: str, claim: Claim | None, queue_url: str | None = None
    ) -> str:
        """The region that a request is for; `claim` is verified, or None of an anonymous caller."""
        if claim is not None:
            # IAM is in one place, whatever its signature says (User Guide, aws:RequestedRegion).
            return GLOBAL_REGION if service == "iam" else claim.scope.region
        only = self._only(way, host)
        if only is None and queue_url is not None:
            only = region_of_host(_host_of(queue_url))
        return only if only in self._served else self._served[0]

    def _only(self, way: WayIn, host: bytes) -> str | None:
        """The region that the way in leaves, where it leaves but one."""
        if way.vpc_endpoint_id is not None:
            return way.vpc_endpoint_region
        named = region_of_host(host.decode("latin-1"))
        return named if named in self._served else None


def _host_of(queue_url: str) -> str:
    return queue_url.partition("//")[2].partition("/")[0]

"""boto3 clients with everything said to them: key, region, endpoint, CA. One try each: a retry would hide an error."""

from typing import Any, NamedTuple

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session as BotocoreSession

from support.server import REGION, Key, Server

_CONFIG = Config(
    parameter_validation=False,
    retries={"total_max_attempts": 1},
    connect_timeout=60,
    read_timeout=60,
    max_pool_connections=16,
)


class Clients:
    """The clients of one server; each is made once."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._made: dict[tuple[str, Key | None, str, str], Any] = {}
        # One session: reading the service models is most of a client's cost.
        self._session = boto3.Session(botocore_session=BotocoreSession(), region_name=REGION)

    def of(self, service: str, key: Key | None = None, scheme: str = "https", region: str = REGION) -> Any:
        """`key`: the administrator's by default."""
        found = self._made.get((service, key, scheme, region))
        if found is None:
            used = key or self.server.administrator()
            found = self._made[service, key, scheme, region] = self._session.client(
                service,
                region_name=region,
                aws_access_key_id=used.access_key_id,
                aws_secret_access_key=used.secret,
                aws_session_token=used.token,
                endpoint_url=self.server.url(scheme),
                verify=str(self.server.ca_bundle),
                config=_CONFIG,
            )
        return found

    def close(self) -> None:
        for client in self._made.values():
            client.close()
        self._made.clear()


class Refusal(NamedTuple):
    """What a client is told when it is refused."""

    status: int
    code: str
    message: str
    exception: str
    """The class that the SDK makes of it."""


def refusal(call: Any, /, **parameters: Any) -> Refusal:
    """The refusal of a call that must be refused."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    return Refusal(
        response["ResponseMetadata"]["HTTPStatusCode"],
        response["Error"]["Code"],
        response["Error"]["Message"],
        type(caught.value).__name__,
    )

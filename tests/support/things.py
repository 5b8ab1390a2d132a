"""What the fixtures make for a test: queues and users."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from support.clients import Clients
from support.server import Key, Server


@dataclass(frozen=True)
class MadeQueue:
    name: str
    url: str
    arn: str


@dataclass(frozen=True)
class MadeUser:
    name: str
    arn: str
    user_id: str
    key: Key
    clients: Clients

    def sqs(self, scheme: str = "https") -> Any:
        return self.clients.of("sqs", self.key, scheme)

    def of(self, service: str) -> Any:
        return self.clients.of(service, self.key)


MakeQueue = Callable[..., MadeQueue]
MakeUser = Callable[..., MadeUser]
StartServer = Callable[..., Server]

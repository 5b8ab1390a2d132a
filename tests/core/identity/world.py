"""What the tests of identity share: two accounts, and a control shard that is asked one command at a time."""

from typing import Any

import pytest
from msgspec import Struct

from qanat.core.control import Control
from qanat.core.errors import QanatError
from qanat.core.identity import commands as c
from qanat.core.identity.model import User

ACCOUNT, OTHER = "123456789012", "210987654321"
ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
BOB = c.CreateUser(ACCOUNT, "bob", "/team/", "AIDABOB", (("team", "a"),))
EVE = c.CreateUser(ACCOUNT, "eve", "/", "AIDAEVE")


class World:
    def __init__(self, *commands: object) -> None:
        self.control = Control()
        for command in (c.CreateAccount(ACCOUNT), c.CreateAccount(OTHER), *commands):
            self.told(command)

    def told(self, command: object, now_ms: int = 1_000) -> Any:
        return self.control.handle(command, now_ms).reply

    def records(self, command: object) -> list[Struct]:
        return self.control.handle(command, 2_000).records

    def refused(self, command: object) -> tuple[str, str]:
        with pytest.raises(QanatError) as refusal:
            self.control.handle(command, 2_000)
        return refusal.value.code, refusal.value.message

    def user(self, name: str) -> User:
        user = self.control.identity.user(ACCOUNT, name)
        assert user is not None
        return user

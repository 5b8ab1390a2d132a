"""The last uses of keys and roles reach the log minutes later, or at a stop, and cost no commit a request."""

from node_rig import Rig
from qanat import codecs
from qanat.api.last_uses import Noted, UseWriter
from qanat.core.control import Control
from qanat.core.identity import commands as c
from qanat.core.identity import role_commands as r
from qanat.core.identity.model import RoleUse
from qanat.core.sigv4 import Scope

ACCOUNT = "123456789012"
KEY = "AKIA0000000000000001"
ROLE_ID = "AROA0000000000000001"
TRUST = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}'
SQS = Scope("20260101", "us-east-2", "sqs")
EVERY_MS = 300_000


class World(Rig):
    def __init__(self) -> None:
        self.control = Control()
        super().__init__(self.control, codecs.CONTROL)
        self.ask(c.CreateAccount(ACCOUNT))
        self.ask(c.CreateUser(ACCOUNT, "bob", "/", "AIDABOB"))
        self.ask(r.CreateRole(ACCOUNT, "worker", "/", ROLE_ID, TRUST))
        self.ask(c.CreateAccessKey(ACCOUNT, "bob", KEY, "secret"))
        self.noted: Noted = {}
        self.roles: Noted = {}
        self.writer = UseWriter(self.noted, self.roles, self.node, EVERY_MS)

    def use(self, key_id: str = KEY) -> None:
        self.noted[key_id] = SQS, self.loop.now_ms

    def chore(self) -> int:
        """How many commits one turn of the chore makes."""
        before = self.node.statistics.commits
        self.writer()
        self.settle()
        return self.node.statistics.commits - before

    @property
    def last_used_ms(self) -> int | None:
        use = self.ask(c.GetAccessKeyLastUsed(ACCOUNT, KEY))[1]
        if use is None:
            return None
        assert (use.service, use.region) == ("sqs", "us-east-2")
        at_ms: int = use.at_ms
        return at_ms


def test_uses_are_written_every_few_minutes_at_most() -> None:
    world = World()
    assert world.chore() == 0
    world.use()
    first_ms = world.loop.now_ms
    assert world.chore() == 1
    assert world.last_used_ms == first_ms
    world.pass_ms(1_000)
    world.use()
    assert world.chore() == 0
    world.pass_ms(EVERY_MS - 1_001)
    assert world.chore() == 0
    assert world.last_used_ms == first_ms
    world.pass_ms(1)
    assert world.chore() == 1
    assert world.last_used_ms == first_ms + 1_000
    world.pass_ms(EVERY_MS)
    assert world.chore() == 0, "nothing was used since"


def test_a_stop_does_not_wait() -> None:
    world = World()
    world.use()
    world.chore()
    world.pass_ms(1_000)
    world.use()
    world.writer.write()
    world.settle()
    assert world.last_used_ms == world.loop.now_ms
    commits = world.node.statistics.commits
    world.writer.write()
    assert world.node.statistics.commits == commits


def test_a_key_that_is_gone_is_no_news() -> None:
    world = World()
    world.use("AKIADELETED")
    assert world.chore() == 0
    assert world.noted == {}


def test_a_replayed_log_knows_the_uses() -> None:
    world = World()
    world.use()
    world.chore()
    again = Rig(Control(), codecs.CONTROL, world.log, world.loop.now_ms)
    assert again.ask(c.GetAccessKeyLastUsed(ACCOUNT, KEY))[1].at_ms == world.loop.now_ms


def role_use(world: Rig) -> RoleUse | None:
    found: RoleUse | None = world.ask(r.GetRole(ACCOUNT, "worker")).last_use
    return found


def test_uses_of_roles_are_written_alike() -> None:
    world = World()
    assert role_use(world) is None
    world.roles[ROLE_ID] = SQS, world.loop.now_ms
    version = world.control.version
    assert world.chore() == 1
    assert role_use(world) == RoleUse(ROLE_ID, world.loop.now_ms, "us-east-2")
    assert world.control.version == version, "nothing that is cached reads it"
    world.roles[ROLE_ID] = SQS, world.loop.now_ms
    world.roles["AROADELETED"] = SQS, world.loop.now_ms
    assert world.chore() == 0
    world.pass_ms(EVERY_MS)
    assert world.chore() == 0, "that use is known"
    assert world.roles == {}
    again = Rig(Control(), codecs.CONTROL, world.log, world.loop.now_ms)
    assert role_use(again) == role_use(world)


def test_a_role_that_is_made_anew_was_never_used() -> None:
    world = World()
    world.roles[ROLE_ID] = SQS, world.loop.now_ms
    world.chore()
    world.ask(r.DeleteRole(ACCOUNT, "worker"))
    world.ask(r.CreateRole(ACCOUNT, "worker", "/", "AROA0000000000000002", TRUST))
    assert role_use(world) is None

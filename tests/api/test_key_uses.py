"""The last uses of keys reach the log minutes later, or at a stop, and cost no commit a request."""

from node_rig import Rig
from qanat import codecs
from qanat.api.key_uses import KeyUseWriter, Noted
from qanat.core.control import Control
from qanat.core.identity import commands as c
from qanat.core.sigv4 import Scope

ACCOUNT = "123456789012"
KEY = "AKIA0000000000000001"
SQS = Scope("20260101", "us-east-2", "sqs")
EVERY_MS = 300_000


class World(Rig):
    def __init__(self) -> None:
        super().__init__(Control(), codecs.CONTROL)
        self.ask(c.CreateAccount(ACCOUNT))
        self.ask(c.CreateUser(ACCOUNT, "bob", "/", "AIDABOB"))
        self.ask(c.CreateAccessKey(ACCOUNT, "bob", KEY, "secret"))
        self.noted: Noted = {}
        self.writer = KeyUseWriter(self.noted, self.node, EVERY_MS)

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

"""Definitions of queues: CreateQueue, SetQueueAttributes, DeleteQueue, ListQueues as the API reference has them."""

import pytest

from qanat.core import control_records
from qanat.core.control import Control
from qanat.core.errors import InvalidParameterValue, QanatError
from qanat.core.queues import errors
from qanat.core.queues.definition_commands import (
    CreateQueue,
    DeleteQueue,
    ListQueues,
    ListQueueTags,
    SetQueueAttributes,
    TagQueue,
    UntagQueue,
)
from qanat.core.queues.model import Queue, QueueKey
from qanat.core.queues.name_index import NamePage

ACCOUNT = "123456789012"
REGION = "us-east-2"
MINUTE_MS = 60_000
FIFO_NAME = (
    "The name of a FIFO queue can only include alphanumeric characters, hyphens, "
    "or underscores, must end with .fifo suffix and be 1 to 80 in length."
)
POLICY = '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}]}'


def key(name: str = "jobs") -> QueueKey:
    return ACCOUNT, REGION, name


def arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


class World:
    """A control shard, its log, and time by hand."""

    def __init__(self) -> None:
        self.control = Control()
        self.now_ms = 1_753_264_000_000
        self.frames: list[bytes] = []

    def ask(self, command: object) -> object:
        outcome = self.control.handle(command, self.now_ms)
        if outcome.records:
            self.frames.append(control_records.encode(outcome.records))  # type: ignore[arg-type]  # they are
        return outcome.reply

    def create(
        self,
        name: str = "jobs",
        attributes: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
        rest_ms: int = MINUTE_MS,
        account: str = ACCOUNT,
        region: str = REGION,
    ) -> Queue:
        pairs, tag_pairs = tuple((attributes or {}).items()), tuple((tags or {}).items())
        queue = self.ask(CreateQueue(account, region, name, pairs, tag_pairs, rest_ms))
        assert isinstance(queue, Queue)
        return queue

    def set(self, name: str = "jobs", **attributes: str) -> Queue:
        queue = self.ask(SetQueueAttributes(key(name), tuple(attributes.items())))
        assert isinstance(queue, Queue)
        return queue

    def tags(self, name: str = "jobs") -> object:
        return self.ask(ListQueueTags(key(name)))

    def delete(self, name: str = "jobs") -> None:
        self.ask(DeleteQueue(key(name)))

    def listed(self, prefix: str = "", count: int = 1_000, after: str = "") -> tuple[tuple[str, ...], bool]:
        listing = self.ask(ListQueues(ACCOUNT, REGION, prefix, count, after))
        assert isinstance(listing, NamePage)
        return listing.names, listing.more

    def refusal(self, name: str = "jobs", **attributes: str) -> QanatError:
        with pytest.raises(QanatError) as refused:
            self.create(name, attributes)
        return refused.value


# -- names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "Z" * 80, "a-b_C-9", "-", "fifo"])
def test_api_create_queue_names(name: str) -> None:
    queue = World().create(name)
    assert queue.arn == f"arn:aws:sqs:us-east-2:{ACCOUNT}:{name}"


@pytest.mark.parametrize(
    "name", ["", "a" * 81, "a.b", "a b", "é", "jobs\n", "a/b", ".fifo", "a" * 81 + ".fifo"]
)
def test_api_create_queue_names_that_are_refused(name: str) -> None:
    refusal = World().refusal(name)
    assert isinstance(refusal, InvalidParameterValue)
    assert (
        refusal.message
        == "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    )


def test_names_differ_by_case() -> None:
    world = World()
    assert world.create("jobs").queue_id != world.create("Jobs").queue_id


@pytest.mark.parametrize("name", ["a.fifo", "Z" * 75 + ".fifo", "fifo.fifo"])
def test_names_of_fifo_queues(name: str) -> None:
    queue = World().create(name, {"FifoQueue": "True"})
    assert (queue.name, queue.fifo, dict(queue.attributes)) == (name, True, {"FifoQueue": "true"})


@pytest.mark.parametrize(
    "name", ["jobs", ".fifo", "a.b.fifo", "Z" * 76 + ".fifo", "jobs.fifo\n", "jobs.FIFO"]
)
def test_names_of_fifo_queues_that_are_refused(name: str) -> None:
    refusal = World().refusal(name, FifoQueue="true")
    assert (refusal.code, refusal.message) == ("InvalidParameterValue", FIFO_NAME)


@pytest.mark.parametrize("attributes", [{}, {"FifoQueue": "false"}, {"ContentBasedDeduplication": "true"}])
def test_recorded_a_standard_queue_cannot_have_the_fifo_suffix(attributes: dict[str, str]) -> None:
    assert isinstance(World().refusal("jobs.fifo", **attributes), InvalidParameterValue)


@pytest.mark.parametrize(
    ("attributes", "code", "message"),
    [
        ({"FifoQueue": "false"}, "InvalidAttributeName", "Unknown Attribute FifoQueue."),
        (
            {"FifoQueue": "True"},
            "InvalidParameterValue",
            FIFO_NAME,
        ),
        (
            {"ContentBasedDeduplication": "false"},
            "InvalidAttributeName",
            "Unknown Attribute ContentBasedDeduplication.",
        ),
        (
            {"DeduplicationScope": "queue"},
            "InvalidAttributeName",
            "You can specify the DeduplicationScope only when FifoQueue is set to true.",
        ),
        (
            {"FifoThroughputLimit": "perQueue"},
            "InvalidAttributeName",
            "You can specify the FifoThroughputLimit only when FifoQueue is set to true.",
        ),
        ({"Foobar": "1"}, "InvalidAttributeName", "Unknown Attribute Foobar."),
        ({"DelaySeconds": "901"}, "InvalidAttributeValue", "Invalid value for the parameter DelaySeconds."),
    ],
)
def test_recorded_refusals_of_create_queue(attributes: dict[str, str], code: str, message: str) -> None:
    world = World()
    refusal = world.refusal(**attributes)
    assert (refusal.code, refusal.message) == (code, message)
    assert world.frames == [], "nothing of a refused command is written"


# -- creating twice ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "again",
    [
        {},
        {"VisibilityTimeout": "60"},
        {"VisibilityTimeout": "060"},
        {"DelaySeconds": "0"},
        {"VisibilityTimeout": "60", "Policy": POLICY},
        {"Policy": '{"Version":"2008-10-17",' + POLICY[1:]},
        {"Policy": POLICY.replace(",", " ,\n")},
        {"SqsManagedSseEnabled": "true", "KmsDataKeyReusePeriodSeconds": "300", "KmsMasterKeyId": ""},
        {"RedrivePolicy": "", "RedriveAllowPolicy": ""},
    ],
    ids=[
        "nothing given",
        "the same",
        "another spelling",
        "a default",
        "all",
        "the policy as it is kept",
        "the policy in other white space",
        "encryption by default",
        "no redrive policies",
    ],
)
def test_api_create_queue_again_with_equal_attributes(again: dict[str, str]) -> None:
    world = World()
    first = world.create(attributes={"VisibilityTimeout": "60", "Policy": POLICY})
    world.now_ms += 1
    assert world.create(attributes=again) == first
    assert len(world.frames) == 1


@pytest.mark.parametrize(
    ("again", "name"),
    [
        ({"VisibilityTimeout": "61"}, "VisibilityTimeout"),
        ({"DelaySeconds": "1"}, "DelaySeconds"),
        ({"Policy": ""}, "Policy"),
        ({"Policy": POLICY.replace("sqs:*", "sqs:SendMessage")}, "Policy"),
        ({"VisibilityTimeout": "60", "SqsManagedSseEnabled": "false"}, "SqsManagedSseEnabled"),
    ],
    ids=[
        "set otherwise",
        "default otherwise",
        "without the policy",
        "another policy",
        "encryption otherwise",
    ],
)
def test_api_create_queue_again_with_other_attributes(again: dict[str, str], name: str) -> None:
    world = World()
    world.create(attributes={"VisibilityTimeout": "60", "Policy": POLICY})
    refusal = world.refusal(**again)
    assert isinstance(refusal, errors.QueueNameExists)
    assert refusal.message == (
        f"A queue already exists with the same name and a different value for attribute {name}"
    )


def test_accounts_and_regions_have_names_of_their_own() -> None:
    world = World()
    places = [(ACCOUNT, REGION), ("210987654321", REGION), (ACCOUNT, "eu-west-1")]
    queues = [world.create(account=account, region=region) for account, region in places]
    assert len({queue.queue_id for queue in queues}) == 3
    assert world.listed() == (("jobs",), False)
    world.delete()
    assert world.listed() == ((), False)
    for (account, region), queue in zip(places[1:], queues[1:], strict=True):
        assert world.control.catalogue.queue(account, region, "jobs") == queue


# -- deleting ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rest_ms", "after_ms", "refused"),
    [
        (MINUTE_MS, 0, True),
        (MINUTE_MS, 59_999, True),
        (MINUTE_MS, 60_000, False),
        (0, 0, False),
        (3_600_000, 3_599_999, True),
    ],
)
def test_api_create_queue_soon_after_its_deletion(rest_ms: int, after_ms: int, refused: bool) -> None:
    world = World()
    first = world.create()
    world.delete()
    world.now_ms += min(after_ms, MINUTE_MS)
    world.create("other")
    world.delete("other")  # names deleted long ago are forgotten at such a time
    world.now_ms += after_ms - min(after_ms, MINUTE_MS)
    if refused:
        with pytest.raises(
            errors.QueueDeletedRecently, match=r"^You must wait 60 seconds after deleting a queue"
        ):
            world.create(rest_ms=rest_ms)
    else:
        assert world.create(rest_ms=rest_ms).queue_id > first.queue_id


def test_a_name_that_was_used_again_rests_again() -> None:
    world = World()
    world.create()
    world.delete()
    world.now_ms += MINUTE_MS
    world.create()
    world.delete()
    with pytest.raises(errors.QueueDeletedRecently):
        world.create()


def test_queue_ids_are_never_used_again_not_even_after_a_restart() -> None:
    world = World()
    used = {world.create(f"q{number}").queue_id for number in range(3)}
    for number in range(3):
        world.delete(f"q{number}")
    snapshot = control_records.encode([world.control.snapshot()])
    for log in (world.frames, [snapshot]):
        again = World()
        for frame in log:
            for record in control_records.decode(frame):
                again.control.apply(record)
        assert again.create("new").queue_id not in used


@pytest.mark.parametrize("command", [DeleteQueue(key()), SetQueueAttributes(key(), ())])
def test_a_queue_that_is_not_there(command: object) -> None:
    with pytest.raises(errors.QueueDoesNotExist, match=r"^The specified queue does not exist\.$"):
        World().ask(command)


# -- setting ----------------------------------------------------------------------------------------------------


def test_api_set_queue_attributes_changes_what_is_named() -> None:
    world = World()
    first = world.create(
        attributes={"VisibilityTimeout": "60", "DelaySeconds": "1"}, tags={"b": "2", "a": "1"}
    )
    world.now_ms += 5_000
    second = world.set(VisibilityTimeout="61", Policy=POLICY)
    assert dict(second.attributes) == {
        "VisibilityTimeout": "61",
        "DelaySeconds": "1",
        "Policy": '{"Version":"2008-10-17",' + POLICY[1:],
    }
    assert (second.queue_id, second.created_at_ms) == (first.queue_id, first.created_at_ms)
    assert second.modified_at_ms == first.modified_at_ms + 5_000
    assert second.tags == first.tags == (("a", "1"), ("b", "2"))
    assert world.control.catalogue.settings(second).visibility_timeout_s == 61
    assert "Policy" not in dict(world.set(Policy="").attributes)


@pytest.mark.parametrize(
    "attributes",
    [
        {"FifoQueue": "true"},
        {"FifoQueue": "false"},
        {"Foobar": "1"},
        {"VisibilityTimeout": "1", "DelaySeconds": "x"},
        {"VisibilityTimeout": "1", "KmsMasterKeyId": "k", "SqsManagedSseEnabled": "true"},
    ],
)
def test_a_refused_change_changes_nothing(attributes: dict[str, str]) -> None:
    world = World()
    standing = world.create()
    with pytest.raises((errors.InvalidAttributeName, errors.InvalidAttributeValue)):
        world.set(**attributes)
    assert world.control.catalogue.queue(*key()) == standing
    assert len(world.frames) == 1


# -- tags -------------------------------------------------------------------------------------------------------


def test_api_tag_queue_and_untag_queue() -> None:
    world = World()
    made = world.create(tags={"a": "1"})
    world.now_ms += 5_000
    world.ask(TagQueue(key(), (("b", ""), ("a", "2"), ("A", "3"))))
    assert world.tags() == (("A", "3"), ("a", "2"), ("b", ""))
    untagged = world.ask(UntagQueue(key(), ("a", "none", "b")))
    assert isinstance(untagged, Queue)
    assert world.tags() == (("A", "3"),) == untagged.tags
    assert untagged.modified_at_ms == made.modified_at_ms
    assert untagged.attributes == made.attributes


def test_a_refused_tag_tags_nothing() -> None:
    world = World()
    world.create(tags={"a": "1"})
    with pytest.raises(InvalidParameterValue):
        world.ask(TagQueue(key(), (("b", "2"), ("k" * 129, ""))))
    with pytest.raises(InvalidParameterValue):
        world.ask(UntagQueue(key(), ("a", "")))
    assert world.tags() == (("a", "1"),)
    assert len(world.frames) == 1


@pytest.mark.parametrize("command", [TagQueue(key(), ()), UntagQueue(key(), ()), ListQueueTags(key())])
def test_tags_of_a_queue_that_is_not_there(command: object) -> None:
    with pytest.raises(errors.QueueDoesNotExist):
        World().ask(command)


# -- listing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefix", "count", "after", "names", "more"),
    [
        ("", 1_000, "", ("B", "a", "ab", "b"), False),
        ("a", 1_000, "", ("a", "ab"), False),
        ("", 2, "", ("B", "a"), True),
        ("", 2, "a", ("ab", "b"), False),
        ("a", 1, "a", ("ab",), False),
        ("x", 1, "", (), False),
        ("", 4, "", ("B", "a", "ab", "b"), False),
    ],
)
def test_api_list_queues(prefix: str, count: int, after: str, names: tuple[str, ...], more: bool) -> None:
    world = World()
    for name in ("b", "a", "B", "ab"):
        world.create(name)
    assert world.listed(prefix, count, after) == (names, more)


def test_pages_hold_every_queue_once() -> None:
    world = World()
    made = sorted(world.create(f"q{number:02}").name for number in range(25))
    found: list[str] = []
    more = True
    while more:
        names, more = world.listed(count=10, after=found[-1] if found else "")
        found += names
    assert found == made


def test_replay_and_snapshot_equal_what_is_live() -> None:
    world = World()
    for name in ("a", "b", "c"):
        world.create(name, {"DelaySeconds": "3"}, {"k": "v"})
    world.set("a", Policy=POLICY)
    world.delete("b")
    live = world.control.snapshot()
    for log in (world.frames, [control_records.encode([live])]):
        again = Control()
        for frame in log:
            for record in control_records.decode(frame):
                again.apply(record)
        assert again.snapshot() == live
        queue = again.catalogue.queue(*key("a"))
        assert queue is not None
        assert again.catalogue.settings(queue) == world.control.catalogue.settings(queue)

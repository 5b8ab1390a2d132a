"""RedrivePolicy and RedriveAllowPolicy (API SetQueueAttributes, DG sqs-dead-letter-queues)."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.core import control_records
from qanat.core.control import Control
from qanat.core.errors import InvalidParameterValue, QanatError
from qanat.core.queues import redrive_policies as r
from qanat.core.queues.definition_commands import CreateQueue, DeleteQueue, SetQueueAttributes
from qanat.core.queues.model import Queue

ACCOUNT, REGION = "123456789012", "us-east-2"
NOT_A_FORMAT = (
    "Invalid value for the parameter RedriveAllowPolicy. Reason: "
    "Amazon SQS can't create the redrive allow policy, as it\u2019s in an unsupported format."
)


def arn(name: str, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:sqs:{region}:{account}:{name}"


DEAD = arn("dead")


@pytest.mark.parametrize("count", [1, 1000, "1", "1000", "0042"])
def test_a_redrive_policy_takes_its_count_as_number_or_text(count: object) -> None:
    policy = r.redrive_policy(
        f' {{"maxReceiveCount": {json.dumps(count)}, "deadLetterTargetArn": "{DEAD}"}} '
    )
    assert (str(policy.target), policy.max_receive_count) == (DEAD, int(str(count)))


@pytest.mark.parametrize(
    "text",
    ["x", "[]", "4", "null", '"x"', '{"a":1,"a":2}', "[" * 100_000, "{" * 20 + "}" * 20, " " * 10_000 + "{}"],
    ids=lambda text: text[:12],
)
def test_a_redrive_policy_that_is_no_json_object(text: str) -> None:
    with pytest.raises(QanatError) as refusal:
        r.redrive_policy(text)
    assert (refusal.value.code, refusal.value.message) == (
        "InvalidAttributeValue",
        "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.",
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{}", "Redrive policy does not contain mandatory attribute: maxReceiveCount."),
        (
            '{"maxReceiveCount":5}',
            "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.",
        ),
        *(
            (
                f'{{"deadLetterTargetArn":"{DEAD}","maxReceiveCount":{written}}}',
                f"Invalid value for maxReceiveCount: {shown}, valid values are from 1 to 1000 both inclusive.",
            )
            for written, shown in [
                ("0", "0"),
                ("1001", "1001"),
                ("-36", "-36"),
                ("1.5", "1.5"),
                ('"many"', "many"),
                ('""', ""),
                ("9" * 5_000, "9" * 1_024),
            ]
        ),
        (
            '{"deadLetterTargetArn":"dummy","maxReceiveCount":5}',
            "Dead-letter target ARN should be fully qualified ARN.",
        ),
        (
            '{"deadLetterTargetArn":"arn:aws:sns:us-east-2:123456789012:t","maxReceiveCount":5}',
            "Only SQS queues are valid resources for deadLetterTargetArn.",
        ),
        (
            f'{{"deadLetterTargetArn":"{DEAD}","maxReceiveCount":5,"x":1}}',
            "Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn].",
        ),
    ],
    ids=lambda text: text[-30:],
)
def test_what_a_redrive_policy_may_not_hold(text: str, reason: str) -> None:
    with pytest.raises(InvalidParameterValue) as refusal:
        r.redrive_policy(text)
    assert refusal.value.message == (
        f"Value {text[:1_024]} for parameter RedrivePolicy is invalid. Reason: {reason}"
    )


@pytest.mark.parametrize(
    ("given", "allowed", "refused"),
    [
        ({"redrivePermission": "allowAll"}, ["a", "b"], []),
        ({"redrivePermission": "denyAll"}, [], ["a", "b"]),
        ({"redrivePermission": "denyAll", "sourceQueueArns": None}, [], ["a"]),
        ({"redrivePermission": "denyAll", "sourceQueueArns": []}, [], ["a"]),
        ({"redrivePermission": "byQueue", "sourceQueueArns": [arn("a")]}, ["a"], ["b"]),
        (
            {"redrivePermission": "byQueue", "sourceQueueArns": [arn(f"q{n}") for n in range(10)]},
            ["q0", "q9"],
            ["q10", "Q0"],
        ),
    ],
)
def test_whom_a_redrive_allow_policy_allows(
    given: dict[str, object], allowed: list[str], refused: list[str]
) -> None:
    policy = r.redrive_allow_policy(json.dumps(given))
    assert all(policy.allows(arn(name)) for name in allowed)
    assert not any(policy.allows(arn(name)) for name in refused)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        "444",
        "{}",
        '{"redrivePermission":"dummy"}',
        '{"redrivePermission":["allowAll"]}',
        '{"redrivePermission":"denyAll","sourceQueueArns":false}',
        '{"redrivePermission":"allowAll","x":1}',
        '{"redrivePermission":"byQueue","sourceQueueArns":"arn:aws:sqs"}',
        '{"redrivePermission":"byQueue","sourceQueueArns":[{}]}',
        '{"redrivePermission":"byQueue","sourceQueueArns":[1]}',
    ],
)
def test_a_redrive_allow_policy_of_another_form(text: str) -> None:
    with pytest.raises(QanatError) as refusal:
        r.redrive_allow_policy(text)
    assert (refusal.value.code, refusal.value.message) == ("InvalidAttributeValue", NOT_A_FORMAT)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            {"redrivePermission": "byQueue"},
            (
                "When you specify the byQueue permission type, you must also specify one or more "
                "sourceQueueArns values."
            ),
        ),
        (
            {"redrivePermission": "byQueue", "sourceQueueArns": [arn(f"q{n}") for n in range(11)]},
            "The maximum number of source queue ARNs you can specify is 10.",
        ),
        (
            {"redrivePermission": "allowAll", "sourceQueueArns": [arn("a")]},
            "To specify one or more source queue ARNs, you must set redrivePermission to byQueue.",
        ),
    ],
)
def test_the_sources_of_a_redrive_allow_policy(given: dict[str, object], reason: str) -> None:
    text = json.dumps(given)
    with pytest.raises(InvalidParameterValue) as refusal:
        r.redrive_allow_policy(text)
    assert refusal.value.message == (
        f"Value {text} for parameter RedriveAllowPolicy is invalid. "
        f"Reason: Amazon SQS can't create the redrive allow policy. {reason}"
    )


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(DEAD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = ["maxReceiveCount", "deadLetterTargetArn", "redrivePermission", "sourceQueueArns", "other"]


@given(st.text(max_size=30) | st.dictionaries(st.sampled_from(NAMES), TREES).map(json.dumps))
def test_every_refusal_is_one_of_ours(text: str) -> None:
    for read in (r.redrive_policy, r.redrive_allow_policy):
        with contextlib.suppress(QanatError):
            read(text)


# -- what the catalogue asks of source and target ---------------------------------------------------------------


class World:
    def __init__(self) -> None:
        self.control = Control()
        self.frames: list[bytes] = []

    def ask(self, command: object) -> Queue:
        outcome = self.control.handle(command, 1_753_264_000_000)
        self.frames.append(control_records.encode(outcome.records))  # type: ignore[arg-type]  # they are
        assert isinstance(outcome.reply, Queue)
        return outcome.reply

    def create(self, name: str, account: str = ACCOUNT, region: str = REGION, **attributes: str) -> Queue:
        if name.endswith(".fifo"):
            attributes = {"FifoQueue": "true", **attributes}
        return self.ask(CreateQueue(account, region, name, tuple(attributes.items()), (), 0))

    def set(self, name: str, **attributes: str) -> Queue:
        return self.ask(SetQueueAttributes((ACCOUNT, REGION, name), tuple(attributes.items())))

    def delete(self, name: str) -> None:
        self.ask(DeleteQueue((ACCOUNT, REGION, name)))

    def sources(self, name: str) -> list[str]:
        target = self.control.catalogue.queue(ACCOUNT, REGION, name)
        assert target is not None
        return [queue.name for queue in self.control.catalogue.dead_letter_sources(target)]


def to(target_arn: str, count: int = 3) -> str:
    return json.dumps({"deadLetterTargetArn": target_arn, "maxReceiveCount": count})


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("jobs", arn("gone"), "Dead letter target does not exist."),
        ("jobs", arn("dead.fifo"), "Dead-letter queue must be same type of queue as the source.."),
        ("jobs.fifo", DEAD, "Dead-letter queue must be same type of queue as the source.."),
        ("jobs", arn("far", "eu-west-1"), "Dead-letter target must be in same region as the source."),
        (
            "jobs",
            arn("theirs", account="210987654321"),
            "Dead-letter target owner should be same as the source.",
        ),
        ("jobs", DEAD.replace("arn:aws:", "arn:aws-cn:"), "Dead letter target does not exist."),
        *(
            (
                "jobs",
                arn(name),
                "The redrive allow policy of the dead-letter target does not allow this source queue.",
            )
            for name in ("denies", "chooses")
        ),
    ],
)
@pytest.mark.parametrize("at_creation", [True, False])
def test_targets_that_are_refused(source: str, target: str, reason: str, at_creation: bool) -> None:
    world = World()
    for name in ("dead", "dead.fifo"):
        world.create(name)
    world.create("far", region="eu-west-1")
    world.create("theirs", account="210987654321")
    world.create("denies", RedriveAllowPolicy='{"redrivePermission":"denyAll"}')
    chosen = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [arn("other")]})
    world.create("chooses", RedriveAllowPolicy=chosen)
    if not at_creation:
        world.create(source)
    frames = len(world.frames)
    with pytest.raises(InvalidParameterValue) as refusal:
        (world.create if at_creation else world.set)(source, RedrivePolicy=to(target))
    assert refusal.value.message == (
        f"Value {to(target)} for parameter RedrivePolicy is invalid. Reason: {reason}"
    )
    assert len(world.frames) == frames


def test_a_queue_that_was_chosen_may_send_its_dead_letters() -> None:
    world = World()
    chosen = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [arn("jobs")]})
    world.create("dead", RedriveAllowPolicy=chosen)
    queue = world.create("jobs", RedrivePolicy=to(DEAD))
    settings = world.control.catalogue.settings(queue)
    assert (settings.dead_letter_arn, settings.max_receive_count) == (DEAD, 3)


def test_recorded_a_queue_may_be_its_own_dead_letter_queue() -> None:
    world = World()
    world.create("dead")
    assert dict(world.set("dead", RedrivePolicy=to(DEAD)).attributes) == {"RedrivePolicy": to(DEAD)}
    assert world.set("dead", RedrivePolicy="").attributes == ()


def test_a_standing_redrive_policy_is_not_judged_again_by_a_change_of_something_else() -> None:
    world = World()
    world.create("dead")
    world.create("jobs", RedrivePolicy=to(DEAD))
    world.delete("dead")
    assert dict(world.set("jobs", DelaySeconds="1").attributes)["RedrivePolicy"] == to(DEAD)


def test_creating_again_compares_the_meaning_of_a_redrive_policy() -> None:
    world = World()
    world.create("dead")
    first = world.create("jobs", RedrivePolicy=to(DEAD, 3))
    same = f'{{"maxReceiveCount":"3","deadLetterTargetArn":"{DEAD}"}}'
    assert world.create("jobs", RedrivePolicy=same) == first
    with pytest.raises(QanatError, match=r"a different value for attribute RedrivePolicy$"):
        world.create("jobs", RedrivePolicy=to(DEAD, 4))


def test_the_sources_of_a_dead_letter_queue_follow_their_policies() -> None:
    world = World()
    for name in ("dead", "other"):
        world.create(name)
    for name in ("c", "a", "b", "d"):
        world.create(name, RedrivePolicy=to(DEAD))
    world.set("b", RedrivePolicy=to(arn("other")))
    world.set("c", RedrivePolicy="")
    world.set("a", RedrivePolicy=to(DEAD, 9))
    assert (world.sources("dead"), world.sources("other")) == (["a", "d"], ["b"])
    world.delete("d")
    world.delete("dead")
    world.create("dead")
    assert world.sources("dead") == ["a"]


def test_replay_and_snapshot_find_the_same_sources() -> None:
    world = World()
    world.create("dead")
    for name in ("a", "b"):
        world.create(name, RedrivePolicy=to(DEAD))
    world.delete("b")
    for log in (world.frames, [control_records.encode([world.control.snapshot()])]):
        again = World()
        for frame in log:
            for record in control_records.decode(frame):
                again.control.apply(record)
        assert again.sources("dead") == ["a"]

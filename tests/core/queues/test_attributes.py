"""Queue attributes as API SetQueueAttributes and GetQueueAttributes tell them."""

import json

import pytest

from qanat.core.errors import QanatError
from qanat.core.queues import attributes as a
from qanat.core.queues.commands import Counts
from qanat.core.queues.errors import InvalidAttributeName, InvalidAttributeValue, OverLimit
from qanat.core.queues.model import Queue

POLICY = '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}]}'
VERSIONED = '{"Version":"2012-10-17",' + POLICY[1:]
BOUNDS = [
    ("DelaySeconds", 0, 900),
    ("KmsDataKeyReusePeriodSeconds", 60, 86_400),
    ("MaximumMessageSize", 1_024, 1_048_576),
    ("MessageRetentionPeriod", 60, 1_209_600),
    ("ReceiveMessageWaitTimeSeconds", 0, 20),
    ("VisibilityTimeout", 0, 43_200),
]


def queue(name: str = "jobs", **attributes: str) -> Queue:
    return Queue(
        1,
        "123456789012",
        "us-east-2",
        name,
        tuple(sorted(attributes.items())),
        (),
        1_753_264_000_999,
        1_753_264_001_000,
    )


@pytest.mark.parametrize(("name", "low", "high"), BOUNDS)
def test_api_set_queue_attributes_bounds(name: str, low: int, high: int) -> None:
    for text in (str(low), str(high)):
        assert a.checked({name: text}) == {name: text}
    for text in (str(low - 1), str(high + 1), "", " 1", "1.0", "1e3", "+60", "-1", "x", "٦٠", "9" * 400):
        with pytest.raises(InvalidAttributeValue) as refusal:
            a.checked({name: text})
        assert refusal.value.message == f"Invalid value for the parameter {name}."


def test_a_number_is_kept_in_its_plain_form() -> None:
    assert a.checked({"VisibilityTimeout": "0060"}) == {"VisibilityTimeout": "60"}


@pytest.mark.parametrize("name", ["Foobar", "", "delayseconds", "QueueArn", "CreatedTimestamp", "FifoQueue"])
def test_what_cannot_be_set(name: str) -> None:
    with pytest.raises(InvalidAttributeName) as refusal:
        a.checked({name: "1"})
    assert refusal.value.message == f"Unknown Attribute {name}."


@pytest.mark.parametrize("name", ["Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"])
def test_the_empty_text_takes_an_attribute_away(name: str) -> None:
    assert a.merged(((name, "old"), ("VisibilityTimeout", "1")), a.checked({name: ""})) == (
        ("VisibilityTimeout", "1"),
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"FifoQueue": "TRUE"}, {"FifoQueue": "true"}),
        ({"ContentBasedDeduplication": "False"}, {"ContentBasedDeduplication": "false"}),
        ({"DeduplicationScope": "messageGroup"}, {"DeduplicationScope": "messageGroup"}),
        ({"FifoThroughputLimit": "perMessageGroupId"}, {"FifoThroughputLimit": "perMessageGroupId"}),
        ({"SqsManagedSseEnabled": "True"}, {"SqsManagedSseEnabled": "true"}),
    ],
)
def test_recorded_spellings_of_a_fifo_queue(given: dict[str, str], kept: dict[str, str]) -> None:
    assert a.checked(given, fifo=True) == kept


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("FifoQueue", "false", " Reason: Modifying queue type is not supported."),
        ("FifoQueue", "yes", ""),
        ("ContentBasedDeduplication", "", ""),
        ("ContentBasedDeduplication", "1", ""),
        ("DeduplicationScope", "messagegroup", ""),
        ("FifoThroughputLimit", "", ""),
        ("SqsManagedSseEnabled", "on", ""),
        ("KmsMasterKeyId", "a key", ""),
        ("KmsMasterKeyId", "k" * 2_049, ""),
    ],
)
def test_values_that_are_refused(name: str, text: str, reason: str) -> None:
    with pytest.raises(InvalidAttributeValue) as refusal:
        a.checked({name: text}, fifo=True)
    assert refusal.value.message == f"Invalid value for the parameter {name}.{reason}"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("FifoQueue", "Unknown Attribute FifoQueue."),
        ("ContentBasedDeduplication", "Unknown Attribute ContentBasedDeduplication."),
        (
            "DeduplicationScope",
            "You can specify the DeduplicationScope only when FifoQueue is set to true.",
        ),
        (
            "FifoThroughputLimit",
            "You can specify the FifoThroughputLimit only when FifoQueue is set to true.",
        ),
    ],
)
def test_recorded_refusals_of_fifo_attributes_on_a_standard_queue(name: str, message: str) -> None:
    with pytest.raises(InvalidAttributeName) as refusal:
        a.checked({name: "true"})
    assert refusal.value.message == message


@pytest.mark.parametrize(
    ("standing", "changes", "refused"),
    [
        ({}, {"FifoThroughputLimit": "perMessageGroupId"}, True),
        ({}, {"FifoThroughputLimit": "perMessageGroupId", "DeduplicationScope": "queue"}, True),
        ({}, {"FifoThroughputLimit": "perMessageGroupId", "DeduplicationScope": "messageGroup"}, False),
        ({"DeduplicationScope": "messageGroup"}, {"FifoThroughputLimit": "perMessageGroupId"}, False),
        (
            {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"},
            {"DeduplicationScope": "queue"},
            True,
        ),
        ({}, {"DeduplicationScope": "messageGroup"}, False),
    ],
)
def test_dg_high_throughput_fifo(standing: dict[str, str], changes: dict[str, str], refused: bool) -> None:
    kept = tuple(standing.items())
    if refused:
        with pytest.raises(InvalidAttributeValue, match=r"^Invalid value for the parameter FifoThroughput"):
            a.merged(kept, changes)
    else:
        assert dict(a.merged(kept, changes)) == {**standing, **changes}


BOTH = (
    "You can use one type of server-side encryption (SSE) at one time. "
    "You can either enable KMS SSE or SQS SSE."
)


@pytest.mark.parametrize(
    ("standing", "changes", "kept"),
    [
        ({}, {"KmsMasterKeyId": "k"}, {"KmsMasterKeyId": "k", "SqsManagedSseEnabled": "false"}),
        ({}, {"KmsMasterKeyId": "k", "SqsManagedSseEnabled": "true"}, None),
        ({"KmsMasterKeyId": "k"}, {"SqsManagedSseEnabled": "true"}, None),
        (
            {"KmsMasterKeyId": "k", "SqsManagedSseEnabled": "false"},
            {"KmsMasterKeyId": ""},
            {"SqsManagedSseEnabled": "false"},
        ),
        (
            {"KmsMasterKeyId": "k", "SqsManagedSseEnabled": "false"},
            {"KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"},
            {"SqsManagedSseEnabled": "true"},
        ),
    ],
    ids=["a key turns the other off", "both", "both in two steps", "off stays off", "from one to the other"],
)
def test_recorded_kinds_of_encryption(
    standing: dict[str, str], changes: dict[str, str], kept: dict[str, str] | None
) -> None:
    if kept is None:
        with pytest.raises(InvalidAttributeName) as refusal:
            a.merged(tuple(standing.items()), changes)
        assert refusal.value.message == BOTH
    else:
        assert dict(a.merged(tuple(standing.items()), changes)) == kept


def test_a_policy_with_a_version_is_kept_to_the_letter() -> None:
    text = VERSIONED.replace(",", " ,\n")
    assert a.checked({"Policy": text}) == {"Policy": text}


def test_a_policy_without_a_version_gets_the_default_one_first() -> None:
    kept = a.checked({"Policy": POLICY})["Policy"]
    assert kept == '{"Version":"2008-10-17",' + POLICY[1:]
    assert a.checked({"Policy": kept})["Policy"] == kept


def test_a_policy_without_a_version_is_kept_to_the_letter_otherwise() -> None:
    text = POLICY.replace(",", " ,\n")
    assert a.checked({"Policy": f" \n{text} "})["Policy"] == '{"Version":"2008-10-17",' + text[1:] + " "


def test_a_policy_keeps_its_own_characters() -> None:
    text = POLICY.replace('"Statement"', '"Id":"é水","Statement"')
    kept = a.checked({"Policy": text})["Policy"]
    assert json.loads(kept) == {"Version": "2008-10-17", **json.loads(text)}
    assert "é水" in kept


@pytest.mark.parametrize(
    "text", ["{", "[]", "null", "{}", '{"Statement":[]}', "\ud800", POLICY.replace("Allow", "Perhaps")]
)
def test_a_policy_that_cannot_be_understood(text: str) -> None:
    with pytest.raises(InvalidAttributeValue, match=r"^Invalid value for the parameter Policy\. "):
        a.checked({"Policy": text})


def test_a_policy_that_is_too_large() -> None:
    with pytest.raises(OverLimit):
        a.checked({"Policy": POLICY + " " * 1_000_000})


def test_defaults_of_a_new_queue() -> None:
    settings = a.settings_of(queue())
    assert (
        settings.delay_s,
        settings.maximum_message_size_bytes,
        settings.retention_s,
        settings.wait_time_s,
        settings.visibility_timeout_s,
        settings.policy,
    ) == (0, 1_048_576, 345_600, 0, 30, None)


def test_what_was_set_wins_over_the_defaults() -> None:
    settings = a.settings_of(queue(VisibilityTimeout="0", Policy=VERSIONED))
    assert (settings.visibility_timeout_s, settings.policy, settings.retention_s) == (0, VERSIONED, 345_600)


COUNTS = Counts(visible=3, in_flight=2, delayed=1)


def test_api_get_queue_attributes_all() -> None:
    assert a.described(queue(VisibilityTimeout="7"), ["All"], COUNTS) == {
        "ApproximateNumberOfMessages": "3",
        "ApproximateNumberOfMessagesDelayed": "1",
        "ApproximateNumberOfMessagesNotVisible": "2",
        "CreatedTimestamp": "1753264000",
        "LastModifiedTimestamp": "1753264001",
        "QueueArn": "arn:aws:sqs:us-east-2:123456789012:jobs",
        "DelaySeconds": "0",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
        "VisibilityTimeout": "7",
    }


def test_api_get_queue_attributes_all_of_a_fifo_queue() -> None:
    standard = a.described(queue(), ["All"], COUNTS)
    assert a.described(queue("jobs.fifo", FifoQueue="true"), ["All"], COUNTS) == {
        **standard,
        "QueueArn": "arn:aws:sqs:us-east-2:123456789012:jobs.fifo",
        "ContentBasedDeduplication": "false",
        "DeduplicationScope": "queue",
        "FifoQueue": "true",
        "FifoThroughputLimit": "perQueue",
    }


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [
        ({}, {"SqsManagedSseEnabled": "true"}),
        ({"KmsDataKeyReusePeriodSeconds": "600"}, {"SqsManagedSseEnabled": "true"}),
        (
            {"KmsMasterKeyId": "k", "SqsManagedSseEnabled": "false"},
            {
                "KmsMasterKeyId": "k",
                "KmsDataKeyReusePeriodSeconds": "300",
                "SqsManagedSseEnabled": "false",
            },
        ),
        (
            {
                "KmsMasterKeyId": "k",
                "KmsDataKeyReusePeriodSeconds": "600",
                "SqsManagedSseEnabled": "false",
            },
            {
                "KmsMasterKeyId": "k",
                "KmsDataKeyReusePeriodSeconds": "600",
                "SqsManagedSseEnabled": "false",
            },
        ),
    ],
)
def test_recorded_attributes_of_encryption(attributes: dict[str, str], shown: dict[str, str]) -> None:
    names = ["KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"]
    assert a.described(queue(**attributes), names, COUNTS) == shown


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], set()),
        (["QueueArn"], {"QueueArn"}),
        (["QueueArn", "Policy"], {"QueueArn"}),
        (["VisibilityTimeout", "All"], None),
    ],
    ids=["none", "one", "one that is not set", "all wins"],
)
def test_api_get_queue_attributes_by_name(names: list[str], found: set[str] | None) -> None:
    described = a.described(queue(), names, COUNTS)
    assert described.keys() == (a.described(queue(), ["All"], COUNTS).keys() if found is None else found)


@pytest.mark.parametrize("name", ["Foobar", "FifoQueue", "DeduplicationScope"])
def test_api_get_queue_attributes_unknown(name: str) -> None:
    with pytest.raises(InvalidAttributeName) as refusal:
        a.described(queue(), ["QueueArn", name], COUNTS)
    assert refusal.value.message == f"Unknown Attribute {name}."


def test_what_the_engine_is_told_of_a_fifo_queue_with_dead_letters() -> None:
    target = "arn:aws:sqs:us-east-2:123456789012:dead.fifo"
    settings = a.settings_of(
        queue(
            "jobs.fifo",
            FifoQueue="true",
            ContentBasedDeduplication="true",
            DeduplicationScope="messageGroup",
            RedrivePolicy=f'{{"deadLetterTargetArn":"{target}","maxReceiveCount":"7"}}',
        )
    )
    assert (settings.fifo, settings.content_based_deduplication, settings.deduplication_per_group) == (
        True,
        True,
        True,
    )
    assert (settings.dead_letter_arn, settings.max_receive_count) == (target, 7)


def test_what_the_engine_is_told_of_a_standard_queue() -> None:
    settings = a.settings_of(queue())
    assert (
        settings.fifo,
        settings.content_based_deduplication,
        settings.deduplication_per_group,
        settings.dead_letter_arn,
        settings.max_receive_count,
    ) == (False, False, False, None, 0)


def test_every_bound_has_a_row_here() -> None:
    def takes_numbers(name: str, rule: a.Rule) -> bool:
        try:
            rule.check("X", "1024")
            rule.check("X", "60")
        except InvalidAttributeValue:
            return rule.default.isdigit()
        return name != "KmsMasterKeyId"

    names = {name for name, rule in a.SETTABLE.items() if takes_numbers(name, rule)}
    assert names == {name for name, _, _ in BOUNDS}


def test_every_refusal_is_one_of_ours() -> None:
    for name in a.SETTABLE:
        for text in ("\x00", "{", "\ud800", "9" * 5_000, "[" * 100_000):
            with pytest.raises(QanatError):
                a.checked({name: text}, fifo=True)

"""Queue attributes as API SetQueueAttributes and GetQueueAttributes tell them."""

import json

import pytest

from qanat.core.errors import QanatError, UnsupportedOperation
from qanat.core.queues import attributes as a
from qanat.core.queues.commands import Counts
from qanat.core.queues.errors import InvalidAttributeName, InvalidAttributeValue, OverLimit
from qanat.core.queues.model import Queue

POLICY = '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}]}'
VERSIONED = '{"Version":"2012-10-17",' + POLICY[1:]
BOUNDS = [
    ("DelaySeconds", 0, 900),
    ("MaximumMessageSize", 1_024, 1_048_576),
    ("MessageRetentionPeriod", 60, 1_209_600),
    ("ReceiveMessageWaitTimeSeconds", 0, 20),
    ("VisibilityTimeout", 0, 43_200),
]


def queue(**attributes: str) -> Queue:
    return Queue(
        1,
        "123456789012",
        "us-east-2",
        "jobs",
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
    ("name", "text"),
    [
        ("KmsMasterKeyId", "alias/aws/sqs"),
        ("KmsDataKeyReusePeriodSeconds", "300"),
        ("RedrivePolicy", "{}"),
        ("RedriveAllowPolicy", "{}"),
        ("SqsManagedSseEnabled", "true"),
    ],
)
def test_what_this_server_cannot_do_is_refused_and_not_ignored(name: str, text: str) -> None:
    with pytest.raises(UnsupportedOperation, match=name):
        a.checked({name: text})


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
        "SqsManagedSseEnabled": "false",
        "VisibilityTimeout": "7",
    }


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


def test_api_get_queue_attributes_unknown() -> None:
    with pytest.raises(InvalidAttributeName) as refusal:
        a.described(queue(), ["QueueArn", "Foobar"], COUNTS)
    assert refusal.value.message == "Unknown Attribute Foobar."


def test_every_bound_has_a_row_here() -> None:
    def takes_numbers(rule: a.Rule) -> bool:
        try:
            rule.check("X", "1024")
            rule.check("X", "60")
        except (InvalidAttributeValue, UnsupportedOperation) as error:
            return (
                isinstance(error, InvalidAttributeValue)
                and error.message == "Invalid value for the parameter X."
            )
        return True

    names = {name for name, rule in a.SETTABLE.items() if name != "Policy" and takes_numbers(rule)}
    assert names == {name for name, _, _ in BOUNDS}


def test_every_refusal_is_one_of_ours() -> None:
    for name in a.SETTABLE:
        for text in ("\x00", "{", "\ud800", "9" * 5_000, "[" * 100_000):
            with pytest.raises(QanatError):
                a.checked({name: text})

"""A message as it is sent (DG sqs-message-metadata, API SendMessage): what is kept, and that nothing else gets in."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.core import limits
from qanat.core.errors import InvalidParameterValue, QanatError
from qanat.core.queues.digest import md5_of_attributes
from qanat.core.queues.errors import InvalidMessageContents
from qanat.core.queues.message import MessageAttribute
from qanat.core.queues.model import QueueSettings
from qanat.wire.sqs.inputs import AttributeValueInput, SendEntry, SendMessageInput
from qanat.wire.sqs.message import Checked, check

STANDARD = QueueSettings(0, 1_048_576, 345_600, 0, 30, None, "arn:aws:sqs:us-east-2:123456789012:q")
POSSIBLE = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
anything = st.text(st.characters(), max_size=40)


def checked(sent: SendMessageInput | SendEntry, trace_header: str | None = None) -> Checked:
    return check(sent, STANDARD, "id", "sender", trace_header, 1_000)


@given(anything.filter(bool) | st.sampled_from(["\x7f", "\x80", "\x85", "\ufffe", "a\uffff", "\ud800"]))
def test_a_body_is_kept_to_the_letter_or_refused(body: str) -> None:
    if POSSIBLE.fullmatch(body):
        found = checked(SendMessageInput(MessageBody=body))
        assert found.content.body == body
        assert found.size_bytes == len(body.encode())
        assert found.content.body_md5 == hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
        assert (found.attributes_md5, found.system_attributes_md5) == (None, None)
    else:
        with pytest.raises(InvalidMessageContents):
            checked(SendMessageInput(MessageBody=body))


values = st.builds(
    AttributeValueInput,
    # Numbers apart: they are not kept to the letter.
    DataType=st.sampled_from(["String", "Binary", "String.x", "Binary.", "", "Odd"]) | anything,
    StringValue=st.none() | st.sampled_from(["1", "-1.5e3", "x", ""]) | anything,
    BinaryValue=st.none() | st.binary(max_size=10),
    StringListValues=st.lists(st.text(max_size=2), max_size=1),
)
names = st.sampled_from(["a", "a.b", "AWSTraceHeader", ".a", "a..b", "aws.x"]) | anything


@given(
    attributes=st.dictionaries(names, values, max_size=12), system=st.dictionaries(names, values, max_size=2)
)
def test_attributes_are_kept_to_the_letter_or_refused(
    attributes: dict[str, AttributeValueInput], system: dict[str, AttributeValueInput]
) -> None:
    sent = SendEntry(MessageBody="x", MessageAttributes=attributes, MessageSystemAttributes=system)
    try:
        found = checked(sent)
    except QanatError:
        return
    kept = found.content.attributes
    assert {one.name for one in kept} == attributes.keys()
    assert len(kept) <= limits.MESSAGE_ATTRIBUTES_MAX
    size = 1
    for one in kept:
        given_value = attributes[one.name]
        assert one.data_type == given_value.DataType
        assert (one.string_value is None) != (one.binary_value is None)
        value = one.binary_value if one.binary_value is not None else (one.string_value or "").encode()
        assert value
        assert value == (
            given_value.BinaryValue
            if one.binary_value is not None
            else (given_value.StringValue or "").encode()
        )
        size += len(one.name.encode()) + len(one.data_type.encode()) + len(value)
    assert found.size_bytes == size
    assert found.attributes_md5 == md5_of_attributes(kept)


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("-00.00", "0"),
        ("+1", "1"),
        ("1.", "1"),
        (".5", "0.5"),
        ("000123.4500", "123.45"),
        ("-0100", "-100"),
        ("1e10", "1e10"),
        ("01.50E-10", "01.50E-10"),
        ("9" * 38, "9" * 38),
        ("0" * 100 + "1", "1"),
    ],
)
def test_numbers(number: str, kept: str) -> None:
    """Kept without needless zeros, while the sender is told the digest of what it sent."""
    found = checked(numbered(number))
    assert found.content.attributes == (MessageAttribute("a", "Number", kept),)
    assert found.attributes_md5 == md5_of_attributes([MessageAttribute("a", "Number", number)])
    assert found.size_bytes == len("x" + "a" + "Number" + number)


@pytest.mark.parametrize(
    "number", ["9" * 39, "", ".", "e5", "1e", "1e9999", " 1", "1 ", "1\n", "0x1", "Infinity", "١", "1_000"]
)
def test_what_is_no_number(number: str) -> None:
    with pytest.raises(InvalidParameterValue):
        checked(numbered(number))


def numbered(number: str) -> SendMessageInput:
    value = AttributeValueInput(DataType="Number", StringValue=number)
    return SendMessageInput(MessageBody="x", MessageAttributes={"a": value})


def test_the_trace_header_of_the_message_wins_over_that_of_the_request() -> None:
    own = {"AWSTraceHeader": AttributeValueInput(DataType="String", StringValue="own")}
    with_own = checked(SendMessageInput(MessageBody="x", MessageSystemAttributes=own), "request's")
    assert (with_own.content.trace_header, len(with_own.system_attributes_md5 or "")) == ("own", 32)
    without = checked(SendMessageInput(MessageBody="x"), "request's")
    assert (without.content.trace_header, without.system_attributes_md5) == ("request's", None)

"""Bodies of JSON 1.0 that do not fit at once: what AWS takes all the same, and its words where it does not."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.core.errors import MalformedInput, QanatError
from qanat.wire.sqs.operations import OPERATIONS, decode

LIST = "Start of list found where not expected"
MAP = "Start of structure or map found where not expected."


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        ("ReceiveMessage", '{"MaxNumberOfMessages":"5"}', "STRING_VALUE can not be converted to an Integer"),
        ("ReceiveMessage", '{"MaxNumberOfMessages":true}', "TRUE_VALUE can not be converted to an Integer"),
        ("ReceiveMessage", '{"MaxNumberOfMessages":false}', "FALSE_VALUE can not be converted to an Integer"),
        ("ReceiveMessage", '{"MaxNumberOfMessages":[1]}', LIST),
        ("ReceiveMessage", '{"MaxNumberOfMessages":{"a":1}}', MAP),
        ("SendMessage", '{"MessageBody":1}', "NUMBER_VALUE can not be converted to a String"),
        ("SendMessage", '{"MessageBody":1.5}', "NUMBER_VALUE can not be converted to a String"),
        ("SendMessage", '{"MessageBody":true}', "TRUE_VALUE can not be converted to a String"),
        ("SendMessage", '{"MessageBody":["x"]}', LIST),
        ("SendMessage", '{"MessageBody":{"a":1}}', MAP),
        ("SendMessage", '{"MessageAttributes":{"a":"x"}}', "Expected null"),
        (
            "SendMessage",
            '{"MessageAttributes":{"a":{"DataType":1}}}',
            "NUMBER_VALUE can not be converted to a String",
        ),
        ("SendMessage", '{"MessageAttributes":[]}', LIST),
        ("GetQueueAttributes", '{"AttributeNames":"All"}', "Expected list or null"),
        ("GetQueueAttributes", '{"AttributeNames":1}', "Expected list or null"),
        ("GetQueueAttributes", '{"AttributeNames":{}}', MAP),
        ("GetQueueAttributes", '{"AttributeNames":[1]}', "NUMBER_VALUE can not be converted to a String"),
        ("GetQueueAttributes", '{"AttributeNames":[["a"]]}', LIST),
        ("SendMessageBatch", '{"Entries":[1]}', "Expected null"),
        (
            "SetQueueAttributes",
            '{"Attributes":{"DelaySeconds":5}}',
            "NUMBER_VALUE can not be converted to a String",
        ),
        ("ListQueues", "[]", LIST),
        ("ListQueues", "null", "Expected null"),
        ("ListQueues", '"x"', "Expected null"),
        ("ListQueues", "{", "The body is not a document of JSON."),
        ("ListQueues", "Action=ListQueues", "The body is not a document of JSON."),
    ],
)
def test_the_words_of_aws(operation: str, body: str, message: str) -> None:
    with pytest.raises(MalformedInput) as refusal:
        decode(OPERATIONS[operation], body.encode())
    assert refusal.value.message == message


@pytest.mark.parametrize(
    ("operation", "body", "same"),
    [
        ("ListQueues", "", {}),
        ("ListQueues", '{"MaxResults":null,"QueueNamePrefix":null}', {}),
        ("SendMessage", '{"MessageBody":"x","MessageAttributes":null}', {"MessageBody": "x"}),
        (
            "SendMessage",
            '{"MessageAttributes":{"a":{"DataType":"String","StringValue":"x","StringListValues":null,"New":[1]}}}',
            {"MessageAttributes": {"a": {"DataType": "String", "StringValue": "x"}}},
        ),
        ("SendMessageBatch", '{"Entries":[{"Id":"1","DelaySeconds":null}]}', {"Entries": [{"Id": "1"}]}),
        ("ReceiveMessage", '{"MaxNumberOfMessages":5.0,"New":{}}', {"MaxNumberOfMessages": 5}),
    ],
)
def test_what_is_taken(operation: str, body: str, same: dict[str, Any]) -> None:
    assert decode(OPERATIONS[operation], body.encode()) == msgspec.convert(same, OPERATIONS[operation].input)


members = st.sampled_from(
    ["QueueUrl", "Entries", "Attributes", "MessageAttributes", "MaxResults", "a", "Id", "DataType"]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(OPERATIONS)), values)
def test_any_json_is_an_input_or_refused(operation: str, given: Any) -> None:
    with suppress(QanatError):
        found = decode(OPERATIONS[operation], msgspec.json.encode(given))
        assert isinstance(found, OPERATIONS[operation].input)

"""Lines of the audit log: CloudTrail's record contents, and what must never stand in them."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from qanat.core.errors import AccessDenied
from qanat.core.identity.model import (
    ANONYMOUS,
    Caller,
    PrincipalType,
    Role,
    Session,
    User,
    caller_of,
    federated_user,
    role_session,
    root_of,
    service_caller,
)
from qanat.core.way import WayIn
from qanat.wire.audit.event import Answered, dropped_line, line_of
from qanat.wire.audit.operations import (
    SQS_MANAGEMENT,
    control_operations,
    sqs_operations,
)
from qanat.wire.audit.parameters import ELEMENT_BYTES_MAX, HIDDEN, SECRET_NAMES
from qanat.wire.ec2 import EC2
from qanat.wire.iam import IAM
from qanat.wire.sqs import inputs as i
from qanat.wire.sqs import outputs as o
from qanat.wire.sqs.operations import OPERATIONS
from qanat.wire.sts import STS

SERVICES = (EC2, IAM, STS)
ROWS = {
    (row.service, row.name): row
    for row in (*sqs_operations(), *(row for service in SERVICES for row in control_operations(service)))
}
ACCOUNT = "123456789012"
QUEUE_ARN = f"arn:aws:sqs:us-east-2:{ACCOUNT}:q"
USER = User(ACCOUNT, "bob", "AIDABOB", "/", 0)
BOB = caller_of(USER)
SESSION = Session("KEY", 1_383_354_388_000, 1_383_357_988_000, "AROAROLE", "Reader")


def event(operation: tuple[str, str] = ("sqs", "DeleteQueue"), **facts: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "operation": ROWS[operation],
        "at_ms": 1_405_471_459_999,
        "region": "us-east-2",
        "request_id": "request-1",
        "event_id": "event-1",
        "way": WayIn(False, "192.0.2.1"),
        "caller": BOB,
        "access_key_id": "AKIABOB",
        "user_agent": "aws-cli/2",
        "host": "localhost",
        "tls": None,
        "given": i.QueueInput("https://localhost/123456789012/q"),
        "output": o.Empty(),
        "error": None,
        "resources": (QUEUE_ARN,),
    }
    line = line_of(Answered(**{**known, **facts}))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_whole_event() -> None:
    """DG logging-using-cloudtrail, DeleteQueue, with the elements that came after."""
    assert event() == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDABOB",
            "arn": "arn:aws:iam::123456789012:user/bob",
            "accountId": ACCOUNT,
            "accessKeyId": "AKIABOB",
            "userName": "bob",
        },
        "eventTime": "2014-07-16T00:44:19Z",
        "eventSource": "sqs.amazonaws.com",
        "eventName": "DeleteQueue",
        "awsRegion": "us-east-2",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2",
        "requestParameters": {"queueUrl": "https://localhost/123456789012/q"},
        "responseElements": None,
        "requestID": "request-1",
        "eventID": "event-1",
        "readOnly": False,
        "resources": [{"ARN": QUEUE_ARN, "accountId": ACCOUNT, "type": "AWS::SQS::Queue"}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def test_a_way_through_an_endpoint() -> None:
    way = WayIn(True, "10.0.1.50", "vpce-1", "vpc-1", "999999999999", "us-east-2")
    found = event(way=way, tls=("TLSv1.3", "TLS_AES_128_GCM_SHA256"), host="sqs.us-east-2.amazonaws.com")
    assert found["sourceIPAddress"] == "10.0.1.50"
    assert (found["vpcEndpointId"], found["vpcEndpointAccountId"]) == ("vpce-1", "999999999999")
    assert found["tlsDetails"] == {
        "tlsVersion": "TLSv1.3",
        "cipherSuite": "TLS_AES_128_GCM_SHA256",
        "clientProvidedHostHeader": "sqs.us-east-2.amazonaws.com",
    }


ROLE = Role(ACCOUNT, "Reader", "AROAROLE", "/team/", 0, "{}")
CONTEXT = {"attributes": {"creationDate": "2013-11-02T01:06:28Z", "mfaAuthenticated": "false"}}


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        (
            root_of(ACCOUNT),
            {
                "type": "Root",
                "principalId": ACCOUNT,
                "arn": f"arn:aws:iam::{ACCOUNT}:root",
                "accountId": ACCOUNT,
                "accessKeyId": "KEY",
            },
        ),
        (
            caller_of(USER, SESSION),
            {
                "type": "IAMUser",
                "principalId": "AIDABOB",
                "arn": f"arn:aws:iam::{ACCOUNT}:user/bob",
                "accountId": ACCOUNT,
                "accessKeyId": "KEY",
                "userName": "bob",
                "sessionContext": CONTEXT,
            },
        ),
        (
            role_session(ROLE, "mine", SESSION),
            {
                "type": "AssumedRole",
                "principalId": "AROAROLE:mine",
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/mine",
                "accountId": ACCOUNT,
                "accessKeyId": "KEY",
                "sessionContext": {
                    **CONTEXT,
                    "sessionIssuer": {
                        "type": "Role",
                        "principalId": "AROAROLE",
                        "arn": f"arn:aws:iam::{ACCOUNT}:role/team/Reader",
                        "accountId": ACCOUNT,
                        "userName": "Reader",
                    },
                },
            },
        ),
        (
            federated_user(USER, "guest", Session("KEY", 1_383_354_388_000, 0, "AIDABOB", "bob")),
            {
                "type": "FederatedUser",
                "principalId": f"{ACCOUNT}:guest",
                "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/guest",
                "accountId": ACCOUNT,
                "accessKeyId": "KEY",
                "sessionContext": {
                    **CONTEXT,
                    "sessionIssuer": {
                        "type": "IAMUser",
                        "principalId": "AIDABOB",
                        "arn": f"arn:aws:iam::{ACCOUNT}:user/bob",
                        "accountId": ACCOUNT,
                        "userName": "bob",
                    },
                },
            },
        ),
        (ANONYMOUS, {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}),
        (service_caller("sns.amazonaws.com"), {"type": "AWSService", "invokedBy": "sns.amazonaws.com"}),
        (None, {"type": "Unknown", "accessKeyId": "KEY"}),
    ],
)
def test_who_it_was(caller: Caller | None, expected: dict[str, Any]) -> None:
    """CloudTrail User Guide, cloudtrail-event-reference-user-identity."""
    assert event(caller=caller, access_key_id="KEY")["userIdentity"] == expected


def test_every_type_of_principal_has_an_identity() -> None:
    for kind in PrincipalType:
        assert event(caller=Caller(kind, ACCOUNT, "arn", "id"))["userIdentity"]["type"]


def test_the_account_that_a_stranger_came_to() -> None:
    assert event(caller=ANONYMOUS)["recipientAccountId"] == ACCOUNT
    assert "recipientAccountId" not in event(caller=None, resources=())


def test_a_refusal() -> None:
    error = AccessDenied(
        "No.\nThe Canonical String for this request should have been\nx-amz-security-token:T"
    )
    found = event(error=error, output=None)
    assert (found["errorCode"], found["errorMessage"], found["responseElements"]) == (
        "AccessDenied",
        "No.",
        None,
    )
    assert "errorMessage" not in event(error=AccessDenied())
    assert event(("ec2", "CreateVpc"), error=error)["errorCode"] == "Client.UnauthorizedOperation"


def test_what_a_client_chose_is_cut() -> None:
    found = event(
        caller=None,
        access_key_id="K" * 10_000,
        user_agent="u" * 10_000,
        host="h" * 10_000,
        tls=("TLSv1.3", "x"),
        error=AccessDenied("e" * 10_000),
        resources=(QUEUE_ARN + "q" * 10_000,),
        given=i.QueueInput("q" * ELEMENT_BYTES_MAX),
    )
    assert len(json.dumps(found)) < 6_000
    assert found["requestParameters"] == {
        "omitted": True,
        "originalSize": ELEMENT_BYTES_MAX + len('{"queueUrl":""}'),
        "reason": "requestParameters too large",
    }


def test_a_client_cannot_write_a_line_of_its_own() -> None:
    found = event(user_agent='x"}\n{"eventName":"Forged"}\r\n')
    assert found["eventName"] == "DeleteQueue"


# -- parameters ---------------------------------------------------------------------------------------------------


def test_names_begin_in_lower_case_and_the_clients_own_do_not_change() -> None:
    given = i.AddPermissionInput("url", "label", ["1"], ["SendMessage"])
    assert event(("sqs", "AddPermission"), given=given)["requestParameters"] == {
        "queueUrl": "url",
        "label": "label",
        "aWSAccountIds": ["1"],
        "actions": ["SendMessage"],
    }
    given_too = i.CreateQueueInput("q", {"VisibilityTimeout": "1"}, {"Team": "A"})
    answered = event(("sqs", "CreateQueue"), given=given_too, output=o.QueueUrlOutput("url"))
    assert answered["requestParameters"] == {
        "queueName": "q",
        "attributes": {"VisibilityTimeout": "1"},
        "tags": {"Team": "A"},
    }
    assert answered["responseElements"] == {"queueUrl": "url"}


def test_a_message_is_hidden_and_so_is_its_digest() -> None:
    value = i.AttributeValueInput("String", "secret")
    given = i.SendMessageInput("url", "secret", 1, {"k": value}, {"k": value}, "dedup", "group")
    found = event(("sqs", "SendMessage"), given=given, output=o.SendMessageOutput("id", "md5", "md5"))
    assert found["requestParameters"] == {
        "queueUrl": "url",
        "messageBody": HIDDEN,
        "delaySeconds": 1,
        "messageAttributes": HIDDEN,
        "messageSystemAttributes": HIDDEN,
        "messageDeduplicationId": "dedup",
        "messageGroupId": "group",
    }
    assert found["responseElements"] == {"messageId": "id"}
    assert (found["managementEvent"], found["eventCategory"]) == (False, "Data")


def test_a_batch() -> None:
    entries = [i.SendEntry("1", "secret", MessageAttributes={"k": i.AttributeValueInput("String", "secret")})]
    found = event(("sqs", "SendMessageBatch"), given=i.SendMessageBatchInput("url", entries))
    assert found["requestParameters"]["entries"] == [
        {"id": "1", "messageBody": HIDDEN, "messageAttributes": HIDDEN}
    ]


def test_what_only_reads_does_not_tell_what_was_read() -> None:
    message = {"Messages": "secret"}
    assert event(("sqs", "ReceiveMessage"), output=message)["responseElements"] is None
    assert event(("sqs", "ReceiveMessage"))["readOnly"] is True


def test_a_new_key_is_told_without_its_secret() -> None:
    output = {"AccessKey": {"AccessKeyId": "AKIA", "SecretAccessKey": "secret"}}
    found = event(("iam", "CreateAccessKey"), given=None, output=output)
    assert found["requestParameters"] is None
    assert found["responseElements"] == {"accessKey": {"accessKeyId": "AKIA", "secretAccessKey": HIDDEN}}


def _names(kind: Any, seen: set[Any]) -> Iterator[str]:
    """Of all members, however deep."""
    if isinstance(kind, msgspec.inspect.StructType) and kind.cls not in seen:
        seen.add(kind.cls)
        for field in kind.fields:
            yield field.encode_name
            yield from _names(field.type, seen)
    for attribute in ("item_type", "value_type"):
        if hasattr(kind, attribute):
            yield from _names(getattr(kind, attribute), seen)
    for one in (*getattr(kind, "types", ()), *getattr(kind, "item_types", ())):
        yield from _names(one, seen)


# Names that sound like secrets and are none.
HARMLESS = {"ClientToken", "NextToken", "PasswordResetRequired"}


def test_no_input_has_a_secret_that_is_not_known_as_one() -> None:
    kinds: list[type[Struct]] = [row.input for row in OPERATIONS.values()]
    kinds += [row.input for service in SERVICES for row in service.operations.values()]
    for kind in kinds:
        for name in _names(msgspec.inspect.type_info(kind), set()):
            suspicious = any(
                part in name.lower() for part in ("secret", "token", "password", "body", "assertion")
            )
            assert not suspicious or name in SECRET_NAMES | HARMLESS, f"{kind.__name__}.{name}"


# -- which events they are ----------------------------------------------------------------------------------------


def test_management_and_data_events_of_sqs() -> None:
    """DG logging-using-cloudtrail."""
    data = {
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "DeleteMessage",
        "DeleteMessageBatch",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "ReceiveMessage",
        "SendMessage",
        "SendMessageBatch",
    }
    assert data | SQS_MANAGEMENT == set(OPERATIONS)
    assert not data & SQS_MANAGEMENT
    assert {row.name for row in sqs_operations() if not row.management} == data | {"PeekMessages"}


def test_everything_of_the_other_services_is_management() -> None:
    others = [row for row in ROWS.values() if row.service != "sqs"]
    assert all(row.management for row in others)
    assert not any(row.tells_response for row in others if row.name.startswith(("List", "Describe")))


def test_who_got_credentials_is_told() -> None:
    output = {"Credentials": {"AccessKeyId": "ASIA", "SessionToken": "secret"}}
    known = event(("sts", "AssumeRole"), given=None, output=output)
    assert known["readOnly"] is True
    assert known["responseElements"] == {"credentials": {"accessKeyId": "ASIA", "sessionToken": HIDDEN}}


def test_what_is_missing_is_told() -> None:
    found = json.loads(dropped_line({"QueueFull": 7, "Fault": 1}, 1_405_471_459_000, "id"))
    assert (found["eventName"], found["eventType"], found["eventTime"]) == (
        "AuditEventsDropped",
        "AwsServiceEvent",
        "2014-07-16T00:44:19Z",
    )
    assert found["additionalEventData"] == {"count": 8, "reasons": {"QueueFull": 7, "Fault": 1}}

"""One call as a line of JSON in the shape of a CloudTrail record (version 1.11).

CloudTrail User Guide, cloudtrail-event-reference-record-contents. An element that does not apply is absent, but for
`requestParameters` and `responseElements`, which are null then, as on AWS.
"""

from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from qanat.core.errors import QanatError
from qanat.core.identity.model import Caller
from qanat.core.names import Arn
from qanat.core.way import WayIn
from qanat.wire.audit.identity import identity_of
from qanat.wire.audit.instant import instant
from qanat.wire.audit.operations import AuditedOperation
from qanat.wire.audit.parameters import elements

EVENT_VERSION: Final = "1.11"
DROPPED: Final = "AuditEventsDropped"

# CloudTrail's own bound of these: 1 KB each.
_TEXT_LENGTH_MAX: Final = 1_024

_RESOURCE_TYPES: Final = {
    "sqs": {"": "AWS::SQS::Queue"},
    "iam": {
        "user": "AWS::IAM::User",
        "group": "AWS::IAM::Group",
        "role": "AWS::IAM::Role",
        "policy": "AWS::IAM::Policy",
        "instance-profile": "AWS::IAM::InstanceProfile",
    },
    "ec2": {
        "network-interface": "AWS::EC2::NetworkInterface",
        "security-group": "AWS::EC2::SecurityGroup",
        "subnet": "AWS::EC2::Subnet",
        "vpc": "AWS::EC2::VPC",
        "vpc-endpoint": "AWS::EC2::VPCEndpoint",
    },
}
"""By service and by what stands before the first slash of an ARN's resource."""

_encoder: Final = msgspec.json.Encoder()


class Answered(Struct, frozen=True):
    """What is known of a call once it is answered. Texts that the client chose may be of any length here."""

    operation: AuditedOperation
    at_ms: int
    region: str | None
    request_id: str
    event_id: str
    way: WayIn
    caller: Caller | None
    """None: it was not clear who calls."""
    access_key_id: str | None
    """As the signature claims it; to be believed where `caller` is known."""
    user_agent: str | None
    host: str | None
    tls: tuple[str, str] | None
    """(version, cipher suite)"""
    given: object
    """The input of the operation; None where it could not be read."""
    output: object
    """What is answered; None for a refusal."""
    error: QanatError | None
    resources: tuple[str, ...]
    """ARNs of all that leave was asked for."""


def line_of(call: Answered) -> bytes:
    """With the newline."""
    operation = call.operation
    event: dict[str, object] = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": identity_of(call.caller, call.access_key_id),
        "eventTime": instant(call.at_ms // 1000),
        "eventSource": f"{operation.service}.amazonaws.com",
        "eventName": operation.name,
    }
    if call.region is not None:
        event["awsRegion"] = call.region
    event["sourceIPAddress"] = call.way.client_address
    if call.user_agent is not None:
        event["userAgent"] = call.user_agent[:_TEXT_LENGTH_MAX]
    if call.error is not None:
        event["errorCode"] = operation.error_prefix + operation.error_codes.get(
            call.error.code, call.error.code
        )
        if message := _first_line(call.error.message):
            event["errorMessage"] = message
    event["requestParameters"] = elements(call.given, "requestParameters")
    told = call.error is None and operation.tells_response
    event["responseElements"] = elements(call.output, "responseElements") if told else None
    event["requestID"] = call.request_id
    event["eventID"] = call.event_id
    event["readOnly"] = operation.read_only
    if call.resources:
        event["resources"] = [_resource(arn[:_TEXT_LENGTH_MAX]) for arn in call.resources]
    event["eventType"] = "AwsApiCall"
    event["managementEvent"] = operation.management
    recipient = _recipient(call)
    if recipient is not None:
        event["recipientAccountId"] = recipient
    if call.way.vpc_endpoint_id is not None:
        event["vpcEndpointId"] = call.way.vpc_endpoint_id
        event["vpcEndpointAccountId"] = call.way.vpc_endpoint_account
    event["eventCategory"] = "Management" if operation.management else "Data"
    if call.tls is not None:
        event["tlsDetails"] = _tls_details(call.tls, call.host)
    return _encoder.encode(event) + b"\n"


def dropped_line(reasons: dict[str, int], at_ms: int, event_id: str) -> bytes:
    """Says in the log itself that events are missing from it, how many and why. An event of ours: AWS has none."""
    event: dict[str, Any] = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": {"type": "AWSService", "invokedBy": "qanat"},
        "eventTime": instant(at_ms // 1000),
        "eventSource": "qanat",
        "eventName": DROPPED,
        "requestParameters": None,
        "responseElements": None,
        "additionalEventData": {"count": sum(reasons.values()), "reasons": reasons},
        "eventID": event_id,
        "readOnly": True,
        "eventType": "AwsServiceEvent",
        "managementEvent": True,
        "eventCategory": "Management",
    }
    return _encoder.encode(event) + b"\n"


def _recipient(call: Answered) -> str | None:
    """The account that the event is of: the caller's, or the one that a stranger came to."""
    if call.caller is not None and call.caller.account.isdigit():
        return call.caller.account
    return _account_of(call.resources[0]) if call.resources else None


def _account_of(arn: str) -> str | None:
    parsed = Arn.parse(arn)
    return None if parsed is None else parsed.account


def _first_line(message: str) -> str:
    # Behind it an error may show what was signed, in which a session token can stand.
    return message.partition("\n")[0][:_TEXT_LENGTH_MAX]


@lru_cache(maxsize=1_024)
def _resource(arn: str) -> dict[str, str]:
    found = {"ARN": arn}
    parsed = Arn.parse(arn)
    if parsed is not None:
        found["accountId"] = parsed.account
        kind = parsed.resource.partition("/")[0] if "/" in parsed.resource else ""
        named = _RESOURCE_TYPES.get(parsed.service, {}).get(kind)
        if named is not None:
            found["type"] = named
    return found


def _tls_details(tls: tuple[str, str], host: str | None) -> dict[str, str]:
    version, cipher_suite = tls
    details = {"tlsVersion": version, "cipherSuite": cipher_suite}
    if host is not None:
        details["clientProvidedHostHeader"] = host[:_TEXT_LENGTH_MAX]
    return details

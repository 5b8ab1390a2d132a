"""Which calls are management events and which are data events, and which of them change nothing.

SQS Developer Guide, logging-using-cloudtrail. All calls of EC2, IAM and STS are management events.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from qanat.wire.service import Service
from qanat.wire.sqs.operations import OPERATIONS, OWN_OPERATIONS

SQS_MANAGEMENT: Final = frozenset(
    {
        "AddPermission",
        "CancelMessageMoveTask",
        "CreateQueue",
        "DeleteQueue",
        "ListMessageMoveTasks",
        "ListQueueTags",
        "ListQueues",
        "PurgeQueue",
        "RemovePermission",
        "SetQueueAttributes",
        "StartMessageMoveTask",
        "TagQueue",
        "UntagQueue",
    }
)

_READING: Final = ("Describe", "Get", "List", "Peek", "Receive", "Simulate")
# These change nothing, but who got which credentials is what one wants to know.
_HANDING_OUT: Final = ("AssumeRole", "GetFederationToken", "GetSessionToken")


class AuditedOperation(Struct, frozen=True):
    service: str
    name: str
    management: bool
    read_only: bool
    tells_response: bool
    """AWS writes `responseElements` of changes only."""
    error_prefix: str = ""
    """EC2's codes have `Client.` before them in CloudTrail."""
    error_codes: Mapping[str, str] = {}
    """Where the service's own code is not ours."""


def sqs_operations() -> list[AuditedOperation]:
    return [_row("sqs", name, name in SQS_MANAGEMENT) for name in (*OPERATIONS, *OWN_OPERATIONS)]


def control_operations(service: Service) -> list[AuditedOperation]:
    codes = {code: row.code for code, row in service.errors.items() if row.code is not None}
    prefix = "Client." if service.name == "ec2" else ""
    return [_row(service.name, name, True, prefix, codes) for name in service.operations]


def _row(
    service: str,
    name: str,
    management: bool,
    error_prefix: str = "",
    error_codes: Mapping[str, str] | None = None,
) -> AuditedOperation:
    handing_out = service == "sts" and name.startswith(_HANDING_OUT)
    read_only = handing_out or name.startswith(_READING)
    return AuditedOperation(
        service, name, management, read_only, handing_out or not read_only, error_prefix, error_codes or {}
    )

"""Names as AWS writes them: ARNs, queue URLs and the ids of things.

Everything here is text in and text out; nothing checks that the thing named exists.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

PARTITION: Final = "aws"
"""Of everything here."""
PARTITIONS: Final = frozenset({PARTITION, "aws-cn", "aws-us-gov"})
"""All that a policy may name."""
ACCOUNT_ID: Final = re.compile(r"[0-9]{12}\Z")
REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}\Z")


@dataclass(frozen=True, slots=True)
class Arn:
    """`arn:partition:service:region:account:resource`; the resource part may itself hold colons."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The ARN in `text`, or None where `text` has not the six parts of one."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn":
            return None
        return cls(*parts[1:])

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def queue_arn(region: str, account: str, name: str) -> str:
    return f"arn:{PARTITION}:sqs:{region}:{account}:{name}"


def user_arn(account: str, name: str, path: str = "/") -> str:
    """`path` begins and ends with a slash, as IAM keeps it."""
    return f"arn:{PARTITION}:iam::{account}:user{path}{name}"


def group_arn(account: str, name: str, path: str = "/") -> str:
    return f"arn:{PARTITION}:iam::{account}:group{path}{name}"


def role_arn(account: str, name: str, path: str = "/") -> str:
    return f"arn:{PARTITION}:iam::{account}:role{path}{name}"


def policy_arn(account: str, name: str, path: str = "/") -> str:
    """`account` is `aws` for the policies that AWS manages."""
    return f"arn:{PARTITION}:iam::{account}:policy{path}{name}"


def instance_profile_arn(account: str, name: str, path: str = "/") -> str:
    return f"arn:{PARTITION}:iam::{account}:instance-profile{path}{name}"


def mfa_arn(account: str, name: str, path: str = "/") -> str:
    """Of a virtual MFA device; it is the serial number too."""
    return f"arn:{PARTITION}:iam::{account}:mfa{path}{name}"


def session_arn(account: str, role: str, session: str) -> str:
    """Of an assumed role; it has no path."""
    return f"arn:{PARTITION}:sts::{account}:assumed-role/{role}/{session}"


def federated_user_arn(account: str, name: str) -> str:
    return f"arn:{PARTITION}:sts::{account}:federated-user/{name}"


def root_arn(account: str) -> str:
    return f"arn:{PARTITION}:iam::{account}:root"


def ec2_arn(region: str, account: str, kind: str, resource_id: str) -> str:
    """`kind` is EC2's own word for the resource: `vpc`, `subnet`, `vpc-endpoint`, ..."""
    return f"arn:{PARTITION}:ec2:{region}:{account}:{kind}/{resource_id}"


def sqs_host(region: str) -> str:
    """The regional name of SQS, which private DNS answers for."""
    return f"sqs.{region}.amazonaws.com"


def dual_stack_sqs_host(region: str) -> str:
    return f"sqs.{region}.api.aws"


def sqs_hosts(region: str) -> tuple[str, str]:
    """All names of SQS in the region that may be private."""
    return sqs_host(region), dual_stack_sqs_host(region)


def legacy_sqs_hosts(region: str) -> tuple[str, ...]:
    """Names of old clients, never private (SQS Developer Guide, sqs-internetwork-traffic-privacy)."""
    return ("queue.amazonaws.com", f"{region}.queue.amazonaws.com")


# Regional and dual-stack, a VPC endpoint's own, legacy.
_SQS_HOST: Final = re.compile(
    r"(?:sqs\.([a-z0-9-]+)\.(?:amazonaws\.com|api\.aws)"
    r"|[a-z0-9-]+\.sqs\.([a-z0-9-]+)\.vpce\.amazonaws\.com"
    r"|([a-z0-9-]+)\.queue\.amazonaws\.com)(?::[0-9]{1,5})?\Z"
)
# No name of ours comes near it; what a client sends may.
_HOST_LENGTH_MAX: Final = 253


@lru_cache(maxsize=4_096)
def _region_of_short_host(host: str) -> str | None:
    found = _SQS_HOST.match(host.lower())
    return None if found is None else found[1] or found[2] or found[3]


def region_of_host(host: str) -> str | None:
    """The region in a name of SQS, with a port or without: a regional, an endpoint's or a legacy one; else None."""
    return _region_of_short_host(host) if len(host) <= _HOST_LENGTH_MAX else None


def endpoint_service(region: str) -> str:
    """The service name that CreateVpcEndpoint takes for SQS."""
    return f"com.amazonaws.{region}.sqs"

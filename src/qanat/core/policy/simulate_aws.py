"""What AWS decides apart from policies, and where a resource's own policy must allow.

Invariant: only documented exceptions stand here; every other action of every service is judged by its policies.
"""

from typing import Final, Literal

from msgspec import Struct

from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.names import Arn
from qanat.core.policy.decision import StatementRef


class Answer(Struct, frozen=True):
    decision: Literal["allowed", "implicit_deny", "explicit_deny"]
    reason: str
    statements: tuple[StatementRef, ...] = ()


# STS API reference, GetCallerIdentity: no permission is needed, and no policy can take it away.
ALWAYS_ALLOWED: Final = Answer("allowed", "allowed to everyone who signs")
KEPT_BY_AWS: Final = Answer("implicit_deny", "not allowed: only AWS changes what it manages")

_TRUST_DECIDES: Final = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity")
# How the names of those of IAM's and KMS's actions begin that change nothing.
_READING: Final = ("get", "list", "describe", "generate", "simulate")


def is_trusting(action: str, resource: str) -> bool:
    """Whether the policy of `resource` is a role's trust policy."""
    arn = Arn.parse(resource)
    role = arn is not None and arn.service == "iam" and arn.resource.startswith("role/")
    return role and action.lower().startswith(_TRUST_DECIDES)


def needs_own_policy(action: str, resource: str) -> bool:
    """Whether identity policies count only where the resource's own policy lets them: a role that is to be assumed,
    a key of KMS (KMS Developer Guide, key-policies)."""
    arn = Arn.parse(resource)
    key = arn is not None and arn.service == "kms" and arn.resource.startswith("key/")
    return (key and action.lower().startswith("kms:")) or is_trusting(action, resource)


def is_service_linked(caller: Caller) -> bool:
    """Whether the organization's policies do not reach it (Organizations User Guide, orgs_manage_policies_scps and
    ..._rcps): a service acts through this role."""
    return ":role/aws-service-role/" in caller.principal_arn


def answer_of_aws(action: str, resource: str, caller: Caller) -> Answer | None:
    """What AWS answers whatever policies allow; None for almost everything."""
    service, _, name = action.lower().partition(":")
    if (service, name) == ("sts", "getcalleridentity") and caller.type is not PrincipalType.ANONYMOUS:
        return ALWAYS_ALLOWED
    arn = Arn.parse(resource)
    if arn is None or name.startswith(_READING):
        return None
    return KEPT_BY_AWS if _managed_by_aws(service, arn) else None


def _managed_by_aws(service: str, arn: Arn) -> bool:
    """IAM User Guide, access_policies_managed-vs-inline; IAM Identity Center, the reserved roles; KMS, aliases."""
    if service != arn.service:
        return False
    if service == "iam":
        policy = arn.account == "aws" and arn.resource.startswith("policy/")
        return policy or arn.resource.startswith("role/aws-reserved/")
    return service == "kms" and arn.resource.startswith("alias/aws/")

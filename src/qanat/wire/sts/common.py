"""What the calls share that give out temporary credentials: bounds, session policies, tags, and the credentials.

The bounds are those of the STS API reference (the service model that botocore ships).
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from qanat.core.errors import QanatError
from qanat.core.identity.commands import IssueSession
from qanat.core.identity.errors import (
    MalformedPolicyDocument,
    MfaDeviceUnknown,
    MfaIncomplete,
    ValidationError,
)
from qanat.core.identity.mfa_commands import UseMfaCode
from qanat.core.identity.model import Session
from qanat.core.identity.session_tokens import PACKED_BYTES_MAX, Credentials, SessionKind, packed, seal
from qanat.core.policy.document import PolicyKind, parse
from qanat.core.policy.errors import PolicyInvalid, PolicyTooLarge
from qanat.wire.iam.common import instant
from qanat.wire.service import Call

POLICY_CHARACTERS_MAX: Final = 2_048
"""Of the inline session policy and the ARNs of the managed ones together (STS API reference, AssumeRole)."""
POLICY_ARNS_MAX: Final = 10

SessionName = Annotated[str, Meta(min_length=2, max_length=64, pattern=r"[\w+=,.@-]*")]
FederatedName = Annotated[str, Meta(min_length=2, max_length=32, pattern=r"[\w+=,.@-]*")]
Arn = Annotated[
    str,
    Meta(
        min_length=20,
        max_length=2048,
        pattern=r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD]+",
    ),
]
Policy = Annotated[str, Meta(min_length=1, pattern=r"[\u0009\u000A\u000D\u0020-\u00FF]+")]
SerialNumber = Annotated[str, Meta(min_length=9, max_length=256, pattern=r"[\w+=/:,.@-]*")]
TokenCode = Annotated[str, Meta(min_length=6, max_length=6, pattern=r"[\d]*")]
ExternalId = Annotated[str, Meta(min_length=2, max_length=1224, pattern=r"[\w+=,.@:\/-]*")]
SourceIdentity = Annotated[str, Meta(min_length=2, max_length=64, pattern=r"[\w+=,.@-]*")]
TokenDuration = Annotated[int, Meta(ge=900, le=129_600)]
RoleDuration = Annotated[int, Meta(ge=900, le=43_200)]


class PolicyArn(Struct, frozen=True):
    arn: str


class PackedPolicyTooLarge(QanatError):
    code = "PackedPolicyTooLarge"


def session_policies(
    policy: str | None, arns: tuple[PolicyArn, ...]
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """What was passed, checked: (inline documents or None, ARNs of managed ones).

    Raises MalformedPolicyDocument, ValidationError, PackedPolicyTooLarge. That the ARNs name something is seen when
    the session is used: a policy that is not there allows nothing.
    """
    names = tuple(one.arn for one in arns)
    if len(names) > POLICY_ARNS_MAX:
        raise ValidationError(f"A session takes at most {POLICY_ARNS_MAX} managed policies.")
    if sum(map(len, (policy or "", *names))) > POLICY_CHARACTERS_MAX:
        raise PackedPolicyTooLarge(
            f"The session policies have more than {POLICY_CHARACTERS_MAX} characters together."
        )
    if policy is None:
        return (() if names else None), names
    try:
        parse(policy, PolicyKind.SESSION)
    except (PolicyInvalid, PolicyTooLarge) as error:
        reason = error.reason if isinstance(error, PolicyInvalid) else error.message
        raise MalformedPolicyDocument(f"{reason} ({error.message})") from error
    return (policy,), names


def code_shown(serial_number: str | None, token_code: str | None, call: Call) -> UseMfaCode | None:
    """The code of a device that the caller shows, if one; raises MfaIncomplete and MfaDeviceUnknown.

    Users alone have devices, and are asked by their own name: a session of a user's own may show one.
    """
    if serial_number is None and token_code is None:
        return None
    if serial_number is None or token_code is None:
        raise MfaIncomplete
    if call.caller.user_name is None:
        raise MfaDeviceUnknown
    return UseMfaCode(call.account, call.caller.user_name, serial_number, token_code, call.wall_ms)


def issue(call: Call, kind: SessionKind, account: str, name: str, session: Session) -> IssueSession:
    """Raises PackedPolicyTooLarge."""
    key = call.directory.session_key()
    assert key is not None, "the first start makes it"
    credentials = Credentials(session.access_key_id, call.ids.secret(), kind, account, name, session)
    data = packed(credentials)
    # Rounded up, so that what is full shows as full.
    percent = -(-len(data) * 100 // PACKED_BYTES_MAX)
    if percent > 100:
        raise PackedPolicyTooLarge(
            f"Packed size of session tags and policies consumes {percent}% of allotted space."
        )
    return IssueSession(credentials, seal(key, call.ids.nonce(), data), percent)


def shown_credentials(issued: IssueSession) -> dict[str, object]:
    """The one time that the secret is told."""
    return {
        "AccessKeyId": issued.credentials.access_key_id,
        "SecretAccessKey": issued.credentials.secret,
        "SessionToken": issued.token,
        "Expiration": instant(issued.credentials.session.expires_at_ms),
    }


def packed_percent(issued: IssueSession) -> int | None:
    """Told where something was passed to be packed."""
    session = issued.credentials.session
    passed = session.policies is not None or session.tags
    return issued.packed_percent if passed else None

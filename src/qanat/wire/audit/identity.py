"""`userIdentity`: who called (CloudTrail User Guide, cloudtrail-event-reference-user-identity)."""

from typing import Any, Final

from qanat.core.identity.model import Caller, PrincipalType
from qanat.wire.audit.instant import instant

# An access key's id is at most this long (IAM API reference); a claim that is not yet verified may say anything.
_KEY_ID_LENGTH_MAX: Final = 128

_TYPES: Final = {
    PrincipalType.ACCOUNT: "Root",
    PrincipalType.USER: "IAMUser",
    PrincipalType.ASSUMED_ROLE: "AssumedRole",
    PrincipalType.FEDERATED_USER: "FederatedUser",
    # Of simulations alone, so far.
    PrincipalType.PROVIDER: "WebIdentityUser",
}
_ISSUERS: Final = {PrincipalType.ASSUMED_ROLE: "Role", PrincipalType.FEDERATED_USER: "IAMUser"}


def identity_of(caller: Caller | None, access_key_id: str | None) -> dict[str, Any]:
    """`access_key_id` is a mere claim where the caller is None."""
    identity: dict[str, Any]
    if caller is None:
        identity = {"type": "Unknown"}
    elif caller.type is PrincipalType.SERVICE:
        return {"type": "AWSService", "invokedBy": caller.arn}
    elif caller.type is PrincipalType.ANONYMOUS:
        return {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}
    else:
        identity = {
            "type": _TYPES[caller.type],
            "principalId": caller.unique_id,
            "arn": caller.arn,
            "accountId": caller.account,
        }
    if access_key_id is not None:
        identity["accessKeyId"] = access_key_id[:_KEY_ID_LENGTH_MAX]
    if caller is not None:
        if caller.user_name is not None:
            identity["userName"] = caller.user_name
        if caller.session is not None:
            identity["sessionContext"] = _session_context(caller)
    return identity


def _session_context(caller: Caller) -> dict[str, Any]:
    session = caller.session
    assert session is not None
    created = instant(session.issued_at_ms // 1000)
    mfa = "false" if session.mfa_at_ms is None else "true"
    context: dict[str, Any] = {"attributes": {"creationDate": created, "mfaAuthenticated": mfa}}
    if session.source_identity is not None:
        context["sourceIdentity"] = session.source_identity
    # Temporary credentials of a user's own have no issuer to name: the user stands above.
    issuer = _ISSUERS.get(caller.type)
    if issuer is not None:
        context["sessionIssuer"] = {
            "type": issuer,
            "principalId": session.issuer_id,
            "arn": caller.principal_arn,
            "accountId": caller.account,
            "userName": session.issuer_name,
        }
    return context

"""GetSessionToken and GetFederationToken (STS API reference; IAM User Guide, id_credentials_temp_control-access)."""

from typing import Final

from qanat.core.errors import AccessDenied
from qanat.core.identity.commands import IssueSession
from qanat.core.identity.model import Session, User, federated_user
from qanat.core.identity.session_tokens import SessionKind
from qanat.core.names import federated_user_arn
from qanat.wire.iam.common import IamInput
from qanat.wire.iam.tags import TagInput, read_tags
from qanat.wire.service import Call, Operation, Output, Permission
from qanat.wire.sts.common import (
    FederatedName,
    Policy,
    PolicyArn,
    SerialNumber,
    TokenCode,
    TokenDuration,
    code_shown,
    issue,
    packed_percent,
    session_policies,
    shown_credentials,
)

DEFAULT_S: Final = 43_200


class GetSessionTokenInput(IamInput, frozen=True):
    duration_seconds: TokenDuration = DEFAULT_S
    serial_number: SerialNumber | None = None
    token_code: TokenCode | None = None


class GetFederationTokenInput(IamInput, frozen=True):
    name: FederatedName
    policy: Policy | None = None
    policy_arns: tuple[PolicyArn, ...] = ()
    duration_seconds: TokenDuration = DEFAULT_S
    tags: tuple[TagInput, ...] = ()


def _user(call: Call, operation: str) -> User:
    """The user who calls with a long-term key; nobody else may. Raises AccessDenied."""
    if call.caller.session is not None:
        raise AccessDenied(f"Cannot call {operation} with session credentials")
    user = call.directory.user(call.account, call.caller.user_name or "")
    if user is None:
        raise AccessDenied(f"Only a user can call {operation}")
    return user


def _code_shown(given: GetSessionTokenInput, call: Call) -> object | None:
    _user(call, "GetSessionToken")
    return code_shown(given.serial_number, given.token_code, call)


def _session_token(given: GetSessionTokenInput, call: Call) -> object:
    user = _user(call, "GetSessionToken")
    session = Session(
        call.ids.temporary_access_key(),
        call.now_ms,
        call.now_ms + given.duration_seconds * 1000,
        user.user_id,
        user.name,
        mfa_at_ms=call.mfa_at_ms,
    )
    return issue(call, SessionKind.USER, user.account, "", session)


def _federation_token(given: GetFederationTokenInput, call: Call) -> object:
    user = _user(call, "GetFederationToken")
    documents, arns = session_policies(given.policy, given.policy_arns)
    session = Session(
        call.ids.temporary_access_key(),
        call.now_ms,
        call.now_ms + given.duration_seconds * 1000,
        user.user_id,
        user.name,
        documents,
        arns,
        read_tags(given.tags),
    )
    return issue(call, SessionKind.FEDERATED, user.account, given.name, session)


def _federation_permissions(given: GetFederationTokenInput, call: Call) -> tuple[Permission, ...]:
    _user(call, "GetFederationToken")
    resource = federated_user_arn(call.account, given.name)
    tags = dict(read_tags(given.tags))
    actions = ("sts:GetFederationToken", "sts:TagSession") if tags else ("sts:GetFederationToken",)
    return tuple(Permission(action, resource, call.account, request_tags=tags) for action in actions)


def _federation_output(issued: IssueSession, given: GetFederationTokenInput, call: Call) -> Output:
    caller = federated_user(_user(call, "GetFederationToken"), given.name, issued.credentials.session)
    return {
        "Credentials": shown_credentials(issued),
        "FederatedUser": {"FederatedUserId": caller.unique_id, "Arn": caller.arn},
        "PackedPolicySize": packed_percent(issued),
    }


GET_SESSION_TOKEN: Final = Operation(
    "GetSessionToken",
    GetSessionTokenInput,
    # No permission is needed (IAM User Guide, id_credentials_temp_control-access_getsessiontoken).
    None,
    lambda given, call: "*",
    _session_token,
    lambda issued, given, call: {"Credentials": shown_credentials(issued)},
    proof=_code_shown,
)
GET_FEDERATION_TOKEN: Final = Operation(
    "GetFederationToken",
    GetFederationTokenInput,
    "sts:GetFederationToken",
    lambda given, call: federated_user_arn(call.account, given.name),
    _federation_token,
    _federation_output,
    _federation_permissions,
)

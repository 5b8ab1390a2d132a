"""AssumeRole (STS API reference; IAM User Guide, id_roles_use and id_session-tags)."""

from typing import Final

from qanat.core.errors import AccessDenied, InvalidParameterValue
from qanat.core.identity.commands import IssueSession
from qanat.core.identity.errors import ValidationError
from qanat.core.identity.model import Caller, PrincipalType, Role, Session, role_session
from qanat.core.identity.session_tokens import SessionKind
from qanat.core.names import PARTITION
from qanat.core.names import Arn as ParsedArn
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.stored import StoredPolicy
from qanat.wire.iam.common import IamInput
from qanat.wire.iam.tags import TagInput, read_tags
from qanat.wire.service import Call, Operation, Output, Permission
from qanat.wire.sts.common import (
    Arn,
    ExternalId,
    Policy,
    PolicyArn,
    RoleDuration,
    SerialNumber,
    SessionName,
    SourceIdentity,
    TokenCode,
    code_shown,
    issue,
    packed_percent,
    session_policies,
    shown_credentials,
)

DEFAULT_S: Final = 3_600
CHAINED_MAX_S: Final = 3_600
"""For a role that a role's session assumes (IAM User Guide, role chaining)."""


class AssumeRoleInput(IamInput, frozen=True):
    role_arn: Arn
    role_session_name: SessionName
    policy_arns: tuple[PolicyArn, ...] = ()
    policy: Policy | None = None
    duration_seconds: RoleDuration | None = None
    tags: tuple[TagInput, ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()
    external_id: ExternalId | None = None
    serial_number: SerialNumber | None = None
    token_code: TokenCode | None = None
    source_identity: SourceIdentity | None = None


def _role_named(arn: str) -> tuple[str, str]:
    """(account, name). Raises ValidationError."""
    found = ParsedArn.parse(arn)
    if found is None or found.partition != PARTITION or found.service != "iam" or found.region:
        raise ValidationError(f"{arn} is invalid")
    kind, _, rest = found.resource.partition("/")
    if kind != "role" or not rest:
        raise ValidationError(f"{arn} is invalid")
    return found.account, rest.rpartition("/")[2]


def _role(given: AssumeRoleInput, call: Call) -> Role | None:
    account, name = _role_named(given.role_arn)
    role = call.directory.role(account, name)
    # The path in the ARN is part of whom it names.
    return role if role is not None and role.arn == given.role_arn else None


def _inherited(caller: Caller) -> dict[str, str]:
    """Tags that pass from one role's session on to the next."""
    session = caller.session
    if session is None or caller.type is not PrincipalType.ASSUMED_ROLE:
        return {}
    kept = {key.lower() for key in session.transitive_tag_keys}
    return {key: value for key, value in session.tags if key.lower() in kept}


def _passed_on(caller: Caller) -> str | None:
    """The source identity, which stays through a chain of roles."""
    return None if caller.session is None else caller.session.source_identity


def _refuse_callers(call: Call) -> None:
    """Raises AccessDenied for who assumes no role, whatever policies say."""
    if call.caller.type is PrincipalType.ACCOUNT:
        raise AccessDenied("Roles may not be assumed by root accounts.")
    if call.caller.type is PrincipalType.FEDERATED_USER:
        raise AccessDenied("Cannot call AssumeRole with the credentials of a federated user.")


def _code_shown(given: AssumeRoleInput, call: Call) -> object | None:
    _refuse_callers(call)
    return code_shown(given.serial_number, given.token_code, call)


def _mfa_passed_on(caller: Caller) -> int | None:
    """When the user who assumes the role showed a code to GetSessionToken.

    A code that is shown to AssumeRole itself says who may assume the role and nothing of the role's session (IAM User
    Guide, id_credentials_mfa_configure-api-require). That GetSessionToken's goes with the role, as users of AWS
    tell, is in no document; a role that assumes another hands nothing on.
    """
    return caller.session.mfa_at_ms if caller.session and caller.type is PrincipalType.USER else None


def _permissions(given: AssumeRoleInput, call: Call) -> tuple[Permission, ...]:
    """AssumeRole on the role; for tags and a source identity their actions too, be they inherited."""
    _refuse_callers(call)
    role = _role(given, call)
    account, _ = _role_named(given.role_arn)
    context: dict[str, str | tuple[str, ...]] = {"sts:rolesessionname": given.role_session_name}
    if call.mfa_at_ms is not None:
        # Shown with this very request, so it has the keys whatever the credentials are.
        context["aws:multifactorauthpresent"] = "true"
        context["aws:multifactorauthage"] = "0"
    if given.external_id is not None:
        context["sts:externalid"] = given.external_id
    source_identity = given.source_identity or _passed_on(call.caller)
    if source_identity is not None:
        context["sts:sourceidentity"] = source_identity
    if given.transitive_tag_keys:
        context["sts:transitivetagkeys"] = given.transitive_tag_keys
    actions = ["sts:AssumeRole"]
    tags = dict(read_tags(given.tags))
    if tags or _inherited(call.caller):
        actions.append("sts:TagSession")
    if source_identity is not None:
        actions.append("sts:SetSourceIdentity")
    # A role that is not there trusts nobody, and whether it is there is not told.
    document, ids = ("", ()) if role is None else (role.trust, role.trusted_ids)
    trust = StoredPolicy(PolicyKind.TRUST, document, ids)
    return tuple(
        Permission(
            action,
            given.role_arn,
            account,
            context,
            tags,
            () if role is None else role.tags,
            trust,
        )
        for action in actions
    )


def _command(given: AssumeRoleInput, call: Call) -> object:
    role = _role(given, call)
    assert role is not None, "without its trust nobody comes here"
    duration_s = _duration_s(given, role, call.caller)
    tags = dict(read_tags(given.tags))
    inherited = _inherited(call.caller)
    # The texts of this and of the next two are recorded answers of AWS.
    if {key.lower() for key in inherited} & {key.lower() for key in tags}:
        raise InvalidParameterValue(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag "
            "key from the calling session."
        )
    if {key.lower() for key in given.transitive_tag_keys} - {key.lower() for key in tags}:
        raise InvalidParameterValue(
            "The specified transitive tag key must be included in the requested tags."
        )
    documents, arns = session_policies(given.policy, given.policy_arns)
    passed_on = _passed_on(call.caller)
    if passed_on is not None and given.source_identity not in (None, passed_on):
        raise ValidationError("The source identity is already set for this assume role session")
    session = Session(
        call.ids.temporary_access_key(),
        call.now_ms,
        call.now_ms + duration_s * 1000,
        role.role_id,
        role.name,
        documents,
        arns,
        tuple(sorted({**inherited, **tags}.items())),
        tuple(sorted({*given.transitive_tag_keys, *inherited})),
        given.source_identity or passed_on,
        _mfa_passed_on(call.caller),
    )
    return issue(call, SessionKind.ROLE, role.account, given.role_session_name, session)


def _duration_s(given: AssumeRoleInput, role: Role, caller: Caller) -> int:
    chained = caller.session is not None and caller.type is PrincipalType.ASSUMED_ROLE
    if given.duration_seconds is None:
        return DEFAULT_S
    if chained and given.duration_seconds > CHAINED_MAX_S:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    if given.duration_seconds > role.max_session_s:
        raise ValidationError(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return given.duration_seconds


def _output(issued: IssueSession, given: AssumeRoleInput, call: Call) -> Output:
    role = _role(given, call)
    assert role is not None
    caller = role_session(role, given.role_session_name, issued.credentials.session)
    return {
        "AssumedRoleUser": {"AssumedRoleId": caller.unique_id, "Arn": caller.arn},
        "Credentials": shown_credentials(issued),
        "PackedPolicySize": packed_percent(issued),
        "SourceIdentity": issued.credentials.session.source_identity,
    }


ASSUME_ROLE: Final = Operation(
    "AssumeRole",
    AssumeRoleInput,
    "sts:AssumeRole",
    lambda given, call: given.role_arn,
    _command,
    _output,
    _permissions,
    proof=_code_shown,
)

"""Principals as an operator names them, as the callers that they would be."""

import re
from hashlib import sha256
from typing import Final

from qanat.api.policy_errors import CannotExplain
from qanat.core.identity.model import (
    ANONYMOUS,
    Caller,
    Role,
    Session,
    User,
    caller_of,
    federated_user,
    role_session,
    root_of,
    service_caller,
)
from qanat.core.identity.state import IdentityState
from qanat.core.names import ACCOUNT_ID, Arn
from qanat.core.policy.document import PolicyKind, parse
from qanat.core.policy.errors import PolicyInvalid, PolicyTooLarge

ANONYMOUS_NAME: Final = "anonymous"
_SERVICE: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com\Z")
_SESSION_NAME: Final = "explained"
_FORMS: Final = (
    "a user's, role's or root's ARN, a session's (arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME), a federated user's, "
    "anonymous, or a service such as sns.amazonaws.com"
)


CallerAndNotes = tuple[Caller, tuple[str, ...]]
"""The caller, and what was assumed of it."""


def caller_named(
    text: str, identity: IdentityState, session_of: str | None = None, session_policies: tuple[str, ...] = ()
) -> CallerAndNotes:
    """`session_of` is the ARN of the user who asked for a federated session; `session_policies` are the documents that
    were passed to a session. Raises CannotExplain where there is no such caller."""
    for policy in session_policies:
        try:
            parse(policy, PolicyKind.SESSION)
        except (PolicyInvalid, PolicyTooLarge) as error:
            raise CannotExplain(f"a session policy cannot be read: {error.message}") from error
    arn = Arn.parse(text)
    kind = "" if arn is None else arn.resource.partition("/")[0]
    if session_policies and kind not in ("role", "assumed-role", "federated-user"):
        raise CannotExplain(f"only a role's session or a federated user has a session policy, not {text}")
    if session_of is not None and kind != "federated-user":
        raise CannotExplain(f"only a federated user's session is somebody's, not that of {text}")
    if text == ANONYMOUS_NAME:
        return ANONYMOUS, ()
    if _SERVICE.match(text):
        return service_caller(text), ()
    if arn is None or arn.service not in ("iam", "sts"):
        raise CannotExplain(f"a principal is {_FORMS}, not {text}")
    if not ACCOUNT_ID.match(arn.account) or not identity.has_account(arn.account):
        raise CannotExplain(f"there is no account {arn.account or 'without a number'} here")
    if arn.service == "iam":
        return _of_iam(arn, identity, session_policies)
    return _of_sts(arn, identity, session_of, session_policies)


def _of_iam(arn: Arn, identity: IdentityState, session_policies: tuple[str, ...]) -> CallerAndNotes:
    kind, _, rest = arn.resource.partition("/")
    if arn.resource == "root":
        return root_of(arn.account), ()
    if kind == "user":
        return caller_of(_user(arn, identity)), ()
    if kind == "role":
        role = identity.role(arn.account, rest.rpartition("/")[2])
        if role is None or role.arn != str(arn):
            raise CannotExplain(_not_there(str(arn), None if role is None else role.arn))
        return _session_of(role, _SESSION_NAME, session_policies)
    raise CannotExplain(f"a principal is {_FORMS}, not {arn}")


def _of_sts(
    arn: Arn, identity: IdentityState, session_of: str | None, session_policies: tuple[str, ...]
) -> CallerAndNotes:
    kind, _, rest = arn.resource.partition("/")
    name, _, session_name = rest.partition("/")
    if kind == "assumed-role":
        role = identity.role(arn.account, name)
        if role is None or not session_name:
            raise CannotExplain(_not_there(str(arn), None))
        return _session_of(role, session_name, session_policies)
    if kind == "federated-user" and name and not session_name:
        return _federated(arn, name, identity, session_of, session_policies)
    raise CannotExplain(f"a principal is {_FORMS}, not {arn}")


def _federated(
    arn: Arn, name: str, identity: IdentityState, session_of: str | None, policies: tuple[str, ...]
) -> CallerAndNotes:
    """STS API reference, GetFederationToken: it has what both its user and its session policy allow."""
    if session_of is None:
        raise CannotExplain(
            "a federated session is of the user who asked for it: name that user, by --session-of"
        )
    issuer = Arn.parse(session_of)
    if issuer is None or issuer.service != "iam" or not issuer.resource.startswith("user/"):
        raise CannotExplain(f"a federated session is of a user, by its ARN, not of {session_of}")
    if issuer.account != arn.account:
        raise CannotExplain(f"{arn} is of another account than {session_of}")
    user = _user(issuer, identity)
    session = _session(user.user_id, user.name, policies)
    return federated_user(user, name, session), _assumed(f"a session that {user.arn} asked for", policies)


def _user(arn: Arn, identity: IdentityState) -> User:
    user = identity.user(arn.account, arn.resource.rpartition("/")[2])
    if user is None or user.arn != str(arn):
        raise CannotExplain(_not_there(str(arn), None if user is None else user.arn))
    return user


def _not_there(text: str, namesake: str | None) -> str:
    return f"there is no {text} here" + (f"; did you mean {namesake}?" if namesake else "")


def _session_of(role: Role, name: str, policies: tuple[str, ...]) -> CallerAndNotes:
    session = _session(role.role_id, role.name, policies)
    return role_session(role, name, session), _assumed(f"a session of {role.arn}", policies)


def _session(issuer_id: str, issuer_name: str, policies: tuple[str, ...]) -> Session:
    # The id is no session's, and tells apart what is kept of one: of each issuer and what is passed.
    passed = sha256("\0".join(policies).encode()).hexdigest()
    return Session(f"explain:{issuer_id}:{passed}", 0, 0, issuer_id, issuer_name, policies=policies or None)


def _assumed(session: str, policies: tuple[str, ...]) -> tuple[str, ...]:
    if policies:
        return (f"{session} to which no tags were passed",)
    return (f"{session} to which no session policy and no tags were passed",)

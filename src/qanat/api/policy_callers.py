"""Principals as an operator names them, as the callers that they would be."""

import re
from typing import Final

from qanat.api.policy_errors import CannotExplain
from qanat.core.identity.model import (
    ANONYMOUS,
    Caller,
    Role,
    Session,
    caller_of,
    role_session,
    root_of,
    service_caller,
)
from qanat.core.identity.state import IdentityState
from qanat.core.names import ACCOUNT_ID, Arn

ANONYMOUS_NAME: Final = "anonymous"
_SERVICE: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com\Z")
_SESSION_NAME: Final = "explained"
_FORMS: Final = (
    "a user's, role's or root's ARN, a session's (arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME), anonymous, or a "
    "service such as sns.amazonaws.com"
)


def caller_named(text: str, identity: IdentityState) -> tuple[Caller, tuple[str, ...]]:
    """The caller, and what was assumed of it. Raises CannotExplain where there is none."""
    if text == ANONYMOUS_NAME:
        return ANONYMOUS, ()
    if _SERVICE.match(text):
        return service_caller(text), ()
    arn = Arn.parse(text)
    if arn is None or arn.service not in ("iam", "sts"):
        raise CannotExplain(f"a principal is {_FORMS}, not {text}")
    if not ACCOUNT_ID.match(arn.account) or not identity.has_account(arn.account):
        raise CannotExplain(f"there is no account {arn.account or 'without a number'} here")
    kind, _, rest = arn.resource.partition("/")
    if arn.service == "iam" and arn.resource == "root":
        return root_of(arn.account), ()
    if arn.service == "iam" and kind == "user":
        user = identity.user(arn.account, rest.rpartition("/")[2])
        if user is None or user.arn != text:
            raise CannotExplain(_not_there(text, None if user is None else user.arn))
        return caller_of(user), ()
    if arn.service == "iam" and kind == "role":
        role = identity.role(arn.account, rest.rpartition("/")[2])
        if role is None or role.arn != text:
            raise CannotExplain(_not_there(text, None if role is None else role.arn))
        return _session_of(role, _SESSION_NAME)
    if arn.service == "sts" and kind == "assumed-role":
        role_name, _, session_name = rest.partition("/")
        role = identity.role(arn.account, role_name)
        if role is None or not session_name:
            raise CannotExplain(_not_there(text, None))
        return _session_of(role, session_name)
    if kind == "federated-user":
        raise CannotExplain(
            "what a federated session may do is in its token alone: make the request, and look at its denial"
        )
    raise CannotExplain(f"a principal is {_FORMS}, not {text}")


def _not_there(text: str, namesake: str | None) -> str:
    return f"there is no {text} here" + (f"; did you mean {namesake}?" if namesake else "")


def _session_of(role: Role, name: str) -> tuple[Caller, tuple[str, ...]]:
    # The id is no session's, and tells apart what is kept of one.
    session = Session(f"explain:{role.role_id}", 0, 0, role.role_id, role.name)
    assumed = f"a session of {role.arn} to which no session policy and no tags were passed"
    return role_session(role, name, session), (assumed,)

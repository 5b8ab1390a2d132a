"""Statements of a queue policy that AddPermission writes and RemovePermission takes out, named by their label.

The rest of the policy stays as it was, to the spelling of its numbers; only white space between its parts goes.
"""

import re
from collections.abc import Sequence
from typing import Final

from qanat.core import limits
from qanat.core.errors import InvalidParameterValue
from qanat.core.names import ACCOUNT_ID, root_arn
from qanat.core.policy.actions import NOT_SHAREABLE, SHAREABLE
from qanat.core.policy.document import DEFAULT_VERSION
from qanat.core.policy.sizes import ACTIONS_MAX
from qanat.core.policy.syntax import decode, encode, members
from qanat.core.queues.errors import OverLimit

_LABEL: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{limits.PERMISSION_LABEL_LENGTH_MAX}}}\Z")


def added(
    policy: str | None, queue_arn: str, label: str, account_ids: Sequence[str], actions: Sequence[str]
) -> str:
    """The policy with one statement more. Raises InvalidParameterValue and OverLimit."""
    _check(label, account_ids, actions)
    empty: dict[str, object] = {
        "Version": DEFAULT_VERSION,
        "Id": f"{queue_arn}/SQSDefaultPolicy",
        "Statement": [],
    }
    document = empty if policy is None else members(decode(policy), "")
    statements = _statements(document)
    if any(_sid(statement) == label for statement in statements):
        raise _label_refused(label, "Already exists.")
    statement = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": _one_or_many([root_arn(account_id) for account_id in account_ids])},
        "Action": _one_or_many([f"SQS:{action}" for action in actions]),
        "Resource": queue_arn,
    }
    return encode({**document, "Statement": [*statements, statement]})


def removed(policy: str | None, label: str) -> str:
    """The policy without the statements of that label, empty if none is left. Raises InvalidParameterValue."""
    document = {} if policy is None else members(decode(policy), "")
    statements = _statements(document)
    left = [statement for statement in statements if _sid(statement) != label]
    if len(left) == len(statements):
        raise _label_refused(label, "can't find label.")
    return encode({**document, "Statement": left}) if left else ""


def _check(label: str, account_ids: Sequence[str], actions: Sequence[str]) -> None:
    if not _LABEL.match(label):
        raise _label_refused(
            label, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length."
        )
    if not account_ids or not all(ACCOUNT_ID.match(account_id) for account_id in account_ids):
        shown = ", ".join(account_ids)
        raise InvalidParameterValue(
            f"Value [{shown[: limits.SHOWN_LENGTH_MAX]}] for parameter PrincipalId is invalid. "
            "Reason: Unable to verify."
        )
    if len(actions) > ACTIONS_MAX:
        raise OverLimit(f"{len(actions)} Actions were found, maximum allowed is {ACTIONS_MAX}.")
    for action in actions:
        name = f"sqs:{action.lower()}"
        if action == "*" or name in SHAREABLE:
            continue
        reason = (
            "Only the queue owner is allowed to invoke this action."
            if name in NOT_SHAREABLE
            # AWS's own space at the end.
            else "Please refer to the appropriate WSDL for a list of valid actions. "
        )
        shown = action[: limits.SHOWN_LENGTH_MAX]
        raise InvalidParameterValue(
            f"Value SQS:{shown} for parameter ActionName is invalid. Reason: {reason}"
        )


def _statements(document: dict[str, object]) -> list[object]:
    found = document.get("Statement", [])
    return found if isinstance(found, list) else [found]


def _sid(statement: object) -> object:
    return statement.get("Sid") if isinstance(statement, dict) else None


def _one_or_many(texts: Sequence[str]) -> str | list[str]:
    """AWS writes one value as a text and several as a list."""
    distinct = list(dict.fromkeys(texts))
    return distinct[0] if len(distinct) == 1 else distinct


def _label_refused(label: str, reason: str) -> InvalidParameterValue:
    return InvalidParameterValue(
        f"Value {label[: limits.SHOWN_LENGTH_MAX]} for parameter Label is invalid. Reason: {reason}"
    )

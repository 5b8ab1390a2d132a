"""AddPermission and RemovePermission on the text of a policy, as recorded from AWS."""

import json
from typing import Any

import pytest

from qanat.core.control import Control
from qanat.core.errors import QanatError
from qanat.core.queues.definition_commands import AddPermission, CreateQueue, RemovePermission
from qanat.core.queues.model import Queue
from qanat.core.queues.permissions import added, removed

ACCOUNT, OTHER = "123456789012", "668614515564"
ARN = f"arn:aws:sqs:us-east-2:{ACCOUNT}:jobs"


def statement(label: str, accounts: Any = ACCOUNT, action: Any = "SQS:ReceiveMessage") -> dict[str, Any]:
    many = isinstance(accounts, list)
    roots = [f"arn:aws:iam::{account}:root" for account in (accounts if many else [accounts])]
    return {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": roots if many else roots[0]},
        "Action": action,
        "Resource": ARN,
    }


def document(*statements: dict[str, Any]) -> str:
    whole = {"Version": "2008-10-17", "Id": f"{ARN}/SQSDefaultPolicy", "Statement": list(statements)}
    return json.dumps(whole, separators=(",", ":"))


def test_recorded_the_document_of_one_account_and_action() -> None:
    assert added(None, ARN, "mine", [ACCOUNT], ["ReceiveMessage"]) == document(statement("mine"))


def test_recorded_several_accounts_and_actions_are_lists() -> None:
    found = added(None, ARN, "ours", [ACCOUNT, OTHER, OTHER], ["ReceiveMessage", "SendMessage"])
    assert found == document(statement("ours", [ACCOUNT, OTHER], ["SQS:ReceiveMessage", "SQS:SendMessage"]))


def test_recorded_a_second_label_comes_after_the_first() -> None:
    first = added(None, ARN, "one", [ACCOUNT], ["ReceiveMessage"])
    both = added(first, ARN, "two", [ACCOUNT], ["*"])
    assert both == document(statement("one"), statement("two", action="SQS:*"))
    assert removed(both, "one") == document(statement("two", action="SQS:*"))
    assert removed(first, "one") == ""


def test_what_somebody_else_wrote_stays() -> None:
    theirs = (
        '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", '
        '"Resource": "*", "Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": 1e400}, '
        '"Bool": {"aws:SecureTransport": false}, "StringLike": {"aws:x": "\u00e9\\"\u6c34"}}}}'
    )
    both = added(theirs, ARN, "mine", [ACCOUNT], ["ReceiveMessage"])
    kept = theirs.replace(": ", ":").replace(", ", ",").removesuffix("}").replace('ment":{', 'ment":[{')
    assert both == f"{kept},{json.dumps(statement('mine'), separators=(',', ':'))}]}}"
    assert removed(both, "mine") == f"{kept}]}}"


def test_labels_are_looked_for_among_all_sids() -> None:
    theirs = json.dumps({"Statement": [{"Sid": "x", "Effect": "Allow"}, {"Effect": "Deny"}]})
    assert json.loads(removed(theirs, "x")) == {"Statement": [{"Effect": "Deny"}]}
    with pytest.raises(QanatError, match=r"Reason: Already exists\.$"):
        added(theirs, ARN, "x", [ACCOUNT], ["SendMessage"])


@pytest.mark.parametrize(
    ("label", "accounts", "actions", "code", "message"),
    [
        *(
            (
                label,
                [ACCOUNT],
                ["SendMessage"],
                "InvalidParameterValue",
                (
                    f"Value {label} for parameter Label is invalid. Reason: Can only include alphanumeric "
                    "characters, hyphens, or underscores. 1 to 80 in length."
                ),
            )
            for label in ("a b", "a" * 81, "é", "a\n", "a.b")
        ),
        *(
            (
                "x",
                accounts,
                ["SendMessage"],
                "InvalidParameterValue",
                f"Value [{', '.join(accounts)}] for parameter PrincipalId is invalid. Reason: Unable to verify.",
            )
            for accounts in ([], ["1"], [ACCOUNT, "*"], [f"arn:aws:iam::{ACCOUNT}:root"])
        ),
        *(
            (
                "x",
                [ACCOUNT],
                ["SendMessage", action],
                "InvalidParameterValue",
                f"Value SQS:{action} for parameter ActionName is invalid. Reason: {reason}",
            )
            for action, reason in [
                ("Foo", "Please refer to the appropriate WSDL for a list of valid actions. "),
                ("SendMessageBatch", "Please refer to the appropriate WSDL for a list of valid actions. "),
                ("Send*", "Please refer to the appropriate WSDL for a list of valid actions. "),
                ("", "Please refer to the appropriate WSDL for a list of valid actions. "),
                ("CreateQueue", "Only the queue owner is allowed to invoke this action."),
                ("AddPermission", "Only the queue owner is allowed to invoke this action."),
            ]
        ),
        ("x", [ACCOUNT], ["SendMessage"] * 8, "OverLimit", "8 Actions were found, maximum allowed is 7."),
    ],
)
def test_what_is_refused(
    label: str, accounts: list[str], actions: list[str], code: str, message: str
) -> None:
    with pytest.raises(QanatError) as refusal:
        added(None, ARN, label, accounts, actions)
    assert (refusal.value.code, refusal.value.message) == (code, message)


@pytest.mark.parametrize("policy", [None, document(statement("other"))])
def test_recorded_a_label_that_is_not_there(policy: str | None) -> None:
    with pytest.raises(QanatError) as refusal:
        removed(policy, "x")
    assert refusal.value.message == "Value x for parameter Label is invalid. Reason: can't find label."


# -- through the catalogue --------------------------------------------------------------------------------------

KEY = (ACCOUNT, "us-east-2", "jobs")


def test_a_permission_is_a_change_of_the_queue() -> None:
    control = Control()
    control.handle(CreateQueue(*KEY, (), (), 0), 1_000)
    queue = control.handle(AddPermission(KEY, "x", (ACCOUNT,), ("ReceiveMessage",)), 5_000).reply
    assert isinstance(queue, Queue)
    assert dict(queue.attributes) == {"Policy": document(statement("x"))}
    assert (queue.created_at_ms, queue.modified_at_ms) == (1_000, 5_000)
    assert control.catalogue.settings(queue).policy == document(statement("x"))
    queue = control.handle(RemovePermission(KEY, "x"), 6_000).reply
    assert isinstance(queue, Queue)
    assert queue.attributes == ()


def test_dg_quotas_policies_the_twenty_first_statement() -> None:
    control = Control()
    control.handle(CreateQueue(*KEY, (), (), 0), 0)
    for number in range(20):
        control.handle(AddPermission(KEY, f"p{number}", (ACCOUNT,), ("SendMessage",)), 0)
    with pytest.raises(QanatError) as refusal:
        control.handle(AddPermission(KEY, "p20", (ACCOUNT,), ("SendMessage",)), 0)
    assert (refusal.value.code, refusal.value.message) == (
        "OverLimit",
        "21 statements were found in the submitted policy, max allowed is 20",
    )

"""How long one uncached `authorize` takes: `python bench/authorize.py` prints microseconds by number of statements.

Each statement names an own queue, so all are tried; the last one allows. The endpoint policy and a Deny with a
condition are there as they would be in use.
"""

import json
from timeit import Timer

from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.policy.document import parse
from qanat.core.policy.evaluate import Named, Policies, Request, authorize
from qanat.core.policy.full_access import FULL_ACCESS
from qanat.core.policy.sizes import PolicyKind

ACCOUNT = "123456789012"
CALLER = Caller(PrincipalType.USER, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/MyUser", "AIDAMYUSER", "MyUser")
CONTEXT = {
    "aws:sourcevpce": "vpce-0123456789abcdef0",
    "aws:vpcsourceip": "10.0.0.9",
    "aws:username": "MyUser",
    "aws:securetransport": "true",
}
RESOURCES = {
    "literal": "queue-{}",
    "prefix": "queue-{}-*",
    "expression": "queue-{}-*-x?",
    "variable": "queue-{}-${{aws:username}}",
}
NAMES = {"literal": "", "prefix": "-a", "expression": "-a-xy", "variable": "-MyUser"}


def policies(count: int, form: str) -> Policies:
    arn = f"arn:aws:sqs:us-east-2:{ACCOUNT}:"
    allows = [
        {"Effect": "Allow", "Action": "sqs:Send*", "Resource": arn + RESOURCES[form].format(index)}
        for index in range(count)
    ]
    # Ten to a policy, for one holds at most 2,048 characters.
    identity = tuple(
        Named(str(start), parse(text(allows[start : start + 10]), PolicyKind.IDENTITY))
        for start in range(0, count, 10)
    )
    condition = {"StringNotEquals": {"aws:sourceVpce": CONTEXT["aws:sourcevpce"]}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*", "Condition": condition}
    queue = Named("queue", parse(text([deny]), PolicyKind.RESOURCE))
    return Policies(identity, queue, (Named("endpoint", FULL_ACCESS),))


def text(statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def microseconds(count: int, form: str) -> float:
    resource = f"arn:aws:sqs:us-east-2:{ACCOUNT}:queue-{count - 1}{NAMES[form]}"
    request = Request(CALLER, "sqs:SendMessage", resource, ACCOUNT, CONTEXT)
    given = policies(count, form)
    assert authorize(request, given).allowed
    runs = 200_000 // (count + 9)
    return min(Timer(lambda: authorize(request, given)).repeat(5, runs)) / runs * 1e6


def main() -> None:
    counts = (1, 10, 100)
    print(f"{'resource is a':16}" + "".join(f"{count:>8} st." for count in counts) + "   (us a decision)")
    for form in RESOURCES:
        print(f"{form:16}" + "".join(f"{microseconds(count, form):12.2f}" for count in counts))


if __name__ == "__main__":
    main()

"""One decision of the policy engine: `python -m bench.authorize` prints microseconds by the number of statements.

Each statement names an own queue and the last one allows. An endpoint policy and a Deny with a condition are there as
they would be in use. In the rows of one queue all statements name it, as they do in a queue policy, and differ in what
the row says. `values new` is a hundred where no policy saw the context's values before, `each tried` a hundred without
the index; `loop` counts to 1,000, to compare machines. Times are the processor's, for other work may share the machine.
What a request pays around it is in `bench.demand`.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from time import process_time
from timeit import Timer
from unittest.mock import patch

from qanat.core.identity.model import User, caller_of
from qanat.core.policy import evaluate, narrowing
from qanat.core.policy.document import parse
from qanat.core.policy.evaluate import Named, Policies, Request, authorize
from qanat.core.policy.full_access import FULL_ACCESS
from qanat.core.policy.index import Target
from qanat.core.policy.sizes import PolicyKind

ACCOUNT = "123456789012"
REGION = "us-east-2"
ACTION = "sqs:SendMessage"
ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"
ENDPOINT = "vpce-0123456789abcdef0"
ADDRESS = "10.0.0.9"
CALLER = caller_of(User(ACCOUNT, "MyUser", "AIDAMYUSER", "/", 0))
CONTEXT = {
    "aws:sourcevpce": ENDPOINT,
    "aws:sourcevpc": "vpc-2",
    "aws:sourceip": ADDRESS,
    "aws:username": "MyUser",
    "aws:securetransport": "true",
    "aws:principalarn": CALLER.arn,
}
# Resource and the name that matches it.
FORMS = {
    "literal": ("queue-{}", "queue-{}"),
    "prefix": ("queue-{}-*", "queue-{}-a"),
    "expression": ("queue-{}-*-x?", "queue-{}-a-xy"),
    "suffix": ("*-queue-{}", "a-queue-{}"),
    "variable": ("queue-{}-${{aws:username}}", "queue-{}-MyUser"),
}
FIVE = {
    "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
    "StringEquals": {"aws:SourceVpce": ENDPOINT},
    "StringNotEquals": {"aws:SourceVpc": "vpc-1"},
    "Bool": {"aws:SecureTransport": "true"},
    "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/My*"},
}
# What the statements of one queue differ in: what the last one has, which is the request's, and what the others have.
DIFFERENCES: dict[str, tuple[str, str, Callable[[str], dict[str, object]]]] = {
    "equal text": (ENDPOINT, "vpce-{:017}", lambda value: {"StringEquals": {"aws:SourceVpce": value}}),
    "text with a star": (
        ENDPOINT,
        "vpce-{:017}",
        lambda value: {"StringLike": {"aws:SourceVpce": value + "*"}},
    ),
    "address": ("10.0.0.0/24", "10.{}.1.0/24", lambda value: {"IpAddress": {"aws:SourceIp": value}}),
    "principal": (CALLER.arn, f"arn:aws:iam::{ACCOUNT}:user/user-{{}}", lambda _: {}),
}
Call = Callable[[], object]


def text(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def texts(count: int, resource: str, condition: object) -> list[str]:
    """Policies of `count` statements, ten in each, for one in a user holds at most 2,048 characters."""
    allows = [
        {"Effect": "Allow", "Action": "sqs:Send*", "Resource": ARN + resource.format(index)}
        | ({"Condition": condition} if condition else {})
        for index in range(count)
    ]
    return [text(*allows[start : start + 10]) for start in range(0, count, 10)]


DENY = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
DENY_ELSEWHERE = {"Condition": {"StringNotEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}}}
QUEUE_POLICY = text(DENY | DENY_ELSEWHERE)


def in_turn(calls: Sequence[Call], runs: int, rounds: int = 15) -> list[float]:
    """The median microseconds of each call."""
    timers = [Timer(call, timer=process_time) for call in calls]
    found: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for times, timer in zip(found, timers, strict=True):
            times.append(timer.timeit(runs) / runs * 1e6)
    return [median(times) for times in found]


def loop() -> None:
    for _ in range(1_000):
        pass


def engine(count: int, form: str, condition: object) -> Call:
    resource, name = FORMS[form]
    documents = [parse(policy, PolicyKind.IDENTITY) for policy in texts(count, resource, condition)]
    identity = tuple(Named(str(number), document) for number, document in enumerate(documents))
    queue = Named("queue", parse(QUEUE_POLICY, PolicyKind.RESOURCE))
    given = Policies(identity, queue, (Named("endpoint", FULL_ACCESS),))
    request = Request(CALLER, ACTION, ARN + name.format(count - 1), ACCOUNT, CONTEXT)
    assert authorize(request, given).allowed
    return lambda: authorize(request, given)


def one_queue(count: int, difference: str) -> Call:
    """A policy of the queue that no queue of SQS could have: it may hold twenty statements."""
    last, others, condition = DIFFERENCES[difference]
    statements = []
    for value in [*(others.format(number) for number in range(count - 1)), last]:
        principal = {"AWS": value} if difference == "principal" else "*"
        condition_block = FIVE | condition(value)
        about = {"Action": "sqs:Send*", "Resource": ARN + "jobs", "Principal": principal}
        statements.append({"Effect": "Allow", "Condition": condition_block} | about)
    document = parse(text(DENY | DENY_ELSEWHERE, *statements), PolicyKind.OTHER_RESOURCE)
    given = Policies((), Named("queue", document), (Named("endpoint", FULL_ACCESS),))
    request = Request(CALLER, ACTION, ARN + "jobs", ACCOUNT, CONTEXT)
    assert authorize(request, given).allowed
    return lambda: authorize(request, given)


def each_tried(call: Call) -> Call:
    """`call` with an index that knows nothing of the resource."""

    def tried() -> None:
        with patch.object(evaluate, "target_of", lambda action, text: Target(action.lower(), text, None)):
            for _ in range(10):
                call()

    return tried


def values_new(call: Call) -> Call:
    """`call` as where no policy ever saw a value of the request's context."""

    def asked() -> None:
        narrowing._left_by_value.clear()
        call()

    return asked


def main() -> None:
    columns = ("1 st.", "10 st.", "100 st.", "values new", "each tried", "ratio", "loop")
    print(f"{'one decision':28}" + "".join(f"{column:>12}" for column in columns))
    rows: list[tuple[str, Callable[[int], Call]]] = [
        (f"{form}, {len(condition) or 'no'} conditions", partial(engine, form=form, condition=condition))
        for form in FORMS
        for condition in ({}, FIVE)
    ]
    rows += [(f"one queue, {kind}", partial(one_queue, difference=kind)) for kind in DIFFERENCES]
    for name, made in rows:
        calls = [made(count) for count in (1, 10, 100)]
        calls += [values_new(calls[-1]), each_tried(calls[-1]), loop]
        one, ten, hundred, new, tried, reference = in_turn(calls, runs=50)
        row = (one, ten, hundred, new, tried / 10, tried / 10 / hundred, reference)
        print(f"{name:28}" + "".join(f"{figure:12.1f}" for figure in row))


if __name__ == "__main__":
    main()

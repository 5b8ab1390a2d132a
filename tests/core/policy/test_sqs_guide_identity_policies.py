"""Every identity policy of the SQS Developer Guide, each with the effect that its page states.

SQS Developer Guide: sqs-basic-examples-of-iam-policies, sqs-overview-of-managing-access,
sqs-using-identity-based-policies, sqs-abac-tagging-resource-control, sqs-abac-creating-queues,
sqs-configure-dead-letter-queue-redrive, sqs-key-management.
"""

import pytest

from qanat.core.policy.actions import SQS_ACTIONS
from support.pages import ADMINISTRATOR, ALLOWED, EXPLICIT, IMPLICIT, Ask, Json, decision, of

ACCOUNT = "123456789012"
BOB = f"arn:aws:iam::{ACCOUNT}:user/Bob"
SEND, RECEIVE = "sqs:SendMessage", "sqs:ReceiveMessage"


def queue(name: str, region: str = "us-east-2", account: str = ACCOUNT) -> str:
    return f"arn:aws:sqs:{region}:{account}:{name}"


def allow(action: str | list[str], resource: str, condition: Json | None = None) -> Json:
    one = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**one, "Condition": condition} if condition is not None else one


PREFIXED = of(allow("sqs:*", f"arn:aws:sqs:*:{ACCOUNT}:alice_queue_*"))
SHARED = of(allow(SEND, f"arn:aws:sqs:*:{ACCOUNT}:MyCompanyQueue"))
SIZES = of(allow("sqs:GetQueueAttributes", "*"))
PARTNER = of(allow(SEND, f"arn:aws:sqs:*:{ACCOUNT}:WidgetPartnerQueue"))
BOBS = of(allow("sqs:*", f"arn:aws:sqs:*:{ACCOUNT}:bob_queue_*"))

BASIC = [
    # 1: every action, on queues whose name begins so, in any Region, of this account.
    *((PREFIXED, Ask(BOB, action, queue("alice_queue_1")), ALLOWED) for action in sorted(SQS_ACTIONS)),
    (PREFIXED, Ask(BOB, "sqs:CreateQueue", queue("alice_queue_", "eu-west-1")), ALLOWED),
    (PREFIXED, Ask(BOB, "sqs:CreateQueue", queue("alice_queue")), IMPLICIT),
    (PREFIXED, Ask(BOB, "sqs:CreateQueue", queue("Alice_queue_1")), IMPLICIT),
    (PREFIXED, Ask(BOB, SEND, queue("alice_queue_1", account="444455556666")), IMPLICIT),
    (PREFIXED, Ask(BOB, "sqs:ListQueues", "*"), IMPLICIT),  # That is asked of the account, not of a queue.
    # 2: developers write to the shared queue.
    (SHARED, Ask(BOB, SEND, queue("MyCompanyQueue")), ALLOWED),
    (SHARED, Ask(BOB, RECEIVE, queue("MyCompanyQueue")), IMPLICIT),
    (SHARED, Ask(BOB, SEND, queue("MyCompanyQueue2")), IMPLICIT),
    # 3: managers read how large the account's queues are, and need the queue's leave for another account's.
    (SIZES, Ask(BOB, "sqs:GetQueueAttributes", queue("any")), ALLOWED),
    (SIZES, Ask(BOB, "sqs:SetQueueAttributes", queue("any")), IMPLICIT),
    (SIZES, Ask(BOB, "sqs:GetQueueAttributes", queue("any", account="444455556666")), IMPLICIT),
    # 4: the partner's group sends to its queue and does no more.
    (PARTNER, Ask(BOB, SEND, queue("WidgetPartnerQueue")), ALLOWED),
    (PARTNER, Ask(BOB, SEND, queue("MyCompanyQueue")), IMPLICIT),
    (PARTNER, Ask(BOB, "sqs:GetQueueUrl", queue("WidgetPartnerQueue")), IMPLICIT),
    # Overview: the same by another prefix. Who may create a queue needs leave for all else with it.
    (BOBS, Ask(BOB, "sqs:CreateQueue", queue("bob_queue_7")), ALLOWED),
    (BOBS, Ask(BOB, SEND, queue("bob_queue_7")), ALLOWED),
    (BOBS, Ask(BOB, SEND, queue("alice_queue_7")), IMPLICIT),
    (of(allow("sqs:CreateQueue", "*")), Ask(BOB, SEND, queue("bob_queue_7")), IMPLICIT),
]


@pytest.mark.parametrize(("policy", "ask", "expected"), BASIC)
def test_basic_examples_of_iam_policies(policy: Json, ask: Ask, expected: str) -> None:
    assert decision(ask, identity=[policy]) == expected


SUSAN = f"arn:aws:iam::{ACCOUNT}:user/Susan"
XYZ = queue("queue_xyz")


@pytest.mark.parametrize("who", [BOB, SUSAN])
@pytest.mark.parametrize("action", [RECEIVE, SEND, "sqs:DeleteMessage"])
def test_an_iam_policy_and_the_sqs_policy_that_is_equivalent_to_it(who: str, action: str) -> None:
    """The diagram of Bob and Susan in sqs-using-identity-based-policies."""
    ask = Ask(who, action, XYZ)
    iam = of(allow([SEND, RECEIVE], XYZ))
    sqs = of({**allow([SEND, RECEIVE], XYZ), "Principal": {"AWS": [BOB, SUSAN]}})
    expected = IMPLICIT if action == "sqs:DeleteMessage" else ALLOWED
    assert decision(ask, identity=[iam]) == expected
    assert decision(ask, resource=sqs) == expected


def test_bob_may_receive_by_one_policy_and_send_by_the_other_until_a_deny() -> None:
    """The further diagrams there: what two policies allow adds up, and a deny in either wins."""
    iam = of(allow(RECEIVE, XYZ))
    sqs = of({**allow(SEND, XYZ), "Principal": {"AWS": BOB}})
    for action in (SEND, RECEIVE):
        assert decision(Ask(BOB, action, XYZ), identity=[iam], resource=sqs) == ALLOWED
    denying = of({**allow("sqs:*", XYZ), "Effect": "Deny", "Principal": {"AWS": BOB}})
    for action in (SEND, RECEIVE):
        assert decision(Ask(BOB, action, XYZ), identity=[iam], resource=denying) == EXPLICIT


@pytest.mark.parametrize(("name", "expected"), [("my_queue", 1), ("my_prefix_a", 2), ("my_prefix_", 2)])
def test_the_forms_of_a_queues_arn(name: str, expected: int) -> None:
    """Overview: one queue of one Region; one name in every Region; a wildcard for the name."""
    forms = [queue("my_queue"), queue("my_queue", "*"), queue("my_prefix_*", "*")]
    for index, form in enumerate(forms):
        for region in ("us-east-2", "eu-west-1"):
            takes = (index == 2) is (expected == 2) and (index > 0 or region == "us-east-2")
            found = decision(Ask(BOB, SEND, queue(name, region)), identity=[of(allow(SEND, form))])
            assert found == (ALLOWED if takes else IMPLICIT)


RESOURCE, REQUEST, PRINCIPAL = (
    "aws:ResourceTag/environment",
    "aws:RequestTag/environment",
    "aws:PrincipalTag/",
)
PROD_ONLY = of(
    {"Sid": "AllowAccessForProd", **allow("sqs:*", "*", {"StringEquals": {RESOURCE: "prod"}})},
)
SAME_TAG = of(
    {
        "Sid": "AllowAccessForSameResTag",
        **allow(
            [SEND, RECEIVE, "sqs:DeleteMessage"],
            "*",
            {"StringEquals": {RESOURCE: "${aws:PrincipalTag/environment}"}},
        ),
    },
    {
        "Sid": "AllowAccessForSameReqTag",
        **allow(
            ["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:tagqueue"],
            "*",
            {"StringEquals": {REQUEST: "${aws:PrincipalTag/environment}"}},
        ),
    },
    {
        "Sid": "DenyAccessForProd",
        "Effect": "Deny",
        "Action": "sqs:*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/stage": "prod"}},
    },
)
BETA = {f"{PRINCIPAL}environment": "beta"}
ANY = queue("any")

TAGS = [
    (PROD_ONLY, Ask(BOB, "sqs:DeleteQueue", ANY, {RESOURCE: "prod"}), ALLOWED),
    (PROD_ONLY, Ask(BOB, SEND, ANY, {RESOURCE: "beta"}), IMPLICIT),
    (PROD_ONLY, Ask(BOB, SEND, ANY, {RESOURCE: "Prod"}), IMPLICIT),
    (PROD_ONLY, Ask(BOB, SEND, ANY), IMPLICIT),
    # The user tagged `beta` works with queues tagged so.
    (SAME_TAG, Ask(BOB, SEND, ANY, {**BETA, RESOURCE: "beta"}), ALLOWED),
    (SAME_TAG, Ask(BOB, SEND, ANY, {**BETA, RESOURCE: "gamma"}), IMPLICIT),
    (SAME_TAG, Ask(BOB, SEND, ANY, BETA), IMPLICIT),
    (SAME_TAG, Ask(BOB, SEND, ANY, {RESOURCE: "beta"}), IMPLICIT),
    # A queue may be made only with one's own tag. "sqs:tagqueue": actions have no case.
    (SAME_TAG, Ask(BOB, "sqs:CreateQueue", ANY, {**BETA, REQUEST: "beta"}), ALLOWED),
    (SAME_TAG, Ask(BOB, "sqs:TagQueue", ANY, {**BETA, REQUEST: "beta"}), ALLOWED),
    (SAME_TAG, Ask(BOB, "sqs:CreateQueue", ANY, {**BETA, REQUEST: "prod"}), IMPLICIT),
    (SAME_TAG, Ask(BOB, "sqs:CreateQueue", ANY, BETA), IMPLICIT),
    # These two never carry tags, so the policy as printed does not allow them at all.
    (SAME_TAG, Ask(BOB, "sqs:DeleteQueue", ANY, {**BETA, RESOURCE: "beta"}), IMPLICIT),
    # Nothing goes to what is in production.
    (SAME_TAG, Ask(BOB, SEND, ANY, {**BETA, RESOURCE: "beta", "aws:ResourceTag/stage": "prod"}), EXPLICIT),
]


@pytest.mark.parametrize(("policy", "ask", "expected"), TAGS)
def test_access_by_tags(policy: Json, ask: Ask, expected: str) -> None:
    assert decision(ask, identity=[policy]) == expected


OF_TASKS = ["sqs:StartMessageMoveTask", "sqs:CancelMessageMoveTask", "sqs:ListMessageMoveTasks"]
OF_DLQ = [RECEIVE, "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
DLQ, DESTINATION = queue("dlq", "us-west-1"), queue("dest", "us-west-1")
KEY = f"arn:aws:kms:us-east-2:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
REDRIVE_2022 = of(allow(OF_DLQ, DLQ), allow(SEND, DESTINATION))
SOURCE_TAG, DESTINATION_TAG = (
    {"aws:ResourceTag/QueueRole": "source"},
    {"aws:ResourceTag/QueueRole": "destination"},
)
REDRIVE = of(
    allow([*OF_TASKS, *OF_DLQ, "sqs:ListDeadLetterSourceQueues"], DLQ, {"StringEquals": SOURCE_TAG}),
    allow(SEND, DESTINATION, {"StringEquals": DESTINATION_TAG}),
)
REDRIVE_ENCRYPTED = of(*REDRIVE["Statement"], allow(["kms:Decrypt", "kms:GenerateDataKey"], KEY))  # type: ignore[misc]  # A policy is untyped JSON.
PRODUCER = of(
    allow(["kms:GenerateDataKey", "kms:Decrypt"], KEY), allow([SEND], f"arn:aws:sqs:*:{ACCOUNT}:MyQueue")
)
CONSUMER = of(allow(["kms:Decrypt"], KEY), allow([RECEIVE], f"arn:aws:sqs:*:{ACCOUNT}:MyQueue"))

REDRIVES = [
    # To start, cancel and list redrives: the tasks' and messages' permissions on the one queue, sending on the other.
    *((REDRIVE, Ask(BOB, action, DLQ, SOURCE_TAG), ALLOWED) for action in (*OF_TASKS, *OF_DLQ)),
    (REDRIVE, Ask(BOB, SEND, DESTINATION, DESTINATION_TAG), ALLOWED),
    (REDRIVE, Ask(BOB, SEND, DLQ, SOURCE_TAG), IMPLICIT),
    (REDRIVE, Ask(BOB, RECEIVE, DESTINATION, DESTINATION_TAG), IMPLICIT),
    *((REDRIVE, Ask(BOB, action, DLQ), IMPLICIT) for action in OF_TASKS),
    (REDRIVE, Ask(BOB, SEND, DESTINATION, SOURCE_TAG), IMPLICIT),
    # The page of 2022 has no tags, and none of the tasks' permissions.
    *((REDRIVE_2022, Ask(BOB, action, DLQ), ALLOWED) for action in OF_DLQ),
    (REDRIVE_2022, Ask(BOB, SEND, DESTINATION), ALLOWED),
    (REDRIVE_2022, Ask(BOB, OF_TASKS[0], DLQ), IMPLICIT),
    # Encrypted queues: the key as well.
    (REDRIVE_ENCRYPTED, Ask(BOB, OF_TASKS[0], DLQ, SOURCE_TAG), ALLOWED),
    (PRODUCER, Ask(BOB, SEND, queue("MyQueue")), ALLOWED),
    (PRODUCER, Ask(BOB, RECEIVE, queue("MyQueue")), IMPLICIT),
    (PRODUCER, Ask(BOB, "kms:GenerateDataKey", KEY), ALLOWED),
    (CONSUMER, Ask(BOB, RECEIVE, queue("MyQueue")), ALLOWED),
    (CONSUMER, Ask(BOB, "kms:Decrypt", KEY), ALLOWED),
    (CONSUMER, Ask(BOB, "kms:GenerateDataKey", KEY), IMPLICIT),
]


@pytest.mark.parametrize(("policy", "ask", "expected"), REDRIVES)
def test_redrive_and_encryption(policy: Json, ask: Ask, expected: str) -> None:
    assert decision(ask, identity=[policy]) == expected


KEY_POLICY = of(
    {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Resource": "*",
    }
)
TOPIC = "arn:aws:sns:us-east-2:111122223333:topic"
DEPUTY = of(
    {**KEY_POLICY["Statement"][0], "Condition": {"ArnEquals": {"aws:SourceArn": [TOPIC]}}}  # type: ignore[index]  # A policy is untyped JSON.
)


@pytest.mark.parametrize(
    ("policy", "source", "expected"),
    [
        (KEY_POLICY, None, ALLOWED),
        (DEPUTY, TOPIC, ALLOWED),
        (DEPUTY, TOPIC + "2", IMPLICIT),
        (DEPUTY, None, IMPLICIT),
    ],
)
def test_key_policies_for_services(policy: Json, source: str | None, expected: str) -> None:
    """A service as event source may use the key; with aws:SourceArn only for one resource."""
    context = {} if source is None else {"aws:SourceArn": source}
    assert decision(Ask("sns.amazonaws.com", "kms:Decrypt", KEY, context), resource=policy) == expected
    assert decision(Ask("s3.amazonaws.com", "kms:Decrypt", KEY, context), resource=policy) == IMPLICIT


def test_list_queues_can_be_granted_in_an_iam_policy_alone() -> None:
    """sqs-using-identity-based-policies: ListQueues is of the Region, and no queue policy grants it."""
    ask = Ask(BOB, "sqs:ListQueues", "*")
    assert decision(ask, identity=[of(allow("sqs:ListQueues", "*"))], account=ACCOUNT) == ALLOWED
    assert decision(ask, identity=[ADMINISTRATOR], account=ACCOUNT) == ALLOWED
    assert decision(ask, identity=[of(allow("sqs:ListQueues", queue("any")))], account=ACCOUNT) == IMPLICIT

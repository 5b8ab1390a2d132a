"""The whole queue policies that the SQS Developer Guide builds up statement by statement, and their stated effects.

SQS Developer Guide: sqs-least-privilege-policy, sqs-configure-dead-letter-queue-redrive ("with VPC endpoint access
control"); AWS re:Post, sqs-access-policy-least-privilege; how S3, SNS and EventBridge are let send to a queue.
"""

import pytest

from support.pages import ADMINISTRATOR, ALLOWED, EXPLICIT, IMPLICIT, Ask, Given, Json, decision, of

ACCOUNT, ORG = "111122223333", "o-1a2b3c4d5e"
QUEUE, DLQ = f"arn:aws:sqs:us-east-2:{ACCOUNT}:main", f"arn:aws:sqs:us-east-2:{ACCOUNT}:main-dlq"
TOPIC = f"arn:aws:sns:us-east-2:{ACCOUNT}:topic"
VPCE = "vpce-1a2b3c4d"
DEPLOYER, ADMIN, CONSUMER = (
    f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("deploy", "admin", "consumer")
)


def session(role: str) -> str:
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rpartition('/')[2]}/session"


EVERYONE = {"AWS": "*"}


def least_privilege(queue: str) -> list[Json]:
    """The statements that the queue and its dead-letter queue share."""
    return [
        {
            "Sid": "RestrictAdminQueueActions",
            "Effect": "Deny",
            "Principal": EVERYONE,
            "Action": [
                "sqs:AddPermission",
                "sqs:DeleteQueue",
                "sqs:RemovePermission",
                "sqs:SetQueueAttributes",
            ],
            "Resource": queue,
            "Condition": {"StringNotLike": {"aws:PrincipalARN": [DEPLOYER, ADMIN]}},
        },
        {
            "Sid": "DenyQueueActionsOutsideOrg",
            "Effect": "Deny",
            "Principal": EVERYONE,
            "Action": [
                "sqs:AddPermission",
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteQueue",
                "sqs:RemovePermission",
                "sqs:SetQueueAttributes",
                "sqs:ReceiveMessage",
            ],
            "Resource": queue,
            "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": [ORG]}},
        },
        {
            "Sid": "AllowConsumersToReceiveFromTheQueue",
            "Effect": "Allow",
            "Principal": {"AWS": CONSUMER},
            "Action": [
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
            ],
            "Resource": queue,
        },
        {
            "Sid": "DenyOtherConsumersFromReceiving",
            "Effect": "Deny",
            "Principal": EVERYONE,
            "Action": ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"],
            "Resource": queue,
            "Condition": {"StringNotLike": {"aws:PrincipalARN": CONSUMER}},
        },
        {
            "Sid": "DenyUnsecureTransport",
            "Effect": "Deny",
            "Principal": EVERYONE,
            "Action": ["sqs:ReceiveMessage", "sqs:SendMessage"],
            "Resource": queue,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]


WHOLE = of(
    *least_privilege(QUEUE),
    {
        "Sid": "AllowSNSToSendToTheQueue",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
        "Condition": {"ArnLike": {"aws:SourceArn": TOPIC}},
    },
    {
        "Sid": "DenyAllProducersExceptSNSFromSending",
        "Effect": "Deny",
        "Principal": EVERYONE,
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
        "Condition": {"ArnNotLike": {"aws:SourceArn": TOPIC}},
    },
    {
        "Sid": "DenyReceivingIfNotThroughVPCE",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["sqs:ReceiveMessage"],
        "Resource": QUEUE,
        "Condition": {"StringNotEquals": {"aws:sourceVpce": VPCE}},
    },
)
DEAD_LETTERS = of(
    *least_privilege(DLQ),
    {
        "Sid": "DenyAnyProducersExceptSQS",
        "Effect": "Deny",
        "Principal": EVERYONE,
        "Action": "sqs:SendMessage",
        "Resource": DLQ,
        "Condition": {"ArnNotLike": {"aws:SourceArn": f"arn:aws:sqs:us-east-2:{ACCOUNT}:*"}},
    },
)

TLS: Given = {"aws:SecureTransport": "true"}
INSIDE: Given = {**TLS, "aws:PrincipalOrgID": ORG}
THROUGH: Given = {**INSIDE, "aws:SourceVpce": VPCE}
CONSUMES, DEPLOYS, OTHER = session(CONSUMER), session(DEPLOYER), session("role/other")
SEND, RECEIVE, SET, PURGE = (
    "sqs:SendMessage",
    "sqs:ReceiveMessage",
    "sqs:SetQueueAttributes",
    "sqs:PurgeQueue",
)
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
SNS = "sns.amazonaws.com"

CASES = [
    # Management is for the roles that deploy and administer. Even root is none of them.
    (WHOLE, Ask(DEPLOYS, SET, QUEUE, INSIDE), ALLOWED),
    (WHOLE, Ask(session(ADMIN), "sqs:DeleteQueue", QUEUE, INSIDE), ALLOWED),
    (WHOLE, Ask(OTHER, SET, QUEUE, INSIDE), EXPLICIT),
    (WHOLE, Ask(ROOT, SET, QUEUE, INSIDE), EXPLICIT),
    (WHOLE, Ask(DEPLOYS, SET, QUEUE, {**TLS, "aws:PrincipalOrgID": "o-other"}), EXPLICIT),
    (WHOLE, Ask(DEPLOYS, SET, QUEUE, TLS), EXPLICIT),  # Who is in no organization is outside of it.
    # The consumer consumes, through the endpoint and over TLS; nobody else does, whatever it may elsewhere.
    (WHOLE, Ask(CONSUMES, RECEIVE, QUEUE, THROUGH), ALLOWED),
    (WHOLE, Ask(CONSUMES, "sqs:DeleteMessage", QUEUE, INSIDE), ALLOWED),
    (WHOLE, Ask(CONSUMES, RECEIVE, QUEUE, INSIDE), EXPLICIT),
    (WHOLE, Ask(CONSUMES, RECEIVE, QUEUE, {**THROUGH, "aws:SecureTransport": "false"}), EXPLICIT),
    (WHOLE, Ask(OTHER, RECEIVE, QUEUE, THROUGH), EXPLICIT),
    (WHOLE, Ask(DEPLOYS, RECEIVE, QUEUE, THROUGH), EXPLICIT),
    # The topic sends, and nobody else: not another topic, not the consumer.
    (WHOLE, Ask(SNS, SEND, QUEUE, {**TLS, "aws:SourceArn": TOPIC}), ALLOWED),
    (WHOLE, Ask(SNS, SEND, QUEUE, {**TLS, "aws:SourceArn": TOPIC + "2"}), EXPLICIT),
    (WHOLE, Ask("s3.amazonaws.com", SEND, QUEUE, {**TLS, "aws:SourceArn": TOPIC}), IMPLICIT),
    (WHOLE, Ask(CONSUMES, SEND, QUEUE, THROUGH), EXPLICIT),
    (WHOLE, Ask(DEPLOYS, SEND, QUEUE, THROUGH), EXPLICIT),
    # Purging is restricted to nobody: it needs an identity policy, which these callers have.
    (WHOLE, Ask(OTHER, PURGE, QUEUE, TLS), ALLOWED),
    # Dead letters come from this account's queues; there is no endpoint to come through.
    (DEAD_LETTERS, Ask(CONSUMES, RECEIVE, DLQ, INSIDE), ALLOWED),
    (DEAD_LETTERS, Ask(OTHER, RECEIVE, DLQ, INSIDE), EXPLICIT),
    (DEAD_LETTERS, Ask(OTHER, SEND, DLQ, INSIDE), EXPLICIT),
    (DEAD_LETTERS, Ask(OTHER, SEND, DLQ, {**INSIDE, "aws:SourceArn": QUEUE}), ALLOWED),
    (DEAD_LETTERS, Ask(OTHER, SEND, DLQ, {**INSIDE, "aws:SourceArn": QUEUE.replace("1", "9")}), EXPLICIT),
]


@pytest.mark.parametrize(("policy", "ask", "expected"), CASES)
def test_least_privilege(policy: Json, ask: Ask, expected: str) -> None:
    assert decision(ask, identity=[ADMINISTRATOR], resource=policy) == expected


def test_the_consumer_needs_no_policy_of_its_own() -> None:
    assert decision(Ask(CONSUMES, RECEIVE, QUEUE, THROUGH), resource=WHOLE) == ALLOWED
    assert decision(Ask(OTHER, PURGE, QUEUE, TLS), resource=WHOLE) == IMPLICIT


VPC = "vpc-1234567890abcdef0"


def restricted(exception: Json) -> Json:
    """Nothing from outside the VPC, `exception` apart, at either queue of a redrive."""
    return {
        "Version": "2012-10-17",
        "Id": "SQSRedriveWithVpcRestriction",
        "Statement": [
            {
                "Sid": f"DenyOutsideVPCUnlessAWSService_{name}",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": f"arn:aws:sqs:*:{ACCOUNT}:{name}",
                "Condition": {"StringNotEquals": {"aws:SourceVpc": VPC}, **exception},
            }
            for name in ("DestQueue", "Dlq")
        ],
    }


BY_CALLED_VIA = restricted({"StringNotEqualsIfExists": {"aws:CalledViaLast": "sqs.amazonaws.com"}})
BY_VIA_SERVICE = restricted({"BoolIfExists": {"aws:ViaAWSService": "false"}})
MOVED: Given = {
    "aws:CalledVia": ["sqs.amazonaws.com"],
    "aws:CalledViaFirst": "sqs.amazonaws.com",
    "aws:CalledViaLast": "sqs.amazonaws.com",
    "aws:ViaAWSService": True,
}
BY_ANOTHER: Given = {"aws:CalledViaLast": "cloudformation.amazonaws.com", "aws:ViaAWSService": True}
DIRECT: Given = {"aws:ViaAWSService": False}


@pytest.mark.parametrize("name", ["DestQueue", "Dlq"])
@pytest.mark.parametrize(
    ("policy", "context", "expected"),
    [
        (BY_CALLED_VIA, {**DIRECT, "aws:SourceVpc": VPC}, ALLOWED),
        (BY_CALLED_VIA, {**DIRECT, "aws:SourceVpc": "vpc-other"}, EXPLICIT),
        (BY_CALLED_VIA, DIRECT, EXPLICIT),
        (BY_CALLED_VIA, MOVED, ALLOWED),
        (BY_CALLED_VIA, BY_ANOTHER, EXPLICIT),
        (BY_VIA_SERVICE, {**DIRECT, "aws:SourceVpc": VPC}, ALLOWED),
        (BY_VIA_SERVICE, DIRECT, EXPLICIT),
        (BY_VIA_SERVICE, {}, EXPLICIT),
        (BY_VIA_SERVICE, MOVED, ALLOWED),
        (BY_VIA_SERVICE, BY_ANOTHER, ALLOWED),  # It asks whether a service calls, not which.
    ],
)
def test_a_vpc_and_the_redrive_that_comes_from_outside_it(
    policy: Json, context: Given, expected: str, name: str
) -> None:
    ask = Ask(OTHER, SEND, f"arn:aws:sqs:us-east-2:{ACCOUNT}:{name}", context)
    assert decision(ask, identity=[ADMINISTRATOR], resource=policy) == expected


LAMBDA_ROLE = f"arn:aws:iam::{ACCOUNT}:role/lambda"
FIFO = f"arn:aws:sqs:us-east-1:{ACCOUNT}:test.fifo"
REPOST: Json = {
    "Version": "2012-10-17",
    "Id": "default_policy_ID",
    "Statement": [
        {
            "Sid": "owner_statement",
            "Effect": "Allow",
            # Another short ARN that AWS prints.
            "Principal": {"AWS": f"arn:aws:iam:{ACCOUNT}:root"},
            "Action": "SQS:*",
            "Resource": FIFO,
        },
        {
            "Sid": "RestrictSendReceiveToVpce",
            "Effect": "Deny",
            "Principal": "*",
            "Action": [SEND, RECEIVE],
            "Resource": FIFO,
            "Condition": {
                "ArnNotEquals": {"aws:PrincipalArn": LAMBDA_ROLE},
                "StringNotEquals": {"aws:SourceVpce": VPCE},
            },
        },
    ],
}


@pytest.mark.parametrize(
    ("who", "context", "expected"),
    [
        (OTHER, {"aws:SourceVpce": VPCE}, ALLOWED),
        (OTHER, {"aws:SourceVpce": "vpce-5e6f7a8b"}, EXPLICIT),
        (OTHER, {}, EXPLICIT),
        (session(LAMBDA_ROLE), {}, ALLOWED),  # Either exception lets a request through.
        (ROOT, {"aws:SourceVpce": VPCE}, ALLOWED),
        (ROOT, {}, EXPLICIT),
    ],
)
def test_an_endpoint_and_a_lambda_function_alone(who: str, context: Given, expected: str) -> None:
    assert decision(Ask(who, RECEIVE, FIFO, context), identity=[ADMINISTRATOR], resource=REPOST) == expected


def test_the_owner_statement_delegates_to_the_account_and_grants_its_users_nothing() -> None:
    assert decision(Ask(OTHER, "sqs:GetQueueUrl", FIFO), resource=REPOST) == IMPLICIT


KEY = f"arn:aws:kms:us-east-2:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ADMIN = f"arn:aws:iam::{ACCOUNT}:role/key-admin"
OF_KEY_ADMINS = [
    "kms:Create*",
    "kms:Describe*",
    "kms:Enable*",
    "kms:List*",
    "kms:Put*",
    "kms:ScheduleKeyDeletion",
]
KEY_POLICY = of(
    {
        "Sid": "Allow access for Key Administrators",
        "Effect": "Allow",
        "Principal": {"AWS": [KEY_ADMIN]},
        "Action": OF_KEY_ADMINS,
        "Resource": "*",
    },
    {
        "Sid": "Enable read only access to the key metadata",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*"],
        "Resource": "*",
    },
    {
        "Sid": "Allow Amazon SNS to use this key",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": {"ArnLike": {"aws:SourceArn": TOPIC}},
    },
    {
        "Sid": "Allow consumers to use the key through SQS",
        "Effect": "Allow",
        "Principal": {"AWS": CONSUMER},
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:ViaService": "sqs.us-east-2.amazonaws.com"}},
    },
)
# sqs-key-management: what another account's producer and consumer need.
ACROSS = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
SHARED_KEY = of({"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": ACROSS, "Resource": "*"})
VIA_SQS: Given = {"kms:ViaService": "sqs.us-east-2.amazonaws.com"}


@pytest.mark.parametrize(
    ("ask", "identity", "expected"),
    [
        # Key administrators manage the key and do not use it, whatever their own policies say.
        (Ask(session(KEY_ADMIN), "kms:PutKeyPolicy", KEY), [], ALLOWED),
        (Ask(session(KEY_ADMIN), "kms:ScheduleKeyDeletion", KEY), [], ALLOWED),
        (Ask(session(KEY_ADMIN), "kms:Decrypt", KEY, VIA_SQS), [ADMINISTRATOR], IMPLICIT),
        # The account reads the metadata, as far as its own policies let it.
        (Ask(session(CONSUMER), "kms:DescribeKey", KEY), [], IMPLICIT),
        (Ask(session(CONSUMER), "kms:DescribeKey", KEY), [ADMINISTRATOR], ALLOWED),
        (Ask(session(CONSUMER), "kms:PutKeyPolicy", KEY), [ADMINISTRATOR], IMPLICIT),
        # The one topic uses the key, and nobody else of SNS.
        (Ask("sns.amazonaws.com", "kms:GenerateDataKey", KEY, {"aws:SourceArn": TOPIC}), [], ALLOWED),
        (Ask("sns.amazonaws.com", "kms:Decrypt", KEY, {"aws:SourceArn": TOPIC + "2"}), [], IMPLICIT),
        (Ask("sns.amazonaws.com", "kms:Encrypt", KEY, {"aws:SourceArn": TOPIC}), [], IMPLICIT),
        (Ask("s3.amazonaws.com", "kms:Decrypt", KEY, {"aws:SourceArn": TOPIC}), [], IMPLICIT),
        # The consumer decrypts, through SQS only.
        (Ask(session(CONSUMER), "kms:Decrypt", KEY, VIA_SQS), [], ALLOWED),
        (Ask(session(CONSUMER), "kms:Decrypt", KEY), [], IMPLICIT),
        (Ask(session(CONSUMER), "kms:GenerateDataKey", KEY, VIA_SQS), [], IMPLICIT),
        (
            Ask(session(CONSUMER), "kms:Decrypt", KEY, {"kms:ViaService": "s3.us-east-2.amazonaws.com"}),
            [],
            IMPLICIT,
        ),
    ],
)
def test_the_key_policy(ask: Ask, identity: list[Json], expected: str) -> None:
    assert decision(ask, identity=identity, resource=KEY_POLICY) == expected


@pytest.mark.parametrize(
    "action",
    [
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:DescribeKey",
    ],
)
def test_across_accounts_the_key_takes_both_policies(action: str) -> None:
    ask = Ask("arn:aws:iam::444455556666:user/producer", action, KEY)
    own = of({"Effect": "Allow", "Action": ACROSS, "Resource": KEY})
    assert decision(ask, identity=[own], resource=SHARED_KEY) == ALLOWED
    assert decision(ask, identity=[own], resource=KEY_POLICY) == IMPLICIT
    assert decision(ask, resource=SHARED_KEY) == IMPLICIT
    other = Ask("arn:aws:iam::444455556666:user/producer", "kms:CreateGrant", KEY)
    assert decision(other, identity=[ADMINISTRATOR], resource=SHARED_KEY) == IMPLICIT


def test_a_topics_policy_without_resource_is_about_the_topic() -> None:
    """As the IAM guide prints one (reference_policies_variables)."""
    topic = of({"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sns:Subscribe"})
    assert decision(Ask(OTHER, "sns:Subscribe", TOPIC), resource=topic) == ALLOWED
    assert decision(Ask(OTHER, "sns:Publish", TOPIC), resource=topic) == IMPLICIT
    assert decision(Ask(CONSUMES, "sns:Subscribe", TOPIC), resource=topic) == IMPLICIT


S3 = of(
    {
        "Sid": "example-statement-ID",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": ["SQS:SendMessage"],
        "Resource": QUEUE,
        "Condition": {
            "ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:awsexamplebucket1"},
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
        },
    }
)
EVENTS = of(
    {
        "Sid": "EventsToMyQueue",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
        "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:events:us-east-2:{ACCOUNT}:rule/rule-name"}},
    }
)
# IAM User Guide, reference_policies_elements_condition_operators: before services were principals.
OLD_SNS = of(
    {
        "Effect": "Allow",
        "Principal": {"AWS": "123456789012"},
        "Action": "SQS:SendMessage",
        "Resource": QUEUE,
        "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:us-east-2:123456789012:TOPIC-ID"}},
    }
)
BUCKET: Given = {"aws:SourceArn": "arn:aws:s3:::awsexamplebucket1", "aws:SourceAccount": ACCOUNT}
RULE: Given = {"aws:SourceArn": f"arn:aws:events:us-east-2:{ACCOUNT}:rule/rule-name"}


@pytest.mark.parametrize(
    ("policy", "who", "context", "expected"),
    [
        (S3, "s3.amazonaws.com", BUCKET, ALLOWED),
        (S3, "s3.amazonaws.com", {**BUCKET, "aws:SourceAccount": "444455556666"}, IMPLICIT),
        (S3, "s3.amazonaws.com", {**BUCKET, "aws:SourceArn": "arn:aws:s3:::another"}, IMPLICIT),
        (S3, "s3.amazonaws.com", {"aws:SourceArn": BUCKET["aws:SourceArn"]}, IMPLICIT),
        (S3, SNS, BUCKET, IMPLICIT),
        (S3, OTHER, BUCKET, IMPLICIT),
        (EVENTS, "events.amazonaws.com", RULE, ALLOWED),
        (EVENTS, "events.amazonaws.com", {"aws:SourceArn": f"{RULE['aws:SourceArn']}2"}, IMPLICIT),
        (EVENTS, "events.amazonaws.com", {}, IMPLICIT),
        # The key is there only when a service calls: the account's own users are denied.
        (OLD_SNS, "arn:aws:iam::123456789012:root", {}, IMPLICIT),
    ],
)
def test_services_that_send_to_a_queue(policy: Json, who: str, context: Given, expected: str) -> None:
    assert decision(Ask(who, SEND, QUEUE, context), resource=policy) == expected

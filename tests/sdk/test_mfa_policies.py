"""The IAM User Guide's policies with MFA conditions, on queues, with real codes.

id_credentials_mfa_configure-api-require (its three scenarios), reference_policies_condition-keys
(aws:MultiFactorAuthPresent), reference_policies_examples_aws_my-sec-creds-self-manage-mfa-only.
"""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.clients import Clients, refusal
from support.mfa import Phone, new_phone
from support.policies import ROOT, allow, deny, policy
from support.roles import MakeRole, assumed, key_of, sent, trust
from support.server import ACCOUNT, Key, Server
from support.things import MadeQueue, MadeUser, MakeUser

PRESENT = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
UNLESS = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
RECENT = {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}

Guard = Callable[..., MadeQueue]


def keys_of(iam: Any, user: MadeUser) -> dict[str, Key]:
    """The user's own key, a session that is shown no code, and one that is."""
    sts = user.of("sts")
    return {
        "long-term": user.key,
        "session": key_of(sts.get_session_token()),
        "with a code": key_of(sts.get_session_token(**new_phone(iam, user.name).showing())),
    }


def who_may(clients: Clients, keys: dict[str, Key], queue: MadeQueue) -> set[str]:
    return {name for name, key in keys.items() if sent(clients, key, queue) == ""}


@pytest.mark.parametrize(
    ("statements", "may"),
    [
        ([allow("sqs:*", Condition=PRESENT)], {"with a code"}),
        ([allow("sqs:*", Condition=RECENT)], {"with a code"}),
        ([allow("sqs:*"), deny("sqs:*", Condition=UNLESS)], {"with a code"}),
        # The guide: this does not deny long-term credentials, which have no such key at all.
        (
            [allow("sqs:*"), deny("sqs:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})],
            {"long-term", "with a code"},
        ),
        (
            [allow("sqs:*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}})],
            {"long-term", "with a code"},
        ),
        # And this one it warns of: it asks whether the key is there, not what it says.
        (
            [allow("sqs:*", Condition={"Null": {"aws:MultiFactorAuthPresent": "false"}})],
            {"session", "with a code"},
        ),
        (
            [
                allow("sqs:*"),
                deny("sqs:*", Condition={"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "3600"}}),
            ],
            {"with a code"},
        ),
        (
            [allow("sqs:*"), deny("sqs:*", Condition={"Null": {"aws:MultiFactorAuthAge": "true"}})],
            {"with a code"},
        ),
    ],
)
def test_a_users_policy(
    iam: Any,
    clients: Clients,
    make_user: MakeUser,
    queue: MadeQueue,
    statements: list[dict[str, Any]],
    may: set[str],
) -> None:
    """The guide: who calls the APIs of the own account."""
    keys = keys_of(iam, make_user(policy(*statements)))
    assert who_may(clients, keys, queue) == may


def test_a_queues_policy(iam: Any, clients: Clients, make_user: MakeUser, guard: Guard) -> None:
    """The guide: a resource's policy, as for a deletion: whoever it is needs a code for it."""
    user = make_user()
    queue = guard(
        allow("sqs:SendMessage", Principal={"AWS": user.arn}),
        allow("sqs:PurgeQueue", Principal={"AWS": user.arn}, Condition=PRESENT),
    )
    keys = keys_of(iam, user)
    assert who_may(clients, keys, queue) == set(keys)
    purged = set()
    for name, key in keys.items():
        try:
            clients.of("sqs", key).purge_queue(QueueUrl=queue.url)
            purged.add(name)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDenied"  # noqa: PT017 - the others come through
    assert purged == {"with a code"}


def test_across_accounts(
    server: Server, iam: Any, clients: Clients, make_user: MakeUser, make_role: MakeRole, queue: MadeQueue
) -> None:
    """The guide: the trust policy asks for the code, and what the role may do does not ask again."""
    role = make_role(trust(ROOT, Condition=PRESENT), may=policy(allow("sqs:SendMessage")))
    user = make_user(policy(allow("sts:AssumeRole", role.arn)))
    sts = user.of("sts")
    without = refusal(sts.assume_role, RoleArn=role.arn, RoleSessionName="work")
    assert (without.status, without.code) == (403, "AccessDenied")
    assert without.message.startswith(f"User: {user.arn} is not authorized to perform: sts:AssumeRole")
    assert sent(clients, assumed(sts, role, **new_phone(iam, user.name).showing()), queue) == ""


class TestRolesOfAUserWithACode:
    """What a role's session has of it: see docs/decisions."""

    @pytest.fixture
    def phone(self, iam: Any, user: MadeUser) -> Phone:
        return new_phone(iam, user.name)

    @pytest.fixture
    def user(self, make_user: MakeUser) -> MadeUser:
        return make_user(policy(allow("sts:AssumeRole")))

    def test_shown_to_assume_role_it_is_not_the_sessions(
        self, clients: Clients, user: MadeUser, phone: Phone, make_role: MakeRole, queue: MadeQueue
    ) -> None:
        """The guide: the credentials of AssumeRole do not include MFA information in the context."""
        role = make_role(may=policy(allow("sqs:*", Condition=PRESENT)))
        key = assumed(user.of("sts"), role, **phone.showing())
        assert "no identity-based policy allows" in sent(clients, key, queue)

    def test_shown_to_get_session_token_it_goes_along(
        self, clients: Clients, user: MadeUser, phone: Phone, make_role: MakeRole, queue: MadeQueue
    ) -> None:
        role = make_role(trust(ROOT, Condition=PRESENT), may=policy(allow("sqs:*", Condition=PRESENT)))
        session = key_of(user.of("sts").get_session_token(**phone.showing()))
        assert sent(clients, assumed(clients.of("sts", session), role), queue) == ""

    def test_a_code_must_be_recent_for_the_role_too(
        self, clients: Clients, user: MadeUser, phone: Phone, make_role: MakeRole
    ) -> None:
        role = make_role(trust(ROOT, Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "1"}}))
        assert (
            refusal(user.of("sts").assume_role, RoleArn=role.arn, RoleSessionName="work").code
            == "AccessDenied"
        )
        assumed(user.of("sts"), role, **phone.showing())


def test_no_more_than_a_device_without_a_code(iam: Any, make_user: MakeUser, clients: Clients) -> None:
    """reference_policies_examples_aws_my-sec-creds-self-manage-mfa-only: BlockMostAccessUnlessSignedInWithMFA."""
    left = ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ListMFADevices", "iam:ResyncMFADevice"]
    shut = {"Sid": "Block", "Effect": "Deny", "NotAction": [*left, "sts:GetSessionToken"], "Resource": "*"}
    user = make_user(policy(allow(["iam:*", "sqs:*"]), {**shut, "Condition": UNLESS}))
    assert refusal(user.sqs().list_queues).code == "AccessDenied"
    assert refusal(user.of("iam").list_users).code == "AccessDenied"
    # All by the user's own key: the device, and the first session with it.
    phone = new_phone(user.of("iam"), user.name)
    key = key_of(user.of("sts").get_session_token(**phone.showing()))
    clients.of("sqs", key).list_queues()
    assert clients.of("iam", key).list_mfa_devices()["MFADevices"][0]["SerialNumber"] == phone.serial


def test_explain_shows_the_keys(
    server: Server, iam: Any, clients: Clients, make_user: MakeUser, queue: MadeQueue
) -> None:
    user = make_user(policy(allow("sqs:*"), {"Sid": "Mfa", **deny("sqs:*", Condition=UNLESS)}))
    asked = ("--principal", user.arn, "--action", "SendMessage", "--queue", queue.name)

    def told(*words: str) -> tuple[int, str]:
        found = server.command("policy", "explain", *asked, *words, "--data", str(server.data))
        assert found.stderr == ""
        return found.returncode, " ".join(found.stdout.split())

    code, text = told()
    assert code == 1
    assert "only temporary credentials have the key" in text
    assert "use credentials that GetSessionToken gave for a code of an MFA device" in text
    assert told("--context", "aws:MultiFactorAuthPresent=true")[0] == 0
    key = key_of(user.of("sts").get_session_token())
    assert refusal(clients.of("sqs", key).send_message, QueueUrl=queue.url, MessageBody="x")
    last = server.command("policy", "explain", "--principal", user.arn, "--data", str(server.data))
    assert "aws:MultiFactorAuthPresent = false" in " ".join(last.stdout.split())


def test_explain_knows_the_age(server: Server, make_user: MakeUser, queue: MadeQueue) -> None:
    user = make_user(policy(allow("sqs:*", Condition=RECENT)))
    asked = ("--principal", user.arn, "--action", "SendMessage", "--queue", queue.name)

    def told(*words: str) -> tuple[int, str]:
        found = server.command("policy", "explain", *asked, *words, "--data", str(server.data))
        return found.returncode, " ".join(found.stdout.split())

    code, text = told()
    assert code == 1
    assert "only credentials that were given out for a code of an MFA device have the key" in text
    assert told("--context", "aws:MultiFactorAuthAge=3599")[0] == 0
    assert told("--context", "aws:MultiFactorAuthAge=3600")[0] == 1


def test_the_account_is_the_devices_own(iam: Any, make_user: MakeUser) -> None:
    user = make_user()
    elsewhere = f"arn:aws:iam::210987654321:mfa/{user.name}"
    refused = refusal(iam.delete_virtual_mfa_device, SerialNumber=elsewhere)
    assert refused[:2] == (404, "NoSuchEntity")
    assert ACCOUNT not in refused.message

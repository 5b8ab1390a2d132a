"""IAM's rules and texts (IAM API reference; IAM User Guide, reference_iam-quotas)."""

import pytest

from qanat.core.control import Control
from qanat.core.errors import QanatError
from qanat.core.identity import commands as c
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.model import AccessKey, User, caller_of
from qanat.core.page import Page

ACCOUNT = "123456789012"
ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


def control_with(*commands: object) -> Control:
    control = Control()
    for command in (c.CreateAccount(ACCOUNT), *commands):
        control.handle(command, 1_000)
    return control


BOB = c.CreateUser(ACCOUNT, "bob", "/team/", "AIDABOB")
KEY = c.CreateAccessKey(ACCOUNT, "bob", "AKIA0000000000000001", "secret")
KEY_2 = c.CreateAccessKey(ACCOUNT, "bob", "AKIA0000000000000002", "secret")
POLICY = c.PutInlinePolicy(HolderKind.USER, ACCOUNT, "bob", "all", ALLOW_ALL)


@pytest.mark.parametrize(
    ("before", "command", "code", "text"),
    [
        ((), c.CreateAccount(ACCOUNT), "EntityAlreadyExists", "Account 123456789012 already exists."),
        ((BOB,), BOB, "EntityAlreadyExists", "User with name bob already exists."),
        (
            (BOB,),
            c.CreateUser(ACCOUNT, "BOB", "/", "AIDA2"),
            "EntityAlreadyExists",
            "User with name BOB already exists.",
        ),
        (
            (BOB,),
            c.GetUser(ACCOUNT, "Bob"),
            "NoSuchEntity",
            "The user with name Bob cannot be found.",
        ),
        ((), c.DeleteUser(ACCOUNT, "x"), "NoSuchEntity", "The user with name x cannot be found."),
        (
            (BOB, KEY),
            c.DeleteUser(ACCOUNT, "bob"),
            "DeleteConflict",
            "Cannot delete entity, must delete access keys first.",
        ),
        (
            (BOB, POLICY),
            c.DeleteUser(ACCOUNT, "bob"),
            "DeleteConflict",
            "Cannot delete entity, must delete policies first.",
        ),
        (
            (BOB, KEY, KEY_2),
            c.CreateAccessKey(ACCOUNT, "bob", "AKIA3", "s"),
            "LimitExceeded",
            "Cannot exceed quota for AccessKeysPerUser: 2",
        ),
        (
            (BOB, c.CreateUser(ACCOUNT, "eve", "/", "AIDAEVE"), KEY),
            c.DeleteAccessKey(ACCOUNT, "eve", KEY.access_key_id),
            "NoSuchEntity",
            "The Access Key with id AKIA0000000000000001 cannot be found.",
        ),
        (
            (BOB,),
            c.GetInlinePolicy(HolderKind.USER, ACCOUNT, "bob", "none"),
            "NoSuchEntity",
            "The user policy with name none cannot be found.",
        ),
        (
            (BOB,),
            c.DeleteInlinePolicy(HolderKind.USER, ACCOUNT, "bob", "none"),
            "NoSuchEntity",
            "The user policy with name none cannot be found.",
        ),
        (
            (BOB,),
            c.PutInlinePolicy(
                HolderKind.USER, ACCOUNT, "bob", "big", ALLOW_ALL.replace("*", "sqs:" + "x" * 2048)
            ),
            "LimitExceeded",
            "Maximum policy size of 2048 bytes exceeded for user bob",
        ),
        (
            (),
            c.CreateUser("210987654321", "eve", "/", "AIDA"),
            "NoSuchEntity",
            "Account 210987654321 cannot be found.",
        ),
    ],
)
def test_refusals(before: tuple[object, ...], command: object, code: str, text: str) -> None:
    control = control_with(*before)
    with pytest.raises(QanatError) as refusal:
        control.handle(command, 2_000)
    assert (refusal.value.code, refusal.value.message) == (code, text)


@pytest.mark.parametrize(
    "document", ["{", "[]", '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}']
)
def test_a_policy_that_cannot_be_understood_is_malformed(document: str) -> None:
    control = control_with(BOB)
    with pytest.raises(QanatError) as refusal:
        control.handle(c.PutInlinePolicy(HolderKind.USER, ACCOUNT, "bob", "p", document), 0)
    assert refusal.value.code == "MalformedPolicyDocument"


def test_white_space_does_not_count_towards_the_size_of_policies() -> None:
    control = control_with(BOB)
    control.handle(
        c.PutInlinePolicy(HolderKind.USER, ACCOUNT, "bob", "p", ALLOW_ALL.replace(",", "," + " " * 2048)), 0
    )
    user = control.identity.user(ACCOUNT, "bob")
    assert user is not None
    assert [name for name, _ in user.policies] == ["p"]


def test_white_space_fills_no_memory() -> None:
    """The API takes 131,072 characters at once, in as many policies of one user as have other names."""
    control = control_with(BOB)
    blank = ALLOW_ALL + " " * 8 * 1_800
    control.handle(c.PutInlinePolicy(HolderKind.USER, ACCOUNT, "bob", "p", blank), 0)
    for document, name in ((blank, "q"), (ALLOW_ALL + " " * 100_000, "p")):
        with pytest.raises(QanatError) as refusal:
            control.handle(c.PutInlinePolicy(HolderKind.USER, ACCOUNT, "bob", name, document), 0)
        assert refusal.value.code == "LimitExceeded"


def test_a_user_made_again_is_another_principal() -> None:
    control = control_with(BOB)
    first = control.identity.user(ACCOUNT, "bob")
    control.handle(c.DeleteUser(ACCOUNT, "bob"), 0)
    assert control.identity.user(ACCOUNT, "bob") is None
    control.handle(c.CreateUser(ACCOUNT, "bob", "/", "AIDASECOND"), 0)
    second = control.identity.user(ACCOUNT, "bob")
    assert first is not None
    assert second is not None
    assert caller_of(first).unique_id != caller_of(second).unique_id


def test_keys_are_found_by_id_until_they_are_deleted() -> None:
    control = control_with(BOB, KEY)
    expected = AccessKey(KEY.access_key_id, "secret", ACCOUNT, "bob", 1_000)
    assert control.identity.key(KEY.access_key_id) == expected
    control.handle(c.DeleteAccessKey(ACCOUNT, "bob", KEY.access_key_id), 0)
    assert control.identity.key(KEY.access_key_id) is None


def test_users_are_listed_by_path_and_page() -> None:
    names = [f"user{number}" for number in range(5)]
    control = control_with(BOB, *(c.CreateUser(ACCOUNT, name, "/all/", f"AIDA{name}") for name in names))
    listed: list[str] = []
    marker = None
    while True:
        reply = control.handle(c.ListUsers(ACCOUNT, "/all/", marker, 2), 0).reply
        assert isinstance(reply, Page)
        listed += [user.name for user in reply.items]
        marker = reply.next_token
        if marker is None:
            break
    assert listed == names


def test_the_root_is_a_user_without_a_name() -> None:
    reply = control_with().handle(c.GetUser(ACCOUNT, None), 0).reply
    assert reply == User(ACCOUNT, ACCOUNT, ACCOUNT, "/", 1_000)


def test_no_secret_shows_in_a_log_line() -> None:
    key = control_with(BOB, KEY).identity.key(KEY.access_key_id)
    assert "'secret'" not in repr(key)

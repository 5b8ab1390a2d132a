"""Policies written inside users, groups and roles (IAM User Guide, access_policies_inline, reference_iam-quotas)."""

import json

import pytest

from core.identity.world import ACCOUNT, ALLOW_ALL, BOB, World
from qanat.core.identity import commands as c
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.inline_policies import INLINE_POLICIES_MAX_CHARACTERS
from qanat.core.identity.model import Role
from qanat.core.identity.records import RolePut

ROLE = Role(ACCOUNT, "worker", "AROAWORKER", "/", 0, "{}")
HOLDERS = {HolderKind.USER: "bob", HolderKind.GROUP: "staff", HolderKind.ROLE: "worker"}
KINDS = pytest.mark.parametrize("kind", HolderKind)


@pytest.fixture
def world() -> World:
    made = World(BOB, c.CreateGroup(ACCOUNT, "staff", "/", "AGPA"))
    made.control.apply(RolePut(ROLE))
    return made


def document(characters: int) -> str:
    """A policy of so many characters, white space not counted."""
    shortest = ALLOW_ALL.replace('"Action":"*"', '"Action":"sqs:"')
    return shortest.replace("sqs:", "sqs:" + "x" * (characters - len(shortest)))


@KINDS
def test_put_get_list_delete(world: World, kind: HolderKind) -> None:
    at = (kind, ACCOUNT, HOLDERS[kind])
    for name in ("b", "a", "c"):
        world.told(c.PutInlinePolicy(*at, name, ALLOW_ALL))
    assert world.records(c.PutInlinePolicy(*at, "a", ALLOW_ALL)) == []
    assert len(world.records(c.PutInlinePolicy(*at, "a", ALLOW_ALL + " "))) == 1
    assert world.told(c.GetInlinePolicy(*at, "a")) == ALLOW_ALL + " "
    page = world.told(c.ListInlinePolicies(*at, None, 2))
    rest = world.told(c.ListInlinePolicies(*at, page.next_token, 2))
    assert (page.items, rest.items, rest.next_token) == (("a", "b"), ("c",), None)
    world.told(c.DeleteInlinePolicy(*at, "b"))
    assert world.told(c.ListInlinePolicies(*at)).items == ("a", "c")
    missing = ("NoSuchEntity", f"The {kind} policy with name b cannot be found.")
    assert world.refused(c.GetInlinePolicy(*at, "b")) == missing
    assert world.refused(c.DeleteInlinePolicy(*at, "b")) == missing


@KINDS
def test_the_holder_must_exist(world: World, kind: HolderKind) -> None:
    missing = ("NoSuchEntity", f"The {kind} with name none cannot be found.")
    at = (kind, ACCOUNT, "none")
    for command in (
        c.PutInlinePolicy(*at, "p", ALLOW_ALL),
        c.GetInlinePolicy(*at, "p"),
        c.ListInlinePolicies(*at),
        c.DeleteInlinePolicy(*at, "p"),
    ):
        assert world.refused(command) == missing


@KINDS
def test_the_quota_is_of_all_policies_of_a_holder(world: World, kind: HolderKind) -> None:
    at, limit = (kind, ACCOUNT, HOLDERS[kind]), INLINE_POLICIES_MAX_CHARACTERS[kind]
    world.told(c.PutInlinePolicy(*at, "first", document(limit - 200)))
    spaced = document(200).replace(",", ",\n" + " " * 1_000)
    world.told(c.PutInlinePolicy(*at, "second", spaced))
    over = (
        "LimitExceeded",
        f"Maximum policy size of {limit} bytes exceeded for {kind} {HOLDERS[kind]}",
    )
    assert world.refused(c.PutInlinePolicy(*at, "second", document(201))) == over
    world.told(c.PutInlinePolicy(*at, "first", document(limit - 201)))
    world.told(c.PutInlinePolicy(*at, "second", document(201)))


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ("{", "Syntax errors in policy."),
        ({"Version": "2011-01-01"}, "Policy document must be version 2012-10-17 or greater."),
        ({"Principal": "*"}, "Policy document should not specify a principal."),
        ({"Action": None}, "Policy statement must contain actions."),
        ({"Resource": None}, "Policy statement must contain resources."),
        ({"Action": "send"}, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
        ({"Action": "a:b:c"}, "Actions/Condition can contain only one colon."),
        ({"Resource": "queue"}, 'Resource queue must be in ARN format or "*".'),
        ({"Effect": "Permit"}, "Syntax errors in policy."),
        ({"Effect": "allow"}, "The policy failed legacy parsing"),
        ({"Action": "a_b:c"}, "Vendor a_b is not valid"),
    ],
    ids=str,
)
def test_a_malformed_policy_is_told_in_iams_words(
    world: World, changed: str | dict[str, str | None], text: str
) -> None:
    if isinstance(changed, str):
        written = changed
    else:
        policy = json.loads(ALLOW_ALL)
        into = policy if "Version" in changed else policy["Statement"][0]
        for name, value in changed.items():
            into[name] = value
            if value is None:
                del into[name]
        written = json.dumps(policy)
    code, message = world.refused(c.PutInlinePolicy(HolderKind.USER, ACCOUNT, "bob", "p", written))
    assert code == "MalformedPolicyDocument"
    assert message.startswith(text)


def test_sids_are_unique_in_one_policy(world: World) -> None:
    statement = {"Sid": "One", "Effect": "Allow", "Action": "*", "Resource": "*"}
    written = json.dumps({"Version": "2012-10-17", "Statement": [statement, statement]})
    _, message = world.refused(c.PutInlinePolicy(HolderKind.USER, ACCOUNT, "bob", "p", written))
    assert message.startswith("Statement IDs (SID) in a single policy must be unique.")

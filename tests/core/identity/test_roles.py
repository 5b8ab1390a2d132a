"""Roles and their trust policies (IAM API reference; IAM User Guide, id_roles)."""

import json

import pytest

from core.identity.world import ACCOUNT, BOB, EVE, OTHER, World
from qanat.core.identity import commands as c
from qanat.core.identity import policy_commands as p
from qanat.core.identity import role_commands as r
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.model import Role
from qanat.core.identity.records import RolePut

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def trust(*principals: object, action: object = "sts:AssumeRole") -> str:
    statements = [{"Effect": "Allow", "Principal": one, "Action": action} for one in principals]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


BOB_ARN = f"arn:aws:iam::{ACCOUNT}:user/team/bob"
TRUST_EC2 = trust({"Service": "ec2.amazonaws.com"})
WORKER = r.CreateRole(ACCOUNT, "worker", "/app/", "AROAWORKER", TRUST_EC2)


def role(world: World, name: str = "worker") -> Role:
    found = world.control.identity.role(ACCOUNT, name)
    assert found is not None
    return found


def test_a_role_knows_whom_its_trust_policy_meant() -> None:
    world = World(BOB, WORKER)
    worker = f"arn:aws:iam::{ACCOUNT}:role/app/worker"
    stranger = "arn:aws:iam::999999999999:user/stranger"
    text = trust({"AWS": [worker, BOB_ARN, stranger, ACCOUNT]}, "*", {"AWS": BOB_ARN})
    world.told(r.CreateRole(ACCOUNT, "other", "/", "AROAOTHER", text))
    assert role(world, "other").trusted_ids == ((worker, "AROAWORKER"), (BOB_ARN, "AIDABOB"))
    assert role(world, "other").trust == text


def test_a_principal_made_again_is_bound_anew_when_the_policy_is_saved_again() -> None:
    text = trust({"AWS": BOB_ARN})
    world = World(BOB, r.CreateRole(ACCOUNT, "worker", "/", "AROA1", text))
    world.told(c.DeleteUser(ACCOUNT, "bob"))
    assert role(world).trusted_ids == ((BOB_ARN, "AIDABOB"),)
    refused = world.refused(r.UpdateAssumeRolePolicy(ACCOUNT, "worker", text))
    assert refused == ("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{BOB_ARN}"')
    world.told(c.CreateUser(ACCOUNT, "bob", "/team/", "AIDASECOND"))
    world.told(r.UpdateAssumeRolePolicy(ACCOUNT, "worker", text))
    assert role(world).trusted_ids == ((BOB_ARN, "AIDASECOND"),)


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{ACCOUNT}:user/bob",
        f"arn:aws:iam::{ACCOUNT}:role/none",
        f"arn:aws:iam::{OTHER}:user/nobody",
    ],
)
def test_a_principal_of_an_account_that_is_here_must_be_there_too(arn: str) -> None:
    refused = World(BOB).refused(r.CreateRole(ACCOUNT, "x", "/", "AROA1", trust({"AWS": arn})))
    assert refused == ("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{arn}"')


@pytest.mark.parametrize(
    "arn", [f"arn:aws:sts::{ACCOUNT}:assumed-role/none/s", f"arn:aws:sts::{ACCOUNT}:federated-user/none"]
)
def test_a_session_need_not_be_there(arn: str) -> None:
    world = World(r.CreateRole(ACCOUNT, "worker", "/", "AROA1", trust({"AWS": arn})))
    assert role(world).trusted_ids == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "This policy contains invalid Json"),
        ('{"Statement":[{"Effect":"Allow",}]}', "This policy contains invalid Json"),
        (trust("*").replace('"Action"', '"Resource":"*","Action"'), "Has prohibited field Resource"),
        (trust("*", action="sqs:*"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (
            trust("*", action=["sts:AssumeRole", "*"]),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (trust("*").replace('"Principal": "*", ', ""), "Syntax errors in policy."),
        (trust("*").replace("2012-10-17", "2013"), "Policy document must be version 2012-10-17 or greater."),
    ],
)
def test_a_trust_policy_written_wrong(text: str, message: str) -> None:
    world = World(WORKER)
    for command in (
        r.CreateRole(ACCOUNT, "x", "/", "AROA1", text),
        r.UpdateAssumeRolePolicy(ACCOUNT, "worker", text),
    ):
        code, found = world.refused(command)
        assert (code, found[: len(message)]) == ("MalformedPolicyDocument", message)


def test_a_trust_policy_may_be_so_long_and_no_longer() -> None:
    accounts = [f"{number:012d}" for number in range(400)]
    refused = World().refused(r.CreateRole(ACCOUNT, "x", "/", "AROA1", trust({"AWS": accounts})))
    assert refused == ("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 4096")


@pytest.mark.parametrize("action", ["sts:AssumeRole", "STS:assumerole", ["sts:AssumeRole", "sts:TagSession"]])
def test_actions_that_a_trust_policy_may_have(action: object) -> None:
    World(r.CreateRole(ACCOUNT, "worker", "/", "AROA1", trust("*", action=action)))


@pytest.mark.parametrize(
    ("before", "command", "code", "text"),
    [
        (
            (),
            r.CreateRole(ACCOUNT, "WORKER", "/", "AROA2", TRUST_EC2),
            "EntityAlreadyExists",
            "Role with name WORKER already exists.",
        ),
        (
            (),
            r.CreateRole("999999999999", "x", "/", "AROA2", TRUST_EC2),
            "NoSuchEntity",
            "Account 999999999999 cannot be found.",
        ),
        (
            (),
            r.CreateRole(ACCOUNT, "x", "/", "AROA2", TRUST_EC2, boundary=f"arn:aws:iam::{OTHER}:policy/p"),
            "NoSuchEntity",
            f"Scope ARN: arn:aws:iam::{OTHER}:policy/p does not exist or is not attachable.",
        ),
        ((), r.GetRole(ACCOUNT, "none"), "NoSuchEntity", "The role with name none cannot be found."),
        ((), r.GetRole(OTHER, "worker"), "NoSuchEntity", "The role with name worker cannot be found."),
        ((), r.UpdateRole(ACCOUNT, "none"), "NoSuchEntity", "The role with name none cannot be found."),
        ((), r.DeleteRole(ACCOUNT, "none"), "NoSuchEntity", "The role with name none cannot be found."),
        (
            (p.AttachPolicy(HolderKind.ROLE, ACCOUNT, "worker", ADMINISTRATOR),),
            r.DeleteRole(ACCOUNT, "worker"),
            "DeleteConflict",
            "Cannot delete entity, must detach all policies first.",
        ),
        (
            (
                r.CreateInstanceProfile(ACCOUNT, "hosts", "/", "AIPA1"),
                r.AddRoleToInstanceProfile(ACCOUNT, "hosts", "worker"),
            ),
            r.DeleteRole(ACCOUNT, "worker"),
            "DeleteConflict",
            "Cannot delete entity, must remove roles from instance profile first.",
        ),
    ],
)
def test_refusals(before: tuple[object, ...], command: object, code: str, text: str) -> None:
    assert World(WORKER, *before).refused(command) == (code, text)


def test_inline_policies_keep_a_role() -> None:
    world = World(WORKER)
    role_with_policy = Role(ACCOUNT, "worker", "AROA1", "/", 0, TRUST_EC2, policies=(("p", "{}"),))
    world.control.apply(RolePut(role_with_policy))
    refused = world.refused(r.DeleteRole(ACCOUNT, "worker"))
    assert refused == ("DeleteConflict", "Cannot delete entity, must delete policies first.")


def test_a_boundary_does_not_keep_a_role() -> None:
    world = World(r.CreateRole(ACCOUNT, "worker", "/", "AROA1", TRUST_EC2, boundary=ADMINISTRATOR))
    assert role(world).boundary == ADMINISTRATOR
    world.told(r.DeleteRole(ACCOUNT, "worker"))
    assert world.control.identity.role(ACCOUNT, "worker") is None


def test_what_is_not_given_stays_and_what_is_the_same_is_not_written() -> None:
    world = World(WORKER, EVE)
    world.told(r.UpdateRole(ACCOUNT, "worker", "a text", 7_200))
    world.told(r.UpdateRole(ACCOUNT, "worker", max_session_s=3_601))
    world.told(r.TagRole(ACCOUNT, "worker", (("Team", "a"), ("x", ""))))
    world.told(r.TagRole(ACCOUNT, "worker", (("team", "b"),)))
    found = role(world)
    assert (found.description, found.max_session_s) == ("a text", 3_601)
    assert found.tags == (("team", "b"), ("x", ""))
    for command in (
        r.UpdateRole(ACCOUNT, "worker", "a text", 3_601),
        r.UpdateRole(ACCOUNT, "worker"),
        r.UpdateAssumeRolePolicy(ACCOUNT, "worker", TRUST_EC2),
        r.TagRole(ACCOUNT, "worker", (("team", "b"),)),
        r.UntagRole(ACCOUNT, "worker", ("none",)),
    ):
        assert world.records(command) == []
    world.told(r.UpdateRole(ACCOUNT, "worker", ""))
    world.told(r.UntagRole(ACCOUNT, "worker", ("TEAM",)))
    assert (role(world).description, role(world).tags) == (None, (("x", ""),))


def test_a_role_holds_fifty_tags() -> None:
    world = World(WORKER)
    world.told(r.TagRole(ACCOUNT, "worker", tuple((f"k{number}", "") for number in range(50))))
    refused = world.refused(r.TagRole(ACCOUNT, "worker", (("one more", ""),)))
    assert refused == ("LimitExceeded", "The number of tags has reached the maximum limit.")


def test_roles_are_listed_by_path_and_page() -> None:
    names = [f"role{number}" for number in range(5)]
    world = World(WORKER, *(r.CreateRole(ACCOUNT, name, "/all/", f"AROA{name}", TRUST_EC2) for name in names))
    first = world.told(r.ListRoles(ACCOUNT, "/all/", None, 3))
    rest = world.told(r.ListRoles(ACCOUNT, "/all/", first.next_token, 3))
    assert [one.name for one in (*first.items, *rest.items)] == names
    assert rest.next_token is None
    assert world.told(r.ListRoles(OTHER)).items == ()

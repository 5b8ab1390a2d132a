"""Managed policies and where they are used (IAM API reference; IAM User Guide, access_policies_managed-versioning)."""

import pytest

from core.identity.world import ACCOUNT, ALLOW_ALL, BOB, EVE, OTHER, World
from qanat.core.identity import commands as c
from qanat.core.identity import policy_commands as p
from qanat.core.identity import role_commands as r
from qanat.core.identity.aws_managed import AWS_MANAGED
from qanat.core.identity.effective import policies_of
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.model import Group, ManagedPolicy
from qanat.core.identity.records import GroupPut
from qanat.core.policy.document import PolicyKind, parse

USER, GROUP, ROLE = HolderKind.USER, HolderKind.GROUP, HolderKind.ROLE
ARN = f"arn:aws:iam::{ACCOUNT}:policy/team/work"
AWS_ARN = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
DENY_ALL = ALLOW_ALL.replace("Allow", "Deny")
TRUST = (
    '{"Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
)
WORK = p.CreatePolicy(ACCOUNT, "work", "/team/", "ANPAWORK", ALLOW_ALL, "a text", (("k", "v"),))
WORKER = r.CreateRole(ACCOUNT, "worker", "/app/", "AROAWORKER", TRUST)
OPS = Group(ACCOUNT, "ops", "AGPAOPS", "/", 0)
VERSIONS_2 = p.CreatePolicyVersion(ACCOUNT, ARN, DENY_ALL)


def world_with(*commands: object) -> World:
    """A user, a group, a role and a policy."""
    world = World(BOB, WORKER, WORK)
    world.control.apply(GroupPut(OPS))
    for command in commands:
        world.told(command)
    return world


def attach(kind: HolderKind, name: str, arn: str = ARN) -> p.AttachPolicy:
    return p.AttachPolicy(kind, ACCOUNT, name, arn)


def policy(world: World, arn: str = ARN) -> ManagedPolicy:
    found = world.control.identity.managed_policy(arn)
    assert found is not None
    return found


def counts(world: World, arn: str = ARN, account: str = ACCOUNT) -> tuple[int, int]:
    found = world.told(p.GetPolicy(account, arn))
    return found.attachments, found.boundaries


def test_versions_are_numbered_on_and_five_at_most() -> None:
    world = world_with()
    shown = [world.told(p.CreatePolicyVersion(ACCOUNT, ARN, DENY_ALL), now_ms=5_000) for _ in range(4)]
    assert [one.version.version_id for one in shown] == ["v2", "v3", "v4", "v5"]
    assert not any(one.is_default for one in shown)
    assert (policy(world).document, policy(world).updated_at_ms) == (ALLOW_ALL, 5_000)
    assert world.refused(VERSIONS_2) == (
        "LimitExceeded",
        (
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing "
            "version."
        ),
    )
    world.told(p.DeletePolicyVersion(ACCOUNT, ARN, "v5"))
    assert world.told(p.CreatePolicyVersion(ACCOUNT, ARN, DENY_ALL, set_as_default=True)).is_default
    assert (policy(world).default_version_id, policy(world).document) == ("v6", DENY_ALL)
    refused = world.refused(p.DeletePolicyVersion(ACCOUNT, ARN, "v6"))
    assert refused == ("DeleteConflict", "Cannot delete the default version of a policy.")
    world.told(p.SetDefaultPolicyVersion(ACCOUNT, ARN, "v1"))
    assert policy(world).document == ALLOW_ALL
    assert world.records(p.SetDefaultPolicyVersion(ACCOUNT, ARN, "v1")) == []


def test_versions_are_listed_newest_first_in_pages() -> None:
    world = world_with()
    for _ in range(9):
        world.told(VERSIONS_2)
        world.told(p.SetDefaultPolicyVersion(ACCOUNT, ARN, policy(world).versions[-1].version_id))
        world.told(p.DeletePolicyVersion(ACCOUNT, ARN, policy(world).versions[0].version_id))
    world.told(VERSIONS_2)
    world.told(VERSIONS_2)
    first = world.told(p.ListPolicyVersions(ACCOUNT, ARN, None, 2))
    rest = world.told(p.ListPolicyVersions(ACCOUNT, ARN, first.next_token, 2))
    assert [one.version.version_id for one in (*first.items, *rest.items)] == ["v12", "v11", "v10"]
    assert [one.is_default for one in (*first.items, *rest.items)] == [False, False, True]


SIX = "Cannot exceed quota for PolicySize: 6144"


def of_size(characters: int) -> str:
    text = ALLOW_ALL.replace('"Action":"*"', '"Action":"sqs:%s"')
    return text % ("x" * (characters - len(text) + 2))


def test_white_space_does_not_count_towards_the_size_of_a_policy() -> None:
    world = world_with()
    fits = of_size(6_144)
    assert len(fits) == 6_144
    world.told(p.CreatePolicyVersion(ACCOUNT, ARN, fits.replace(",", ",\n" + " " * 500)))
    assert world.refused(p.CreatePolicyVersion(ACCOUNT, ARN, of_size(6_145))) == ("LimitExceeded", SIX)
    too_large = p.CreatePolicy(ACCOUNT, "large", "/", "ANPA2", of_size(6_145))
    assert world.refused(too_large) == ("LimitExceeded", SIX)


@pytest.mark.parametrize("document", ["{", "[]", ALLOW_ALL.replace('"Action"', '"Principal":"*","Action"')])
def test_a_policy_that_cannot_be_understood_is_malformed(document: str) -> None:
    world = world_with()
    for command in (
        p.CreatePolicy(ACCOUNT, "x", "/", "ANPA2", document),
        p.CreatePolicyVersion(ACCOUNT, ARN, document),
    ):
        assert world.refused(command)[0] == "MalformedPolicyDocument"


NOT_FOUND = ("NoSuchEntity", f"Policy {ARN}x was not found.")
NOT_ATTACHABLE = ("NoSuchEntity", f"Policy {ARN}x does not exist or is not attachable.")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            p.CreatePolicy(ACCOUNT, "WORK", "/", "ANPA2", ALLOW_ALL),
            ("EntityAlreadyExists", "A policy called WORK already exists. Duplicate names are not allowed."),
        ),
        (p.GetPolicy(ACCOUNT, f"{ARN}x"), NOT_FOUND),
        (p.GetPolicy(OTHER, ARN), ("NoSuchEntity", f"Policy {ARN} was not found.")),
        (p.DeletePolicy(ACCOUNT, f"{ARN}x"), NOT_FOUND),
        (p.DeletePolicy(OTHER, ARN), ("NoSuchEntity", f"Policy {ARN} was not found.")),
        (p.CreatePolicyVersion(ACCOUNT, f"{ARN}x", ALLOW_ALL), NOT_FOUND),
        (p.ListPolicyVersions(ACCOUNT, f"{ARN}x"), NOT_FOUND),
        (p.ListEntitiesForPolicy(ACCOUNT, f"{ARN}x"), NOT_FOUND),
        (
            p.GetPolicyVersion(ACCOUNT, ARN, "v2"),
            ("NoSuchEntity", f"Policy {ARN} version v2 does not exist or is not attachable."),
        ),
        (
            p.SetDefaultPolicyVersion(ACCOUNT, ARN, "v2"),
            ("NoSuchEntity", f"Policy {ARN} version v2 does not exist or is not attachable."),
        ),
        (attach(USER, "bob", f"{ARN}x"), NOT_ATTACHABLE),
        (attach(GROUP, "ops", f"{ARN}x"), NOT_ATTACHABLE),
        (attach(ROLE, "worker", f"{ARN}x"), NOT_ATTACHABLE),
        (attach(USER, "none"), ("NoSuchEntity", "The user with name none cannot be found.")),
        (attach(GROUP, "none"), ("NoSuchEntity", "The group with name none cannot be found.")),
        (attach(ROLE, "none"), ("NoSuchEntity", "The role with name none cannot be found.")),
        (p.DetachPolicy(USER, ACCOUNT, "bob", ARN), ("NoSuchEntity", f"Policy {ARN} was not found.")),
        (
            p.PutPermissionsBoundary(USER, ACCOUNT, "bob", f"{ARN}x"),
            ("NoSuchEntity", f"Scope ARN: {ARN}x does not exist or is not attachable."),
        ),
        (
            c.CreateUser(ACCOUNT, "new", "/", "AIDANEW", boundary=f"{ARN}x"),
            ("NoSuchEntity", f"Scope ARN: {ARN}x does not exist or is not attachable."),
        ),
    ],
)
def test_refusals(command: object, expected: tuple[str, str]) -> None:
    assert world_with().refused(command) == expected


@pytest.mark.parametrize(
    "command",
    [
        p.DeletePolicy(ACCOUNT, AWS_ARN),
        p.CreatePolicyVersion(ACCOUNT, AWS_ARN, ALLOW_ALL),
        p.SetDefaultPolicyVersion(ACCOUNT, AWS_ARN, "v1"),
        p.DeletePolicyVersion(ACCOUNT, AWS_ARN, "v1"),
        p.TagPolicy(ACCOUNT, AWS_ARN, (("k", "v"),)),
        p.UntagPolicy(ACCOUNT, AWS_ARN, ("k",)),
    ],
)
def test_what_aws_manages_nobody_changes(command: object) -> None:
    refused = world_with().refused(command)
    assert refused == ("AccessDenied", f"Policy {AWS_ARN} is managed by AWS and cannot be changed.")


@pytest.mark.parametrize(
    ("kind", "name", "quota"),
    [
        (USER, "bob", "PoliciesPerUser"),
        (GROUP, "ops", "PoliciesPerGroup"),
        (ROLE, "worker", "PoliciesPerRole"),
    ],
)
def test_ten_are_attached_at_most(kind: HolderKind, name: str, quota: str) -> None:
    world = world_with()
    for number in range(11):
        world.told(p.CreatePolicy(ACCOUNT, f"p{number:02}", "/", f"ANPA{number}", ALLOW_ALL))
    arns = [f"arn:aws:iam::{ACCOUNT}:policy/p{number:02}" for number in reversed(range(10))]
    for arn in arns:
        world.told(attach(kind, name, arn))
    refused = world.refused(attach(kind, name, f"arn:aws:iam::{ACCOUNT}:policy/p10"))
    assert refused == ("LimitExceeded", f"Cannot exceed quota for {quota}: 10")
    assert world.records(attach(kind, name, arns[0])) == [], "it is attached already"
    first = world.told(p.ListAttachedPolicies(kind, ACCOUNT, name, "/", None, 6))
    rest = world.told(p.ListAttachedPolicies(kind, ACCOUNT, name, "/", first.next_token, 6))
    assert [one.arn for one in (*first.items, *rest.items)] == sorted(arns)
    world.told(p.DetachPolicy(kind, ACCOUNT, name, arns[3]))
    left = world.told(p.ListAttachedPolicies(kind, ACCOUNT, name)).items
    assert {one.arn for one in left} == {*arns} - {arns[3]}


def test_what_is_attached_is_listed_by_path() -> None:
    world = world_with(attach(USER, "bob"), attach(USER, "bob", AWS_ARN))
    listed = world.told(p.ListAttachedPolicies(USER, ACCOUNT, "bob")).items
    assert [one.arn for one in listed] == [ARN, AWS_ARN]
    listed = world.told(p.ListAttachedPolicies(USER, ACCOUNT, "bob", "/team/")).items
    assert [one.arn for one in listed] == [ARN]


def test_attachments_and_boundaries_are_counted_and_keep_the_policy() -> None:
    world = world_with(attach(USER, "bob"), attach(GROUP, "ops"), attach(ROLE, "worker"))
    world.told(p.PutPermissionsBoundary(ROLE, ACCOUNT, "worker", ARN))
    assert counts(world) == (3, 1)
    in_use = ("DeleteConflict", "Cannot delete a policy attached to entities.")
    for kind, name in ((USER, "bob"), (GROUP, "ops"), (ROLE, "worker")):
        assert world.refused(p.DeletePolicy(ACCOUNT, ARN)) == in_use
        world.told(p.DetachPolicy(kind, ACCOUNT, name, ARN))
    assert counts(world) == (0, 1)
    assert world.refused(p.DeletePolicy(ACCOUNT, ARN)) == in_use, "it is a boundary"
    assert world.records(p.PutPermissionsBoundary(ROLE, ACCOUNT, "worker", ARN)) == []
    world.told(p.DeletePermissionsBoundary(ROLE, ACCOUNT, "worker"))
    assert world.records(p.DeletePermissionsBoundary(ROLE, ACCOUNT, "worker")) == []
    world.told(VERSIONS_2)
    assert world.refused(p.DeletePolicy(ACCOUNT, ARN)) == (
        "DeleteConflict",
        (
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy."
        ),
    )
    world.told(p.DeletePolicyVersion(ACCOUNT, ARN, "v2"))
    world.told(p.DeletePolicy(ACCOUNT, ARN))
    assert world.control.identity.managed_policy(ARN) is None


def test_a_policy_of_aws_is_counted_account_by_account() -> None:
    world = world_with(attach(USER, "bob", AWS_ARN))
    world.told(c.CreateUser(OTHER, "bob", "/", "AIDAOTHER", boundary=AWS_ARN))
    assert (counts(world, AWS_ARN), counts(world, AWS_ARN, OTHER)) == ((1, 0), (0, 1))


def test_entities_of_a_policy() -> None:
    world = world_with(attach(USER, "bob"), attach(GROUP, "ops"), attach(ROLE, "worker"), EVE)
    for kind, name in ((USER, "bob"), (USER, "eve")):
        world.told(p.PutPermissionsBoundary(kind, ACCOUNT, name, ARN))

    def names(**asked: object) -> list[str]:
        reply = world.told(p.ListEntitiesForPolicy(ACCOUNT, ARN, **asked))  # type: ignore[arg-type]  # names of fields
        return [one.name for one in reply.items]

    assert names() == ["ops", "worker", "bob", "eve"]
    assert names(usage=p.PolicyUsage.PERMISSIONS) == ["ops", "worker", "bob"]
    assert names(usage=p.PolicyUsage.BOUNDARY) == ["bob", "eve"]
    assert names(kinds=(USER,)) == ["bob", "eve"]
    assert names(kinds=()) == []
    assert names(path_prefix="/team/") == ["bob"]
    first = world.told(p.ListEntitiesForPolicy(ACCOUNT, ARN, max_items=3))
    rest = world.told(p.ListEntitiesForPolicy(ACCOUNT, ARN, marker=first.next_token, max_items=3))
    assert [one.name for one in rest.items] == ["eve"]


def test_policies_are_listed_by_scope_and_use() -> None:
    world = world_with(attach(USER, "bob", AWS_ARN))
    world.told(p.PutPermissionsBoundary(USER, ACCOUNT, "bob", ARN))

    def arns(**asked: object) -> set[str]:
        reply = world.told(p.ListPolicies(ACCOUNT, **asked))  # type: ignore[arg-type]  # names of fields
        return {one.policy.arn for one in reply.items}

    assert arns() == {ARN, *AWS_MANAGED}
    assert arns(scope=p.PolicyScope.LOCAL) == {ARN}
    assert arns(scope=p.PolicyScope.AWS) == {*AWS_MANAGED}
    assert arns(only_attached=True) == {AWS_ARN}
    assert arns(usage=p.PolicyUsage.BOUNDARY) == {ARN}
    assert arns(usage=p.PolicyUsage.PERMISSIONS) == {AWS_ARN}
    assert arns(path_prefix="/team/") == {ARN}
    listed: list[str] = []
    marker = None
    while True:
        page = world.told(p.ListPolicies(ACCOUNT, marker=marker, max_items=2))
        listed += [one.policy.arn for one in page.items]
        marker = page.next_token
        if marker is None:
            break
    assert sorted(listed) == sorted([ARN, *AWS_MANAGED])


def test_tags_of_a_policy() -> None:
    world = world_with(p.TagPolicy(ACCOUNT, ARN, (("K", "w"), ("a", ""))))
    assert world.told(p.ListPolicyTags(ACCOUNT, ARN)).items == (("K", "w"), ("a", ""))
    assert world.records(p.TagPolicy(ACCOUNT, ARN, (("K", "w"),))) == []
    world.told(p.UntagPolicy(ACCOUNT, ARN, ("k",)))
    assert policy(world).tags == (("a", ""),)


def test_what_is_attached_is_in_force() -> None:
    world = world_with(attach(USER, "bob"), attach(USER, "bob", AWS_ARN))
    world.told(p.PutPermissionsBoundary(USER, ACCOUNT, "bob", AWS_ARN))
    found = policies_of(world.user("bob"), world.control.identity)
    sqs = AWS_MANAGED[AWS_ARN].document
    assert (found.identity, found.boundary) == (((ARN, ALLOW_ALL), (AWS_ARN, sqs)), (AWS_ARN, sqs))


@pytest.mark.parametrize("managed", AWS_MANAGED.values(), ids=lambda one: str(one.name))
def test_what_aws_manages_is_understood_here(managed: ManagedPolicy) -> None:
    assert managed.arn == f"arn:aws:iam::aws:policy/{managed.name}"
    assert managed.created_at_ms <= managed.updated_at_ms
    assert parse(managed.document, PolicyKind.IDENTITY).statements

"""Which policies apply to a user or a role (IAM User Guide, access_policies_identity-vs-resource, id_groups)."""

from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from qanat.core.identity.effective import PolicyMissing, policies_of
from qanat.core.identity.model import Group, ManagedPolicy, PolicyVersion, Role, User

ACCOUNT = "123456789012"


@dataclass
class World:
    groups: dict[str, Group] = field(default_factory=dict)
    policies: dict[str, ManagedPolicy] = field(default_factory=dict)

    def group(self, account: str, name: str) -> Group | None:
        return self.groups.get(name)

    def managed_policy(self, arn: str) -> ManagedPolicy | None:
        return self.policies.get(arn)


def managed(name: str) -> ManagedPolicy:
    versions = tuple(PolicyVersion(f"v{number}", f"{name} v{number}", 0) for number in (1, 2))
    return ManagedPolicy(ACCOUNT, name, f"ANPA{name}", "/", 0, 0, versions, "v2", 3)


P, Q, EDGE = (managed(name) for name in ("p", "q", "edge"))
WORLD = World(
    {"ops": Group(ACCOUNT, "ops", "AGPA1", "/", 0, (("g", "group text"),), (P.arn, Q.arn))},
    {policy.arn: policy for policy in (P, Q, EDGE)},
)
BOB = User(
    ACCOUNT, "bob", "AIDABOB", "/", 0, (("a", "text a"), ("b", "text b")), (), (P.arn,), ("ops",), EDGE.arn
)
ROLE = Role(ACCOUNT, "worker", "AROA1", "/", 0, "trust", policies=(("a", "text"),), attached=(Q.arn,))


def test_a_user_has_its_own_policies_and_those_of_its_groups_each_once() -> None:
    found = policies_of(BOB, WORLD)
    assert found.identity == (
        ("user/bob inline a", "text a"),
        ("user/bob inline b", "text b"),
        (P.arn, "p v2"),
        ("group/ops inline g", "group text"),
        (Q.arn, "q v2"),
    )
    assert found.boundary == (EDGE.arn, "edge v2")


def test_a_role_has_its_own() -> None:
    assert policies_of(ROLE, WORLD) == ((("role/worker inline a", "text"), (Q.arn, "q v2")), None)


def test_a_default_version_that_is_set_back_is_the_one_in_force() -> None:
    world = World(policies={Q.arn: replace(Q, default_version_id="v1")})
    assert policies_of(ROLE, world).identity[1].text == "q v1"


@pytest.mark.parametrize(
    ("principal", "missing"),
    [
        (replace(ROLE, attached=("arn:aws:iam::123456789012:policy/gone",)), "policy/gone"),
        (replace(ROLE, boundary="arn:aws:iam::123456789012:policy/gone"), "policy/gone"),
        (replace(BOB, groups=("gone",)), "The group gone"),
    ],
)
def test_what_is_missing_is_never_passed_over(principal: User | Role, missing: str) -> None:
    with pytest.raises(PolicyMissing, match=missing):
        policies_of(principal, WORLD)

"""Instance profiles (IAM API reference; IAM User Guide, id_roles_use_switch-role-ec2_instance-profiles)."""

import pytest

from core.identity.world import ACCOUNT, OTHER, World
from qanat.core.identity import role_commands as r

TRUST = (
    '{"Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
)
WORKER = r.CreateRole(ACCOUNT, "worker", "/app/", "AROAWORKER", TRUST)
HOSTS = r.CreateInstanceProfile(ACCOUNT, "hosts", "/x/", "AIPAHOSTS", (("k", "v"),))
ADD = r.AddRoleToInstanceProfile(ACCOUNT, "hosts", "worker")
NONE = ("NoSuchEntity", "Instance Profile none cannot be found.")


def test_a_profile_holds_one_role() -> None:
    world = World(WORKER, HOSTS)
    assert world.told(r.GetInstanceProfile(ACCOUNT, "hosts")).role is None
    world.told(ADD)
    found = world.told(r.GetInstanceProfile(ACCOUNT, "hosts"))
    assert (found.profile.arn, found.role.arn) == (
        f"arn:aws:iam::{ACCOUNT}:instance-profile/x/hosts",
        f"arn:aws:iam::{ACCOUNT}:role/app/worker",
    )
    assert world.refused(ADD) == (
        "LimitExceeded",
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
    )
    refused = world.refused(r.DeleteInstanceProfile(ACCOUNT, "hosts"))
    assert refused == (
        "DeleteConflict",
        "Cannot delete entity, must remove roles from instance profile first.",
    )
    world.told(r.RemoveRoleFromInstanceProfile(ACCOUNT, "hosts", "worker"))
    world.told(r.DeleteInstanceProfile(ACCOUNT, "hosts"))
    assert world.refused(r.GetInstanceProfile(ACCOUNT, "hosts"))[0] == "NoSuchEntity"
    world.told(r.DeleteRole(ACCOUNT, "worker"))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            r.CreateInstanceProfile(ACCOUNT, "HOSTS", "/", "AIPA2"),
            ("EntityAlreadyExists", "Instance Profile HOSTS already exists."),
        ),
        (r.GetInstanceProfile(ACCOUNT, "none"), NONE),
        (r.GetInstanceProfile(OTHER, "none"), NONE),
        (r.DeleteInstanceProfile(ACCOUNT, "none"), NONE),
        (r.AddRoleToInstanceProfile(ACCOUNT, "none", "worker"), NONE),
        (
            r.AddRoleToInstanceProfile(ACCOUNT, "hosts", "none"),
            ("NoSuchEntity", "The role with name none cannot be found."),
        ),
        (
            r.RemoveRoleFromInstanceProfile(ACCOUNT, "hosts", "worker"),
            ("NoSuchEntity", "The role with name worker cannot be found."),
        ),
        (
            r.ListInstanceProfilesForRole(ACCOUNT, "none"),
            ("NoSuchEntity", "The role with name none cannot be found."),
        ),
    ],
)
def test_refusals(command: object, expected: tuple[str, str]) -> None:
    assert World(WORKER, HOSTS).refused(command) == expected


def test_profiles_are_listed_by_path_by_role_and_in_pages() -> None:
    world = World(WORKER, HOSTS)
    for number in range(3):
        world.told(r.CreateInstanceProfile(ACCOUNT, f"p{number}", "/", f"AIPA{number}"))
        world.told(r.AddRoleToInstanceProfile(ACCOUNT, f"p{number}", "worker"))

    def names(command: object) -> list[str]:
        return [found.profile.name for found in world.told(command).items]

    assert names(r.ListInstanceProfiles(ACCOUNT)) == ["hosts", "p0", "p1", "p2"]
    assert names(r.ListInstanceProfiles(ACCOUNT, "/x/")) == ["hosts"]
    assert names(r.ListInstanceProfiles(OTHER)) == []
    first = world.told(r.ListInstanceProfilesForRole(ACCOUNT, "worker", None, 2))
    assert names(r.ListInstanceProfilesForRole(ACCOUNT, "worker", first.next_token)) == ["p2"]


def test_tags_of_a_profile() -> None:
    world = World(HOSTS, r.TagInstanceProfile(ACCOUNT, "hosts", (("K", "w"), ("a", ""))))
    assert world.told(r.ListInstanceProfileTags(ACCOUNT, "hosts")).items == (("K", "w"), ("a", ""))
    assert world.records(r.UntagInstanceProfile(ACCOUNT, "hosts", ("b",))) == []
    world.told(r.UntagInstanceProfile(ACCOUNT, "hosts", ("k",)))
    assert world.told(r.ListInstanceProfileTags(ACCOUNT, "hosts")).items == (("a", ""),)

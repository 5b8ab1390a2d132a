"""Groups and their members (IAM User Guide, id_groups and reference_iam-quotas)."""

import pytest
from msgspec.structs import replace

from core.identity.world import ACCOUNT, ALLOW_ALL, BOB, EVE, OTHER, World
from qanat.core.identity import commands as c
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.records import GroupPut, GroupRenamed

STAFF = c.CreateGroup(ACCOUNT, "staff", "/teams/", "AGPASTAFF")
JOIN = c.AddUserToGroup(ACCOUNT, "staff", "bob")


def members(world: World, name: str) -> list[str]:
    return [user.name for user in world.told(c.GetGroup(ACCOUNT, name))[1].items]


def groups_of(world: World, user: str) -> list[str]:
    return [group.name for group in world.told(c.ListGroupsForUser(ACCOUNT, user)).items]


@pytest.mark.parametrize(
    ("command", "code", "text"),
    [
        (
            replace(STAFF, name="STAFF"),
            "EntityAlreadyExists",
            "Group with name STAFF already exists.",
        ),
        (replace(STAFF, account="000000000000"), "NoSuchEntity", "Account 000000000000 cannot be found."),
        (c.GetGroup(ACCOUNT, "Staff"), "NoSuchEntity", "The group with name Staff cannot be found."),
        (c.GetGroup(OTHER, "staff"), "NoSuchEntity", "The group with name staff cannot be found."),
        (c.DeleteGroup(ACCOUNT, "none"), "NoSuchEntity", "The group with name none cannot be found."),
        (
            c.AddUserToGroup(ACCOUNT, "none", "nobody"),
            "NoSuchEntity",
            "The group with name none cannot be found.",
        ),
        (
            c.AddUserToGroup(ACCOUNT, "staff", "nobody"),
            "NoSuchEntity",
            "The user with name nobody cannot be found.",
        ),
        (c.RemoveUserFromGroup(ACCOUNT, "staff", "eve"), "NoSuchEntity", "User eve not in group staff"),
        (
            c.UpdateGroup(ACCOUNT, "staff", "ALL"),
            "EntityAlreadyExists",
            "Group with name ALL already exists.",
        ),
        (
            c.ListGroupsForUser(ACCOUNT, "nobody"),
            "NoSuchEntity",
            "The user with name nobody cannot be found.",
        ),
    ],
)
def test_refusals(command: object, code: str, text: str) -> None:
    world = World(BOB, EVE, STAFF, c.CreateGroup(ACCOUNT, "all", "/", "AGPAALL"), JOIN)
    assert world.refused(command) == (code, text)


def test_members_come_and_go() -> None:
    world = World(BOB, EVE, STAFF, c.CreateGroup(ACCOUNT, "all", "/", "AGPAALL"))
    world.told(c.AddUserToGroup(ACCOUNT, "staff", "eve"))
    world.told(JOIN)
    assert world.records(JOIN) == []
    world.told(c.AddUserToGroup(ACCOUNT, "all", "bob"))
    assert (members(world, "staff"), groups_of(world, "bob")) == (["bob", "eve"], ["all", "staff"])
    world.told(c.RemoveUserFromGroup(ACCOUNT, "staff", "bob"))
    assert (members(world, "staff"), groups_of(world, "bob")) == (["eve"], ["all"])


def test_members_follow_a_new_name() -> None:
    world = World(BOB, STAFF, JOIN)
    (record,) = world.records(c.UpdateGroup(ACCOUNT, "staff", "crew", "/"))
    group = world.control.identity.group(ACCOUNT, "crew")
    assert group is not None
    assert record == GroupRenamed("staff", group)
    assert (group.arn, group.group_id) == ("arn:aws:iam::123456789012:group/crew", "AGPASTAFF")
    assert (members(world, "crew"), groups_of(world, "bob")) == (["bob"], ["crew"])
    world.told(c.UpdateGroup(ACCOUNT, "crew", "CREW"))
    assert groups_of(world, "bob") == ["CREW"]
    assert world.records(c.UpdateGroup(ACCOUNT, "CREW", "CREW", "/")) == []
    (record,) = world.records(c.UpdateGroup(ACCOUNT, "CREW", None, "/x/"))
    assert isinstance(record, GroupPut)


def test_conflicts_of_a_deletion_come_in_order() -> None:
    world = World(BOB, STAFF, JOIN)
    world.told(c.PutInlinePolicy(HolderKind.GROUP, ACCOUNT, "staff", "all", ALLOW_ALL))
    group = world.control.identity.group(ACCOUNT, "staff")
    assert group is not None
    world.control.apply(GroupPut(replace(group, attached=("arn:aws:iam::aws:policy/ReadOnlyAccess",))))
    delete = c.DeleteGroup(ACCOUNT, "staff")
    conflict = "DeleteConflict"
    assert world.refused(delete) == (conflict, "Cannot delete entity, must remove users from group first.")
    world.told(c.RemoveUserFromGroup(ACCOUNT, "staff", "bob"))
    assert world.refused(delete) == (conflict, "Cannot delete entity, must delete policies first.")
    world.told(c.DeleteInlinePolicy(HolderKind.GROUP, ACCOUNT, "staff", "all"))
    assert world.refused(delete) == (conflict, "Cannot delete entity, must detach all policies first.")
    world.control.apply(GroupPut(replace(group, policies=(), attached=())))
    world.told(delete)
    assert world.control.identity.group(ACCOUNT, "staff") is None


def test_a_user_is_in_ten_groups_at_most() -> None:
    world = World(BOB, *(c.CreateGroup(ACCOUNT, f"g{number}", "/", "AGPA") for number in range(11)))
    for number in range(10):
        world.told(c.AddUserToGroup(ACCOUNT, f"g{number}", "bob"))
    full = ("LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10")
    assert world.refused(c.AddUserToGroup(ACCOUNT, "g10", "bob")) == full
    assert world.records(c.AddUserToGroup(ACCOUNT, "g3", "bob")) == []


def test_groups_are_listed_by_path_and_page() -> None:
    made = [c.CreateGroup(ACCOUNT, f"g{number}", "/all/", f"AGPA{number}") for number in range(5)]
    world = World(STAFF, *made, replace(made[0], account=OTHER))
    first = world.told(c.ListGroups(ACCOUNT, "/all/", None, 3))
    second = world.told(c.ListGroups(ACCOUNT, "/all/", first.next_token, 3))
    assert [group.name for group in (*first.items, *second.items)] == [f"g{number}" for number in range(5)]
    assert second.next_token is None

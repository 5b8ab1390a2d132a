"""Users, their keys and tags (IAM User Guide, id_users, id_credentials_access-keys, id_tags, reference_iam-quotas)."""

import pytest
from msgspec.structs import replace

from core.identity.world import ACCOUNT, ALLOW_ALL, BOB, EVE, OTHER, World
from qanat.core.identity import commands as c
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.model import KeyUse
from qanat.core.identity.records import KeysUsed, UserPut, UserRenamed

KEY = c.CreateAccessKey(ACCOUNT, "bob", "AKIA0000000000000001", "secret")


class TestUpdate:
    def test_a_new_name_takes_everything_along(self) -> None:
        world = World(BOB, KEY, c.CreateGroup(ACCOUNT, "staff", "/", "AGPA"))
        world.told(c.AddUserToGroup(ACCOUNT, "staff", "bob"))
        before = world.user("bob")
        (record,) = world.records(c.UpdateUser(ACCOUNT, "bob", "rob", "/else/"))
        assert record == UserRenamed("bob", replace(before, name="rob", path="/else/"))
        assert world.user("rob").arn == "arn:aws:iam::123456789012:user/else/rob"
        assert world.user("rob").unique_id == "AIDABOB"
        assert world.control.identity.user(ACCOUNT, "bob") is None
        key = world.control.identity.key(KEY.access_key_id)
        assert key is not None
        assert key.user_name == "rob"
        assert world.told(c.ListAccessKeys(ACCOUNT, "rob")).items == (key,)
        assert world.told(c.GetGroup(ACCOUNT, "staff"))[1].items == (world.user("rob"),)
        assert world.control.identity.unique_id_of(before.arn) is None
        assert world.control.identity.arn_of("AIDABOB") == world.user("rob").arn
        world.told(replace(BOB, user_id="AIDANEW"))

    def test_a_new_path_is_no_new_name(self) -> None:
        world = World(BOB)
        (record,) = world.records(c.UpdateUser(ACCOUNT, "bob", None, "/else/"))
        assert record == UserPut(replace(world.user("bob"), path="/else/"))

    @pytest.mark.parametrize(("name", "path"), [(None, None), ("bob", None), ("bob", "/team/")])
    def test_what_changes_nothing_is_not_logged(self, name: str | None, path: str | None) -> None:
        assert World(BOB).records(c.UpdateUser(ACCOUNT, "bob", name, path)) == []

    def test_names_differ_by_more_than_case(self) -> None:
        world = World(BOB, EVE)
        taken = ("EntityAlreadyExists", "User with name EVE already exists.")
        assert world.refused(c.UpdateUser(ACCOUNT, "bob", "EVE")) == taken
        world.told(c.UpdateUser(ACCOUNT, "bob", "Bob"))
        assert world.user("Bob").user_id == "AIDABOB"
        missing = ("NoSuchEntity", "The user with name bob cannot be found.")
        assert world.refused(c.UpdateUser(ACCOUNT, "bob", "x")) == missing


class TestDelete:
    def test_conflicts_come_in_order(self) -> None:
        arn = "arn:aws:iam::aws:policy/AdministratorAccess"
        world = World(BOB, KEY, c.CreateGroup(ACCOUNT, "staff", "/", "AGPA"))
        world.told(c.PutInlinePolicy(HolderKind.USER, ACCOUNT, "bob", "all", ALLOW_ALL))
        world.told(c.AddUserToGroup(ACCOUNT, "staff", "bob"))
        world.control.apply(UserPut(replace(world.user("bob"), attached=(arn,))))
        steps = [
            ("must delete access keys first.", c.DeleteAccessKey(ACCOUNT, "bob", KEY.access_key_id)),
            (
                "must delete policies first.",
                c.DeleteInlinePolicy(HolderKind.USER, ACCOUNT, "bob", "all"),
            ),
            ("must detach all policies first.", None),
            ("must remove users from group first.", c.RemoveUserFromGroup(ACCOUNT, "staff", "bob")),
        ]
        for text, remedy in steps:
            refused = world.refused(c.DeleteUser(ACCOUNT, "bob"))
            assert refused == ("DeleteConflict", f"Cannot delete entity, {text}")
            if remedy is None:
                world.control.apply(UserPut(replace(world.user("bob"), attached=())))
            else:
                world.told(remedy)
        world.told(c.DeleteUser(ACCOUNT, "bob"))
        assert world.control.identity.user(ACCOUNT, "bob") is None


class TestTags:
    def test_keys_are_one_in_any_case_and_the_newer_spelling_stays(self) -> None:
        world = World(BOB)
        world.told(c.TagUser(ACCOUNT, "bob", (("TEAM", "b"), ("area", "x"))))
        assert world.user("bob").tags == (("TEAM", "b"), ("area", "x"))
        assert world.told(c.ListUserTags(ACCOUNT, "bob")).items == (("TEAM", "b"), ("area", "x"))
        world.told(c.UntagUser(ACCOUNT, "bob", ("team", "never")))
        assert world.user("bob").tags == (("area", "x"),)

    def test_what_changes_nothing_is_not_logged(self) -> None:
        world = World(BOB)
        assert world.records(c.TagUser(ACCOUNT, "bob", (("team", "a"),))) == []
        assert world.records(c.UntagUser(ACCOUNT, "bob", ("other",))) == []

    def test_fifty_fit(self) -> None:
        world = World(EVE)
        tags = tuple(sorted((f"k{number}", "") for number in range(50)))
        world.told(c.TagUser(ACCOUNT, "eve", tags))
        full = ("LimitExceeded", "The number of tags has reached the maximum limit.")
        assert world.refused(c.TagUser(ACCOUNT, "eve", (("more", ""),))) == full
        world.told(c.TagUser(ACCOUNT, "eve", (("K7", "new"),)))
        page = world.told(c.ListUserTags(ACCOUNT, "eve", None, 30))
        rest = world.told(c.ListUserTags(ACCOUNT, "eve", page.next_token, 30))
        expected = {key: value for key, value in tags if key != "k7"} | {"K7": "new"}
        assert dict((*page.items, *rest.items)) == expected
        assert (len(page.items), len(rest.items), rest.next_token) == (30, 20, None)


class TestKeys:
    def test_a_key_is_switched_off_and_on(self) -> None:
        world = World(BOB, KEY)
        off = c.UpdateAccessKey(ACCOUNT, "bob", KEY.access_key_id, active=False)
        assert len(world.records(off)) == 1
        assert world.records(off) == []
        (key,) = world.told(c.ListAccessKeys(ACCOUNT, "bob")).items
        assert not key.active
        world.told(replace(off, active=True))
        (key,) = world.told(c.ListAccessKeys(ACCOUNT, "bob")).items
        assert key.active

    def test_a_key_is_its_users_alone(self) -> None:
        world = World(BOB, EVE, KEY)
        missing = ("NoSuchEntity", f"The Access Key with id {KEY.access_key_id} cannot be found.")
        assert world.refused(c.UpdateAccessKey(ACCOUNT, "eve", KEY.access_key_id, active=False)) == missing
        assert world.refused(c.DeleteAccessKey(ACCOUNT, "eve", KEY.access_key_id)) == missing
        assert world.refused(c.GetAccessKeyLastUsed(OTHER, KEY.access_key_id)) == missing
        assert world.refused(c.GetAccessKeyLastUsed(ACCOUNT, "AKIANONE"))[0] == "NoSuchEntity"

    def test_the_last_use_is_told(self) -> None:
        world = World(BOB, KEY)
        key, use = world.told(c.GetAccessKeyLastUsed(ACCOUNT, KEY.access_key_id))
        assert (key.user_name, use) == ("bob", None)
        noted = KeyUse(KEY.access_key_id, 1_500, "sqs", "us-east-2")
        news = c.NoteKeyUses((noted, KeyUse("AKIADELETED", 1_500, "sqs", "us-east-2")))
        assert world.records(news) == [KeysUsed((noted,))]
        assert world.records(news) == []
        assert world.told(c.GetAccessKeyLastUsed(ACCOUNT, KEY.access_key_id))[1] == noted
        world.told(c.UpdateUser(ACCOUNT, "bob", "rob"))
        key, use = world.told(c.GetAccessKeyLastUsed(ACCOUNT, KEY.access_key_id))
        assert (key.user_name, use) == ("rob", noted)
        world.told(c.DeleteAccessKey(ACCOUNT, "rob", KEY.access_key_id))
        world.told(replace(KEY, user_name="rob"))
        assert world.told(c.GetAccessKeyLastUsed(ACCOUNT, KEY.access_key_id))[1] is None


def test_nobody_has_a_password() -> None:
    world = World(BOB)
    missing = ("NoSuchEntity", "Login Profile for User bob cannot be found.")
    assert world.refused(c.GetLoginProfile(ACCOUNT, "bob")) == missing
    nobody = ("NoSuchEntity", "The user with name eve cannot be found.")
    assert world.refused(c.GetLoginProfile(ACCOUNT, "eve")) == nobody


def test_the_summary_counts_the_accounts_own() -> None:
    elsewhere = c.CreateUser(OTHER, "eve", "/", "AIDAOTHER")
    world = World(BOB, EVE, elsewhere, c.CreateGroup(ACCOUNT, "staff", "/", "AGPA"))
    summary = world.told(c.GetAccountSummary(ACCOUNT))
    counted = {name: summary[name] for name in ("Users", "Groups", "Roles", "Policies", "MFADevices")}
    assert counted == {"Users": 2, "Groups": 1, "Roles": 0, "Policies": 0, "MFADevices": 0}
    assert summary["GroupsPerUserQuota"] == 10
    assert summary["RolePolicySizeQuota"] == 10_240

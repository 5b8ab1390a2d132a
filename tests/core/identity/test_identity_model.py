"""Random histories of users, groups and keys against a model that is nothing but dictionaries and searches."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.identity.world import ACCOUNT, ALLOW_ALL
from qanat.core.control import Control
from qanat.core.errors import QanatError
from qanat.core.identity import commands as c
from qanat.core.identity.holders import HolderKind

USERS, GROUPS, POLICIES = ("bob", "BOB", "eve", "Eve"), ("team", "Team", "all"), ("p", "q")


@dataclass
class Thing:
    """A user or a group. Members and owners are named by id here, so that a new name changes nothing."""

    id: str
    path: str
    policies: set[str] = field(default_factory=set)


@dataclass
class Model:
    users: dict[str, Thing] = field(default_factory=dict)
    groups: dict[str, Thing] = field(default_factory=dict)
    members: set[tuple[str, str]] = field(default_factory=set)
    """(group id, user id)"""
    keys: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Key id -> (user id, active)"""
    made: int = 0

    def create(self, things: dict[str, Thing], name: str, path: str) -> bool:
        if name.lower() in {one.lower() for one in things}:
            return False
        self.made += 1
        things[name] = Thing(f"ID{self.made}", path)
        return True

    def rename(self, things: dict[str, Thing], name: str, new: str | None, path: str | None) -> bool:
        others = {one.lower() for one in things if one != name}
        if name not in things or (new is not None and new.lower() in others):
            return False
        thing = things.pop(name)
        thing.path = path or thing.path
        things[new or name] = thing
        return True

    def delete_user(self, name: str) -> bool:
        user = self.users.get(name)
        if user is None or user.policies or any(user.id == owner for owner, _ in self.keys.values()):
            return False
        if any(user.id == member for _, member in self.members):
            return False
        del self.users[name]
        return True

    def delete_group(self, name: str) -> bool:
        group = self.groups.get(name)
        if group is None or group.policies or any(group.id == one for one, _ in self.members):
            return False
        del self.groups[name]
        return True

    def join(self, group: str, user: str) -> bool:
        if group not in self.groups or user not in self.users:
            return False
        self.members.add((self.groups[group].id, self.users[user].id))
        return True

    def leave(self, group: str, user: str) -> bool:
        if group not in self.groups or user not in self.users:
            return False
        pair = self.groups[group].id, self.users[user].id
        if pair not in self.members:
            return False
        self.members.remove(pair)
        return True

    def write(self, things: dict[str, Thing], name: str, policy: str, *, there: bool) -> bool:
        if name not in things or (not there and policy not in things[name].policies):
            return False
        (things[name].policies.add if there else things[name].policies.remove)(policy)
        return True

    def create_key(self, user: str) -> bool:
        if user not in self.users:
            return False
        owner = self.users[user].id
        if sum(owner == one for one, _ in self.keys.values()) == 2:
            return False
        self.made += 1
        self.keys[f"KEY{self.made}"] = owner, True
        return True

    def change_key(self, user: str, key: str, active: bool | None) -> bool:
        """None: deleted."""
        if user not in self.users or self.keys.get(key, ("", True))[0] != self.users[user].id:
            return False
        if active is None:
            del self.keys[key]
        else:
            self.keys[key] = self.users[user].id, active
        return True


Step = Callable[[Model, Control, int, int, int], None]


def told(control: Control, command: object) -> bool:
    try:
        control.handle(command, 0)
    except QanatError:
        return False
    return True


def both(said: bool, control: Control, command: object) -> None:
    assert told(control, command) == said, command


def create(m: Model, s: Control, a: int, b: int, d: int) -> None:
    new, path = f"ID{m.made + 1}", ("/", "/x/")[b % 2]
    if d % 2:
        name = USERS[a % 4]
        both(m.create(m.users, name, path), s, c.CreateUser(ACCOUNT, name, path, new))
    else:
        name = GROUPS[a % 3]
        both(m.create(m.groups, name, path), s, c.CreateGroup(ACCOUNT, name, path, new))


def rename(m: Model, s: Control, a: int, b: int, d: int) -> None:
    path = ("/", "/y/", None)[d % 3]
    if d % 2:
        name, new = USERS[a % 4], (*USERS, None)[b % 5]
        both(m.rename(m.users, name, new, path), s, c.UpdateUser(ACCOUNT, name, new, path))
    else:
        name, new = GROUPS[a % 3], (*GROUPS, None)[b % 4]
        both(m.rename(m.groups, name, new, path), s, c.UpdateGroup(ACCOUNT, name, new, path))


def delete(m: Model, s: Control, a: int, b: int, d: int) -> None:
    if d % 2:
        both(m.delete_user(USERS[a % 4]), s, c.DeleteUser(ACCOUNT, USERS[a % 4]))
    else:
        both(m.delete_group(GROUPS[a % 3]), s, c.DeleteGroup(ACCOUNT, GROUPS[a % 3]))


def join(m: Model, s: Control, a: int, b: int, d: int) -> None:
    group, user = GROUPS[a % 3], USERS[b % 4]
    if d % 3:
        both(m.join(group, user), s, c.AddUserToGroup(ACCOUNT, group, user))
    else:
        both(m.leave(group, user), s, c.RemoveUserFromGroup(ACCOUNT, group, user))


def write(m: Model, s: Control, a: int, b: int, d: int) -> None:
    of_user = b % 2 == 0
    kind, things = (HolderKind.USER, m.users) if of_user else (HolderKind.GROUP, m.groups)
    name, policy = (USERS[a % 4] if of_user else GROUPS[a % 3]), POLICIES[d % 2]
    if d % 3:
        command: object = c.PutInlinePolicy(kind, ACCOUNT, name, policy, ALLOW_ALL)
    else:
        command = c.DeleteInlinePolicy(kind, ACCOUNT, name, policy)
    both(m.write(things, name, policy, there=d % 3 > 0), s, command)


def key(m: Model, s: Control, a: int, b: int, d: int) -> None:
    user, old, new = USERS[a % 4], f"KEY{m.made - b}", f"KEY{m.made + 1}"
    if d % 2:
        both(m.create_key(user), s, c.CreateAccessKey(ACCOUNT, user, new, "secret"))
    elif d % 4:
        both(m.change_key(user, old, None), s, c.DeleteAccessKey(ACCOUNT, user, old))
    else:
        active = d % 8 == 0
        both(m.change_key(user, old, active), s, c.UpdateAccessKey(ACCOUNT, user, old, active))


STEPS: tuple[Step, ...] = (create, rename, delete, join, write, key)
numbers = st.integers(min_value=0, max_value=9)
histories = st.lists(st.tuples(st.sampled_from(STEPS), numbers, numbers, numbers), max_size=60)


def asked(control: Control, command: object) -> Any:
    return control.handle(command, 0).reply


def names(control: Control, command: object) -> list[str]:
    return [one.name for one in asked(control, command).items]


@settings(max_examples=200, deadline=None)
@given(histories)
def test_it_answers_as_dictionaries_would(history: list[tuple[Step, int, int, int]]) -> None:
    model, control = Model(), Control()
    asked(control, c.CreateAccount(ACCOUNT))
    for step, a, b, d in history:
        step(model, control, a, b, d)
    assert names(control, c.ListUsers(ACCOUNT)) == sorted(model.users)
    assert names(control, c.ListGroups(ACCOUNT)) == sorted(model.groups)
    for name, user in model.users.items():
        found = asked(control, c.GetUser(ACCOUNT, name))
        assert (found.user_id, found.path) == (user.id, user.path)
        assert {policy for policy, _ in found.policies} == user.policies
        groups = sorted(one for one, group in model.groups.items() if (group.id, user.id) in model.members)
        assert names(control, c.ListGroupsForUser(ACCOUNT, name)) == groups
        keys = {one: active for one, (owner, active) in model.keys.items() if owner == user.id}
        listed = asked(control, c.ListAccessKeys(ACCOUNT, name)).items
        assert {one.access_key_id: one.active for one in listed} == keys
    for name, group in model.groups.items():
        found, page = asked(control, c.GetGroup(ACCOUNT, name))
        assert (found.group_id, found.path) == (group.id, group.path)
        assert {policy for policy, _ in found.policies} == group.policies
        members = sorted(one for one, user in model.users.items() if (group.id, user.id) in model.members)
        assert [user.name for user in page.items] == members

"""Whom a stored policy means when names change hands (IAM User Guide, id_users_rename and ..._elements_principal)."""

import json

from qanat.core.control import Control
from qanat.core.identity.commands import CreateAccount, CreateUser, DeleteUser, UpdateUser
from qanat.core.identity.model import Caller, caller_of
from qanat.core.policy.document import parse
from qanat.core.policy.principals import Grade
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.stored import bound_ids, shown

ACCOUNT = "123456789012"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
BOB, ROB = (f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("bob", "rob"))


def policy(element: str, *principals: str) -> str:
    statement = {"Effect": "Deny", element: {"AWS": list(principals)}, "Action": "sqs:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


class World:
    """Bob, and a policy that was saved when he was called so."""

    def __init__(self, text: str) -> None:
        self.control = Control()
        self.control.handle(CreateAccount(ACCOUNT), 0)
        self.create("bob", "AIDABOB")
        self.text = text
        self.ids = bound_ids(text, PolicyKind.RESOURCE, self.control.identity.unique_id_of)

    def create(self, name: str, user_id: str) -> None:
        self.control.handle(CreateUser(ACCOUNT, name, "/", user_id), 0)

    def rename(self, name: str, new: str) -> None:
        self.control.handle(UpdateUser(ACCOUNT, name, new, None), 0)

    def caller(self, name: str) -> Caller:
        user = self.control.identity.user(ACCOUNT, name)
        assert user is not None
        return caller_of(user)

    def denies(self, name: str) -> bool:
        principals = parse(self.text, PolicyKind.RESOURCE, dict(self.ids)).statements[0].principals
        assert principals is not None
        return principals.match(self.caller(name)) is not Grade.NONE

    def shown(self) -> str:
        return shown(self.text, self.ids, self.control.identity.arn_of)


def test_a_new_name_is_no_way_out_of_a_deny() -> None:
    world = World(policy("Principal", BOB))
    world.rename("bob", "rob")
    assert world.denies("rob")
    assert world.shown() == policy("Principal", ROB)
    world.create("bob", "AIDANEW")
    assert not world.denies("bob")


def test_who_is_excepted_stays_so_under_a_new_name_and_a_namesake_does_not_become_it() -> None:
    world = World(policy("NotPrincipal", ROOT, BOB))
    world.rename("bob", "rob")
    world.create("bob", "AIDANEW")
    assert not world.denies("rob")
    assert world.denies("bob")


def test_who_is_made_again_is_denied_what_all_but_its_namesake_are() -> None:
    world = World(policy("NotPrincipal", ROOT, BOB))
    assert not world.denies("bob")
    world.control.handle(DeleteUser(ACCOUNT, "bob"), 0)
    assert world.shown() == policy("NotPrincipal", ROOT, "AIDABOB")
    world.create("bob", "AIDANEW")
    assert world.denies("bob")
    assert world.shown() == policy("NotPrincipal", ROOT, "AIDABOB")


def test_two_who_swap_their_names_stay_who_they_are() -> None:
    world = World(policy("Principal", BOB))
    world.create("rob", "AIDAROB")
    for name, new in (("bob", "x"), ("rob", "bob"), ("x", "rob")):
        world.rename(name, new)
    assert world.denies("rob")
    assert not world.denies("bob")

"""How much an account may have: nobody fills the memory of a server that others share."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from core.identity.world import ACCOUNT, ALLOW_ALL, OTHER, World
from qanat.core.identity import commands as c
from qanat.core.identity import policy_commands as p
from qanat.core.identity import role_commands as r

TRUST = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}'


def _user(number: int) -> c.CreateUser:
    return c.CreateUser(ACCOUNT, f"u{number}", "/", f"AIDA{number}")


def _group(number: int) -> c.CreateGroup:
    return c.CreateGroup(ACCOUNT, f"g{number}", "/", f"AGPA{number}")


def _role(number: int) -> r.CreateRole:
    return r.CreateRole(account=ACCOUNT, name=f"r{number}", path="/", role_id=f"AROA{number}", trust=TRUST)


def _policy(number: int) -> p.CreatePolicy:
    return p.CreatePolicy(
        account=ACCOUNT, name=f"p{number}", path="/", policy_id=f"ANPA{number}", document=ALLOW_ALL
    )


def _profile(number: int) -> r.CreateInstanceProfile:
    return r.CreateInstanceProfile(ACCOUNT, f"i{number}", "/", f"AIPA{number}")


@pytest.mark.parametrize(
    ("create", "quota", "told", "most"),
    [
        (_user, "UsersPerAccount", "UsersQuota", 5_000),
        (_group, "GroupsPerAccount", "GroupsQuota", 300),
        (_role, "RolesPerAccount", "RolesQuota", 1_000),
        (_policy, "PoliciesPerAccount", "PoliciesQuota", 1_500),
        (_profile, "InstanceProfilesPerAccount", "InstanceProfilesQuota", 1_000),
    ],
)
def test_an_account_has_no_more_than_its_quota(
    create: Callable[[int], "c.CreateUser"], quota: str, told: str, most: int
) -> None:
    world = World(*map(create, range(most)))
    one_more = create(most)
    assert world.refused(one_more) == ("LimitExceeded", f"Cannot exceed quota for {quota}: {most}")
    assert world.refused(create(0))[0] == "EntityAlreadyExists"
    world.told(replace(one_more, account=OTHER))
    assert world.told(c.GetAccountSummary(ACCOUNT))[told] == most

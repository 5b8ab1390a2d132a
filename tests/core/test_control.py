"""The control shard as a whole: what the log replays, and what a snapshot restores, is what was live."""

from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network
from typing import cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from qanat.core.control import Control
from qanat.core.control_records import ControlRecord, RecordsUnreadable, decode, encode
from qanat.core.errors import QanatError
from qanat.core.identity import commands as iam
from qanat.core.identity import mfa_commands, policy_commands, role_commands
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.model import KeyUse, RoleUse
from qanat.core.identity.totp import STEP_MS, code_of
from qanat.core.network import commands as ec2
from qanat.core.network.model import EndpointState, Home, SecurityGroupRule
from qanat.core.network.records import NetworkKept

ACCOUNT = "123456789012"
OTHER = "210987654321"
REGION, FAR = "us-east-2", "eu-west-1"
ZONES = ("us-east-2a", "us-east-2b", "us-east-2c")
SERVICE = "com.amazonaws.us-east-2.sqs"
POLICIES = (
    None,
    '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}]}',
    "{not a policy",
)
RESOURCE_CONTROL = '{"Statement":{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*"}}'
IDENTITY_POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'

USERS = ("bob", "Bob", "eve")
GROUPS = ("team", "Team", "all")


class World:
    """Numbers to ids: creations count up, references go back to something that once was made, or never."""

    def __init__(self) -> None:
        self.made: dict[str, int] = {}

    def new(self, kind: str) -> str:
        self.made[kind] = self.made.get(kind, 0) + 1
        return self.name(kind, self.made[kind])

    def old(self, kind: str, number: int) -> str:
        return self.name(kind, number % (self.made.get(kind, 0) + 1))

    @staticmethod
    def name(kind: str, number: int) -> str:
        return f"{kind}-{number:017x}"


Step = Callable[[World, int, int, int], object]

ROLES = ("worker", "Worker", "keeper")
TRUSTS = (
    '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}',
    f'{{"Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:user/x/bob"}},"Action":"sts:*"}}]}}',
    "{",
)


def account(number: int) -> str:
    return OTHER if number % 7 == 6 else ACCOUNT


def home(number: int) -> Home:
    return Home(account(number), FAR if number % 5 == 4 else REGION)


def holder(a: int, b: int) -> tuple[HolderKind, str, str]:
    kind = (HolderKind.USER, HolderKind.GROUP)[b % 2]
    return kind, account(a), (USERS if kind is HolderKind.USER else GROUPS)[b % 3]


def managed(a: int, b: int) -> str:
    if b == 7:
        return "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
    return f"arn:aws:iam::{account(a)}:policy/x/m{b % 3}"


def using(a: int, b: int) -> tuple[HolderKind, str, str]:
    kind, name = ((HolderKind.USER, "bob"), (HolderKind.ROLE, "worker"), (HolderKind.ROLE, "keeper"))[b % 3]
    return kind, account(a), name


def device(a: int, b: int) -> str:
    return f"arn:aws:iam::{account(a)}:mfa/x/d{b % 3}"


SEED, DAWN = b"s" * 40, 1_000


def showing(a: int, b: int, c: int) -> tuple[str, str, str, str, str, int]:
    """Of a user and a device: two codes at their time, right ones more often than not."""
    first, second = (code_of(SEED, DAWN + c + more) for more in (0, 1))
    codes = (first, second) if c % 5 else ("000000", first)
    return account(a), ("bob", "eve")[b % 2], device(a, b), *codes, (DAWN + c + 1) * STEP_MS


def showing_one(a: int, b: int, c: int) -> tuple[str, str, str, str, int]:
    *whose, _, code, at_ms = showing(a, b, c)
    who, name, serial = whose
    return who, name, serial, code, at_ms


def few(world: World, kind: str, number: int, count: int) -> tuple[str, ...]:
    return tuple(world.old(kind, number + index) for index in range(count % 3))


def create_endpoint(w: World, a: int, b: int, c: int) -> object:
    subnets = few(w, "subnet", b, c)
    return ec2.CreateVpcEndpoint(
        home(a),
        w.new("vpce"),
        w.old("vpc", a),
        SERVICE,
        "Gateway" if c == 9 else "Interface",
        "abcdefgh",
        POLICIES[c // 2 % 3],
        subnets,
        ((subnets[0], f"10.{b % 4}.0.{c + 4}"),) if subnets and c % 2 else (),
        tuple(w.new("eni") for _ in subnets),
        few(w, "sg", b, a),
        private_dns_enabled=c % 2 == 0,
        client_token=f"token-{b}" if c < 3 else None,
    )


def modify_endpoint(w: World, a: int, b: int, c: int) -> object:
    added = few(w, "subnet", b, c)
    return ec2.ModifyVpcEndpoint(
        home(b),
        w.old("vpce", a),
        c == 0,
        POLICIES[c % 3] if c else None,
        added,
        few(w, "subnet", b + 2, a),
        (),
        tuple(w.new("eni") for _ in added),
        few(w, "sg", b, c),
        few(w, "sg", b + 1, a),
        None if c < 5 else c % 2 == 0,
    )


def rule(w: World, a: int, b: int) -> SecurityGroupRule:
    cidr, group = (None, w.old("sg", b)) if b % 2 else (f"10.{a}.0.0/16", None)
    return SecurityGroupRule(w.new("sgr"), "tcp", 443, 443, cidr, group)


STEPS: dict[str, Step] = {
    "account": lambda w, a, b, c: iam.CreateAccount(account(a)),
    "control policies": lambda w, a, b, c: iam.SetControlPolicies(
        account(a), ((IDENTITY_POLICY,) * (b % 3),) * (c % 3), ((RESOURCE_CONTROL,),)[: b % 2]
    ),
    "session key": lambda w, a, b, c: iam.MakeSessionKey(bytes([a]) * 32),
    "user": lambda w, a, b, c: iam.CreateUser(account(a), USERS[b % 3], "/x/", f"AIDA{a}"),
    "get user": lambda w, a, b, c: iam.GetUser(account(a), ("bob", None)[b % 2]),
    "users": lambda w, a, b, c: iam.ListUsers(account(a), max_items=1 + b),
    "no user": lambda w, a, b, c: iam.DeleteUser(account(a), USERS[b % 3]),
    "key": lambda w, a, b, c: iam.CreateAccessKey(account(a), ("bob", "eve")[b % 2], w.new("key"), "secret"),
    "no key": lambda w, a, b, c: iam.DeleteAccessKey(account(a), ("bob", "eve")[b % 2], w.old("key", c)),
    "rename user": lambda w, a, b, c: iam.UpdateUser(
        account(a), USERS[b % 3], (*USERS, None)[c % 4], ("/x/", "/y/", None)[c % 3]
    ),
    "tag user": lambda w, a, b, c: iam.TagUser(account(a), USERS[b % 3], ((("k", "K")[c % 2], f"{c % 3}"),)),
    "untag user": lambda w, a, b, c: iam.UntagUser(account(a), USERS[b % 3], (f"{'kK'[c % 2]}",)),
    "key status": lambda w, a, b, c: iam.UpdateAccessKey(
        account(a), USERS[b % 3], w.old("key", c), a % 2 == 0
    ),
    "key uses": lambda w, a, b, c: iam.NoteKeyUses(
        (KeyUse(w.old("key", a), b, "sqs", REGION), KeyUse(w.old("key", c), b, "iam", REGION))
    ),
    "device": lambda w, a, b, c: mfa_commands.CreateMfaDevice(
        account(a), f"d{b % 3}", "/x/", SEED, (("k", f"{c % 2}"),)
    ),
    "enable device": lambda w, a, b, c: mfa_commands.EnableMfaDevice(*showing(a, b, c)),
    "resync device": lambda w, a, b, c: mfa_commands.ResyncMfaDevice(*showing(a, b, c)),
    "code": lambda w, a, b, c: mfa_commands.UseMfaCode(*showing_one(a, b, c)),
    "no device": lambda w, a, b, c: mfa_commands.DeleteMfaDevice(account(a), device(a, b)),
    "disable device": lambda w, a, b, c: mfa_commands.DeactivateMfaDevice(*showing(a, b, c)[:3]),
    "tag device": lambda w, a, b, c: mfa_commands.TagMfaDevice(
        account(a), device(a, b), (("kK"[c % 2], f"{c % 3}"),)
    ),
    "untag device": lambda w, a, b, c: mfa_commands.UntagMfaDevice(account(a), device(a, b), ("kK"[c % 2],)),
    "devices": lambda w, a, b, c: mfa_commands.ListVirtualMfaDevices(account(a), max_items=1 + b),
    "role uses": lambda w, a, b, c: role_commands.NoteRoleUses((RoleUse(f"AROA{a}", b, REGION),)),
    "iam group": lambda w, a, b, c: iam.CreateGroup(account(a), GROUPS[b % 3], "/g/", f"AGPA{a}"),
    "rename group": lambda w, a, b, c: iam.UpdateGroup(
        account(a), GROUPS[b % 3], (*GROUPS, None)[c % 4], ("/g/", "/h/", None)[c % 3]
    ),
    "no iam group": lambda w, a, b, c: iam.DeleteGroup(account(a), GROUPS[b % 3]),
    "join": lambda w, a, b, c: iam.AddUserToGroup(account(a), GROUPS[b % 3], USERS[c % 3]),
    "leave": lambda w, a, b, c: iam.RemoveUserFromGroup(account(a), GROUPS[b % 3], USERS[c % 3]),
    "policy": lambda w, a, b, c: iam.PutInlinePolicy(
        *holder(a, b), f"p{c}", IDENTITY_POLICY if c < 8 else "{"
    ),
    "no policy": lambda w, a, b, c: iam.DeleteInlinePolicy(*holder(a, b), f"p{c}"),
    "role": lambda w, a, b, c: role_commands.CreateRole(
        account(a),
        ROLES[b % 3],
        "/x/",
        f"AROA{a}",
        TRUSTS[c % 3],
        "text",
        boundary=(managed(a, b) if c > 7 else None),
    ),
    "change role": lambda w, a, b, c: role_commands.UpdateRole(
        account(a), ROLES[b % 3], "ab"[: c % 3], 3_600 + c
    ),
    "trust": lambda w, a, b, c: role_commands.UpdateAssumeRolePolicy(account(a), ROLES[b % 3], TRUSTS[c % 3]),
    "no role": lambda w, a, b, c: role_commands.DeleteRole(account(a), ROLES[b % 3]),
    "tag role": lambda w, a, b, c: role_commands.TagRole(
        account(a), ROLES[b % 3], (("kK"[c % 2], f"{c % 3}"),)
    ),
    "untag role": lambda w, a, b, c: role_commands.UntagRole(account(a), ROLES[b % 3], ("kK"[c % 2],)),
    "managed": lambda w, a, b, c: policy_commands.CreatePolicy(
        account(a), f"m{b % 3}", "/x/", f"ANPA{a}", IDENTITY_POLICY
    ),
    "no managed": lambda w, a, b, c: policy_commands.DeletePolicy(account(a), managed(a, b)),
    "version": lambda w, a, b, c: policy_commands.CreatePolicyVersion(
        account(a), managed(a, b), IDENTITY_POLICY, c % 2 == 0
    ),
    "default": lambda w, a, b, c: policy_commands.SetDefaultPolicyVersion(
        account(a), managed(a, b), f"v{1 + c % 5}"
    ),
    "no version": lambda w, a, b, c: policy_commands.DeletePolicyVersion(
        account(a), managed(a, b), f"v{1 + c % 5}"
    ),
    "tag policy": lambda w, a, b, c: policy_commands.TagPolicy(
        account(a), managed(a, b), (("k", f"{c % 2}"),)
    ),
    "use": lambda w, a, b, c: policy_commands.AttachPolicy(*using(a, b), managed(a, c)),
    "no use": lambda w, a, b, c: policy_commands.DetachPolicy(*using(a, b), managed(a, c)),
    "bound": lambda w, a, b, c: policy_commands.PutPermissionsBoundary(*using(a, b), managed(a, c)),
    "unbound": lambda w, a, b, c: policy_commands.DeletePermissionsBoundary(*using(a, b)),
    "profile": lambda w, a, b, c: role_commands.CreateInstanceProfile(
        account(a), ROLES[b % 3], "/x/", f"AIPA{a}"
    ),
    "no profile": lambda w, a, b, c: role_commands.DeleteInstanceProfile(account(a), ROLES[b % 3]),
    "fill profile": lambda w, a, b, c: role_commands.AddRoleToInstanceProfile(
        account(a), ROLES[b % 3], ROLES[c % 3]
    ),
    "empty profile": lambda w, a, b, c: role_commands.RemoveRoleFromInstanceProfile(
        account(a), ROLES[b % 3], ROLES[c % 3]
    ),
    "tag profile": lambda w, a, b, c: role_commands.TagInstanceProfile(
        account(a), ROLES[b % 3], (("k", f"{c % 2}"),)
    ),
    "untag profile": lambda w, a, b, c: role_commands.UntagInstanceProfile(account(a), ROLES[b % 3], ("K",)),
    "untag policy": lambda w, a, b, c: policy_commands.UntagPolicy(account(a), managed(a, b), ("K",)),
    "vpc": lambda w, a, b, c: ec2.CreateVpc(
        home(a), w.new("vpc"), f"10.{a}.0.0/{14 + b}", w.new("sg"), w.new("sgr"), w.new("sgr")
    ),
    "dns": lambda w, a, b, c: ec2.ModifyVpcAttribute(home(b), w.old("vpc", a), None, c > 0),
    "no vpc": lambda w, a, b, c: ec2.DeleteVpc(home(b), w.old("vpc", a)),
    "subnet": lambda w, a, b, c: ec2.CreateSubnet(
        home(a), w.new("subnet"), w.old("vpc", b), f"10.{a}.{c}.0/28", ZONES
    ),
    "no subnet": lambda w, a, b, c: ec2.DeleteSubnet(home(b), w.old("subnet", a)),
    "group": lambda w, a, b, c: ec2.CreateSecurityGroup(
        home(a), w.new("sg"), w.old("vpc", b), f"g{c}", "text", w.new("sgr")
    ),
    "authorize": lambda w, a, b, c: ec2.AuthorizeRules(home(b), w.old("sg", c), b % 2 == 0, (rule(w, a, b),)),
    "revoke": lambda w, a, b, c: ec2.RevokeRules(home(b), w.old("sg", c), b % 2 == 0, (rule(w, a, b),)),
    "no group": lambda w, a, b, c: ec2.DeleteSecurityGroup(home(b), w.old("sg", a)),
    "endpoint": create_endpoint,
    "change": modify_endpoint,
    "report": lambda w, a, b, c: ec2.ReportVpcEndpoint(
        w.old("vpce", a), (EndpointState.AVAILABLE, EndpointState.FAILED)[b % 2], ("why", None)[c % 2]
    ),
    "no endpoint": lambda w, a, b, c: ec2.DeleteVpcEndpoints(home(b), (w.old("vpce", a), w.old("vpce", c))),
    "attach": lambda w, a, b, c: ec2.AttachInstance(
        w.new("eni"), w.old("vpc", a), w.old("subnet", b) if c % 2 else None, few(w, "sg", b, c)
    ),
    "detach": lambda w, a, b, c: ec2.DetachInstance(w.old("eni", a)),
    "detach all": lambda w, a, b, c: ec2.DetachAllInstances(),
}

# What most histories need before anything else can succeed.
BEGINNING = [
    ("account", 0, 0, 0),
    ("user", 0, 0, 0),
    ("key", 0, 0, 0),
    ("iam group", 0, 0, 0),
    ("role", 0, 0, 0),
    ("managed", 0, 0, 0),
    ("profile", 0, 0, 0),
    ("vpc", 0, 2, 0),
    ("dns", 1, 0, 1),
    ("subnet", 0, 1, 0),
    ("subnet", 0, 1, 1),
    ("endpoint", 1, 1, 2),
]

numbers = st.integers(min_value=0, max_value=9)
histories = st.lists(st.tuples(st.sampled_from(sorted(STEPS)), numbers, numbers, numbers), max_size=40)


def written(records: list[Struct]) -> bytes:
    return encode(cast("list[ControlRecord]", records))


def live(steps: list[tuple[str, int, int, int]]) -> tuple[Control, list[bytes]]:
    control, log, world = Control(), [], World()
    for now_ms, (name, a, b, c) in enumerate([*BEGINNING, *steps]):
        before = control.snapshot()
        try:
            outcome = control.handle(STEPS[name](world, a, b, c), now_ms)
        except QanatError:
            assert control.snapshot() == before, "a refused command changes nothing"
        else:
            assert bool(outcome.records) == (control.snapshot() != before)
            log.append(written(outcome.records))
    return control, log


@settings(max_examples=150, deadline=None)
@given(histories)
def test_replay_of_the_log_equals_the_live_state(steps: list[tuple[str, int, int, int]]) -> None:
    control, log = live(steps)
    replayed = Control()
    for frame in log:
        for record in decode(frame):
            replayed.apply(record)
    assert replayed.snapshot() == control.snapshot()
    assert replayed.version == control.version
    assert_indexes_hold(replayed)


@settings(max_examples=150, deadline=None)
@given(histories)
def test_a_snapshot_restores_an_equal_state(steps: list[tuple[str, int, int, int]]) -> None:
    control, _ = live(steps)
    restored, _ = live([("vpc", 5, 3, 0), ("attach", 1, 1, 0)])
    for record in decode(encode([control.snapshot()])):
        restored.apply(record)
    assert restored.snapshot() == control.snapshot()
    assert_indexes_hold(control)
    assert_indexes_hold(restored)
    more = ec2.AttachInstance("eni-more", World.name("vpc", 1))
    assert outcome_of(restored, more) == outcome_of(control, more)


def outcome_of(control: Control, command: object) -> object:
    try:
        return control.handle(command, 0)
    except QanatError as error:
        return error.code, error.message


def assert_indexes_hold(control: Control) -> None:
    """Every look-up against a plain search through the snapshot."""
    kept = next(part for part in control.snapshot().parts if isinstance(part, NetworkKept))  # type: ignore[union-attr]  # it is a ControlKept
    subnets = {subnet.subnet_id: subnet for subnet in kept.subnets}
    network = control.network
    for endpoint in kept.endpoints:
        own = [one for one in kept.interfaces if one.vpc_endpoint_id == endpoint.vpc_endpoint_id]
        assert network.endpoint(endpoint.vpc_endpoint_id) == endpoint
        assert network.interfaces_of_endpoint(endpoint.vpc_endpoint_id) == own
        assert [one.subnet_id for one in own] != [] or endpoint.subnet_ids == ()
        assert {one.subnet_id for one in own} == set(endpoint.subnet_ids)
        zones = [subnets[subnet_id].availability_zone for subnet_id in endpoint.subnet_ids]
        assert len(zones) == len(set(zones))
    for vpc in kept.vpcs:
        of_vpc = [one for one in kept.endpoints if one.vpc_id == vpc.vpc_id]
        assert network.endpoints_of(vpc.vpc_id) == of_vpc
        assert sum(one.private_dns_enabled for one in of_vpc) <= 1
    for group in kept.groups:
        members = {one.private_ip for one in kept.interfaces if group.group_id in one.security_group_ids}
        assert network.addresses_of_group(group.group_id) == members
    places = [(one.subnet_id, one.private_ip) for one in kept.interfaces]
    assert len(places) == len(set(places))
    for subnet_id, address in places:
        hosts = list(IPv4Network(subnets[subnet_id].cidr_block))
        assert IPv4Address(address) in hosts[4:-1], "the first four addresses and the last are not given out"


def test_the_beginning_of_every_history_succeeds() -> None:
    control, log = live([])
    assert len(log) == len(BEGINNING)
    assert len(control.network.interfaces_of_endpoint(World.name("vpce", 1))) == 2


def test_the_random_histories_play_every_command_that_changes_something() -> None:
    world, control = World(), Control()
    played = {type(step(world, 1, 1, 1)) for step in STEPS.values()}
    known = {*control.identity.handlers, *control.network.handlers}
    reads = {
        command
        for command in known
        if command.__name__.startswith(("Describe", "List", "Get", "Issue", "Simulate", "Generate"))
    }
    assert played | reads == known


def test_the_control_shard_never_acts_unasked() -> None:
    assert Control().next_deadline_ms() is None


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(min_value=0, max_value=200))
def test_damaged_records_are_unreadable_and_nothing_worse(noise: bytes, cut: int) -> None:
    whole = written(Control().handle(iam.CreateAccount(ACCOUNT), 0).records)
    for data in (noise, whole[:cut] + noise):
        with suppress(RecordsUnreadable):
            assert isinstance(decode(data), list)


def test_records_of_an_unknown_version_are_refused() -> None:
    class Later(Struct, array_like=True):
        versions: dict[str, int]
        records: list[int]

    with pytest.raises(RecordsUnreadable, match="version 99"):
        decode(msgspec.msgpack.encode(Later({"identity": 99}, [1])))

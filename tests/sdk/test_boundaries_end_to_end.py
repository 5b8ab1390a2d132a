"""Boundaries, groups, control policies, root and nobody, by boto3: how what each says is combined.

IAM User Guide: reference_policies_evaluation-logic, access_policies_boundaries; Organizations User Guide.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.clients import Clients, refusal
from support.policies import DENIED_BY_QUEUE, NO_IDENTITY, allow, deny, policy, send, sending_refused
from support.raw import post
from support.roles import MadeRole, MakeRole, assumed, new_role, sent, trust
from support.server import ACCOUNT, REGION, Key, Server
from support.signing import FORM
from support.things import MadeQueue, MakeUser, StartServer

NO_BOUNDARY = "because no permissions boundary allows the sqs:sendmessage action"
NO_SESSION = "because no session policy allows the sqs:sendmessage action"
READING, SENDING = policy(allow("sqs:ReceiveMessage")), policy(allow("sqs:SendMessage"))
Guard = Callable[..., MadeQueue]


@pytest.fixture
def reading(iam: Any, name: str) -> str:
    """The ARN of a managed policy that allows to receive and nothing else."""
    arn: str = iam.create_policy(PolicyName=name, PolicyDocument=READING)["Policy"]["Arn"]
    return arn


class TestBoundaries:
    def test_of_a_user(self, iam: Any, queue: MadeQueue, make_user: MakeUser, reading: str) -> None:
        user = make_user(SENDING)
        send(user, queue)
        iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=reading)
        assert sending_refused(user, queue).message.endswith(NO_BOUNDARY)
        # A boundary grants nothing.
        denied = refusal(user.sqs().receive_message, QueueUrl=queue.url)
        assert denied.message.endswith(
            "because no identity-based policy allows the sqs:receivemessage action"
        )
        both = policy(allow("sqs:*"), deny("sqs:SendMessage", queue.arn))
        made = iam.create_policy_version(PolicyArn=reading, PolicyDocument=both, SetAsDefault=True)
        assert made["PolicyVersion"]["IsDefaultVersion"]
        assert sending_refused(user, queue).message.endswith(
            "with an explicit deny in a permissions boundary"
        )
        iam.delete_user_permissions_boundary(UserName=user.name)
        send(user, queue)

    def test_of_a_role(
        self, iam: Any, sts: Any, clients: Clients, queue: MadeQueue, make_role: MakeRole, reading: str
    ) -> None:
        role = make_role(may=SENDING, PermissionsBoundary=reading)
        key = assumed(sts, role)
        assert sent(clients, key, queue) == NO_BOUNDARY
        iam.delete_role_permissions_boundary(RoleName=role.name)
        assert sent(clients, key, queue) == ""

    def test_what_a_queue_policy_grants_to_a_user(
        self, iam: Any, clients: Clients, guard: Guard, make_user: MakeUser, reading: str
    ) -> None:
        """Evaluation logic, "Resource-based policies": by its ARN or as everyone it is not limited."""
        user = make_user(SENDING)
        iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=reading)
        who = {"StringEquals": {"aws:PrincipalArn": user.arn}}
        for more, told in (
            ({"Principal": {"AWS": user.arn}}, ""),
            ({"Principal": "*"}, ""),
            ({"Principal": "*", "Condition": who}, ""),
            ({"Principal": {"AWS": ACCOUNT}}, NO_BOUNDARY),
        ):
            assert sent(clients, user.key, guard(allow("sqs:SendMessage", **more))) == told

    @pytest.mark.parametrize("limit", ["boundary", "session policy"])
    def test_what_a_queue_policy_grants_to_a_role(
        self, sts: Any, clients: Clients, guard: Guard, make_role: MakeRole, reading: str, limit: str
    ) -> None:
        """By the role's ARN it is limited; by the session's, or as everyone, it is not."""
        bounded = limit == "boundary"
        role = make_role(may=SENDING, **({"PermissionsBoundary": reading} if bounded else {}))
        key = assumed(sts, role, "one", **({} if bounded else {"Policy": READING}))
        silent = NO_BOUNDARY if bounded else NO_SESSION
        who = {"StringEquals": {"aws:PrincipalArn": role.arn}}
        for more, told in (
            ({"Principal": {"AWS": role.arn}}, silent),
            ({"Principal": {"AWS": ACCOUNT}}, silent),
            ({"Principal": {"AWS": role.session_arn("one")}}, ""),
            ({"Principal": {"AWS": role.session_arn("two")}}, silent),
            ({"Principal": "*"}, ""),
            ({"Principal": "*", "Condition": who}, ""),
        ):
            assert sent(clients, key, guard(allow("sqs:SendMessage", **more))) == told

    def test_a_role_by_its_arn_needs_no_identity_policy(
        self, sts: Any, clients: Clients, guard: Guard, make_role: MakeRole
    ) -> None:
        role = make_role()
        key = assumed(sts, role)
        assert sent(clients, key, guard(allow("sqs:SendMessage", Principal={"AWS": role.arn}))) == ""
        assert sent(clients, key, guard(allow("sqs:SendMessage", Principal={"AWS": ACCOUNT}))) == NO_IDENTITY

    def test_not_principal_denies_whoever_has_a_boundary(
        self, iam: Any, clients: Clients, guard: Guard, make_user: MakeUser, reading: str
    ) -> None:
        user = make_user(SENDING)
        root = f"arn:aws:iam::{ACCOUNT}:root"
        queue = guard(deny("sqs:SendMessage", NotPrincipal={"AWS": [user.arn, root]}))
        assert sent(clients, user.key, queue) == ""
        iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=reading)
        assert sent(clients, user.key, queue) == DENIED_BY_QUEUE


class TestGroups:
    def test_what_a_group_may_its_members_may(
        self, iam: Any, queue: MadeQueue, make_user: MakeUser, name: str
    ) -> None:
        user = make_user()
        iam.create_group(GroupName=name)
        iam.put_group_policy(GroupName=name, PolicyName="only", PolicyDocument=SENDING)
        assert sending_refused(user, queue).message.endswith(NO_IDENTITY)
        iam.add_user_to_group(GroupName=name, UserName=user.name)
        send(user, queue)
        iam.attach_group_policy(GroupName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess")
        user.sqs().list_queues()
        denying = policy(deny("sqs:SendMessage", queue.arn))
        iam.put_group_policy(GroupName=name, PolicyName="no", PolicyDocument=denying)
        assert sending_refused(user, queue).message.endswith(
            "with an explicit deny in an identity-based policy"
        )
        iam.remove_user_from_group(GroupName=name, UserName=user.name)
        assert sending_refused(user, queue).message.endswith(NO_IDENTITY)

    def test_a_group_is_no_principal(self, iam: Any, admin: Any, queue: MadeQueue, name: str) -> None:
        arn = iam.create_group(GroupName=name)["Group"]["Arn"]
        text = policy(allow("sqs:SendMessage", Principal={"AWS": arn}))
        refused = refusal(admin.set_queue_attributes, QueueUrl=queue.url, Attributes={"Policy": text})
        assert refused.status == 400


class World:
    """A server of its own, whose account something restricts from above."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.clients = Clients(server)
        self.admin = self.clients.of("sqs")
        url = self.admin.create_queue(QueueName="jobs")["QueueUrl"]
        self.queue = MadeQueue("jobs", url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs")
        self.role = new_role(self.clients.of("iam"), "Worker", trust(ACCOUNT), may=policy(allow("sqs:*")))

    def restrict(self, directory: Path, *flags: Any, account: str = ACCOUNT) -> None:
        """Each flag is `--scp` or `--rcp`, each dictionary a statement of a file of its own."""
        words = []
        for number, flag in enumerate(flags):
            if isinstance(flag, str):
                words.append(flag)
                continue
            file = directory / f"policy-{number}"
            file.write_text(policy(flag))
            words.append(str(file))
        self.qanat("account", "policies", account, *words)

    def qanat(self, *words: str) -> Any:
        done = self.server.command(*words, "--data", str(self.server.data), "--json")
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout) if done.stdout else None

    def root(self, account: str = ACCOUNT) -> Key:
        found = self.qanat("env", "--root", "--account", account)
        return Key(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], found["AWS_SESSION_TOKEN"])

    def session(self) -> Key:
        return assumed(self.clients.of("sts"), self.role)

    def guard(self, *statements: dict[str, Any]) -> None:
        text = policy(*statements) if statements else ""
        self.admin.set_queue_attributes(QueueUrl=self.queue.url, Attributes={"Policy": text})

    def sent(self, key: Key) -> str:
        return sent(self.clients, key, self.queue)

    def sent_unsigned(self) -> int:
        body = b"Action=SendMessage&MessageBody=x"
        path = f"/{ACCOUNT}/jobs"
        return post(self.server, body, {"Content-Type": FORM}, path).status


@pytest.fixture(scope="module")
def shared_world(start_server: StartServer) -> Iterator[World]:
    made = World(start_server("--cooldown-s", "0"))
    yield made
    made.clients.close()


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    yield shared_world
    shared_world.qanat("account", "policies", ACCOUNT, "--clear")
    shared_world.guard()


EVERYTHING = allow("*")
NO_SCP = "because no service control policy allows the sqs:sendmessage action"
BARRED_BY_SCP = "with an explicit deny in a service control policy"
BARRED_BY_RCP = "with an explicit deny in a resource control policy"
NO_SENDING = deny("sqs:SendMessage")
NO_SENDING_RCP = deny("sqs:SendMessage", Principal="*")


class TestFromAbove:
    def test_an_scp_holds_for_root_and_roles_alike(self, world: World, tmp_path: Path) -> None:
        keys = [world.server.administrator(), world.session(), world.root()]
        assert [world.sent(key) for key in keys] == [""] * 3
        world.restrict(tmp_path, "--scp", EVERYTHING, NO_SENDING)
        assert [world.sent(key) for key in keys] == [BARRED_BY_SCP] * 3
        world.restrict(tmp_path, "--scp", EVERYTHING, "--scp", allow("sqs:Get*"))
        assert [world.sent(key) for key in keys] == [NO_SCP] * 3
        # Whatever the queue's own policy says.
        world.qanat("account", "policies", ACCOUNT, "--clear")
        world.guard(allow("sqs:SendMessage", Principal="*"))
        world.restrict(tmp_path, "--scp", allow("sqs:Get*"))
        assert [world.sent(key) for key in keys] == [NO_SCP] * 3
        assert world.sent_unsigned() == 200, "nobody has an account, so nothing is above it"

    def test_an_rcp_holds_for_all_who_come_to_a_queue(self, world: World, tmp_path: Path) -> None:
        keys = [world.server.administrator(), world.session(), world.root()]
        world.guard(allow("sqs:SendMessage", Principal="*"))
        assert world.sent_unsigned() == 200
        world.restrict(tmp_path, "--rcp", NO_SENDING_RCP)
        assert [world.sent(key) for key in keys] == [BARRED_BY_RCP] * 3
        assert world.sent_unsigned() == 403

    def test_who_may_be_told_by_conditions(self, world: World, tmp_path: Path) -> None:
        """The usual perimeter: nobody but this account's own, except the role."""
        but_roles = {"ArnNotLike": {"aws:PrincipalArn": world.role.arn}}
        world.restrict(tmp_path, "--scp", EVERYTHING, {**NO_SENDING, "Condition": but_roles})
        assert world.sent(world.session()) == ""
        assert world.sent(world.server.administrator()) == BARRED_BY_SCP

    def test_scps_are_the_callers_and_rcps_the_queues(
        self, world: World, shared_world: World, tmp_path: Path
    ) -> None:
        other = "210987654321"
        known = [one["account"] for one in world.qanat("account", "ls")]
        if other not in known:
            world.qanat("account", "create", other)
        stranger = world.root(other)
        world.guard(allow("sqs:SendMessage", Principal={"AWS": other}))
        assert world.sent(stranger) == ""
        world.restrict(tmp_path, "--scp", EVERYTHING, NO_SENDING)
        assert world.sent(stranger) == "", "the service control policies of the queue's account"
        world.qanat("account", "policies", ACCOUNT, "--clear")
        world.restrict(tmp_path, "--rcp", NO_SENDING_RCP)
        assert world.sent(stranger) == BARRED_BY_RCP
        world.qanat("account", "policies", ACCOUNT, "--clear")
        world.restrict(tmp_path, "--scp", EVERYTHING, NO_SENDING, account=other)
        assert world.sent(stranger) == BARRED_BY_SCP
        world.restrict(tmp_path, "--scp", EVERYTHING, "--rcp", NO_SENDING_RCP, account=other)
        assert world.sent(stranger) == "", "the resource control policies of the caller's account"

    def test_an_scp_reaches_assume_role(self, world: World, tmp_path: Path) -> None:
        world.restrict(tmp_path, "--scp", EVERYTHING, deny("sts:AssumeRole"))
        sts = world.clients.of("sts")
        denied = refusal(sts.assume_role, RoleArn=world.role.arn, RoleSessionName="work")
        assert denied.message.endswith(BARRED_BY_SCP)
        assert sts.get_caller_identity()["Account"] == ACCOUNT


class TestRootAndNobody:
    def test_root_is_held_by_an_explicit_deny_alone(self, world: World) -> None:
        root = world.root()
        assert world.sent(root) == ""
        who = world.clients.of("sts", root).get_caller_identity()
        assert (who["Arn"], who["UserId"]) == (f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
        world.guard(deny("sqs:SendMessage", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
        # The account's ARN names everybody in it.
        assert world.sent(root) == world.sent(world.session()) == DENIED_BY_QUEUE

    def test_nobody_is_everyone_and_nothing_else(self, world: World) -> None:
        for statement, status in (
            (allow("sqs:SendMessage", Principal="*"), 200),
            (allow("sqs:SendMessage", Principal={"AWS": ACCOUNT}), 403),
            (allow("sqs:SendMessage", Principal={"AWS": world.role.arn}), 403),
            (
                allow("sqs:SendMessage", Principal="*", Condition={"Null": {"aws:PrincipalArn": "false"}}),
                403,
            ),
            (
                allow(
                    "sqs:SendMessage",
                    Principal="*",
                    Condition={"StringEquals": {"aws:PrincipalType": "Anonymous"}},
                ),
                200,
            ),
        ):
            world.guard(statement)
            assert world.sent_unsigned() == status, statement


def test_a_role_of_another_account_is_limited_by_its_own_side(start_server: StartServer) -> None:
    """Across accounts boundary and session policy count, whatever form the queue policy names the caller in."""
    other = "210987654321"
    world = World(start_server())
    world.qanat("account", "create", other)
    found = world.qanat("env", "--account", other)
    stranger = Key(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"])
    iam, sts = world.clients.of("iam", stranger), world.clients.of("sts", stranger)
    role: MadeRole = new_role(iam, "Sender", trust(other), may=SENDING)
    for principal in (role.arn, role.session_arn("work"), other, "*"):
        world.guard(allow("sqs:SendMessage", Principal={"AWS": principal}))
        assert world.sent(assumed(sts, role)) == ""
        assert world.sent(assumed(sts, role, Policy=READING)) == NO_SESSION
    iam.delete_role_policy(RoleName="Sender", PolicyName="only")
    assert world.sent(assumed(sts, role)) == NO_IDENTITY
    world.clients.close()
    assert world.server.stop() == 0

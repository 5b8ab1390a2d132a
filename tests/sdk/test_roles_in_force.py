"""Roles through boto3: who may assume one, under which conditions, and what its sessions may do."""

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from support.clients import Clients, Refusal, refusal
from support.policies import ROOT, allow, deny, policy
from support.roles import MadeRole, MakeRole, assumed, new_role, remove_role, tags, trust
from support.server import ACCOUNT, Key, Server
from support.things import MadeQueue, MakeUser, StartServer

ASSUME = policy(allow("sts:AssumeRole"))
SENDING = policy(allow("sqs:SendMessage"))
NO_TRUST = "because no role trust policy allows the sts:AssumeRole action"
GONE = "The security token included in the request is invalid."
Guard = Callable[..., MadeQueue]


def refused(sts: Any, role: MadeRole, **more: Any) -> Refusal:
    return refusal(sts.assume_role, RoleArn=role.arn, **{"RoleSessionName": "work", **more})


def put(sqs: Any, queue: MadeQueue) -> None:
    sqs.send_message(QueueUrl=queue.url, MessageBody="x")


def put_refused(sqs: Any, queue: MadeQueue) -> Refusal:
    return refusal(sqs.send_message, QueueUrl=queue.url, MessageBody="x")


class TestWhoMayAssume:
    def test_a_user_who_is_named_needs_nothing_else(self, make_user: MakeUser, make_role: MakeRole) -> None:
        user, other = make_user(), make_user(ASSUME)
        role = make_role(trust(user.arn))
        answer = user.of("sts").assume_role(RoleArn=role.arn, RoleSessionName="work")
        assert answer["AssumedRoleUser"] == {
            "Arn": role.session_arn("work"),
            "AssumedRoleId": f"{role.role_id}:work",
        }
        denied = refused(other.of("sts"), role)
        assert (denied.status, denied.code, denied.message) == (
            403,
            "AccessDenied",
            f"User: {other.arn} is not authorized to perform: sts:AssumeRole on resource: {role.arn} {NO_TRUST}",
        )

    def test_where_the_account_is_named_its_own_policies_decide(
        self, make_user: MakeUser, make_role: MakeRole
    ) -> None:
        role = make_role(trust(ROOT))
        assumed(make_user(policy(allow("sts:AssumeRole", role.arn))).of("sts"), role)
        for mine in (None, policy(allow("sts:AssumeRole", f"{role.arn}-other"))):
            denied = refused(make_user(mine).of("sts"), role)
            assert denied.message.endswith(
                "because no identity-based policy allows the sts:AssumeRole action"
            )
        barred = make_user(policy(allow("sts:*"), deny("sts:AssumeRole", role.arn)))
        assert refused(barred.of("sts"), role).message.endswith(
            "with an explicit deny in an identity-based policy"
        )

    def test_an_external_id(self, make_user: MakeUser, make_role: MakeRole) -> None:
        user = make_user()
        role = make_role(trust(user.arn, Condition={"StringEquals": {"sts:ExternalId": "Unique-7"}}))
        sts = user.of("sts")
        assumed(sts, role, ExternalId="Unique-7")
        for more in ({}, {"ExternalId": "unique-7"}):
            assert refused(sts, role, **more).message.endswith(NO_TRUST)

    def test_a_session_is_called_as_its_user_is(self, make_user: MakeUser, make_role: MakeRole) -> None:
        own_name = {"StringLike": {"sts:RoleSessionName": "${aws:username}"}}
        role = make_role(trust(ROOT, Condition=own_name))
        user = make_user(ASSUME)
        assumed(user.of("sts"), role, user.name)
        assert refused(user.of("sts"), role, RoleSessionName="admin").message.endswith(NO_TRUST)

    def test_a_change_of_trust_counts_at_once_and_ends_no_session(
        self, iam: Any, clients: Clients, queue: MadeQueue, make_user: MakeUser, make_role: MakeRole
    ) -> None:
        user = make_user()
        role = make_role(trust(user.arn), may=SENDING)
        sqs = clients.of("sqs", assumed(user.of("sts"), role))
        nobody = policy({**trust(user.arn), "Effect": "Deny"})
        iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=nobody)
        assert refused(user.of("sts"), role).message.endswith(
            "with an explicit deny in the role trust policy"
        )
        put(sqs, queue)
        iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=policy(trust(user.arn)))
        assumed(user.of("sts"), role)

    def test_root_and_the_nameless_may_not(
        self, server: Server, clients: Clients, make_role: MakeRole
    ) -> None:
        role = make_role(trust("*"))
        printed = server.command("env", "--root", "--data", str(server.data), "--json")
        found = json.loads(printed.stdout)
        root = Key(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], found["AWS_SESSION_TOKEN"])
        assert refused(clients.of("sts", root), role)[:3] == (
            403,
            "AccessDenied",
            "Roles may not be assumed by root accounts.",
        )


def test_across_accounts_both_must_allow(start_server: StartServer) -> None:
    other = "210987654321"
    server = start_server()
    assert server.command("account", "create", other, "--data", str(server.data)).returncode == 0
    printed = server.command("env", "--data", str(server.data), "--account", other, "--json")
    found = json.loads(printed.stdout)
    stranger = Key(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"])
    clients = Clients(server)
    url = clients.of("sqs").create_queue(QueueName="jobs")["QueueUrl"]
    condition = {"StringEquals": {"sts:ExternalId": "deal-1"}}
    role = new_role(clients.of("iam"), "Sender", trust(other, Condition=condition), may=SENDING)
    theirs = clients.of("iam", stranger)
    keys = []
    for name, may in (("may", ASSUME), ("may-not", None)):
        theirs.create_user(UserName=name)
        if may is not None:
            theirs.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=may)
        made = theirs.create_access_key(UserName=name)["AccessKey"]
        keys.append(Key(made["AccessKeyId"], made["SecretAccessKey"]))
    may_sts, may_not_sts = (clients.of("sts", key) for key in keys)
    session = assumed(may_sts, role, ExternalId="deal-1")
    who = clients.of("sts", session).get_caller_identity()
    assert (who["Account"], who["Arn"]) == (ACCOUNT, role.session_arn("work"))
    sqs = clients.of("sqs", session)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    # By its name alone a queue is the role's account's, not the user's.
    assert sqs.send_message(QueueUrl="jobs", MessageBody="x")["MessageId"]
    denied = refused(may_not_sts, role, ExternalId="deal-1")
    assert denied.message.endswith("because no identity-based policy allows the sts:AssumeRole action")
    assert refused(may_sts, role).message.endswith(NO_TRUST)
    # Named or not, a user of another account needs leave of its own account too.
    clients.of("iam").update_assume_role_policy(
        RoleName="Sender", PolicyDocument=policy(trust(f"arn:aws:iam::{other}:user/may-not"))
    )
    denied = refused(may_not_sts, role)
    assert denied.message.endswith("because no identity-based policy allows the sts:AssumeRole action")
    clients.close()
    assert server.stop() == 0


class TestSessions:
    def test_a_session_is_its_role(
        self, sts: Any, clients: Clients, queue: MadeQueue, make_role: MakeRole
    ) -> None:
        role = make_role(may=SENDING, Path="/app/")
        key = assumed(sts, role)
        who = clients.of("sts", key).get_caller_identity()
        assert (who["Arn"], who["UserId"], who["Account"]) == (
            f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/work",
            f"{role.role_id}:work",
            ACCOUNT,
        )
        sqs = clients.of("sqs", key)
        put(sqs, queue)
        denied = refusal(sqs.receive_message, QueueUrl=queue.url)
        assert denied.message == (
            f"User: {role.session_arn('work')} is not authorized to perform: sqs:receivemessage on resource: "
            f"{queue.arn} because no identity-based policy allows the sqs:receivemessage action"
        )

    def test_keys_of_a_role(self, sts: Any, clients: Clients, guard: Guard, make_role: MakeRole) -> None:
        """aws:PrincipalArn is the role's; there is a user's name for users only (the principal table)."""
        role = make_role()
        sqs = clients.of("sqs", assumed(sts, role, "one"))
        for condition, holds in (
            ({"ArnEquals": {"aws:PrincipalArn": role.arn}}, True),
            ({"ArnEquals": {"aws:PrincipalArn": role.session_arn("one")}}, False),
            ({"StringEquals": {"aws:userid": f"{role.role_id}:one"}}, True),
            ({"StringLike": {"aws:userid": f"{role.role_id}:*"}}, True),
            ({"StringEquals": {"aws:PrincipalType": "AssumedRole"}}, True),
            ({"Null": {"aws:username": "true"}}, True),
            ({"Null": {"aws:TokenIssueTime": "false"}}, True),
            ({"Null": {"aws:SourceIdentity": "true"}}, True),
        ):
            queue = guard(allow("sqs:SendMessage", Principal="*", Condition=condition))
            if holds:
                put(sqs, queue)
            else:
                assert put_refused(sqs, queue).code == "AccessDenied"

    @pytest.mark.parametrize("form", ["inline", "managed", "both"])
    def test_a_session_policy_filters(
        self,
        iam: Any,
        sts: Any,
        clients: Clients,
        queue: MadeQueue,
        make_role: MakeRole,
        form: str,
        name: str,
    ) -> None:
        role = make_role(may=policy(allow(["sqs:SendMessage", "sqs:ReceiveMessage"])))
        passed: dict[str, Any] = {}
        if form != "managed":
            passed["Policy"] = policy(allow(["sqs:SendMessage", "sqs:PurgeQueue"], queue.arn))
        if form != "inline":
            document = policy(allow("sqs:SendMessage" if form == "managed" else "sqs:ReceiveMessage"))
            made = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]
            passed["PolicyArns"] = [{"arn": made["Arn"]}]
        sqs = clients.of("sqs", assumed(sts, role, **passed))
        put(sqs, queue)
        if form == "both":
            sqs.receive_message(QueueUrl=queue.url)
        else:
            denied = refusal(sqs.receive_message, QueueUrl=queue.url)
            assert denied.message.endswith("because no session policy allows the sqs:receivemessage action")
        denied = refusal(sqs.purge_queue, QueueUrl=queue.url)
        assert denied.message.endswith("because no identity-based policy allows the sqs:purgequeue action")

    def test_a_session_policy_denies(
        self, sts: Any, clients: Clients, queue: MadeQueue, make_role: MakeRole
    ) -> None:
        role = make_role(may=policy(allow("sqs:*")))
        passed = policy(allow("sqs:*"), deny("sqs:SendMessage", queue.arn))
        denied = put_refused(clients.of("sqs", assumed(sts, role, Policy=passed)), queue)
        assert denied.message.endswith("with an explicit deny in a session policy")

    def test_two_sessions_of_one_name_differ_in_what_was_passed(
        self, sts: Any, clients: Clients, queue: MadeQueue, make_role: MakeRole
    ) -> None:
        role = make_role(may=policy(allow("sqs:*")))
        wide = clients.of("sqs", assumed(sts, role))
        narrow = clients.of("sqs", assumed(sts, role, Policy=policy(allow("sqs:ListQueues"))))
        for _ in range(2):
            put(wide, queue)
            assert put_refused(narrow, queue).code == "AccessDenied"

    def test_what_a_role_may_changes_for_its_sessions_at_once(
        self, iam: Any, sts: Any, clients: Clients, queue: MadeQueue, make_role: MakeRole
    ) -> None:
        role = make_role(may=SENDING)
        sqs = clients.of("sqs", assumed(sts, role))
        put(sqs, queue)
        iam.delete_role_policy(RoleName=role.name, PolicyName="only")
        assert put_refused(sqs, queue).code == "AccessDenied"
        iam.attach_role_policy(RoleName=role.name, PolicyArn="arn:aws:iam::aws:policy/AmazonSQSFullAccess")
        put(sqs, queue)

    def test_a_presigned_url(self, sts: Any, clients: Clients, server: Server, make_role: MakeRole) -> None:
        """It carries the token, and is good for what the session is."""
        role = make_role()
        url = clients.of("sts", assumed(sts, role, "signer")).generate_presigned_url(
            "get_caller_identity", HttpMethod="GET"
        )
        assert "X-Amz-Security-Token=" in url
        plain = url.replace("https://", "http://", 1)
        with urllib.request.urlopen(plain, timeout=60) as answer:
            assert role.session_arn("signer") in answer.read().decode()


class TestTags:
    def test_tags_of_role_and_session_in_a_queue_policy(
        self, sts: Any, clients: Clients, admin: Any, guard: Guard, make_role: MakeRole
    ) -> None:
        """ABAC: a team's roles reach the team's queue; a session's tag wins over the role's."""
        same = {"StringEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team}"}}
        queue = guard(allow("sqs:SendMessage", Principal="*", Condition=same))
        admin.tag_queue(QueueUrl=queue.url, Tags={"team": "blue"})
        role = make_role(Tags=tags(Team="blue"))
        plain = make_role()
        put(clients.of("sqs", assumed(sts, role)), queue)
        put(clients.of("sqs", assumed(sts, plain, Tags=tags(team="blue"))), queue)
        for key in (
            assumed(sts, plain),
            assumed(sts, role, Tags=tags(team="red")),
            assumed(sts, plain, Tags=tags(team="Blue")),
        ):
            assert put_refused(clients.of("sqs", key), queue).code == "AccessDenied"
        admin.tag_queue(QueueUrl=queue.url, Tags={"team": "red"})
        put(clients.of("sqs", assumed(sts, role, Tags=tags(team="red"))), queue)

    def test_a_role_tagged_anew_is_another_at_once(
        self, iam: Any, sts: Any, clients: Clients, guard: Guard, make_role: MakeRole
    ) -> None:
        queue = guard(
            allow(
                "sqs:SendMessage",
                Principal="*",
                Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}},
            )
        )
        role = make_role()
        sqs = clients.of("sqs", assumed(sts, role))
        assert put_refused(sqs, queue).code == "AccessDenied"
        iam.tag_role(RoleName=role.name, Tags=tags(team="blue"))
        put(sqs, queue)
        iam.untag_role(RoleName=role.name, TagKeys=["team"])
        assert put_refused(sqs, queue).code == "AccessDenied"

    def test_tags_need_leave_and_may_be_held_to_some(self, make_user: MakeUser, make_role: MakeRole) -> None:
        user = make_user()
        closed = make_role(trust(user.arn))
        held = {
            "StringEquals": {"aws:RequestTag/team": ["blue", "red"]},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
        }
        role = make_role(trust(user.arn), trust(user.arn, "sts:TagSession", Condition=held))
        sts = user.of("sts")
        denied = refused(sts, closed, Tags=tags(team="blue"))
        assert denied.message.endswith("because no role trust policy allows the sts:TagSession action")
        assumed(sts, role, Tags=tags(team="blue"))
        for given in (tags(team="green"), tags(team="blue", cost="1"), tags(cost="1")):
            assert "sts:TagSession" in refused(sts, role, Tags=given).message

    def test_transitive_tags_go_along_a_chain(
        self, sts: Any, clients: Clients, guard: Guard, make_role: MakeRole
    ) -> None:
        """A chained session has the tags that were made transitive, and they win over the second role's own."""
        first = make_role(may=policy(allow(["sts:AssumeRole", "sts:TagSession"])))
        second = make_role(Tags=tags(team="green"), may=policy(allow("sts:*")))
        third = make_role()
        key = assumed(sts, first, Tags=tags(team="blue", cost="1"), TransitiveTagKeys=["team"])
        middle = assumed(clients.of("sts", key), second)
        last = assumed(clients.of("sts", middle), third, Tags=tags(cost="2"))
        wanted = {
            "StringEquals": {"aws:PrincipalTag/team": "blue"},
            "Null": {"aws:PrincipalTag/cost": "true"},
        }
        queue = guard(allow("sqs:SendMessage", Principal="*", Condition=wanted))
        put(clients.of("sqs", middle), queue)
        assert put_refused(clients.of("sqs", last), queue).code == "AccessDenied"
        wanted = {"StringEquals": {"aws:PrincipalTag/team": "blue", "aws:PrincipalTag/cost": "2"}}
        put(clients.of("sqs", last), guard(allow("sqs:SendMessage", Principal="*", Condition=wanted)))
        refusing = refused(clients.of("sts", middle), third, Tags=tags(TEAM="red"))
        assert refusing[:2] == (400, "InvalidParameterValue")

    def test_what_is_handed_on_needs_the_trust_of_the_next_role(
        self, sts: Any, clients: Clients, make_role: MakeRole
    ) -> None:
        """Recorded of AWS: without sts:TagSession a chain is refused even where no tag is sent anew."""
        first = make_role(may=policy(allow("sts:*")))
        plain = make_role(trust(ROOT))
        tagging = make_role(trust(ROOT, ["sts:AssumeRole", "sts:TagSession"]))
        naming = make_role(trust(ROOT, ["sts:AssumeRole", "sts:SetSourceIdentity"]))
        assumed(clients.of("sts", assumed(sts, first, Tags=tags(team="blue"))), plain)
        tagged = clients.of("sts", assumed(sts, first, Tags=tags(team="blue"), TransitiveTagKeys=["team"]))
        assert "sts:TagSession" in refused(tagged, plain).message
        assumed(tagged, tagging)
        named = clients.of("sts", assumed(sts, first, SourceIdentity="ann"))
        assert "sts:SetSourceIdentity" in refused(named, plain).message
        assumed(named, naming)


def test_a_source_identity_stays(sts: Any, clients: Clients, guard: Guard, make_role: MakeRole) -> None:
    both = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    of_ann = {"StringLike": {"sts:SourceIdentity": "ann*"}}
    first = make_role(trust(ROOT, both, Condition=of_ann), may=policy(allow("sts:*")))
    second = make_role(trust(ROOT, both, Condition=of_ann))
    for more in ({}, {"SourceIdentity": "bob"}):
        assert refused(sts, first, **more).message.endswith(NO_TRUST)
    answer = sts.assume_role(RoleArn=first.arn, RoleSessionName="work", SourceIdentity="ann@example.com")
    assert answer["SourceIdentity"] == "ann@example.com"
    chained = clients.of("sts", assumed(sts, first, SourceIdentity="ann@example.com"))
    assert (
        chained.assume_role(RoleArn=second.arn, RoleSessionName="last")["SourceIdentity"] == "ann@example.com"
    )
    assert refused(chained, second, SourceIdentity="ann-other").message == (
        "The source identity is already set for this assume role session"
    )
    known = {"StringEquals": {"aws:SourceIdentity": "ann@example.com"}}
    queue = guard(allow("sqs:SendMessage", Principal="*", Condition=known))
    put(clients.of("sqs", assumed(chained, second)), queue)


def test_a_chain_of_roles_by_name(sts: Any, clients: Clients, queue: MadeQueue, make_role: MakeRole) -> None:
    """A role that trusts a role needs no leave of that role's own, within the account."""
    first = make_role()
    second = make_role(trust(first.arn), may=SENDING)
    session_only = make_role(trust(first.session_arn("work")), may=SENDING)
    chained = clients.of("sts", assumed(sts, first))
    put(clients.of("sqs", assumed(chained, second)), queue)
    put(clients.of("sqs", assumed(chained, session_only)), queue)
    other = clients.of("sts", assumed(sts, first, "other"))
    assumed(other, second)
    assert refused(other, session_only).message.endswith(NO_TRUST)
    # What was passed to the first session bounds the step, not what the second session may.
    narrow = clients.of("sts", assumed(sts, first, Policy=policy(allow("sqs:*"))))
    assert refused(narrow, second).message.endswith(
        "because no session policy allows the sts:AssumeRole action"
    )


class TestRemade:
    def test_a_role_that_is_made_again_is_another(
        self, iam: Any, sts: Any, admin: Any, clients: Clients, guard: Guard, make_role: MakeRole, name: str
    ) -> None:
        role = make_role(trust(ROOT), may=SENDING)
        trusting = make_role(trust(role.arn))
        queue = guard(allow("sqs:ReceiveMessage", Principal={"AWS": role.arn}))
        old = assumed(sts, role)
        clients.of("sqs", old).receive_message(QueueUrl=queue.url)
        remove_role(iam, role)
        for client, call in (("sqs", "list_queues"), ("sts", "get_caller_identity")):
            assert refusal(getattr(clients.of(client, old), call))[:3] == (403, "InvalidClientTokenId", GONE)

        def kept() -> Any:
            found = admin.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["Policy"])
            return json.loads(found["Attributes"]["Policy"])["Statement"][0]["Principal"]["AWS"]

        assert kept() == role.role_id
        again = new_role(iam, role.name, trust(ROOT), may=SENDING)
        assert (again.arn, again.role_id != role.role_id) == (role.arn, True)
        assert refusal(clients.of("sqs", old).list_queues).code == "InvalidClientTokenId"
        new = assumed(sts, again)
        sqs = clients.of("sqs", new)
        put(sqs, queue)
        assert refusal(sqs.receive_message, QueueUrl=queue.url).code == "AccessDenied"
        assert kept() == role.role_id
        assert refused(clients.of("sts", new), trusting).message.endswith(NO_TRUST)
        shown = iam.get_role(RoleName=trusting.name)["Role"]["AssumeRolePolicyDocument"]
        assert shown["Statement"][0]["Principal"]["AWS"] == role.role_id
        guard(allow("sqs:ReceiveMessage", Principal={"AWS": role.arn}))
        sqs.receive_message(QueueUrl=queue.url)


class TestRenamed:
    def test_policies_follow_a_user_that_is_renamed(
        self, iam: Any, admin: Any, guard: Guard, make_user: MakeUser, make_role: MakeRole
    ) -> None:
        user = make_user()
        role = make_role(trust(user.arn))
        queue = guard(allow("sqs:SendMessage", Principal={"AWS": [user.arn, ACCOUNT]}))
        iam.update_user(UserName=user.name, NewUserName=f"{user.name}-new", NewPath="/else/")
        arn = f"arn:aws:iam::{ACCOUNT}:user/else/{user.name}-new"
        put(user.sqs(), queue)
        assumed(user.of("sts"), role)
        found = admin.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["Policy"])["Attributes"]
        (statement,) = json.loads(found["Policy"])["Statement"]
        assert statement["Principal"] == {"AWS": [arn, ACCOUNT]}
        shown = iam.get_role(RoleName=role.name)["Role"]["AssumeRolePolicyDocument"]
        assert shown["Statement"][0]["Principal"] == {"AWS": arn}

        # Who takes the name that has become free is not meant, though the stored text has it.
        namesake = iam.create_user(UserName=user.name)["User"]
        assert namesake["Arn"] == user.arn
        made = iam.create_access_key(UserName=user.name)["AccessKey"]
        key = Key(made["AccessKeyId"], made["SecretAccessKey"])
        assert put_refused(user.clients.of("sqs", key), queue).code == "AccessDenied"
        assert refused(user.clients.of("sts", key), role).message.endswith(NO_TRUST)
        # As it is shown it may be saved again.
        admin.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": found["Policy"]})
        put(user.sqs(), queue)
        # AddPermission leaves the others bound.
        admin.add_permission(
            QueueUrl=queue.url, Label="more", AWSAccountIds=[ACCOUNT], Actions=["PurgeQueue"]
        )
        put(user.sqs(), queue)

    def test_a_deny_that_excepts_a_user_goes_on_to_except_it(
        self, iam: Any, guard: Guard, make_user: MakeUser
    ) -> None:
        user, other = make_user(SENDING), make_user(SENDING)
        queue = guard(deny("sqs:SendMessage", NotPrincipal={"AWS": [user.arn, ROOT]}))
        iam.update_user(UserName=user.name, NewUserName=f"{user.name}-new")
        put(user.sqs(), queue)
        assert put_refused(other.sqs(), queue).message.endswith(
            "with an explicit deny in a resource-based policy"
        )

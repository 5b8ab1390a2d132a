"""Sessions of roles beyond single calls: their end, move tasks, the audit log, explanations, the `aws` command."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from sdk.test_audit import DATA_EVENTS, event, id_of
from sdk.test_aws_command import Aws
from sdk.test_boto3_move_tasks import NEEDED, ended, with_dead_letters
from sdk.test_policy_explain import ask, explain, statements, verdicts
from support.clients import Clients, refusal
from support.clocks import put_forward, shifted
from support.policies import ROOT, allow, policy
from support.roles import MakeRole, assumed, key_of, new_role, remove_role, tags, trust
from support.server import ACCOUNT, Server
from support.signing import Presigned, minutes
from support.signing import sqs as signed
from support.things import MadeQueue, MakeQueue, MakeUser, StartServer
from support.vpc import Cloud

EXPIRED = "The security token included in the request is expired"
MOVING = policy(allow([*NEEDED, "sqs:SendMessage"]))


@pytest.mark.parametrize("kind", ["role", "user"])
def test_a_session_ends(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    """Whatever it is used in: a header, a URL made before, one made after. Its token tells when."""
    first = start_server()
    with closing(Clients(first)) as clients:
        iam, sts = clients.of("iam"), clients.of("sts")
        if kind == "role":
            role = new_role(iam, "Worker", trust(ROOT), may=policy(allow("sqs:*")))
            made = sts.assume_role(RoleArn=role.arn, RoleSessionName="work", DurationSeconds=900)
        else:
            made = sts.get_session_token(DurationSeconds=900)
        expires = made["Credentials"]["Expiration"]
        assert abs(expires - datetime.now(UTC) - minutes(15)) < minutes(1)

        key = key_of(made)
        clients.of("sqs", key).list_queues()
    query = f"Action=ListQueues&X-Amz-Security-Token={quote(str(key.token), safe='')}"
    lasting = Presigned(key, query, expires_s=3_600)
    assert lasting.send(first).status == 200
    assert first.stop() == 0

    later = start_server(
        directory=first.directory, environment=shifted(tmp_path_factory.mktemp("later"), 1_200)
    )
    now = datetime.now(UTC) + minutes(20)
    for url in (lasting, Presigned(key, query, at=now)):
        answer = url.send(later)
        assert (answer.status, b"<Code>ExpiredToken</Code>" in answer.body) == (403, True), answer.body
        assert EXPIRED.encode() in answer.body
    answer = signed(key, "ListQueues", at=now, token=key.token).send(later)
    assert (answer.status, json.loads(answer.body)["Message"]) == (403, EXPIRED)
    with closing(Clients(later)) as clients, pytest.MonkeyPatch.context() as patch:
        put_forward(patch, minutes(20))
        assert refusal(clients.of("sqs", key).list_queues)[:3] == (403, "ExpiredToken", EXPIRED)
        assert refusal(clients.of("sts", key).get_caller_identity)[:3] == (403, "ExpiredToken", EXPIRED)
        assert refusal(clients.of("ec2", key).describe_vpcs)[:2] == (400, "RequestExpired")
        # Another secret is told of first, as on AWS: who cannot sign learns nothing of the session.
        forged = key._replace(secret="x" * 40)
        assert refusal(clients.of("sqs", forged).list_queues).code == "SignatureDoesNotMatch"
    assert later.stop() == 0


class TestMoveTasks:
    def test_it_goes_on_after_its_session(
        self, start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """SQS acts in the starter's name as long as the task takes; the credentials themselves are not used again."""
        first = start_server("--cooldown-s", "0")
        with closing(Clients(first)) as clients:
            admin = clients.of("sqs")
            role = new_role(clients.of("iam"), "Mover", trust(ROOT), may=MOVING)
            numbers: Iterator[int] = iter(range(10))

            def make_queue(**attributes: str) -> MadeQueue:
                name = f"q{next(numbers)}"
                url = admin.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
                return MadeQueue(name, url, f"arn:aws:sqs:us-east-2:{ACCOUNT}:{name}")

            _, grave = with_dead_letters(admin, make_queue, 4)
            key = assumed(clients.of("sts"), role, DurationSeconds=900)
            clients.of("sqs", key).start_message_move_task(
                SourceArn=grave.arn, MaxNumberOfMessagesPerSecond=1
            )
        assert first.stop() == 0
        later = start_server(
            "--cooldown-s",
            "0",
            directory=first.directory,
            environment=shifted(tmp_path_factory.mktemp("later"), 1_200),
        )
        with closing(Clients(later)) as clients, pytest.MonkeyPatch.context() as patch:
            put_forward(patch, minutes(20))
            assert refusal(clients.of("sqs", key).list_queues).code == "ExpiredToken"
            task = ended(clients.of("sqs"), grave)
            assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 4)
        assert later.stop() == 0

    def test_it_ends_with_its_role(
        self, iam: Any, admin: Any, sts: Any, clients: Clients, make_queue: MakeQueue, make_role: MakeRole
    ) -> None:
        _, grave = with_dead_letters(admin, make_queue, 20)
        role = make_role(may=MOVING)
        sqs = clients.of("sqs", assumed(sts, role))
        sqs.start_message_move_task(SourceArn=grave.arn, MaxNumberOfMessagesPerSecond=1)
        remove_role(iam, role)
        task = ended(admin, grave)
        assert (task["Status"], task["FailureReason"]) == ("FAILED", "AccessDenied")
        assert task["ApproximateNumberOfMessagesMoved"] < 20

    def test_a_session_policy_holds_for_it(
        self, admin: Any, sts: Any, clients: Clients, make_queue: MakeQueue, make_role: MakeRole
    ) -> None:
        _, grave = with_dead_letters(admin, make_queue, 1)
        key = assumed(sts, make_role(may=MOVING), Policy=policy(allow(NEEDED)))
        refused = refusal(clients.of("sqs", key).start_message_move_task, SourceArn=grave.arn)
        assert refused.message.endswith("because no session policy allows the sqs:sendmessage action")

    def test_its_tags_and_its_arn_are_those_of_the_starter(
        self, admin: Any, sts: Any, clients: Clients, make_queue: MakeQueue, make_role: MakeRole
    ) -> None:
        """What SQS does on behalf of the session has the session's keys, and that it was called by way of SQS."""
        source, grave = with_dead_letters(admin, make_queue, 2)
        role = make_role(may=policy(allow(NEEDED)))
        granted = allow(
            "sqs:SendMessage",
            Principal={"AWS": role.session_arn("work")},
            Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}},
        )
        admin.set_queue_attributes(QueueUrl=source.url, Attributes={"Policy": policy(granted)})
        for key, may in ((assumed(sts, role, Tags=tags(team="red")), False), (None, True)):
            used = key or assumed(sts, role, Tags=tags(team="blue"))
            call = clients.of("sqs", used).start_message_move_task
            if not may:
                assert refusal(call, SourceArn=grave.arn).code == "AccessDenied"
                continue
            call(SourceArn=grave.arn)
            assert ended(admin, grave)["Status"] == "COMPLETED"

    def test_it_goes_on_for_a_user_that_is_renamed(
        self, iam: Any, admin: Any, make_queue: MakeQueue, make_user: MakeUser
    ) -> None:
        source, grave = with_dead_letters(admin, make_queue, 3)
        user = make_user(policy(allow(NEEDED)))
        granted = allow("sqs:SendMessage", Principal={"AWS": user.arn})
        admin.set_queue_attributes(QueueUrl=source.url, Attributes={"Policy": policy(granted)})
        user.sqs().start_message_move_task(SourceArn=grave.arn, MaxNumberOfMessagesPerSecond=2)
        iam.update_user(UserName=user.name, NewUserName=f"{user.name}-new")
        assert ended(admin, grave)["Status"] == "COMPLETED"


@pytest.fixture(scope="module")
def audited(start_server: StartServer) -> Iterator[Cloud]:
    made = Cloud(start_server("--cooldown-s", "0", environment=DATA_EVENTS))
    yield made
    made.close()


def test_the_audit_log_tells_session_and_role(audited: Cloud) -> None:
    both = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    role = new_role(
        audited.iam, "Worker", trust(ROOT, both), may=policy(allow("sqs:ListQueues")), Path="/app/"
    )
    sts, server = audited.clients.of("sts"), audited.server
    made = sts.assume_role(RoleArn=role.arn, RoleSessionName="work", SourceIdentity="ann", ExternalId="x-1")
    found = event(server, id_of(made))
    assert found["userIdentity"]["type"] == "IAMUser"
    assert found["requestParameters"]["roleArn"] == role.arn
    assert found["requestParameters"]["sourceIdentity"] == "ann"
    assert found["responseElements"]["assumedRoleUser"] == {
        "assumedRoleId": f"{role.role_id}:work",
        "arn": role.session_arn("work"),
    }

    key = key_of(made)
    text = (server.data / "audit" / "audit.jsonl").read_text()
    assert key.secret not in text
    assert str(key.token) not in text

    sqs = audited.clients.of("sqs", key)
    identity = event(server, id_of(sqs.list_queues()))["userIdentity"]
    assert identity["sessionContext"]["attributes"].pop("creationDate").endswith("Z")
    assert identity == {
        "type": "AssumedRole",
        "principalId": f"{role.role_id}:work",
        "arn": role.session_arn("work"),
        "accountId": ACCOUNT,
        "accessKeyId": key.access_key_id,
        "sessionContext": {
            "attributes": {"mfaAuthenticated": "false"},
            "sourceIdentity": "ann",
            "sessionIssuer": {
                "type": "Role",
                "principalId": role.role_id,
                "arn": role.arn,
                "accountId": ACCOUNT,
                "userName": role.name,
            },
        },
    }
    with pytest.raises(sqs.exceptions.ClientError) as caught:
        sqs.create_queue(QueueName="not-mine")
    denied = event(server, id_of(caught.value.response))
    assert (denied["errorCode"], denied["userIdentity"]["type"]) == ("AccessDenied", "AssumedRole")
    assert denied["errorMessage"].startswith(f"User: {role.session_arn('work')} is not authorized")


class TestExplained:
    def test_the_last_denial_of_a_session(
        self, server: Server, sts: Any, clients: Clients, queue: MadeQueue, make_role: MakeRole
    ) -> None:
        role = make_role(may=policy({**allow("sqs:*"), "Sid": "All"}))
        passed = policy({**allow("sqs:ReceiveMessage", queue.arn), "Sid": "OnlyReceive"})
        sqs = clients.of("sqs", assumed(sts, role, Policy=passed, Tags=tags(team="blue")))
        refused = refusal(sqs.send_message, QueueUrl=queue.url, MessageBody="x")
        for who in (role.arn, role.session_arn("work"), role.role_id, f"{role.role_id}:work"):
            (found,) = explain(server, "--principal", who)
            trace = found["trace"]
            assert (trace["principal"], trace["message"]) == (role.session_arn("work"), refused.message)
        assert (trace["context"]["aws:principalarn"], trace["context"]["aws:principaltag/team"]) == (
            role.arn,
            "blue",
        )
        told = verdicts(found)
        assert (told["identity-based policy"], told["session policy"]) == ("allows", "silent")
        assert not statements(found, "session policy")["OnlyReceive"]["applies"]
        assert trace["advice"][0]["layer"] == "session policy"

    def test_what_would_become_of_a_session_s_request(
        self, iam: Any, server: Server, queue: MadeQueue, make_role: MakeRole, name: str
    ) -> None:
        role = make_role(may=policy(allow("sqs:SendMessage")))
        for who in (role.arn, role.session_arn("any")):
            (found,) = explain(server, *ask(who, queue), code=0)
            assert found["notes"][0].startswith(f"a session of {role.arn}")
            (found,) = explain(server, *ask(who, queue, "ReceiveMessage"))
            assert found["trace"]["message"].endswith("allows the sqs:receivemessage action")
        document = policy(allow("sqs:ReceiveMessage"))
        bound = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
        iam.put_role_permissions_boundary(RoleName=role.name, PermissionsBoundary=bound)
        (found,) = explain(server, *ask(role.arn, queue))
        assert verdicts(found)["permissions boundary"] == "silent"

    def test_a_principal_that_was_renamed_or_made_again(
        self, iam: Any, admin: Any, server: Server, queue: MadeQueue, make_user: MakeUser
    ) -> None:
        user = make_user()
        granting = policy({**allow("sqs:SendMessage", Principal={"AWS": user.arn}), "Sid": "Ann"})
        admin.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": granting})
        iam.update_user(UserName=user.name, NewUserName=f"{user.name}-new")
        iam.create_user(UserName=user.name)
        for arn, code, told in (
            (f"{user.arn}-new", 0, f"{user.arn} was saved as {user.user_id}, which is {user.arn}-new now"),
            (user.arn, 1, f"the policy means {user.user_id}"),
        ):
            (found,) = explain(server, *ask(arn, queue), code=code)
            elements = statements(found, "resource-based policy")["Ann"]["elements"]
            (principal,) = [one for one in elements if one["name"] == "Principal"]
            assert (principal["matched"], told in principal["why"]) == (code == 0, True), principal


def test_the_aws_command_as_a_role(
    server: Server, queue: MadeQueue, make_role: MakeRole, tmp_path: Path
) -> None:
    """By its parameters, and by a profile with `role_arn`, which the command assumes by itself."""
    aws = Aws(server)
    role = make_role(may=policy(allow("sqs:SendMessage")))
    words = ("sts", "assume-role", "--role-arn", role.arn, "--role-session-name", "shell")
    made = aws(*words, "--duration-seconds", "900")
    assert made["AssumedRoleUser"]["Arn"] == role.session_arn("shell")
    given = made["Credentials"]
    as_role = Aws(server)
    as_role.variables = {
        **aws.variables,
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
    assert as_role("sts", "get-caller-identity")["Arn"] == role.session_arn("shell")
    sending = ("sqs", "send-message", "--queue-url", queue.url, "--message-body", "x")
    assert as_role(*sending)["MessageId"]
    refused = as_role.run("sqs", "receive-message", "--queue-url", queue.url)
    assert refused.returncode in (254, 255)
    assert f"User: {role.session_arn('shell')} is not authorized" in refused.stderr

    config = tmp_path / "config"
    config.write_text(
        f"[profile worker]\nrole_arn = {role.arn}\nsource_profile = own\nrole_session_name = profile\n"
        f"[profile own]\naws_access_key_id = {server.administrator().access_key_id}\n"
        f"aws_secret_access_key = {server.administrator().secret}\n"
    )
    as_profile = Aws(server)
    as_profile.variables = {**aws.variables, "AWS_CONFIG_FILE": str(config)}
    who = as_profile("--profile", "worker", "sts", "get-caller-identity")
    assert who["Arn"] == role.session_arn("profile")
    assert as_profile("--profile", "worker", *sending)["MessageId"]

"""The audit log of a real server, after calls by boto3: who, what, from where, and how it ended."""

import configparser
import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from support.clients import Clients, refusal
from support.policies import allow, policy
from support.raw import post
from support.server import ACCOUNT, REGION, Key, Server, run_command
from support.signing import FORM, Signed
from support.things import StartServer
from support.vpc import ALL_OF_SQS, Cloud, eventually

DATA_EVENTS = {"QANAT_AUDIT_DATA_EVENTS": "true"}
SECRET = "a-body-that-nobody-else-may-read"
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"

Event = dict[str, Any]


def audit_files(server: Server) -> list[Path]:
    """Oldest first."""
    directory = server.data / "audit"
    return [*sorted(directory.glob("audit-*.jsonl")), directory / "audit.jsonl"]


def events(server: Server) -> list[Event]:
    """All whole lines."""
    while True:
        try:
            texts = [file.read_bytes() for file in audit_files(server)]
        except FileNotFoundError:
            if not (server.data / "audit").exists():
                return []
            continue  # it is just being turned over
        return [json.loads(line) for text in texts for line in text.split(b"\n")[:-1]]


def event(server: Server, request_id: str) -> Event:
    """The one event of that request, which is written a moment after the answer."""
    found = eventually(
        lambda: [one for one in events(server) if one.get("requestID") == request_id],
        lambda these: len(these) > 0,
    )
    assert len(found) == 1
    return found[0]


def id_of(answer: dict[str, Any]) -> str:
    return str(answer["ResponseMetadata"]["RequestId"])


@pytest.fixture(scope="module")
def cloud(start_server: StartServer) -> Iterator[Cloud]:
    made = Cloud(start_server("--cooldown-s", "0", environment=DATA_EVENTS))
    yield made
    made.close()


@pytest.fixture(scope="module")
def quiet(start_server: StartServer) -> Iterator[Cloud]:
    """As it is by default."""
    made = Cloud(start_server("--cooldown-s", "0"))
    yield made
    made.close()


def test_a_management_call(cloud: Cloud) -> None:
    answer = cloud.sqs.create_queue(QueueName="Audited", Attributes={"DelaySeconds": "1"}, tags={"Team": "A"})
    found = event(cloud.server, id_of(answer))
    admin = cloud.server.administrator()
    assert found["userIdentity"].pop("principalId").startswith("AIDA")
    assert found.pop("eventID") != found.pop("requestID")
    assert found.pop("eventTime").endswith("Z")
    assert found.pop("userAgent").startswith("Boto3/")
    assert found.pop("tlsDetails")["tlsVersion"] == "TLSv1.3"
    assert found == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/admin",
            "accountId": ACCOUNT,
            "accessKeyId": admin.access_key_id,
            "userName": "admin",
        },
        "eventSource": "sqs.amazonaws.com",
        "eventName": "CreateQueue",
        "awsRegion": REGION,
        "sourceIPAddress": "127.0.0.1",
        "requestParameters": {
            "queueName": "Audited",
            "attributes": {"DelaySeconds": "1"},
            "tags": {"Team": "A"},
        },
        "responseElements": {"queueUrl": answer["QueueUrl"]},
        "readOnly": False,
        "resources": [
            {
                "ARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:Audited",
                "accountId": ACCOUNT,
                "type": "AWS::SQS::Queue",
            }
        ],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def test_calls_of_ec2_iam_and_sts(cloud: Cloud) -> None:
    vpc = cloud.ec2.create_vpc(CidrBlock="10.9.0.0/16")
    found = event(cloud.server, id_of(vpc))
    assert (found["eventSource"], found["eventName"]) == ("ec2.amazonaws.com", "CreateVpc")
    assert found["responseElements"]["vpc"]["vpcId"] == vpc["Vpc"]["VpcId"]
    user = cloud.iam.create_user(UserName="seen")
    assert event(cloud.server, id_of(user))["requestParameters"]["userName"] == "seen"
    identity = event(cloud.server, id_of(cloud.clients.of("sts").get_caller_identity()))
    assert (identity["eventName"], identity["readOnly"]) == ("GetCallerIdentity", True)
    assert identity["responseElements"] is None


def test_calls_on_messages_without_the_messages(cloud: Cloud) -> None:
    queue, sqs = cloud.queue(), cloud.sqs
    attributes = {"kind": {"DataType": "String", "StringValue": SECRET}}
    answers = [
        sqs.send_message(QueueUrl=queue.url, MessageBody=SECRET, MessageAttributes=attributes),
        sqs.send_message_batch(QueueUrl=queue.url, Entries=[{"Id": "1", "MessageBody": SECRET}]),
        received := sqs.receive_message(QueueUrl=queue.url, MessageAttributeNames=["All"]),
        sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=received["Messages"][0]["ReceiptHandle"]),
    ]
    found = [event(cloud.server, id_of(answer)) for answer in answers]
    assert [one["eventName"] for one in found] == [
        "SendMessage",
        "SendMessageBatch",
        "ReceiveMessage",
        "DeleteMessage",
    ]
    assert {(one["eventCategory"], one["managementEvent"]) for one in found} == {("Data", False)}
    assert found[0]["requestParameters"]["messageBody"] == HIDDEN
    assert found[0]["responseElements"] == {"messageId": answers[0]["MessageId"]}
    assert found[2]["responseElements"] is None
    refused = refusal(sqs.send_message, QueueUrl=queue.url, MessageBody=SECRET + "\x01")
    assert refused
    assert all(SECRET not in file.read_text() for file in audit_files(cloud.server) if file.exists())


def test_a_new_key_without_its_secret(cloud: Cloud) -> None:
    user = cloud.user()
    made = cloud.iam.create_access_key(UserName=user.name)
    found = event(cloud.server, id_of(made))
    assert found["responseElements"]["accessKey"]["accessKeyId"] == made["AccessKey"]["AccessKeyId"]
    text = (cloud.server.data / "audit" / "audit.jsonl").read_text()
    assert made["AccessKey"]["SecretAccessKey"] not in text
    assert user.key.secret not in text


def test_temporary_credentials_and_what_they_do(cloud: Cloud) -> None:
    user = cloud.user(policy(allow(["sts:*", "sqs:*"])))
    made = user.of("sts").get_federation_token(Name="guest", Policy=ALL_OF_SQS)
    credentials = made["Credentials"]
    found = event(cloud.server, id_of(made))
    assert (found["eventName"], found["readOnly"]) == ("GetFederationToken", True)
    assert found["requestParameters"]["name"] == "guest"
    assert found["resources"][0]["ARN"] == made["FederatedUser"]["Arn"]
    told = found["responseElements"]["credentials"]
    assert told["accessKeyId"] == credentials["AccessKeyId"]
    assert (told["secretAccessKey"], told["sessionToken"]) == (HIDDEN, HIDDEN)

    session = boto3.client(
        "sqs",
        region_name=REGION,
        endpoint_url=cloud.server.url("http"),
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    identity = event(cloud.server, id_of(session.list_queues()))["userIdentity"]
    session.close()
    assert identity["sessionContext"]["attributes"].pop("creationDate").endswith("Z")
    assert identity == {
        "type": "FederatedUser",
        "principalId": f"{ACCOUNT}:guest",
        "arn": made["FederatedUser"]["Arn"],
        "accountId": ACCOUNT,
        "accessKeyId": credentials["AccessKeyId"],
        "sessionContext": {
            "attributes": {"mfaAuthenticated": "false"},
            "sessionIssuer": {
                "type": "IAMUser",
                "principalId": user.user_id,
                "arn": user.arn,
                "accountId": ACCOUNT,
                "userName": user.name,
            },
        },
    }
    text = (cloud.server.data / "audit" / "audit.jsonl").read_text()
    assert credentials["SecretAccessKey"] not in text
    assert credentials["SessionToken"] not in text


# -- refused ------------------------------------------------------------------------------------------------------


def last(server: Server, **wanted: object) -> Event:
    found = eventually(
        lambda: [one for one in events(server) if all(one.get(name) == wanted[name] for name in wanted)],
        lambda these: len(these) > 0,
    )
    return found[-1]


def test_a_denied_call(cloud: Cloud) -> None:
    queue, user = cloud.queue(), cloud.user(None)
    refusal(user.sqs().delete_queue, QueueUrl=queue.url)
    found = last(cloud.server, eventName="DeleteQueue", errorCode="AccessDenied")
    assert found["userIdentity"]["userName"] == user.name
    assert found["requestParameters"] == {"queueUrl": queue.url}
    assert found["resources"][0]["ARN"] == queue.arn
    assert "because no identity-based policy allows" in found["errorMessage"]
    refusal(user.of("ec2").create_vpc, CidrBlock="10.0.0.0/16")
    assert last(cloud.server, eventName="CreateVpc", errorCode="Client.UnauthorizedOperation")
    refusal(user.of("iam").list_users)
    assert last(cloud.server, eventName="ListUsers", errorCode="AccessDenied")


def test_a_signature_that_is_wrong(cloud: Cloud) -> None:
    user = cloud.user()
    wrong = Key(user.key.access_key_id, "x" * 40)
    refusal(cloud.clients.of("iam", wrong).list_groups)
    refusal(cloud.clients.of("sqs", wrong).purge_queue, QueueUrl="q")
    found = last(cloud.server, eventName="PurgeQueue", errorCode="SignatureDoesNotMatch")
    assert found["userIdentity"] == {"type": "Unknown", "accessKeyId": user.key.access_key_id}
    assert found["requestParameters"] is None


def test_a_key_that_is_not_known(cloud: Cloud) -> None:
    refusal(cloud.clients.of("iam", Key("AKIAIOSFODNN7EXAMPLE", "x" * 40)).list_users)
    found = last(cloud.server, eventName="ListUsers", errorCode="InvalidClientTokenId")
    assert found["userIdentity"]["accessKeyId"] == "AKIAIOSFODNN7EXAMPLE"


def test_who_does_not_sign(cloud: Cloud) -> None:
    post(cloud.server, b"Action=CreateUser&UserName=x&Version=2010-05-08")
    found = last(cloud.server, eventName="CreateUser", errorCode="MissingAuthenticationToken")
    assert found["userIdentity"] == {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}
    assert "tlsDetails" not in found


def test_a_name_written_in_another_way_is_the_same_call(cloud: Cloud) -> None:
    body = b"%41ction=Create%51ueue&QueueName=Disguised&Version=2012-11-05"
    signed = Signed(cloud.server.administrator(), body, {"Content-Type": FORM})
    assert signed.send(cloud.server).status == 200
    assert last(cloud.server, eventName="CreateQueue", requestParameters={"queueName": "Disguised"})
    wrong = Signed(Key(signed.key.access_key_id, "x"), b"%41ction=Delete%51ueue", {"Content-Type": FORM})
    assert wrong.send(cloud.server).status == 403
    assert last(cloud.server, eventName="DeleteQueue", errorCode="SignatureDoesNotMatch")


def test_across_accounts(cloud: Cloud) -> None:
    other = "210987654321"
    made = cloud.server.command("account", "create", other, "--data", str(cloud.server.data), "--json")
    assert made.returncode == 0, made.stderr
    queue = cloud.queue()
    cloud.guard(queue, allow("sqs:PurgeQueue", queue.arn, Principal={"AWS": other}))
    key = administrator_of(cloud.server, other)
    answer = cloud.clients.of("sqs", key).purge_queue(QueueUrl=queue.url)
    found = event(cloud.server, id_of(answer))
    assert (found["userIdentity"]["accountId"], found["recipientAccountId"]) == (other, other)
    assert found["resources"][0]["accountId"] == ACCOUNT


def administrator_of(server: Server, account: str) -> Key:
    parser = configparser.ConfigParser()
    parser.read(server.data / "credentials")
    section = parser[f"account/{account}"]
    return Key(section["aws_access_key_id"], section["aws_secret_access_key"])


# -- what is recorded, and where ----------------------------------------------------------------------------------


def test_without_the_setting_calls_on_messages_are_not_recorded(quiet: Cloud) -> None:
    queue = quiet.queue()
    nobody = quiet.user(None)
    quiet.sqs.send_message(QueueUrl=queue.url, MessageBody="x")
    refusal(nobody.sqs().send_message, QueueUrl=queue.url, MessageBody="x")
    Signed(quiet.server.administrator(), b"Action=GetQueueUrl&QueueName=q", {"Content-Type": FORM}).send(
        quiet.server
    )
    answer = quiet.sqs.list_queues()
    event(quiet.server, id_of(answer))
    assert {one["eventCategory"] for one in events(quiet.server)} == {"Management"}


def test_nobody_else_may_read_the_files(quiet: Cloud) -> None:
    event(quiet.server, id_of(quiet.sqs.list_queues()))
    directory = quiet.server.data / "audit"
    assert directory.stat().st_mode & 0o777 == 0o700
    assert (directory / "audit.jsonl").stat().st_mode & 0o777 == 0o600


def test_the_files_turn_over(start_server: StartServer) -> None:
    environment = {"QANAT_AUDIT_FILE_BYTES": "4096", "QANAT_AUDIT_FILES_KEPT": "2"}
    cloud = Cloud(start_server(environment=environment))
    for _ in range(40):
        event(cloud.server, id_of(cloud.sqs.list_queues()))
    *kept, current = audit_files(cloud.server)
    assert len(kept) == 2
    assert all(4_096 <= file.stat().st_size < 8_192 for file in kept)
    assert current.stat().st_size < 8_192
    assert len(events(cloud.server)) < 40
    cloud.close()


def test_a_disk_that_cannot_be_written_stops_nothing(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    server = Server.start(tmp_path, "--cooldown-s", "0")
    obstacle = server.data / "audit"
    obstacle.write_text("a file where the directory should be")
    cloud = Cloud(server)
    queue = cloud.queue()
    eventually(lambda: server.log, lambda log: "the audit log cannot be written, and is tried again" in log)
    cloud.sqs.send_message(QueueUrl=queue.url, MessageBody="x")
    obstacle.unlink()
    eventually(lambda: server.log, lambda log: "the audit log is written again" in log)
    assert [one["eventName"] for one in events(server)] == ["CreateQueue"]
    cloud.close()
    assert server.stop() == 0


def test_a_clean_stop_writes_all(tmp_path: Path) -> None:
    server = Server.start(tmp_path)
    cloud = Cloud(server)
    for number in range(50):
        cloud.iam.create_user(UserName=f"user-{number}")
    cloud.close()
    assert server.stop() == 0
    created = [one for one in events(server) if one["eventName"] == "CreateUser"]
    assert [one["requestParameters"]["userName"] for one in created] == [f"user-{n}" for n in range(50)]


def test_kill_9_leaves_whole_lines(tmp_path: Path) -> None:
    server = Server.start(tmp_path, environment=DATA_EVENTS)
    cloud = Cloud(server)
    queue = cloud.queue()
    path = server.data / "audit" / "audit.jsonl"

    def send(client: Any) -> None:
        try:
            for _ in range(100_000):
                client.send_message(QueueUrl=queue.url, MessageBody="x")
        except Exception:  # noqa: BLE001 - the server is gone
            return

    senders = [threading.Thread(target=send, args=(Clients(server).of("sqs"),)) for _ in range(3)]
    for sender in senders:
        sender.start()
    eventually(lambda: len(events(server)), lambda number: number > 50)
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    assert server.process.stdout is not None
    server.process.stdout.close()
    for sender in senders:
        sender.join()
    cloud.close()
    *whole, _ = path.read_bytes().split(b"\n")
    assert len(whole) > 50
    for line in whole:
        assert json.loads(line)["eventVersion"] == "1.11"
    again = Server.start(tmp_path)
    event_after = Cloud(again)
    event_after.iam.list_users()
    event_after.close()
    assert again.stop() == 0
    lines = path.read_bytes().splitlines()
    assert json.loads(lines[-1])["eventName"] == "ListUsers"


def test_settings_that_cannot_be(tmp_path: Path) -> None:
    for name, value, said in (
        ("AUDIT", "perhaps", "must be true or false"),
        ("AUDIT_FILE_BYTES", "1", "must be 4096 or more"),
        ("AUDIT_FILES_KEPT", "0", "must be 1 to 10000"),
    ):
        done = run_command(tmp_path, "serve", environment={f"QANAT_{name}": value})
        assert done.returncode == 2
        assert said in done.stderr


def test_switched_off_there_is_none(start_server: StartServer) -> None:
    cloud = Cloud(start_server(environment={"QANAT_AUDIT": "false"}))
    cloud.queue()
    cloud.close()
    cloud.server.stop()
    assert not (cloud.server.data / "audit").exists()

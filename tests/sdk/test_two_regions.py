"""Two regions of one server: the same names in both, nothing of one seen in the other."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from support.clients import Clients, refusal
from support.policies import allow, deny, policy
from support.raw import post
from support.server import ACCOUNT, REGION, Key, Server
from support.signing import FORM, JSON, Signed
from support.signing import sqs as signed
from support.things import StartServer

FAR = "eu-west-1"
ELSEWHERE = "ap-south-1"


@pytest.fixture(scope="module")
def wide(start_server: StartServer) -> Server:
    return start_server("--regions", FAR, "--cooldown-s", "0")


@pytest.fixture(scope="module")
def of(wide: Server) -> Iterator[Clients]:
    found = Clients(wide)
    yield found
    found.close()


def sqs_of(clients: Clients, region: str, key: Key | None = None) -> Any:
    return clients.of("sqs", key, region=region)


def both(clients: Clients, name: str) -> tuple[Any, Any, str]:
    """SQS of either region, and the URL of a queue that is there in both."""
    near, far = sqs_of(clients, REGION), sqs_of(clients, FAR)
    urls = {client.create_queue(QueueName=name)["QueueUrl"] for client in (near, far)}
    assert len(urls) == 1  # on the public listener no region is part of the name
    return near, far, urls.pop()


def bodies(client: Any, url: str) -> list[str]:
    return [message["Body"] for message in client.receive_message(QueueUrl=url).get("Messages", [])]


def test_the_server_says_what_it_serves(wide: Server) -> None:
    assert wide.started["region"] == REGION
    assert wide.started["regions"] == [REGION, FAR]


class TestQueues:
    def test_one_name_is_two_queues(self, of: Clients, name: str) -> None:
        near, far, url = both(of, name)
        near.send_message(QueueUrl=url, MessageBody="near")
        assert bodies(far, url) == []
        far.send_message(QueueUrl=url, MessageBody="far")
        assert (bodies(near, url), bodies(far, url)) == (["near"], ["far"])
        arns = [
            client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            for client in (near, far)
        ]
        assert arns == [f"arn:aws:sqs:{region}:{ACCOUNT}:{name}" for region in (REGION, FAR)]

    def test_what_is_deleted_in_one_stays_in_the_other(self, of: Clients, name: str) -> None:
        near, far, url = both(of, name)
        near.delete_queue(QueueUrl=url)
        assert near.list_queues(QueueNamePrefix=name).get("QueueUrls", []) == []
        assert far.list_queues(QueueNamePrefix=name)["QueueUrls"] == [url]

    @pytest.mark.parametrize(
        "host",
        [
            "sqs.{}.amazonaws.com",
            "sqs.{}.api.aws",
            "{}.queue.amazonaws.com",
            "vpce-1-a.sqs.{}.vpce.amazonaws.com",
        ],
    )
    def test_the_url_of_another_region_leads_to_nothing(self, of: Clients, name: str, host: str) -> None:
        near, far, _ = both(of, name)
        url = f"https://{host.format(FAR)}/{ACCOUNT}/{name}"
        far.send_message(QueueUrl=url, MessageBody="x")
        found = refusal(near.send_message, QueueUrl=url, MessageBody="x")
        assert (found.status, found.exception) == (400, "QueueDoesNotExist")

    def test_what_is_asked_by_a_wrong_url_decides_nothing_for_the_right_one(
        self, of: Clients, name: str
    ) -> None:
        """Decisions are kept: one that was made without the queue's policy must not be."""
        near, _, url = both(of, name)
        near.set_queue_attributes(
            QueueUrl=url, Attributes={"Policy": policy(deny("sqs:SendMessage", Principal="*"))}
        )
        far_url = f"https://sqs.{FAR}.amazonaws.com/{ACCOUNT}/{name}"
        for asked in (far_url, url):
            assert refusal(near.send_message, QueueUrl=asked, MessageBody="x").code == "AccessDenied"

    def test_a_receipt_of_another_region_deletes_nothing(self, of: Clients, name: str) -> None:
        near, far, url = both(of, name)
        far.send_message(QueueUrl=url, MessageBody="x")
        (message,) = far.receive_message(QueueUrl=url)["Messages"]
        receipt = message["ReceiptHandle"]
        found = refusal(near.delete_message, QueueUrl=url, ReceiptHandle=receipt)
        assert found.exception == "ReceiptHandleIsInvalid"
        far.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)
        assert bodies(far, url) == ["x"]

    def test_a_move_task_stays_in_its_region(self, of: Clients, name: str) -> None:
        near, far, url = both(of, name)
        dead_letters = f"arn:aws:sqs:{FAR}:{ACCOUNT}:{name}"
        redrive = json.dumps({"deadLetterTargetArn": dead_letters, "maxReceiveCount": 1})
        far.create_queue(QueueName=f"{name}-source", Attributes={"RedrivePolicy": redrive})
        found = refusal(near.start_message_move_task, SourceArn=dead_letters)
        assert (found.status, found.code) == (404, "ResourceNotFoundException")
        assert far.start_message_move_task(SourceArn=dead_letters)["TaskHandle"]
        refused = refusal(near.set_queue_attributes, QueueUrl=url, Attributes={"RedrivePolicy": redrive})
        assert "same region" in refused.message


class TestScope:
    def told(self, server: Server, region: str, host: str | None = None) -> tuple[int, str]:
        headers = {} if host is None else {"Host": host}
        answer = signed(server.administrator(), "ListQueues", region=region, headers=headers).send(server)
        return answer.status, json.loads(answer.body).get("Message", "")

    def refused(self, region: str) -> tuple[int, str]:
        return 403, f"Credential should be scoped to a valid region, not '{region}'."

    def test_a_region_that_is_not_served(self, wide: Server) -> None:
        assert self.told(wide, ELSEWHERE) == self.refused(ELSEWHERE)
        assert self.told(wide, "us-east-1") == self.refused("us-east-1")

    def test_a_name_of_one_region_serves_that_one(self, wide: Server) -> None:
        for region, other in ((REGION, FAR), (FAR, REGION)):
            assert self.told(wide, region, f"sqs.{region}.amazonaws.com")[0] == 200
            assert self.told(wide, other, f"sqs.{region}.amazonaws.com") == self.refused(other)

    @pytest.mark.parametrize(
        ("service", "form"),
        [
            ("iam", b"Action=ListUsers&Version=2010-05-08"),
            ("sts", b"Action=GetCallerIdentity&Version=2011-06-15"),
        ],
    )
    def test_iam_and_sts_belong_to_no_region(self, wide: Server, service: str, form: bytes) -> None:
        """IAM's clients sign for us-east-1, and so do those of the old STS endpoint."""
        for region, status in (("us-east-1", 200), (REGION, 200), (FAR, 200), (ELSEWHERE, 403)):
            request = Signed(
                wide.administrator(), form, {"Content-Type": FORM}, service=service, region=region
            )
            assert request.send(wide).status == status, region

    def test_ec2_of_a_region_that_is_not_served(self, of: Clients) -> None:
        for region in (ELSEWHERE, "us-east-1"):
            found = refusal(of.of("ec2", region=region).describe_vpcs)
            assert (found.status, found.code) == (401, "AuthFailure")


class TestAnonymous:
    def send(self, server: Server, url: str, host: str = "x") -> int:
        headers = {"Host": host, "X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": JSON}
        return post(server, json.dumps({"QueueUrl": url, "MessageBody": "x"}).encode(), headers).status

    def test_the_name_that_is_used_says_which_region(self, wide: Server, of: Clients, name: str) -> None:
        near, far, url = both(of, name)
        far.set_queue_attributes(
            QueueUrl=url, Attributes={"Policy": policy(allow("sqs:SendMessage", Principal="*"))}
        )
        near_name, far_name = (f"sqs.{region}.amazonaws.com" for region in (REGION, FAR))
        path = f"{ACCOUNT}/{name}"
        assert self.send(wide, url) == 403
        assert self.send(wide, f"https://{near_name}/{path}", far_name) == 400
        assert bodies(far, url) == []
        assert self.send(wide, f"https://{far_name}/{path}") == 200
        assert self.send(wide, url, far_name) == 200
        assert bodies(near, url) == []
        assert bodies(far, url) == ["x"]


class TestPolicies:
    def user(self, of: Clients, name: str, *statements: dict[str, Any]) -> Key:
        iam = of.of("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=policy(*statements))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return Key(made["AccessKeyId"], made["SecretAccessKey"])

    def test_the_requested_region(self, of: Clients, name: str) -> None:
        """`ListQueues` is asked of `*` in both regions: one answer must not stand for the other."""
        elsewhere = {"StringNotEquals": {"aws:RequestedRegion": FAR}}
        key = self.user(of, name, allow("*"), deny("*", Condition=elsewhere))
        assert sqs_of(of, FAR, key).list_queues()
        assert refusal(sqs_of(of, REGION, key).list_queues).code == "AccessDenied"
        assert sqs_of(of, FAR, key).list_queues()
        assert of.of("ec2", key, region=FAR).describe_vpcs()
        assert refusal(of.of("ec2", key).describe_vpcs).code == "UnauthorizedOperation"
        # IAM is in us-east-1, whatever region its client has.
        assert refusal(of.of("iam", key, region=FAR).list_users).code == "AccessDenied"

    def test_a_resource_is_of_one_region(self, of: Clients, name: str) -> None:
        near, far, url = both(of, name)
        key = self.user(of, name, allow("sqs:*", f"arn:aws:sqs:{FAR}:{ACCOUNT}:*"))
        sqs_of(of, FAR, key).send_message(QueueUrl=url, MessageBody="x")
        found = refusal(sqs_of(of, REGION, key).send_message, QueueUrl=url, MessageBody="x")
        assert f"on resource: arn:aws:sqs:{REGION}:{ACCOUNT}:{name} because" in found.message
        assert bodies(near, url) == []
        assert bodies(far, url) == ["x"]


def test_a_vpc_is_of_one_region(of: Clients) -> None:
    near, far = of.of("ec2"), of.of("ec2", region=FAR)
    vpc_id = far.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = far.create_subnet(VpcId=vpc_id, CidrBlock="10.9.1.0/24")["Subnet"]
    assert subnet["AvailabilityZone"] == f"{FAR}a"
    assert f":{FAR}:" in subnet["SubnetArn"]
    assert [vpc["VpcId"] for vpc in far.describe_vpcs()["Vpcs"]] == [vpc_id]
    assert near.describe_vpcs()["Vpcs"] == []
    assert refusal(near.describe_vpcs, VpcIds=[vpc_id]).code == "InvalidVpcID.NotFound"
    assert refusal(near.delete_vpc, VpcId=vpc_id).code == "InvalidVpcID.NotFound"
    found = refusal(
        far.create_vpc_endpoint,
        VpcId=vpc_id,
        VpcEndpointType="Interface",
        ServiceName=f"com.amazonaws.{REGION}.sqs",
    )
    assert found.code == "InvalidServiceName"


def test_the_public_certificate_has_the_names_of_all_regions(wide: Server) -> None:
    leaf = x509.load_pem_x509_certificates((wide.data / "tls" / "public.pem").read_bytes())[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    found = names.get_values_for_type(x509.DNSName)
    assert {f"sqs.{region}.{end}" for region in (REGION, FAR) for end in ("amazonaws.com", "api.aws")} <= {
        *found
    }


def test_a_restart_keeps_all_and_a_region_may_rest(
    start_server: StartServer, tmp_path: Path, name: str
) -> None:
    def sent(server: Server, region: str) -> list[str]:
        clients = Clients(server)
        try:
            return bodies(sqs_of(clients, region), name)
        finally:
            clients.close()

    first = start_server("--regions", FAR, directory=tmp_path)
    clients = Clients(first)
    near, far, _ = both(clients, name)
    near.send_message(QueueUrl=name, MessageBody="near")
    far.send_message(QueueUrl=name, MessageBody="far")
    clients.close()
    assert first.stop() == 0
    without = start_server(directory=tmp_path)
    assert sent(without, REGION) == ["near"]
    refused = signed(without.administrator(), "ListQueues", region=FAR).send(without)
    assert refused.status == 403
    assert without.stop() == 0
    again = start_server("--region", FAR, "--regions", REGION, directory=tmp_path)
    assert sent(again, FAR) == ["far"]
    assert again.stop() == 0

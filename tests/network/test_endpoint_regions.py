"""An endpoint is of one region: its names, its certificate, and what may be signed for through it."""

import json
from collections.abc import Iterator

import pytest

from network.world import NEEDS_NAMESPACES
from support.server import ACCOUNT, REGION
from support.signing import sqs as signed
from support.things import StartServer
from support.vpc import EVERYTHING, OWN, SQS, Cloud, wire_bytes

pytestmark = NEEDS_NAMESPACES

FAR = "eu-west-1"
FAR_SQS = f"sqs.{FAR}.amazonaws.com"


@pytest.fixture(scope="module")
def clouds(start_server: StartServer) -> Iterator[tuple[Cloud, Cloud]]:
    """The two regions of one server."""
    server = start_server("--network", "netns", "--regions", FAR, "--cooldown-s", "0")
    made = Cloud(server), Cloud(server, FAR)
    yield made
    for cloud in made:
        cloud.close()


def test_an_endpoint_in_the_second_region(clouds: tuple[Cloud, Cloud]) -> None:
    near, far = clouds
    queue, user = far.queue("jobs"), far.user()
    near.queue("jobs")
    vpc_id = far.vpc()
    endpoint = far.endpoint(vpc_id, far.subnet(vpc_id), PolicyDocument=EVERYTHING)
    assert endpoint.names[0].endswith(f".sqs.{FAR}.vpce.amazonaws.com")
    assert endpoint.names[-1] == FAR_SQS
    with far.instance(vpc_id, "--user", user.name) as inside:
        assert inside.addresses(FAR_SQS) == list(endpoint.addresses)
        assert inside.look_up(SQS)["code"] == "NXDOMAIN"
        # An unmodified client finds its region in its environment, and all names under a certificate that it trusts.
        url = inside.call(OWN, "GetQueueUrl", QueueName="jobs")
        assert url.output["QueueUrl"] == f"https://{FAR_SQS}/{ACCOUNT}/jobs"
        for name in (None, endpoint.url):
            assert inside.call(
                OWN, "SendMessage", name, QueueUrl=url.output["QueueUrl"], MessageBody="x"
            ).allowed
        near_url = f"https://{SQS}/{ACCOUNT}/jobs"
        lost = inside.call(OWN, "SendMessage", QueueUrl=near_url, MessageBody="x")
        assert (lost.status, lost.code) == (400, "AWS.SimpleQueueService.NonExistentQueue")
        names = inside.ask("certificate", host=FAR_SQS)["names"]
        assert sorted(names) == sorted([FAR_SQS, f"*.sqs.{FAR}.vpce.amazonaws.com", f"sqs.{FAR}.api.aws"])
        inside.open("line", FAR_SQS, tls=FAR_SQS)
        for region, status in ((FAR, 200), (REGION, 403), ("us-east-1", 403)):
            request = wire_bytes(signed(user.key, "ListQueues", region=region), FAR_SQS)
            answer = inside.exchange("line", request)
            assert answer["status"] == status, region
    counts = far.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["ApproximateNumberOfMessages"])
    assert counts["Attributes"]["ApproximateNumberOfMessages"] == "2"


def test_the_source_of_a_request_names_the_region(clouds: tuple[Cloud, Cloud]) -> None:
    """`aws:SourceVpcArn` is of the VPC's own region, and a policy by it holds."""
    _, far = clouds
    queue, user = far.queue(), far.user()
    vpc_id = far.vpc()
    far.endpoint(vpc_id, far.subnet(vpc_id))
    here = {"ArnEquals": {"aws:SourceVpcArn": f"arn:aws:ec2:{FAR}:{ACCOUNT}:vpc/{vpc_id}"}}
    statement = {"Action": "sqs:SendMessage", "Principal": "*", "Resource": queue.arn}
    far.guard(queue, {**statement, "Effect": "Deny", "Condition": {"ArnNotEquals": here["ArnEquals"]}})
    url = f"https://{FAR_SQS}/{ACCOUNT}/{queue.name}"
    with far.instance(vpc_id) as inside:
        assert inside.call(user.key, "SendMessage", QueueUrl=url, MessageBody="x").allowed
    public = far.clients.of("sqs", user.key, region=FAR)
    with pytest.raises(public.exceptions.ClientError) as caught:
        public.send_message(QueueUrl=url, MessageBody="x")
    assert "explicit deny" in json.dumps(caught.value.response)

"""Tags, permissions, dead-letter sources and attributes of queues in the Query protocol, by hand."""

import json
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from support.server import ACCOUNT, Server
from support.signing import FORM, Signed
from support.things import MadeQueue, MakeQueue

NAMESPACE = {"": "http://queue.amazonaws.com/doc/2012-11-05/"}


def sent(server: Server, action: str, **parameters: str) -> tuple[int, ET.Element]:
    form = urlencode({"Action": action, "Version": "2012-11-05", **parameters})
    answer = Signed(server.administrator(), form.encode(), {"Content-Type": FORM}).send(server)
    return answer.status, ET.fromstring(answer.body)


def pairs(tree: ET.Element, entry: str, key: str) -> dict[str | None, str | None]:
    return {
        found.findtext(key, namespaces=NAMESPACE): found.findtext("Value", namespaces=NAMESPACE)
        for found in tree.iterfind(f".//{entry}", NAMESPACE)
    }


def test_tags(server: Server, queue: MadeQueue) -> None:
    tags = {"Tag.1.Key": "a", "Tag.1.Value": "1 & 2", "Tag.2.Key": "b", "Tag.2.Value": ""}
    status, tree = sent(server, "TagQueue", QueueUrl=queue.url, **tags)
    assert (status, [child.tag.partition("}")[2] for child in tree]) == (200, ["ResponseMetadata"])
    status, tree = sent(server, "ListQueueTags", QueueUrl=queue.url)
    assert (status, pairs(tree, "Tag", "Key")) == (200, {"a": "1 & 2", "b": ""})
    status, _ = sent(server, "UntagQueue", QueueUrl=queue.url, **{"TagKey.1": "a", "TagKey.2": "b"})
    _, tree = sent(server, "ListQueueTags", QueueUrl=queue.url)
    assert tree.find("ListQueueTagsResult", NAMESPACE) is not None
    assert pairs(tree, "Tag", "Key") == {}


def test_permissions(server: Server, admin: Any, queue: MadeQueue) -> None:
    given = {
        "Label": "x",
        "AWSAccountId.1": ACCOUNT,
        "AWSAccountId.2": "210987654321",
        "ActionName.1": "SendMessage",
        "ActionName.2": "ReceiveMessage",
    }
    assert sent(server, "AddPermission", QueueUrl=queue.url, **given)[0] == 200
    policy = json.loads(
        admin.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    )
    (statement,) = policy["Statement"]
    assert statement["Action"] == ["SQS:SendMessage", "SQS:ReceiveMessage"]
    assert len(statement["Principal"]["AWS"]) == 2
    status, tree = sent(server, "AddPermission", QueueUrl=queue.url, **given)
    assert (status, tree.findtext(".//Code", namespaces=NAMESPACE)) == (400, "InvalidParameterValue")
    assert sent(server, "RemovePermission", QueueUrl=queue.url, Label="x")[0] == 200


def test_attributes_and_sources(server: Server, queue: MadeQueue, make_queue: MakeQueue) -> None:
    redrive = json.dumps({"deadLetterTargetArn": queue.arn, "maxReceiveCount": 7})
    source = make_queue()
    given = {"Attribute.1.Name": "RedrivePolicy", "Attribute.1.Value": redrive}
    assert sent(server, "SetQueueAttributes", QueueUrl=source.url, **given)[0] == 200
    _, tree = sent(server, "GetQueueAttributes", QueueUrl=source.url, **{"AttributeName.1": "RedrivePolicy"})
    assert pairs(tree, "Attribute", "Name") == {"RedrivePolicy": redrive}
    _, tree = sent(server, "ListDeadLetterSourceQueues", QueueUrl=queue.url)
    urls = [found.text for found in tree.iterfind(".//QueueUrl", NAMESPACE)]
    assert [str(url).rpartition("/")[2] for url in urls] == [source.name]


def test_a_fifo_queue(server: Server, name: str) -> None:
    given = {"Attribute.1.Name": "FifoQueue", "Attribute.1.Value": "true"}
    status, tree = sent(server, "CreateQueue", QueueName=f"{name}.fifo", **given)
    assert status == 200
    assert str(tree.findtext(".//QueueUrl", namespaces=NAMESPACE)).endswith(f"/{name}.fifo")

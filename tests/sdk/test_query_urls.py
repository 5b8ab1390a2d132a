"""The Query protocol by GET and on a queue's own path, with answers in XML and JSON (recorded answers of AWS)."""

import json
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest

from support.raw import Answer, post
from support.server import ACCOUNT, Server
from support.signing import FORM, JSON, Signed
from support.things import MadeQueue, MakeQueue

NAMESPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"
IN_JSON = {"Accept": "application/json"}


def get(server: Server, path: str, query: str, headers: dict[str, str] | None = None) -> Answer:
    target = f"{path}?{query}" if query else path
    return Signed(server.administrator(), b"", headers or {}, target, "GET").send(server)


def form(server: Server, path: str, body: str) -> Answer:
    return Signed(server.administrator(), body.encode(), {"Content-Type": FORM}, path).send(server)


def path_of(queue: MadeQueue) -> str:
    return f"/{ACCOUNT}/{queue.name}"


@pytest.fixture(params=["GET", "POST"])
def ask(request: pytest.FixtureRequest, server: Server) -> Any:
    """`ask(path, parameters)`, with a query string and with a form."""
    return (lambda *of: get(server, *of)) if request.param == "GET" else (lambda *of: form(server, *of))


def test_attributes(ask: Any, queue: MadeQueue) -> None:
    answer = ask(path_of(queue), "Action=GetQueueAttributes&AttributeName.1=QueueArn")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/xml"
    request_id = answer.headers["x-amzn-requestid"]
    assert answer.body.decode() == (
        '<?xml version="1.0"?><GetQueueAttributesResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">'
        f"<GetQueueAttributesResult><Attribute><Name>QueueArn</Name><Value>{queue.arn}</Value></Attribute>"
        f"</GetQueueAttributesResult><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        "</GetQueueAttributesResponse>"
    )


def test_messages_stay_in_their_queue(ask: Any, make_queue: MakeQueue) -> None:
    one, other = make_queue(), make_queue()
    assert ask(path_of(one), "Action=SendMessage&MessageBody=foobar").status == 200
    assert b"<ReceiveMessageResult/>" in ask(path_of(other), "Action=ReceiveMessage").body
    assert b"<Body>foobar</Body>" in ask(path_of(one), "Action=ReceiveMessage").body


def test_the_parameter_wins_over_the_path(ask: Any, make_queue: MakeQueue) -> None:
    one, other = make_queue(), make_queue()
    for named in (
        other.url,
        other.name,
        f"/{ACCOUNT}/{other.name}",
        f"https://elsewhere/{ACCOUNT}/{other.name}",
    ):
        query = f"Action=GetQueueAttributes&AttributeName.1=QueueArn&QueueUrl={quote(named, safe='')}"
        answer = ask(path_of(one), query)
        assert other.arn in answer.body.decode()


def test_the_url_of_another_queue(ask: Any, make_queue: MakeQueue) -> None:
    one, other = make_queue(), make_queue()
    query = f"Action=GetQueueUrl&QueueName={other.name}&QueueOwnerAWSAccountId={ACCOUNT}"
    answer = ask(path_of(one), query)
    assert ET.fromstring(answer.body).findtext(f"*/{NAMESPACE}QueueUrl", "").endswith(path_of(other))


@pytest.mark.parametrize(
    ("query", "status", "code", "message"),
    [
        ("Action=FooBar", 400, "InvalidAction", "The action FooBar is not valid for this endpoint."),
        (
            "Action=CreateQueue&QueueName=x",
            400,
            "InvalidAction",
            "The action CreateQueue is not valid for this endpoint.",
        ),
        ("Action=ListQueues", 400, "InvalidAction", "The action ListQueues is not valid for this endpoint."),
        (
            "Action=SendMessage",
            400,
            "MissingParameter",
            "The request must contain the parameter MessageBody.",
        ),
        (
            "Action=GetQueueAttributes&AttributeName.1=Foobar",
            400,
            "InvalidAttributeName",
            "Unknown Attribute Foobar.",
        ),
        (
            "Action=ReceiveMessage&QueueUrl=nothing",
            400,
            "AWS.SimpleQueueService.NonExistentQueue",
            "The specified queue does not exist for this wsdl version.",
        ),
        (
            "Action=ListQueues&Version=1999-01-01",
            400,
            "NoSuchVersion",
            "The requested version (1999-01-01) of service AmazonSQS does not exist.",
        ),
        (
            "Action=ReceiveMessage&MaxNumberOfMessages=x",
            400,
            "MalformedInput",
            "MaxNumberOfMessages must be an integer.",
        ),
    ],
)
def test_refusals_in_xml_and_in_json(
    server: Server, queue: MadeQueue, query: str, status: int, code: str, message: str
) -> None:
    answer = get(server, path_of(queue), query)
    error = ET.fromstring(answer.body)
    assert (answer.status, answer.headers["content-type"]) == (status, "text/xml")
    assert [child.tag.removeprefix(NAMESPACE) for child in error[0]] == ["Type", "Code", "Message", "Detail"]
    assert [child.text for child in error[0]][:2] == ["Sender", code]
    assert message in (error[0][2].text or "")
    answer = get(server, path_of(queue), query, IN_JSON)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/json")
    found = json.loads(answer.body)
    assert found["RequestId"] == answer.headers["x-amzn-requestid"]
    assert (found["Error"]["Type"], found["Error"]["Code"]) == ("Sender", code)
    assert message in found["Error"]["Message"]


def test_answers_in_json(server: Server, queue: MadeQueue) -> None:
    answer = get(server, path_of(queue), "Action=GetQueueAttributes&AttributeName.1=QueueArn", IN_JSON)
    found = json.loads(answer.body)["GetQueueAttributesResponse"]
    assert found["GetQueueAttributesResult"] == {"Attributes": [{"Name": "QueueArn", "Value": queue.arn}]}
    body = '{"foo": "ba\rr", "foo2": "ba&quot;r&quot;"}'
    sent = {"QueueUrl": queue.name, "MessageBody": body}
    headers = {"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": JSON}
    assert Signed(server.administrator(), json.dumps(sent).encode(), headers).send(server).status == 200
    received = get(
        server, path_of(queue), "Action=ReceiveMessage", {"Accept": "text/plain, application/json"}
    )
    result = json.loads(received.body)["ReceiveMessageResponse"]["ReceiveMessageResult"]
    assert result["messages"][0]["Body"] == body
    empty = json.loads(get(server, path_of(queue), "Action=ReceiveMessage", IN_JSON).body)
    assert empty["ReceiveMessageResponse"]["ReceiveMessageResult"] == {"messages": None}


@pytest.mark.parametrize("accept", ["application/json", "*/*"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/", b""),
        ("GET", f"/{ACCOUNT}/nothing", b""),
        ("GET", "/?Version=2012-11-05", b""),
        ("POST", "/", b""),
        ("POST", "/", b"Version=2012-11-05"),
        ("POST", "/", b'{"QueueUrl":"x"}'),
        ("PUT", "/?Action=ListQueues", b""),
        ("DELETE", f"/{ACCOUNT}/nothing", b""),
        ("OPTIONS", "/", b"Action=ListQueues"),
    ],
)
def test_no_action(server: Server, accept: str, method: str, path: str, body: bytes) -> None:
    """Recorded for GET: 404 and XML, to whoever accepts JSON too."""
    headers = {"Host": f"{server.host}:{server.port}", "Accept": accept, "Content-Type": JSON}
    signed = Signed(server.administrator(), body, {"Accept": accept}, path, method).send(server)
    for answer in (signed, post(server, body, headers, path, method=method)):
        assert (answer.status, answer.body) == (404, b"<UnknownOperationException/>\n")


class TestJsonOnAPath:
    @pytest.mark.parametrize(
        "content_type", [JSON, "application/json", "text/plain", "", f"{JSON}; charset=utf-8"]
    )
    def test_content_types(self, server: Server, queue: MadeQueue, content_type: str) -> None:
        """As PHP's SDK did it: the queue's own URL, whatever the content is called."""
        headers = {"X-Amz-Target": "AmazonSQS.ReceiveMessage", "Content-Type": content_type}
        body = json.dumps({"QueueUrl": queue.url}).encode()
        answer = Signed(server.administrator(), body, headers, path_of(queue)).send(server)
        assert (answer.status, answer.headers["content-type"], answer.body) == (200, JSON, b"{}")

    def test_the_body_wins_over_the_path(self, server: Server, make_queue: MakeQueue) -> None:
        one, other = make_queue(), make_queue()
        headers = {"X-Amz-Target": "AmazonSQS.GetQueueAttributes", "Content-Type": JSON}
        for body, wanted in (
            ({"QueueUrl": other.url}, other),
            ({"QueueUrl": other.name}, other),
            ({"QueueUrl": None}, one),
            ({}, one),
        ):
            text = json.dumps({**body, "AttributeNames": ["QueueArn"]}).encode()
            answer = Signed(server.administrator(), text, headers, path_of(one)).send(server)
            assert json.loads(answer.body) == {"Attributes": {"QueueArn": wanted.arn}}

    def test_an_empty_body(self, server: Server, queue: MadeQueue) -> None:
        headers = {"X-Amz-Target": "AmazonSQS.PurgeQueue", "Content-Type": JSON}
        answer = Signed(server.administrator(), b"", headers, path_of(queue)).send(server)
        assert (answer.status, answer.body) == (200, b"")


def test_sts_and_iam_in_json(server: Server) -> None:
    for service, query, member in (
        ("sts", "Action=GetCallerIdentity&Version=2011-06-15", "GetCallerIdentity"),
        ("iam", "Action=ListUsers&Version=2010-05-08", "ListUsers"),
    ):
        request = Signed(server.administrator(), b"", IN_JSON, f"/?{query}", "GET", service=service)
        answer = request.send(server)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        found = json.loads(answer.body)[f"{member}Response"]
        assert found.keys() == {f"{member}Result", "ResponseMetadata"}
        request.region = "nowhere"
        refused = request.send(server)
        assert json.loads(refused.body)["Error"]["Code"] == "SignatureDoesNotMatch"


def test_ec2_has_no_json(server: Server) -> None:
    query = "Action=DescribeVpcs&Version=2016-11-15"
    answer = Signed(server.administrator(), b"", IN_JSON, f"/?{query}", "GET", service="ec2").send(server)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/xml;charset=UTF-8")

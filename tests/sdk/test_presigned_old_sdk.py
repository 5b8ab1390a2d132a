"""Every operation of SQS by a URL that an SDK of the Query era presigned, asked for with GET and with POST."""

import json
import subprocess
from typing import Any

import pytest

from qanat.wire.sqs.operations import OPERATIONS
from support.programs import PROGRAMS, QUERY, RUN_TIME_S
from support.raw import Answer, post
from support.server import ACCOUNT, REGION, Server, clean_environment
from support.things import MadeQueue, MakeQueue

ATTRIBUTE = {"a": {"DataType": "String", "StringValue": "<b> & c+d"}}
ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:nothing"

# operation -> (its parameters besides the queue's URL, status, what the answer holds). HANDLE: of a received message.
CALLS: dict[str, tuple[dict[str, Any], int, str]] = {
    "AddPermission": (
        {"Label": "l", "AWSAccountIds": [ACCOUNT], "Actions": ["SendMessage"]},
        200,
        "Response",
    ),
    "CancelMessageMoveTask": ({"TaskHandle": "x"}, 400, "TaskHandle is invalid"),
    "ChangeMessageVisibility": ({"ReceiptHandle": "HANDLE", "VisibilityTimeout": 60}, 200, "Response"),
    "ChangeMessageVisibilityBatch": (
        {"Entries": [{"Id": "x", "ReceiptHandle": "HANDLE", "VisibilityTimeout": 50}]},
        200,
        "<ChangeMessageVisibilityBatchResultEntry><Id>x</Id></ChangeMessageVisibilityBatchResultEntry>",
    ),
    "CreateQueue": (
        {"QueueName": "presigned-made", "Attributes": {"DelaySeconds": "7"}},
        200,
        f"/{ACCOUNT}/presigned-made</QueueUrl>",
    ),
    "DeleteMessage": ({"ReceiptHandle": "HANDLE"}, 200, "<DeleteMessageResponse "),
    "DeleteMessageBatch": (
        {"Entries": [{"Id": "x", "ReceiptHandle": "HANDLE"}, {"Id": "y", "ReceiptHandle": "z"}]},
        200,
        "<BatchResultErrorEntry><Id>y</Id>",
    ),
    "DeleteQueue": ({}, 200, "<DeleteQueueResponse "),
    "GetQueueAttributes": ({"AttributeNames": ["QueueArn"]}, 200, "<Name>QueueArn</Name><Value>arn:aws:sqs:"),
    "GetQueueUrl": ({"QueueName": "NAME"}, 200, "<QueueUrl>"),
    "ListDeadLetterSourceQueues": ({}, 200, "<ListDeadLetterSourceQueuesResult/>"),
    "ListMessageMoveTasks": ({"SourceArn": ARN}, 404, "<Code>ResourceNotFoundException</Code>"),
    "ListQueueTags": ({}, 200, "<ListQueueTagsResult/>"),
    "ListQueues": ({"QueueNamePrefix": "NAME"}, 200, "<QueueUrl>"),
    "PurgeQueue": ({}, 200, "<PurgeQueueResponse "),
    "ReceiveMessage": (
        {"AttributeNames": ["All"], "MessageAttributeNames": ["a"], "VisibilityTimeout": 0},
        200,
        "<StringValue>&lt;b&gt; &amp; c+d</StringValue>",
    ),
    "RemovePermission": ({"Label": "nothing"}, 400, "find label"),
    "SendMessage": (
        {"MessageBody": "x y", "MessageAttributes": ATTRIBUTE, "DelaySeconds": 1},
        200,
        "MessageId>",
    ),
    "SendMessageBatch": (
        {"Entries": [{"Id": "1", "MessageBody": "x", "MessageAttributes": ATTRIBUTE}]},
        200,
        "<SendMessageBatchResultEntry><Id>1</Id>",
    ),
    "SetQueueAttributes": ({"Attributes": {"VisibilityTimeout": "9"}}, 200, "<SetQueueAttributesResponse "),
    "StartMessageMoveTask": ({"SourceArn": ARN}, 404, "<Code>ResourceNotFoundException</Code>"),
    "TagQueue": ({"Tags": {"a b": "c&d"}}, 200, "<TagQueueResponse "),
    "UntagQueue": ({"TagKeys": ["a b"]}, 200, "<UntagQueueResponse "),
}
# Those that name no queue.
WITHOUT_QUEUE = {
    "CancelMessageMoveTask",
    "CreateQueue",
    "GetQueueUrl",
    "ListMessageMoveTasks",
    "ListQueues",
    "StartMessageMoveTask",
}


def presigned(server: Server, *calls: tuple[str, dict[str, Any], str]) -> list[str]:
    key = server.administrator()
    program = subprocess.run(
        [str(QUERY), str(PROGRAMS / "query_urls.py"), server.url("http")],
        input=json.dumps([[*call, 3_600] for call in calls]),
        env={
            **clean_environment(server.directory),
            "PYTHONWARNINGS": "ignore",
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_DEFAULT_REGION": REGION,
        },
        capture_output=True,
        text=True,
        timeout=RUN_TIME_S,
        check=False,
    )
    assert program.returncode == 0, program.stderr
    found: list[str] = json.loads(program.stdout)
    return found


def ask(server: Server, method: str, url: str) -> Answer:
    host = f"{server.host}:{server.port}"
    return post(server, b"", {"Host": host}, url.removeprefix(f"http://{host}"), method=method)


def parameters_for(operation: str, queue: MadeQueue, handle: str) -> dict[str, Any]:
    text = json.dumps(CALLS[operation][0]).replace("HANDLE", handle).replace("NAME", queue.name)
    own: dict[str, Any] = json.loads(text)
    return own if operation in WITHOUT_QUEUE else {"QueueUrl": queue.url, **own}


def test_every_operation_is_in_the_table() -> None:
    assert OPERATIONS.keys() <= CALLS.keys()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_operation(server: Server, make_queue: MakeQueue, admin: Any, method: str) -> None:
    calls = []
    # A queue for each, so that none spoils another's.
    for operation in sorted(OPERATIONS):
        queue = make_queue()
        admin.send_message(QueueUrl=queue.url, MessageBody="x", MessageAttributes=ATTRIBUTE)
        handle = ""
        if "HANDLE" in json.dumps(CALLS[operation][0]):
            handle = admin.receive_message(QueueUrl=queue.url)["Messages"][0]["ReceiptHandle"]
        calls.append((operation, parameters_for(operation, queue, handle), method))
    for (operation, _, _), url in zip(calls, presigned(server, *calls), strict=True):
        answer = ask(server, method, url)
        assert answer.status == CALLS[operation][1], (operation, answer.body)
        assert CALLS[operation][2] in answer.body.decode(), (operation, answer.body)
        assert answer.headers["content-type"] == "text/xml"
    admin.delete_queue(QueueUrl=f"{server.url()}/{ACCOUNT}/presigned-made")

"""`kill -9` while dead letters are buried and moved back: each message is in one queue, once, whatever the moment."""

import json
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crash.test_kill_under_load import client_of
from support.server import Server

MESSAGES = 300
ROUNDS = 8
RATE_PER_S = 100
MOVE_S = 0.25


def kill(server: Server) -> None:
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    assert server.process.stdout is not None
    server.process.stdout.close()


def bury(client: Any, url: str) -> None:
    """Every message is received once; the receives after that find all of them dead."""
    received = 0
    while received < MESSAGES:
        received += len(
            client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get(
                "Messages", []
            )
        )
    while client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        pass


def emptied(client: Any, url: str) -> list[str]:
    """The bodies of everything that was there; deleted, so that groups go on."""
    found: list[str] = []
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in messages]
        entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
        client.delete_message_batch(QueueUrl=url, Entries=entries)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["", ".fifo"], ids=["standard", "fifo"])
def test_no_message_is_lost_or_doubled(tmp_path: Path, suffix: str) -> None:
    server = Server.start(tmp_path)
    client = client_of(server)
    kind = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if suffix else {}
    grave = client.create_queue(QueueName=f"grave{suffix}", Attributes=kind)["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=grave, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    attributes = {**kind, "RedrivePolicy": policy}
    source = client.create_queue(QueueName=f"source{suffix}", Attributes=attributes)["QueueUrl"]
    for first in range(0, MESSAGES, 10):
        entries: list[dict[str, Any]] = [
            {"Id": str(n), "MessageBody": str(n), **({"MessageGroupId": f"g{n % 7}"} if suffix else {})}
            for n in range(first, first + 10)
        ]
        client.send_message_batch(QueueUrl=source, Entries=entries)
    bury(client, source)
    client.start_message_move_task(SourceArn=arn, MaxNumberOfMessagesPerSecond=RATE_PER_S)
    for number in range(ROUNDS):
        # Not a wait for something to happen: the move itself, killed elsewhere each time.
        time.sleep(MOVE_S + number * 0.013)
        kill(server)
        server = Server.start(tmp_path)
    client = client_of(server)
    (task,) = client.list_message_move_tasks(SourceArn=arn)["Results"]
    moved = task["ApproximateNumberOfMessagesMoved"]
    assert task["Status"] in ("RUNNING", "COMPLETED")
    assert moved > ROUNDS, "the task went on after each restart"
    url = server.url("http")
    queues = [f"{url}/{arn.split(':')[4]}/{name}{suffix}" for name in ("source", "grave")]
    if task["Status"] == "RUNNING":
        client.cancel_message_move_task(TaskHandle=task["TaskHandle"])
        while client.list_message_move_tasks(SourceArn=arn)["Results"][0]["Status"] != "CANCELLED":
            time.sleep(0.05)
    there = Counter(body for queue in queues for body in emptied(client, queue))
    assert there == Counter(str(number) for number in range(MESSAGES))
    assert server.stop() == 0

"""`kill -9` under load, again and again: what was acknowledged must hold, whatever the moment.

Senders and consumers are boto3 clients that never retry. Each notes what the server acknowledged: only an answer that
arrived counts. At the end the queue is emptied and compared with the notes.
"""

import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from support.programs import wait_for
from support.server import REGION, Server

ROUNDS = 50
LOAD_S = 0.3
SENDERS = 3
CONSUMERS = 2
HIDDEN_S = 2


@dataclass
class Notes:
    """What was acknowledged. Each list is appended to by many threads, which is safe; nothing is taken away."""

    sent: list[str] = field(default_factory=list)
    """Bodies, each sent once."""
    tried_to_delete: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """What must never happen, in words."""


def client_of(server: Server) -> Any:
    key = server.administrator()
    return boto3.client(
        "sqs",
        region_name=REGION,
        endpoint_url=server.url("http"),
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=60, read_timeout=60),
    )


def send_until(stop: threading.Event, client: Any, url: str, notes: Notes, name: str) -> None:
    number = 0
    while not stop.is_set():
        bodies = [f"{name}-{number + offset}" for offset in range(4)]
        number += len(bodies)
        try:
            client.send_message(QueueUrl=url, MessageBody=bodies[0])
            notes.sent.append(bodies[0])
            entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies[1:])]
            client.send_message_batch(QueueUrl=url, Entries=entries)
            notes.sent.extend(bodies[1:])
        except (BotoCoreError, ClientError):
            return


def consume_until(stop: threading.Event, client: Any, url: str, notes: Notes) -> None:
    while not stop.is_set():
        gone = set(notes.deleted)
        try:
            messages = client.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=HIDDEN_S
            ).get("Messages", [])
            for message in messages:
                notes.received.append(message["Body"])
                if message["Body"] in gone:
                    notes.broken.append(f"{message['Body']} came back after its delete was acknowledged")
            # The last one is left, so that some are in flight at every kill.
            for message in messages[:-1]:
                notes.tried_to_delete.append(message["Body"])
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                notes.deleted.append(message["Body"])
        except (BotoCoreError, ClientError):
            return


def load(server: Server, url: str, notes: Notes, number: int) -> None:
    """Runs the load and kills the server in the middle of it."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=send_until, args=(stop, client_of(server), url, notes, f"{number}-{sender}"))
        for sender in range(SENDERS)
    ]
    threads += [
        threading.Thread(target=consume_until, args=(stop, client_of(server), url, notes))
        for _ in range(CONSUMERS)
    ]
    sent, deleted = len(notes.sent), len(notes.deleted)
    for thread in threads:
        thread.start()
    wait_for(lambda: len(notes.sent) > sent and len(notes.deleted) > deleted, 60)
    # Not a wait for something to happen: the load itself, a little longer each round so that the kill falls elsewhere.
    time.sleep(LOAD_S + number * 0.003)
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    stop.set()
    for thread in threads:
        thread.join()
    assert server.process.stdout is not None
    server.process.stdout.close()


def drain(client: Any, url: str) -> dict[str, int]:
    """Body -> receive count, of everything that is left."""
    left: dict[str, int] = {}
    while True:
        messages = client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=HIDDEN_S + 1,
            AttributeNames=["ApproximateReceiveCount"],
        ).get("Messages", [])
        if not messages:
            return left
        for message in messages:
            left[message["Body"]] = int(message["Attributes"]["ApproximateReceiveCount"])
        entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
        client.delete_message_batch(QueueUrl=url, Entries=entries)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_was_acknowledged_survives_fifty_kills(tmp_path: Path) -> None:
    notes = Notes()
    for number in range(ROUNDS):
        server = Server.start(tmp_path)
        queue_url = client_of(server).create_queue(QueueName="crash")["QueueUrl"]
        load(server, queue_url, notes, number)
    server = Server.start(tmp_path)
    client = client_of(server)
    left = drain(client, client.get_queue_url(QueueName="crash")["QueueUrl"])
    assert server.stop() == 0

    assert notes.broken == []
    assert len(notes.sent) > ROUNDS, "there was no load to speak of"
    assert len(notes.deleted) > ROUNDS, "there were no deletes to speak of"
    # A delete that was tried but not acknowledged may have happened or not.
    must_be_left = set(notes.sent) - set(notes.tried_to_delete)
    assert must_be_left - left.keys() == set(), "acknowledged messages were lost"
    assert left.keys() & set(notes.deleted) == set(), "messages came back after their delete was acknowledged"
    receives = Counter(notes.received)
    forgotten = {body: (count, receives[body]) for body, count in left.items() if count <= receives[body]}
    assert forgotten == {}, "acknowledged receives were forgotten: (receive count, receives before the last)"

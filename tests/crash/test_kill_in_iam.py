"""`kill -9` while users, roles, policies and sessions are made: who was told that something is done, finds it done.

Each round begins with a server that takes up what the last kill left, and looks at all that was acknowledged.
"""

import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from support.clients import Clients
from support.programs import wait_for
from support.server import Key, Server

ROUNDS = 6
LOAD_S = 0.5
WRITERS = 2
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}'
TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"sts:AssumeRole"}]}'


@dataclass
class Notes:
    """What was acknowledged, and what was begun to be taken away. Appended to by many threads, which is safe."""

    users: dict[str, str] = field(default_factory=dict)
    """Name -> ARN of the policy that was attached."""
    keys: list[Key] = field(default_factory=list)
    sessions: list[tuple[Key, str]] = field(default_factory=list)
    """With the ARN that each had."""
    deleting: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)


def write_until(stop: threading.Event, server: Server, notes: Notes, name: str) -> None:
    clients = Clients(server)
    iam, number = clients.of("iam", scheme="http"), 0
    try:
        while not stop.is_set():
            number += 1
            write(clients, iam, notes, f"{name}-{number}")
    except (BotoCoreError, ClientError):
        return
    finally:
        clients.close()


def write(clients: Clients, iam: Any, notes: Notes, name: str) -> None:
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    policy = iam.create_policy(PolicyName=name, PolicyDocument=POLICY)["Policy"]["Arn"]
    iam.attach_user_policy(UserName=name, PolicyArn=policy)
    notes.users[name] = policy
    made = iam.create_access_key(UserName=name)["AccessKey"]
    key = Key(made["AccessKeyId"], made["SecretAccessKey"])
    notes.keys.append(key)
    sts = clients.of("sts", key, "http")
    found = sts.get_session_token()["Credentials"]
    notes.sessions.append((Key(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]), arn))
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST % arn)["Role"]["Arn"]
    assumed = sts.assume_role(RoleArn=role, RoleSessionName="one", Policy=POLICY)
    found = assumed["Credentials"]
    session = Key(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
    notes.sessions.append((session, assumed["AssumedRoleUser"]["Arn"]))
    gone = f"gone-{name}"
    iam.create_user(UserName=gone)
    notes.deleting.append(gone)
    iam.delete_user(UserName=gone)
    notes.deleted.append(gone)


def load(server: Server, notes: Notes, number: int) -> None:
    stop = threading.Event()
    threads = [
        threading.Thread(target=write_until, args=(stop, server, notes, f"r{number}w{writer}"))
        for writer in range(WRITERS)
    ]
    before = len(notes.deleted)
    for thread in threads:
        thread.start()
    # The last of what is written for each user: everything has been written by then.
    wait_for(lambda: len(notes.deleted) > before, 60)
    # Not a wait for something to happen: the load itself, a little longer each round so that the kill falls elsewhere.
    time.sleep(LOAD_S + number * 0.007)
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    stop.set()
    for thread in threads:
        thread.join()
    assert server.process.stdout is not None
    server.process.stdout.close()


def check(server: Server, notes: Notes) -> None:
    clients = Clients(server)
    iam = clients.of("iam", scheme="http")
    there = {
        user["UserName"] for page in iam.get_paginator("list_users").paginate() for user in page["Users"]
    }
    assert notes.users.keys() - there == set(), "acknowledged users were lost"
    assert there & set(notes.deleted) == set(), "users came back after their delete was acknowledged"
    for name, policy in notes.users.items():
        (attached,) = iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
        assert attached["PolicyArn"] == policy
    for key in notes.keys:
        assert clients.of("sqs", key, "http").list_queues()
    for session, arn in notes.sessions:
        assert clients.of("sts", session, "http").get_caller_identity()["Arn"] == arn
    clients.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_was_acknowledged_is_there_after_each_kill(tmp_path: Path) -> None:
    notes = Notes()
    for number in range(ROUNDS):
        server = Server.start(tmp_path)
        check(server, notes)
        load(server, notes, number)
    server = Server.start(tmp_path)
    check(server, notes)
    assert server.stop() == 0
    assert len(notes.sessions) > ROUNDS, "there was no load to speak of"
    assert notes.deleted, "there were no deletes to speak of"

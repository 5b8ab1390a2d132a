"""Policies as they are written, and denials as they are told."""

import json
from typing import Any

from support.clients import Refusal, refusal
from support.server import ACCOUNT
from support.things import MadeQueue, MadeUser

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str], resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def send(user: MadeUser, queue: MadeQueue, scheme: str = "https") -> None:
    user.sqs(scheme).send_message(QueueUrl=queue.url, MessageBody="x")


def sending_refused(user: MadeUser, queue: MadeQueue, scheme: str = "https") -> Refusal:
    return refusal(user.sqs(scheme).send_message, QueueUrl=queue.url, MessageBody="x")


def denied(user: str, queue: MadeQueue, reason: str, action: str = "sqs:sendmessage") -> Refusal:
    message = f"User: {user} is not authorized to perform: {action} on resource: {queue.arn} {reason}"
    return Refusal(403, "AccessDenied", message, "ClientError")


NO_IDENTITY = "because no identity-based policy allows the sqs:sendmessage action"


DENIED_BY_QUEUE = "with an explicit deny in a resource-based policy"

"""Receiving, and the digests of messages written down anew."""

import hashlib
import struct
from typing import Any

from support.things import MadeQueue

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


def md5(text: str | bytes) -> str:
    return hashlib.md5(text.encode() if isinstance(text, str) else text, usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: dict[str, dict[str, Any]]) -> str:
    """DG sqs-message-metadata, "Calculating the MD5 message digest for message attributes", written down anew."""
    data = b""
    for name, value in sorted(attributes.items()):
        for text in (name, value["DataType"]):
            data += struct.pack(">I", len(text.encode())) + text.encode()
        binary = "BinaryValue" in value
        body = value["BinaryValue"] if binary else value["StringValue"].encode()
        data += (b"\x02" if binary else b"\x01") + struct.pack(">I", len(body)) + body
    return md5(data)


def receive(sqs: Any, queue: MadeQueue, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sqs.receive_message(QueueUrl=queue.url, **parameters).get("Messages", [])
    return found


def receive_one(sqs: Any, queue: MadeQueue, **parameters: Any) -> dict[str, Any]:
    (found,) = receive(sqs, queue, **parameters)
    return found

"""One request in either protocol, and its refusal read back."""

import json
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from support.raw import Answer
from support.server import Server
from support.signing import FORM, Signed, sqs

_NAMESPACE: Final = "{http://queue.amazonaws.com/doc/2012-11-05/}"
_LISTS: Final = {"AttributeNames": "AttributeName"}
_MAPS: Final = {"Attributes": "Attribute", "MessageAttributes": "MessageAttribute"}


class Refused(NamedTuple):
    status: int
    code: str
    """As SDKs report it, in either protocol."""
    message: str
    type: str | None
    """What JSON calls it; the Query protocol has no such thing."""


def ask(server: Server, protocol: str, operation: str, parameters: dict[str, Any]) -> Answer:
    key = server.administrator()
    if protocol == "json":
        return sqs(key, operation, parameters).send(server)
    form = {"Action": operation, "Version": "2012-11-05", **_flat(parameters, operation)}
    return Signed(key, urlencode(form).encode(), {"Content-Type": FORM}).send(server)


def refused(answer: Answer) -> Refused:
    if answer.headers["content-type"] == "text/xml":
        error = ET.fromstring(answer.body).find(f"{_NAMESPACE}Error")
        assert error is not None
        assert [child.tag.removeprefix(_NAMESPACE) for child in error] == [
            "Type",
            "Code",
            "Message",
            "Detail",
        ]
        kind, code, message, _ = (child.text or "" for child in error)
        assert kind == "Sender"
        return Refused(answer.status, code, message, None)
    said = json.loads(answer.body)
    code, fault = answer.headers["x-amzn-query-error"].split(";")
    assert fault == "Sender"
    return Refused(answer.status, code, said.get("message") or said.get("Message"), said["__type"])


def _flat(given: dict[str, Any], operation: str, prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, list):
            named = _LISTS.get(name, f"{operation}RequestEntry")
            found |= _flat({f"{named}.{at}": one for at, one in enumerate(value, 1)}, operation, prefix)
        elif name in _MAPS:
            for at, (key, one) in enumerate(value.items(), 1):
                pair = {"Name": key, "Value": one}
                found |= _flat(pair, operation, f"{prefix}{_MAPS[name]}.{at}.")
        elif isinstance(value, dict):
            found |= _flat(value, operation, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found

"""What is wrong with a signature, in every form and protocol (API reference, CommonErrors; recorded answers)."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from support.raw import Answer, post
from support.server import REGION, Key, Server
from support.signing import FORM, JSON, Presigned, Signed, minutes

CORAL = "com.amazon.coral.service#"
FORMED = b"Action=ListQueues&Version=2012-11-05"
TARGET = {"X-Amz-Target": "AmazonSQS.ListQueues", "Content-Type": JSON}

Request = Signed | Presigned
# protocol and form of the signature -> a request that is right
REQUESTS: dict[str, Callable[[Key], Request]] = {
    "json, header": lambda key: Signed(key, b"{}", TARGET),
    "json, url": lambda key: Presigned(key, "", b"{}", TARGET, method="POST"),
    "query, header": lambda key: Signed(key, FORMED, {"Content-Type": FORM}),
    "query, url": lambda key: Presigned(key, FORMED.decode()),
}


def altered(**fields: Any) -> Callable[[Request], Request]:
    return lambda request: replace(request, **fields)


def aged(by_minutes: float) -> Callable[[Request], Request]:
    return lambda request: replace(request, at=datetime.now(UTC) - minutes(by_minutes))


def of_another_day(request: Request) -> Request:
    return spoilt(f"/{request.at:%Y%m%d}/", "/b/")(request)


def spoilt(old: str, new: str) -> Callable[[Request], Request]:
    """Changes what the signature says of itself; in a URL with its escapes."""

    def change(request: Request) -> Request:
        if isinstance(request, Signed):
            return replace(request, authorization=lambda header: header.replace(old, new))
        escaped, instead = old.replace("/", "%2F"), new.replace("/", "%2F")
        return replace(request, url=lambda url: url.replace(escaped, instead))

    return change


def with_key(key_id: str | None = None, secret: str | None = None) -> Callable[[Request], Request]:
    def change(request: Request) -> Request:
        key = Key(key_id or request.key.access_key_id, secret or request.key.secret)
        return replace(request, key=key)

    return change


class Fault(NamedTuple):
    change: Callable[[Request], Request]
    status: int
    code: str
    """Of the Query protocol, and of the header in JSON."""
    type: str
    """Of the JSON protocol."""
    message: str


BAD = (403, "SignatureDoesNotMatch", "InvalidSignatureException")
UNKNOWN = (403, "InvalidClientTokenId", "UnrecognizedClientException")
INCOMPLETE = (400, "IncompleteSignature", "IncompleteSignatureException")
FAULTS = {
    "wrong secret": Fault(
        with_key(secret="x" * 40), *BAD, "The request signature we calculated does not match"
    ),
    "altered body": Fault(
        altered(body_sent=b"{ }"), *BAD, "The request signature we calculated does not match"
    ),
    "region": Fault(
        altered(region="queue"), *BAD, "Credential should be scoped to a valid region, not 'queue'."
    ),
    "service": Fault(altered(service="odd"), *BAD, "Credential should be scoped to correct service: 'sqs'."),
    "terminator": Fault(
        spoilt("/aws4_request", "/e"), *BAD, "scoped with a valid terminator: 'aws4_request', not 'e'."
    ),
    "date of the scope": Fault(
        of_another_day,
        *BAD,
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: 'b' != '20",
    ),
    "unknown key": Fault(
        with_key(key_id="AKIANOBODY"), *UNKNOWN, "The security token included in the request is invalid."
    ),
    "foreign token": Fault(
        altered(token="token"), *UNKNOWN, "The security token included in the request is invalid."
    ),
    "expired": Fault(aged(20), *BAD, "Signature expired: 20"),
    "not yet": Fault(aged(-20), *BAD, "Signature not yet current: 20"),
    "parts of the credential": Fault(
        spoilt(f"/{REGION}/sqs/aws4_request", ""),
        *INCOMPLETE,
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '",
    ),
    "algorithm": Fault(
        spoilt("AWS4-HMAC-SHA256", "AWS4-ODD"), *INCOMPLETE, "Unsupported AWS 'algorithm': 'AWS4-ODD'."
    ),
    "host not signed": Fault(
        spoilt("host", "hose"), *BAD, "'Host' must be a 'SignedHeader' in the AWS Authorization."
    ),
}


def told(answer: Answer, protocol: str) -> tuple[int, str, str]:
    """Status, code and message, once everything around them has been looked at."""
    if protocol.startswith("json"):
        body = json.loads(answer.body)
        code, fault = answer.headers["x-amzn-query-error"].split(";")
        assert fault == "Sender"
        assert body.keys() == {"__type", "Message"}
        assert answer.headers["content-type"] == JSON
        return answer.status, code + body["__type"].replace(CORAL, " "), body["Message"]
    text = answer.body.decode().replace("&#x27;", "'")
    begin = '<?xml version="1.0"?><ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error>'
    assert text.startswith(begin + "<Type>Sender</Type><Code>")
    code, _, rest = text.removeprefix(begin + "<Type>Sender</Type><Code>").partition("</Code><Message>")
    message, _, end = rest.partition("</Message>")
    request_id = answer.headers["x-amzn-requestid"]
    assert end == f"<Detail/></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    assert answer.headers["content-type"] == "text/xml"
    return answer.status, code, message


@pytest.mark.parametrize("protocol", REQUESTS)
def test_what_is_right(server: Server, protocol: str) -> None:
    assert REQUESTS[protocol](server.administrator()).send(server).status == 200


@pytest.mark.parametrize("protocol", REQUESTS)
@pytest.mark.parametrize("name", FAULTS)
def test_faults(server: Server, protocol: str, name: str) -> None:
    fault = FAULTS[name]
    answer = fault.change(REQUESTS[protocol](server.administrator())).send(server)
    status, code, message = told(answer, protocol)
    expected = f"{fault.code} {fault.type}" if protocol.startswith("json") else fault.code
    assert (status, code) == (fault.status, expected)
    assert fault.message in message


@pytest.mark.parametrize("protocol", ["json", "query"])
def test_nobody(server: Server, protocol: str) -> None:
    """SQS takes anonymous requests, and a policy must allow them."""
    body, headers = (b"{}", TARGET) if protocol == "json" else (FORMED, {"Content-Type": FORM})
    status, code, message = told(post(server, body, {"Host": "x", **headers}), protocol)
    assert (status, code.split(" ")[0]) == (403, "AccessDenied")
    assert "ListQueues".lower() in message.lower()


@pytest.mark.parametrize("protocol", ["json, url", "query, url"])
def test_header_and_url_together(server: Server, protocol: str) -> None:
    request = REQUESTS[protocol](server.administrator())
    assert isinstance(request, Presigned)
    header = Signed(request.key, request.body).headers_for(f"{server.host}:{server.port}")
    request.headers_sent = {"Authorization": header["Authorization"], "X-Amz-Date": header["X-Amz-Date"]}
    status, code, message = told(request.send(server), protocol)
    assert (status, code.split(" ")[0]) == (403, "SignatureDoesNotMatch")
    assert message == (
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
    )

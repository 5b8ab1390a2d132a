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

FORMS = {
    "ec2": b"Action=DescribeVpcs&Version=2016-11-15",
    "iam": b"Action=ListUsers&Version=2010-05-08",
    "sts": b"Action=GetCallerIdentity&Version=2011-06-15",
}

Request = Signed | Presigned
# protocol and form of the signature -> a request that is right
REQUESTS: dict[str, Callable[[Key], Request]] = {
    "json, header": lambda key: Signed(key, b"{}", TARGET),
    "json, url": lambda key: Presigned(key, "", b"{}", TARGET, method="POST"),
    "query, header": lambda key: Signed(key, FORMED, {"Content-Type": FORM}),
    "query, url": lambda key: Presigned(key, FORMED.decode()),
}
CONTROL_REQUESTS: dict[str, Callable[[Key, str], Request]] = {
    "header": lambda key, service: Signed(key, FORMS[service], {"Content-Type": FORM}, service=service),
    "url": lambda key, service: Presigned(key, FORMS[service].decode(), service=service),
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
            spoilt_before = request.authorization
            return replace(request, authorization=lambda header: spoilt_before(header).replace(old, new))
        escaped, instead = old.replace("/", "%2F"), new.replace("/", "%2F")
        url_before = request.url
        return replace(request, url=lambda url: url_before(url).replace(escaped, instead))

    return change


def together(*changes: Callable[[Request], Request]) -> Callable[[Request], Request]:
    def change(request: Request) -> Request:
        for one in changes:
            request = one(request)
        return request

    return change


def short_of_parts(request: Request) -> Request:
    return spoilt(f"/{REGION}/{request.service}/aws4_request", "")(request)


def with_an_unsigned_token(request: Request) -> Request:
    if isinstance(request, Signed):
        return replace(request, token="token", unsigned=frozenset({"x-amz-security-token"}))
    return replace(request, headers_sent={"X-Amz-Security-Token": "token"})


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
NOT_OF_THE_DAY = (
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: 'b' != '20"
)
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
    "date of the scope": Fault(of_another_day, *BAD, NOT_OF_THE_DAY),
    "all of the scope": Fault(
        together(altered(region="c", service="d"), spoilt("/aws4_request", "/e"), of_another_day),
        *BAD,
        (
            "Credential should be scoped to a valid region, not 'c'. "
            "Credential should be scoped to correct service: 'sqs'. "
            f"Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. {NOT_OF_THE_DAY}"
        ),
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
        short_of_parts,
        *INCOMPLETE,
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '",
    ),
    "algorithm": Fault(
        spoilt("AWS4-HMAC-SHA256", "AWS4-ODD"), *INCOMPLETE, "Unsupported AWS 'algorithm': 'AWS4-ODD'."
    ),
    "host not signed": Fault(
        spoilt("host", "hose"), *BAD, "'Host' must be a 'SignedHeader' in the AWS Authorization."
    ),
    "token not signed": Fault(
        with_an_unsigned_token,
        *BAD,
        "'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization.",
    ),
    # Of several faults one is told: these are in the order of the checks, each beside one that comes later.
    "expired before host": Fault(together(aged(20), spoilt("host", "hose")), *BAD, "Signature expired: 20"),
    "host before algorithm": Fault(
        together(spoilt("host", "hose"), spoilt("AWS4-HMAC-SHA256", "AWS4-ODD")), *BAD, "'Host' must be a "
    ),
    "algorithm before credential": Fault(
        together(spoilt("AWS4-HMAC-SHA256", "AWS4-ODD"), short_of_parts), *INCOMPLETE, "Unsupported AWS 'algo"
    ),
    "scope before key": Fault(
        together(altered(region="c"), with_key(key_id="AKIANOBODY")), *BAD, "a valid region, not 'c'."
    ),
    "key before signature": Fault(
        together(with_key(key_id="AKIANOBODY"), altered(body_sent=b"{ }")), *UNKNOWN, "The security token"
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


# The service of a scope says who is asked, so elsewhere it cannot be a wrong one.
CONTROL_FAULTS = FAULTS.keys() - {"service", "all of the scope"}
EC2_IDENTIFIES_NOBODY = "AWS was not able to validate the provided access credentials"


@pytest.mark.parametrize("service", FORMS)
@pytest.mark.parametrize("form", CONTROL_REQUESTS)
@pytest.mark.parametrize("name", sorted(CONTROL_FAULTS))
def test_faults_of_other_services(server: Server, service: str, form: str, name: str) -> None:
    fault = FAULTS[name]
    answer = fault.change(CONTROL_REQUESTS[form](server.administrator(), service)).send(server)
    text = answer.body.decode().replace("&#x27;", "'").replace("&quot;", '"')
    status, code, message = fault.status, fault.code, fault.message
    if service == "ec2" and message.startswith("Signature "):
        status, code = 400, "RequestExpired"
    elif service == "ec2" and status == 403:
        status, code, message = 401, "AuthFailure", EC2_IDENTIFIES_NOBODY
    assert answer.status == status
    begin = "<Response><Errors><Error>" if service == "ec2" else "<Error><Type>Sender</Type>"
    _, _, rest = text.partition(f"{begin}<Code>{code}</Code><Message>")
    assert rest, text
    assert message in rest.partition("</Message>")[0]
    request_id = answer.headers["x-amzn-requestid"]
    end = (
        f"</Error></Errors><RequestID>{request_id}</RequestID></Response>"
        if service == "ec2"
        else f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    assert rest.endswith(end)


@pytest.mark.parametrize("service", FORMS)
@pytest.mark.parametrize("form", CONTROL_REQUESTS)
def test_what_is_right_of_other_services(server: Server, service: str, form: str) -> None:
    assert CONTROL_REQUESTS[form](server.administrator(), service).send(server).status == 200

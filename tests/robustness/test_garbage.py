"""Whatever comes in is answered with a clear refusal: never 500, never silence, never a trace of a bug in the log.

One server takes all of it, in every order, and must still serve at the end of each test.
"""

import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.clients import Clients
from support.raw import WAIT_S, Answer, Connection, connect, post, request
from support.server import ACCOUNT, Server, traces_of_bugs
from support.signing import FORM, JSON, Signed
from support.signing import sqs as signed
from support.things import StartServer

FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
MANY = settings(FEW, max_examples=250)
HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def target(start_server: StartServer) -> Iterator[Server]:
    """A server of its own, with a queue, a user and a VPC to be unkind to."""
    server = start_server("--cooldown-s", "0")
    clients = Clients(server)
    clients.of("sqs", scheme="http").create_queue(QueueName="queue")
    clients.of("iam", scheme="http").create_user(UserName="user")
    clients.close()
    yield server
    assert server.stop() == 0
    assert traces_of_bugs(server.log) == []


@pytest.fixture(scope="module")
def vpc(target: Server) -> str:
    clients = Clients(target)
    found: str = clients.of("ec2", scheme="http").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    clients.close()
    return found


@pytest.fixture(autouse=True)
def serves_afterwards(target: Server) -> Iterator[None]:
    yield
    assert target.alive, target.log
    for scheme in ("http", "https"):
        with connect(target, scheme) as connection:
            connection.send(HEALTH)
            assert connection.answer().body == b"ready\n"
    assert signed(target.administrator(), "ListQueues").send(target).status == 200
    assert traces_of_bugs(target.log) == []


def is_sqs_error(answer: Answer, *statuses: int) -> None:
    assert answer.status in (statuses or (400, 403, 404)), answer
    body = json.loads(answer.body)
    assert body["__type"].startswith(("com.amazonaws.sqs#", "com.amazon.coral.service#"))
    assert isinstance(body.get("message", body.get("Message")), str)
    code, fault = answer.headers["x-amzn-query-error"].split(";")
    assert code
    assert fault == "Sender"


def is_xml_error(answer: Answer, *statuses: int) -> None:
    assert answer.status in (statuses or (400, 403, 404, 409)), answer
    text = answer.body.decode()
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<')
    assert "<Code>" in text
    assert "<Message>" in text


class TestHttp:
    """RFC 9112, and everything that is not."""

    @pytest.mark.parametrize(
        "data",
        [
            b"\x00" * 100,
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\nbroken header\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n\x00",
            b"GET / HTTP/1.1\r\nA: \x00\r\n\r\n",
            b"GET / HTTP/1.1\nHost: x\n\n",
            b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"\x05\x01\x00",
            b"{}\r\n\r\n",
        ],
        ids=lambda data: ascii(data[:40]),
    )
    def test_not_http(self, target: Server, data: bytes) -> None:
        for scheme in ("http", "https"):
            with connect(target, scheme) as connection:
                connection.send(data)
                answer = connection.answer()
                assert 400 <= answer.status < 500
                assert answer.headers.get("connection") == "close"
                assert connection.closed()

    @given(data=st.binary(min_size=1, max_size=300))
    @MANY
    def test_random_bytes(self, target: Server, data: bytes) -> None:
        with connect(target) as connection:
            connection.send(data)
            connection.sock.shutdown(socket.SHUT_WR)
            while connection.sock.recv(65_536):
                pass

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"P",
            b"POST / HTTP/1.1\r\nHost: x\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc",
            b"\x16",
            b"\x16\x03",
        ],
    )
    def test_half_a_request_and_gone(self, target: Server, data: bytes) -> None:
        for goodbye in (socket.SHUT_WR, None):
            connection = connect(target)
            connection.send(data)
            if goodbye is not None:
                connection.sock.shutdown(goodbye)
                assert connection.closed()
            connection.sock.close()

    def test_a_head_that_is_too_long(self, target: Server) -> None:
        for head in (
            b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n",
            b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000 + b"\r\n",
            b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000,
            b"GET / HTTP/1.1\r\n" + b"".join(b"A%d: b\r\n" % number for number in range(200)) + b"\r\n",
        ):
            with connect(target) as connection:
                connection.send_what_is_taken(head)
                assert connection.answer().status == 431
                assert connection.closed()

    def test_a_head_just_long_enough(self, target: Server) -> None:
        with connect(target) as connection:
            connection.send(b"GET /health HTTP/1.1\r\nA: " + b"a" * 60_000 + b"\r\n\r\n")
            assert connection.answer().status == 200

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_a_body_of_ten_megabytes(self, target: Server, scheme: str) -> None:
        answer = post(target, b"x" * 10_000_000, {"Host": "x"}, scheme=scheme)
        assert (answer.status, answer.headers["connection"]) == (413, "close")

    def test_chunks_without_an_end(self, target: Server) -> None:
        with connect(target) as connection:
            connection.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.send_what_is_taken(b"10000\r\n" + b"x" * 65_536 + b"\r\n" * 1)
            for _ in range(200):
                connection.send_what_is_taken(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
            assert connection.answer().status == 413

    def test_chunk_extensions_and_trailers_without_an_end(self, target: Server) -> None:
        for begin, more in ((b"1;", b"a" * 65_536), (b"0\r\nA: ", b"a" * 65_536)):
            with connect(target) as connection:
                connection.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + begin)
                for _ in range(400):
                    connection.send_what_is_taken(more)
                assert connection.answer().status in (400, 413, 431)

    def test_a_chunked_body_is_read(self, target: Server) -> None:
        one = signed(target.administrator(), "SendMessage", {"QueueUrl": "queue", "MessageBody": "chunks"})
        headers = one.headers_for(f"{target.host}:{target.port}")
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        chunks = b"".join(b"%x\r\n%b\r\n" % (1, one.body[at : at + 1]) for at in range(len(one.body)))
        with connect(target) as connection:
            connection.send(f"POST / HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\n\r\n".encode())
            connection.send(chunks + b"0\r\nX-Trailer: x\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n\r\n")
            answer = connection.answer()
            assert answer.status == 200, answer.body
            assert b"MD5OfMessageBody" in answer.body

    def test_a_trailer_is_no_header(self, target: Server) -> None:
        """RFC 9110, 6.5.1."""
        with connect(target) as connection:
            connection.send(
                b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"0\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n\r\n"
            )
            is_xml_error(connection.answer())

    def test_expect_continue(self, target: Server) -> None:
        body = b'{"QueueUrl":"queue","MessageBody":"x"}'
        head = (
            b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonSQS.SendMessage\r\n"
            b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n"
        )
        with connect(target) as connection:
            connection.send(head % len(body))
            assert connection.answer().status == 100
            connection.send(body)
            assert connection.answer().status == 403
        with connect(target) as connection:
            connection.send(head % 10_000_000)
            assert connection.answer().status == 413

    def test_pipelined_requests_are_answered_in_order(self, target: Server) -> None:
        key = target.administrator()
        host = f"{target.host}:{target.port}"
        data = b""
        for number in range(100):
            one = signed(key, "SendMessage", {"QueueUrl": "queue", "MessageBody": str(number)})
            data += request(one.body, one.headers_for(host)) + HEALTH
        with connect(target) as connection:
            connection.send(data)
            for number in range(100):
                found = json.loads(connection.answer().body)["MD5OfMessageBody"]
                assert found == md5(str(number).encode(), usedforsecurity=False).hexdigest()
                assert connection.answer().body == b"ready\n"

    def test_a_long_poll_holds_back_what_follows_it(self, target: Server) -> None:
        Clients(target).of("sqs", scheme="http").create_queue(QueueName="empty")
        poll = signed(target.administrator(), "ReceiveMessage", {"QueueUrl": "empty", "WaitTimeSeconds": 1})
        with connect(target) as connection:
            connection.send(request(poll.body, poll.headers_for(f"{target.host}:{target.port}")) + HEALTH)
            assert connection.answer().body == b"{}"
            assert connection.answer().body == b"ready\n"

    def test_thousands_of_small_requests_at_once(self, target: Server) -> None:
        number = 20_000
        with connect(target) as connection:
            connection.sock.settimeout(60)
            sender = threading.Thread(target=connection.send, args=(HEALTH * number,))
            sender.start()
            for _ in range(number):
                assert connection.answer().status == 200
            sender.join(WAIT_S)

    def test_http_1_0(self, target: Server) -> None:
        with connect(target) as connection:
            connection.send(b"GET /health HTTP/1.0\r\n\r\n")
            answer = connection.answer()
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            assert connection.closed()

    def test_nothing_is_done_after_connection_close(self, target: Server) -> None:
        with connect(target) as connection:
            connection.send(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + HEALTH)
            assert connection.answer().status == 200
            assert connection.closed()

    @pytest.mark.parametrize(
        "head",
        [
            (
                b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
            ),
            b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
        ],
    )
    def test_upgrades_are_declined_by_an_ordinary_answer(self, target: Server, head: bytes) -> None:
        with connect(target) as connection:
            connection.send(head + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            answer = connection.answer()
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            assert connection.closed()

    def test_connect_and_other_methods(self, target: Server) -> None:
        for method, path in (
            ("CONNECT", "evil.example:443"),
            ("OPTIONS", "*"),
            ("TRACE", "/"),
            ("DELETE", "/x"),
        ):
            with connect(target) as connection:
                connection.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                assert 400 <= connection.answer().status < 500

    def test_an_absolute_target_is_no_proxy_request(self, target: Server) -> None:
        with connect(target) as connection:
            connection.send(b"GET http://evil.example/health HTTP/1.1\r\nHost: evil.example\r\n\r\n")
            assert 400 <= connection.answer().status < 500


class TestTls:
    @pytest.mark.parametrize(
        "data",
        [
            b"\x16",
            b"\x16\x03\x01\x00\x05hello",
            b"\x16\x03\x01\x40\x00" + b"\x00" * 1_000,
            b"\x16\x03\x01\x00\x2f\x01" + bytes(range(46)),
            b"\x16" + b"\xff" * 5_000,
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 505,
        ],
        ids=len,
    )
    def test_a_broken_client_hello(self, target: Server, data: bytes) -> None:
        with connect(target) as connection:
            connection.send(data)
            connection.sock.shutdown(socket.SHUT_WR)
            while connection.sock.recv(65_536):
                pass

    @given(data=st.binary(max_size=200))
    @FEW
    def test_random_bytes_after_the_first(self, target: Server, data: bytes) -> None:
        with connect(target) as connection:
            connection.send(b"\x16" + data)
            connection.sock.shutdown(socket.SHUT_WR)
            try:
                while connection.sock.recv(65_536):
                    pass
            except ConnectionResetError:
                pass

    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_old_versions(self, target: Server, version: ssl.TLSVersion) -> None:
        context = ssl.create_default_context(cafile=target.ca_bundle)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(target.address, timeout=WAIT_S) as plain, pytest.raises(OSError):
            context.wrap_socket(plain, server_hostname="localhost")

    def test_a_client_that_does_not_trust_us(self, target: Server) -> None:
        context = ssl.create_default_context()
        with socket.create_connection(target.address, timeout=WAIT_S) as plain, pytest.raises(ssl.SSLError):
            context.wrap_socket(plain, server_hostname="localhost")

    def test_plain_bytes_in_the_midst_of_tls(self, target: Server) -> None:
        connection = Connection(target.address, str(target.ca_bundle))
        raw = connection.sock.detach()
        with socket.socket(fileno=os.dup(raw)) as plain:
            os.close(raw)
            plain.settimeout(WAIT_S)
            plain.sendall(HEALTH)
            try:
                while plain.recv(65_536):
                    pass
            except ConnectionResetError:
                pass


def ask(target: Server, operation: str, body: bytes) -> Answer:
    """Signed, whatever the body is."""
    headers = {"X-Amz-Target": f"AmazonSQS.{operation}", "Content-Type": JSON}
    return Signed(target.administrator(), body, headers).send(target)


OPERATIONS = [
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "CreateQueue",
    "DeleteMessage",
    "DeleteMessageBatch",
    "DeleteQueue",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
    "SendMessageBatch",
    "SetQueueAttributes",
]

BROKEN_JSON = [
    b"{",
    b"[]",
    b"null",
    b"1",
    b'"x"',
    b"{}{}",
    b"{'a':1}",
    b"\xff\xfe{\x00}\x00",
    b"\x00",
    b'{"QueueUrl":"\xff"}',
    b'{"QueueUrl":"\xed\xa0\x80"}',
    b'{"QueueUrl":"\\ud800"}',
    b'{"QueueUrl":"\\udc00\\ud800"}',
    b'{"QueueUrl":NaN}',
    b'{"a":' * 100_000,
    b"[" * 1_000_000,
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    b'{"QueueUrl":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"QueueName":"x","tags":[]}',
    b"Action=SendMessage&Version=2012-11-05",
]


class TestJson:
    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_broken(self, target: Server, operation: str) -> None:
        for body in BROKEN_JSON:
            answer = ask(target, operation, body)
            # What is unknown is ignored, so that deep nesting where nobody looks may pass.
            if operation != "ListQueues" or answer.status != 200:
                is_sqs_error(answer)

    @pytest.mark.parametrize(
        "body",
        [
            b'{"QueueUrl":"queue","MessageBody":"x","DelaySeconds":1e400}',
            b'{"QueueUrl":"queue","MessageBody":"x","DelaySeconds":1e-400}',
            b'{"QueueUrl":"queue","MessageBody":"x","DelaySeconds":-0.5}',
            b'{"QueueUrl":"queue","MessageBody":"x","DelaySeconds":' + b"9" * 5_000 + b"}",
            b'{"QueueUrl":"queue","MessageBody":"x","DelaySeconds":-' + b"9" * 400 + b"}",
            b'{"QueueUrl":"queue","MessageBody":"x","DelaySeconds":99999999999999999999}',
            b'{"QueueUrl":"queue","MessageBody":"x","DelaySeconds":01}',
            b'{"QueueUrl":"queue","MessageBody":"\\u0000"}',
            b'{"QueueUrl":"queue","MessageBody":"\\ud83d"}',
            b'{"QueueUrl":"\\u0000","MessageBody":"x"}',
            b'{"QueueUrl":"queue","MessageBody":"x","MessageAttributes":{"\\u0000":{"DataType":"String","StringValue":"x"}}}',
            b'{"QueueUrl":"queue","MessageBody":"x","MessageAttributes":{"a":{"DataType":"Binary","BinaryValue":"*"}}}',
            b'{"QueueUrl":"queue","MessageBody":"x","MessageAttributes":{"a":{"DataType":"Number","StringValue":"1e999999999"}}}',
            b'{"QueueUrl":"queue","MessageBody":"x","MessageAttributes":{"a":null}}',
            b'{"QueueUrl":"queue","MessageBody":"x","MessageGroupId":"\\n"}',
        ],
        ids=lambda body: body[52:80].decode(),
    )
    def test_values_that_are_none(self, target: Server, body: bytes) -> None:
        is_sqs_error(ask(target, "SendMessage", body), 400)

    def test_the_last_of_two_equal_keys_counts(self, target: Server) -> None:
        answer = ask(target, "SendMessage", b'{"MessageBody":"","QueueUrl":"queue","MessageBody":"x"}')
        assert answer.status == 200

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_any_json(self, target: Server, operation: str) -> None:
        leaves = (
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(max_size=20)
        )
        names = st.sampled_from(
            ["Id", "QueueName", "MessageBody", "DataType", "StringValue", "Policy", "VisibilityTimeout", "x"]
        )
        trees = st.recursive(
            leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
        )
        members = {
            "QueueUrl": st.sampled_from(["queue", "none", "/", "", "https://x/123456789012/queue"]) | trees,
            "QueueName": st.text(max_size=90) | trees,
            "Attributes": st.dictionaries(names, st.text(max_size=5) | trees, max_size=3) | trees,
            "AttributeNames": trees,
            "MessageAttributeNames": trees,
            "MessageSystemAttributeNames": trees,
            "Entries": st.lists(st.dictionaries(names, trees, max_size=4), max_size=12) | trees,
            "MessageBody": st.text(max_size=20) | trees,
            "MessageAttributes": st.dictionaries(st.text(max_size=5), trees, max_size=12) | trees,
            "MessageSystemAttributes": trees,
            "MessageGroupId": trees,
            "DelaySeconds": trees,
            "VisibilityTimeout": trees,
            "MaxNumberOfMessages": trees,
            "ReceiptHandle": st.text(max_size=50) | trees,
            "NextToken": st.text(max_size=10) | trees,
            "MaxResults": st.integers(-5, 5) | trees,
            "QueueOwnerAWSAccountId": trees,
            "QueueNamePrefix": st.text(max_size=5) | trees,
            "tags": trees,
        }

        @given(parameters=st.fixed_dictionaries({}, optional=members))
        @FEW
        def holds(parameters: dict[str, Any]) -> None:
            if operation == "DeleteQueue" and str(parameters.get("QueueUrl")).endswith("queue"):
                return
            answer = ask(target, operation, json.dumps(parameters).encode())
            if answer.status != 200:
                is_sqs_error(answer)

        holds()


class TestReceiptHandles:
    @given(handle=st.text(max_size=60) | st.text("ABCabc-_=", min_size=38, max_size=42))
    @FEW
    def test_any_text(self, target: Server, handle: str) -> None:
        for operation, more in (("DeleteMessage", {}), ("ChangeMessageVisibility", {"VisibilityTimeout": 1})):
            body = json.dumps({"QueueUrl": "queue", "ReceiptHandle": handle, **more}).encode()
            is_sqs_error(ask(target, operation, body), 400)


def form(target: Server, service: str, text: bytes) -> Answer:
    return Signed(target.administrator(), text, {"Content-Type": FORM}, service=service).send(target)


class TestForms:
    @pytest.mark.parametrize("service", ["ec2", "iam", "sts"])
    @pytest.mark.parametrize(
        "text",
        [
            b"",
            b"&&&",
            b"=",
            b"Action",
            b"Action=",
            b"Action=%",
            b"Action=%ff",
            b"Action=\xff",
            b"Action.1=a",
            b"Action=a&Action=b",
            b"Action=a&Action.b=c",
            b"Action=ListUsers&A.1.1.1.1.1.1.1.1.1.1.1.1=x",
            b"Action=ListUsers&MaxItems=" + b"9" * 10_000,
            b"Action=ListUsers&MaxItems=-1",
            b"Action=ListUsers&MaxItems.1=1",
            b"Action=CreateUser&UserName=%00",
            b"Action=CreateUser&UserName=%ED%A0%80",
            b"Action=CreateUser&UserName=" + b"x" * 100_000,
            b"Action=DescribeVpcs&VpcId.999999=x",
            b"Action=DescribeVpcs&VpcId.0=x",
            b"Action=DescribeVpcs&VpcId=x",
            b"Action=DescribeVpcs&Filter.1.Name=%00&Filter.1.Value.1=%00",
            b"Action=CreateVpc&CidrBlock=garbage",
            b"Action=CreateVpc&CidrBlock=10.0.0.0/99999999999",
            b"Action=CreateVpc&CidrBlock=%D9%A1%D9%A0.0.0.0/16",
            b"&".join(b"A.%d=x" % number for number in range(20_000)),
            b'{"a":"b"}',
        ],
        ids=lambda text: ascii(text[:30]),
    )
    def test_broken(self, target: Server, service: str, text: bytes) -> None:
        is_xml_error(form(target, service, text))

    @given(
        action=st.sampled_from(
            [
                "CreateVpc", "DescribeVpcs", "ModifyVpcAttribute", "CreateSubnet", "DescribeSubnets",
                "CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupEgress",
                "CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints", "DescribeVpcEndpoints",
                "DescribeNetworkInterfaces", "CreateUser", "PutUserPolicy", "CreateAccessKey", "ListUsers",
                "DeleteAccessKey", "GetUser", "GetCallerIdentity",
            ]
        ),
        parameters=st.dictionaries(
            st.sampled_from(
                [
                    "VpcId", "CidrBlock", "SubnetId.1", "SubnetId", "GroupId", "GroupName", "GroupDescription",
                    "IpPermissions.1.IpProtocol", "IpPermissions.1.FromPort", "IpPermissions.1.ToPort",
                    "IpPermissions.1.IpRanges.1.CidrIp", "IpPermissions.1.Groups.1.GroupId", "ServiceName",
                    "VpcEndpointType", "PolicyDocument", "VpcEndpointId", "VpcEndpointId.1", "Filter.1.Name",
                    "Filter.1.Value.1", "MaxResults", "NextToken", "UserName", "PolicyName", "Path", "Marker",
                    "MaxItems", "AccessKeyId", "EnableDnsSupport.Value", "EnableDnsHostnames.Value", "DryRun",
                    "AvailabilityZone", "TagSpecification.1.ResourceType", "TagSpecification.1.Tag.1.Key",
                    "PrivateDnsEnabled", "ResetPolicy", "ClientToken", "SubnetConfiguration.1.Ipv4",
                    "SubnetConfiguration.1.SubnetId", "AmazonProvidedIpv6CidrBlock",
                ]
            ),
            st.sampled_from(
                [
                    "", "x", "user", "true", "0", "-1", "65536", "10.9.1.0/24", "0.0.0.0/0", "::/0", "10.9.0.0/33",
                    "vpc-0123456789abcdef0", "subnet-x", "vpce-0123456789abcdef0", "com.amazonaws.us-east-2.sqs",
                    "Interface", "Gateway", "tcp", "-", "{}", "٣", "\x00", "é", "a" * 300, "cidr", "vpc-id",
                    "us-east-2a", "AKIA" + "A" * 16, "aws:x", "-99999999999",
                ]
            )
            | st.text(max_size=10),
            max_size=7,
        ),
    )  # fmt: skip
    @settings(MANY, max_examples=400)
    def test_any_parameters(self, target: Server, action: str, parameters: dict[str, str]) -> None:
        text = urlencode({"Action": action, **parameters}).encode()
        for service in ("ec2", "iam", "sts"):
            answer = form(target, service, text)
            if answer.status != 200:
                is_xml_error(answer, 400, 403, 404, 409, 412)


STATEMENT = '{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}'
NINES = "9" * 5_000
BROKEN_POLICIES = [
    "{",
    "[]",
    "null",
    "1",
    NINES,
    "{}",
    '{"Statement":null}',
    '{"Statement":[]}',
    '{"Statement":[1]}',
    '{"Statement":[[]]}',
    '{"Statement":"x"}',
    '{"Version":5,"Statement":[' + STATEMENT + "]}",
    '{"Version":"2999-01-01","Statement":[' + STATEMENT + "]}",
    '{"Statement":[' + STATEMENT + '],"Statement":[' + STATEMENT + "]}",
    '{"Statement":[' + STATEMENT.replace("Allow", "allow") + "]}",
    '{"Statement":[' + STATEMENT.replace('"*"', "{}") + "]}",
    '{"Statement":[' + STATEMENT.replace("sqs:*", "sqs") + "]}",
    '{"Statement":[' + STATEMENT.replace("sqs:*", "") + "]}",
    '{"Statement":[' + STATEMENT.replace("}", ',"Condition":{"Odd":{"a":"b"}}}') + "]}",
    '{"Statement":[' + STATEMENT.replace("}", ',"Condition":{"IpAddress":{"aws:SourceIp":"x"}}}') + "]}",
    '{"Statement":[' + STATEMENT.replace("}", ',"Odd":1}') + "]}",
    '{"Statement":' + "[" * 1_000 + "]" * 1_000 + "}",
    '{"a":' * 500 + "1" + "}" * 500,
    '"' + "\\" * 101,
    "\ufeff" + '{"Statement":[' + STATEMENT + "]}",
    '{"Statement":[' + STATEMENT + "]} x",
    '{"Id":' + NINES + ',"Statement":[' + STATEMENT + "]}",
    '{"Statement":[' + STATEMENT.replace("sqs:*", "\\ud800") + "]}",
    "x" * 30_000,
    "[" * 30_000,
]
ODD_BUT_RIGHT = [
    # A number that Python does not care to read.
    '{"Statement":['
    + STATEMENT.replace("}", ',"Condition":{"NumericEquals":{"aws:EpochTime":' + NINES + "}}}")
    + "]}",
    '{"Statement":[' + STATEMENT.replace("}", ',"Condition":{"NumericEquals":{"aws:EpochTime":1.0}}}') + "]}",
    '{"Statement":[' + STATEMENT.replace("sqs:*", "*" * 200) + "]}",
    '{"Statement":' + STATEMENT + "}",
]


class TestPolicies:
    def everywhere(self, target: Server, vpc: str, text: str) -> list[Answer]:
        attributes = {"QueueUrl": "queue", "Attributes": {"Policy": text}}
        user = {"Action": "PutUserPolicy", "UserName": "user", "PolicyName": "p", "PolicyDocument": text}
        endpoint = {
            "Action": "CreateVpcEndpoint",
            "VpcId": vpc,
            "VpcEndpointType": "Interface",
            "ServiceName": "com.amazonaws.us-east-2.sqs",
            "PrivateDnsEnabled": "false",
            "PolicyDocument": text,
        }
        return [
            ask(target, "SetQueueAttributes", json.dumps(attributes).encode()),
            form(target, "iam", urlencode(user, errors="surrogatepass").encode()),
            form(target, "ec2", urlencode(endpoint, errors="surrogatepass").encode()),
        ]

    @pytest.mark.parametrize("text", BROKEN_POLICIES, ids=lambda text: ascii(text[:40]))
    def test_broken(self, target: Server, vpc: str, text: str) -> None:
        queue, user, endpoint = self.everywhere(target, vpc, text)
        is_sqs_error(queue, 400, 403)
        is_xml_error(user, 400, 409)
        is_xml_error(endpoint, 400)

    @pytest.mark.parametrize("text", ODD_BUT_RIGHT, ids=lambda text: ascii(text[-60:]))
    def test_odd(self, target: Server, vpc: str, text: str) -> None:
        """Taken or refused, but answered, and requests under it are judged."""
        queue, user, endpoint = self.everywhere(target, vpc, text)
        assert queue.status in (200, 400)
        assert user.status in (400, 409)
        assert endpoint.status in (200, 400)
        unsigned = {"Host": "x", "X-Amz-Target": "AmazonSQS.SendMessage"}
        body = json.dumps({"QueueUrl": f"/{ACCOUNT}/queue", "MessageBody": "x"}).encode()
        assert post(target, body, unsigned).status in (200, 403)
        reset = json.dumps({"QueueUrl": "queue", "Attributes": {"Policy": ""}}).encode()
        assert ask(target, "SetQueueAttributes", reset).status == 200
        if endpoint.status == 200:
            made = endpoint.body.partition(b"<vpcEndpointId>")[2].partition(b"<")[0]
            assert form(target, "ec2", b"Action=DeleteVpcEndpoints&VpcEndpointId.1=" + made).status == 200

    @given(
        document=st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.text(max_size=10)
            | st.sampled_from(["*", "Allow", "sqs:*"]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "Version",
                            "Statement",
                            "Effect",
                            "Principal",
                            "AWS",
                            "Action",
                            "Resource",
                            "Condition",
                            "StringLike",
                        ]
                    ),
                    inner,
                    max_size=5,
                )
            ),
            max_leaves=15,
        )
    )
    @FEW
    def test_any_json(self, target: Server, vpc: str, document: Any) -> None:
        for answer in self.everywhere(target, vpc, json.dumps(document)):
            assert answer.status in (200, 400, 403, 409)


def test_names_of_any_length_do_not_stay_in_memory(target: Server) -> None:
    """Decisions are kept by the name asked for, which a caller chooses; nobody may fill memory with long ones."""

    def resident_bytes() -> int:
        pages = int(Path(f"/proc/{target.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    headers = {"Host": "x", "X-Amz-Target": "AmazonSQS.GetQueueUrl"}

    def flood(first: int, number: int) -> None:
        with connect(target) as connection:
            for index in range(first, first + number):
                name = f"{index:09}" * 100_000
                body = json.dumps({"QueueName": name, "QueueOwnerAWSAccountId": ACCOUNT}).encode()
                connection.send(request(body, headers))
                assert connection.answer().status in (400, 403)

    flood(0, 10)
    before = resident_bytes()
    flood(10, 60)
    assert resident_bytes() - before < 20_000_000

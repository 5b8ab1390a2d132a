"""Garbage below HTTP and TLS: whatever comes in is answered with a clear refusal or closed, and nothing breaks.

One server takes all of it, in every order, and must still serve at the end of each test.
"""

import json
import os
import socket
import ssl
import threading
from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clients import Clients
from support.garbage import FEW, HEALTH, MANY, is_xml_error
from support.raw import WAIT_S, Connection, connect, post, request
from support.server import Server
from support.signing import sqs as signed

pytestmark = pytest.mark.usefixtures("serves_afterwards")


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

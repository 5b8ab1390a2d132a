"""Odd requests that are right: signed by botocore, sent as they are."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from support.raw import Answer, connect
from support.server import Server
from support.signing import Signed
from support.signing import sqs as signed
from support.things import MadeQueue

ODD_PATHS = [
    "/",
    "//",
    "/a/./b",
    "/a/../b",
    "/a/.",
    "/a/..",
    "/a//b/",
    "/..",
    "/%20",
    "/a%2Fb",
    "/a%2fb",
    "/ä",
    "/%C3%A4",
    "/a+b",
    "/~-_.",
    "/a:b@c!d$e&f'g(h)i*j,k;l=m",
    "/%25",
    "/a%",
]


ODD_QUERIES = [
    "",
    "?",
    "?a",
    "?a=",
    "?b=2&a=1",
    "?a=2&a=1",
    "?a=%20&b=%2B",
    "?%C3%A4=%E2%82%AC",
    "?a=b%3Dc%26d",
    "?A=1&a=2&B=3",
    "?a-b=1&a=2&a.b=3",
]


class TestOddRequestsThatAreRight:
    """Signed by botocore, sent as they are: whoever signs so must be understood."""

    def sent(self, server: Server, queue: MadeQueue, **fields: Any) -> Answer:
        parameters = {"QueueUrl": queue.url, "MessageBody": "x"}
        return signed(server.administrator(), "SendMessage", parameters, **fields).send(server)

    @pytest.mark.parametrize("path", ODD_PATHS)
    def test_paths(self, server: Server, queue: MadeQueue, path: str) -> None:
        # What is on the wire is ASCII: clients escape before they sign.
        path = path if path.isascii() else quote(path)
        answer = self.sent(server, queue, path=path)
        assert answer.status == 200, answer.body

    @pytest.mark.parametrize("query", ODD_QUERIES)
    def test_queries(self, server: Server, queue: MadeQueue, query: str) -> None:
        answer = self.sent(server, queue, path=f"/{query}")
        assert answer.status == 200, answer.body

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-Amz-Meta": "  a   b  "},
            {"X-Amz-Meta": "a\tb"},
            {"X-Amz-Meta": ""},
            {"X-Amz-Meta": '"a  b"'},
            {"X-AMZ-META": "UPPER"},
            {"x-amz-meta-b": "2", "x-amz-meta-a": "1", "x-amz-meta_c": "3"},
            {"My-Header": "a,b"},
            {"Content-Type": "application/x-amz-json-1.0; charset=utf-8"},
            {"User-Agent": "any", "Accept-Encoding": "gzip", "Connection": "keep-alive"},
        ],
        ids=str,
    )
    def test_headers(self, server: Server, queue: MadeQueue, headers: dict[str, str]) -> None:
        answer = self.sent(server, queue, headers=headers)
        assert answer.status == 200, answer.body

    @pytest.mark.parametrize(
        "text", ["ä€\U0001f600", "\u2028", "\\u00e9", "a" * 100_000], ids=lambda text: ascii(text[:6])
    )
    def test_bodies(self, server: Server, queue: MadeQueue, admin: Any, text: str) -> None:
        parameters = {"QueueUrl": queue.url, "MessageBody": text}
        request = signed(server.administrator(), "SendMessage", parameters)
        request.body = json.dumps(parameters, ensure_ascii=False, indent=2).encode()
        assert request.send(server).status == 200
        assert admin.receive_message(QueueUrl=queue.url)["Messages"][0]["Body"] == text

    def test_a_header_sent_twice_is_signed_as_one_with_commas(self, server: Server, queue: MadeQueue) -> None:
        parameters = {"QueueUrl": queue.url, "MessageBody": "x"}
        request = signed(server.administrator(), "SendMessage", parameters, headers={"My-Header": "a,b"})
        headers = request.headers_for(f"{server.host}:{server.port}")
        del headers["My-Header"]
        lines = [*(f"{name}: {value}" for name, value in headers.items()), "My-Header: a", "my-header: b"]
        head = "\r\n".join(["POST / HTTP/1.1", *lines, f"Content-Length: {len(request.body)}", "", ""])
        with connect(server) as connection:
            connection.send(head.encode() + request.body)
            assert connection.answer().status == 200

    def test_a_get_with_a_form_in_its_query(self, server: Server) -> None:
        request = Signed(
            server.administrator(),
            b"",
            path="/?Action=GetCallerIdentity&Version=2011-06-15",
            method="GET",
            service="sts",
        )
        assert request.send(server).status == 200

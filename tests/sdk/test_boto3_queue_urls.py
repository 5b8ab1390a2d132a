"""API GetQueueUrl, ListQueues, and every way to name a queue."""

import json
from typing import Any

import pytest

from support.clients import Clients, refusal
from support.server import ACCOUNT, REGION, Server
from support.signing import sqs as signed
from support.things import MadeQueue, MakeQueue, StartServer


class TestGetQueueUrl:
    def test_own(self, sqs: Any, queue: MadeQueue, server: Server, scheme: str) -> None:
        wanted = f"{server.url(scheme)}/{ACCOUNT}/{queue.name}"
        assert sqs.get_queue_url(QueueName=queue.name)["QueueUrl"] == wanted
        found = sqs.get_queue_url(QueueName=queue.name, QueueOwnerAWSAccountId=ACCOUNT)
        assert found["QueueUrl"] == wanted

    @pytest.mark.parametrize("name", ["nobody-made-it", "not a name", "x" * 2_000])
    def test_none(self, sqs: Any, name: str) -> None:
        assert refusal(sqs.get_queue_url, QueueName=name) == (
            400,
            "AWS.SimpleQueueService.NonExistentQueue",
            "The specified queue does not exist.",
            "QueueDoesNotExist",
        )

    def test_another_account(self, sqs: Any, queue: MadeQueue) -> None:
        found = refusal(sqs.get_queue_url, QueueName=queue.name, QueueOwnerAWSAccountId="999999999999")
        assert found[:2] == (403, "AccessDenied")
        assert found.message.endswith("because no resource-based policy allows the sqs:getqueueurl action")

    @pytest.mark.parametrize(
        "host",
        [
            "localhost:{port}",
            "localhost",
            "127.0.0.1:{port}",
            "sqs.us-east-2.amazonaws.com",
            "sqs.us-east-2.api.aws",
            "SQS.us-east-2.amazonaws.com",
        ],
    )
    def test_the_url_follows_the_host_by_which_one_came(
        self, server: Server, queue: MadeQueue, host: str
    ) -> None:
        host = host.format(port=server.port)
        request = signed(
            server.administrator(), "GetQueueUrl", {"QueueName": queue.name}, headers={"Host": host}
        )
        body = json.loads(request.send(server).body)
        assert body["QueueUrl"] == f"http://{host.lower()}/{ACCOUNT}/{queue.name}"

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example",
            "localhost:@evil.example",
            "localhost:80/evil",
            "sqs.us-east-1.amazonaws.com",
            "queue.amazonaws.com",
            "vpce-0123456789abcdef0-abcdefgh.sqs.us-east-2.vpce.amazonaws.com",
        ],
    )
    def test_a_host_that_is_not_ours_is_not_repeated(
        self, server: Server, queue: MadeQueue, host: str
    ) -> None:
        request = signed(
            server.administrator(), "GetQueueUrl", {"QueueName": queue.name}, headers={"Host": host}
        )
        body = json.loads(request.send(server).body)
        assert body["QueueUrl"] == f"{server.url('http')}/{ACCOUNT}/{queue.name}"


class TestListQueues:
    def test_prefix(self, sqs: Any, make_queue: MakeQueue) -> None:
        one = make_queue()
        make_queue()
        found = sqs.list_queues(QueueNamePrefix=one.name)["QueueUrls"]
        assert [url.rpartition("/")[2] for url in found] == [one.name]

    def test_none_is_left_out(self, sqs: Any) -> None:
        assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="nobody-made-it")

    def test_pages(self, start_server: StartServer) -> None:
        server = start_server()
        clients = Clients(server)
        sqs = clients.of("sqs", scheme="http")
        names = [f"q-{number:04}" for number in range(1_003)]
        for name in names:
            sqs.create_queue(QueueName=name)
        whole = sqs.list_queues()
        assert len(whole["QueueUrls"]) == 1_000
        assert "NextToken" not in whole
        first = sqs.list_queues(MaxResults=1_000)
        second = sqs.list_queues(MaxResults=1_000, NextToken=first["NextToken"])
        assert "NextToken" not in second
        found = first["QueueUrls"] + second["QueueUrls"]
        assert [url.rpartition("/")[2] for url in found] == names
        # Another prefix and page size through the SDK's own paginator.
        pages = list(sqs.get_paginator("list_queues").paginate(QueueNamePrefix="q-000", MaxResults=4))
        assert [len(page["QueueUrls"]) for page in pages] == [4, 4, 2]
        clients.close()
        assert server.stop() == 0

    @pytest.mark.parametrize("number", [0, -1, 1_001, 10**12])
    def test_page_sizes_out_of_bounds(self, sqs: Any, number: int) -> None:
        assert refusal(sqs.list_queues, MaxResults=number)[:3] == (
            400,
            "InvalidParameterValue",
            (
                f"Value {number} for parameter MaxResults is invalid. "
                "Reason: Must be between 1 and 1000, if provided."
            ),
        )

    @pytest.mark.parametrize("token", ["garbage", "x", "ä", "////", "gICA"])
    def test_tokens_that_we_did_not_make(self, sqs: Any, token: str) -> None:
        assert refusal(sqs.list_queues, MaxResults=10, NextToken=token)[:3] == (
            400,
            "InvalidParameterValue",
            "Invalid or expired next token.",
        )


class TestQueueUrl:
    """The URL in the body wins over the path; its host says nothing; a bare name will do."""

    @pytest.mark.parametrize(
        "url",
        [
            "{name}",
            f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{{name}}",
            f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{{name}}/",
            f"http://elsewhere.example:1/{ACCOUNT}/{{name}}",
            f"/{ACCOUNT}/{{name}}",
        ],
    )
    def test_styles(self, sqs: Any, queue: MadeQueue, url: str) -> None:
        sqs.send_message(QueueUrl=url.format(name=queue.name), MessageBody="x")

    @pytest.mark.parametrize(
        "url",
        ["https://host/12/{name}", "https://host/{name}", "a/b", "/", "x" * 3_000 + "/y"],
    )
    def test_what_is_no_url_of_a_queue(self, sqs: Any, queue: MadeQueue, url: str) -> None:
        found = refusal(sqs.send_message, QueueUrl=url.format(name=queue.name), MessageBody="x")
        assert found[:2] == (404, "InvalidAddress")

    @pytest.mark.parametrize("url", ["https://host/", "http://host"])
    def test_a_url_of_a_host_alone(self, sqs: Any, url: str) -> None:
        found = refusal(sqs.send_message, QueueUrl=url, MessageBody="x")
        assert found[:2] == (400, "AWS.SimpleQueueService.NonExistentQueue")

    @pytest.mark.parametrize("parameters", [{}, {"QueueUrl": ""}])
    def test_none(self, sqs: Any, parameters: dict[str, str]) -> None:
        assert refusal(sqs.send_message, MessageBody="x", **parameters)[:3] == (
            400,
            "MissingParameter",
            "The request must contain the parameter QueueUrl.",
        )

    def test_the_path_names_the_queue_where_the_body_does_not(
        self, server: Server, queue: MadeQueue, admin: Any
    ) -> None:
        path = f"/{ACCOUNT}/{queue.name}"
        request = signed(server.administrator(), "SendMessage", {"MessageBody": "by path"}, path=path)
        assert request.send(server).status == 200
        assert admin.receive_message(QueueUrl=queue.url)["Messages"][0]["Body"] == "by path"

    def test_the_body_wins_over_the_path(self, server: Server, make_queue: MakeQueue, admin: Any) -> None:
        one, two = make_queue(), make_queue()
        parameters = {"MessageBody": "x", "QueueUrl": one.url}
        path = f"/{ACCOUNT}/{two.name}"
        assert signed(server.administrator(), "SendMessage", parameters, path=path).send(server).status == 200
        assert "Messages" in admin.receive_message(QueueUrl=one.url)
        assert "Messages" not in admin.receive_message(QueueUrl=two.url)

    def test_get_queue_url_works_on_another_queues_path(self, server: Server, queue: MadeQueue) -> None:
        path = f"/{ACCOUNT}/other"
        parameters = {"QueueName": queue.name}
        assert signed(server.administrator(), "GetQueueUrl", parameters, path=path).send(server).status == 200

    @pytest.mark.parametrize("operation", ["CreateQueue", "ListQueues"])
    def test_account_operations_are_not_valid_on_a_queues_path(
        self, server: Server, queue: MadeQueue, operation: str
    ) -> None:
        path = f"/{ACCOUNT}/{queue.name}"
        answer = signed(server.administrator(), operation, {"QueueName": "x"}, path=path).send(server)
        assert answer.status == 400
        assert answer.headers["x-amzn-query-error"] == "InvalidAction;Sender"
        assert f"The action {operation} is not valid for this endpoint." in answer.body.decode()

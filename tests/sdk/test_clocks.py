"""Clocks that are wrong, on either side: what clients learn of it, and that nobody is locked out by one set right."""

import json
import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from support.clients import Clients, refusal
from support.clocks import put_forward, shifted
from support.raw import Answer
from support.server import Server
from support.signing import Presigned, Signed, minutes
from support.signing import sqs as signed
from support.things import StartServer

SOON = timedelta(seconds=60)
"""An answer is there by then, however busy the machine is; wrong clocks here are wrong by far more."""
EXPIRED = re.compile(r"Signature expired: (\w{16}) is now earlier than (\w{16}) \((\w{16}) - 15 min\.\)")
NOT_YET = re.compile(
    r"Signature not yet current: (\w{16}) is still later than (\w{16}) \((\w{16}) \+ 15 min\.\)"
)


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def date_of(answer: Answer) -> datetime:
    return parsedate_to_datetime(answer.headers["date"])


@pytest.mark.parametrize("offset", [minutes(-20), minutes(20), timedelta(days=-400)])
def test_the_text_tells_both_times(server: Server, offset: timedelta) -> None:
    at = datetime.now(UTC).replace(microsecond=0) + offset
    answer = signed(server.administrator(), "ListQueues", at=at).send(server)
    found = (EXPIRED if offset < timedelta() else NOT_YET).fullmatch(json.loads(answer.body)["Message"])
    assert found is not None, answer.body
    signed_at, bound, now = map(moment, found.groups())
    assert signed_at == at
    assert bound - now == (minutes(-15) if offset < timedelta() else minutes(15))
    assert abs(date_of(answer) - now) < SOON
    assert abs(datetime.now(UTC) - now) < SOON


@pytest.mark.parametrize("form", ["header", "url"])
def test_every_answer_has_a_date(server: Server, form: str) -> None:
    key = server.administrator()
    request: Signed | Presigned = signed(key, "ListQueues")
    if form == "url":
        request = Presigned(key, "Action=ListQueues")
    answer = request.send(server)
    assert answer.status == 200
    assert abs(datetime.now(UTC) - date_of(answer)) < SOON


def test_a_request_that_is_sent_again_later_is_refused(server: Server) -> None:
    """The same bytes, good for a quarter of an hour: only what the clock says of them changes."""
    request = signed(server.administrator(), "ListQueues", at=datetime.now(UTC) - minutes(14))
    assert [request.send(server).status for _ in range(2)] == [200, 200]
    old = signed(server.administrator(), "ListQueues", at=datetime.now(UTC) - minutes(16))
    assert [old.send(server).status for _ in range(2)] == [403, 403]


def test_boto3_does_not_and_is_told(server: Server, clients: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = clients.of("sqs", scheme="http")
    put_forward(monkeypatch, minutes(-60))
    found = refusal(client.list_queues)
    assert (found.status, found.code) == (403, "SignatureDoesNotMatch")
    assert EXPIRED.fullmatch(found.message)


def test_a_server_that_was_set_back(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It came up an hour ahead, and was set right: its log holds times of an hour that is yet to come.

    Time then stands still for messages until it has come. For signatures it does not, or nobody would get in.
    """
    folder = tmp_path_factory.mktemp("ahead")
    ahead = start_server(directory=folder, environment=shifted(folder, 3_600))
    key = ahead.administrator()
    answer = signed(key, "ListQueues").send(ahead)
    assert answer.status == 403
    assert date_of(answer) - datetime.now(UTC) > minutes(59)
    assert signed(key, "ListQueues", at=date_of(answer)).send(ahead).status == 200
    with closing(Clients(ahead)) as clients, pytest.MonkeyPatch.context() as patch:
        put_forward(patch, minutes(60))
        clients.of("sqs", scheme="http").create_queue(QueueName="q")
    assert ahead.stop() == 0

    again = start_server(directory=folder)
    assert signed(key, "ListQueues").send(again).status == 200
    with closing(Clients(again)) as clients:
        sqs = clients.of("sqs", scheme="http")
        url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="x")
        assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "x"
    assert signed(key, "ListQueues", at=datetime.now(UTC) + minutes(60)).send(again).status == 403

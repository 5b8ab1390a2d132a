"""Presigned URLs: SigV4 in the query string (IAM User Guide, reference_sigv-create-signed-request)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from support.raw import Answer, post
from support.server import ACCOUNT, REGION, Key, Server
from support.signing import FORM, Presigned
from support.things import MadeQueue, MakeUser

MISMATCH = "The request signature we calculated does not match the signature you provided."
BOTH = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."


def refused(answer: Answer, status: int, code: str, message: str) -> None:
    text = answer.body.decode().replace("&quot;", '"')
    assert (answer.status, f"<Code>{code}</Code>" in text) == (status, True), text
    assert message in text


def list_queues(server: Server, **fields: Any) -> Presigned:
    return Presigned(server.administrator(), "Action=ListQueues&Version=2012-11-05", **fields)


def test_a_url_of_a_queue(server: Server, queue: MadeQueue, admin: Any, scheme: str) -> None:
    query = f"Action=SendMessage&MessageBody={quote('a b+c&d=é/', safe='')}"
    url = Presigned(server.administrator(), query, path=f"/{ACCOUNT}/{queue.name}")
    answer = url.send(server, scheme)
    assert answer.status == 200, answer.body
    assert admin.receive_message(QueueUrl=queue.url)["Messages"][0]["Body"] == "a b+c&d=é/"


@pytest.mark.parametrize(
    ("method", "query", "body"),
    [
        ("POST", "Action=SendMessage&QueueUrl={}&MessageBody=x", b""),
        ("POST", "", b"Action=SendMessage&QueueUrl={}&MessageBody=x"),
        ("POST", "Action=SendMessage&QueueUrl={}", b"MessageBody=x"),
    ],
)
def test_posts_have_parameters_here_and_there(
    server: Server, queue: MadeQueue, method: str, query: str, body: bytes
) -> None:
    body = body.replace(b"{}", queue.name.encode())
    request = Presigned(
        server.administrator(),
        query.format(queue.name),
        body,
        {"Content-Type": FORM},
        method=method,
    )
    assert request.send(server).status == 200


def test_json_with_a_presigned_url(server: Server, queue: MadeQueue) -> None:
    body = json.dumps({"QueueUrl": queue.url, "MessageBody": "x"}).encode()
    target = {"X-Amz-Target": "AmazonSQS.SendMessage"}
    request = Presigned(server.administrator(), "", body, target, method="POST")
    answer = request.send(server)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/x-amz-json-1.0")
    unsigned = Presigned(server.administrator(), "", body, method="POST", headers_sent=target).send(server)
    assert (unsigned.status, "x-amz-target" in json.loads(unsigned.body)["Message"]) == (403, True)


class TestAltered:
    @pytest.mark.parametrize(
        "fields",
        [
            {"url": lambda url: url.replace("ListQueues", "PurgeQueue")},
            {"url": lambda url: url + "&QueueNamePrefix=x"},
            {"url": lambda url: url.replace("Expires=900", "Expires=9000")},
            {"url": lambda url: url.replace("Version=2012-11-05&", "")},
            {"url": lambda url: url.replace("/?", "/other?")},
            {"url": lambda url: url[:-1] + ("0" if url[-1] != "0" else "1")},
            {"url": lambda url: url[:-1]},
            {"url": lambda url: url.replace("SignedHeaders=host", "SignedHeaders=host%3Baccept")},
            {"body_sent": b"QueueNamePrefix=x"},
            {"method_sent": "POST"},
            {"method": "POST", "body": b"a=b", "body_sent": b"a=c"},
            {"headers_sent": {"Host": "elsewhere"}},
        ],
    )
    def test_any_change_spoils_the_signature(self, server: Server, fields: dict[str, Any]) -> None:
        refused(list_queues(server, **fields).send(server), 403, "SignatureDoesNotMatch", MISMATCH)

    def test_a_plus_does_not_stand_in_for_what_was_signed(self, server: Server, queue: MadeQueue) -> None:
        """The form reads it as a space, so the signature must, or a `%2B` could be made one on the way."""
        query = f"Action=SendMessage&QueueUrl={queue.name}&MessageBody=a%2Bb"
        request = Presigned(
            server.administrator(), query, url=lambda url: url.replace("MessageBody=a%2Bb", "MessageBody=a+b")
        )
        refused(request.send(server), 403, "SignatureDoesNotMatch", MISMATCH)

    def test_a_wrong_secret(self, server: Server) -> None:
        key = Key(server.administrator().access_key_id, "x" * 40)
        answer = Presigned(key, "Action=ListQueues").send(server)
        refused(answer, 403, "SignatureDoesNotMatch", MISMATCH)

    def test_header_and_query_together(self, server: Server) -> None:
        both = list_queues(server, headers_sent={"Authorization": "AWS4-HMAC-SHA256 Credential=x"})
        refused(both.send(server), 403, "SignatureDoesNotMatch", BOTH)

    def test_the_host_must_be_signed(self, server: Server) -> None:
        request = list_queues(server, url=lambda url: url.replace("Headers=host", "Headers=x-amz-date"))
        refused(
            request.send(server),
            403,
            "SignatureDoesNotMatch",
            "'Host' must be a 'SignedHeader' in the AWS Authorization.",
        )


class TestTokens:
    def test_a_token_that_nobody_gave(self, server: Server) -> None:
        refused(
            list_queues(server, token="token").send(server), 403, "InvalidClientTokenId", "token included"
        )

    def test_an_unknown_key(self, server: Server) -> None:
        answer = Presigned(Key("AKIANOBODY", "x"), "Action=ListQueues").send(server)
        refused(answer, 403, "InvalidClientTokenId", "The security token included in the request is invalid.")


class TestTime:
    @pytest.mark.parametrize(
        ("age_s", "expires_s"), [(-60, 1), (3_000, 3_600), (604_000, 604_800), (-800, 60), (59, 120)]
    )
    def test_within_its_time(self, server: Server, age_s: int, expires_s: int) -> None:
        at = datetime.now(UTC) - timedelta(seconds=age_s)
        assert list_queues(server, at=at, expires_s=expires_s).send(server).status == 200

    @pytest.mark.parametrize(
        ("age_s", "expires_s", "begin", "end"),
        [
            (30, 10, "Signature expired: ", " - 10 s.)"),
            (3_700, 3_600, "Signature expired: ", " - 60 min.)"),
            (604_900, 604_800, "Signature expired: ", " - 10080 min.)"),
            (-1_000, 3_600, "Signature not yet current: ", " + 15 min.)"),
        ],
    )
    def test_beyond_it(self, server: Server, age_s: int, expires_s: int, begin: str, end: str) -> None:
        at = datetime.now(UTC) - timedelta(seconds=age_s)
        answer = list_queues(server, at=at, expires_s=expires_s).send(server)
        refused(answer, 403, "SignatureDoesNotMatch", f"{begin}{at:%Y%m%dT%H%M%SZ} is ")
        assert end in answer.body.decode()

    @pytest.mark.parametrize(
        ("expires", "text"), [("0", "at least 1"), ("604801", "a week"), ("x", "number")]
    )
    def test_no_number_of_seconds(self, server: Server, expires: str, text: str) -> None:
        request = list_queues(server, url=lambda url: url.replace("Expires=900", f"Expires={expires}"))
        refused(request.send(server), 400, "IncompleteSignature", text)


class TestMalformed:
    @pytest.mark.parametrize("name", ["Algorithm", "Credential", "Signature", "SignedHeaders", "Date"])
    def test_a_parameter_is_missing(self, server: Server, name: str) -> None:
        request = list_queues(server, url=lambda url: url.replace(f"X-Amz-{name}=", f"Other-{name}="))
        text = f"AWS query-string parameters must include 'X-Amz-{name}'. Re-examine the query-string parameters."
        refused(request.send(server), 400, "IncompleteSignature", text)

    @pytest.mark.parametrize(
        "name", ["X-Amz-Date", "X-Amz-Signature", "X-Amz-Security-Token", "X%2DAmz-Date"]
    )
    def test_a_parameter_comes_twice(self, server: Server, name: str) -> None:
        request = list_queues(server, url=lambda url: f"{url}&{name}=x&{name}=y")
        refused(request.send(server), 400, "IncompleteSignature", "was given more than once.")

    @pytest.mark.parametrize(
        ("old", "new", "status", "code", "text"),
        [
            (
                "AWS4-HMAC-SHA256",
                "AWS4-HMAC-MD5",
                400,
                "IncompleteSignature",
                "Unsupported AWS 'algorithm': 'AWS4-HMAC-MD5'.",
            ),
            ("%2Faws4_request", "", 400, "IncompleteSignature", "exactly 5 slash-delimited elements"),
            ("aws4_request", "e", 403, "SignatureDoesNotMatch", "valid terminator: 'aws4_request', not 'e'."),
            (f"%2F{REGION}%2F", "%2Fqueue%2F", 403, "SignatureDoesNotMatch", "valid region, not 'queue'."),
            ("%2Fsqs%2F", "%2Fodd%2F", 403, "SignatureDoesNotMatch", "correct service: 'sqs'."),
            ("X-Amz-Date=2", "X-Amz-Date=x", 400, "IncompleteSignature", "ISO-8601 'basic format'"),
            ("X-Amz-Credential=", f"X-Amz-Credential={'x' * 600}", 400, "IncompleteSignature", "too long"),
        ],
    )
    def test_a_parameter_is_wrong(
        self, server: Server, old: str, new: str, status: int, code: str, text: str
    ) -> None:
        answer = list_queues(server, url=lambda url: url.replace(old, new)).send(server)
        refused(answer, status, code, text)


class TestOtherServices:
    @pytest.mark.parametrize(
        ("service", "call", "parameters", "holds"),
        [
            ("sts", "get_caller_identity", {}, b"<Account>123456789012</Account>"),
            ("iam", "list_users", {}, b"<ListUsersResult>"),
            ("ec2", "describe_vpcs", {"Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}]}, b"<vpcSet/>"),
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_what_boto3_presigns(
        self,
        server: Server,
        clients: Any,
        service: str,
        call: str,
        parameters: dict[str, Any],
        holds: bytes,
        method: str,
    ) -> None:
        client = clients.of(service, scheme="http")
        url = client.generate_presigned_url(call, Params=parameters, HttpMethod=method)
        host = f"{server.host}:{server.port}"
        answer = post(server, b"", {"Host": host}, url.removeprefix(f"http://{host}"), method=method)
        assert answer.status == 200, answer.body
        assert holds in answer.body

    def test_a_login_that_rests_on_get_caller_identity(self, server: Server, make_user: MakeUser) -> None:
        """As for EKS: sixty seconds are said and fifteen minutes meant, a header is bound, the answer is JSON."""
        user = make_user()
        bound = {"x-k8s-aws-id": "cluster"}
        request = Presigned(
            user.key,
            "Action=GetCallerIdentity&Version=2011-06-15",
            headers=bound,
            headers_sent={"Accept": "application/json"},
            service="sts",
            expires_s=60,
            at=datetime.now(UTC) - timedelta(minutes=14),
        )
        answer = request.send(server)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        found = json.loads(answer.body)["GetCallerIdentityResponse"]
        assert found["GetCallerIdentityResult"] == {
            "Account": ACCOUNT,
            "Arn": user.arn,
            "UserId": user.user_id,
        }
        assert len(found["ResponseMetadata"]["RequestId"]) == 36
        request.headers_sent = {**request.headers_sent, "x-k8s-aws-id": "another"}
        answer = request.send(server)
        assert (answer.status, json.loads(answer.body)["Error"]["Code"]) == (403, "SignatureDoesNotMatch")

    def test_a_url_for_another_service(self, server: Server) -> None:
        answer = Presigned(server.administrator(), "Action=ListQueues", service="sts").send(server)
        refused(answer, 400, "InvalidAction", "The action ListQueues is not valid for this endpoint.")

"""SigV4 as the server judges it: the matrix of errors, and odd requests that are right."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.raw import Answer, connect, post
from support.server import Key, Server
from support.signing import FORM, Signed, minutes
from support.signing import sqs as signed
from support.things import MakeUser

CORAL = "com.amazon.coral.service#"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
    "Key and signing method. Consult the service documentation for details."
)
BAD = (403, CORAL + "InvalidSignatureException", "SignatureDoesNotMatch;Sender")
UNKNOWN = (403, CORAL + "UnrecognizedClientException", "InvalidClientTokenId;Sender")
INCOMPLETE = (400, CORAL + "IncompleteSignatureException", "IncompleteSignature;Sender")
INVALID_TOKEN = "The security token included in the request is invalid."


def told(answer: Answer) -> tuple[tuple[int, str, str], str]:
    body = json.loads(answer.body)
    return (answer.status, body["__type"], answer.headers["x-amzn-query-error"]), body["Message"]


def list_queues(server: Server, **fields: Any) -> Signed:
    return signed(server.administrator(), "ListQueues", **fields)


def test_what_is_right_is_accepted(server: Server, scheme: str) -> None:
    assert list_queues(server).send(server, scheme).status == 200


class TestAlteredRequests:
    @pytest.mark.parametrize(
        "fields",
        [
            {"body_sent": b'{"QueueNamePrefix":"x"}'},
            {"body_sent": b""},
            {"path_sent": "/other"},
            {"path_sent": "/?a=b"},
            {"after": lambda headers: headers.update({"X-Amz-Target": "AmazonSQS.CreateQueue"})},
            {"after": lambda headers: headers.update({"Host": "elsewhere"})},
            {"after": lambda headers: headers.update({"Content-Type": "text/plain"})},
            {"authorization": lambda header: header[:-1] + ("0" if header[-1] != "0" else "1")},
            {"authorization": lambda header: header[:-1]},
            {"authorization": lambda header: header.replace("Signature=", "Signature=ä")},
            # Named as signed, but never sent: counts as empty.
            {"authorization": lambda header: header.replace("SignedHeaders=", "SignedHeaders=a;")},
            {"authorization": lambda header: header.replace("SignedHeaders=content-type;", "SignedHeaders=")},
        ],
    )
    def test_any_change_spoils_the_signature(self, server: Server, fields: dict[str, Any]) -> None:
        assert told(list_queues(server, **fields).send(server)) == (BAD, MISMATCH)

    def test_another_method(self, server: Server) -> None:
        headers = list_queues(server).headers_for(f"{server.host}:{server.port}")
        assert told(post(server, b"{}", headers, method="PUT")) == (BAD, MISMATCH)

    def test_wrong_secret(self, server: Server) -> None:
        key = Key(server.administrator().access_key_id, "x" * 40)
        assert told(signed(key, "ListQueues").send(server)) == (BAD, MISMATCH)

    @pytest.mark.parametrize("claim", ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "0" * 64])
    def test_the_body_is_hashed_whatever_a_header_says(self, server: Server, claim: str) -> None:
        request = list_queues(server, headers={"X-Amz-Content-SHA256": claim})
        assert told(request.send(server)) == (BAD, MISMATCH)


class TestKeys:
    @pytest.mark.parametrize(
        "key_id", ["AKIAAAAAAAAAAAAAAAAA", "test", "ASIAAAAAAAAAAAAAAAAA", "ä", "'\"<&>"]
    )
    def test_unknown(self, server: Server, key_id: str) -> None:
        assert told(signed(Key(key_id, "x"), "ListQueues").send(server)) == (UNKNOWN, INVALID_TOKEN)

    def test_a_session_token_with_a_long_term_key(self, server: Server) -> None:
        assert told(list_queues(server, token="token").send(server)) == (UNKNOWN, INVALID_TOKEN)

    def test_deleted(self, server: Server, make_user: MakeUser, iam: Any) -> None:
        user = make_user('{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}')
        assert signed(user.key, "ListQueues").send(server).status == 200
        iam.delete_access_key(UserName=user.name, AccessKeyId=user.key.access_key_id)
        assert told(signed(user.key, "ListQueues").send(server)) == (UNKNOWN, INVALID_TOKEN)


class TestScope:
    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"region": "queue"}, "Credential should be scoped to a valid region, not 'queue'."),
            ({"region": "us-east-1"}, "Credential should be scoped to a valid region, not 'us-east-1'."),
            ({"region": ""}, "Credential should be scoped to a valid region, not ''."),
            ({"service": "sns"}, "Credential should be scoped to correct service: 'sqs'."),
            ({"service": "iam"}, "Credential should be scoped to correct service: 'sqs'."),
            (
                {"service": "e", "region": "d"},
                (
                    "Credential should be scoped to a valid region, not 'd'. "
                    "Credential should be scoped to correct service: 'sqs'."
                ),
            ),
            (
                {"authorization": lambda header: header.replace("aws4_request", "e")},
                "Credential should be scoped with a valid terminator: 'aws4_request', not 'e'.",
            ),
        ],
    )
    def test_not_ours(self, server: Server, fields: dict[str, Any], message: str) -> None:
        assert told(list_queues(server, **fields).send(server)) == (BAD, message)

    def test_date(self, server: Server) -> None:
        now = datetime.now(UTC)
        date, stamp = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
        request = list_queues(
            server, at=now, authorization=lambda header: header.replace(f"/{date}/", "/20200101/")
        )
        assert told(request.send(server)) == (
            BAD,
            (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                f"'20200101' != '{date}', from '{stamp}'."
            ),
        )

    @pytest.mark.parametrize("credential", ["a", "a/b/c/d", "a/b/c/d/e/f", "////////"])
    def test_not_five_parts(self, server: Server, credential: str) -> None:
        key_id = server.administrator().access_key_id

        def replaced(header: str) -> str:
            start = header.index(key_id)
            return header[:start] + credential + header[header.index(",", start) :]

        assert told(list_queues(server, authorization=replaced).send(server)) == (
            INCOMPLETE,
            (
                "Credential must have exactly 5 slash-delimited elements, "
                f"e.g. keyid/date/region/service/term, got '{credential}'"
            ),
        )


class TestTime:
    @pytest.mark.parametrize("skew", [-14, 0, 14])
    def test_within_a_quarter_of_an_hour(self, server: Server, skew: int) -> None:
        assert list_queues(server, at=datetime.now(UTC) + minutes(skew)).send(server).status == 200

    @pytest.mark.parametrize(
        ("skew", "begin", "end"),
        [(-16, "Signature expired: ", " - 15 min.)"), (16, "Signature not yet current: ", " + 15 min.)")],
    )
    def test_beyond(self, server: Server, skew: int, begin: str, end: str) -> None:
        at = datetime.now(UTC) + timedelta(minutes=skew)
        shape, message = told(list_queues(server, at=at).send(server))
        assert shape == BAD
        assert message.startswith(f"{begin}{at:%Y%m%dT%H%M%SZ} is ")
        assert message.endswith(end)

    @pytest.mark.parametrize(
        "date", ["201", "", "2013-06-09T09:45:15Z", "20130609T094515", "99999999T999999Z", "é"]
    )
    def test_not_a_date(self, server: Server, date: str) -> None:
        request = list_queues(server, after=lambda headers: headers.update({"X-Amz-Date": date}))
        assert told(request.send(server)) == (
            INCOMPLETE,
            f"Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601",
        )


class TestHeaders:
    def test_host_must_be_signed(self, server: Server) -> None:
        assert told(list_queues(server, unsigned=frozenset({"host"})).send(server)) == (
            BAD,
            "'Host' must be a 'SignedHeader' in the AWS Authorization.",
        )

    def test_the_target_must_be_signed(self, server: Server) -> None:
        """Else whoever sits between could have the same bytes mean another operation."""
        shape, message = told(list_queues(server, unsigned=frozenset({"x-amz-target"})).send(server))
        assert shape == BAD
        assert "x-amz-target" in message

    @pytest.mark.parametrize("name", ["Host", "X-Amz-Date", "X-Amz-Target", "Authorization"])
    def test_none_that_the_signature_rests_on_comes_twice(self, server: Server, name: str) -> None:
        headers = list_queues(server).headers_for(f"{server.host}:{server.port}")
        again = f"{name}: {headers[name]}\r\n"
        head = "".join(f"{one}: {value}\r\n" for one, value in headers.items())
        with connect(server) as connection:
            connection.send(f"POST / HTTP/1.1\r\n{head}{again}Content-Length: 2\r\n\r\n{{}}".encode())
            shape, message = told(connection.answer())
        assert shape == INCOMPLETE
        assert message == "A header that the signature rests on was sent more than once."

    @pytest.mark.parametrize(
        ("header", "message"),
        [
            ("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request", ["SignedHeaders", "Signature"]),
            ("AWS4-HMAC-SHA256", ["Credential", "Signature", "SignedHeaders"]),
            ("AWS4-HMAC-SHA256 ,,,===", ["Credential", "Signature", "SignedHeaders"]),
            ("AWS4-HMAC-SHA256 Credential=,Signature=,SignedHeaders=", ["Credential"]),
        ],
    )
    def test_parts_that_are_missing(self, server: Server, header: str, message: list[str]) -> None:
        request = list_queues(server, authorization=lambda _: header)
        shape, told_text = told(request.send(server))
        assert shape == INCOMPLETE
        for name in message:
            assert f"Authorization header requires '{name}' parameter." in told_text

    @pytest.mark.parametrize(
        "header", ["Bearer token", "AWS key:signature", "AWS4-ECDSA-P256-SHA256 Credential=a", "x", "", "é"]
    )
    def test_other_schemes(self, server: Server, header: str) -> None:
        shape, message = told(list_queues(server, authorization=lambda _: header).send(server))
        assert shape == INCOMPLETE
        assert message.startswith("Authorization header requires '")
        assert message.endswith(f" Authorization={header.split(' ')[0]}")

    @pytest.mark.parametrize("scheme", ["AWS4-ECDSA-P256-SHA256", "AWS4-HMAC-SHA1"])
    def test_other_algorithms(self, server: Server, scheme: str) -> None:
        request = list_queues(server, authorization=lambda header: header.replace("AWS4-HMAC-SHA256", scheme))
        assert told(request.send(server)) == (INCOMPLETE, f"Unsupported AWS 'algorithm': '{scheme}'.")

    def test_white_space_that_was_copied_with_the_key(self, server: Server) -> None:
        key = server.administrator()
        request = signed(Key(key.access_key_id + " ", key.secret), "ListQueues")
        shape, message = told(request.send(server))
        assert shape == INCOMPLETE
        assert message.startswith("'/20")
        assert message.endswith(
            "/us-east-2/sqs/aws4_request' not a valid key=value pair (missing equal-sign) in Authorization header: "
            "'AWS4-HMAC-SHA256'."
        )

    def test_no_date_at_all(self, server: Server) -> None:
        shape, message = told(
            list_queues(server, after=lambda headers: headers.pop("X-Amz-Date")).send(server)
        )
        assert shape == INCOMPLETE
        assert message.startswith(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )

    def test_one_that_is_far_too_long(self, server: Server) -> None:
        request = list_queues(server, authorization=lambda header: header + "," + "x" * 5_000)
        assert told(request.send(server)) == (INCOMPLETE, "The Authorization header is too long.")

    def test_the_secret_and_signature_are_not_repeated_in_errors(self, server: Server) -> None:
        request = list_queues(server, authorization=lambda header: header.replace("SignedHeaders", "Odd"))
        assert "Signature=" not in request.send(server).body.decode().replace("'Signature'", "")


NO_FIELDS = (
    "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
    "Authorization header requires 'SignedHeaders' parameter. Authorization=x"
)
XML_ERRORS = {
    "ec2": {
        "secret": (401, "AuthFailure", "AWS was not able to validate the provided access credentials"),
        "key": (401, "AuthFailure", "AWS was not able to validate the provided access credentials"),
        "none": (401, "AuthFailure", "AWS was not able to validate the provided access credentials"),
        "malformed": (400, "IncompleteSignature", NO_FIELDS),
    },
    **{
        service: {
            "secret": (403, "SignatureDoesNotMatch", MISMATCH),
            "key": (403, "InvalidClientTokenId", INVALID_TOKEN),
            "none": (403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
            "malformed": (400, "IncompleteSignature", NO_FIELDS),
        }
        for service in ("iam", "sts")
    },
}
FORMS = {
    "ec2": b"Action=DescribeVpcs&Version=2016-11-15",
    "iam": b"Action=ListUsers&Version=2010-05-08",
    "sts": b"Action=GetCallerIdentity&Version=2011-06-15",
}


@pytest.mark.parametrize("service", XML_ERRORS)
class TestXmlServices:
    def check(self, service: str, fault: str, answer: Answer) -> None:
        status, code, message = XML_ERRORS[service][fault]
        text = answer.body.decode().replace("&quot;", '"')
        assert answer.status == status
        assert f"<Code>{code}</Code><Message>{message}</Message>" in text
        assert answer.headers["content-type"] == "text/xml;charset=UTF-8"
        assert text.count("<RequestID>" if service == "ec2" else "<RequestId>") == 1

    def request(self, server: Server, service: str, key: Key | None = None, **fields: Any) -> Signed:
        key = key or server.administrator()
        return Signed(key, FORMS[service], {"Content-Type": FORM}, service=service, **fields)

    def test_right(self, server: Server, service: str, scheme: str) -> None:
        assert self.request(server, service).send(server, scheme).status == 200

    def test_wrong_secret(self, server: Server, service: str) -> None:
        key = Key(server.administrator().access_key_id, "wrong")
        self.check(service, "secret", self.request(server, service, key).send(server))

    def test_altered(self, server: Server, service: str) -> None:
        request = self.request(server, service, body_sent=FORMS[service] + b"&x=y")
        self.check(service, "secret", request.send(server))

    def test_unknown_key(self, server: Server, service: str) -> None:
        self.check(service, "key", self.request(server, service, Key("AKIANOBODY", "x")).send(server))

    def test_unsigned(self, server: Server, service: str) -> None:
        self.check(service, "none", post(server, FORMS[service], {"Host": "x", "Content-Type": FORM}))

    def test_malformed(self, server: Server, service: str) -> None:
        form = FORMS[service]
        headers = {"Host": "x", "Content-Type": FORM, "Authorization": "x", "X-Amz-Date": "20200101T000000Z"}
        self.check(service, "malformed", post(server, form, headers))

    def test_a_scope_of_another_service_does_not_open_this_one(self, server: Server, service: str) -> None:
        """The scope says which service is meant; the form of another one is not understood there."""
        for other in FORMS.keys() - {service}:
            request = Signed(server.administrator(), FORMS[service], {"Content-Type": FORM}, service=other)
            assert request.send(server).status == 400

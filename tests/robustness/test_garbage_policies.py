"""Policy documents that are none, wherever one can be written."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.garbage import FEW, ask, form, is_sqs_error, is_xml_error
from support.raw import Answer, post
from support.server import ACCOUNT, Server

pytestmark = pytest.mark.usefixtures("serves_afterwards")

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

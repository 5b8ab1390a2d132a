"""JSON and forms that are none, or not of the right shape: a clear refusal in the right protocol."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.garbage import FEW, MANY, ask, form, is_sqs_error, is_xml_error
from support.raw import connect, request
from support.server import ACCOUNT, Server

pytestmark = pytest.mark.usefixtures("serves_afterwards")

OPERATIONS = [
    "AddPermission",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "CreateQueue",
    "DeleteMessage",
    "DeleteMessageBatch",
    "DeleteQueue",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "ListQueueTags",
    "ListQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "RemovePermission",
    "SendMessage",
    "SendMessageBatch",
    "SetQueueAttributes",
    "TagQueue",
    "UntagQueue",
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
            "Tags": st.dictionaries(st.text(max_size=5), st.text(max_size=5)) | trees,
            "TagKeys": st.lists(st.text(max_size=5)) | trees,
            "Label": st.text(max_size=5) | trees,
            "AWSAccountIds": st.just([ACCOUNT]) | st.lists(st.text(max_size=5)) | trees,
            "Actions": st.lists(st.sampled_from(["SendMessage", "*", "x"])) | trees,
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
                "DeleteAccessKey", "GetUser", "GetCallerIdentity", "CreateGroup", "AddUserToGroup", "TagUser",
                "UntagUser", "UpdateUser", "PutGroupPolicy", "UpdateAccessKey", "ListMFADevices",
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
                    "NewUserName", "NewPath", "Status", "Tags.member.1.Key", "Tags.member.1", "TagKeys.member.1",
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

"""Query strings that are none, and presigned URLs that are not right: a clear refusal in XML or JSON, never more."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.wire.sqs.operations import OPERATIONS
from support.garbage import FEW, MANY, is_sqs_error, is_xml_error
from support.raw import post
from support.server import ACCOUNT, Server
from support.signing import Presigned

pytestmark = pytest.mark.usefixtures("serves_afterwards")

SIGNATURE = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature", "Security-Token")
PIECES = [
    "AWS4-HMAC-SHA256",
    "AKIDEXAMPLE/20260101/us-east-2/sqs/aws4_request",
    "AKIDEXAMPLE/20260101/us-east-2/sts/aws4_request",
    "20260101T000000Z",
    "60",
    "host",
    "host;x-amz-target",
    "0" * 64,
    "",
    "/",
    "%",
    "\x00",
    "é",
]


@given(
    parameters=st.dictionaries(
        st.sampled_from(SIGNATURE).map("X-Amz-{}".format),
        st.sampled_from(PIECES) | st.text(max_size=20),
        max_size=7,
    ),
    action=st.sampled_from(
        ["Action=ListQueues", "Action=GetCallerIdentity&Version=2011-06-15", "Action=%ff", ""]
    ),
)
@MANY
def test_any_signature(target: Server, parameters: dict[str, str], action: str) -> None:
    query = "&".join([action, *(f"{name}={quote(value, safe='')}" for name, value in parameters.items())])
    is_xml_error(post(target, b"", {"Host": "x"}, f"/?{query}", method="GET"), 400, 403, 404)
    headers = {"Host": "x", "X-Amz-Target": "AmazonSQS.ListQueues"}
    is_sqs_error(post(target, b"{}", headers, f"/?{query}"))


@given(garbage=st.text("&=%+.;/?#X-Amz-Date1a", max_size=40))
@FEW
def test_any_query(target: Server, garbage: str) -> None:
    for path in ("/", f"/{ACCOUNT}/queue", "/%zz"):
        is_xml_error(post(target, b"", {"Host": "x"}, f"{path}?{garbage}", method="GET"), 400, 403, 404)


NAMES = (
    "QueueUrl QueueName MessageBody AttributeName.1 Attribute.1.Name Attribute.1.Value Attribute.Name MaxResults "
    "MessageAttribute.1.Name MessageAttribute.1.Value.DataType MessageAttribute.1.Value ReceiptHandle NextToken "
    "VisibilityTimeout Tag.1.Key Tag.1.Value TagKey.1 ENTRY.1.Id ENTRY.1 ENTRY.2.MessageBody Label SourceArn "
    "ENTRY.1.MessageAttribute.1.Name AWSAccountId.1 ActionName.1"
)
names = st.sampled_from(NAMES.split())


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
@pytest.mark.parametrize("operation", sorted(OPERATIONS.keys() - {"DeleteQueue"}))
def test_any_parameters(target: Server, operation: str, accept: str) -> None:
    values = st.sampled_from(["", "queue", "x", "0", "-1", "99999999999", "All", "String", "\x00", "é", "{}"])

    @given(parameters=st.dictionaries(names, values | st.text(max_size=8), max_size=6))
    @FEW
    def holds(parameters: dict[str, str]) -> None:
        query = "&".join(
            f"{name.replace('ENTRY', operation + 'RequestEntry')}={quote(value, safe='')}"
            for name, value in {"QueueUrl": "queue", **parameters}.items()
        )
        request = Presigned(
            target.administrator(), f"Action={operation}&{query}", headers_sent={"Accept": accept}
        )
        answer = request.send(target)
        if accept != "*/*":
            found = json.loads(answer.body)
            assert answer.status == 200 or found["Error"]["Code"], found
        elif answer.status != 200:
            is_xml_error(answer, 400, 403, 404)

    holds()

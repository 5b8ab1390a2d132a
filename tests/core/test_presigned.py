"""SigV4 in the query string (IAM User Guide, reference_sigv-create-signed-request)."""

from contextlib import suppress
from urllib.parse import quote

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from qanat.core import presigned, sigv4
from qanat.core.errors import QanatError
from qanat.core.sigv4 import Scope, SignatureDoesNotMatch, SignedRequest

KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AT = "20150830T123600Z"
AT_MS = 1_440_938_160_000
SCOPE = Scope("20150830", "us-east-1", "sqs")
QUERY = (
    b"Action=ListQueues&X-Amz-Algorithm=AWS4-HMAC-SHA256"
    b"&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fsqs%2Faws4_request"
    b"&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
)
HOST = {b"host": b"sqs.example"}

texts = st.text(max_size=8)


def url_of(query: bytes) -> presigned.Presigned:
    found = presigned.presigned(query)
    assert found is not None
    return found


def test_the_parameters_of_a_signature_are_told_from_the_others() -> None:
    found = url_of(QUERY)
    assert found.signed_query == QUERY.removesuffix(b"&X-Amz-Signature=00")
    assert found.parameters == {
        b"X-Amz-Algorithm": b"AWS4-HMAC-SHA256",
        b"X-Amz-Credential": b"AKIDEXAMPLE/20150830/us-east-1/sqs/aws4_request",
        b"X-Amz-Date": AT.encode(),
        b"X-Amz-Expires": b"60",
        b"X-Amz-SignedHeaders": b"host",
        b"X-Amz-Signature": b"00",
    }


@pytest.mark.parametrize("query", [b"", b"Action=ListQueues", b"x-amz-date=1", b"X-Amz-Other=1", b"&&="])
def test_a_query_without_a_signature(query: bytes) -> None:
    assert presigned.presigned(query) is None
    assert presigned.claimed_service(query) is None


def test_a_claim() -> None:
    claim = presigned.read_claim(url_of(QUERY), HOST, AT_MS)
    assert claim == sigv4.Claim(KEY_ID, SCOPE, (b"host",), "00", AT, None, 60_000)


@pytest.mark.parametrize(
    ("query", "lifetime_ms"),
    [
        (QUERY.replace(b"Expires=60", b"Expires=604800"), 604_800_000),
        (QUERY.replace(b"&X-Amz-Expires=60", b""), sigv4.SKEW_MS),
        # STS holds to its quarter of an hour, whatever is said.
        (QUERY.replace(b"%2Fsqs%2F", b"%2Fsts%2F"), sigv4.SKEW_MS),
    ],
)
def test_lifetimes(query: bytes, lifetime_ms: int) -> None:
    assert presigned.read_claim(url_of(query), HOST, AT_MS).lifetime_ms == lifetime_ms


def test_a_token_from_the_query_or_from_a_signed_header() -> None:
    with_token = url_of(QUERY + b"&X-Amz-Security-Token=a%2Bb")
    assert presigned.read_claim(with_token, HOST, AT_MS).security_token == b"a+b"
    header = {**HOST, b"x-amz-security-token": b"token"}
    with pytest.raises(SignatureDoesNotMatch, match="x-amz-security-token"):
        presigned.read_claim(url_of(QUERY), header, AT_MS)
    signed = url_of(QUERY.replace(b"Headers=host", b"Headers=host%3Bx-amz-security-token"))
    assert presigned.read_claim(signed, header, AT_MS).security_token == b"token"


@pytest.mark.parametrize(
    ("query", "service"),
    [
        (QUERY, "sqs"),
        (QUERY.replace(b"%2Fsqs%2F", b"/sts/"), "sts"),
        (b"MessageBody=Credential=a/b/c/sts/", None),
        (b"X-Amz-Credential=a/b", None),
        (QUERY + b"&X-Amz-Date=1", None),
    ],
)
def test_the_service_that_is_claimed(query: bytes, service: str | None) -> None:
    assert presigned.claimed_service(query) == service


@given(
    parameters=st.dictionaries(texts.filter(bool), texts, max_size=4),
    expires_s=st.integers(1, presigned.EXPIRES_S_MAX),
    token=st.none() | st.text("Az0+/=", min_size=1, max_size=9),
    body=st.binary(max_size=9),
)
def test_what_botocore_presigns_is_understood(
    parameters: dict[str, str], expires_s: int, token: str | None, body: bytes
) -> None:
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters.items())
    request = AWSRequest("POST", f"https://sqs.example/?{query}", {})
    request.context.update({"timestamp": AT, "signing": {}})
    auth = SigV4QueryAuth(Credentials(KEY_ID, SECRET, token), "sqs", "us-east-1", expires_s)
    auth._modify_request_before_signing(request)
    request.data = body
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    auth._inject_signature_to_request(request, signature)
    url = url_of(request.url.partition("?")[2].encode())
    claim = presigned.read_claim(url, HOST, AT_MS)
    assert (claim.lifetime_ms, claim.security_token) == (
        expires_s * 1000,
        None if token is None else token.encode(),
    )
    signed = SignedRequest(b"POST", b"/", url.signed_query, HOST, body)
    sigv4.verify(signed, claim, sigv4.signing_key(SECRET, SCOPE))
    for other in (
        signed._replace(query=url.signed_query + b"&a=b"),
        signed._replace(body=body + b"x"),
        signed._replace(method=b"GET"),
    ):
        with pytest.raises(SignatureDoesNotMatch):
            sigv4.verify(other, claim, sigv4.signing_key(SECRET, SCOPE))


@given(st.binary(max_size=100))
def test_any_query_is_a_claim_or_none_or_refused(garbage: bytes) -> None:
    for query in (garbage, QUERY + garbage, QUERY + b"&X-Amz-Security-Token=" + garbage):
        with suppress(QanatError):
            presigned.claimed_service(query)
            found = presigned.presigned(query)
            assert found is None or presigned.read_claim(found, HOST, AT_MS)

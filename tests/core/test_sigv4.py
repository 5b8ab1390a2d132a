"""IAM User Guide, reference_sigv-create-signed-request: published vectors, odd requests, and refusals."""

from contextlib import suppress

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from qanat.core import sigv4
from qanat.core.errors import QanatError
from qanat.core.sigv4 import Claim, Scope, SignedRequest

KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AT = "20150830T123600Z"
AT_MS = 1_440_938_160_000
SCOPE = Scope("20150830", "us-east-1", "service")


def claim(*names: str) -> Claim:
    return Claim(KEY_ID, SCOPE, tuple(name.encode() for name in names), "", AT)


def test_the_signing_key_of_the_guide() -> None:
    """IAM User Guide, "Deriving the signing key", with the key that it prints."""
    key = sigv4.derived_key(SECRET, Scope("20150830", "us-east-1", "iam"))
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


# (method, path, query, headers, body, signature): from the suite of vectors that AWS published for SigV4 in 2015.
HOST_AND_DATE = {b"host": b"example.amazonaws.com", b"x-amz-date": AT.encode()}
VECTORS = {
    "get-vanilla": (
        (b"GET", b"/", b"", HOST_AND_DATE, b""),
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "get-vanilla-query-order-key-case": (
        (b"GET", b"/", b"Param2=value2&Param1=value1", HOST_AND_DATE, b""),
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "post-vanilla": (
        (b"POST", b"/", b"", HOST_AND_DATE, b""),
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_published_vectors(name: str) -> None:
    (method, path, query, headers, body), signature = VECTORS[name]
    request = SignedRequest(method, path, query, headers, body)
    found = sigv4.sign(request, claim("host", "x-amz-date"), sigv4.signing_key(SECRET, SCOPE))
    assert found == (
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={signature}"
    )


paths = st.text("/.ab~-_%20+:@", max_size=12).map(lambda text: "/" + text)
values = st.text(" \tab,\"='é", max_size=10)


@given(path=paths, value=values, body=st.binary(max_size=20))
def test_what_botocore_signs_is_understood(path: str, value: str, body: bytes) -> None:
    request = AWSRequest("POST", f"https://sqs.example{path}", {"X-Amz-Odd": value}, body)
    request.context.update({"timestamp": AT, "signing": {}})
    auth = SigV4Auth(Credentials(KEY_ID, SECRET), "service", "us-east-1")
    auth._modify_request_before_signing(request)
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    names = sorted(auth.headers_to_sign(request).keys())
    # On the wire a header is bytes, and white space at its ends is not part of it.
    headers = {name.lower().encode(): text.strip().encode() for name, text in request.headers.items()}
    headers.setdefault(b"host", b"sqs.example")
    raw_path = path.split("?")[0].encode()
    signed = SignedRequest(b"POST", raw_path, b"", headers, body)
    found = Claim(KEY_ID, SCOPE, tuple(name.encode() for name in names), signature, AT)
    sigv4.verify(signed, found, sigv4.signing_key(SECRET, SCOPE))


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        (b"", b""),
        (b"b=1&a=2", b"a=2&b=1"),
        (b"a", b"a="),
        (b"a=2&a=1", b"a=1&a=2"),
        (b"a=b%20c&A=~", b"A=~&a=b%20c"),
        (b"a=%7e%3a", b"a=~%3A"),
        (b"a=b=c", b"a=b%3Dc"),
        (b"&&a=1&", b"a=1"),
        (b"a=%ff", b"a=%FF"),
        (b"a=%", b"a=%25"),
        # To whoever reads the parameters a plus is a space.
        (b"a=b+c", b"a=b%20c"),
        (b"a=b%2Bc", b"a=b%2Bc"),
    ],
)
def test_canonical_queries(query: bytes, canonical: bytes) -> None:
    request = SignedRequest(b"GET", b"/", query, {}, b"")
    assert sigv4.canonical_request(request, ()).split(b"\n")[2] == canonical


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        (b"/", b"/"),
        (b"//", b"/"),
        (b"/a/../b", b"/b"),
        (b"/a/./b/", b"/a/b/"),
        (b"/a/.", b"/a"),
        (b"/../..", b"/"),
        (b"/a%20b", b"/a%2520b"),
        (b"/a b", b"/a%20b"),
        (b"/\xc3\xa4", b"/%C3%A4"),
        (b"/123456789012/my-queue_1", b"/123456789012/my-queue_1"),
    ],
)
def test_canonical_paths(path: bytes, canonical: bytes) -> None:
    request = SignedRequest(b"GET", path, b"", {}, b"")
    assert sigv4.canonical_request(request, ()).split(b"\n")[1] == canonical


def header(**parts: str) -> dict[bytes, bytes]:
    found = {
        "Credential": f"{KEY_ID}/20150830/us-east-1/service/aws4_request",
        "SignedHeaders": "host;x-amz-date",
        "Signature": "00",
        **parts,
    }
    text = ", ".join(f"{name}={value}" for name, value in found.items())
    return {b"authorization": f"AWS4-HMAC-SHA256 {text}".encode(), b"x-amz-date": AT.encode(), b"host": b"h"}


def test_a_claim_is_read() -> None:
    wanted = Claim(KEY_ID, SCOPE, (b"host", b"x-amz-date"), "00", AT)
    assert sigv4.read_claim(header()) == wanted
    without_spaces = header()
    without_spaces[b"authorization"] = without_spaces[b"authorization"].replace(b", ", b",")
    assert sigv4.read_claim(without_spaces) == wanted


def test_the_date_header_serves_where_there_is_no_x_amz_date() -> None:
    headers = header()
    headers[b"date"] = headers.pop(b"x-amz-date")
    assert sigv4.read_claim(headers).amz_date == AT


@given(st.binary(max_size=200))
def test_any_authorization_is_a_claim_or_refused(authorization: bytes) -> None:
    for text in (authorization, b"AWS4-HMAC-SHA256 " + authorization):
        with suppress(QanatError):
            sigv4.read_claim({b"authorization": text, b"x-amz-date": AT.encode()})


@given(st.text(max_size=30))
def test_any_date_is_an_instant_or_refused(date: str) -> None:
    with suppress(QanatError):
        sigv4.instant_ms(date)


@pytest.mark.parametrize("name", ["x-amz-target", "x-amz-security-token"])
def test_what_the_server_reads_must_be_signed(name: str) -> None:
    with pytest.raises(sigv4.SignatureDoesNotMatch, match=name):
        sigv4.read_claim({**header(), name.encode(): b"x"})
    signed = header(SignedHeaders=f"host;{name}")
    assert sigv4.read_claim({**signed, name.encode(): b"x"})


@pytest.mark.parametrize(
    ("now_ms", "refusal"),
    [
        (AT_MS - sigv4.SKEW_MS, None),
        (AT_MS + sigv4.SKEW_MS, None),
        (
            AT_MS + sigv4.SKEW_MS + 1_000,
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)",
        ),
        (
            AT_MS - sigv4.SKEW_MS - 1_000,
            (
                "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z "
                "(20150830T122059Z + 15 min.)"
            ),
        ),
    ],
)
def test_skew(now_ms: int, refusal: str | None) -> None:
    if refusal is None:
        sigv4.check_time(claim(), now_ms)
        return
    with pytest.raises(sigv4.SignatureDoesNotMatch) as found:
        sigv4.check_time(claim(), now_ms)
    assert found.value.message == refusal

"""IAM User Guide, reference_sigv-create-signed-request: odd requests, refusals, and in which order they are found."""

from contextlib import suppress

import pytest
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
    assert sigv4.read_claim(header(), AT_MS) == wanted
    without_spaces = header()
    without_spaces[b"authorization"] = without_spaces[b"authorization"].replace(b", ", b",")
    assert sigv4.read_claim(without_spaces, AT_MS) == wanted
    upper_case = header(SignedHeaders="Host;X-Amz-Date", Signature="0" * 64)
    assert sigv4.read_claim(upper_case, AT_MS).signed_headers == wanted.signed_headers


def test_the_date_header_serves_where_there_is_no_x_amz_date() -> None:
    headers = header()
    headers[b"date"] = headers.pop(b"x-amz-date")
    assert sigv4.read_claim(headers, AT_MS).amz_date == AT


@given(st.binary(max_size=200))
def test_any_authorization_is_a_claim_or_refused(authorization: bytes) -> None:
    for text in (authorization, b"AWS4-HMAC-SHA256 " + authorization):
        with suppress(QanatError):
            sigv4.read_claim({b"authorization": text, b"x-amz-date": AT.encode()}, AT_MS)


@given(st.text(max_size=30))
def test_any_date_is_an_instant_or_refused(date: str) -> None:
    with suppress(QanatError):
        sigv4.instant_ms(date)


@pytest.mark.parametrize("name", ["x-amz-target", "x-amz-security-token"])
def test_what_the_server_reads_must_be_signed(name: str) -> None:
    with pytest.raises(sigv4.SignatureDoesNotMatch, match=name):
        sigv4.read_claim({**header(), name.encode(): b"x"}, AT_MS)
    signed = header(SignedHeaders=f"host;{name}")
    assert sigv4.read_claim({**signed, name.encode(): b"x"}, AT_MS)


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
        sigv4.check_time(AT, now_ms)
        return
    with pytest.raises(sigv4.RequestExpired) as found:
        sigv4.check_time(AT, now_ms)
    assert found.value.message == refusal


@pytest.mark.parametrize("signature", ["0" * 64, "00"], ids=["usual", "unusual"])
def test_a_request_is_good_for_a_quarter_of_an_hour_and_refused_when_it_is_sent_again_later(
    signature: str,
) -> None:
    headers = header(Signature=signature)
    for age_ms in (0, sigv4.SKEW_MS):
        assert sigv4.read_claim(headers, AT_MS + age_ms).amz_date == AT
    with pytest.raises(sigv4.RequestExpired, match="Signature expired: 20150830T123600Z is now"):
        sigv4.read_claim(headers, AT_MS + sigv4.SKEW_MS + 1)


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        (
            b"AWS4-HMAC-SHA256 Credential= AKID/20150830/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=00",
            (
                "'AKID/20150830/us-east-1/sqs/aws4_request' not a valid key=value pair (missing equal-sign) in "
                "Authorization header: 'AWS4-HMAC-SHA256'."
            ),
        ),
        (
            b"AWS4-HMAC-SHA256 FooBar, BazBurp",
            "'FooBar' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256'.",
        ),
        (
            b"Bearer a-secret",
            (
                "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' "
                "parameter. Authorization header requires 'SignedHeaders' parameter. Authorization=Bearer"
            ),
        ),
    ],
)
def test_fields_that_are_none(authorization: bytes, message: str) -> None:
    """Answers of AWS, which repeat the whole header; what it holds besides its scheme is not for a log."""
    with pytest.raises(sigv4.IncompleteSignature) as found:
        sigv4.read_claim({**header(), b"authorization": authorization}, AT_MS)
    assert found.value.message == message


REGION = "Credential should be scoped to a valid region, not 'c'."
SERVICE = "Credential should be scoped to correct service: 'service'."
TERM = "Credential should be scoped with a valid terminator: 'aws4_request', not 'e'."
DATE = (
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: 'b' != '20150830', "
    f"from '{AT}'."
)


@pytest.mark.parametrize(
    ("credential", "message"),
    [
        (f"{KEY_ID}/b/c/d/e", f"{REGION} {SERVICE} {TERM} {DATE}"),
        (f"{KEY_ID}/20150830/c/d/e", f"{REGION} {SERVICE} {TERM}"),
        (f"{KEY_ID}/b/us-east-1/service/e", f"{TERM} {DATE}"),
        (f"{KEY_ID}/20150830/us-east-1/service/e", TERM),
        (f"{KEY_ID}/20150830/c/service/aws4_request", REGION),
        (f"{KEY_ID}/20150830/us-east-1/d/aws4_request", SERVICE),
        (f"{KEY_ID}/b/us-east-1/service/aws4_request", DATE),
    ],
)
@pytest.mark.parametrize("signature", ["0" * 64, "00"], ids=["usual", "unusual"])
def test_all_that_is_wrong_with_a_scope_is_told_at_once(
    credential: str, message: str, signature: str
) -> None:
    found = sigv4.read_claim(header(Credential=credential, Signature=signature), AT_MS)
    with pytest.raises(sigv4.SignatureDoesNotMatch) as refusal:
        sigv4.check_scope(found, ("us-east-1",), ("service",))
    assert refusal.value.message == message


# What is wrong, and how it is told. Each line mends the fault of the one before and leaves all that follow, so
# together they are the order in which AWS was recorded to look for them.
ORDER = [
    ("AWS4-ODD Credential, SignedHeaders=a", "201", "'Credential' not a valid key=value pair"),
    (
        "AWS4-ODD Credential=k/b/c/d, SignedHeaders=a",
        "201",
        "Authorization header requires 'Signature' param",
    ),
    (
        "AWS4-ODD Credential=k/b/c/d, SignedHeaders=a, Signature=0",
        "201",
        "Date must be in ISO-8601 'basic fo",
    ),
    ("AWS4-ODD Credential=k/b/c/d, SignedHeaders=a, Signature=0", "20150830T122059Z", "Signature expired: "),
    ("AWS4-ODD Credential=k/b/c/d, SignedHeaders=a, Signature=0", AT, "'Host' must be a 'SignedHeader' in "),
    ("AWS4-ODD Credential=k/b/c/d, SignedHeaders=host, Signature=0", AT, "'x-amz-security-token' must be a"),
    (
        "AWS4-ODD Credential=k/b/c/d, SignedHeaders=host;x-amz-security-token, Signature=0",
        AT,
        "Unsupported AWS 'algorithm': 'AWS4-ODD'.",
    ),
    (
        "AWS4-HMAC-SHA256 Credential=k/b/c/d, SignedHeaders=host;x-amz-security-token, Signature=0",
        AT,
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'k/b/c/d'",
    ),
]


@pytest.mark.parametrize("signature", ["0", "0" * 64], ids=["unusual", "usual"])
@pytest.mark.parametrize(("authorization", "date", "message"), ORDER)
def test_the_order_of_the_checks(authorization: str, date: str, message: str, signature: str) -> None:
    headers = {
        b"authorization": authorization.replace("Signature=0", f"Signature={signature}").encode(),
        b"x-amz-date": date.encode(),
        b"x-amz-security-token": b"token",
    }
    with pytest.raises(QanatError) as found:
        sigv4.read_claim(headers, AT_MS)
    assert found.value.message.startswith(message)

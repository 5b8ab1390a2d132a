"""SigV4 against botocore as a signer of its own: what it signs is understood, and no bit of it may be another one."""

from typing import NamedTuple
from urllib.parse import parse_qsl, quote

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import normalize_url_path
from hypothesis import assume, given
from hypothesis import strategies as st

from qanat.core import presigned, sigv4
from qanat.core.errors import QanatError
from qanat.core.sigv4 import Claim, Scope, SignedRequest

KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AT = "20150830T123600Z"
AT_MS = 1_440_938_160_000
KEY = sigv4.signing_key(SECRET, Scope("20150830", "us-east-1", "sqs"))


class Sent(NamedTuple):
    """A request as it is on the wire: only bytes, each of which somebody between may change."""

    method: bytes
    path: bytes
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes

    def with_a_bit_flipped(self, position: int) -> "Sent":
        """`position` counts the bits of all parts, and begins again at their end."""
        parts = [self.method, self.path, self.query, *self.headers.values(), self.body]
        at, bit = divmod(position % (8 * sum(map(len, parts))), 8)
        flipped = []
        for part in parts:
            if 0 <= at < len(part):
                part = part[:at] + bytes([part[at] ^ (1 << bit)]) + part[at + 1 :]
                at = -1
            elif at >= 0:
                at -= len(part)
            flipped.append(part)
        method, path, query, *values, body = flipped
        return Sent(method, path, query, dict(zip(self.headers, values, strict=True)), body)


class Parts(NamedTuple):
    """What a client is about to sign."""

    method: str
    path: str
    parameters: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    token: str | None

    @property
    def url(self) -> str:
        query = "&".join(f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in self.parameters)
        return f"https://sqs.example{self.path}" + ("?" + query if query else "")


words = st.text(max_size=8)
unsigned_parts = st.builds(
    Parts,
    method=st.sampled_from(["GET", "POST"]),
    path=st.text("/.ab~-_%20+:@", max_size=12).map(lambda text: "/" + text),
    parameters=st.lists(st.tuples(words.filter(bool), words), max_size=4),
    headers=st.dictionaries(
        st.sampled_from(["X-Amz-Odd", "x-amz-target", "My-Header", "Content-Type"]),
        st.text(" ab,\"='é", max_size=10),
        max_size=3,
    ),
    body=st.binary(max_size=20),
    token=st.none() | st.text("Az0+/=", min_size=1, max_size=9),
)


def sign(auth: SigV4Auth, parts: Parts) -> Sent:
    headers = {**parts.headers, "Host": "sqs.example"}
    request = AWSRequest(parts.method, parts.url, headers, parts.body)
    if isinstance(auth, SigV4QueryAuth):
        # It would take a body for parameters.
        request.data = b""
    request.context.update({"timestamp": AT, "signing": {}})
    auth._modify_request_before_signing(request)
    request.data = parts.body
    canonical = auth.canonical_request(request)
    auth._inject_signature_to_request(
        request, auth.signature(auth.string_to_sign(request, canonical), request)
    )
    # On the wire white space at the ends of a header is not part of it.
    wire = {name.lower().encode(): value.strip().encode() for name, value in request.headers.items()}
    query = request.url.partition("?")[2].encode()
    return Sent(parts.method.encode(), parts.path.encode(), query, wire, parts.body)


def verified(sent: Sent) -> Claim:
    url = presigned.presigned(sent.query) if b"authorization" not in sent.headers else None
    if url is None:
        claim, query = sigv4.read_claim(sent.headers, AT_MS), sent.query
    else:
        claim, query = presigned.read_claim(url, sent.headers, AT_MS), url.signed_query
    sigv4.check_scope(claim, ("us-east-1",), ("sqs",))
    sigv4.verify(SignedRequest(sent.method, sent.path, query, sent.headers, sent.body), claim, KEY)
    return claim


def pairs(query: bytes) -> list[tuple[str, str]]:
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1")


def refused_or_the_same(sent: Sent, changed: Sent) -> None:
    # No HTTP parser lets a path through that does not begin with a slash, nor control characters, of which some are
    # white space to Python.
    assume(changed.path.startswith(b"/"))
    assume(all(byte >= 0x20 for value in changed.headers.values() for byte in value))
    try:
        claim = verified(changed)
    except QanatError:
        return
    assert (changed.method, changed.body) == (sent.method, sent.body)
    # The slash is a dot with one bit more, and `%2b` is `%2B`.
    assert normalize_url_path(changed.path.decode("latin-1")) == normalize_url_path(sent.path.decode())
    assert pairs(changed.query) == pairs(sent.query)
    was, now = sent.headers, changed.headers
    if was != now:
        # Of the header, whose key id leads to a secret and is not signed itself; names are signed in lower case.
        assert {**was, b"authorization": b""} == {**now, b"authorization": b""}
        key_is_another = claim.access_key_id != KEY_ID
        assert key_is_another or was[b"authorization"].lower() == now[b"authorization"].lower()


@given(parts=unsigned_parts, position=st.integers(0, 2**32))
def test_in_the_header(parts: Parts, position: int) -> None:
    sent = sign(SigV4Auth(Credentials(KEY_ID, SECRET, parts.token), "sqs", "us-east-1"), parts)
    claim = verified(sent)
    assert claim.access_key_id == KEY_ID
    assert claim.security_token == (None if parts.token is None else parts.token.encode())
    refused_or_the_same(sent, sent.with_a_bit_flipped(position))


@given(
    parts=unsigned_parts, expires_s=st.integers(1, presigned.EXPIRES_S_MAX), position=st.integers(0, 2**32)
)
def test_in_the_url(parts: Parts, expires_s: int, position: int) -> None:
    auth = SigV4QueryAuth(Credentials(KEY_ID, SECRET, parts.token), "sqs", "us-east-1", expires_s)
    sent = sign(auth, parts)
    claim = verified(sent)
    assert (claim.access_key_id, claim.lifetime_ms) == (KEY_ID, expires_s * 1000)
    assert claim.security_token == (None if parts.token is None else parts.token.encode())
    refused_or_the_same(sent, sent.with_a_bit_flipped(position))

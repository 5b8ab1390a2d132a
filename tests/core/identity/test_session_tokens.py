"""Tokens open only where they were sealed, and only whole."""

from base64 import b64decode, b64encode

from hypothesis import given
from hypothesis import strategies as st

from qanat.core.identity.model import Session
from qanat.core.identity.session_tokens import Credentials, SessionKind, opened, packed, seal

KEY = b"k" * 32
SESSION = Session(
    "ASIA1", 1, 2, "AROAR", "R", ("{}",), ("arn:aws:iam::aws:policy/P",), (("a", "b"),), ("a",), "me"
)
CREDENTIALS = Credentials("ASIA1", "secret-text", SessionKind.ROLE, "123456789012", "one", SESSION)
TOKEN = seal(KEY, b"n" * 12, packed(CREDENTIALS))


def test_what_is_sealed_is_opened() -> None:
    assert opened(KEY, TOKEN.encode()) == CREDENTIALS


def test_another_key_opens_nothing() -> None:
    assert opened(b"K" * 32, TOKEN.encode()) is None


@given(st.integers(0, len(b64decode(TOKEN)) * 8 - 1))
def test_a_token_with_one_bit_changed_does_not_open(bit: int) -> None:
    box = bytearray(b64decode(TOKEN))
    box[bit // 8] ^= 1 << bit % 8
    assert opened(KEY, b64encode(bytes(box))) is None


@given(
    st.binary(max_size=200)
    | st.binary(min_size=8_190, max_size=8_200)
    | st.integers(0, 400).map(lambda n: TOKEN.encode()[:n])
)
def test_no_other_bytes_open(token: bytes) -> None:
    if token != TOKEN.encode():
        assert opened(KEY, token) is None
        assert opened(KEY, b64encode(token)) is None


def test_the_secret_is_not_shown() -> None:
    assert "secret-text" not in repr(CREDENTIALS)

"""A sealed frame comes back as it was written, at the place where it was written, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.keys import NAME
from qanat.journal.frames import FORMAT_VERSION, Frame, FrameDamaged, decode, encode
from qanat.journal.seal import KEY_BYTES, OVERHEAD_BYTES, DataKey, seal, unseal

FRAME = Frame(record_version=1, at_ms=1_753_264_000_123, records=b"\x92\x01 a batch of records")
KEY = DataKey(7, b"\x03" * KEY_BYTES)
# The ids that one changed bit of the key's id can make: each leads to a key, and to the wrong one.
KEYS = {7: KEY, **{7 ^ 1 << bit: DataKey(7 ^ 1 << bit, bytes([bit]) * KEY_BYTES) for bit in range(32)}}
POSITION = 5
WHOLE = seal(encode(FRAME), KEY, NAME, POSITION)

frames = st.builds(Frame, st.integers(0, 255), st.integers(0, 2**64 - 1), st.binary(max_size=300))


def opened(data: bytes, position: int = POSITION, name: str = NAME) -> bytes:
    return unseal(data, KEYS, name, position)


@given(frames, st.integers(1, 2**63 - 1))
def test_what_was_written_comes_back(frame: Frame, position: int) -> None:
    sealed = seal(encode(frame), KEY, NAME, position)
    assert decode(opened(sealed, position)) == frame
    assert len(sealed) == len(encode(frame)) + OVERHEAD_BYTES
    if len(frame.records) > 8:
        assert frame.records not in sealed


@pytest.mark.parametrize("index", range(len(WHOLE)))
def test_every_bit_that_is_changed_is_found(index: int) -> None:
    for bit in range(8):
        with pytest.raises(FrameDamaged):
            opened(WHOLE[:index] + bytes([WHOLE[index] ^ 1 << bit]) + WHOLE[index + 1 :])


@pytest.mark.parametrize("index", range(len(WHOLE)))
def test_every_byte_that_is_changed_is_found(index: int) -> None:
    for value in range(256):
        if value != WHOLE[index]:
            with pytest.raises(FrameDamaged):
                opened(WHOLE[:index] + bytes([value]) + WHOLE[index + 1 :])


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_every_cut_is_found(length: int) -> None:
    with pytest.raises(FrameDamaged):
        opened(WHOLE[:length])
    with pytest.raises(FrameDamaged):
        opened(WHOLE + WHOLE[:length] + b"\x00")


@given(st.binary(max_size=100))
def test_noise_is_damaged_and_nothing_worse(noise: bytes) -> None:
    for data in (noise, WHOLE[:16] + noise):
        with pytest.raises(FrameDamaged):
            opened(data)
    with pytest.raises(FrameDamaged):
        decode(noise)


def test_a_frame_opens_at_its_own_place_only() -> None:
    assert opened(WHOLE) == encode(FRAME)
    for position, name in (
        (POSITION + 1, NAME),
        (POSITION - 1, NAME),
        (POSITION, "queues-1"),
        (POSITION, ""),
    ):
        with pytest.raises(FrameDamaged, match="belongs to another place"):
            opened(WHOLE, position, name)


def test_a_key_that_the_log_does_not_have_is_named() -> None:
    with pytest.raises(FrameDamaged, match="names data key 7, which the log does not have"):
        unseal(WHOLE, {}, NAME, POSITION)


@pytest.mark.parametrize("version", [1, FORMAT_VERSION + 1])
def test_another_format_is_named(version: int) -> None:
    other = WHOLE[:2] + bytes([version]) + WHOLE[3:]
    for read in (opened, decode):
        with pytest.raises(FrameDamaged, match=f"frame format {version} is not known"):
            read(other)

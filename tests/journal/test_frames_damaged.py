"""A frame comes back as it was written or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.journal.frames import FORMAT_VERSION, Frame, FrameDamaged, decode, encode

FRAME = Frame(record_version=1, at_ms=1_753_264_000_123, records=b"\x92\x01 a batch of records")
WHOLE = encode(FRAME)

frames = st.builds(Frame, st.integers(0, 255), st.integers(0, 2**64 - 1), st.binary(max_size=300))


@given(frames)
def test_what_was_written_comes_back(frame: Frame) -> None:
    assert decode(encode(frame)) == frame


@pytest.mark.parametrize("position", range(len(WHOLE)))
def test_every_byte_that_is_changed_is_found(position: int) -> None:
    for value in range(256):
        if value != WHOLE[position]:
            with pytest.raises(FrameDamaged):
                decode(WHOLE[:position] + bytes([value]) + WHOLE[position + 1 :])


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_every_cut_is_found(length: int) -> None:
    with pytest.raises(FrameDamaged):
        decode(WHOLE[:length])
    with pytest.raises(FrameDamaged):
        decode(WHOLE + WHOLE[:length] + b"\x00")


@given(st.binary(max_size=100))
def test_noise_is_damaged_and_nothing_worse(noise: bytes) -> None:
    with pytest.raises(FrameDamaged):
        decode(noise)


def test_a_later_format_is_named() -> None:
    later = WHOLE[:2] + bytes([FORMAT_VERSION + 1]) + WHOLE[3:]
    with pytest.raises(FrameDamaged, match=f"frame format {FORMAT_VERSION + 1} is not known"):
        decode(later)

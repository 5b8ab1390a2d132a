"""RFC 6238 appendix B and RFC 4226 appendix D, to the letter, and how far a device's clock may be off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.core.identity.totp import (
    DRIFT_STEPS_MAX,
    SYNC_STEPS_MAX,
    code_of,
    step_at,
    step_of,
    step_of_pair,
)

SEED = b"12345678901234567890"
seeds = st.binary(min_size=16, max_size=64)
steps = st.integers(min_value=1_000, max_value=2**40)


@pytest.mark.parametrize(
    ("at_s", "code"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238(at_s: int, code: str) -> None:
    """They have eight digits; of six, the last are the same."""
    assert code_of(SEED, step_at(at_s * 1_000)) == code[2:]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (0, "755224"),
        (1, "287082"),
        (2, "359152"),
        (3, "969429"),
        (4, "338314"),
        (5, "254676"),
        (6, "287922"),
        (7, "162583"),
        (8, "399871"),
        (9, "520489"),
    ],
)
def test_the_vectors_of_rfc_4226(step: int, code: str) -> None:
    assert code_of(SEED, step) == code


@pytest.mark.parametrize(("at_ms", "step"), [(0, 0), (29_999, 0), (30_000, 1), (59_999, 1), (60_000, 2)])
def test_a_step_is_thirty_seconds(at_ms: int, step: int) -> None:
    assert step_at(at_ms) == step


@given(seeds, steps, st.integers(-30, 30))
def test_a_code_is_found_as_near_as_a_step_and_no_farther(seed: bytes, step: int, off: int) -> None:
    code, around = code_of(seed, step), step - off
    near = [one for one in (around - 1, around, around + 1) if code_of(seed, one) == code]
    assert step_of(seed, code, around) == (max(near) if near else None)
    assert (step in near) is (abs(off) <= DRIFT_STEPS_MAX)


@given(seeds, steps, st.integers(-30, 30))
def test_two_codes_are_found_within_ten_minutes(seed: bytes, step: int, off: int) -> None:
    codes = code_of(seed, step - 1), code_of(seed, step)
    found = step_of_pair(seed, *codes, step - off)
    # Another pair of the same codes within forty is less likely than that this machine fails.
    assert found == (step if abs(off) <= SYNC_STEPS_MAX else None)


@given(seeds, steps)
def test_two_codes_must_follow_each_other(seed: bytes, step: int) -> None:
    one, two, three = (code_of(seed, step + more) for more in range(3))
    if len({one, two, three}) == 3:
        assert step_of_pair(seed, one, two, step) == step + 1
        assert step_of_pair(seed, two, one, step) is None
        assert step_of_pair(seed, one, three, step) is None
        assert step_of_pair(seed, two, two, step) is None


@pytest.mark.parametrize("around", [0, 1])
def test_there_is_no_step_before_the_first(around: int) -> None:
    assert step_of(SEED, "999999", around) is None
    assert step_of_pair(SEED, "999999", "999999", around) is None

"""Time-based one-time passwords: RFC 6238 with SHA-1, six digits and steps of 30 seconds, as AWS's devices.

Time is an argument, in milliseconds since the epoch; a step is the number of a period of 30 seconds. Every code is
made and compared in full, so how long it takes says nothing of which one was near.
"""

import hashlib
import hmac
from typing import Final

STEP_MS: Final = 30_000
SEED_BYTES: Final = 40
"""As long as AWS's: 64 characters of base32."""
DRIFT_STEPS_MAX: Final = 1
"""By how much a device may go wrong without being asked (RFC 6238, section 6)."""
SYNC_STEPS_MAX: Final = 20
"""And by how much when two codes show where it is: ten minutes either way."""

_MODULUS: Final = 10**6


def step_at(at_ms: int) -> int:
    return at_ms // STEP_MS


def code_of(seed: bytes, step: int) -> str:
    """RFC 4226, section 5.3. `step` must not be negative."""
    digest = hmac.digest(seed, step.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % _MODULUS:06d}"


def step_of(seed: bytes, code: str, around: int) -> int | None:
    """The newest step near `around` whose code this is."""
    found = None
    for step in _near(around, DRIFT_STEPS_MAX):
        if _is_code(code, seed, step):
            found = step
    return found


def step_of_pair(seed: bytes, first: str, second: str, around: int) -> int | None:
    """The newest step of two that follow each other, anywhere that a device is looked for, whose codes these are."""
    found = None
    for step in _near(around, SYNC_STEPS_MAX):
        both = _is_code(first, seed, step - 1) & _is_code(second, seed, step)
        if both:
            found = step
    return found


def _near(around: int, steps: int) -> range:
    # Nobody's clock stands so near to 1970 but a test's.
    return range(max(1, around - steps), around + steps + 1)


def _is_code(code: str, seed: bytes, step: int) -> bool:
    return hmac.compare_digest(code, code_of(seed, step))
